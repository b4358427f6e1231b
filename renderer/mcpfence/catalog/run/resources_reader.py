"""Requests and limits of a container, and other keys that are handed to the pod as they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mcpfence.findings.finding import Collector, Path

Raw = Mapping[str, Any]

MEMORY = "400Mi"
"""Request of a server that says nothing, as Obot's documentation recommends."""

_QUANTITY = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[EPTGMK]i|Ki|[numkMGTPE]|[eE][-+]?[0-9]+)?\Z")
"""As resource.Quantity of apimachinery reads it, without a sign: a request is never negative."""


def read_resources(written: Any, path: Path, out: Collector) -> dict[str, dict[str, str]]:
    """Requests and limits with every amount as text, as Kubernetes prints them, in order."""
    found: dict[str, dict[str, str]] = {}
    for kind in sorted(written or {}):
        amounts = written[kind]
        if kind not in ("limits", "requests"):
            out.add("type", (*path, kind), "is neither requests nor limits", "write one of these, or remove it")
        elif not isinstance(amounts, Mapping):
            out.add("type", (*path, kind), "is no mapping", "write amounts such as memory: 512Mi")
        else:
            found[kind] = {name: _amount(amounts[name], (*path, kind, name), out) for name in sorted(amounts)}
    return found


def _amount(written: Any, path: Path, out: Collector) -> str:
    text = written if isinstance(written, str) else ""
    if isinstance(written, (int, float)) and not isinstance(written, bool):
        text = repr(written)
    if len(text) > 64 or not _QUANTITY.match(text):
        out.add("type", path, "is no amount", "write one such as 500m, 0.5, 512Mi or 2Gi")
    return text


def with_request(resources: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """The resources with a request of memory, unless there is one."""
    requests = {"memory": MEMORY, **resources.get("requests", {})}
    return {**resources, "requests": dict(sorted(requests.items()))}


def ordered(value: Any) -> Any:
    """A value with the keys of its mappings in order: helm sorts them on the way through the chart."""
    if isinstance(value, Mapping):
        return {key: ordered(value[key]) for key in sorted(value)}
    return [ordered(item) for item in value] if isinstance(value, list) else value


def check_plain(value: Any, path: Path, out: Collector) -> None:
    """Refuse what no field of a pod holds: null, fractions, a list in a list."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            check_plain(item, (*path, key), out)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            if isinstance(item, list):
                out.add("type", (*path, i), "is a list in a list", "write what a pod has there")
            check_plain(item, (*path, i), out)
    elif value is None or isinstance(value, float):
        out.add("type", path, f"is {'null' if value is None else 'a fraction'}", "write what a pod has there")
