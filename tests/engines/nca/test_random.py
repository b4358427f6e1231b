"""network-config-analyzer, an independent evaluator: the same question, the same verdict, on random sets of policies."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import yaml

from mcpfence.net.addresses import parse_address
from mcpfence.net.intervals import Intervals, canonical
from mcpfence.reach.connectivity.connections import Connectivity, connections
from mcpfence.reach.flows import interval_map, traffic
from mcpfence.reach.flows.interval_map import Grouped
from reaching.loading import Document
from reaching.scenes import scene

SETS = int(os.environ.get("MCPFENCE_NCA_SETS", "120"))
OUTPUT = {"outputFormat": "txt_no_fw_rules", "excludeIPv6Range": False}
_LINE = re.compile(r"(\S+) => (\S+) : (.+)")
_CONN = re.compile(r"\{protocols:([A-Z, ]+?)(?:,dst_ports:([0-9,-]+))?\}\Z")
_END = re.compile(r"\S+/\S+\[\S+\]\Z")

Answer = dict[tuple[str, str], Intervals]
"""Between pods: (source, destination) -> points."""

Outside = dict[tuple[str, str], Grouped[Intervals]]
"""Between a pod and addresses: (pod, direction) -> addresses with their points."""


def ask(nca: Path, folder: Path, sets: Iterable[list[Document]]) -> list[str]:
    """What nca prints for each set of manifests, asked in one run."""
    scheme: Document = {"networkConfigList": [], "queries": []}
    for number, documents in enumerate(sets):
        path = folder / f"set-{number}.yaml"
        path.write_text(yaml.safe_dump_all(documents, sort_keys=False))
        scheme["networkConfigList"].append({"name": f"set-{number}", "resourceList": [str(path)]})
        query = {"name": f"query-{number}", "connectivityMap": [f"set-{number}"]}
        scheme["queries"].append({**query, "outputConfiguration": OUTPUT})
    (folder / "scheme.yaml").write_text(yaml.safe_dump(scheme))
    command = [str(nca), "--scheme", str(folder / "scheme.yaml")]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    marks = [match.start() for match in re.finditer(r"^Running query query-\d+$", out, re.MULTILINE)]
    return [out[first:last] for first, last in pairwise([*marks, len(out)])]


def read(text: str) -> tuple[Answer, Outside]:
    """nca's lines as the evaluators name things."""
    inside: dict[tuple[str, str], list[tuple[int, int]]] = {}
    outside: dict[tuple[str, str], list[tuple[tuple[int, int], Intervals]]] = {}
    for match in filter(None, map(_LINE.match, text.splitlines())):
        source, target, conn = match.groups()
        points = points_of(conn)
        if _END.match(source) and _END.match(target):
            if source != target:
                inside.setdefault((source, target), []).extend(points)
        elif _END.match(source):
            outside.setdefault((source, "egress"), []).append((range_of(target), points))
        else:
            outside.setdefault((target, "ingress"), []).append((range_of(source), points))
    joined = {key: _join(pieces) for key, pieces in outside.items()}
    return {key: canonical(pieces) for key, pieces in inside.items()}, joined


def points_of(conn: str) -> Intervals:
    """One connection's text as points of protocol and port."""
    if conn == "All connections":
        return traffic.EVERY_POINT
    match = _CONN.match(conn)
    assert match, conn
    protocols, ports = match.groups()
    spans = [part.split("-") for part in (ports or "1-65535").split(",")]
    return canonical(
        traffic.span(protocol, int(span[0]), int(span[-1])) for protocol in protocols.split(", ") for span in spans
    )


def range_of(text: str) -> tuple[int, int]:
    """A range of addresses."""
    first, _, last = text.partition("-")
    return parse_address(first), parse_address(last or first)


def _join(pieces: list[tuple[tuple[int, int], Intervals]]) -> Grouped[Intervals]:
    found: Grouped[Intervals] = ()
    for block, points in pieces:
        found = interval_map.combine(found, (((block,), points),), lambda a, b: canonical((*(a or ()), *(b or ()))))
    return found


def ours(found: Connectivity) -> tuple[Answer, Outside]:
    """The same of our own answer."""
    inside = {
        (source, target): points
        for source, targets in found.inside.items()
        for target, points in targets
        if source != target
    }
    sides = (("egress", found.outward), ("ingress", found.inward))
    outside = {
        (text, direction): interval_map.group((members, traffic.points_of(allowed)) for members, allowed in reached)
        for direction, side in sides
        for text, reached in side.items()
        if reached
    }
    return inside, outside


def test_nca_says_the_same(nca: Path, tmp_path: Path) -> None:
    """Every pair of pods and every address of both families, on random sets of manifests."""
    sets = [scene(seed) for seed in range(SETS)]

    answers = ask(nca, tmp_path, sets)

    assert len(answers) == SETS
    for seed, (documents, text) in enumerate(zip(sets, answers, strict=True)):
        theirs, found = read(text), connections(documents)
        assert not found.problems
        assert ours(found) == theirs, f"scene({seed})"
