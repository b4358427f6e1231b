"""`mcpfence explain`."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click

from mcpfence.cli.arguments import one_stdin
from mcpfence.cli.completion import completer
from mcpfence.cli.console import Console, common_options, guarded, use_colour, write_stdout
from mcpfence.cli.envelope import json_output
from mcpfence.cli.options import format_option, input_options
from mcpfence.cli.project import say_project
from mcpfence.documents.values import where
from mcpfence.explain.explanation import Asked, Elsewhere, Explanation, answer, explain
from mcpfence.explain.json_form import Place, Shape, elsewhere_shape, explanation_shape, verdicts_shape
from mcpfence.explain.questions import BadQuestion
from mcpfence.explain.text_form import TextLine, Tone, answer_text, shown
from mcpfence.explain.verdicts import Verdict
from mcpfence.findings.finding import McpfenceError, Path
from mcpfence.findings.position import Position
from mcpfence.kube.services import index
from mcpfence.system.inputs import read_inputs

_FORMS = ("text", "markdown", "html", "json")
_COLOURS: dict[Tone, str] = {
    "allowed": "green",
    "denied": "red",
    "partly": "yellow",
    "unknown": "yellow",
    "warning": "yellow",
    "note": "cyan",
}


@click.command("explain")
@click.argument("server", required=False, shell_complete=completer("servers", "workloads"))
@input_options
@click.option(
    "--to",
    metavar="HOST|IP|NAME|NS/POD",
    help="May it reach this? With :PORT[/PROTO] behind it; 443 for hosts and addresses. [IPV6]:PORT needs brackets.",
)
@click.option(
    "--from",
    "caller",
    metavar="CLIENT|IP|NS/POD",
    shell_complete=completer("clients", "workloads"),
    help="May this call it, on its own port?",
)
@click.option("--port", metavar="PORT[/PROTO]", help="The port that --from asks about, if not the server's own.")
@format_option(_FORMS)
@common_options
def command(
    console: Console,
    *,
    server: str | None,
    files: tuple[str, ...],
    namespace: str,
    release: str,
    to: str | None,
    caller: str | None,
    port: str | None,
    form: str,
) -> int:
    """Say what a server may reach, who may call it, and why: each line with the catalog key behind it.

    SERVER is a server, a workload or a back-end of the catalog; server/NAME, workload/NAME and service/NAME tell
    equal names apart; without it each of them is told in one line. With --to or --from the answer is a verdict: what
    the rendered manifests decide, by which rule, and which key to change.

    NAME is what the catalog calls it: a client, a server, a workload, a services entry. NS/POD is one pod, told by its
    namespace and labels: data/app=redis,role=primary has exactly these labels, data/redis is short for data/app=redis.

    \b
    mcpfence explain -f values.yaml
    mcpfence explain github -f values.yaml
    mcpfence explain github -f values.yaml --to api.github.com
    mcpfence explain github -f values.yaml --to 10.0.0.5:5432 --format json
    mcpfence explain github -f values.yaml --from obot
    mcpfence explain github -f values.yaml --from tools/app=debug --port 9090

    Exit codes: 0 allowed (or nothing asked), 1 not allowed, or errors (then nothing on stdout), 2 wrong usage.
    """
    if not files:
        raise click.UsageError("Nothing to explain: name a values file with -f, or in .mcpfence.yaml.")
    one_stdin(*files)
    if port is not None and caller is None:
        raise click.UsageError("--port is the port that --from asks about; behind --to write HOST:PORT.")
    if server is None:
        return _everybody(console, files, namespace, release, asked=to is not None or caller is not None, form=form)

    def work() -> int:
        say_project(console)
        inputs = read_inputs(files)
        console.sources += inputs.sources
        services = index(inputs.documents, namespace)
        found = explain(inputs.values, server, release=release, namespace=namespace, services=services)
        if console.fails(found.view.rendering.findings):  # --strict
            raise McpfenceError(found.view.rendering.findings)
        verdicts = _answers(found, Asked(to, caller, port))

        def place(path: Path) -> Position | None:
            return where(path, console.sources)

        if form == "json":
            findings = () if isinstance(found, Elsewhere) else found.findings
            write_stdout([json_output("explain", _shape(found, verdicts, place), findings, console)])
        else:
            write_stdout([_text(found, verdicts, form, place, console).encode()])
        return 0 if all(verdict.allowed for verdict in verdicts) else 1

    return guarded(console, work)


def _everybody(
    console: Console, files: tuple[str, ...], namespace: str, release: str, *, asked: bool, form: str
) -> int:
    """One line for each server, workload and back-end."""
    if asked:
        raise click.UsageError("--to and --from ask about one server: name it, as in mcpfence explain NAME --to HOST.")
    if form != "text":
        raise click.UsageError(f"For all servers in this form write mcpfence report --format {form}.")
    from mcpfence.cli.view import read_view
    from mcpfence.report.overview import make_overview  # here, so that one server is explained as quickly as ever
    from mcpfence.report.text_form import overview_text

    def work() -> int:
        say_project(console)
        view, _ = read_view(console, files, namespace, release)
        write_stdout([_coloured(overview_text(make_overview(view, rules=False)), console).encode()])
        return 0

    return guarded(console, work)


def _answers(found: Explanation | Elsewhere, asked: Asked) -> tuple[Verdict, ...]:
    if asked.to is None and asked.caller is None:
        return ()
    try:
        return answer(found, asked)
    except BadQuestion as bad:
        raise click.UsageError(str(bad)) from None


def _text(
    found: Explanation | Elsewhere, verdicts: tuple[Verdict, ...], form: str, place: Place, console: Console
) -> str:
    if form == "text":
        return _coloured(answer_text(found, verdicts, place, verbose=console.verbose), console)
    shape = _shape(found, verdicts, place)
    from mcpfence.system.pages import page

    return page("explain.md" if form == "markdown" else "explain.html", shape)


def _shape(found: Explanation | Elsewhere, verdicts: tuple[Verdict, ...], place: Place) -> Shape:
    if isinstance(found, Elsewhere):
        return elsewhere_shape(found)
    return verdicts_shape(found, verdicts, place) if verdicts else explanation_shape(found, place)


def _coloured(lines: Iterable[TextLine], console: Console) -> str:
    """The lines as text, in colour as the console has it."""
    if use_colour(console.color, sys.stdout):
        return "".join(f"{_toned(line)}\n" for line in lines)
    return "".join(f"{text}\n" for text in shown(lines))


def _toned(line: TextLine) -> str:
    if line.tone == "title":
        return click.style(line.text, bold=True)
    if line.tone == "plain":
        return line.text
    indent = line.text[: len(line.text) - len(line.text.lstrip())]
    word, colon, rest = line.text.lstrip().partition(":")
    return f"{indent}{click.style(word, fg=_COLOURS[line.tone], bold=line.tone in ('allowed', 'denied'))}{colon}{rest}"
