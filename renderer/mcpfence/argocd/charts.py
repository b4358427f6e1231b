"""Charts as an application folder holds them: what they depend on, and where mcpfence's own values stand in theirs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mcpfence.documents.reader import BadDocument, load_foreign
from mcpfence.findings.finding import McpfenceError, fail, quote
from mcpfence.structs import Struct

CHART = "mcpfence"
"""What our chart is called."""

_LOCAL = "file://"
_ARCHIVE = re.compile(r"-v?[0-9][^/]*\.tgz\Z")


class Dependency(Struct):
    """One entry of a chart's dependencies."""

    name: str
    alias: str
    repository: str

    @property
    def key(self) -> str:
        """Under which key its values stand."""
        return self.alias or self.name

    @property
    def local(self) -> str | None:
        """Its folder, from the chart's; None where it comes from elsewhere."""
        return self.repository.removeprefix(_LOCAL) if self.repository.startswith(_LOCAL) else None

    def archived_as(self, file: str) -> bool:
        """Whether `helm dependency build` would call the archive of this chart so."""
        return file.startswith(f"{self.name}-") and bool(_ARCHIVE.match(file[len(self.name) :]))


class ChartFile(Struct):
    """What of a Chart.yaml matters here."""

    name: str
    dependencies: tuple[Dependency, ...]

    @property
    def places(self) -> tuple[tuple[str, ...], ...]:
        """The paths in this chart's values under which mcpfence's values stand; () is the top: it is our chart."""
        if self.name == CHART:
            return ((),)
        return tuple((one.key,) for one in self.dependencies if one.name == CHART)


def read_chart(text: str, where: str, older: str = "") -> ChartFile:
    """Read a Chart.yaml; `older` is the text of a requirements.yaml (charts of apiVersion v1).

    Raises McpfenceError where it is no chart, or a dependency has a name that is none: names become paths.
    """
    meta = _mapping(text, where)
    name = meta.get("name")
    if not isinstance(name, str) or not name:
        raise fail("file-unreadable", "has no name", "write the chart's name", document=where)
    listed = meta.get("dependencies") or (_mapping(older, where).get("dependencies") if older else None) or []
    if not isinstance(listed, list):
        raise _bad("the dependencies are no list", where)
    return ChartFile(name, tuple(_dependency(item, where) for item in listed))


def overrides(places: Sequence[Sequence[str]], values: Mapping[str, Any]) -> dict[str, Any]:
    """Values for every mcpfence below a chart; empty where there are none."""
    found: dict[str, Any] = {}
    for place in places if values else ():
        below = found
        for key in place:
            below = below.setdefault(key, {})
        below |= values
    return found


def _mapping(text: str, where: str) -> Mapping[str, Any]:
    try:
        found = load_foreign(text)
    except BadDocument as bad:
        place = bad.place(where)
        raise fail("file-unreadable", str(bad), "mend the YAML", document=place) from None
    if len(found) != 1 or not isinstance(found[0], Mapping):
        raise _bad("is no single mapping", where)
    return found[0]


def _dependency(item: Any, where: str) -> Dependency:
    texts = [item.get(key) or "" for key in ("name", "alias", "repository")] if isinstance(item, Mapping) else [""]
    if not texts[0] or not all(isinstance(text, str) for text in texts):
        raise _bad("a dependency has no name, or one that is no text", where)
    if "/" in texts[0] or texts[0].startswith("."):
        raise _bad(f"the dependency {quote(texts[0])} has a name that is a path", where)
    return Dependency(*texts)


def _bad(sentence: str, where: str) -> McpfenceError:
    return fail("file-unreadable", sentence, "mend it, or see `helm lint`", document=where)
