"""CoreDNS and NodeLocal DNSCache, plugin `log` in its common format: who asked for which name; answers are not in it.

    [INFO] 10.244.1.7:41233 - 29008 "A IN api.example.com. udp 41 false 4096" NOERROR qr,rd,ra 68 0.004010251s

Lines have no time of their own; the container runtime's prefix has one.  Search paths make most of the lines: names
that do not exist are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mcpfence.observe.addresses import split_port
from mcpfence.observe.lines import LogLine
from mcpfence.observe.readers.contract import LogReader, alike, name_of
from mcpfence.observe.record import BadLine, FlowEnd, Loss, Record, Resolved

_FORM = re.compile(
    r'(?:\[INFO\] )?(?P<client>\[?[0-9a-fA-F.:%]+\]?:\d+) - \d+ "(?P<type>[A-Z0-9]+) [A-Z0-9]+ (?P<name>\S+) \w+ \d+ '
    r'(?:true|false) \d+" (?P<code>[A-Z]+) '
)
_OWN_WORDS = re.compile(
    r"\[(?:INFO|WARNING|ERROR|FATAL)\] (?:plugin/|\d+\.|SIGTERM|Reloading|Running)|CoreDNS-|linux/|\.:|[.\w]+:\d+\Z"
)
"""What else CoreDNS says in the same stream."""


def _knows(text: str) -> bool:
    return _FORM.match(text) is not None


def _read(line: LogLine) -> Iterable[Record]:
    text = line.text or ""
    match = _FORM.match(text)
    if match is None:
        if _OWN_WORDS.match(text):
            return ()
        raise BadLine("is no line of the plugin log in its common format")
    if match["code"] != "NOERROR" or match["type"] not in {"A", "AAAA", "HTTPS"}:
        return ()
    client, _ = split_port(match["client"])
    return (Resolved(line.time, FlowEnd(address=client), name_of(match["name"])),)


READER = LogReader(
    "coredns",
    "CoreDNS or NodeLocal DNSCache, plugin log",
    (Loss.NO_ANSWERS, Loss.ASKED_ALL),
    _knows,
    alike(_read),
    dns=True,
)
