"""Kuadrant's MCP Gateway."""
