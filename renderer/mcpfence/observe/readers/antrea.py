"""Antrea: the flow aggregator's log (CSV without a header), and np.log, which agents write for rules with logging.

    1793610847,1793610861,10.10.1.7,192.175.48.6,41233,443,TCP,github-6d8f9c7b5-x2abc,mcp-servers,n1,,,,,,0,,...
    2026/11/02 09:14:07.404660 EgressDefaultRule K8sNetworkPolicy <nil> Egress Drop <nil> mcp-servers/github-... ...

The aggregator's rows have 30 columns, 29 before destinationServiceIP came.  Flows are oriented by conntrack.  Times of
np.log are the node's local time.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable

from mcpfence.observe.lines import LogLine
from mcpfence.observe.readers.contract import LogReader, address_of, alike, port_of, protocol_of
from mcpfence.observe.record import BadLine, FlowEnd, FlowVerdict, Loss, Record, Seen
from mcpfence.observe.times import of_number, parse_time

_ROW = re.compile(r"\d{10},\d{10},[0-9a-fA-F.:]+,[0-9a-fA-F.:]+,\d+,\d+,\w+,")
_LOGGED = re.compile(
    r"(?P<date>\d{4}/\d{2}/\d{2}) (?P<time>\d{2}:\d{2}:\d{2}\.\d+) \S+ \S+ \S+ (?P<direction>Egress|Ingress) "
    r"(?P<action>Allow|Pass|Drop|Reject) \S+ (?P<pod>\S+) (?P<source>\S+) (?P<source_port>\S+) (?P<destination>\S+) "
    r"(?P<port>\S+) (?P<protocol>\S+) "
)
_DENIED = {"Drop", "Reject", "2", "3"}
_COLUMNS = (29, 30)


def _read_flow(line: LogLine) -> Iterable[Record]:
    row = next(csv.reader([line.text or ""]))
    if len(row) not in _COLUMNS:
        raise BadLine(f"has {len(row)} columns, and the log has 30, or 29 in older versions")
    newer = len(row) - _COLUMNS[0]  # destinationServiceIP stands before the Service's port
    service, _, _ = row[15 + newer].partition(":")
    ingress, egress = row[19 + newer], row[24 + newer]
    verdict: FlowVerdict = "denied" if {ingress, egress} & _DENIED else "allowed"
    return (
        Seen(
            of_number(row[0]),
            FlowEnd(row[8], row[7], "", address_of(row[2])),
            FlowEnd(row[11], row[10], "", address_of(row[3]), "" if row[10] else service),
            port_of(row[4]),
            port_of(row[5]),
            protocol_of(row[6]),
            verdict,
            reply=False,
            node=row[9],
            last=of_number(row[1]),
        ),
    )


def _read_logged(line: LogLine) -> Iterable[Record]:
    match = _LOGGED.match(line.text or "")
    if match is None:
        raise BadLine("is no line of np.log")
    found = match.groupdict()
    namespace, _, pod = found["pod"].rpartition("/")
    outgoing = found["direction"] == "Egress"
    applied = FlowEnd(namespace, pod, "", address_of(found["source" if outgoing else "destination"]))
    other = FlowEnd(address=address_of(found["destination" if outgoing else "source"]))
    ports = [port_of(text if text.isdecimal() else "") for text in (found["source_port"], found["port"])]
    source, destination = (applied, other) if outgoing else (other, applied)
    return (
        Seen(
            parse_time(f"{found['date'].replace('/', '-')}T{found['time']}Z"),
            source,
            destination,
            ports[0],
            ports[1],
            protocol_of(found["protocol"]),
            "allowed" if found["action"] in ("Allow", "Pass") else "denied",
            reply=False,
        ),
    )


FLOWS = LogReader(
    "antrea",
    "Antrea flow aggregator",
    (Loss.NO_NAMES, Loss.NO_LABELS, Loss.AGGREGATED),
    lambda text: _ROW.match(text) is not None,
    alike(_read_flow),
)
LOGGED = LogReader(
    "antrea-np",
    "Antrea np.log",
    (Loss.NO_NAMES, Loss.NO_LABELS, Loss.LOGGED_ONLY, Loss.LOCAL_TIME),
    lambda text: _LOGGED.match(text) is not None,
    alike(_read_logged),
)
