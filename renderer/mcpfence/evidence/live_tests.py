"""Which of a pod's witnesses can be tried in a cluster: connections over TCP to addresses and names that exist.

An allowed one shows something only where somebody listens, so it is a name or an address that the catalog lists by
itself.  Of the denied ones those come first that people know, such as the metadata endpoint.
"""

from __future__ import annotations

from mcpfence.evidence.certificate import Sent
from mcpfence.evidence.witnesses import KNOWN, STRANGERS, Witness
from mcpfence.net.addresses import format_address
from mcpfence.plan.fence import Block
from mcpfence.reach.flows.flows import Packet
from mcpfence.structs import Struct

_DENIED = 12
"""So many denied connections of a pod are tried, since each takes seconds."""


class Attempt(Struct):
    """One connection: to an address or a name; with `shown` the name must be seen in it, as TLS shows it."""

    host: str
    port: int
    allowed: bool
    shown: bool = False

    @property
    def expect(self) -> str:
        """Its verdict in one word."""
        return "allowed" if self.allowed else "denied"


def attempts(sent: Sent, *, by_name_shown: bool) -> list[Attempt]:
    """What a pod can try; `by_name_shown`: the engine tells names by what a connection shows, once it is open."""
    single = _single(sent)
    listed = {name.pattern for name in sent.fence.names}
    found: dict[tuple[str, int], Attempt] = {}
    for one in sorted(sent.witnesses, key=_rank):
        attempt = _attempt(one, single, listed, by_name_shown=by_name_shown)
        if attempt is not None:
            found.setdefault((attempt.host, attempt.port), attempt)
    allowed = [one for one in found.values() if one.allowed]
    return [*allowed, *[one for one in found.values() if not one.allowed][:_DENIED]]


def _rank(one: Witness) -> tuple[bool, bool, bool]:
    """Names before addresses, known addresses before others."""
    return not one.allowed, not one.packet.name, one.packet.address not in KNOWN


def _single(sent: Sent) -> set[int]:
    """The addresses that the catalog lists one by one; a profile's resolver need not be in every cluster."""
    listed = (allow for allow in sent.fence.egress if allow.kind != "dns")
    blocks = (peer for allow in listed for peer in allow.peers if isinstance(peer, Block))
    return {block.block[0] for block in blocks if block.block[0] == block.block[1]}


def _attempt(one: Witness, single: set[int], listed: set[str], *, by_name_shown: bool) -> Attempt | None:
    packet = one.packet
    if packet.protocol != "TCP" or packet.port is None or packet.address is None:
        return None
    if packet.name:
        there = packet.name in listed if one.allowed else packet.name in STRANGERS
        return Attempt(packet.name, packet.port, one.allowed, by_name_shown) if there else None
    if one.allowed and packet.address not in single:
        return None
    if not one.allowed and by_name_shown and not _before_it_opens(one):
        return None
    return Attempt(_text(packet), packet.port, one.allowed)


def _before_it_opens(one: Witness) -> bool:
    """Whether a NetworkPolicy denies it; what only names decide on is denied once a connection is open."""
    return any(rule.policy.startswith("NetworkPolicy ") for rule in one.decided)


def _text(packet: Packet) -> str:
    return format_address(packet.address or 0)
