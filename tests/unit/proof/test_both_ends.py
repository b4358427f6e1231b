"""A call has two ends: a warning where a declared client's own side, in the same render, stands against it."""

from __future__ import annotations

from typing import Any

import pytest

from helpers import catalog, rendered

Raw = dict[str, Any]

NOTES: Raw = {
    "runtime": "containerized",
    "containerizedConfig": {"image": "ghcr.io/example/notes:1", "port": 8080},
    "egress": {"domains": []},
}
PROXY: Raw = {"namespace": "tools", "podSelector": {"app": "proxy"}}
FRONT: Raw = {**PROXY, "namespace": "front"}
BACK: Raw = {**PROXY, "callbackPort": 3000}
TOOLS: Raw = {"mcpNamespace": {"name": "tools"}, "servers": {"notes": NOTES}}
QUIET: Raw = {**NOTES, "ingress": {"from": []}}
LISTED: Raw = {**NOTES, "egress": {"services": [{"name": "proxy", **PROXY, "ports": [3000]}]}}
CACHE: Raw = {"podSelector": {"app": "cache"}, "ingress": {"from": ["proxy"], "ports": [6379]}}

FLOOR = "but mcp-default-deny denies its own pods everything"
GATE = "but its own pods are those of workload gate, which does not"
DECLARE = "declare its pods under workloads, too: proxy: {namespace: tools, podSelector: {app: proxy}, egress: "
ADD = "add notes to workloads.gate.egress.servers"


def said(what: str, why: str, todo: str) -> list[str]:
    """The one sentence about the client."""
    return [f"clients.proxy: client proxy may {what}, {why}; {todo}"]


def gate(pods: Raw = PROXY, **more: Any) -> Raw:
    """The proxy's pods as a workload."""
    return {"gate": {**pods, **more}}


CASES: dict[str, tuple[Raw, list[str]]] = {
    "under the floor": (
        {"clients": {"proxy": PROXY}},
        said("call notes", FLOOR, f"{DECLARE}{{servers: [notes]}}}}"),
    ),
    "as the sentence says": ({"clients": {"proxy": PROXY}, "workloads": gate(egress={"servers": ["notes"]})}, []),
    "every server": ({"clients": {"proxy": PROXY}, "workloads": gate(egress={"servers": "all"})}, []),
    "a workload that lists nothing": (
        {"clients": {"proxy": PROXY}, "workloads": gate()},
        said("call notes", GATE, ADD),
    ),
    "a workload that lists one of two": (
        {
            "servers": {"notes": NOTES, "time": NOTES},
            "clients": {"proxy": PROXY},
            "workloads": gate(egress={"servers": ["time"]}),
        },
        said("call notes", GATE, ADD),
    ),
    "a workload of another namespace": (
        {"clients": {"proxy": FRONT}, "workloads": gate(FRONT, egress={"default": "internet"})},
        said("call notes", GATE, ADD),
    ),
    "the whole namespace": (
        {"clients": {"proxy": {"namespace": "tools"}}},
        said("call notes", FLOOR, "name its pods with a podSelector, and declare these under workloads, too"),
    ),
    "a server": (
        {
            "servers": {"notes": {**NOTES, "ingress": {"from": ["proxy"]}}, "time": QUIET},
            "clients": {"proxy": {**PROXY, "podSelector": {"app": "time"}}},
        },
        said(
            "call notes",
            "but its own pods are those of server time, which does not",
            "nothing can: its pods are those of server time, and servers do not call each other; remove it",
        ),
    ),
    "a workload that is called": (
        {"servers": {"notes": QUIET}, "clients": {"proxy": PROXY}, "workloads": {"cache": CACHE}},
        said(
            "call cache",
            FLOOR,
            f"{DECLARE}{{services: [{{name: cache, namespace: tools, podSelector: {{app: cache}}, ports: [6379]}}]}}}}",
        ),
    ),
    "a callback": (
        {"clients": {"proxy": BACK}, "workloads": gate(egress={"servers": ["notes"]})},
        said(
            "be called back by notes",
            GATE,
            "list it under egress.services of these servers: "
            "{name: proxy, namespace: tools, podSelector: {app: proxy}, ports: [3000]}",
        ),
    ),
    "a callback that is listed": (
        {
            "servers": {"notes": LISTED},
            "clients": {"proxy": BACK},
            "workloads": gate(egress={"servers": ["notes"]}),
        },
        [],
    ),
    "a callback to a back-end under the floor": (
        {"servers": {"notes": LISTED}, "clients": {"proxy": BACK}},
        said("call notes", FLOOR, f"{DECLARE}{{servers: [notes]}}}}"),
    ),
    "no floor": (
        {"mcpNamespace": {"name": "tools", "networkPolicy": {"enabled": False}}, "clients": {"proxy": PROXY}},
        [],
    ),
    "elsewhere": ({"clients": {"proxy": FRONT}}, []),
    "addresses": ({"clients": {"proxy": {"cidrs": ["198.51.100.0/28"]}}}, []),
}


@pytest.mark.parametrize("name", CASES)
def test_both_ends_of_a_call(name: str) -> None:
    """What lets the caller in is half of it; the other half is said, with the entry that gives it."""
    keys, expected = CASES[name]
    findings = rendered({**catalog(), **TOOLS, **keys}).findings

    assert [one.message for one in findings if one.id == "client-cut-off"] == expected


def test_many_servers_are_counted() -> None:
    """A sentence stays a sentence."""
    servers = {f"s{number:02}": NOTES for number in range(23)}
    findings = rendered({**catalog(), **TOOLS, "servers": servers, "clients": {"proxy": PROXY}}).findings
    (sentence,) = [one.sentence for one in findings if one.id == "client-cut-off"]

    assert sentence.endswith(f"s18, s19 and 3 servers more, {FLOOR}")
