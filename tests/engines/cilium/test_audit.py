"""The step before enforcing (`mcpfence observe --prepare`): Cilium's engine and its DNS proxy let everything through."""

from __future__ import annotations

import json

import yaml

from cilium.judge import Document, Judge, Point, Question
from helpers import CLIENT, Raw, run_cli
from reaching.loading import namespace, pod

CATALOG: Raw = {
    "mcpNamespace": {"name": "mcp"},
    "egress": {"provider": "cilium", "cilium": {"sni": True}},
    "cluster": {"ipFamilies": ["IPv4", "IPv6"]},
    "clients": CLIENT,
    "servers": {
        "a": {
            "runtime": "containerized",
            "containerizedConfig": {"image": "x", "port": 8080},
            "egress": {"domains": ["api.example.com"], "cidrs": [{"cidr": "10.20.0.0/16", "ports": [5432]}]},
        }
    },
}
SERVER, RESOLVER = "mcp/server", "kube-system/resolver"
AROUND = [
    namespace("mcp"),
    namespace("kube-system"),
    pod("server", {"app": "a"}, namespace="mcp"),
    pod("resolver", {"k8s-app": "kube-dns"}, namespace="kube-system"),
]
ADDRESSES = ("8.8.8.8", "10.20.0.1", "169.254.169.254", "2606:4700:4700::1111", "fd00:ec2::254")
POINTS: tuple[Point, ...] = (("TCP", 443), ("TCP", 22), ("UDP", 53), ("SCTP", 7))
ASKED = ("api.example.com", "other.test")


def printed(*arguments: str) -> list[Document]:
    """The CiliumNetworkPolicies that a command prints, among the pods."""
    done = run_cli(*arguments, "-f", "-", stdin=json.dumps(CATALOG).encode())
    assert done.code == 0, done.stderr
    policies = [one for one in yaml.safe_load_all(done.stdout) if one and one["kind"] == "CiliumNetworkPolicy"]
    assert policies
    return [*AROUND, *policies]


def answers(judge: Judge, documents: list[Document]) -> tuple[str, str]:
    """The letters of flows to addresses, without and with a name; those of questions to the resolver."""
    flows = Question((SERVER,), ADDRESSES, POINTS)
    dns = Question((SERVER,), (RESOLVER,), (("UDP", 53),), lookups=ASKED)
    plain, named, looked = judge.ask(documents, flows, flows._replace(name="other.test"), dns)
    return plain.verdicts + named.verdicts, looked.lookups


def test_nothing_is_denied(judge: Judge) -> None:
    """Every flow passes and every name may be asked for, though the policies are loaded."""
    flows, lookups = answers(judge, printed("observe", "--prepare"))

    assert flows == flows[0] * len(flows)
    assert flows[0] in "ae"
    assert lookups == "yy"


def test_the_enforced_ones_deny(judge: Judge) -> None:
    """The twin: the same questions, so the answers above can be others."""
    flows, lookups = answers(judge, printed("render", "--policies-only"))

    assert "i" in flows
    assert lookups == "yr"  # refused
