"""Protocol Buffers by hand, for the few messages that Argo CD's two servers exchange here.

A message is a mapping of field numbers to values: text and bytes are length-delimited, numbers and booleans varints,
mappings are messages, lists are repeated fields.  Field numbers: reposerver/repository/repository.proto,
cmpserver/plugin/plugin.proto and pkg/apis/application/v1alpha1/generated.proto of Argo CD 3.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Message = Mapping[int, Any]


def encode(message: Message) -> bytes:
    """The bytes of a message; fields that are None, empty text, 0 or False are left out, as proto3 has it."""
    return b"".join(_field(number, value) for number, value in message.items() if value not in (None, "", 0))


def present(text: str) -> list[str]:
    """A text that is sent even if it is empty, for `optional` fields of proto2."""
    return [text]


def _field(number: int, value: Any) -> bytes:
    if isinstance(value, list):
        return b"".join(_field(number, item) for item in value)
    if isinstance(value, int):
        return _varint(number << 3) + _varint(int(value))
    data = encode(value) if isinstance(value, Mapping) else value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def decode(data: bytes) -> dict[int, list[Any]]:
    """The fields of a message, each a list in order; what is length-delimited stays bytes."""
    fields: dict[int, list[Any]] = {}
    place = 0
    while place < len(data):
        tag, place = _read(data, place)
        value: Any
        if tag & 7 == 0:
            value, place = _read(data, place)
        else:
            assert tag & 7 == 2, f"wire type {tag & 7}"
            size, place = _read(data, place)
            value, place = data[place : place + size], place + size
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def texts(fields: Mapping[int, list[Any]], number: int) -> list[str]:
    """A repeated text field."""
    return [value.decode() for value in fields.get(number, [])]


def text(fields: Mapping[int, list[Any]], number: int) -> str:
    """A text field; empty where it is absent."""
    return "".join(texts(fields, number)[-1:])


def _read(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
