"""Short ways from a catalog to its fences, findings and manifests, and a run of the command line in this process."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from mcpfence.cli import main as cli
from mcpfence.errors import Collector, Finding, McpfenceError
from mcpfence.fence import Allow, Fence
from mcpfence.plan import make_plan
from mcpfence.render import load_catalog, render
from mcpfence.services import ServiceIndex, index

RELEASE = "demo"
"""The release of every catalog here; its policies' namespace is `demo-mcp`, its own is `home`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run of the command line left behind."""

    code: int
    stdout: str
    stderr: str


def run_cli(*arguments: str, stdin: bytes = b"") -> Outcome:
    """Run `mcpfence ARGUMENTS` in this process, with everything that belongs to a process replaced."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    given = io.TextIOWrapper(io.BytesIO(stdin), "utf-8")
    code: Any = None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _stdin(given):
        try:
            cli.run(list(arguments))
        except SystemExit as ended:
            code = ended.code
        out.flush()
        err.flush()
    return Outcome(code, _text(out), _text(err))


@contextlib.contextmanager
def _stdin(stream: io.TextIOWrapper) -> Any:
    import sys

    before, sys.stdin = sys.stdin, stream
    try:
        yield
    finally:
        sys.stdin = before


def _text(stream: io.TextIOWrapper) -> str:
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()
