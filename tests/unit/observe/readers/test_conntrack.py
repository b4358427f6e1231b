"""conntrack's events, in lines that the command of Debian printed in the packet lab."""

from __future__ import annotations

import pytest

from flow_reading import read_all, read_flow
from mcpfence.observe.readers import sniff
from mcpfence.observe.readers.conntrack import READER
from mcpfence.observe.record import BadLine, FlowEnd, Loss

NEW = (
    "[1796104044.276783]\t    [NEW] tcp      6 120 SYN_SENT src=10.244.0.12 dst=10.96.0.9 sport=48140 dport=81 "
    "[UNREPLIED] src=192.175.48.6 dst=192.0.2.1 sport=80 dport=48140"
)
DATAGRAM = (
    "[1796104053.068714]\t    [NEW] ipv4     2 udp      17 30 src=10.244.0.12 dst=1.1.1.1 sport=48386 dport=53 "
    "[UNREPLIED] src=1.1.1.1 dst=192.0.2.1 sport=53 dport=48386 id=2761389898"
)
ENDED = (
    "[1796104054.398273]\t[DESTROY] ipv4     2 tcp      6 114 SYN_SENT src=10.244.0.12 dst=1.1.1.1 sport=46512 dport=80 "
    "[UNREPLIED] src=1.1.1.1 dst=192.0.2.1 sport=80 dport=46512 id=4102064797 [USERSPACE] portid=14482 progname=conntrack"
)


def test_a_connection_through_a_service_and_masquerade() -> None:
    """The pod's own address though the node's went out, and who really was called, on its port."""
    found = read_flow(READER, NEW)

    assert (found.time, found.protocol, found.source_port, found.port) == (1_796_104_044_276_783_000, "TCP", 48140, 80)
    assert (found.source, found.destination) == (FlowEnd(address="10.244.0.12"), FlowEnd(address="192.175.48.6"))
    assert (found.verdict, found.reply) == ("allowed", False)
    assert sniff([NEW]) is READER


def test_a_datagram_and_more_columns() -> None:
    """The family and an id are passed over."""
    found = read_flow(READER, DATAGRAM)

    assert (found.protocol, found.destination.address, found.port) == ("UDP", "1.1.1.1", 53)


def test_events_of_the_end() -> None:
    """A connection that ends has been one; what is between is no flow of its own."""
    update = NEW.replace("    [NEW]", " [UPDATE]")

    assert read_flow(READER, ENDED).port == 80
    assert read_all(READER, update) == []


def test_ipv6_and_no_ports() -> None:
    """Addresses of both families, and protocols without ports."""
    line = "[1796104054.398273]\t    [NEW] icmpv6   58 30 src=fd00::1 dst=fd00::2 type=128 code=0 id=7 [UNREPLIED] "
    found = read_flow(READER, line + "src=fd00::2 dst=fd00::1 type=129 code=0 id=7")

    assert (found.protocol, found.port, found.destination.address) == ("ICMP", 0, "fd00::2")


def test_losses() -> None:
    """It has what was tried and not what came of it, and nothing of data planes that leave the kernel's table alone."""
    assert {Loss.ATTEMPTS, Loss.NO_DENIED, Loss.KERNEL_ONLY, Loss.WHILE_RUNNING} <= set(READER.losses)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (NEW.partition("\t")[2], "has no time: run conntrack with -o timestamp"),
        ("conntrack v1.4.7 (conntrack-tools): 5 flow events have been shown.", "is no event of conntrack"),
        (NEW[:120], "has not both directions of a connection"),
        (NEW.replace("sport=80", "sport=99999"), "has a port outside 0 to 65535"),
        (NEW.replace("src=10.244.0.12", "src=somewhere"), "has an address that is none"),
    ],
)
def test_bad_lines(line: str, why: str) -> None:
    """Each with its reason."""
    with pytest.raises(BadLine) as bad:
        read_all(READER, line)

    assert str(bad.value) == why
