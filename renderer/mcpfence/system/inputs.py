"""Input of the commands: values files, manifests beside them, the catalog that they add up to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from mcpfence.documents.values import ValuesFile, decode, manifests, merge, read_source
from mcpfence.findings.finding import Finding, McpfenceError, fail
from mcpfence.structs import Struct
from mcpfence.system.files import read_bytes
from mcpfence.system.helm import chart_folder


class Inputs(Struct):
    """Values files in their order, and the manifests that were given with -f too."""

    sources: tuple[ValuesFile, ...]
    documents: tuple[Any, ...]

    @property
    def values(self) -> dict[str, Any]:
        """The values as the chart would see them: its own defaults below, the files above."""
        merged = merge([source.data for source in self.sources], chart_defaults())
        merged.pop("global", None)  # Helm's key for subcharts: the chart takes it and has no use for it
        return merged


def chart_defaults() -> Mapping[str, Any]:
    """The values that hold where nobody wrote others."""
    return read_source("values.yaml of the chart", (chart_folder() / "values.yaml").read_text(encoding="utf-8")).data


_WRONG = {
    "values": ("holds Kubernetes manifests, not a catalog", "pass manifests with --services"),
    "manifests": ("holds no Kubernetes manifests", "pass Services and workloads here, and a catalog with --catalog"),
}


def read_inputs(
    files: Sequence[str],
    only: Literal["values", "manifests", ""] = "",
    read: Callable[[str], bytes] = read_bytes,
) -> Inputs:
    """Read every file once; raises McpfenceError with the faults of all files, and where it is not what `only` says.

    `read` gives the bytes behind a name: those on disk, or those of a Git revision.
    """
    sources: list[ValuesFile] = []
    documents: list[Any] = []
    faults: list[Finding] = []
    for name in files:
        try:
            text = decode(read(name), "stdin" if name == "-" else name)
            found = manifests(text)
            if only == ("manifests" if found is None else "values"):
                sentence, todo = _WRONG[only]
                raise fail("file-unreadable", sentence, todo, document=name)
            if found is not None:
                documents += found
            else:
                sources.append(read_source("stdin" if name == "-" else name, text))
        except McpfenceError as error:
            faults += error.findings
    if faults:
        raise McpfenceError(faults)
    return Inputs(tuple(sources), tuple(documents))
