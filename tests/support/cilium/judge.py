"""Cilium's policy engine as a process that answers questions about sets of manifests (tools/cilium)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tooling import find_built

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
    lookups: tuple[str, ...] = ()
    """Host names that each source asks each destination for on each point."""

    def at(self, index: int) -> tuple[str, str, Point]:
        """Source, destination and point of one verdict."""
        rest, point = divmod(index, len(self.points))
        source, target = divmod(rest, len(self.targets))
        return self.sources[source], self.targets[target], self.points[point]


class Answer(NamedTuple):
    """One letter a verdict: a both sides allow, e egress alone, i ingress alone, n neither.

    `reasons` has for each verdict the policies behind egress and behind ingress, where that was asked for.  `lookups` has
    one letter for each source, destination, point and name: y the DNS proxy passes it, r it refuses, u the question goes
    past the proxy, n the port is shut.
    """

    verdicts: str
    reasons: tuple[tuple[frozenset[str], frozenset[str]], ...] = ()
    lookups: str = ""


class Refused(Exception):
    """The engine cannot judge a set of manifests; the message says why."""


def find_cilium() -> Path:
    """Cilium's engine as `make tools` builds it; MCPFENCE_CILIUM names another one."""
    return _find("cilium", "MCPFENCE_CILIUM")


def find_older_cilium() -> Path:
    """The engine of the oldest release that is supported; MCPFENCE_CILIUM_1_19 names another one."""
    return _find("cilium-1.19", "MCPFENCE_CILIUM_1_19")


def _find(name: str, variable: str) -> Path:
    return find_built(name, variable, "Cilium's policy engine")


class Judge:
    """One running engine; each request is a cluster of its own."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen([str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, documents: Sequence[Document], *questions: Question, explain: bool = False) -> list[Answer]:
        """One answer for each question; raises Refused."""
        asked = [
            {
                "from": one.sources,
                "to": one.targets,
                "points": one.points,
                "name": one.name,
                "lookups": one.lookups,
                "explain": explain,
            }
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
    pairs = tuple((frozenset(one["egress"]), frozenset(one["ingress"])) for one in reasons)
    return Answer(found["verdicts"], pairs, found.get("lookups", ""))
