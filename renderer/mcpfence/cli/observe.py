"""`mcpfence observe`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path as FilePath
from typing import Any

import click

from mcpfence.cli.arguments import file_name
from mcpfence.cli.console import Console, common_options, guarded, write_stdout, writing
from mcpfence.cli.envelope import json_output
from mcpfence.cli.observe_files import ENGINES, LogReading, documents_of
from mcpfence.cli.observe_request import ObserveRequest, check_usage, time_option
from mcpfence.cli.options import input_options, output_option
from mcpfence.cli.prepare import prepared
from mcpfence.cli.print_sql import QueryWish, query_printed
from mcpfence.cli.progress import ReadingProgress
from mcpfence.cli.view import read_view
from mcpfence.documents.values import read_source, where
from mcpfence.explain.context import View
from mcpfence.explain.text_form import shown
from mcpfence.findings.finding import Finding, fail, path_text, plural
from mcpfence.observe.json_form import Shape, report_shape
from mcpfence.observe.merge import additions, lacking, merged
from mcpfence.observe.readers import READERS
from mcpfence.observe.readers.contract import ReadOptions
from mcpfence.observe.reading import BadLineList
from mcpfence.observe.report import Logs, Observed, make_report
from mcpfence.observe.scope import scope_of
from mcpfence.observe.sections import MOST_TOLD
from mcpfence.observe.snapshot import read_snapshot
from mcpfence.observe.sql.printed import PRINTED, TABLE
from mcpfence.observe.table import FlowTable
from mcpfence.observe.text_form import report_text
from mcpfence.system.aside import RowFile
from mcpfence.system.files import replace_file
from mcpfence.system.inputs import Inputs
from mcpfence.system.logs import bytes_of, log_files

_FORMS = ("text", "markdown", "html", "json")


_EPILOG = "\b\nFormats:\n" + "\n".join(f"  {row.name:<12} {row.title}" for row in READERS.values())


@click.command("observe", epilog=_EPILOG)
@click.argument("logs", nargs=-1, type=click.Path(), metavar="LOG...|-")
@input_options
@click.option(
    "--log-format",
    "log_format",
    type=click.Choice(tuple(READERS)),
    help="The format of LOG, where it is not recognised.",
)
@click.option("--dns", multiple=True, type=click.Path(), metavar="LOG", help="A log of DNS; may be repeated.")
@click.option(
    "--pods",
    multiple=True,
    type=click.Path(),
    metavar="FILE",
    help="kubectl get pods -A -o json; several times of it may be given.",
)
@click.option("--services", multiple=True, type=click.Path(), metavar="FILE", help="kubectl get services -A -o json.")
@click.option("--since", metavar="TIME", callback=time_option, help="Only records from then on.")
@click.option("--until", metavar="TIME", callback=time_option, help="Only records until then.")
@click.option(
    "--min-days",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Propose what was seen on so many days.",
)
@click.option(
    "--most",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"Tell so many flows of each kind of a server, {MOST_TOLD} if left out; the rest is counted.",
)
@click.option(
    "--vpc-format",
    default="",
    metavar="FIELDS",
    help="Fields of AWS VPC flow logs without a header: '${version} ${srcaddr} ...'.",
)
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    help="What folds large logs: duckdb comes with mcpfence[observe], and is taken for those where it is there.",
)
@click.option(
    "--merge",
    type=click.Path(),
    metavar="VALUES",
    callback=file_name,
    help="Print this values file with the proposed entries instead of the report.",
)
@output_option("target", "FILE", "With --merge: write it to FILE, and print the report.")
@click.option("--gate", is_flag=True, help="Exit with 1 unless the logs say that the catalog can be enforced.")
@click.option(
    "--print-sql",
    "dialect",
    type=click.Choice(PRINTED),
    help="Print the query that folds VPC flow logs there; its result is a LOG.",
)
@click.option("--table", default=TABLE, show_default=True, metavar="NAME", help="With --print-sql: the table's name.")
@click.option("--prepare", is_flag=True, help="Print the policies in the form that shows and denies nothing.")
@click.option("--format", "form", type=click.Choice(_FORMS), default="text", show_default=True, help="Form.")
@common_options
def command(console: Console, **given: Any) -> int:
    """Compare flow logs with a catalog: what would be denied, what is not used, what is unknown.

    LOG is a file, a folder of files, or - for stdin; compressed or not, each recognised by its content. Nothing is
    applied and nothing leaves the machine: the entries to write are printed, with the place where they belong.

    \b
    mcpfence observe flows/ -f values.yaml
    hubble observe -o json --since 24h | mcpfence observe - -f values.yaml
    mcpfence observe vpc.log.gz -f values.yaml --pods pods.json --services svc.json --dns dns.log
    mcpfence observe flows/ -f values.yaml --min-days 7 --merge values.yaml -o values.yaml
    mcpfence observe flows/ -f values.yaml --gate --min-days 14
    mcpfence observe --print-sql athena -f values.yaml --pods pods.json > query.sql
    mcpfence observe --prepare -f values.yaml | kubectl apply -f -

    Exit codes: 0 done, 1 errors (then nothing on stdout) or not ready with --gate, 2 wrong usage.
    """
    asked = ObserveRequest(**given)
    check_usage(asked)
    if asked.prepare:
        return prepared(console, asked.files, asked.namespace, asked.release)
    if asked.dialect is not None:
        wanted = QueryWish(asked.dialect, asked.table, asked.pods, asked.since, asked.until, asked.vpc_format)
        return query_printed(console, asked.files, asked.namespace, asked.release, wanted)
    console.waits = False  # there is a bar that knows how far it is
    return guarded(console, partial(_compare, console, asked))


def _compare(console: Console, asked: ObserveRequest) -> int:
    """Read the logs, judge, print; returns the exit code."""
    view, render = read_view(console, asked.files, asked.namespace, asked.release)
    report = _report(console, asked, view)
    shape = report_shape(report, lambda path: where(path, console.sources))
    code = 1 if asked.gate and not shape["ready"] else 0
    if asked.merge is not None and not _merged(report, asked.merge, asked.target, console, render):
        return code
    if asked.form == "json":
        write_stdout([json_output("observe", shape, view.rendering.findings, console)])
    else:
        write_stdout([_text(shape, asked.form).encode()])
    return code


def _report(console: Console, asked: ObserveRequest, view: View) -> Observed:
    """What the logs say of the catalog; raises McpfenceError."""
    snapshot = read_snapshot(documents_of([*asked.pods, *asked.services]))
    total = 0 if asked.engine == "spark" else bytes_of(log_files((*asked.dns, *asked.logs)))
    progress, bad = ReadingProgress(total, quiet=console.quiet), BadLineList()
    with RowFile() as aside:
        table = FlowTable(scope_of(view, snapshot, asked.since, asked.until), aside=aside)
        with progress, LogReading(table, bad, ReadOptions(asked.vpc_format), asked.engine, progress) as reading:
            read = [*reading.read_lines_of(asked.dns), *reading.read_all(asked.logs, asked.log_format or "")]
        return make_report(view, Logs(table, read, bad.told), snapshot, asked.min_days, asked.most)


def _merged(
    report: Observed,
    name: str,
    target: str | None,
    console: Console,
    render: Callable[[Any], View],
) -> bool:
    """Write the values file with what is proposed, once it renders and is proven; whether the report is to follow.

    Raises McpfenceError.
    """
    mine = next(source for source in console.sources if source.name == ("stdin" if name == "-" else name))
    new = additions(report)
    text = merged(mine.name, mine.text, mine.data, new)
    after = read_source(mine.name, text)
    sources = tuple(after if source is mine else source for source in console.sources)
    everything = Inputs(sources, ())
    for one in lacking(everything.values, new):
        todo = "name the file that has it with --merge"
        raise fail("observe-merge", f"is replaced at {path_text(one.key)} by a later file", todo, document=mine.name)
    render(everything.values)
    console.findings(_not_merged(report))
    if target is None or target == "-":
        write_stdout([text.encode()])
        return False
    path = FilePath(target)
    if path.exists() and path.resolve() != FilePath(name).resolve():
        raise fail("output-failed", "exists and is not the file of --merge", "choose another file", document=target)
    with writing(target):
        replace_file(path, text)
    return True


def _not_merged(report: Observed) -> Iterator[Finding]:
    """What would be denied and is not told, so that nothing of it is merged."""
    for one in report.subjects:
        for cut in one.cuts:
            if cut.part == "wish":
                sentence = f"{one.title}: {plural(cut.flows - cut.told, 'flow')} more would be denied than are told"
                todo = "look at the report; with what was merged the next run tells the next ones"
                yield Finding("observe-cut", (), sentence, todo)


def _text(shape: Shape, form: str) -> str:
    if form == "text":
        return "".join(f"{line}\n" for line in shown(report_text(shape)))
    from mcpfence.system.pages import page

    return page("observe.md" if form == "markdown" else "observe.html", shape)
