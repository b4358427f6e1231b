"""Lines of CoreDNS's plugin log."""

from __future__ import annotations

import pytest

from mcpfence.observe.lines import LogLine
from mcpfence.observe.readers import sniff
from mcpfence.observe.readers.contract import ReadOptions
from mcpfence.observe.readers.coredns import READER
from mcpfence.observe.record import BadLine, FlowEnd, Loss, Record, Resolved

LINE = '[INFO] 10.244.1.7:41233 - 29008 "A IN api.example.com. udp 41 false 4096" NOERROR qr,rd,ra 68 0.004010251s'


def read(text: str, time: int = 0) -> list[Record]:
    """The records of one line."""
    return list(READER.open(ReadOptions())(LogLine(1, text, time)))


def test_a_query() -> None:
    """Who asked for what, at the time of the line's prefix; the answer is not known."""
    assert read(LINE, 5) == [Resolved(5, FlowEnd(address="10.244.1.7"), "api.example.com")]
    assert sniff([LINE]) is READER
    assert Loss.NO_ANSWERS in READER.losses


def test_ipv6_and_capitals() -> None:
    """Brackets around an address, and capitals that resolvers mix in (0x20)."""
    text = LINE.replace("10.244.1.7:41233", "[fd00::7]:41233").replace("api.example.com", "aPi.eXample.com")

    assert read(text) == [Resolved(0, FlowEnd(address="fd00::7"), "api.example.com")]


@pytest.mark.parametrize(
    "text",
    [
        LINE.replace("NOERROR", "NXDOMAIN").replace("api.example.com", "api.example.com.mcp-servers.svc.cluster.local"),
        LINE.replace('"A IN', '"PTR IN'),
        "CoreDNS-1.12.1",
        "linux/amd64, go1.24.1, 707c7c1",
        ".:53",
        "[INFO] plugin/reload: Running configuration SHA512 = 591c",
    ],
)
def test_noise(text: str) -> None:
    """Search paths, other types and what CoreDNS says of itself are no questions for a host."""
    assert read(text) == []


def test_another_format() -> None:
    """A line of a format that somebody has written himself is not guessed at."""
    with pytest.raises(BadLine, match="is no line of the plugin log in its common format"):
        read("10.244.1.7 asked for api.example.com")
