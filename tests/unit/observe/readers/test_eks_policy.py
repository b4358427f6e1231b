"""The network policy agent of EKS."""

from __future__ import annotations

import json

import pytest

from flow_reading import read_all, read_flow
from flow_samples import NANOSECONDS
from mcpfence.observe.readers import sniff
from mcpfence.observe.readers.eks_policy import READER
from mcpfence.observe.record import BadLine, FlowEnd, Loss

CLOUD = (
    "Node: ip-10-0-1-9.eu-west-1.compute.internal;SIP: 10.0.1.7;SPORT: 41233;DIP: 192.175.48.6;DPORT: 443;"
    "PROTOCOL: TCP;PolicyVerdict: DENY;Tier: DEFAULT"
)
V4 = (
    "Flow Info: Src IP: 10.0.1.7 Src Port: 41233 Dest IP: 192.175.48.6 Dest Port: 443 Proto TCP Verdict DENY "
    "Direction egress, Tier DEFAULT"
)
V6 = (
    "Flow Info: Src IP: fd00::7 Src Port: 41233 Dest IP: 2620:4f:8000::6 Dest Port: 443 Proto: TCP Verdict: ACCEPT "
    "Direction: egress Tier: DEFAULT"
)


def zap(message: str) -> str:
    """A line of the agent's log file."""
    found = {"level": "info", "ts": "2026-11-02T09:14:07.404660075Z", "caller": "events/events.go:233", "msg": message}
    return json.dumps(found, separators=(",", ":"))


def test_cloudwatch() -> None:
    """The text has no time; its event gives one."""
    found = read_flow(READER, CLOUD, time=5)

    assert (found.time, found.source.address, found.destination.address) == (5, "10.0.1.7", "192.175.48.6")
    assert (found.source_port, found.port, found.verdict) == (41233, 443, "denied")
    assert found.node == "ip-10-0-1-9.eu-west-1.compute.internal"
    assert sniff([CLOUD]) is sniff([zap(V4)]) is READER
    assert {Loss.NO_TIME, Loss.NO_ALLOWED, Loss.IP_ONLY, Loss.NO_NAMES} <= set(READER.losses)


def test_the_log_file_of_both_families() -> None:
    """IPv6 lines have colons that IPv4 lines lack."""
    found = read_flow(READER, zap(V4))
    other = read_flow(READER, zap(V6))

    assert (found.time, found.source, found.verdict) == (NANOSECONDS, FlowEnd(address="10.0.1.7"), "denied")
    assert (other.destination, other.port, other.verdict) == (FlowEnd(address="2620:4f:8000::6"), 443, "allowed")


def test_what_is_no_flow() -> None:
    """Other messages and ends of connections are passed over; a flow in another form is not guessed at."""
    assert read_all(READER, zap("Setting up network policy"), CLOUD.replace("DENY", "EXPIRED/DELETED")) == []
    with pytest.raises(BadLine, match="is a flow in a form that is not known"):
        read_all(READER, zap("Flow Info: 10.0.1.7 > 192.175.48.6"))
