"""Inspektor Gadget's traces."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flow_reading import read_all, read_answer, read_flow
from flow_samples import NANOSECONDS, POD
from mcpfence.observe.readers import sniff
from mcpfence.observe.readers.gadget import DNS, TCP
from mcpfence.observe.record import FlowEnd, Loss, Resolved

POD_OF = {"kind": "pod", "name": POD, "namespace": "mcp-servers", "labels": "app=github"}
HEAD: dict[str, Any] = {
    "k8s": {"node": "n1", "namespace": "mcp-servers", "podName": POD, "podLabels": "app=github"},
    "timestamp": "2026-11-02T09:14:07.404660075Z",
    "proc": {"comm": "node"},
}
US = {"addr": "10.244.1.7", "version": 4, "port": 41233, "proto": "TCP", "k8s": POD_OF}
CONNECT = {**HEAD, "type": "connect", "error": "", "src": US, "dst": {"addr": "192.175.48.6", "port": 443}}
SERVER = {"kind": "pod", "name": "coredns-0", "namespace": "kube-system", "labels": "k8s-app=kube-dns"}
ANSWER = {
    **HEAD,
    "src": {"addr": "10.244.0.2", "port": 53, "proto": "UDP", "k8s": SERVER},
    "dst": {**US, "proto": "UDP"},
    "qr": "R",
    "name": "api.example.com.",
    "qtype": "A",
    "rcode": "Success",
    "addresses": "192.175.48.6,192.175.48.7",
}
GITHUB = FlowEnd("mcp-servers", POD, "app=github", "10.244.1.7")


def test_connections() -> None:
    """Who connects where; whether it was let through is not said."""
    found = read_flow(TCP, json.dumps(CONNECT))

    assert (found.time, found.source, found.destination) == (NANOSECONDS, GITHUB, FlowEnd(address="192.175.48.6"))
    assert (found.port, found.verdict, found.reply, found.node) == (443, "allowed", False, "n1")
    assert sniff([json.dumps(CONNECT)]) is TCP
    assert {Loss.ATTEMPTS, Loss.NO_NAMES, Loss.WHILE_RUNNING} <= set(TCP.losses)


def test_other_events() -> None:
    """Accepts and closes are no new flows; a failed attempt is nothing to grant."""
    assert read_all(TCP, json.dumps({**CONNECT, "type": "accept"}), json.dumps({**CONNECT, "type": "close"})) == []
    assert read_flow(TCP, json.dumps({**CONNECT, "error": "ETIMEDOUT"})).verdict == "denied"


@pytest.mark.parametrize("labels", ["app=github", {"app": "github"}])
def test_the_container_of_the_event(labels: Any) -> None:
    """Where the end names no pod the event's container is the caller; labels are a text or an object."""
    event = {**CONNECT, "k8s": {**HEAD["k8s"], "podLabels": labels}, "src": {"addr": "10.244.1.7", "port": 41233}}

    assert read_flow(TCP, json.dumps(event)).source == GITHUB


def test_a_service_is_named() -> None:
    """The other end may be a Service."""
    called = {"addr": "10.96.0.9", "port": 80, "k8s": {"kind": "svc", "name": "redis", "namespace": "data"}}

    assert read_flow(TCP, json.dumps({**CONNECT, "dst": called})).destination.service == "data/redis"


def test_answers() -> None:
    """The question with all addresses, of whoever was told them."""
    found = read_answer(DNS, json.dumps(ANSWER))

    assert found == Resolved(NANOSECONDS, GITHUB, "api.example.com", ("192.175.48.6", "192.175.48.7"), "n1")
    assert sniff([json.dumps(ANSWER)]) is DNS
    asked = {**ANSWER, "qr": "Q", "src": ANSWER["dst"], "dst": ANSWER["src"], "addresses": ""}
    assert read_answer(DNS, json.dumps(asked)) == found._replace(addresses=())
    assert read_all(DNS, json.dumps({**ANSWER, "rcode": "NameError"})) == []
