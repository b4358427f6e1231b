"""Requests and limits of a container, and other keys that are handed to the pod as they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mcpfence.findings.finding import Collector, Path

Raw = Mapping[str, Any]

MEMORY = ("400Mi", "2Gi")
"""Request and limit of a server that says nothing; the request is what Obot's documentation recommends."""

CPU = ("50m", "2")
"""Likewise: a server mostly waits, and while npx or uvx unpacks a package two cores are what it can use."""

VOLUME = "4Gi"
"""How much an empty volume may hold: npx and uvx keep whole trees of packages there."""

_QUANTITY = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[EPTGMK]i|Ki|[numkMGTPE]|[eE][-+]?[0-9]{1,3})?\Z")
"""As resource.Quantity of apimachinery reads it, without a sign: a request is never negative."""


_POWERS = {
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", 1)},
    **{letter: Decimal(1000) ** power for power, letter in enumerate("num", -3)},
    **{letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", 1)},
}


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
        return "0"
    return text


def filled(resources: dict[str, dict[str, str]], memory: tuple[str, str]) -> dict[str, dict[str, str]]:
    """The resources with requests and limits where there are none; a request is never above a limit.

    `memory` are the usual request and limit.  Limits that are written are all the limits there are.  Without a request
    of CPU the API server takes the limit for one, so that is what is asked for where a limit is written.
    """
    written = resources.get("limits", {})
    requests = {
        "cpu": written.get("cpu", CPU[0]),
        "memory": min(memory[0], written.get("memory", memory[0]), key=_number),
        **resources.get("requests", {}),
    }
    usual = {
        "cpu": max(CPU[1], requests["cpu"], key=_number),
        "memory": max(memory[1], requests["memory"], key=_number),
    }
    return {"limits": resources.get("limits", usual), "requests": dict(sorted(requests.items()))}


def read_size(written: Any, path: Path, out: Collector) -> str:
    """How much an empty volume may hold."""
    if written is None:
        return VOLUME
    size = _amount(written, path, out)
    if not out.failed and not _number(size):
        out.add("type", path, "is no amount of storage", "write one such as 512Mi or 8Gi")
    return size


def _number(amount: str) -> Decimal:
    """The value of a quantity that `read_resources` took."""
    digits = amount.rstrip("iKMGTPEkmnu")
    power = _POWERS.get(amount[len(digits) :])
    return Decimal(amount) if power is None else Decimal(digits) * power


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
