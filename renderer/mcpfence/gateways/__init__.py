"""What registers servers at an MCP gateway, where a catalog asks for it: routes, registrations, who may call.

A gateway provider is one package and one row of the table here.

Nothing imports this package for a catalog without a gateway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from mcpfence.catalog.gateway.model import Gateway
from mcpfence.catalog.model import Catalog
from mcpfence.gateways.kuadrant import emit
from mcpfence.gateways.kuadrant.emit import Emitted
from mcpfence.gateways.kuadrant.objects import KINDS
from mcpfence.gateways.kuadrant.proof import prove_registered
from mcpfence.gateways.kuadrant.rivals import rivals

__all__ = ["KINDS", "PROVIDERS", "gateway_manifests", "prove_registered", "rivals"]

PROVIDERS: Mapping[str, Callable[[Catalog, Gateway], Iterator[Emitted]]] = {"kuadrant": emit.emit}


def gateway_manifests(catalog: Catalog) -> Iterator[Emitted]:
    """Every object of the catalog's gateway, with whose it is and where that was written."""
    if catalog.gateway is not None:
        yield from PROVIDERS[catalog.gateway.provider](catalog, catalog.gateway)
