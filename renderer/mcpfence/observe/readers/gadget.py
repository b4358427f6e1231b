"""Inspektor Gadget, `-o json`: trace_tcp (who connects) and trace_dns (questions with the addresses of their answers).

    {"k8s":{"namespace":"mcp-servers","podName":"github-x","podLabels":"app=github"},"timestamp":...,"type":"connect",
     "src":{"addr":"10.244.1.7","port":41233,"proto":"TCP","k8s":{...}},"dst":{"addr":"192.175.48.6","port":443,...}}

An answer's addresses are those at the end of all CNAMEs, beside the question's name.  Labels are a text, or an object
in older versions.
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
    labels_of,
    mapping_of,
    name_of,
    port_of,
    text_of,
)
from mcpfence.observe.record import FlowEnd, FlowVerdict, Loss, Record, Resolved, Seen
from mcpfence.observe.times import parse_time


def _knows(text: str) -> bool:
    return '"k8s"' in text and '"src"' in text and '"dst"' in text and '"timestamp"' in text


def _end(event: Mapping[str, Any], side: str) -> FlowEnd:
    """One end; what it says of its pod itself, else the container in which the event was seen is not assumed."""
    end = mapping_of(event.get(side))
    pod = mapping_of(end.get("k8s"))
    address = address_of(end.get("addr"))
    if pod.get("kind") not in {None, "pod"}:
        return FlowEnd(address=address, service=_service(pod))
    return FlowEnd(text_of(pod.get("namespace")), text_of(pod.get("name")), _labels(pod.get("labels")), address)


def _service(pod: Mapping[str, Any]) -> str:
    return f"{pod.get('namespace')}/{pod.get('name')}" if pod.get("kind") == "svc" else ""


def _seen_in(event: Mapping[str, Any], end: FlowEnd) -> FlowEnd:
    """The container of the event, where the end says no pod of its own."""
    here = mapping_of(event.get("k8s"))
    if end.namespace or not here.get("namespace"):
        return end
    labels = _labels(here.get("podLabels"))
    return FlowEnd(text_of(here["namespace"]), text_of(here.get("podName")), labels, end.address)


def _labels(labels: Any) -> str:
    if isinstance(labels, dict):
        return labels_of(labels)
    return ",".join(sorted(part.strip() for part in text_of(labels).split(",") if "=" in part))


def _read_tcp(line: LogLine) -> Iterable[Record]:
    event = json_object(line.text or "")
    if event.get("type") != "connect":
        return ()
    source, destination = _seen_in(event, _end(event, "src")), _end(event, "dst")
    source_port, port = (port_of(mapping_of(event.get(side)).get("port")) for side in ("src", "dst"))
    verdict: FlowVerdict = "denied" if event.get("error") else "allowed"
    time, node = parse_time(text_of(event.get("timestamp"))), text_of(mapping_of(event.get("k8s")).get("node"))
    return (Seen(time, source, destination, source_port, port, "TCP", verdict, reply=False, node=node),)


def _read_dns(line: LogLine) -> Iterable[Record]:
    event = json_object(line.text or "")
    answered = event.get("qr") == "R"
    name = name_of(event.get("name"))
    if not name or (answered and event.get("rcode") not in {"Success", "NoError"}):
        return ()
    # The client is who was told, or who asked; the resolver's own pod sees the same packets.
    client = _end(event, "dst" if answered else "src")
    addresses = [address_of(text) for text in text_of(event.get("addresses")).split(",") if answered and text]
    time = parse_time(text_of(event.get("timestamp")))
    return (Resolved(time, client, name, tuple(addresses), text_of(mapping_of(event.get("k8s")).get("node"))),)


def _is_dns(text: str) -> bool:
    return _knows(text) and '"qr"' in text


TCP = LogReader(
    "gadget-tcp",
    "Inspektor Gadget trace_tcp",
    (Loss.NO_NAMES, Loss.ATTEMPTS, Loss.NO_DENIED, Loss.TCP_ONLY, Loss.WHILE_RUNNING),
    lambda text: _knows(text) and '"type"' in text and not _is_dns(text),
    alike(_read_tcp),
)
DNS = LogReader(
    "gadget-dns",
    "Inspektor Gadget trace_dns",
    (Loss.WHILE_RUNNING,),
    _is_dns,
    alike(_read_dns),
    dns=True,
)
