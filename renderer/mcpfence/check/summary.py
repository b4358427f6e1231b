"""A catalog at a glance: how many of what, which engine, and what is still to be declared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mcpfence.catalog.inheritance import granted_registries
from mcpfence.catalog.model import Catalog, Server, Workload

_NAMES = 8
"""So many names stand in one row."""


def summary_rows(catalog: Catalog) -> list[tuple[str, str]]:
    """A row each for servers, clients, workloads, engine, undeclared servers and names that nothing enforces."""
    servers = list(catalog.servers.values())
    runtimes = sorted(Counter(server.runtime for server in servers).items(), key=lambda item: (-item[1], item[0]))
    return [
        ("servers", _counted(len(servers), [f"{count:,} {runtime}" for runtime, count in runtimes])),
        ("clients", _names(list(catalog.clients))),
        ("workloads", _names(list(catalog.workloads))),
        ("engine", "none: NetworkPolicy alone knows no names" if catalog.provider == "none" else catalog.provider),
        ("undeclared", _names([server.name for server in servers if server.hosted and server.egress.undeclared])),
        ("unenforced", _names([item.name for item in catalog.fenced if _unenforced(catalog, item)])),
    ]


def summary_lines(catalog: Catalog) -> list[str]:
    """The rows as aligned text."""
    return [f"  {name:<10}  {text}" for name, text in summary_rows(catalog)]


def _unenforced(catalog: Catalog, item: Server | Workload) -> bool:
    """Whether names are granted, a registry's too, that no engine enforces: public addresses are open instead."""
    if catalog.provider != "none" or catalog.unenforced_domains != "internet":
        return False
    runtime = item.runtime if isinstance(item, Server) else ""
    return bool(item.egress.domains or granted_registries(catalog, runtime, item.egress).domains)


def _names(names: Sequence[str]) -> str:
    return _counted(len(names), names)


def _counted(count: int, texts: Sequence[str]) -> str:
    if not count:
        return "none"
    more = f" and {len(texts) - _NAMES:,} more" if len(texts) > _NAMES else ""
    return f"{count:,}: {', '.join(texts[:_NAMES])}{more}"
