"""`mcpfence report --base REV`: the same files as they were in a revision of Git, rendered and compared."""

from __future__ import annotations

from collections.abc import Sequence

from mcpfence.cli.console import Console
from mcpfence.cli.diff_inputs import SideReader
from mcpfence.findings.finding import McpfenceError
from mcpfence.kube.services import index
from mcpfence.render.objects import Rendering
from mcpfence.render.pipeline import render
from mcpfence.report.overview import Base
from mcpfence.system.git import Revision, find_revision
from mcpfence.system.inputs import Inputs, read_inputs


def read_base(
    console: Console, now: Rendering, name: str, files: Sequence[str], namespace: str, release: str
) -> Base | None:
    """The base, and how it differs; None after errors of its catalog, which are said as its own.

    Raises McpfenceError where there is no such revision.  A file that the revision does not have is left out, and said.
    """
    revision = find_revision(name)
    absent = [file for file in files if not revision.has(file)]
    for file in absent:
        console.say(f"mcpfence: {file} is not in {name}; the base is without it")
    sources = console.sources
    try:
        inputs = _inputs(revision, [file for file in files if file not in absent])
        console.sources = list(inputs.sources)
        before = render(
            inputs.values,
            release=release,
            namespace=namespace,
            services=index(inputs.documents, namespace),
            allow_empty=True,  # what was before the first server
            told=False,
        )
    except McpfenceError as error:
        console.say(f"mcpfence: the base {name} cannot be compared:")
        console.findings(error.findings)
        return None
    console.sources = sources
    reader = SideReader(release, namespace, ())
    return Base(name, revision.commit, tuple(absent), reader.compare(before, now))


def _inputs(revision: Revision, files: Sequence[str]) -> Inputs:
    """The files of the revision, each named as git names it."""
    head = f"{revision.name}:"
    return read_inputs([head + file for file in files], read=lambda name: revision.read(name.removeprefix(head)))
