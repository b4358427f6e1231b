"""Connectivity as a JSON document, with everything that the text format has no words for.

    {
      "format": "mcpfence.reach/v1",
      "workloads": ["mcp/github[Deployment]", ...],
      "connections": [
        {"from": {"workload": "mcp/github[Deployment]"}, "to": {"workload": "kube-system/dns[Pod]"},
         "traffic": {"TCP": ["53"], "UDP": ["53"]}},
        {"from": {"workload": "mcp/github[Deployment]"}, "to": {"addresses": ["1.0.0.0-9.255.255.255"]},
         "traffic": {"TCP": ["443"]}, "names": ["api.github.com", "*.githubusercontent.com"]},
        {"from": {"addresses": ["192.0.2.0-192.0.2.255"]}, "to": {"workload": "..."}, "traffic": {"all": true}},
        {"from": {"ingressController": true}, "to": {"workload": "..."}, "traffic": {"TCP": ["8080"]}}],
      "unknown": [{"workload": "...", "direction": "egress"}],
      "problems": [{"document": "NetworkPolicy mcp/x", "field": "spec.egress[0]...", "reason": "..."}],
      "notEvaluated": [{"document": "...", "apiGroup": "...", "namespace": "mcp", "selects": "app=x"}],
      "cautions": ["..."]
    }

`traffic` is {"all": true}, or ports and port ranges by protocol (TCP, UDP, SCTP) and `true` for ICMP and other (every
further IP protocol).  `addresses` are ranges, first and last included, IPv4 before IPv6.  `names` stands where only
flows that show certain names pass (`names.signed_patterns`).  In `notEvaluated` the namespace is null where several are
concerned, and `selects` where it cannot be told.  Later versions may add keys; they take none away.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from mcpfence.net.addresses import format_address
from mcpfence.net.intervals import Intervals
from mcpfence.reach.connectivity.connections import Connectivity
from mcpfence.reach.connectivity.ingress_backends import CONTROLLER_TEXT
from mcpfence.reach.connectivity.list_form import focused
from mcpfence.reach.connectivity.outside import Outside
from mcpfence.reach.engines.not_evaluated import NotEvaluated
from mcpfence.reach.flows import host_names, traffic
from mcpfence.reach.flows.label_sets import box_text

FORMAT = "mcpfence.reach/v1"


def as_json(found: Connectivity, focus: str = "") -> str:
    """The document as text, with a newline at its end."""
    return json.dumps(document(found, focus), indent=2) + "\n"


def document(found: Connectivity, focus: str = "") -> dict[str, Any]:
    """The document; with `focus` (see `text.rows`) only the connections of one workload."""
    wanted = focused(found, focus) if focus else None
    return {
        "format": FORMAT,
        "workloads": list(found.workloads),
        "connections": list(_connections(found, wanted)),
        "unknown": [{"workload": text, "direction": direction} for text, direction in found.unknown],
        "problems": [{"document": one.document, "field": one.field, "reason": one.reason} for one in found.problems],
        "notEvaluated": [_not_evaluated(one) for one in found.not_evaluated],
        "cautions": [*found.cautions, *found.absent],
    }


def _connections(found: Connectivity, wanted: frozenset[str] | None) -> Iterator[dict[str, Any]]:
    for text in found.workloads:
        mine = wanted is None or text in wanted
        if mine:
            yield from ({"from": ends, "to": {"workload": text}, **what} for ends, what in _outside(found.inward[text]))
        for target, points in found.inside[text]:
            if target != text and (wanted is None or mine or target in wanted):
                yield {"from": {"workload": text}, "to": {"workload": target}, "traffic": _traffic(points)}
        if mine:
            me = {"workload": text}
            yield from ({"from": me, "to": ends, **what} for ends, what in _outside(found.outward[text]))
    for target, points in found.controller:
        if wanted is None or target in wanted or CONTROLLER_TEXT in wanted:
            yield {"from": {"ingressController": True}, "to": {"workload": target}, "traffic": _traffic(points)}


def _outside(outside: Outside) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for members, allowed in outside:
        for points, shown in allowed:
            what: dict[str, Any] = {"traffic": _traffic(points)}
            if shown is not host_names.ANY:
                what["names"] = list(host_names.signed_patterns(shown))
            yield {"addresses": _ranges(members)}, what


@lru_cache(maxsize=4096)
def _traffic(points: Intervals) -> dict[str, Any]:
    if points == traffic.EVERY_POINT:
        return {"all": True}
    return {
        protocol: [str(first) if first == last else f"{first}-{last}" for first, last in ports] or True
        for protocol, ports in traffic.by_protocol(points)
    }


def _ranges(members: Intervals) -> list[str]:
    return [f"{format_address(first)}-{format_address(last)}" for first, last in members]


def _not_evaluated(one: NotEvaluated) -> dict[str, Any]:
    selects = box_text(one.selector) if one.selector is not None else "nothing"
    return {
        "document": one.title,
        "apiGroup": one.api_group,
        "namespace": one.namespace,
        "selects": selects if one.told else None,
    }
