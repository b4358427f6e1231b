"""A catalog as its messages tell to write it, where a fault leaves no doubt: what is wrong beside it is told at once.

    profile: EKS              profile: eks
    pods: 10.0.0.0/16         pods: [10.0.0.0/16]
    port: "8080"              port: 8080
    image: x (of a server)    containerizedConfig: {image: x}

It is judged for messages alone: nothing is ever rendered of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mcpfence.catalog.misplaced import home_of, moved, runtime_of
from mcpfence.findings.finding import Finding, Path

_LIST = "write a list: ["
_LONGEST_NUMBER = 5


def meant(raw: Mapping[str, Any], findings: Sequence[Finding]) -> tuple[Any, list[Path]]:
    """The catalog without the faults that leave no doubt, and the places of the others."""
    left: list[Path] = []
    whole: Any = raw
    for finding in findings:
        change = _change(finding)
        at = finding.path[:-1] if finding.id == "key-unknown" else finding.path
        changed = _at(whole, at, change) if change else None
        if changed is None:
            left.append(finding.path)
        else:
            whole = changed
    return whole, left


def _change(finding: Finding) -> Callable[[Any], Any] | None:
    """What makes of a value the one that is meant; it gives None where that is not sure."""
    if finding.id == "key-unknown" and finding.path:
        return lambda holder: _moved(finding.path, holder)
    if finding.id == "key-missing" and len(finding.path) == 2 and finding.path[0] == "servers":
        return _with_runtime
    if finding.id == "choice":
        return lambda value: _lower(value, finding.todo)
    if finding.id == "type" and finding.todo.startswith(_LIST):
        return lambda value: None if isinstance(value, (Mapping, list)) else [value]
    if finding.id == "type" and finding.todo == "write a whole number":
        return _number
    return None


def _moved(path: Path, holder: Any) -> Any:
    if not isinstance(holder, Mapping) or path[-1] not in holder or not home_of(path, holder):
        return None
    return moved(path, holder)


def _with_runtime(server: Any) -> Any:
    if not isinstance(server, Mapping) or "runtime" in server or not runtime_of(server):
        return None
    return {"runtime": runtime_of(server), **server}


def _lower(value: Any, todo: str) -> Any:
    return value.lower() if isinstance(value, str) and todo == f"write {value.lower()}" else None


def _number(value: Any) -> Any:
    fits = isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= _LONGEST_NUMBER
    return int(value) if fits else None


def _at(value: Any, path: Path, change: Callable[[Any], Any]) -> Any:
    """The value with what stands at a path changed; None where nothing is there, or the change is not sure."""
    if not path:
        return change(value)
    step, rest = path[0], path[1:]
    if isinstance(value, Mapping) and step in value:
        inner = _at(value[step], rest, change)
        return None if inner is None else {**value, step: inner}
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        inner = _at(value[step], rest, change)
        return None if inner is None else [*value[:step], inner, *value[step + 1 :]]
    return None
