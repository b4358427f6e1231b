"""Advice followed to the letter: what a remedy tells a person to write, written into a catalog."""

from __future__ import annotations

import re
from typing import Any

import yaml

from mcpfence.explain.remedies import Remedy

CALLER = "the-caller"
"""What stands for NAME."""

_PARTS = re.compile(r", and (?=add |write )|, then |; with (?=\S+\.default: )")
_TAILS = re.compile(
    r" beside it, or it loses egress\.default: internet|, which opens every public address on that port"
    r"|; if it is the cluster's resolver, write it under dns\.clusterIP or dns\.peers"
)


def follow(raw: dict[str, Any], remedy: Remedy) -> bool:
    """Change a catalog as the remedy says; false where it leaves a choice to the person."""
    todo = _TAILS.sub("", remedy.todo.replace("NAME", CALLER))
    return all(_step(raw, part) for part in _PARTS.split(todo))


def _step(raw: dict[str, Any], text: str) -> bool:
    if match := re.fullmatch(r"remove ([\w.-]+)", text):
        inner, last = _place(raw, match[1])
        del inner[last]
    elif match := re.fullmatch(r"add (\S+|\{.*\}) to ([\w.-]+)", text):
        inner, last = _place(raw, match[2])
        inner[last] = [*inner.get(last, []), yaml.load(match[1], Loader=yaml.CSafeLoader)]
    elif match := re.fullmatch(rf"declare it under clients as {CALLER}: (\{{.*\}})", text):
        raw.setdefault("clients", {})[CALLER] = yaml.load(match[1], Loader=yaml.CSafeLoader)
    elif match := re.fullmatch(r"(?:write )?([\w.-]+): (.*)", text):
        inner, last = _place(raw, match[1])
        inner[last] = yaml.load(match[2], Loader=yaml.CSafeLoader)
    else:
        return False
    return True


def _place(raw: dict[str, Any], key: str) -> tuple[dict[str, Any], str]:
    """The mapping that a key stands in, made where it is missing, and the last part of the key."""
    *path, last = key.split(".")
    inner = raw
    for step in path:
        inner = inner.setdefault(step, {})
    return inner, last
