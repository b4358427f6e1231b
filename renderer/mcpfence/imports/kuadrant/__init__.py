"""Registrations at Kuadrant's MCP Gateway."""
