"""Answers of DNS in their wire format (RFC 1035): the question, and the addresses at the end of its chain of CNAMEs.

A log of a cluster's DNS has millions of them, most for names of the search path that do not exist: reading just what is
needed takes a twentieth of what dnspython does, which the tests ask whether it is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

from mcpfence.structs import Struct

NOERROR = 0
A, CNAME, AAAA, HTTPS = 1, 5, 28, 65
_INTERNET = 1
_HEAD = 12
_LONGEST_NAME, _LONGEST_LABEL, _POINTER = 255, 63, 192


class WireAnswer(Struct):
    """One answer; without a name where it has no single question."""

    code: int
    """Of the header: NOERROR, or why not."""
    cut: bool
    """Whether it did not fit, so that addresses may be missing."""
    name: str = ""
    """What was asked for, in lower case, without the dot at the end."""
    kind: int = 0
    addresses: tuple[str, ...] = ()


def read_wire(wire: bytes) -> WireAnswer:
    """The answer; raises ValueError for what is none, or only a part of it."""
    if len(wire) < _HEAD:
        raise ValueError("is too short")
    code, cut = wire[3] & 15, bool(wire[2] & 2)
    questions, answers = int.from_bytes(wire[4:6]), int.from_bytes(wire[6:8])
    if code != NOERROR or questions != 1:
        return WireAnswer(code, cut)
    name, place = _name(wire, _HEAD)
    kind, of_class = _number(wire, place), _number(wire, place + 2)
    if of_class != _INTERNET:
        return WireAnswer(code, cut)
    owners, addresses = {name}, []
    for owner, sort, start, size in _records(wire, place + 4, answers):
        if owner not in owners:  # an address beside the chain says nothing of the question
            continue
        data = wire[start : start + size]
        if sort == CNAME:
            owners.add(_name(wire, start)[0])
        elif sort == A:
            addresses.append(str(IPv4Address(data)))
        elif sort == AAAA:
            addresses.append(str(IPv6Address(data)))
    return WireAnswer(code, cut, name, kind, tuple(addresses))


def _records(wire: bytes, place: int, count: int) -> Iterator[tuple[str, int, int, int]]:
    """Owner, type, and where the data stand, of the Internet's records."""
    for _ in range(count):
        owner, place = _name(wire, place)
        sort, of_class, size = _number(wire, place), _number(wire, place + 2), _number(wire, place + 8)
        place += 10
        if place + size > len(wire):
            raise ValueError("ends in the middle of a record")
        if of_class == _INTERNET:
            yield owner, sort, place, size
        place += size


def _number(wire: bytes, place: int) -> int:
    found = wire[place : place + 2]
    if len(found) < 2:
        raise ValueError("ends in the middle of a record")
    return int.from_bytes(found)


def _name(wire: bytes, place: int) -> tuple[str, int]:
    """A name, and the place behind it; what is repeated is a pointer back to where it stood before."""
    labels: list[str] = []
    length = end = 0
    while place < len(wire):
        size = wire[place]
        if size >= _POINTER:
            end = end or place + 2
            target = _number(wire, place) & 0x3FFF
            if target >= place:  # so that it ends: names grow, and pointers go back
                raise ValueError("has a name that points forward")
            place = target
            continue
        if size > _LONGEST_LABEL:
            raise ValueError("has a label of an unknown kind")
        if not size:
            return ".".join(labels), end or place + 1
        label = wire[place + 1 : place + 1 + size].decode("latin-1").lower()
        labels.append(label.replace("\\", "\\\\").replace(".", "\\."))
        place, length = place + 1 + size, length + 1 + size
        if length > _LONGEST_NAME:
            raise ValueError("has a name that is too long")
    raise ValueError("ends in the middle of a name")
