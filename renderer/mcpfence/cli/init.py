"""`mcpfence init`."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from mcpfence.cidrs.clouds.table import PROVIDERS
from mcpfence.cidrs.facts import Scope
from mcpfence.cidrs.insert import merged
from mcpfence.cidrs.survey import survey
from mcpfence.cli.arguments import namespace_name, one_stdin, release_name
from mcpfence.cli.cidrs import read_documents
from mcpfence.cli.cloud import run_commands
from mcpfence.cli.console import Console, common_options, guarded
from mcpfence.cli.import_ import chart_values, read_texts, summary, write_text
from mcpfence.cli.schema import values_schema
from mcpfence.documents.values import read_source
from mcpfence.findings.finding import Collector, Finding, McpfenceError, fail, plural
from mcpfence.formatting.formatter import formatted
from mcpfence.imports.run import Imported, Request, import_texts
from mcpfence.imports.shared.format import State
from mcpfence.kube.services import index
from mcpfence.render.pipeline import check
from mcpfence.system.inputs import Inputs
from mcpfence.system.project import NAME as PROJECT

CATALOG = "values.yaml"
SCHEMA = ".mcpfence.schema.json"
_FOR_EDITORS = f"# yaml-language-server: $schema={SCHEMA}\n"
KNOWN = (
    ".mcp.json",
    "mcp.json",
    ".cursor/mcp.json",
    ".vscode/mcp.json",
    "claude_desktop_config.json",
    "librechat.yaml",
)
"""Where servers are declared in the folders that people work in."""


@click.command("init")
@click.argument("paths", nargs=-1, type=click.Path(), metavar="[PATH...]")
@click.option(
    "--from",
    "dumps",
    multiple=True,
    type=click.Path(),
    metavar="FILE",
    help="What kubectl get nodes,... -o json printed: tells the cluster's profile, CNI and address ranges.",
)
@click.option("--run", is_flag=True, help="Run those kubectl commands (they only read), each shown first.")
@click.option("--context", default="", metavar="NAME", help="Context for kubectl, with --run.")
@click.option(
    "--release",
    default="mcp",
    show_default=True,
    metavar="NAME",
    callback=release_name,
    help="Name of the release, for the project file.",
)
@click.option(
    "-n",
    "--namespace",
    default="mcp-system",
    show_default=True,
    metavar="NAME",
    callback=namespace_name,
    help="Its own namespace, for the project file.",
)
@click.option("--force", is_flag=True, help=f"Overwrite {CATALOG} and {PROJECT}.")
@common_options
def command(
    console: Console,
    *,
    paths: tuple[str, ...],
    dumps: tuple[str, ...],
    run: bool,
    context: str,
    release: str,
    namespace: str,
    force: bool,
) -> int:
    """Begin: make a catalog of the servers that are declared here, and a project file, and check them.

    Beside them the schema is written, by which editors complete keys and show what each means.

    Without PATH the files are taken that lie here under their usual names: .mcp.json, .cursor/mcp.json,
    .vscode/mcp.json, claude_desktop_config.json, librechat.yaml. PATH may be whatever `mcpfence import auto` reads.

    \b
    mcpfence init
    mcpfence init .mcp.json --run
    kubectl get nodes,servicecidrs -o json | mcpfence init --from -
    mcpfence init exported-from-obot/ --release tools -n tools-system

    Exit 1 says that something was refused or is still wrong; the files are written if there was anything to write.
    """
    if run and dumps:
        raise click.UsageError("--run asks the cluster: leave --from out.")
    one_stdin(*paths, *dumps)

    def work() -> int:
        for target in (CATALOG, PROJECT):
            if Path(target).exists() and not force:
                todo = "go on with mcpfence check, or replace it with --force"
                raise fail("import-output", "exists already", todo, document=target)
        found = paths or tuple(name for name in KNOWN if Path(name).is_file())
        if not found:
            todo = "name files or folders, as for mcpfence import auto; or begin with an example of values-examples/"
            raise fail("import-nothing", f"none of {', '.join(KNOWN)} lies here", todo)
        faults: list[Finding] = []
        texts = list(read_texts(found, faults, hidden=True))
        defaults = read_source("values.yaml of the chart", chart_values()).data
        imported = import_texts(texts, Request(defaults=defaults))
        console.findings((*faults, *imported.findings))
        if not imported.text:
            return 1
        text = _FOR_EDITORS + _with_cluster(imported.text, dumps, run, context, console)
        with contextlib.suppress(McpfenceError):  # what the formatter does not take is as good as it is
            text = formatted(text, CATALOG)
        write_text(values_schema(), SCHEMA)
        write_text(text, CATALOG)
        write_text(f"values: {CATALOG}\nrelease: {release}\nnamespace: {namespace}\noutput: manifests\n", PROJECT)
        said = _checked(text, release, namespace, console)
        if not console.quiet:
            for line in (*summary(imported), *_next(said, imported)):
                console.say(f"mcpfence: {line}")
        return 1 if console.fails((*faults, *imported.findings, *said)) else 0

    return guarded(console, work)


def _with_cluster(text: str, dumps: Sequence[str], run: bool, context: str, console: Console) -> str:
    """The catalog with what the cluster tells of itself; raises McpfenceError."""
    if not (dumps or run):
        return text
    provider, scope, skipped = PROVIDERS["kubernetes"], Scope(context=context), Collector()
    nodes = run_commands(provider, scope, console, skipped) if run else read_documents(dumps)
    mine = read_source(CATALOG, text).data
    answer, findings = survey(provider, nodes, scope, mine)
    console.findings((*skipped.findings(), *findings))
    return merged(answer, CATALOG, text, mine)


def _checked(text: str, release: str, namespace: str, console: Console) -> tuple[Finding, ...]:
    """What `mcpfence check` has to say, said."""
    source = read_source(CATALOG, text)
    console.sources.append(source)
    values = Inputs((source,), ()).values
    found = check(values, release=release, namespace=namespace, services=index((), namespace), allow_empty=True)
    console.findings(found)
    return found


def _next(findings: Sequence[Finding], imported: Imported) -> list[str]:
    """What was written, and the commands that come next."""
    counts = Counter(finding.severity.value for finding in findings)
    said = ", ".join(plural(counts[name], name) for name in ("error", "warning"))
    hosted = [server.label for server in imported.servers if server.entry.state is not State.ELSEWHERE]
    look = f"mcpfence explain {hosted[0]}, " if hosted else ""
    return [f"{CATALOG}, {PROJECT} and {SCHEMA} written: {said}", f"next: {look}mcpfence check, mcpfence render"]
