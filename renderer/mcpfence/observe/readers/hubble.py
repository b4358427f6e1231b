r"""Hubble: Cilium's export files, `hubble observe -o json|jsonpb`, the older bare form, and aggregated exports.

    {"flow":{"time":"2026-11-02T09:14:07.404660075Z","verdict":"FORWARDED","IP":{...},"l4":{"TCP":{...}},
     "source":{"namespace":"mcp-servers","labels":[...],"pod_name":"github-x"},"is_reply":false,...},"node_name":"n1"}

From Cilium's flow.proto and observer.proto (v1.20): protojson leaves zero values out, so a missing `is_reply` means
that it is not known.  It is missing on drops, where `traffic_direction` is that of the local endpoint.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from mcpfence.observe.lines import LogLine
from mcpfence.observe.readers.contract import (
    LogReader,
    address_of,
    alike,
    json_object,
    mapping_of,
    name_of,
    number_of,
    port_of,
    text_of,
)
from mcpfence.observe.record import BadLine, Dropped, FlowEnd, FlowVerdict, Found, Loss, Record, Resolved, Seen
from mcpfence.observe.times import parse_time

VERDICTS: Mapping[str, FlowVerdict] = {
    "FORWARDED": "allowed",
    "REDIRECTED": "allowed",
    "AUDIT": "audit",
    "DROPPED": "denied",
    "ERROR": "denied",
}
"""The others (TRACED, TRANSLATED, VERDICT_UNKNOWN) are of events before any verdict."""

_FORM = re.compile(r'\s*\{\s*"(?:flow|lost_events|node_status|agent_event|debug_event)"\s*:\s*\{')
_BARE = re.compile(r'\s*\{.*"verdict"\s*:\s*"[A-Z_]+".*"(?:traffic_direction|event_type|Type|emitter)"\s*:')
_OTHERS = ("node_status", "agent_event", "debug_event")
_L4 = ("TCP", "UDP", "SCTP")


def _knows(text: str) -> bool:
    return _FORM.match(text) is not None or _BARE.match(text) is not None


def _read(line: LogLine) -> Iterable[Record]:
    event = json_object(line.text or "")
    flow = event.get("flow")
    if flow is None:
        if "lost_events" in event:
            return (Dropped(number_of(mapping_of(event["lost_events"]).get("num_events_lost")) or 1),)
        if any(key in event for key in _OTHERS):
            return ()
        flow = event
    if not isinstance(flow, dict) or "verdict" not in flow:
        raise BadLine("is no record of a flow")
    return _flow(flow, event)


def _flow(flow: Mapping[str, Any], event: Mapping[str, Any]) -> Iterator[Record]:
    time = parse_time(text_of(flow.get("time") or event.get("time")))
    node = text_of(flow.get("node_name") or event.get("node_name"))
    if "aggregate" in flow:
        yield Found(Loss.AGGREGATED)
        if not flow.get("IP"):
            yield Found(Loss.NO_ADDRESSES)
    dns = mapping_of(mapping_of(flow.get("l7")).get("dns"))
    if dns:
        yield from _dns(flow, dns, time, node)
        return
    verdict = VERDICTS.get(text_of(flow["verdict"]))
    reply = flow.get("is_reply")
    direction = flow.get("traffic_direction")
    if verdict is None or (reply is None and flow.get("trace_observation_point") == "FROM_ENDPOINT"):
        return  # nothing was decided yet: another event of the same packet tells the verdict
    source, destination = mapping_of(flow.get("source")), mapping_of(flow.get("destination"))
    if reply is None:
        reply = _of_drop(direction, source, destination)
    addresses = mapping_of(flow.get("IP"))
    protocol, ports = _layer_4(mapping_of(flow.get("l4")))
    names = flow.get("source_names" if reply else "destination_names") or ()
    yield Seen(
        time,
        _end(source, addresses.get("source"), flow.get("source_service")),
        _end(destination, addresses.get("destination"), flow.get("destination_service")),
        port_of(ports.get("source_port")),
        port_of(ports.get("destination_port")),
        protocol,
        verdict,
        reply if isinstance(reply, bool) else None,
        tuple(sorted(name_of(name) for name in names)),
        "flow" if names else "",
        node,
    )


def _of_drop(direction: Any, source: Mapping[str, Any], destination: Mapping[str, Any]) -> bool | None:
    """Whether what was dropped is a reply: its direction is that of the local endpoint, the one with an ID."""
    ours, theirs = bool(source.get("ID")), bool(destination.get("ID"))
    if ours == theirs or direction not in {"EGRESS", "INGRESS"}:
        return None
    return theirs if direction == "EGRESS" else ours


def _layer_4(layer: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    for name in _L4:
        if name in layer:
            return name, mapping_of(layer[name])
    name = next(iter(layer), "")
    return ("ICMP" if name.startswith("ICMP") else name), {}


def _end(end: Mapping[str, Any], address: Any, service: Any) -> FlowEnd:
    called = mapping_of(service)
    name = f"{called.get('namespace', '')}/{called['name']}" if called.get("name") else ""
    labels = end.get("labels") or _of_identity(end)
    return FlowEnd(
        text_of(end.get("namespace")),
        text_of(end.get("pod_name")) or _any_pod(end.get("workloads")),
        _labels(tuple(labels)) if isinstance(labels, list) else "",
        address_of(address),
        name,
    )


_IDENTITIES = {1: "host", 2: "world", 6: "remote-node", 7: "kube-apiserver", 9: "world", 10: "world"}
"""Cilium's reserved identities that are no pods; 9 and 10 are the world of one family."""


def _of_identity(end: Mapping[str, Any]) -> list[str]:
    """What an aggregate without labels says of an end that is no pod."""
    name = _IDENTITIES.get(number_of(end.get("identity"))) if not end.get("namespace") else None
    return [f"reserved:{name}"] if name else []


def _any_pod(workloads: Any) -> str:
    """`github-*` for a pod of which an aggregate has the workload alone."""
    first = mapping_of(workloads[0]) if isinstance(workloads, list) and workloads else {}
    name = text_of(first.get("name"))
    return f"{name}-*" if name else ""


_OURS = ("k8s:io.cilium.", "k8s:io.kubernetes.")
"""Labels that Cilium adds to a pod's own."""


@lru_cache(maxsize=65536)
def _labels(labels: tuple[Any, ...]) -> str:
    """The pod's own labels, without the source that Cilium writes before each, or `reserved:...`."""
    kept = (text for text in labels if isinstance(text, str) and not text.startswith((*_OURS, "cidr:", "fqdn:")))
    return ",".join(sorted(text.removeprefix("k8s:") for text in kept))


def _dns(flow: Mapping[str, Any], dns: Mapping[str, Any], time: int, node: str) -> Iterator[Record]:
    """A query, or an answer with the question's name: what a CNAME leads to is no matter."""
    name = name_of(dns.get("query"))
    answered = mapping_of(flow.get("l7")).get("type") == "RESPONSE"
    addresses = mapping_of(flow.get("IP"))
    side = "destination" if answered else "source"
    client = _end(mapping_of(flow.get(side)), addresses.get(side), None)
    if name and VERDICTS.get(text_of(flow.get("verdict"))) in {"allowed", "audit"}:
        found = dns.get("ips") or () if answered else ()
        yield Resolved(time, client, name, tuple(address_of(one) for one in found), node)


READER = LogReader(
    "hubble",
    "Hubble flows (Cilium)",
    (Loss.SOME_NAMES,),
    _knows,
    alike(_read),
)
