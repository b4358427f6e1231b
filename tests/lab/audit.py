"""What the API server was asked to do, in the order in which it did it: its audit log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One finished request that changed an object."""

    what: str
    """`created`, `changed` or `deleted`, whatever the verb was: Helm 4 creates by patch (server-side apply)."""
    resource: str
    name: str
    when: datetime


def changes(log: Path, namespace: str) -> Iterator[Event]:
    """Every create, update, patch and delete of objects in a namespace that succeeded and was no dry run."""
    with log.open(encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            found = event.get("objectRef", {})
            if found.get("namespace") != namespace or event["verb"] in ("get", "list", "watch"):
                continue
            code = event.get("responseStatus", {}).get("code", 500)
            if code < 300 and "dryRun=" not in event["requestURI"]:
                yield Event(
                    what="deleted" if event["verb"] == "delete" else "created" if code == 201 else "changed",
                    resource=found["resource"],
                    name=found.get("name", ""),
                    when=datetime.fromisoformat(event["stageTimestamp"]),
                )
