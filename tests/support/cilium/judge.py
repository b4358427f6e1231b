"""Cilium's policy engine as a process that answers questions about sets of manifests (tools/cilium)."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tooling import ROOT, MissingComponentError

Document = dict[str, Any]
Point = tuple[str, int]
"""Protocol and port; for ICMP the type."""


class Question(NamedTuple):
    """Each source with each destination on each point; ends are `namespace/name` of a pod, or an address."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    points: tuple[Point, ...]
    name: str = ""
    """The host name that the addresses were resolved from."""

    def at(self, index: int) -> tuple[str, str, Point]:
        """Source, destination and point of one verdict."""
        rest, point = divmod(index, len(self.points))
        source, target = divmod(rest, len(self.targets))
        return self.sources[source], self.targets[target], self.points[point]


class Answer(NamedTuple):
    """One letter a verdict: a both sides allow, e egress alone, i ingress alone, n neither.

    `reasons` has for each verdict the policies behind egress and behind ingress, where that was asked for.
    """

    verdicts: str
    reasons: tuple[tuple[frozenset[str], frozenset[str]], ...] = ()


class Refused(Exception):
    """The engine cannot judge a set of manifests; the message says why."""


def find_cilium() -> Path:
    """Cilium's engine as `make tools` builds it; MCPFENCE_CILIUM names another one."""
    override = os.environ.get("MCPFENCE_CILIUM")
    program = Path(override) if override else ROOT / ".tools" / "bin" / "cilium"
    if not os.access(program, os.X_OK):
        message = "Cilium's policy engine is missing: run `make tools` (needs Go), or set MCPFENCE_CILIUM to its path"
        raise MissingComponentError(message)
    return program


class Judge:
    """One running engine; each request is a cluster of its own."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen([str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, documents: Sequence[Document], *questions: Question, explain: bool = False) -> list[Answer]:
        """One answer for each question; raises Refused."""
        asked = [
            {"from": one.sources, "to": one.targets, "points": one.points, "name": one.name, "explain": explain}
            for one in questions
        ]
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"objects": documents, "questions": asked}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"error": "the engine is gone"}')
        if "error" in answer:
            raise Refused(answer["error"])
        return [_answer(one) for one in answer.get("answers", ())]

    def close(self) -> None:
        """End it."""
        self._process.communicate()


def _answer(found: Document) -> Answer:
    reasons = found.get("reasons", ())
    return Answer(found["verdicts"], tuple((frozenset(one["egress"]), frozenset(one["ingress"])) for one in reasons))
