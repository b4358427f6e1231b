"""`mcpfence import`."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from mcpfence.cli.arguments import file_name, namespace_name, one_stdin
from mcpfence.cli.console import Console, common_options, guarded, write_stdout
from mcpfence.cli.options import output_option
from mcpfence.documents.values import ValuesFile, decode, read_source
from mcpfence.findings.finding import Finding, McpfenceError, fail, plural
from mcpfence.imports import FORMATS
from mcpfence.imports.mapping import explain_source
from mcpfence.imports.mcp_json.read import FORMAT as MCP_JSON
from mcpfence.imports.run import Imported, Request, import_texts
from mcpfence.imports.shared.format import State
from mcpfence.imports.shared.source import Text
from mcpfence.providers import TABLE as PROVIDERS
from mcpfence.system.files import read_bytes
from mcpfence.system.helm import chart_folder

_ENDINGS = (".yaml", ".yml", ".json")
_NEVER = {".git", ".venv", "node_modules"}
"""Folders of other people's files."""


_EPILOG = "\b\nFormats:\n" + "\n".join(f"  {item.name:<12} {item.summary}" for item in FORMATS.values())


@click.command("import", epilog=_EPILOG)
@click.argument("format", type=click.Choice(["auto", *FORMATS]), metavar="FORMAT")
@click.argument("paths", nargs=-1, type=click.Path(), metavar="PATH...|-")
@output_option("target", "FILE", "Write the catalog there.")
@click.option("--only", multiple=True, metavar="NAME", help="Import this entry alone; may be repeated.")
@click.option(
    "--merge",
    "base",
    type=click.Path(),
    metavar="FILE",
    callback=file_name,
    help="Add to this values file; what it has wins.",
)
@click.option(
    "-n",
    "--namespace",
    default=None,
    metavar="NAME",
    callback=namespace_name,
    help="Where the pods run of resources that name no namespace.",
)
@click.option("--force", is_flag=True, help="Overwrite what -o names.")
@click.option(
    "--provider",
    type=click.Choice(list(PROVIDERS)),
    help="Engine to write where host names are listed. Default: the first that knows them.",
)
@click.option("--trust-publisher", is_flag=True, help="Apply what publishers say of their own servers' egress.")
@click.option("--pods", type=click.Path(), metavar="FILE", help="Output of kubectl get deploy,pods -o json.")
@click.option("--explain-source", is_flag=True, help="Print what becomes of each field of the format, and end.")
@common_options
def command(
    console: Console,
    *,
    format: str,  # noqa: A002  the argument is called so
    paths: tuple[str, ...],
    target: str | None,
    only: tuple[str, ...],
    base: str | None,
    namespace: str | None,
    force: bool,
    provider: str | None,
    trust_publisher: bool,
    pods: str | None,
    explain_source: bool,
) -> int:
    """Make a catalog of servers that are declared elsewhere: FORMAT says where, or auto to find it out.

    What the source allows is kept or narrowed, never widened; every loss and every guess is a finding with the file
    and line of the source. Servers that declare nothing are listed at the end of the catalog, as the work left.

    Exit 1 says that something was refused: the catalog is printed all the same and is complete for the rest. If
    nothing can be imported, nothing is printed.

    \b
    mcpfence import auto PATH -o values.yaml
    mcpfence import docker mcp-registry/servers --only github-official --only duckduckgo
    mcpfence import toolhive registry.json --merge values.yaml -o values.yaml
    mcpfence import docker --explain-source
    """
    target = None if target == "-" else target  # stdout, as elsewhere
    if explain_source:
        return guarded(console, lambda: _explain(format))
    if not paths:
        raise click.UsageError("Nothing to import: name files or folders, or - for stdin.")
    if pods and format != "auto" and not FORMATS[format].reads_pods:
        users = ", ".join(item.name for item in FORMATS.values() if item.reads_pods) or "no format of this version"
        raise click.UsageError(f"The format {format} has no use for --pods; {users} has.")
    one_stdin(*paths, base, pods)

    def work() -> int:
        _check_target(target, base, force=force)
        names = tuple(name.strip() for text in only for name in text.split(",") if name.strip())
        request = Request(
            format=format,
            only=names,
            trust_publisher=trust_publisher,
            provider=provider or "",
            pods=tuple(read_texts([pods], [])) if pods else (),
            base=_base(base, console) if base else None,
            defaults=read_source("values.yaml of the chart", chart_values()).data,
            namespace=namespace or "",
        )
        faults: list[Finding] = []
        texts = list(read_texts(paths, faults, hidden=format == MCP_JSON.name))
        imported = import_texts(texts, request)
        return _tell(imported, faults, target, console)

    return guarded(console, work)


