"""Aviatrix's firewall logs."""

from __future__ import annotations

import json

import pytest

from flow_reading import read_all, read_flow
from mcpfence.observe.readers import sniff
from mcpfence.observe.readers.aviatrix import READER
from mcpfence.observe.record import BadLine, FlowEnd, Loss

PACKET = (
    "<158>Nov  2 09:14:07 GW-spoke-198.51.100.20-sink /usr/local/bin/avx-gw-state-sync 2026/11/02 09:14:07 "
    "AviatrixGwMicrosegPacket: POLICY=126bafc2-0000-0000-0000-000000000000 SRC_MAC=02:00:00:00:00:01 "
    "DST_MAC=02:00:00:00:00:02 IP_SZ=60 SRC_IP=10.244.1.7 DST_IP=192.175.48.6 PROTO=TCP SRC_PORT=41233 DST_PORT=443 "
    "DATA=0x ACT={} ENFORCED={} SESSION_ID=3574532756463495801 SESSION_EVENT=0 SESSION_END_REASON=0 SESSION_PKT_CNT=0 "
    "SESSION_BYTE_CNT=0 SESSION_DUR=0"
)
SESSION = {
    "priority": "LOG_ALERT",
    "action": "Permit",
    "reason": "POLICY",
    "src": "10.244.1.7",
    "src_port": 52792,
    "dest": "192.175.48.6",
    "dest_port": 443,
    "enforced": True,
    "stage": "SNI",
    "sni_hostname": "api.example.com",
    "decided_by": "126bafc2-0000-0000-0000-000000000000",
    "proto": "TCP",
    "session_start": 1793610847404660075,
    "session_stage": "start",
    "timestamp": 1793610847,
}
US, THEM = FlowEnd(address="10.244.1.7"), FlowEnd(address="192.175.48.6")


def layer_7(**changes: object) -> str:
    """A line of the gateway's proxy."""
    return f"<158>Nov  2 09:14:07 GW-spoke traffic_server[5141]: {json.dumps({**SESSION, **changes})}"


@pytest.mark.parametrize(
    ("action", "enforced", "verdict"),
    [("PERMIT", "true", "allowed"), ("DENY", "true", "denied"), ("DENY", "false", "audit")],
)
def test_packets(action: str, enforced: str, verdict: str) -> None:
    """A deny that is only watched has passed; which end called is told by the ports alone."""
    found = read_flow(READER, PACKET.format(action, enforced))

    assert (found.source, found.destination, found.source_port, found.port) == (US, THEM, 41233, 443)
    assert (found.verdict, found.reply, found.time) == (verdict, None, 1_793_610_847 * 10**9)
    assert sniff([PACKET]) is sniff([layer_7()]) is READER
    assert {Loss.IP_ONLY, Loss.LOGGED_ONLY, Loss.NO_REPLY_MARK} <= set(READER.losses)


def test_sessions() -> None:
    """The name is the one that the client showed."""
    found = read_flow(READER, layer_7())

    assert (found.source, found.destination, found.port) == (US, THEM, 443)
    assert (found.names, found.evidence, found.time) == (("api.example.com",), "sni", 1793610847404660075)
    assert read_flow(READER, layer_7(action="Deny", enforced=False)).verdict == "audit"
    assert read_all(READER, layer_7(reason="IDS")) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "2026/11/02 09:14:07 AviatrixGwMicrosegPacket: SPT=1 DPT=2 ACTION=DENY",
            "is in the short form, which has no addresses",
        ),
        (PACKET.format("MAYBE", "true"), "has an action that is none"),
        ("hello", "is no record of the firewall"),
    ],
)
def test_bad_lines(text: str, why: str) -> None:
    """What cannot be used says why."""
    with pytest.raises(BadLine, match=f"^{why}$"):
        read_all(READER, text)
