"""A catalog of the command line, rendered and with its fences, for commands that ask more of it than its objects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mcpfence.cli.console import Console
from mcpfence.explain.context import View, make_view
from mcpfence.findings.finding import McpfenceError
from mcpfence.kube.services import index
from mcpfence.system.inputs import read_inputs


def read_view(
    console: Console, files: Sequence[str], namespace: str, release: str
) -> tuple[View, Callable[[Any], View]]:
    """The catalog of these files, and how to render other values beside the same Services; raises McpfenceError."""
    inputs = read_inputs(files)
    console.sources += inputs.sources
    services = index(inputs.documents, namespace)

    def render(values: Any) -> View:
        return make_view(values, release=release, namespace=namespace, services=services)

    view = render(inputs.values)
    if console.fails(view.rendering.findings):  # --strict
        raise McpfenceError(view.rendering.findings)
    return view, render
