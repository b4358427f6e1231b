"""dnstap: questions with the answers that clients got, as CoreDNS, Unbound, BIND and others send them to a collector.

    plugin of CoreDNS     dnstap tcp://collector:6000 full
    collector             fstrm_capture -t protobuf:dnstap.Dnstap -a 0.0.0.0 -p 6000 -w dns.dnstap

A frame is a protobuf message that wraps DNS messages as they stood on the wire.  Of its fourteen types one counts,
CLIENT_RESPONSE: what a resolver and a forwarder ask upstream is the same question again.  Field numbers are those of
dnstap.proto (github.com/dnstap/dnstap.pb, 102af68a); of protobuf, numbers and bytes are all that is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_address

from mcpfence.observe.addresses import canonical_address
from mcpfence.observe.dns_wire import AAAA, HTTPS, NOERROR, A, read_wire
from mcpfence.observe.frames import MARK, frame_bytes
from mcpfence.observe.lines import LogLine
from mcpfence.observe.readers.contract import LogReader, alike
from mcpfence.observe.record import BadLine, FlowEnd, Found, Loss, Record, Resolved

_MESSAGE = 14
_TYPE, _CLIENT, _SECONDS, _NANOSECONDS, _RESPONSE = 1, 4, 12, 13, 14
_CLIENT_RESPONSE = 6
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

Fields = Mapping[int, int | bytes]


def _knows(text: str) -> bool:
    return text.startswith(MARK)


def _read(line: LogLine) -> Iterable[Record]:
    text = line.text or ""
    if not _knows(text):
        raise BadLine("is no frame of dnstap")
    message = _fields(_bytes(_fields(frame_bytes(text)), _MESSAGE))
    if message.get(_TYPE) != _CLIENT_RESPONSE:
        return ()
    wire = _bytes(message, _RESPONSE)
    if not wire:
        return (Found(Loss.NO_MESSAGES),)
    try:
        found = read_wire(wire)
    except ValueError:
        raise BadLine("holds no DNS message, or only a part of it") from None
    if found.code != NOERROR or not found.name or found.kind not in {A, AAAA, HTTPS}:
        return ()
    addresses = tuple(map(canonical_address, found.addresses))
    asked = Resolved(_time(message), _client(message), found.name, addresses)
    return (asked, Found(Loss.CUT_ANSWERS)) if found.cut else (asked,)


def _client(message: Fields) -> FlowEnd:
    packed = _bytes(message, _CLIENT)
    if len(packed) not in {4, 16}:
        raise BadLine("has no client's address")
    return FlowEnd(address=canonical_address(str(ip_address(packed))))


def _time(message: Fields) -> int:
    seconds, rest = message.get(_SECONDS, 0), message.get(_NANOSECONDS, b"")
    if not isinstance(seconds, int) or not isinstance(rest, bytes):
        raise BadLine("is no message of dnstap")
    return seconds * 10**9 + int.from_bytes(rest, "little")


def _bytes(fields: Fields, number: int) -> bytes:
    found = fields.get(number, b"")
    if not isinstance(found, bytes):
        raise BadLine("is no message of dnstap")
    return found


def _fields(data: bytes) -> dict[int, int | bytes]:
    """The fields of a protobuf message by number: numbers, and bytes of whatever they hold; the last of each counts."""
    found: dict[int, int | bytes] = {}
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        kind = key & 7
        if kind == _VARINT:
            found[key >> 3], place = _varint(data, place)
            continue
        if kind == _BYTES:
            size, place = _varint(data, place)
        elif kind in {_FIXED32, _FIXED64}:
            size = 4 if kind == _FIXED32 else 8
        else:
            raise BadLine("is no message of dnstap")
        if size > len(data) - place:
            raise BadLine("is no message of dnstap, or only a part of it")
        found[key >> 3], place = data[place : place + size], place + size
    return found


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """A number of up to 64 bits, seven in each byte, and the place behind it."""
    number = shift = 0
    while place < len(data) and shift < 64:
        byte = data[place]
        number |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return number, place
    raise BadLine("is no message of dnstap, or only a part of it")


READER = LogReader(
    "dnstap",
    "dnstap of the cluster's DNS",
    (Loss.ASKED_ALL, Loss.UNCOUNTED),
    _knows,
    alike(_read),
    dns=True,
)
