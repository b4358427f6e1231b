"""Which records concern a catalog: told before they are kept, so that what is not ours takes no memory."""

from __future__ import annotations

from mcpfence.explain.context import View
from mcpfence.net.ports import ALL_PORTS
from mcpfence.observe.snapshot import Snapshot
from mcpfence.observe.table import RecordScope


def scope_of(view: View, snapshot: Snapshot, since: int | None, until: int | None) -> RecordScope:
    """The namespaces of the fences, the addresses of pods in them, and every port that the catalog speaks of alone."""
    namespaces = frozenset(fence.namespace for fence in view.fences)
    listed = [allow.ports for fence in view.fences for allow in (*fence.ingress, *fence.egress)]
    listed += [name.ports for fence in view.fences for name in fence.names]
    ports = {item.first for ports in listed if ports != ALL_PORTS for item in ports if item.first == item.last}
    return RecordScope(
        namespaces,
        snapshot.addresses_of(namespaces),
        frozenset(ports),
        snapshot.node_addresses,
        since or 0,
        until if until is not None else 1 << 63,
    )
