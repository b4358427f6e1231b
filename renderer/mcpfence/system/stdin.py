"""What stands on stdin: apart from files, since a render in a pipe needs nothing else of the system."""

from __future__ import annotations

import sys

from mcpfence.findings.finding import fail


def read_stdin() -> bytes:
    """All of stdin; raises McpfenceError where it is closed."""
    try:
        return sys.stdin.buffer.read()
    except (AttributeError, OSError, ValueError):  # Python sets a closed stdin to None
        raise fail("stream-empty", "is closed", "pipe something into it, or name a file", document="stdin") from None
