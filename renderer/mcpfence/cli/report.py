"""`mcpfence report`."""

from __future__ import annotations

from collections.abc import Callable

import click

from mcpfence.cli.arguments import one_stdin
from mcpfence.cli.console import Console, common_options, guarded, write_stdout
from mcpfence.cli.envelope import json_output
from mcpfence.cli.options import format_option, input_options
from mcpfence.cli.project import say_project
from mcpfence.cli.view import read_view
from mcpfence.documents.values import where
from mcpfence.findings.finding import Path
from mcpfence.findings.position import Position
from mcpfence.report.overview import Overview, make_overview

_FORMS = ("html", "markdown", "dot", "mermaid", "json")


@click.command("report")
@input_options
@format_option(_FORMS, default="html")
@click.option("--base", metavar="REV", help="Say what has changed since this Git revision of the same files.")
@common_options
def command(
    console: Console,
    *,
    files: tuple[str, ...],
    namespace: str,
    release: str,
    form: str,
    base: str | None,
) -> int:
    """Make one page of all servers: who calls whom, what each reaches, and which engine and rule enforces it.

    The page is one file: it loads nothing, opens from a disk or a mail, and can be searched, filtered and printed.
    Names that nothing enforces and servers of which nobody has said what they may reach stand first, as work left.

    \b
    mcpfence report -f values.yaml > report.html
    mcpfence report -f values.yaml --base origin/main --format markdown
    mcpfence report -f values.yaml --format dot | dot -Tsvg > report.svg

    Exit codes: 0 done, 1 errors (then nothing on stdout), 2 wrong usage.
    """
    if not files:
        raise click.UsageError("Nothing to report: name a values file with -f, or in .mcpfence.yaml.")
    one_stdin(*files)
    if base is not None and "-" in files:
        raise click.UsageError("--base reads the same files of a revision, and stdin is in none: name the file.")

    def work() -> int:
        say_project(console)
        view, _ = read_view(console, files, namespace, release)
        if not (view.fences or view.catalog.servers or console.quiet):
            console.say("mcpfence: the catalog declares neither servers nor workloads; is it the right file?")
        compared = None
        if base is not None:
            from mcpfence.cli.report_base import read_base

            compared = read_base(console, view.rendering, base, files, namespace, release)
            if compared is None:
                return 1
        write_stdout([_made(make_overview(view, compared, rules=form in _WITH_RULES), form, console)])
        return 0

    return guarded(console, work)


_WITH_RULES = ("html", "json")


def _made(overview: Overview, form: str, console: Console) -> bytes:
    def place(path: Path) -> Position | None:
        return where(path, console.sources)

    if form == "json":
        from mcpfence.report.json_form import report_shape

        return json_output("report", report_shape(overview, place), overview.view.rendering.findings, console)
    return _text(overview, form, place).encode()


def _text(overview: Overview, form: str, place: Callable[[Path], Position | None]) -> str:
    """The forms for people, and for programs that draw."""
    if form in ("dot", "mermaid"):
        from mcpfence.report.dot_form import dot_text
        from mcpfence.report.graph import make_graph
        from mcpfence.report.mermaid_form import mermaid_text

        return (dot_text if form == "dot" else mermaid_text)(make_graph(overview))
    from mcpfence.report.page_form import page_shape
    from mcpfence.system.pages import inlined, page

    shape = page_shape(overview, place)
    if form == "markdown":
        return page("report.md", shape)
    return page("report.html", shape, style=inlined("report.css"), script=inlined("report.js"))
