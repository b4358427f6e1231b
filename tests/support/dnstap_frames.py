"""dnstap as servers write it: frames of Frame Streams around DNS messages, made with dnspython and struct alone."""

from __future__ import annotations

import struct
from ipaddress import ip_address
from typing import Any

import dns.message
import dns.rcode
import dns.rrset

CONTENT_TYPE = b"protobuf:dnstap.Dnstap"
CLIENT_QUERY, CLIENT_RESPONSE, FORWARDER_RESPONSE = 5, 6, 8


def control(kind: int, content: bytes = b"") -> bytes:
    """A control frame: 2 START, 3 STOP."""
    body = struct.pack("!I", kind) + (struct.pack("!II", 1, len(content)) + content if content else b"")
    return struct.pack("!II", 0, len(body)) + body


def stream(*frames: bytes, content: bytes = CONTENT_TYPE) -> bytes:
    """A whole file."""
    return control(2, content) + b"".join(struct.pack("!I", len(frame)) + frame for frame in frames) + control(3)


def varint(number: int) -> bytes:
    """A number of protobuf."""
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def entry(number: int, value: int | bytes) -> bytes:
    """A field of protobuf: a number, or bytes behind their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def frame(wire: bytes | None, client: str = "10.244.1.7", time: int = 0, kind: int = CLIENT_RESPONSE) -> bytes:
    """One event: a DNS message (None: written without `full`), who asked, and when, in nanoseconds."""
    packed = ip_address(client).packed
    seconds, rest = divmod(time, 10**9)
    message = entry(1, kind) + entry(2, 1 if len(packed) == 4 else 2) + entry(3, 1)
    message += entry(4, packed) + entry(6, 41233)
    message += entry(8, seconds) + varint(9 << 3 | 5) + struct.pack("<I", rest)
    message += entry(12, seconds) + varint(13 << 3 | 5) + struct.pack("<I", rest)
    message += entry(14, wire) if wire is not None else b""
    return entry(1, b"coredns-0") + entry(2, b"CoreDNS-1.12.1") + entry(14, message) + entry(15, 1)


def answer(name: str, *records: str, kind: str = "A", code: str = "NOERROR", flags: int = 0) -> bytes:
    """An answer on the wire; records are `OWNER TYPE VALUE`."""
    query = dns.message.make_query(name, kind, id=29008)
    found: Any = dns.message.make_response(query, recursion_available=True)
    found.set_rcode(dns.rcode.from_text(code))
    found.flags |= flags
    for record in records:
        owner, sort, value = record.split()
        found.answer.append(dns.rrset.from_text(owner, 60, "IN", sort, value))
    return bytes(found.to_wire())
