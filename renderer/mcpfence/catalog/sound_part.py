"""What is left of a catalog whose structure is wrong in places: judged too, so that one round tells every error.

faults in entries only             the rest is judged as a whole catalog is
faults in settings or whole entries, or in whom an entry selects
                                   entries are read without them, and what hangs on them is not said
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from mcpfence.catalog.model import CONFIGS
from mcpfence.findings.finding import Finding, Path
from mcpfence.findings.table import Severity
from mcpfence.structs import Struct

_UNITS = frozenset({"clients", "servers", "workloads"})
"""Mappings whose entries stand by themselves; a fault inside one of them says nothing of the others."""
_SHARED = "podSelector"
"""What decides on pods that others select, too: without it others may seem wrong."""
_HANGS_ON = {
    "clients": ("client-unknown",),
    "cluster": ("cidr-family",),
    "gateway": ("gateway-",),
    "mcpServerDefaults": ("run-port",),
    "run": ("run-",),
    "servers": ("server-unknown", "gateway-missing"),
}
"""How the ids of what is said of an entry begin, by the other keys that decide whether it is so."""


class SoundPart(Struct):
    """A catalog without its faults."""

    raw: Mapping[str, Any]
    whole: bool
    """Whether its entries mean what they meant; else each can only be read by itself."""


def sound_part(raw: Mapping[str, Any], faults: Iterable[Path]) -> SoundPart | None:
    """The catalog without its faults; None where they are everywhere."""
    paths = sorted({_removed(path) for path in faults}, key=len)
    if not paths or not paths[0]:
        return None
    kept = [path for i, path in enumerate(paths) if not any(path[: len(one)] == one for one in paths[:i])]
    found = _without(raw, kept)
    for path in kept:
        if len(path) == 3 and path[0] == "servers" and path[2] == "runtime":
            entry = found["servers"][path[1]]
            entry["runtime"] = next((name for name, key in CONFIGS.items() if key in entry), "containerized")
    return SoundPart(found, all(len(path) > 2 and path[0] in _UNITS for path in kept))


def fault_of(raw: Mapping[str, Any], path: Path) -> Path:
    """Where a fault is: a runtime that is missing is not the whole server, and another one can stand in for it."""
    servers = raw.get("servers")
    entry = servers.get(path[1]) if isinstance(servers, Mapping) and len(path) == 2 and path[0] == "servers" else None
    return (*path, "runtime") if isinstance(entry, Mapping) and "runtime" not in entry else path


def with_entries(faults: Iterable[Path]) -> list[Path]:
    """The same faults, each as the whole entry that it is in: for what cannot be read without a key."""
    return [path[:2] if path and path[0] in _UNITS else path[:1] for path in faults]


def apart_from(findings: Sequence[Finding], faults: Collection[Path]) -> list[Finding]:
    """What is true whatever the faults are; notes wait until the structure is right.

    Of an entry with a fault only errors are told, and none at a place that holds the fault or is within it: the
    fault may be their reason.
    """
    units = {path[:2] for path in faults}
    hanging = _hanging(faults)
    return [
        finding
        for finding in findings
        if finding.severity is not Severity.NOTE
        and (finding.severity is Severity.ERROR or finding.path[:2] not in units)
        and not any(_one_in_the_other(finding.path, fault) for fault in faults)
        and not finding.id.startswith(hanging)
    ]


def of_settings(findings: Iterable[Finding]) -> list[Finding]:
    """The errors that are about no single entry."""
    return [one for one in findings if one.severity is Severity.ERROR and one.path and one.path[0] not in _UNITS]


def _removed(fault: Path) -> Path:
    """What goes with a fault: the whole entry where it is in whom the entry selects."""
    return fault[:2] if fault and fault[0] in _UNITS and _SHARED in fault else fault


def _hanging(faults: Iterable[Path]) -> tuple[str, ...]:
    keys = {path[0] for path in faults if path and (path[0] not in _UNITS or len(_removed(path)) < 3)}
    known = _HANGS_ON.keys() | {"dns", "egress", "mcpNamespace", "rbac"}
    meant = _HANGS_ON if keys - known else keys & _HANGS_ON.keys()  # a misspelt key may be any of them
    return tuple(start for key in sorted(map(str, meant)) for start in _HANGS_ON[key])


def _one_in_the_other(path: Path, fault: Path) -> bool:
    return bool(path) and (path == fault[: len(path)] or fault == path[: len(fault)])


def _without(value: Any, paths: Sequence[Path]) -> Any:
    """A value without the entries at these paths, none of which is within another one."""
    gone = {path[0] for path in paths if len(path) == 1}
    below: dict[Any, list[Path]] = {}
    for path in paths:
        if len(path) > 1:
            below.setdefault(path[0], []).append(path[1:])
    if isinstance(value, Mapping):
        return {
            key: _without(one, below[key]) if key in below else one for key, one in value.items() if key not in gone
        }
    if isinstance(value, list):
        return [_without(one, below[i]) if i in below else one for i, one in enumerate(value) if i not in gone]
    return value
