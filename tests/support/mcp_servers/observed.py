"""From packets to a catalog: servers run without policies, what their logs show becomes a catalog, and that fences them.

The policies are ClusterNetworkPolicies with names, and kube-network-policies enforces them: the API server of the lab
holds everything else.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

from edges import mcpfence
from mcp_servers.cluster import Cluster, Document
from mcp_servers.conversations import ECHO, QUESTIONS
from mcp_servers.records import Connections, listed, write_logs
from mcp_servers.talks import Call
from packet_world import Pod
from tiers.engine import Engine
from tooling import PATIENCE, ROOT

HOSTS = {
    "npm.example.com": "192.175.48.10",
    "python.example.com": "192.175.48.11",
    "wiki.example.com": "192.175.48.42",
    "evil.example.net": "192.175.48.66",
    "intranet.example.com": "10.99.0.7",
}
"""The names of this outside world, at public addresses but for one."""

PODS = ("10.244.0.0/16", "fd00:10:244::/64")
POLICIES = ("NetworkPolicy", "ClusterNetworkPolicy")
WIKI: Call = ("fetch", {"url": "http://wiki.example.com/"})
METADATA: Call = ("fetch", {"url": "http://169.254.169.254/latest/meta-data/"})
CALLS = {"everything": ECHO, "fetch": [WIKI], "kubernetes": QUESTIONS[:1]}
"""What the agent asks, before and behind the fences."""

PLACES: dict[str, tuple[str, int]] = {
    **{name: (at, 80) for name, at in HOSTS.items()},
    "169.254.169.254": ("169.254.169.254", 80),
}
PLACES |= {"an address": ("192.175.48.99", 443), "API server": ("10.40.64.2", 6443)}
"""What another process in each pod tries to reach; it looks the names up before."""
CONNECT = """
import asyncio, json, socket, sys

async def reaches(name, address, port):
    try:
        if name.endswith((".com", ".net")):
            address = (await asyncio.get_running_loop().getaddrinfo(name, port, family=socket.AF_INET))[0][4][0]
        await asyncio.wait_for(asyncio.open_connection(address, port), 6)
    except (OSError, TimeoutError):
        return False
    return True

async def main(places):
    return await asyncio.gather(*(reaches(name, *place) for name, place in places.items()))

print(json.dumps(asyncio.run(main(json.loads(sys.argv[1])))))
"""


class Told(NamedTuple):
    """What came of one way from packets to a catalog."""

    before: Document
    """The agent's answers without policies, by server."""
    report: str
    asked: Document
    """The report, as JSON, with CoreDNS's log in the place of dnstap: it has questions and no answers."""
    merged: str
    """The values file with what was proposed."""
    opened: tuple[str, ...]
    """The lines of `mcpfence diff` on what is wider."""
    after: Document
    """The same calls behind the fences of the merged file."""
    reached: dict[str, set[str]]
    """What another process in each server's pod reaches behind them."""
    again: Document
    """The report, as JSON, on the same logs with the merged file."""


def tell(cluster: Cluster, engine: Engine, agent: Pod, values: Path) -> Told:
    """The whole way; the servers have not been started yet."""
    logs = cluster.folder / "logs"
    logs.mkdir()
    with Connections(cluster.world.node, logs / "flows.log"):
        cluster.start()
        before = cluster.talk(agent, {**CALLS, "fetch": [WIKI, METADATA]}).answers()
    write_logs(cluster, logs)
    report = observe(logs, values)
    merged = values.with_name("next.yaml")
    merged.write_text(observe(logs, values, "--merge", str(values)), encoding="utf-8")
    wider = mcpfence("diff", "--quiet", str(values), str(merged), *RELEASE).stdout.decode()
    fence(cluster, engine, merged)
    cluster.restart()
    return Told(
        before,
        report,
        json.loads(observe(logs, values, "--format", "json", dns="dns.log")),
        merged.read_text(encoding="utf-8"),
        tuple(line.strip() for line in wider.splitlines() if line.startswith("+ ")),
        cluster.talk(agent, CALLS).answers(),
        reached(cluster),
        json.loads(observe(logs, merged, "--format", "json")),
    )


RELEASE = ("--release", "mcp", "--namespace", "mcp-system")


def run(*arguments: str) -> str:
    """What a command of mcpfence prints."""
    done = mcpfence(*arguments)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def observe(logs: Path, values: Path, *arguments: str, dns: str = "dns.dnstap") -> str:
    """`mcpfence observe` on the lab's logs."""
    around = ("--dns", logs / dns, "--pods", logs / "pods.json", "--services", logs / "services.json")
    return run("observe", str(logs / "flows.log"), "-f", str(values), *map(str, around), *RELEASE, *arguments)


def fence(cluster: Cluster, engine: Engine, values: Path) -> None:
    """Let the engine enforce what the values file renders to."""
    text = run("render", "--policies-only", "-f", str(values), *RELEASE)
    policies = [one for one in yaml.load_all(text, Loader=yaml.CSafeLoader) if one and one["kind"] in POLICIES]
    engine.judge([*listed(cluster, "Pod"), *policies])
    engine.fill(*PODS)


def reached(cluster: Cluster) -> dict[str, set[str]]:
    """What another process in each server's pod reaches."""
    command = ["python3", "-c", CONNECT, json.dumps(PLACES)]
    tried = {name: server.exec(command, stdout=subprocess.PIPE) for name, server in cluster.servers.items()}
    found = {}
    for name, process in tried.items():
        out, _ = process.communicate(timeout=PATIENCE)
        found[name] = {place for place, is_open in zip(PLACES, json.loads(out), strict=True) if is_open}
    return found


# --- the passage of docs/observe.md ---

DOC = ROOT / "docs" / "observe.md"
_TALLY = re.compile(r": \d+ days?, (\d+ pods?), [\d,]+ records?$")


def passage(told: Told) -> str:
    """The report without what differs from run to run, and what it became."""
    lines = ["```text", *_report(told.report), "```", "", "```yaml"]
    return "\n".join([*lines, *_servers(told.merged), "```"])


def _report(text: str) -> Iterator[str]:
    """From the first server on, without counts and places."""
    lines = text.splitlines()
    for line in lines[lines.index("") + 1 : lines.index("ready to enforce: no") - 1]:
        yield re.sub(r" \(\S+:\d+:\d+\)$", "", _TALLY.sub("", line))


def _servers(text: str) -> Sequence[str]:
    """What the merged file says of egress, without the day."""
    data = yaml.safe_load(text)["servers"]
    egress = {name: {"egress": server["egress"]} for name, server in data.items()}
    return yaml.safe_dump(egress, sort_keys=True, default_flow_style=None).splitlines()