def _explain(name: str) -> int:
    formats = list(FORMATS.values()) if name == "auto" else [FORMATS[name]]
    write_stdout([explain_source(formats).encode()])
    return 0


def chart_values() -> str:
    return (chart_folder() / "values.yaml").read_text(encoding="utf-8")


def _base(name: str, console: Console) -> ValuesFile:
    shown = "stdin" if name == "-" else name
    found = read_source(shown, decode(read_bytes(name), shown))
    console.sources.append(found)
    return found


def _check_target(target: str | None, base: str | None, *, force: bool) -> None:
    """Refuse to overwrite; raises McpfenceError."""
    if target is None or force or not Path(target).exists():
        return
    if base is not None and base != "-" and Path(base).exists() and Path(base).samefile(target):
        return
    todo = f"choose another file, add --merge {target} to keep what is in it, or --force to replace it"
    raise fail("import-output", "exists already", todo, document=target)


def read_texts(paths: Sequence[str], faults: list[Finding], *, hidden: bool = False) -> Iterator[Text]:
    """Each file once, folders in a stable order; what cannot be read is a fault, and the rest is read."""
    seen: set[str] = set()
    for path in paths:
        for name, named in _files(path, hidden=hidden):
            key = name if name == "-" else os.path.realpath(name)
            if key in seen:
                continue
            seen.add(key)
            shown = "stdin" if name == "-" else name
            try:
                yield Text(shown, decode(read_bytes(name), shown), named)
            except McpfenceError as error:
                faults += error.findings


def _files(path: str, *, hidden: bool) -> Iterator[tuple[str, bool]]:
    """The file itself, or the YAML and JSON below a folder, and whether it was named.

    Hidden ones are left out, but for the files that are hidden where people have them: .mcp.json, .vscode/mcp.json.
    """
    folder = Path(path)
    if path == "-" or not folder.is_dir():
        yield path, True
        return
    for file in sorted(folder.rglob("*")):
        parts = file.relative_to(folder).parts
        shown = not any(part.startswith(".") for part in parts)
        known = hidden and parts[-1] in (".mcp.json", "mcp.json") and not set(parts) & _NEVER
        if file.suffix in _ENDINGS and file.is_file() and (shown or known):
            yield str(file), False


def _tell(imported: Imported, faults: list[Finding], target: str | None, console: Console) -> int:
    """Write the catalog, say the findings and the summary; returns the exit code."""
    said = [item for item in imported.findings if not (faults and item.id == "import-nothing")]
    findings = (*faults, *said)
    if imported.text:
        write_text(imported.text, target)
    console.findings(findings)
    if imported.text and not console.quiet:
        for line in summary(imported):
            console.say(f"mcpfence: {line}")
        if target:
            console.say(f"mcpfence: {target} written; next: mcpfence check -f {target}")
    return 1 if console.fails(findings) or not imported.text else 0


def summary(imported: Imported) -> Iterator[str]:
    """What was imported, in figures, and the work that is left."""
    states = Counter(item.entry.state for item in imported.servers)
    elsewhere = states.pop(State.ELSEWHERE, 0)
    hosted = sum(states.values())
    said = [f"{states[state]:,} with {state.value}" for state in State if states[state]]
    refused = f", {imported.refused:,} refused" if imported.refused else ""
    yield f"{plural(hosted + elsewhere, 'server')}: {hosted:,} hosted, {elsewhere:,} remote or composite{refused}"
    if said:
        yield f"of the hosted ones {', '.join(said)}"
    if hosts := sum(finding.id == "import-destination-refused" for finding in imported.findings):
        yield f"{plural(hosts, 'destination')} refused: their servers are imported without them"
    if states[State.UNDECLARED]:
        reach = "every public address" if imported.stance == "internet" else "nothing"
        yield f"those with nothing declared are listed at the end of the catalog: they reach {reach} until you say what"


def write_text(text: str, target: str | None) -> None:
    """To stdout, or to a file that is complete or not there; raises McpfenceError."""
    if target is None:
        write_stdout([text.encode()])
        return
    path = Path(target)
    temporary = path.with_name(f".{path.name}.mcpfence-new")
    try:
        temporary.unlink(missing_ok=True)
        with temporary.open("xb") as file:
            file.write(text.encode())
        temporary.replace(path)
    except OSError as bad:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        sentence = f"cannot be written ({bad.strerror or type(bad).__name__})"
        raise fail("output-failed", sentence, "choose another -o", document=target) from None
