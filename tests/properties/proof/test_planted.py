"""Planted bugs: with a faulty emitter nothing is printed, and the proof says why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from edges import carrier
from helpers import run_cli
from mcpfence.findings.finding import McpfenceError
from mcpfence.streams.post_render import post_render
from proof.catalogs import _IMAGE, FIREWALL, FIREWALL_IPV4, PLAIN
from proof.faults import FAULTS

QUOTED: dict[str, Any] = {
    **PLAIN,
    "servers": {"on": {**PLAIN["servers"]["users"], "podSelector": {"app": "on", "version": "1.10"}}},
    "workloads": {},
}
LONG: dict[str, Any] = {**FIREWALL, "servers": {"n" * 63: FIREWALL["servers"]["names"]}}
ROWS: dict[str, Any] = {
    **FIREWALL_IPV4,
    "servers": {
        name: {**FIREWALL["servers"]["shut"], "containerizedConfig": {**_IMAGE, "egressDomains": domains}}
        for name, domains in {
            "alone": ["api.example.com"],  # of the same template as the next one, and before it
            "several": ["api.example.com", "wiki.example.com", "www.example.org"],
        }.items()
    },
}

CATALOGS: dict[str, dict[str, Any]] = {
    "plain": PLAIN,
    "firewall": FIREWALL,
    "firewall-ipv4": FIREWALL_IPV4,
    "quoted": QUOTED,
    "long": LONG,
    "rows": ROWS,
}

NEEDS: dict[str, Sequence[str]] = {
    "what the firewall cannot do is not listed": ["firewall-ipv4"],
    "the firewall denies one family only": ["firewall"],
    "long names are cut without a digest": ["long"],
    "the writer never quotes": ["quoted"],
    "a row has its first name alone": ["rows"],
    "a row has its last name again and again": ["rows"],
    "the last except is forgotten": ["plain"],  # behind the firewall it opens nothing
}
"""The catalogs that show a fault; every other fault shows in at least one of them all."""


def test_the_catalogs_are_sound() -> None:
    """Without a fault each of the catalogs is rendered."""
    for raw in CATALOGS.values():
        assert post_render(carrier(raw)).renderings


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_emitter_is_refused(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line exits 1 with an empty stdout, and its message is the proof's."""
    FAULTS[fault](monkeypatch)
    refused = [name for name in NEEDS.get(fault, CATALOGS) if _refused(CATALOGS[name])]

    assert refused
    assert fault not in NEEDS or refused == NEEDS[fault]
    told = run_cli("post-render", stdin=carrier(CATALOGS[refused[0]]))
    assert (told.code, told.stdout) == (1, "")
    assert "[proof-" in told.stderr


def _refused(raw: dict[str, Any]) -> bool:
    """Whether a catalog is refused, by the proof alone."""
    try:
        post_render(carrier(raw))
    except McpfenceError as error:
        errors = {finding.id for finding in error.findings if finding.severity.value == "error"}
        assert errors <= {"proof-wider", "proof-narrower", "proof-text"}, errors
        return True
    return False
