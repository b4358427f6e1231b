"""The mcp.json family: what editors and assistants start on a developer's machine."""
