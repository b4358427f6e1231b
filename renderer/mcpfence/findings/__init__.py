"""Findings: everything that mcpfence can say, and how it is worded."""
