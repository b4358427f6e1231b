"""The network policy agent of EKS: its log file on a node (JSON of zap), and what it writes to CloudWatch.

    {"level":"info","ts":"2026-11-02T09:14:07.404Z","msg":"Flow Info: Src IP: 10.0.1.7 Src Port: 41233 Dest IP: ..."}
    Node: ip-10-0-1-9.eu-west-1.compute.internal;SIP: 10.0.1.7;SPORT: 41233;DIP: ...;PolicyVerdict: DENY;Tier: DEFAULT

IPv6 lines have colons that IPv4 lines lack.  What is allowed is logged at level debug alone; the text of CloudWatch has
no time of its own, its event has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from mcpfence.observe.lines import LogLine
from mcpfence.observe.readers.contract import LogReader, address_of, alike, json_object, port_of, protocol_of, text_of
from mcpfence.observe.record import BadLine, FlowEnd, FlowVerdict, Loss, Record, Seen
from mcpfence.observe.times import parse_time

_CLOUD = re.compile(
    r"Node: (?P<node>[^;]+);SIP: (?P<source>[^;]+);SPORT: (?P<source_port>\d+);DIP: (?P<destination>[^;]+);"
    r"DPORT: (?P<port>\d+);PROTOCOL: (?P<protocol>[^;]+);PolicyVerdict: (?P<verdict>[^;]+)"
)
_FILE = re.compile(
    r"Flow Info: +Src IP:? (?P<source>\S+) Src Port:? (?P<source_port>\d+) Dest IP:? (?P<destination>\S+) "
    r"Dest Port:? (?P<port>\d+) Proto:? (?P<protocol>\S+) Verdict:? (?P<verdict>\w+)"
)
VERDICTS: Mapping[str, FlowVerdict] = {"ACCEPT": "allowed", "DENY": "denied"}
"""The others (EXPIRED/DELETED) are of connections that end."""


def _knows(text: str) -> bool:
    return text.startswith("Node: ") or ('"msg":"Flow Info:' in text and text.startswith("{"))


def _read(line: LogLine) -> Iterable[Record]:
    text, time = line.text or "", line.time
    match = _CLOUD.match(text)
    if match is None:
        event = json_object(text)
        message = text_of(event.get("msg"))
        if not message.startswith("Flow Info"):
            return ()
        time = parse_time(text_of(event.get("ts"))) if event.get("ts") else time
        match = _FILE.match(message)
        if match is None:
            raise BadLine("is a flow in a form that is not known")
    found = match.groupdict()
    verdict = VERDICTS.get(found["verdict"])
    if verdict is None:
        return ()
    return (
        Seen(
            time,
            FlowEnd(address=address_of(found["source"])),
            FlowEnd(address=address_of(found["destination"])),
            port_of(found["source_port"]),
            port_of(found["port"]),
            protocol_of(found["protocol"]),
            verdict,
            None,
            node=found.get("node") or "",
        ),
    )


READER = LogReader(
    "eks-policy",
    "EKS network policy agent",
    (Loss.NO_NAMES, Loss.IP_ONLY, Loss.NO_ALLOWED, Loss.NO_REPLY_MARK, Loss.NO_TIME),
    _knows,
    alike(_read),
)
