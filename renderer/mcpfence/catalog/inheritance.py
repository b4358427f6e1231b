"""What a server inherits from the catalog: its stance, and the registries that it may fetch packages from."""

from __future__ import annotations

from mcpfence.catalog.model import Catalog, Egress, Registries


def internet_stance(catalog: Catalog, egress: Egress) -> bool:
    """Whether it may reach every public address: its own word, else the catalog's where a server lists nothing.

    The catalog's stance is for servers: a workload that says nothing reaches nothing.
    """
    if egress.deny_all:
        return False
    if egress.default is not None:
        return egress.default == "internet"
    return catalog.default == "internet" and not egress.listed and egress.path[:1] == ("servers",)


def granted_registries(catalog: Catalog, runtime: str, egress: Egress) -> Registries:
    """The registries of a server: its own entries, or the catalog's for its runtime."""
    if egress.deny_all:
        return Registries()
    if egress.registries is not None:
        return egress.registries
    return catalog.registries.get(runtime, Registries())
