"""Azure virtual network flow logs, version 4: a blob of an hour, or one record a line.

    {"time":...,"flowLogVersion":4,"flowRecords":{"flows":[{"flowGroups":[{"rule":...,"flowTuples":[
      "1793610847599,10.224.1.7,192.175.48.6,41233,443,6,O,B,NX,0,0,0,0"]}]}]}}

A tuple is oriented and counts both ways, so there are no replies; its time is in milliseconds.  Begun, continued and
ended flows are allowed, D is denied by a network security group or Virtual Network Manager.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mcpfence.observe.lines import LogLine
from mcpfence.observe.readers.contract import (
    LogReader,
    address_of,
    alike,
    json_object,
    mapping_of,
    number_of,
    port_of,
    protocol_of,
)
from mcpfence.observe.record import BadLine, FlowEnd, FlowVerdict, Loss, Record, Seen
from mcpfence.observe.times import of_number

_STATES: Mapping[str, FlowVerdict] = {"B": "allowed", "C": "allowed", "E": "allowed", "D": "denied"}


def _knows(text: str) -> bool:
    return '"flowRecords"' in text and '"flowLogVersion"' in text


def _read(line: LogLine) -> Iterator[Record]:
    record = json_object(line.text or "")
    if record.get("flowLogVersion") != 4:
        raise BadLine("is of another version than 4")
    for flow in mapping_of(record.get("flowRecords")).get("flows") or ():
        for group in mapping_of(flow).get("flowGroups") or ():
            for text in mapping_of(group).get("flowTuples") or ():
                yield _tuple(str(text).split(","))


def _tuple(fields: list[str]) -> Record:
    if len(fields) < 9 or fields[7] not in _STATES:
        raise BadLine("has a flow tuple that is none")
    return Seen(
        of_number(number_of(fields[0])),
        FlowEnd(address=address_of(fields[1])),
        FlowEnd(address=address_of(fields[2])),
        port_of(fields[3]),
        port_of(fields[4]),
        protocol_of(fields[5]),
        _STATES[fields[7]],
        reply=False,
    )


READER = LogReader(
    "azure-vnet",
    "Azure virtual network flow logs",
    (Loss.NO_NAMES, Loss.IP_ONLY, Loss.OTHER_DENIED, Loss.OVERLAY, Loss.AGGREGATED),
    _knows,
    alike(lambda line: tuple(_read(line))),
)
