"""Does the time grow with the catalog, or with its square?  Cases that once did the latter, each at two sizes.

    .venv/bin/python bench/growth.py                      every case: a minute
    .venv/bin/python bench/growth.py --only gateway,ports

What is measured is the CPU time of `mcpfence check` (a whole render, proof included), user and system, best of the
rounds; that of one server, which is start-up and nearly nothing else, is taken off before the exponent is worked out:
1.0 is linear, 2.0 is the square.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from generate import NAMESPACE, RELEASE, make_values
from machine import environment
from measure import Case, alternate
from tables import table

Values = dict[str, Any]

ROUNDS = 3


class Growth(NamedTuple):
    """One kind of catalog: how it is made for n of what grows, the two sizes, and the largest exponent it may have."""

    name: str
    make: Callable[[int], Values]
    sizes: tuple[int, int]


def plain(servers: int) -> Values:
    """The catalog of the other tables."""
    return make_values(servers)


def gateway(servers: int) -> Values:
    """The same with one workload that calls every server, as a gateway does."""
    agent = {"namespace": "agents", "podSelector": {"app": "agent"}, "egress": {"servers": "all"}}
    return {**make_values(servers), "workloads": {"agent": agent}}


def by_expressions(servers: int) -> Values:
    """Servers whose pods are told by matchExpressions alone."""
    return {"servers": {f"s{number}": _selected(f"s{number}") for number in range(servers)}}


def _selected(name: str) -> Values:
    expression = {"key": "app", "operator": "In", "values": [name]}
    return {**_container(), "podSelector": {"matchExpressions": [expression]}}


def many_ports(blocks: int) -> Values:
    """One server that may reach many blocks, each on a port of its own."""
    listed = [
        {"cidr": f"10.{100 + number // 250}.{number % 250}.0/24", "ports": [1_000 + number]} for number in range(blocks)
    ]
    return {"servers": {"a": {**_container(), "egress": {"cidrs": listed}}}}


def many_callers(count: int) -> Values:
    """One server that is called by clients of one namespace, each by two labels of which no two clients share a key."""
    labels = [{f"a{number}": "x", f"b{number}": "y"} for number in range(count)]
    clients = {f"c{number}": {"namespace": "callers", "podSelector": found} for number, found in enumerate(labels)}
    return {"clients": clients, "servers": {"a": _container()}}


def _container() -> Values:
    return {"runtime": "containerized", "containerizedConfig": {"image": "x:1"}}


CASES = (
    Growth("servers, no workload", plain, (2_000, 10_000)),
    Growth("gateway: one workload with egress.servers: all", gateway, (2_000, 10_000)),
    Growth("expressions: servers by matchExpressions alone", by_expressions, (500, 2_000)),
    Growth("ports: cidrs of one server, each with its own port", many_ports, (500, 2_000)),
    Growth("callers: clients of one namespace by two labels each", many_callers, (50, 200)),
)


def main() -> int:
    """Measure, print."""
    parser = argparse.ArgumentParser(description="How does the time of a check grow?")
    parser.add_argument("--only", default="", metavar="WORD,WORD", help="cases whose name holds one of these words")
    words = [word for word in parser.parse_args().only.split(",") if word]
    with tempfile.TemporaryDirectory(prefix="mcpfence-growth-") as name:
        folder = Path(name)
        rows = [row(one, folder) for one in CASES if not words or any(word in one.name for word in words)]
    print(table(("case", "n", "CPU s", "n", "CPU s", "exponent", "peak MiB"), rows))
    return 0


def row(growth: Growth, folder: Path) -> Sequence[str]:
    """Both sizes, and one of one server, in turns."""
    small, large = growth.sizes
    cases = [_check(growth, count, folder) for count in (1, small, large)]
    measured = alternate(cases, ROUNDS, folder)
    start, first, last = (measured[case.name] for case in cases)
    exponent = math.log((last.cpu - start.cpu) / (first.cpu - start.cpu)) / math.log(large / small)
    found = [growth.name, f"{small:,}", f"{first.cpu:.2f}", f"{large:,}", f"{last.cpu:.2f}", f"{exponent:.2f}"]
    sys.stderr.write(f"{'  '.join(found)}\n")
    return [*found, f"{last.mib:.0f}"]


def _check(growth: Growth, count: int, folder: Path) -> Case:
    path = folder / f"{growth.name.partition(':')[0]}-{count}.json".replace(" ", "-")
    path.write_text(json.dumps(growth.make(count)), encoding="utf-8")
    command = [sys.executable, "-m", "mcpfence", "check", "-f", str(path), "--format", "json"]
    command += ["--release", RELEASE, "--namespace", NAMESPACE]
    return Case(name=path.stem, command=command, environment=environment(folder))


if __name__ == "__main__":
    sys.exit(main())
