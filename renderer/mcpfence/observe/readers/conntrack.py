"""conntrack of a node's kernel, `conntrack -E -o timestamp`: every connection of its pods, whatever the network plugin.

    [1793610847.404660]	    [NEW] tcp      6 120 SYN_SENT src=10.244.1.7 dst=10.96.0.9 sport=41233 dport=81
        [UNREPLIED] src=192.175.48.6 dst=10.0.1.9 sport=80 dport=41233                        (on one line)

First stands what the caller sent, with its own address even where the node puts its own in the place (masquerade), then
what the answer is: who really was called, behind a Service, too.  `extended` and `id` among the options do no harm.
An event of the end counts as well, for what began before the command; updates do not.  What the node drops has no
event.  Where the kernel's buffer overflows (`-b` makes it larger) a warning is on stderr alone.  Source:
conntrack-tools 1.4.7, whose lines stand in the tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mcpfence.observe.lines import LogLine
from mcpfence.observe.readers.contract import LogReader, address_of, alike, port_of, protocol_of
from mcpfence.observe.record import BadLine, FlowEnd, Loss, Record, Seen
from mcpfence.observe.times import SECOND

_EVENT = re.compile(
    r"\[(?P<seconds>\d{9,11})\.(?P<rest>\d{6})\]\s+\[(?P<event>NEW|UPDATE|DESTROY)\] (?:ipv[46]\s+\d+ )?"
    r"(?P<protocol>[a-z0-9]+)\s+\d+ "
)
_TIMELESS = re.compile(r"\s*\[(?:NEW|UPDATE|DESTROY)\] (?:ipv[46]\s+\d+ )?[a-z0-9]+\s+\d+ .*src=")
_FIELD = re.compile(r"\b(src|dst|sport|dport)=(\S+)")


def _read(line: LogLine) -> Iterable[Record]:
    text = line.text or ""
    match = _EVENT.match(text)
    if match is None:
        if _TIMELESS.match(text):
            raise BadLine("has no time: run conntrack with -o timestamp")
        raise BadLine("is no event of conntrack")
    if match["event"] == "UPDATE":
        return ()
    found: dict[str, list[str]] = {"src": [], "dst": [], "sport": [], "dport": []}
    for key, value in _FIELD.findall(text, match.end()):
        found[key].append(value)
    if len(found["src"]) != 2 or len(found["dst"]) != 2:
        raise BadLine("has not both directions of a connection")
    source_port, port = (found["sport"][0], found["sport"][1]) if len(found["sport"]) == 2 else ("", "")
    return (
        Seen(
            int(match["seconds"]) * SECOND + int(match["rest"]) * 1000,
            FlowEnd(address=address_of(found["src"][0])),
            FlowEnd(address=address_of(found["src"][1])),
            port_of(source_port),
            port_of(port),
            protocol_of(match["protocol"]),
            "allowed",
            reply=False,
        ),
    )


READER = LogReader(
    "conntrack",
    "conntrack events of nodes",
    (
        Loss.NO_NAMES,
        Loss.IP_ONLY,
        Loss.ATTEMPTS,
        Loss.NO_DENIED,
        Loss.KERNEL_ONLY,
        Loss.WHILE_RUNNING,
        Loss.UNCOUNTED,
    ),
    lambda text: _EVENT.match(text) is not None or _TIMELESS.match(text) is not None,
    alike(_read),
)
