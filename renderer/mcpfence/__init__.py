"""mcpfence: fence in MCP servers on Kubernetes, and prove it in every render."""

__version__ = "0.1.0"
