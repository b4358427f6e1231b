"""What a CiliumNetworkPolicy denies in front of names: every blocked range, less what the catalog lists there.

blocked 10.0.0.0/8 ...; listed 10.20.0.0/16 on 5432    ->    10.0.0.0/8 except 10.20.0.0/16, on every port
                                                             10.20.0.0/16, on every port but 5432
"""

from __future__ import annotations

from functools import lru_cache

from mcpfence.documents.writer import Document, Shared
from mcpfence.net.addresses import ALL, cidrs, parse_cidr
from mcpfence.net.intervals import Interval, Intervals, canonical, intersect, subtract, union
from mcpfence.net.ports import ALL_PORTS, Ports, canonical_ports
from mcpfence.plan.fence import Block, addresses_among
from mcpfence.providers.cilium.ports import all_but, to_ports


@lru_cache(maxsize=1024)
def denials(public: tuple[Block, ...], listed: tuple[tuple[Block, Ports], ...]) -> Shared:
    """The rules of egressDeny, where names may resolve to `public` and addresses are listed with their ports."""
    blocked = subtract(ALL, addresses_among(public))
    pieces = _pieces(blocked, listed)
    open_somewhere = union(*pieces.values())
    rules: list[Document] = []
    whole = [found for cidr in cidrs(blocked) for found in [_denied(cidr, open_somewhere)] if found]
    if whole:
        rules.append({"toCIDRSet": whole})
    for ports, addresses in sorted(pieces.items()):
        entries = to_ports(all_but(ports)) if ports != ALL_PORTS else []
        if entries:  # an empty list would deny every port
            rules.append({"toCIDRSet": [{"cidr": cidr} for cidr in cidrs(addresses)], "toPorts": entries})
    return Shared(rules)


def _pieces(blocked: Intervals, listed: tuple[tuple[Block, Ports], ...]) -> dict[Ports, Intervals]:
    """The listed part of the blocked ranges by the ports that are open there, all entries taken together."""
    found: list[tuple[Intervals, Ports]] = []
    for block, ports in listed:
        rest = intersect(block.addresses, blocked)
        cut: list[tuple[Intervals, Ports]] = []
        for addresses, theirs in found:
            both, alone = intersect(addresses, rest), subtract(addresses, rest)
            cut += [(both, canonical_ports((*theirs, *ports)))] if both else []
            cut += [(alone, theirs)] if alone else []
            rest = subtract(rest, addresses)
        found = [*cut, (rest, ports)] if rest else cut
    by_ports: dict[Ports, list[Interval]] = {}
    for addresses, ports in found:
        by_ports.setdefault(ports, []).extend(addresses)
    return {ports: canonical(pieces) for ports, pieces in by_ports.items()}


def _denied(cidr: str, listed: Intervals) -> Document | None:
    """One block without what is listed in it; None where nothing is left."""
    block = parse_cidr(cidr)
    holes = intersect(listed, (block,))
    if holes == (block,):
        return None
    return {"cidr": cidr, "except": list(cidrs(holes))} if holes else {"cidr": cidr}
