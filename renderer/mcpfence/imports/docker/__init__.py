"""Docker's MCP registry and the catalogs that Docker publishes from it."""
