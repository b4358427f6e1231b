"""`mcpfence cidrs`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from mcpfence.catalog.schema import judge
from mcpfence.cidrs.clouds.table import PROVIDERS
from mcpfence.cidrs.document_value import DocumentValue
from mcpfence.cidrs.facts import Scope
from mcpfence.cidrs.insert import merged
from mcpfence.cidrs.kinds import CloudProvider, fill
from mcpfence.cidrs.loading import documents
from mcpfence.cidrs.survey import accept, known, survey
from mcpfence.cidrs.text import MADE_BY, fragment
from mcpfence.cli.arguments import file_name, one_stdin
from mcpfence.cli.cloud import run_commands
from mcpfence.cli.console import Console, common_options, guarded, write_stdout, writing
from mcpfence.cli.options import output_option
from mcpfence.documents.values import ValuesFile, decode, read_source
from mcpfence.findings.finding import Collector, fail
from mcpfence.system.files import read_bytes, read_each, replace_file
from mcpfence.system.inputs import Inputs
from mcpfence.text.printable import printable


def _plain(_: click.Context, __: click.Parameter, value: str) -> str:
    """A word that a command line cannot take for an option; raises click.BadParameter."""
    if value.startswith("-") or printable(value) != value:
        raise click.BadParameter(f"{value!r} is no name.")
    return value


def _scope_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which cluster is meant."""
    rows = (
        ("--cluster", "NAME", "The cluster that is meant; with --run required (gcp, aws, azure)."),
        ("--region", "NAME", "Its region or zone (gcp, aws)."),
        ("--project", "NAME", "Its project (gcp)."),
        ("--resource-group", "NAME", "Its resource group (azure)."),
        ("--context", "NAME", "Context for kubectl; with a cloud and --run, kubectl runs only if it is given."),
    )
    for name, metavar, text in reversed(rows):
        command = click.option(name, default="", metavar=metavar, callback=_plain, help=text)(command)
    return command


@click.command("cidrs")
@click.argument("provider", type=click.Choice(tuple(PROVIDERS)), metavar="|".join(PROVIDERS))
@click.argument("files", nargs=-1, type=click.Path(), metavar="[FILE...|-]")
@click.option("--commands", is_flag=True, help="Print the commands whose output is wanted, and run none.")
@click.option("--run", is_flag=True, help="Run them (they only read), each shown first.")
@click.option(
    "--merge",
    type=click.Path(),
    metavar="VALUES",
    callback=file_name,
    help="Add what is new to this values file; yours stays.",
)
@output_option("output", "FILE", "Write to FILE instead of stdout.")
@_scope_options
@common_options
def command(
    console: Console,
    *,
    provider: str,
    files: tuple[str, ...],
    commands: bool,
    run: bool,
    merge: str | None,
    output: str | None,
    **scope: str,
) -> int:
    """Turn what the cloud's command line prints into cluster.cidrs, with the source of each range.

    FILES are outputs of gcloud, aws, az or kubectl as JSON or YAML, in any order; each is recognised by its content.

    \b
    mcpfence cidrs aws --commands --cluster prod --region eu-west-1
    mcpfence cidrs aws cluster.json vpcs.json endpointslices.json -o cidrs.yaml
    mcpfence render -f values.yaml -f cidrs.yaml
    mcpfence cidrs gcp --run --cluster prod --region europe-west1 --merge values.yaml -o values.yaml
    kubectl get nodes,servicecidrs -o json | mcpfence cidrs kubernetes -
    """
    if commands + run + bool(files) != 1:
        raise click.UsageError("Give files, or --commands, or --run.")
    if commands and (merge or output):
        raise click.UsageError("--commands prints commands and nothing else: leave --merge and -o out.")
    one_stdin(*files, merge)
    row, where = PROVIDERS[provider], Scope(**scope)

    def work() -> int:
        if commands:
            write_stdout([_script(row, where).encode()])
            return 0
        skipped = Collector()
        nodes = run_commands(row, where, console, skipped) if run else read_documents(files)
        source = _values(merge, console) if merge else None
        mine = source.data if source else {}
        answer, findings = survey(row, nodes, where, mine)
        names = [node.file for node in nodes]
        text = merged(answer, source.name, source.text, mine) if source else fragment(answer, provider, names)
        _accept(source, text)
        every = (*skipped.findings(), *findings)
        console.findings(every)
        if console.fails(every):
            return 1
        if output and output != "-":
            _write(Path(output), text, merge)
        else:
            write_stdout([text.encode()])
        if answer.empty and not console.quiet:
            console.say("mcpfence: nothing new: everything that was found is there already")
        return 0

    return guarded(console, work)


# --- input ---


def read_documents(files: Sequence[str]) -> list[DocumentValue]:
    """The documents of all files; raises McpfenceError with the faults of all of them."""
    return read_each(files, lambda file, name: documents(name, decode(read_bytes(file), name)))


def _values(name: str, console: Console) -> ValuesFile:
    """The user's values file; raises McpfenceError where its structure is not a catalog's."""
    source = read_source("stdin" if name == "-" else name, decode(read_bytes(name), name))
    console.sources.append(source)
    out = Collector()
    judge(Inputs((source,), ()).values, out)
    out.stop_on_errors()
    return source


def _accept(source: ValuesFile | None, text: str) -> None:
    """Refuse what `mcpfence check` would refuse; raises McpfenceError."""
    after = read_source(source.name if source else "the result", text)
    accept(Inputs((source,) if source else (), ()).values, Inputs((after,), ()).values)


# --- commands ---


def _script(provider: CloudProvider, scope: Scope) -> str:
    """The commands for a shell, each into its file, and the call that reads them."""
    filled = [fill(item, known(provider, {}, scope)) for item in provider.commands]
    lines = [f"{item.line} > {item.command.file}" for item in filled]
    lacking = sorted({name for item in filled for name in item.lacking})
    head = "# These commands only read. What a cluster has no answer for may be left out.\n"
    if lacking:
        head += f"# Fill in {', '.join(lacking)}; each is an option of mcpfence cidrs, or in an earlier output.\n"
    names = " ".join(item.command.file for item in filled)
    return head + "\n".join([*lines, f"mcpfence cidrs {provider.name} {names}"]) + "\n"


# --- output ---


def _write(path: Path, text: str, merge: str | None) -> None:
    """Write the file in one step; a values file that was not named with --merge is never overwritten."""
    with writing(str(path)):
        if path.exists() and not _ours(path, merge):
            todo = "name it with --merge to add to it, or choose another file"
            raise fail("output-failed", "exists and was not written by mcpfence cidrs", todo, document=str(path))
        replace_file(path, text)


def _ours(path: Path, merge: str | None) -> bool:
    if merge and merge != "-" and path.resolve() == Path(merge).resolve():
        return True
    return path.is_file() and path.read_bytes().startswith(f"{MADE_BY} ".encode())
