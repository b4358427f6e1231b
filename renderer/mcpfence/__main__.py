"""`python -m mcpfence`."""

from mcpfence.cli.main import run

run()
