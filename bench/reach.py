"""`mcpfence reach` beside nca (network-config-analyzer) on the same manifests: policies, pods and namespaces in files.

    python bench/reach.py FOLDER alike|varied [SERVERS]      only write the manifests

1,000 servers are 2,000 NetworkPolicies and 1,002 pods: one a server, one client, one DNS server.  No FirewallPolicies,
which nca does not know.  All servers alike is what nca is quickest with; the varied catalog is that of generate.py.
As long as mcpfence has no `reach`, nothing is measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from columns import RENDERER, Bench
from generate import NAMESPACE, RELEASE, make_values, write_stream
from machine import ROOT
from measure import Case, Samples, alternate, run
from tables import Budget, table

SERVERS = 1_000
"""The size at which nca is measured too; it needs seconds for it."""

SIZES = (250, 500, SERVERS, 2_000)
ROUNDS = 3
LIMITS = {"alike": 0.03, "varied": 0.016}
"""The share of nca's CPU time that reach may take."""

MEMORY = 50
"""MiB that reach may take for as many."""

ABSENT = "Not measured: --short, or this version has no `mcpfence reach`, or nca is missing (`make tools`)."

_NAMESPACES = (f"{RELEASE}-mcp", "obot", "studio", "platform", "kube-system", "data", "search", NAMESPACE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """The figures as Markdown, and the rows of the budget."""

    text: str
    budgets: tuple[Budget, ...]


def measure(bench: Bench) -> Reached | None:
    """Measure both in turn; None where one of them is not there."""
    nca = Path(os.environ.get("MCPFENCE_NCA") or ROOT / ".tools" / "nca" / "bin" / "nca").absolute()
    command = [*RENDERER, "reach", "--help"]
    asked = subprocess.run(command, env=dict(bench.environment), capture_output=True, check=False)
    if asked.returncode != 0 or not nca.is_file():
        return None
    rows: list[list[str]] = []
    found: list[Budget] = []
    for kind in ("alike", "varied"):
        for servers in SIZES:
            measured, lines = _size(bench, nca, kind, servers)
            ours, theirs = measured["reach"], measured.get("nca")
            row = [f"{servers:,} {kind}", f"{lines:,}", f"{ours.best:.3f} ({ours.median:.3f})", f"{ours.mib:.0f}"]
            row.append(f"{ours.cpu / lines * 1e6:.0f}")
            row += [f"{theirs.best:.2f} ({theirs.median:.2f})", f"{theirs.mib:.0f}"] if theirs else ["-", "-"]
            rows.append(row)
            if theirs:
                found += _budgets(kind, ours, theirs)
    head = ["servers", "lines", "reach, s", "reach, MiB", "CPU µs per line", "nca, s", "nca, MiB"]
    return Reached(text=table(head, rows), budgets=tuple(found))


def _size(bench: Bench, nca: Path, kind: str, servers: int) -> tuple[dict[str, Samples], int]:
    """The samples of one set of manifests, and the number of lines that reach prints for it."""
    print(f"bench: reach of {servers:,} servers, {kind}", file=sys.stderr, flush=True)
    manifests = bench.folder / f"reach-{kind}-{servers}"
    write_manifests(bench, kind, servers, manifests)
    cases = [Case(name="reach", command=[*RENDERER, "reach", str(manifests)], environment=bench.environment)]
    if servers == SERVERS:
        cases.append(Case(name="nca", command=nca_command(nca, manifests), environment=bench.environment))
    measured = alternate(cases, ROUNDS, bench.folder)
    with (bench.folder / "reach.out").open("rb") as file:
        return measured, sum(1 for _ in file)


def _budgets(kind: str, ours: Samples, theirs: Samples) -> tuple[Budget, Budget]:
    work = f"reach of {SERVERS:,} servers {kind} ({2 * SERVERS:,} policies, {SERVERS + 2:,} pods)"
    time = Budget(
        work=f"{work}, beside nca",
        limit=LIMITS[kind],
        measured=ours.cpu / theirs.cpu,
        unit="x",
        detail=f"CPU {ours.cpu:.2f} s / {theirs.cpu:.2f} s; wall time {ours.best:.3f} s / {theirs.best:.2f} s",
    )
    return time, Budget(work=f"{work}, peak memory", limit=MEMORY, measured=ours.mib, unit="MiB")


def nca_command(nca: Path, manifests: Path) -> list[str]:
    """The connectivity of the folder by nca, one line a connection."""
    return [str(nca), "--connectivity", str(manifests), "--pod_list", str(manifests), "--ns_list", str(manifests)]


def write_manifests(bench: Bench, kind: str, servers: int, folder: Path) -> None:
    """Write policies.yaml (as post-render prints them), pods.yaml and namespaces.yaml into a new folder."""
    folder.mkdir()
    values = alike_values(servers) if kind == "alike" else varied_values(servers)
    text = folder.with_suffix(".values.json")
    text.write_text(json.dumps(values), encoding="utf-8")
    stream = folder.with_suffix(".stream.yaml")
    write_stream(bench.helms[3].path, text, stream)
    command = [*RENDERER, "post-render"]
    run(Case(name="policies", command=command, environment=bench.environment, stdin=stream), bench.folder)
    printed = (bench.folder / "policies.out").read_text(encoding="utf-8")
    policies = [piece for piece in printed.split("---\n") if "mcpfence.io/server:" in piece]
    (folder / "policies.yaml").write_text("---\n".join(policies), encoding="utf-8")
    for name, documents in (("pods", pods(list(values["servers"]))), ("namespaces", namespaces())):
        lines = (f"---\n{json.dumps(document)}\n" for document in documents)
        (folder / f"{name}.yaml").write_text("".join(lines), encoding="utf-8")


def alike_values(servers: int) -> dict[str, Any]:
    """Every server reaches DNS and one host, and is called by one client: one rule block for all."""
    values = varied_values(1)
    config = {"package": "example", "egressDomains": ["api.example.com"]}
    values["servers"] = {f"server-{number:05}": {"runtime": "npx", "npxConfig": config} for number in range(servers)}
    values["clients"] = {"obot": {"namespace": "obot", "podSelector": {"app.kubernetes.io/name": "obot"}}}
    return values


def varied_values(servers: int) -> dict[str, Any]:
    """The benchmark's catalog with this many hosted servers, for NetworkPolicies alone."""
    values = make_values(servers + servers // 10)
    hosted = {name: server for name, server in values["servers"].items() if server["runtime"] != "remote"}
    values["servers"] = dict(list(hosted.items())[:servers])
    values["egress"] |= {"provider": "none", "unenforcedDomains": "internet"}
    return values


def pods(servers: list[str]) -> Iterator[dict[str, Any]]:
    """A pod of each server, one of a client, one of the DNS servers."""
    for name in servers:
        yield _pod(f"{RELEASE}-mcp", name, {"app": name})
    yield _pod("obot", "obot", {"app.kubernetes.io/name": "obot"})
    yield _pod("kube-system", "coredns", {"k8s-app": "kube-dns"})


def _pod(namespace: str, name: str, labels: dict[str, str]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    spec = {"containers": [{"name": "main", "image": "example"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def namespaces() -> Iterator[dict[str, Any]]:
    """Every namespace that the policies name, with the label that the API server gives it."""
    for name in _NAMESPACES:
        metadata = {"name": name, "labels": {"kubernetes.io/metadata.name": name}}
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def main() -> int:
    """Write the manifests into a new folder."""
    from machine import environment, find_helms

    folder = Path(sys.argv[1]).absolute()
    bench = Bench(helms=find_helms(), environment=environment(folder.parent), folder=folder.parent)
    write_manifests(bench, sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else SERVERS, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
