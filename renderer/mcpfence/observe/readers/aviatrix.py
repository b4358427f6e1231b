"""Aviatrix Distributed Cloud Firewall: its syslog at layer 4, and at layer 7 with the name that the client showed.

    ... AviatrixGwMicrosegPacket: POLICY=126bafc2-... SRC_IP=10.244.1.7 DST_IP=... PROTO=TCP SRC_PORT=41233
      DST_PORT=443 DATA=0x ACT=DENY ENFORCED=false ...
    ... traffic_server[5141]: {"action":"Permit","reason":"POLICY","src":"10.244.1.7","sni_hostname":"api.example.com"}

A deny that is not enforced (`watch`) has passed.  Records of a session's end may be the wrong way round, so nothing but
the ports tells which end called.  The short form of 7.x has no addresses and cannot be read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from mcpfence.observe.lines import LogLine
from mcpfence.observe.readers.contract import LogReader, address_of, alike, mapping_of, name_of, port_of, text_of
from mcpfence.observe.record import BadLine, FlowEnd, FlowVerdict, Loss, Record, Seen
from mcpfence.observe.times import of_number, parse_time

_LAYER_4 = re.compile(r"(\d{4})/(\d{2})/(\d{2}) (\d{2}:\d{2}:\d{2}) AviatrixGwMicrosegPacket: (.*)\Z")
_LAYER_7 = re.compile(r"traffic_server\[\d+\]: (\{.*\})\s*\Z")
_PAIR = re.compile(r"(?<![A-Z_])([A-Z_]+)=(\S*)")


def _read(line: LogLine) -> Iterable[Record]:
    text = line.text or ""
    packet = _LAYER_4.search(text)
    if packet is not None:
        year, month, day, time, rest = packet.groups()
        return (_layer_4(dict(_PAIR.findall(rest)), parse_time(f"{year}-{month}-{day}T{time}Z")),)
    session = _LAYER_7.search(text)
    if session is None:
        if "Aviatrix" in text or "traffic_server" in text:
            return ()
        raise BadLine("is no record of the firewall")
    try:
        found = mapping_of(json.loads(session[1]))
    except (ValueError, RecursionError):
        raise BadLine("is no JSON, or only a part of it") from None
    return (_layer_7(found),) if found.get("reason") == "POLICY" else ()


def _layer_4(fields: Mapping[str, str], time: int) -> Seen:
    if "SRC_IP" not in fields or "DST_IP" not in fields:
        raise BadLine("is in the short form, which has no addresses")
    return Seen(
        time,
        FlowEnd(address=address_of(fields["SRC_IP"])),
        FlowEnd(address=address_of(fields["DST_IP"])),
        port_of(fields.get("SRC_PORT")),
        port_of(fields.get("DST_PORT")),
        fields.get("PROTO", "").upper(),
        _verdict(fields.get("ACT", ""), fields.get("ENFORCED") == "true"),
        None,
    )


def _layer_7(session: Mapping[str, Any]) -> Seen:
    name = name_of(session.get("sni_hostname"))
    start = session.get("session_start") or session.get("timestamp") or 0
    return Seen(
        of_number(start),
        FlowEnd(address=address_of(session.get("src"))),
        FlowEnd(address=address_of(session.get("dest"))),
        port_of(session.get("src_port")),
        port_of(session.get("dest_port")),
        "TCP",
        _verdict(text_of(session.get("action")), session.get("enforced") is not False),
        reply=False,
        names=(name,) if name else (),
        evidence="sni" if name else "",
    )


def _verdict(action: str, enforced: bool) -> FlowVerdict:
    if action.upper() not in {"PERMIT", "DENY"}:
        raise BadLine("has an action that is none")
    return "allowed" if action.upper() == "PERMIT" else "denied" if enforced else "audit"


READER = LogReader(
    "aviatrix",
    "Aviatrix Distributed Cloud Firewall",
    (Loss.IP_ONLY, Loss.SHOWN_NAMES, Loss.NO_REPLY_MARK, Loss.LOGGED_ONLY, Loss.NOT_ON_NODE, Loss.LOCAL_TIME),
    lambda text: "AviatrixGwMicrosegPacket:" in text or _LAYER_7.search(text) is not None,
    alike(_read),
)
