"""What `mcpfence post-render` does: apart from its options, since Helm calls it without any, at every render."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from mcpfence import __version__
from mcpfence.cli.console import Console, guarded, write_stdout
from mcpfence.findings.finding import McpfenceError, plural
from mcpfence.streams.post_render import Given, Result, post_render
from mcpfence.structs import Struct
from mcpfence.system.stdin import read_stdin


class BesideStream(Struct):
    """What comes beside the stream: a catalog, and manifests in which Services are looked up."""

    given: Given | None
    manifests: tuple[Any, ...]


ALONE = BesideStream(None, ())


def fill(console: Console, beside: Callable[[], BesideStream] = lambda: ALONE, *, allow_empty: bool = False) -> int:
    """Read the stream, put the policies in the place of the catalog, print all of it; returns the exit code.

    `beside` reads what comes beside the stream; it is called where its errors are said as those of the stream are.
    """
    helm4 = bool(os.environ.get("HELM_PLUGIN_NAME"))
    if helm4 and not console.log_file:
        from mcpfence.system.run_log import ROOM, begin_run_log  # here, as others do without

        console.log_file, console.log_room = begin_run_log(os.environ, f"mcpfence {__version__} post-render"), ROOM

    def work() -> int:
        given, more = beside()
        result = post_render(read_stdin(), given=given, helm4=helm4, more=more, allow_empty=allow_empty)
        if console.fails(result.findings):
            raise McpfenceError(result.findings)
        write_stdout(result.chunks)
        console.findings(result.findings)
        if not console.quiet:
            summarise(console, result)
        return 0

    return guarded(console, work)


def summarise(console: Console, result: Result, *, table: bool = False) -> None:
    """One line per release: what was rendered; on request with its catalog at a glance."""
    if not result.renderings:
        console.say("mcpfence: no catalog to render in this stream; it passed through unchanged")
    for rendering in result.renderings:
        catalog = rendering.catalog
        line = f"mcpfence: release {catalog.release}: {plural(len(rendering.fences), 'fence')}, "
        line += plural(len(rendering.objects), "object")
        line += f" for namespace {catalog.namespace}, provider {catalog.provider}"
        if rendering.narrowings:
            line += f"; {plural(len(rendering.narrowings), 'narrowing')} (in ConfigMap {rendering.objects[-1].name})"
        console.say(line)
        if table:
            from mcpfence.check.summary import summary_lines  # here, as most renders run where nobody looks

            for row in summary_lines(catalog):
                console.say(row)
