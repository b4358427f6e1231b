"""`python -m mcpfence`."""

from mcpfence.cli.start import run

run()
