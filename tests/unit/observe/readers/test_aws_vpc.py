"""AWS VPC flow logs."""

from __future__ import annotations

import pytest

from flow_reading import read_all, read_flow
from mcpfence.observe.readers import sniff
from mcpfence.observe.readers.aws_vpc import READER
from mcpfence.observe.record import BadLine, Dropped, FlowEnd, Loss, Seen

SECOND = 10**9
LINE = "2 123456789012 eni-0a1b2c3d4e5f60718 10.0.1.7 192.175.48.6 41233 443 6 12 3481 1793610847 1793610901 ACCEPT OK"
V5 = (
    "version interface-id srcaddr dstaddr srcport dstport protocol start end action log-status tcp-flags pkt-srcaddr "
    "pkt-dstaddr pkt-dst-aws-service flow-direction traffic-path"
)
ROW = (
    "5 eni-0a1b2c3d4e5f60718 10.0.1.9 192.175.48.6 41233 443 6 1793610847 1793610901 ACCEPT OK {} 10.0.1.7 - - egress 8"
)
BASIC = Seen(
    1793610847 * SECOND,
    FlowEnd(address="10.0.1.7"),
    FlowEnd(address="192.175.48.6"),
    41233,
    443,
    "TCP",
    "allowed",
    None,
    last=1793610901 * SECOND,
)


def test_the_default_format() -> None:
    """A line without a header is of version 2, which does not tell replies."""
    assert read_all(READER, LINE) == [BASIC]
    assert sniff([LINE]) is sniff([V5]) is READER


def test_fields_by_header_and_by_option() -> None:
    """A header line names the fields, and so does --vpc-format, as AWS and as a list writes it."""
    template = " ".join(f"${{{name}}}" for name in V5.split())

    assert read_all(READER, V5, ROW.format("-")) == [BASIC]
    assert read_all(READER, ROW.format("-"), vpc_format=template) == [BASIC]
    assert read_all(READER, ROW.format("-"), vpc_format=V5) == [BASIC]


def test_the_packets_own_address() -> None:
    """pkt-srcaddr is the pod's where the interface has several addresses."""
    assert read_flow(READER, V5, ROW.format("2")).source == FlowEnd(address="10.0.1.7")
    assert read_flow(READER, V5, ROW.format("2").replace("10.0.1.7 -", "- -")).source == FlowEnd(address="10.0.1.9")


@pytest.mark.parametrize(
    ("flags", "reply"), [("2", False), ("3", False), ("18", True), ("19", True), ("0", None), ("1", None), ("-", None)]
)
def test_flags_tell_replies(flags: str, reply: bool | None) -> None:
    """SYN without ACK is the client's side, SYN-ACK the server's; without either nothing is told."""
    assert read_flow(READER, V5, ROW.format(flags)).reply is reply


def test_rejected_is_denied_by_somebody_else() -> None:
    """REJECT is of a security group or NACL, which the row of losses says."""
    assert read_flow(READER, LINE.replace("ACCEPT", "REJECT")).verdict == "denied"
    assert Loss.OTHER_DENIED in READER.losses


def test_rows_without_a_flow() -> None:
    """NODATA is nothing, SKIPDATA is something that was lost."""
    none = "2 123456789012 eni-0a1b2c3d4e5f60718 - - - - - - - 1793610847 1793610901 - {}"

    assert read_all(READER, none.format("NODATA")) == []
    assert read_all(READER, none.format("SKIPDATA")) == [Dropped(1)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2 1 eni-1 10.0.1.7", "has 4 fields, and the format has 14: give --vpc-format"),
        (LINE.replace("ACCEPT", "MAYBE"), "has an action that is none"),
        (LINE.replace("10.0.1.7", "-"), "has no addresses"),
        (LINE.replace("443", "https"), "has a number that is none"),
    ],
)
def test_bad_lines(text: str, why: str) -> None:
    """What is no row says why."""
    with pytest.raises(BadLine, match=f"^{why}$"):
        read_all(READER, text)
