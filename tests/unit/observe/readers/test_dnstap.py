"""dnstap: who was told which addresses for which name, and what is passed over."""

from __future__ import annotations

import contextlib

import dns.flags
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnstap_frames import CLIENT_QUERY, FORWARDER_RESPONSE, answer, entry, frame
from flow_reading import read_all, read_answer
from mcpfence.observe.frames import MARK
from mcpfence.observe.readers import sniff
from mcpfence.observe.readers.dnstap import READER
from mcpfence.observe.record import BadLine, FlowEnd, Found, Loss, Resolved

TIME = 1_793_610_847_404_660_075
NAME, ADDRESS = "api.example.com", "192.175.48.6"
BY_ANOTHER_HAND = bytes.fromhex(
    "0a09636f7265646e732d30120e436f7265444e532d312e31322e3172870108061001180122040af401073091c20240dfa8a1d7064d008d1418"
    "60dfa8a1d7066d6b9f1e18725f71508180000100030000000003617069076578616d706c6503636f6d0000010001c00c000500010000003c00"
    "120465646765076578616d706c65036e657400c02d000100010000003c0004c0af3007c02d000100010000003c0004c0af30067801"
)
"""api.example.com, a CNAME, two addresses: serialized by dnstap-pb 0.11.3, which is generated from dnstap.proto."""


def text(data: bytes) -> str:
    """A frame as lines hand it on."""
    return MARK + data.decode("latin-1")


def test_a_frame_by_another_hand() -> None:
    """The question, not the CNAME's target, with all addresses, the client and the time of the answer."""
    client = FlowEnd(address="10.244.1.7")
    found = read_answer(READER, text(BY_ANOTHER_HAND))

    assert found == Resolved(TIME, client, NAME, ("192.175.48.7", ADDRESS))
    assert sniff([text(BY_ANOTHER_HAND)]) is READER


def test_the_samples_of_the_tests_are_like_it() -> None:
    """What tests make says the same, so that the other tests are about the same format."""
    wire = answer(
        NAME,
        f"{NAME}. CNAME edge.example.net.",
        "edge.example.net. A 192.175.48.7",
        f"edge.example.net. A {ADDRESS}",
    )

    assert read_all(READER, text(frame(wire, time=TIME))) == read_all(READER, text(BY_ANOTHER_HAND))


def test_ipv6() -> None:
    """A client's and an answer's address of 16 bytes."""
    wire = answer(NAME, f"{NAME}. AAAA 2620:4f:8000::6", kind="AAAA")
    found = read_answer(READER, text(frame(wire, client="fd00:10:244::b", time=TIME)))

    assert (found.client.address, found.addresses) == ("fd00:10:244::b", ("2620:4f:8000::6",))


@pytest.mark.parametrize(
    "data",
    [
        frame(answer(NAME, f"{NAME}. A {ADDRESS}"), kind=FORWARDER_RESPONSE),
        frame(None, kind=CLIENT_QUERY),
        frame(answer(NAME, code="NXDOMAIN")),
        frame(answer("7.1.244.10.in-addr.arpa", kind="PTR")),
        entry(15, 1),
    ],
    ids=["what the server asked upstream", "a query", "no such name", "another kind of question", "no message"],
)
def test_what_is_no_answer(data: bytes) -> None:
    """Is passed over, and is no fault of the file."""
    assert read_all(READER, text(data)) == []


def test_a_question_without_addresses() -> None:
    """Is known as a question alone."""
    assert read_answer(READER, text(frame(answer(NAME, kind="AAAA")))).addresses == ()


def test_addresses_of_other_names() -> None:
    """An address beside the chain that begins with the question tells nothing of it."""
    wire = answer(NAME, f"other.example.com. A {ADDRESS}")

    assert read_answer(READER, text(frame(wire))).addresses == ()


def test_losses() -> None:
    """An answer that was cut, and frames without the message, which a server leaves out unless told, are said."""
    cut = frame(answer(NAME, f"{NAME}. A {ADDRESS}", flags=dns.flags.TC))

    assert read_all(READER, text(cut))[1:] == [Found(Loss.CUT_ANSWERS)]
    assert read_all(READER, text(frame(None))) == [Found(Loss.NO_MESSAGES)]
    assert READER.losses == (Loss.ASKED_ALL, Loss.UNCOUNTED)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("a line of text", "is no frame of dnstap"),
        (text(b"\xff"), "is no message of dnstap, or only a part of it"),
        (text(b"\xff" * 20), "is no message of dnstap, or only a part of it"),
        (text(entry(14, b"\x08\x06")[:-1]), "is no message of dnstap, or only a part of it"),
        (text(b"\x0b"), "is no message of dnstap"),
        (text(entry(14, 6)), "is no message of dnstap"),
        (text(frame(b"\0" * 5)), "holds no DNS message, or only a part of it"),
        (text(frame(answer(NAME)[:-3])), "holds no DNS message, or only a part of it"),
        (
            text(entry(14, entry(1, 6) + entry(4, bytes(4)) + entry(12, b"x") + entry(14, answer(NAME)))),
            "is no message of dnstap",
        ),
        (text(entry(14, entry(1, 6) + entry(4, b"xyz") + entry(14, answer(NAME)))), "has no client's address"),
        (text(entry(14, entry(1, 6) + entry(14, answer(NAME)))), "has no client's address"),
    ],
)
def test_what_is_broken(data: str, why: str) -> None:
    """Each is a bad line with its reason."""
    with pytest.raises(BadLine) as bad:
        read_all(READER, data)

    assert str(bad.value) == why


@given(st.integers(0, len(BY_ANOTHER_HAND) - 1), st.binary(max_size=4))
def test_any_damage_is_a_bad_line(place: int, damage: bytes) -> None:
    """Whatever bytes stand anywhere: records come out, or a line that is counted; nothing else is raised."""
    data = BY_ANOTHER_HAND[:place] + damage + BY_ANOTHER_HAND[place + len(damage) :]
    with contextlib.suppress(BadLine):
        read_all(READER, text(data))
