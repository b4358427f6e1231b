"""KubeMCP (atippey/kube-mcp)."""
