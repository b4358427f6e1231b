"""What does each engine's form cost?  The same catalog under every provider, beside the aviatrix row of the same run.

    .venv/bin/python bench/providers.py            10,000 servers: some ten minutes
    .venv/bin/python bench/providers.py 1000

What is measured is `mcpfence check`, which renders and proves everything and prints little: CPU time, user and system,
the least of the rounds.  The budget is 1.3 x the aviatrix row and 200 MiB at 10,000 servers.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from generate import NAMESPACE, RELEASE, make_values
from machine import environment
from measure import Case, alternate
from tables import table

Values = dict[str, Any]

ROUNDS = 3
FIRST = "aviatrix"
SETTINGS: dict[str, tuple[str, Values, Values]] = {
    FIRST: ("aks", {}, {}),
    "none": ("aks", {"unenforcedDomains": "internet"}, {}),
    "cilium": ("generic", {}, {}),
    "clusternetworkpolicy": ("generic", {"clusternetworkpolicy": {"priorities": [1, 1000]}}, {}),
    "gke": ("gke", {}, {}),
    "eks": ("eks", {}, {"clusterIP": ["10.100.0.10"]}),
    "calico": ("generic", {"calico": {"edition": "cloud"}}, {}),
    "antrea": ("generic", {}, {}),
}
"""By provider: the cluster's profile, what stands beside it under `egress`, and what stands under `dns`."""
FEWER = {"clusternetworkpolicy": 1_000}
"""Providers whose numbers of priority end: each server takes one of them."""


def catalog(provider: str, servers: int) -> Values:
    """The catalog of the other tables under a provider."""
    made = make_values(servers)
    profile, egress, dns = SETTINGS[provider]
    cluster = {**made["cluster"], "profile": profile}
    return {**made, "cluster": cluster, "dns": dns, "egress": {**made["egress"], "provider": provider, **egress}}


def main() -> int:
    """Measure, print."""
    parser = argparse.ArgumentParser(description="What does each engine's form cost?")
    parser.add_argument("servers", type=int, nargs="?", default=10_000)
    servers = parser.parse_args().servers
    with tempfile.TemporaryDirectory(prefix="mcpfence-providers-") as name:
        folder = Path(name)
        cases = [_check(provider, _fitting(provider, servers), folder) for provider in SETTINGS]
        # What has fewer servers is compared with aviatrix of as many.
        sizes = sorted({_fitting(provider, servers) for provider in SETTINGS} - {servers})
        cases += [_check(FIRST, size, folder) for size in sizes]
        measured = alternate(cases, ROUNDS, folder)
        rows = []
        for provider in SETTINGS:
            size = _fitting(provider, servers)
            found, base = measured[_name(provider, size)], measured[_name(FIRST, size)]
            ratio = f"{found.cpu / base.cpu:.2f}"
            rows.append((provider, f"{size:,}", f"{found.cpu:.2f}", ratio, f"{found.mib:.0f}"))
    print(table(("provider", "servers", "CPU s", "x aviatrix", "peak MiB"), rows))
    return 0


def _fitting(provider: str, servers: int) -> int:
    return min(servers, FEWER.get(provider, servers))


def _name(provider: str, servers: int) -> str:
    return f"{provider}-{servers}"


def _check(provider: str, servers: int, folder: Path) -> Case:
    path = folder / f"{_name(provider, servers)}.json"
    path.write_text(json.dumps(catalog(provider, servers)), encoding="utf-8")
    command = [sys.executable, "-m", "mcpfence", "check", "-f", str(path), "--format", "json"]
    command += ["--release", RELEASE, "--namespace", NAMESPACE]
    _must_render(command, provider)
    return Case(name=path.stem, command=command, environment=environment(folder))


def _must_render(command: list[str], provider: str) -> None:
    """Nothing is measured that is refused; raises RuntimeError."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{provider}: {done.stdout[:2000]}{done.stderr[:2000]}")


if __name__ == "__main__":
    sys.exit(main())
