"""The MCP registry's server.json."""
