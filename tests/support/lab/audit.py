"""What the API server was asked to do, in the order in which it did it: its audit log."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from tooling import eventually

_Found = TypeVar("_Found")


def entries(log: Path, namespace: str) -> list[dict[str, Any]]:
    """Every finished request about objects in a namespace, and about the namespace itself."""
    found = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
    return [entry for entry in found if entry.get("objectRef", {}).get("namespace") == namespace]


def awaited(read: Callable[[], _Found], complete: Callable[[_Found], object]) -> _Found:
    """What `read` finds once it is complete: the API server writes a line when it has answered, so a moment later."""

    def found() -> tuple[_Found] | None:
        now = read()
        return (now,) if complete(now) else None

    return eventually(found, "what should be in the audit log does not come")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One finished request that changed an object."""

    what: str
    """`created`, `changed` or `deleted`, whatever the verb was: Helm 4 creates by patch (server-side apply)."""
    resource: str
    name: str
    when: datetime
    """When it came in: helm sends nothing of the next kind before it has its answers, so no load changes the order."""


def changes(log: Path, namespace: str) -> list[Change]:
    """Every create, update, patch and delete of objects in a namespace that succeeded and was no dry run."""
    return [
        Change(
            what="deleted"
            if entry["verb"] == "delete"
            else "created"
            if entry["responseStatus"]["code"] == 201
            else "changed",
            resource=entry["objectRef"]["resource"],
            name=entry["objectRef"].get("name", ""),
            when=datetime.fromisoformat(entry["requestReceivedTimestamp"]),
        )
        for entry in entries(log, namespace)
        if entry["verb"] in ("create", "update", "patch", "delete")
        and entry["responseStatus"]["code"] < 300
        and "dryRun=" not in entry["requestURI"]
    ]
