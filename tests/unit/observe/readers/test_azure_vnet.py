"""Azure's virtual network flow logs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flow_reading import read_all
from mcpfence.observe.readers import sniff
from mcpfence.observe.readers.azure_vnet import READER
from mcpfence.observe.record import BadLine, FlowEnd, Loss, Seen

TUPLES = [
    "1793610847404,10.224.1.7,192.175.48.6,41233,443,6,O,B,NX,0,0,0,0",
    "1793610849606,10.224.1.7,192.175.48.6,41233,443,6,O,E,NX,3,767,2,1580",
    "1793610849607,10.224.1.7,192.175.48.7,41233,53,17,O,D,NX,,,,",
]


def record(*tuples: str, version: int = 4) -> dict[str, Any]:
    """A record of a blob."""
    groups = [{"rule": "DefaultRule_AllowInternetOutBound", "flowTuples": list(tuples)}]
    return {
        "time": "2026-11-02T09:15:00.5625085Z",
        "flowLogVersion": version,
        "flowLogGUID": "00000000-0000-0000-0000-000000000000",
        "macAddress": "00224871C205",
        "category": "FlowLogFlowEvent",
        "flowRecords": {"flows": [{"aclID": "a", "flowGroups": groups}]},
    }


def test_tuples() -> None:
    """Each tuple is an oriented flow; D did not pass, and milliseconds are milliseconds."""
    found = read_all(READER, json.dumps(record(*TUPLES)))

    assert found[0] == Seen(
        1793610847404 * 10**6,
        FlowEnd(address="10.224.1.7"),
        FlowEnd(address="192.175.48.6"),
        41233,
        443,
        "TCP",
        "allowed",
        reply=False,
    )
    assert [(one.protocol, one.verdict) for one in found if isinstance(one, Seen)] == [
        ("TCP", "allowed"),
        ("TCP", "allowed"),
        ("UDP", "denied"),
    ]
    assert sniff([json.dumps(record())]) is READER
    assert {Loss.OTHER_DENIED, Loss.OVERLAY, Loss.IP_ONLY} <= set(READER.losses)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (record("1793610847404,10.224.1.7"), "has a flow tuple that is none"),
        (record(TUPLES[0].replace(",B,", ",X,")), "has a flow tuple that is none"),
        (record(TUPLES[0], version=2), "is of another version than 4"),
    ],
)
def test_bad_records(found: dict[str, Any], why: str) -> None:
    """Other versions count in other units, and are refused."""
    with pytest.raises(BadLine, match=f"^{why}$"):
        read_all(READER, json.dumps(found))
