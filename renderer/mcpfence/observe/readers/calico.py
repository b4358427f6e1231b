"""Calico: Whisker's and Goldmane's flows (open source, 3.30 or later), and the flow logs of Enterprise and Cloud.

    {"start_time":"2026-11-02T09:14:00Z","action":"Allow","source_name":"github-6d8f9c7b5-*","source_namespace":...,
     "source_labels":"app=github | pod-template-hash=6d8f9c7b5","dest_name":"PUBLIC NETWORK","dest_port":443,...}
    {"Key":{"source_name":...,"reporter":1,"action":2},"start_time":1793610840,"source_labels":["app=github"]}

Goldmane's emitter writes enums as numbers, Whisker as names.  No address of a host outside ever leaves the node there.
Both ends report a flow; a staged policy that would deny it makes it `audit`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mcpfence.observe.lines import LogLine
from mcpfence.observe.readers.contract import (
    LogReader,
    address_of,
    alike,
    json_object,
    mapping_of,
    name_of,
    port_of,
    protocol_of,
    text_of,
)
from mcpfence.observe.record import BadLine, FlowEnd, FlowVerdict, Loss, Record, Seen
from mcpfence.observe.times import of_number, parse_time

_OUTSIDE = {"PUBLIC NETWORK", "pub"}
_ALLOW, _DENY = {"Allow", "allow", 1}, {"Deny", "deny", 2}


def _knows(text: str) -> bool:
    return '"source_namespace"' in text and '"reporter"' in text and '"dest_name' in text


def _knows_enterprise(text: str) -> bool:
    return _knows(text) and '"source_name_aggr"' in text


def _knows_open_source(text: str) -> bool:
    return _knows(text) and '"source_name_aggr"' not in text


def _read(line: LogLine) -> Iterable[Record]:
    flow = json_object(line.text or "")
    flow = {**flow, **mapping_of(flow.get("Key"))}
    verdict = _verdict(flow)
    if verdict is None:
        return ()
    names = tuple(sorted(name_of(name) for name in flow.get("dest_domains") or ()))
    return (
        Seen(
            _time(flow.get("start_time")),
            _end(flow, "source"),
            _end(flow, "dest"),
            port_of(flow.get("source_port")),
            port_of(flow.get("dest_port")),
            protocol_of(flow.get("protocol") or flow.get("proto") or ""),
            verdict,
            reply=False,
            names=names,
            evidence="flow" if names else "",
            last=_time(flow.get("end_time")),
        ),
    )


def _time(value: Any) -> int:
    if value is None:
        return 0
    return parse_time(value) if isinstance(value, str) and not value.isdecimal() else of_number(value)


def _verdict(flow: Mapping[str, Any]) -> FlowVerdict | None:
    action = flow.get("action")
    if action in _DENY:
        return "denied"
    if action not in _ALLOW:
        if isinstance(action, (str, int)):
            return None  # Pass: another policy decides
        raise BadLine("has no action")
    policies = mapping_of(flow.get("policies"))
    pending = policies.get("pending") or policies.get("pending_policies") or ()
    return "audit" if any(mapping_of(one).get("action") in _DENY for one in pending) else "allowed"


def _end(flow: Mapping[str, Any], side: str) -> FlowEnd:
    name = text_of(flow.get(f"{side}_name"))
    if name in {"", "-"}:
        name = text_of(flow.get(f"{side}_name_aggr"))
    namespace = text_of(flow.get(f"{side}_namespace")).strip("-")
    address = address_of(flow.get(f"{side}_ip"))
    if namespace:
        return FlowEnd(namespace, name, _labels(flow.get(f"{side}_labels")), address)
    return FlowEnd(labels="reserved:world" if name in _OUTSIDE else "", address=address)


def _labels(labels: Any) -> str:
    """Labels as a text with bars, as a list, or as Enterprise's object with a list."""
    if isinstance(labels, dict):
        labels = labels.get("labels")
    parts = labels.split("|") if isinstance(labels, str) else labels if isinstance(labels, list) else []
    return ",".join(sorted(text_of(part).strip() for part in parts if "=" in text_of(part)))


READER = LogReader(
    "calico",
    "Calico flows (Whisker, Goldmane)",
    (Loss.NO_ADDRESSES, Loss.NO_NAMES, Loss.AGGREGATED),
    _knows_open_source,
    alike(_read),
)
ENTERPRISE = LogReader(
    "calico-enterprise",
    "Calico Enterprise flow logs",
    (Loss.AGGREGATED, Loss.SOME_NAMES),
    _knows_enterprise,
    alike(_read),
)
