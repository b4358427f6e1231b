"""Route 53 Resolver query logs: questions with their answers; behind CoreDNS the client is CoreDNS or its node.

{"query_timestamp":"2026-11-02T09:14:07Z","query_name":"api.example.com.","query_type":"A","rcode":"NOERROR",
 "answers":[{"Rdata":"192.175.48.6","Type":"A","Class":"IN"}],"srcaddr":"10.0.1.7",...}
"""

from __future__ import annotations

from collections.abc import Iterable

from mcpfence.observe.lines import LogLine
from mcpfence.observe.readers.contract import LogReader, address_of, alike, json_object, mapping_of, name_of, text_of
from mcpfence.observe.record import FlowEnd, Loss, Record, Resolved
from mcpfence.observe.times import parse_time


def _read(line: LogLine) -> Iterable[Record]:
    query = json_object(line.text or "")
    name = name_of(query.get("query_name"))
    if query.get("rcode") != "NOERROR" or not name:
        return ()
    answers = [mapping_of(answer) for answer in query.get("answers") or ()]
    addresses = tuple(address_of(one.get("Rdata")) for one in answers if one.get("Type") in {"A", "AAAA"})
    client = FlowEnd(address=address_of(query.get("srcaddr")))
    return (Resolved(parse_time(text_of(query.get("query_timestamp"))), client, name, addresses),)


READER = LogReader(
    "route53",
    "Route 53 Resolver query logs",
    (Loss.ASKED_ALL,),
    lambda text: '"query_name"' in text and '"srcaddr"' in text,
    alike(_read),
    dns=True,
)
