"""Answers of DNS on the wire, read as dnspython reads them."""

from __future__ import annotations

import contextlib
import random

import dns.exception
import dns.flags
import dns.message
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnstap_frames import answer
from mcpfence.observe.dns_wire import AAAA, HTTPS, A, WireAnswer, read_wire

NAME = "api.example.com"
CHAIN = (f"{NAME}. CNAME edge.example.net.", "edge.example.net. A 192.175.48.7", "edge.example.net. A 192.175.48.6")
OWNERS = st.sampled_from([f"{NAME}.", "edge.example.net.", "x.example.com.", "a.b.c.edge.example.net."])
RECORDS = st.one_of(
    st.builds("{} CNAME {}".format, OWNERS, OWNERS),
    st.builds("{} A 192.175.48.{}".format, OWNERS, st.integers(0, 255)),
    st.builds("{} AAAA 2620:4f:8000::{:x}".format, OWNERS, st.integers(0, 65535)),
    st.builds("{} TXT x{}".format, OWNERS, st.integers(0, 9)),
)


def by_dnspython(wire: bytes) -> WireAnswer:
    """The same, told by dnspython, whose records keep the order of the wire only where they are not joined."""
    message = dns.message.from_wire(wire, one_rr_per_rrset=True, ignore_trailing=True)
    (question,) = message.question
    owners, addresses = {question.name}, []
    for records in message.answer:
        if records.name in owners:
            (one,) = records
            if records.rdtype == dns.rdatatype.CNAME:
                owners.add(one.target)
            elif records.rdtype in {dns.rdatatype.A, dns.rdatatype.AAAA}:
                addresses.append(one.address)
    name = question.name.to_text(omit_final_dot=True).lower()
    return WireAnswer(0, bool(message.flags & dns.flags.TC), name, int(question.rdtype), tuple(addresses))


@given(st.lists(RECORDS, max_size=6), st.sampled_from([("A", A), ("AAAA", AAAA), ("HTTPS", HTTPS)]), st.booleans())
def test_as_dnspython(records: list[str], kind: tuple[str, int], cut: bool) -> None:
    """Any answer: the same name, type and addresses, in the same order."""
    found = read_wire(wire := answer(NAME, *records, kind=kind[0], flags=dns.flags.TC if cut else 0))

    assert found == by_dnspython(wire)
    assert found.kind == kind[1]


def test_a_chain() -> None:
    """The addresses at the end of the CNAMEs, by the name that was asked for; case is none of a name's."""
    assert read_wire(answer(NAME.upper(), *CHAIN)) == WireAnswer(
        code=0, cut=False, name=NAME, kind=A, addresses=("192.175.48.7", "192.175.48.6")
    )


@pytest.mark.parametrize(("code", "number"), [("SERVFAIL", 2), ("NXDOMAIN", 3), ("REFUSED", 5)])
def test_no_answer(code: str, number: int) -> None:
    """Why there is none is all that is read."""
    assert read_wire(answer(NAME, *CHAIN, code=code)) == WireAnswer(code=number, cut=False)


def test_a_label_with_a_dot() -> None:
    """One label that looks like two is no name of two: its dot is escaped."""
    wire = answer("x.com").replace(b"\x01x\x03com", b"\x05a.com")

    assert read_wire(wire).name == "a\\.com"


@pytest.mark.parametrize(
    ("wire", "why"),
    [
        (b"\0" * 11, "is too short"),
        (answer(NAME)[:20], "ends in the middle of a name"),
        (answer(NAME)[:29], "ends in the middle of a record"),
        (answer(NAME, *CHAIN)[:-1], "ends in the middle of a record"),
        (answer(NAME).replace(b"\x03api", b"\x83api"), "has a label of an unknown kind"),
        (answer(NAME).replace(b"\x03api", b"\xc0\x0cpi"), "has a name that points forward"),
        (b"\0\0\x80\0\0\1\0\0\0\0\0\0\x01a\xc0\x0c\0\1\0\1", "has a name that is too long"),
        (
            answer(NAME, "api.example.com. A 1.2.3.4").replace(b"\0\4\1\2\3\4", b"\0\3\1\2\3"),
            "not permitted as an IPv4 address",
        ),
    ],
)
def test_damage(wire: bytes, why: str) -> None:
    """Each is said to be none, pointers in a circle among them."""
    with pytest.raises(ValueError, match=why):
        read_wire(wire)


def test_damaged_bytes_raise_nothing_else() -> None:
    """Ten thousand broken answers: each is read, or is a ValueError; what dnspython reads is read alike."""
    rng = random.Random(7)  # noqa: S311  # the same in every run, and no secret
    whole, same = answer(NAME, *CHAIN), 0
    for _ in range(10_000):
        wire = bytearray(whole)
        wire[rng.randrange(12, len(wire))] = rng.randrange(256)
        with contextlib.suppress(ValueError):
            found = read_wire(bytes(wire))
            with contextlib.suppress(dns.exception.DNSException, AttributeError):  # another class, and so no addresses
                theirs = by_dnspython(bytes(wire))
                assert not found.name or "\\" in found.name + theirs.name or found.name == theirs.name
                same += found == theirs

    assert same > 3_000
