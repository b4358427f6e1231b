r"""Google Cloud, as Cloud Logging exports its entries: VPC flow logs, GKE's policy-action log, Cloud DNS.

    {"jsonPayload":{"connection":{"src_ip":...,"protocol":6},"reporter":"SRC","src_gke_details":{...}},"logName":...}
    {"jsonPayload":{"connection":{...,"direction":"egress"},"disposition":"deny","src":{"pod_name":...}},...}
    {"jsonPayload":{"queryName":"api.example.com.","sourceIP":"10.4.1.7","rdata":"api.example.com.\\t60\\tIN\\ta\t..."}}

Replies of VPC flows are records of their own, and only about one packet in thirty is looked at.  Nodes keep the
policy-action log without the envelope.
"""

from __future__ import annotations

import re
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
    number_of,
    port_of,
    protocol_of,
    text_of,
)
from mcpfence.observe.record import BadLine, FlowEnd, FlowVerdict, Loss, Record, Resolved, Seen
from mcpfence.observe.times import parse_time

_VPC = re.compile(r'"logName"\s*:\s*"[^"]*(?:%2F|/)vpc_flows"')
_POLICY = re.compile(r'"disposition"\s*:\s*"(?:allow|deny)"')
_DNS = re.compile(r'"queryName"\s*:')


def _payload(line: LogLine) -> tuple[Mapping[str, Any], int]:
    """What the entry carries, which may be all of it, and its time."""
    entry = json_object(line.text or "")
    payload = mapping_of(entry.get("jsonPayload")) or entry
    for text in (payload.get("start_time"), payload.get("timestamp"), entry.get("timestamp")):
        if text:
            return payload, parse_time(text_of(text))
    return payload, line.time


def _connection(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    found = mapping_of(payload.get("connection"))
    if not found:
        raise BadLine("has no connection")
    return found


def _seen(
    payload: Mapping[str, Any], time: int, ends: tuple[FlowEnd, FlowEnd], verdict: FlowVerdict, reply: bool | None
) -> Seen:
    connection = _connection(payload)
    last = text_of(payload.get("end_time"))
    return Seen(
        time,
        ends[0]._replace(address=address_of(connection.get("src_ip"))),
        ends[1]._replace(address=address_of(connection.get("dest_ip"))),
        port_of(connection.get("src_port")),
        port_of(connection.get("dest_port")),
        protocol_of(connection.get("protocol")),
        verdict,
        reply,
        node=text_of(payload.get("node_name")),
        last=parse_time(last) if last else 0,
        times=max(number_of(payload.get("count")), 1),
    )


def _read_vpc(line: LogLine) -> Iterable[Record]:
    payload, time = _payload(line)
    source, destination = (_of_gke(payload.get(f"{side}_gke_details")) for side in ("src", "dest"))
    verdict: FlowVerdict = "denied" if payload.get("disposition") == "DROPPED" else "allowed"
    return (_seen(payload, time, (source, destination), verdict, None),)


def _of_gke(details: Any) -> FlowEnd:
    pod = mapping_of(mapping_of(details).get("pod"))
    return FlowEnd(text_of(pod.get("pod_namespace")), text_of(pod.get("pod_name")))


def _read_policy(line: LogLine) -> Iterable[Record]:
    payload, time = _payload(line)
    verdict: FlowVerdict = "denied" if payload.get("disposition") == "deny" else "allowed"
    ends = [mapping_of(payload.get(side)) for side in ("src", "dest")]
    source, destination = (FlowEnd(text_of(end.get("namespace")), text_of(end.get("pod_name"))) for end in ends)
    return (_seen(payload, time, (source, destination), verdict, reply=False),)


def _read_dns(line: LogLine) -> Iterable[Record]:
    payload, time = _payload(line)
    name = name_of(payload.get("queryName"))
    if payload.get("responseCode", "NOERROR") != "NOERROR" or not name:
        return ()
    client = FlowEnd(address=address_of(payload.get("sourceIP")))
    return (Resolved(time, client, name, tuple(_rdata(text_of(payload.get("rdata"))))),)


def _rdata(text: str) -> Iterable[str]:
    """The addresses of an answer, a record a line; one that is cut in its middle is none."""
    for record in text.split("\n"):
        fields = record.split("\t")
        if len(fields) == 5 and fields[3].upper() in {"A", "AAAA"} and "..." not in fields[4]:
            yield address_of(fields[4])


VPC = LogReader(
    "gcp-vpc",
    "GCP VPC flow logs",
    (Loss.SAMPLED, Loss.AGGREGATED, Loss.NO_NAMES, Loss.NO_LABELS, Loss.NO_REPLY_MARK, Loss.NOT_ON_NODE),
    lambda text: _VPC.search(text) is not None,
    alike(_read_vpc),
)
POLICY = LogReader(
    "gke-policy",
    "GKE network policy logging",
    (Loss.NO_NAMES, Loss.NO_LABELS, Loss.NO_ALLOWED),
    lambda text: _POLICY.search(text) is not None and '"connection"' in text,
    alike(_read_policy),
)
DNS = LogReader(
    "gcp-dns",
    "Cloud DNS query logs",
    (Loss.CUT_ANSWERS, Loss.ASKED_ALL),
    lambda text: _DNS.search(text) is not None and '"sourceIP"' in text,
    alike(_read_dns),
    dns=True,
)
