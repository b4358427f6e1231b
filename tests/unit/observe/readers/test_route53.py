"""Route 53 Resolver's query logs."""

from __future__ import annotations

import json
from typing import Any

from flow_reading import read_all, read_answer
from mcpfence.observe.readers import sniff
from mcpfence.observe.readers.route53 import READER
from mcpfence.observe.record import FlowEnd, Loss, Resolved

QUERY: dict[str, Any] = {
    "version": "1.100000",
    "query_timestamp": "2026-11-02T09:14:07Z",
    "query_name": "api.example.com.",
    "query_type": "A",
    "query_class": "IN",
    "rcode": "NOERROR",
    "answers": [
        {"Rdata": "edge.example.net.", "Type": "CNAME", "Class": "IN"},
        {"Rdata": "192.175.48.6", "Type": "A", "Class": "IN"},
    ],
    "srcaddr": "10.0.1.7",
    "srcport": "41233",
    "srcids": {"instance": "i-0"},
}


def test_a_query() -> None:
    """The question with the addresses of its answer."""
    client = FlowEnd(address="10.0.1.7")

    assert read_answer(READER, json.dumps(QUERY)) == Resolved(
        1_793_610_847 * 10**9, client, "api.example.com", ("192.175.48.6",)
    )
    assert read_all(READER, json.dumps({**QUERY, "rcode": "NXDOMAIN"})) == []
    assert sniff([json.dumps(QUERY)]) is READER
    assert Loss.ASKED_ALL in READER.losses
