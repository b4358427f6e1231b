"""Input of the commands: values files, manifests beside them, the catalog that they add up to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from mcpfence.errors import Finding, McpfenceError
from mcpfence.files import read_bytes
from mcpfence.helm import chart_folder
from mcpfence.values import Source, decode, manifests, merge, read_source


@dataclass(frozen=True, slots=True)
class Inputs:
    """Values files in their order, and the manifests that were given with -f too."""

    sources: tuple[Source, ...]
    documents: tuple[Any, ...]
    value_files: tuple[str, ...]

    @property
    def values(self) -> dict[str, Any]:
        """The values as the chart would see them: its own defaults below, the files above."""
        text = (chart_folder() / "values.yaml").read_text(encoding="utf-8")
        defaults = read_source("values.yaml of the chart", text).data
        return merge([source.data for source in self.sources], defaults)


def read_inputs(files: Sequence[str]) -> Inputs:
    """Read every -f file; raises McpfenceError with the faults of all files."""
    sources: list[Source] = []
    documents: list[Any] = []
    names: list[str] = []
    faults: list[Finding] = []
    for name in files:
        try:
            text = decode(read_bytes(name), "stdin" if name == "-" else name)
            found = manifests(text)
            if found is not None:
                documents += found
            else:
                sources.append(read_source("stdin" if name == "-" else name, text))
                names.append(name)
        except McpfenceError as error:
            faults += error.findings
    if faults:
        raise McpfenceError(faults)
    return Inputs(tuple(sources), tuple(documents), tuple(names))


def input_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """-f, -n and --release."""
    options = (
        click.option(
            "-f",
            "--values",
            "files",
            multiple=True,
            metavar="FILE",
            help="Values file (- for stdin); several are merged as Helm does it. "
            "A file of Kubernetes manifests is searched for Services instead.",
        ),
        click.option("-n", "--namespace", default="default", show_default=True, help="The release's own namespace."),
        click.option("--release", default="mcpfence", show_default=True, help="Name of the release."),
    )
    for option in reversed(options):
        command = option(command)
    return command
