"""kagent's MCPServer (kmcp) and RemoteMCPServer."""
