"""`mcpfence diff`."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from mcpfence.cli.arguments import namespace_name, release_name
from mcpfence.cli.console import Console, common_options, forget, guarded, write_stdout
from mcpfence.cli.diff_inputs import CatalogError, Read, SideReader
from mcpfence.diff.changes import Difference
from mcpfence.diff.compare import compare
from mcpfence.diff.forms import as_json, as_markdown, as_text
from mcpfence.findings.finding import Finding, McpfenceError, fail
from mcpfence.system.manifests import read_manifests

_FORMS: dict[str, Callable[[Difference], str]] = {"text": as_text, "json": as_json, "markdown": as_markdown}
_DIFFERENT, _TROUBLE = 1, 2
"""Exit codes, as diff(1) has them; 0 is the same."""


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
@click.option("--output", type=click.Choice(list(_FORMS)), default="text", show_default=True, help="Form.")
@common_options
def command(
    console: Console, *, old: str, new: str, services: tuple[str, ...], namespace: str, release: str, output: str
) -> int:
    """Say what pods may reach in NEW and not in OLD, and the other way: widening first, nothing about mere text.

    OLD and NEW are each a catalog (values file), a file or folder of manifests, what `helm template` prints, - for
    stdin, or one of them in Git as REV:PATH.  Catalogs are rendered and proven before they are compared.

    \b
    mcpfence diff HEAD:values.yaml values.yaml
    mcpfence diff origin/main:manifests/ manifests/ --output markdown
    helm template demo CHART -f values.yaml | mcpfence diff manifests/ -

    Exit codes: 0 the same reach, 1 different, 2 trouble (then nothing on stdout).
    """
    if (old, new, *services).count("-") > 1:
        raise click.UsageError("stdin can be read once: give - for one file only.")

    def work() -> int:
        reader = SideReader(release, namespace, read_manifests(services))
        sides = [_read(reader, name, text, console) for name, text in (("OLD", old), ("NEW", new))]
        before, after = sides
        if before is None or after is None:
            return _TROUBLE
        _tell(before, after, console)
        found = compare(before.manifests, after.manifests)
        if not (found.different or found.same or console.quiet):
            console.say("mcpfence: neither side holds a policy or a workload; are these the right paths?")
        write_stdout([_FORMS[output](found).encode()])
        return _DIFFERENT if found.different else 0

    return _code(console, work)


def _read(reader: SideReader, name: str, text: str, console: Console) -> Read | None:
    """One side; None after errors, so that those of both sides are said."""
    try:
        return reader.read(text)
    except McpfenceError as error:
        console.sources = [error.source] if isinstance(error, CatalogError) else []
        console.say(f"mcpfence: {name} ({'stdin' if text == '-' else text}) cannot be compared:")
        console.findings(error.findings)
        return None


def _tell(old: Read, new: Read, console: Console) -> None:
    """What was left out, and the warnings that NEW has and OLD has not; raises McpfenceError where they are errors."""
    for name in (*old.left_out, *new.left_out) if not console.quiet else ():
        console.say(f"mcpfence: {name} is no Kubernetes object and was left out")
    known = {_content(finding) for finding in old.findings}
    fresh = [finding for finding in new.findings if _content(finding) not in known]
    console.sources = list(new.sources)
    if console.fails(fresh):
        raise McpfenceError(fresh)
    console.findings(fresh)


def _content(finding: Finding) -> tuple[str, str, str]:
    return finding.id, finding.place, finding.sentence


def _code(console: Console, work: Callable[[], int]) -> int:
    """The exit code of the work; whatever goes wrong is 2, for 1 means that the sides differ."""
    codes: list[int] = []

    def noted() -> int:
        codes.append(work())
        return 0

    try:
        return codes[0] if guarded(console, noted) == 0 else _TROUBLE
    except KeyboardInterrupt:
        console.say("mcpfence: interrupted")
    except BrokenPipeError:  # whoever read stdout has gone, and knows
        forget(sys.stdout)
    except OSError as bad:
        console.findings(fail("output-failed", f"cannot be written ({bad.strerror})", document="stdout").findings)
    return _TROUBLE
