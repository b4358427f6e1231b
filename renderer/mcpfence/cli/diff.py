"""`mcpfence diff`."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from mcpfence.cli.arguments import namespace_name, one_stdin, release_name
from mcpfence.cli.console import Console, common_options, guarded, use_colour, write_stdout
from mcpfence.cli.diff_inputs import CatalogError, Read, SideReader
from mcpfence.cli.envelope import json_output
from mcpfence.cli.options import format_option
from mcpfence.diff.changes import Difference
from mcpfence.diff.forms import as_markdown, as_text, document
from mcpfence.findings.finding import Finding, McpfenceError
from mcpfence.system.manifests import read_manifests

_TEXTS: dict[str, Callable[[Difference], str]] = {"text": as_text, "markdown": as_markdown}
_FORMS = ("text", "json", "markdown")
_COLOURS = {"+ ": "green", "- ": "red", "! ": "yellow"}


@click.command("diff")
@click.argument("old", type=click.Path())
@click.argument("new", type=click.Path())
@click.option(
    "--with",
    "services",
    multiple=True,
    type=click.Path(),
    metavar="FILE",
    help="Manifests in which catalogs look up Services and workloads; a folder will do.",
)
@click.option(
    "-n",
    "--namespace",
    default="default",
    show_default=True,
    metavar="NAME",
    callback=namespace_name,
    help="The release's own namespace, and that of manifests that name none.",
)
@click.option(
    "--release",
    default="mcpfence",
    show_default=True,
    metavar="NAME",
    callback=release_name,
    help="Name of the release.",
)
@format_option(_FORMS)
@common_options
def command(
    console: Console, *, old: str, new: str, services: tuple[str, ...], namespace: str, release: str, form: str
) -> int:
    """Say what pods may reach in NEW and not in OLD, and the other way: widening first, nothing about mere text.

    OLD and NEW are each a catalog (values file), a file or folder of manifests, what `helm template` prints, - for
    stdin, or one of them in Git as REV:PATH.  Catalogs are rendered and proven before they are compared.

    \b
    mcpfence diff HEAD:values.yaml values.yaml
    mcpfence diff origin/main:manifests/ manifests/ --format markdown
    helm template demo CHART -f values.yaml | mcpfence diff manifests/ -

    Exit codes: 0 the same reach, 1 different, or errors (then nothing on stdout), 2 wrong usage.
    """
    one_stdin(old, new, *services)

    def work() -> int:
        reader = SideReader(release, namespace, read_manifests(services, namespace))
        sides = [_read(reader, name, text, console) for name, text in (("OLD", old), ("NEW", new))]
        before, after = sides
        if before is None or after is None:
            return 1
        fresh = _tell(before, after, console)
        found = reader.compare(before.compared, after.compared)
        if not (found.different or found.same or console.quiet):
            console.say("mcpfence: neither side holds a policy or a workload; are these the right paths?")
        if form == "json":
            write_stdout([json_output("diff", document(found), fresh, console)])
        else:
            text = _TEXTS[form](found)
            coloured = form == "text" and use_colour(console.color, sys.stdout)
            write_stdout([(_coloured(text) if coloured else text).encode()])
        return 1 if found.different else 0

    return guarded(console, work)


def _read(reader: SideReader, name: str, text: str, console: Console) -> Read | None:
    """One side; None after errors, so that those of both sides are said."""
    title = f"{name} ({'stdin' if text == '-' else text})"
    try:
        found = reader.read(text)
    except McpfenceError as error:
        console.sources = [error.source] if isinstance(error, CatalogError) else []
        console.say(f"mcpfence: {title} cannot be compared:")
        console.findings(error.findings)
        return None
    if found.empty and not console.quiet:
        console.say(f"mcpfence: {title} declares neither servers nor workloads; is it the right file?")
    return found


def _tell(old: Read, new: Read, console: Console) -> list[Finding]:
    """What was left out, and the warnings that NEW has and OLD has not; raises McpfenceError where they are errors."""
    for name in (*old.left_out, *new.left_out) if not console.quiet else ():
        console.say(f"mcpfence: {name} is no Kubernetes object and was left out")
    known = {_content(finding) for finding in old.findings}
    fresh = [finding for finding in new.findings if _content(finding) not in known]
    console.sources = list(new.sources)
    if console.fails(fresh):
        raise McpfenceError(fresh)
    console.findings(fresh)
    return fresh


def _coloured(text: str) -> str:
    """What is allowed now in green, what no longer is in red, what else must be known in yellow."""
    lines = text.split("\n")
    return "\n".join(click.style(line, fg=_COLOURS[line[:2]]) if line[:2] in _COLOURS else line for line in lines)


def _content(finding: Finding) -> tuple[str, str, str]:
    return finding.id, finding.place, finding.sentence
