"""AKS container network logs: Hubble's lines, joined over 30 seconds, without addresses."""

from __future__ import annotations

import pytest

from flow_samples import NANOSECONDS, acns, hubble
from mcpfence.observe.lines import LogLine
from mcpfence.observe.readers import READERS, sniff
from mcpfence.observe.readers.acns import READER
from mcpfence.observe.readers.contract import ReadOptions
from mcpfence.observe.record import FlowEnd, Found, Loss, Record, Seen

OURS = FlowEnd("mcp-servers", "github-*")


def read(text: str) -> list[Record]:
    """The records of one line."""
    return list(READER.open(ReadOptions())(LogLine(1, text)))


def test_an_aggregate() -> None:
    """The workload stands for its pods, the port for many connections, and the identity for the world."""
    world = FlowEnd(labels="reserved:world")

    assert read(acns()) == [
        Found(Loss.AGGREGATED),
        Found(Loss.NO_ADDRESSES),
        Seen(NANOSECONDS, OURS, world, 0, 443, "TCP", "allowed", False, node="aks-node-1"),  # noqa: FBT003
    ]


@pytest.mark.parametrize(
    ("end", "labels"),
    [
        ({"identity": 9}, "reserved:world"),
        ({"identity": 1}, "reserved:host"),
        ({"identity": 16777220}, ""),
        ({"identity": 2, "namespace": "data"}, ""),
        ({}, ""),
    ],
)
def test_ends_that_are_no_pods(end: dict[str, object], labels: str) -> None:
    """Reserved identities are what they are called; a block of addresses has a number that says nothing here."""
    *_, seen = read(acns(destination=end))

    assert isinstance(seen, Seen)
    assert seen.destination.labels == labels


def test_it_is_told_from_hubble() -> None:
    """Aggregates without addresses are AKS's; with addresses, or as they happened, they are Hubble's."""
    with_addresses = acns(IP={"source": "10.244.1.7", "destination": "192.175.48.6"})

    assert sniff([acns()]) is READER
    assert sniff([with_addresses]) is sniff([hubble()]) is READERS["hubble"]
    assert Loss.NO_ADDRESSES in READER.losses


def test_what_is_weak() -> None:
    """No gate relies on it: it has no address of any host, and only what somebody's filters take in."""
    assert {loss for loss in READER.losses if loss.weak} == {Loss.NO_ADDRESSES, Loss.FILTERED}
