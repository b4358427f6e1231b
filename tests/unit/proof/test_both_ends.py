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


DB: Raw = {"namespace": "data", "podSelector": {"app": "db"}}
ASKS: Raw = {**NOTES, "egress": {"services": [{"name": "db", **DB, "ports": [5432]}]}}
NOTES_PODS: Raw = {"namespace": "tools", "podSelector": {"app": "notes"}}
RESOLVER: Raw = {"dns": {"peers": [{"namespace": "tools", "podSelector": {"app": "dns"}}]}}
REGISTERED: Raw = {
    "gateway": {"provider": "kuadrant", "create": True, "publicHost": "mcp.example.com", "auth": {"type": "none"}},
    "servers": {"notes": {**NOTES, "gateway": {"service": {"name": "notes", "port": 8080}}}},
}
ENVOY: Raw = {"namespace": "front", "podSelector": {"gateway.networking.k8s.io/gateway-name": "mcp-gateway"}}


def registered(namespace: str) -> Raw:
    """A gateway whose Envoy lies in a namespace, and its broker elsewhere."""
    return {**REGISTERED, "gateway": {**REGISTERED["gateway"], "namespace": namespace}}


def cut_off(peer: str, source: str, why: str, todo: str) -> list[str]:
    """The one sentence about a back-end."""
    return [f"servers.notes: server notes may reach pods {peer} ({source}), but {why}; {todo}"]


BACK_ENDS: dict[str, tuple[Raw, list[str]]] = {
    "a workload that lets nobody in": (
        {"servers": {"notes": ASKS}, "workloads": {"db": DB}},
        cut_off(
            "app=db of namespace data",
            "servers.notes.egress.services[0]",
            "these are those of workload db, which does not",
            "declare the caller under clients, notes: {namespace: tools, podSelector: {app: notes}}, "
            "and write workloads.db.ingress: {from: [notes], ports: [5432]}",
        ),
    ),
    "a workload on another port": (
        {
            "servers": {"notes": {**ASKS, "ingress": {"from": []}}},
            "clients": {"notes": NOTES_PODS},
            "workloads": {"db": {**DB, "ingress": {"from": ["notes"], "ports": [80]}}},
        },
        cut_off(
            "app=db of namespace data",
            "servers.notes.egress.services[0]",
            "these are those of workload db, which does not",
            "declare the caller under clients, notes: {namespace: tools, podSelector: {app: notes}}, "
            "and write workloads.db.ingress: {from: [notes], ports: [5432]}",
        ),
    ),
    "as the sentence says": (
        {
            "servers": {"notes": {**ASKS, "ingress": {"from": []}}},
            "clients": {"notes": NOTES_PODS},
            "workloads": {"db": {**DB, "ingress": {"from": ["notes"], "ports": [5432]}}},
        },
        [],
    ),
    "no workload": ({"servers": {"notes": ASKS}}, []),
    "a workload of the fenced namespace": (
        {
            "servers": {
                "notes": {**NOTES, "egress": {"services": [{"name": "db", "podSelector": {"app": "db"}, "ports": [1]}]}}
            },
            "workloads": {"db": {"podSelector": {"app": "db"}}},
        },
        [],
    ),
    "a resolver under the floor": (
        {**RESOLVER, "servers": {"notes": {**NOTES, "egress": {"default": "internet"}}}},
        cut_off(
            "app=dns of namespace tools",
            "dns.peers",
            "mcp-default-deny denies these everything",
            "declare them in a namespace of their own",
        ),
    ),
}


GATEWAYS: dict[str, tuple[Raw, list[str]]] = {
    "a workload that lists it": (
        {**registered("front"), "workloads": {"envoy": {**ENVOY, "egress": {"servers": ["notes"]}}}},
        [],
    ),
    "a workload that lists nothing": (
        {**registered("front"), "workloads": {"envoy": ENVOY}},
        [
            "gateway: gateway envoy may call notes, but its own pods are those of workload envoy, which does not; "
            "add notes to workloads.envoy.egress.servers"
        ],
    ),
    "elsewhere": (registered("front"), []),
}


@pytest.mark.parametrize("name", GATEWAYS)
def test_both_ends_of_a_call_of_the_gateway(name: str) -> None:
    """The gateway's own pods are callers as every other one."""
    raw, sentences = GATEWAYS[name]
    found = rendered({**catalog(**TOOLS), **raw}).findings

    assert [one.message for one in found if one.id == "client-cut-off"] == sentences


def test_a_server_that_is_a_client_lists_the_back_end() -> None:
    """A call of a server to a workload wants an entry at the server."""
    quiet = {**ASKS, "ingress": {"from": []}}
    db = {**DB, "ingress": {"from": ["notes"], "ports": [80]}}
    raw = {"servers": {"notes": quiet}, "clients": {"notes": NOTES_PODS}, "workloads": {"db": db}}
    found = rendered({**catalog(**TOOLS), **raw}).findings

    assert [one.message for one in found if one.id == "client-cut-off"] == [
        "clients.notes: client notes may call db, but its own pods are those of server notes, which does not; list it under "
        "servers.notes.egress.services: {name: db, namespace: data, podSelector: {app: db}, ports: [80]}"
    ]


@pytest.mark.parametrize("name", BACK_ENDS)
def test_both_ends_of_a_call_to_a_back_end(name: str) -> None:
    """A server that may go out is not let in by that."""
    raw, sentences = BACK_ENDS[name]
    found = rendered(catalog(**{**TOOLS, **raw})).findings

    assert [one.message for one in found if one.id == "back-end-cut-off"] == sentences
    assert bool([one for one in found if one.id == "back-end-elsewhere"]) == (name == "no workload")


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
