"""Callers: who may reach the pods of a fence - clients, workloads, and the servers that list a back-end."""

from __future__ import annotations

from functools import lru_cache

from mcpfence.catalog.model import Catalog, Client, Ingress, Server, Workload
from mcpfence.findings.finding import Path
from mcpfence.kube.selectors import Selector
from mcpfence.net.ports import PortRange, Ports, canonical_ports, tcp
from mcpfence.plan.cluster import order_peers
from mcpfence.plan.fence import Allow, Block, Peer, Pods

HBONE = 15008
"""The port on which an ambient mesh carries everything between pods (Istio's docs, facts on gateways)."""


class BackEnd:
    """Who calls a back-end of the fenced namespace, by ports; filled while services are resolved."""

    def __init__(self, name: str, selector: Selector, path: Path) -> None:
        self.name = name
        self.selector = selector
        self.path = path
        self.by_ports: dict[Ports, list[Peer]] = {}

    @property
    def ingress(self) -> tuple[Allow, ...]:
        """Its callers as allows."""
        source = f"services entries named {self.name}"
        return tuple(
            Allow("backend", order_peers(peers), ports, source) for ports, peers in sorted(self.by_ports.items())
        )


def default_clients(catalog: Catalog) -> Allow | None:
    """Every declared client as one allow without ports, shared by all servers that do not name their callers."""
    peers = [peer for client in catalog.clients.values() for peer in client_peers(client)]
    return Allow("client", order_peers(peers), (), "every declared client (default)") if peers else None


def clients_of(catalog: Catalog, ingress: Ingress) -> list[Client]:
    if ingress.clients is None:
        return list(catalog.clients.values())
    return [catalog.clients[name] for name in ingress.clients if name in catalog.clients]


def client_peers(client: Client) -> list[Peer]:
    """A client as peers: pods of its namespace, or its addresses."""
    if client.namespace is not None:
        return [Pods(client.namespace, client.selector or Selector())]
    return [Block(block) for block in client.cidrs]


@lru_cache(maxsize=4096)
def callback(client: Client) -> Allow:
    """The way back to a client that has a callbackPort."""
    peers = order_peers(client_peers(client))
    return Allow("callback", peers, tcp(client.callback_port or 0), f"clients.{client.name}.callbackPort")


def server_ports(catalog: Catalog, server: Server) -> Ports:
    """The port on which a server is called; in an ambient mesh HBONE's port beside it."""
    return tcp(server.port, HBONE) if catalog.cluster.mesh == "ambient" else tcp(server.port)


def server_ingress(
    catalog: Catalog, server: Server, everyone: Allow | None, workloads: list[Peer]
) -> tuple[Allow, ...]:
    """Who may call a server: its clients (`everyone` by default), the workloads that call it, its MCP gateway."""
    own = server_ports(catalog, server)
    ports = server.ingress.ports or own
    if server.ingress.ports and catalog.cluster.mesh == "ambient":
        ports = canonical_ports([*ports, PortRange("TCP", HBONE, HBONE)])
    allows = []
    if server.ingress.clients is None and everyone is not None:
        allows.append(Allow("client", everyone.peers, ports, everyone.source))
    elif server.ingress.clients:
        peers = _peers_of(clients_of(catalog, server.ingress))
        allows.append(Allow("client", peers, ports, f"servers.{server.name}.ingress.from"))
    if workloads:
        allows.append(Allow("workload", order_peers(workloads), own, "workloads with egress.servers"))
    if server.gateway is not None:
        from mcpfence.plan.gateway_callers import (
            gateway_allows,  # here, so that catalogs without a gateway start quickly
        )

        allows += gateway_allows(catalog, own)
    return tuple(allows)


def workload_ingress(catalog: Catalog, workload: Workload, back_ends: dict[Selector, BackEnd]) -> tuple[Allow, ...]:
    """Who may call a workload: nobody but the clients that it names, and whoever lists it as a back-end."""
    allows: list[Allow] = []
    if workload.ingress.clients and workload.ingress.ports:
        peers = _peers_of(clients_of(catalog, workload.ingress))
        allows.append(Allow("client", peers, workload.ingress.ports, f"workloads.{workload.name}.ingress.from"))
    if workload.namespace == catalog.namespace:
        for selector in workload.selectors:
            if selector in back_ends:
                allows += back_ends[selector].ingress
    return tuple(allows)


def _peers_of(clients: list[Client]) -> tuple[Peer, ...]:
    return order_peers([peer for client in clients for peer in client_peers(client)])
