"""Every error, warning and note that mcpfence can say: one table of them, their places, their wording."""
