"""The MCPServer of the lifecycle operator (mcp.x-k8s.io), which says itself what its pods may reach."""
