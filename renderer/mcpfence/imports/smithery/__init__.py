"""Smithery's project configuration."""
