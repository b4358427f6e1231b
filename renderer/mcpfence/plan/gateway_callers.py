"""Who calls a registered server: the pods of the gateway, by the labels that the gateway gives them."""

from __future__ import annotations

from mcpfence.catalog.gateway.model import Gateway
from mcpfence.catalog.model import Catalog
from mcpfence.kube.selectors import Selector, labels_of
from mcpfence.net.ports import Ports
from mcpfence.plan.fence import Allow, Pods

ENVOY, BROKER = "envoy", "broker"

_BROKER_LABELS = {
    "app.kubernetes.io/managed-by": "mcp-gateway-controller",
    "app.kubernetes.io/name": "mcp-gateway",
}
"""Exactly these: the controller sets no instance label (facts on gateways, A5)."""


def gateway_pods(gateway: Gateway) -> dict[str, Pods]:
    """The pods that call servers, by what they are: Envoy for tools/call, the broker for discovery and pings."""
    envoy = Selector((("gateway.networking.k8s.io/gateway-name", gateway.name),))
    return {
        ENVOY: Pods(gateway.namespace, envoy),
        BROKER: Pods(gateway.extension.namespace, labels_of(_BROKER_LABELS)),
    }


def gateway_allows(catalog: Catalog, ports: Ports) -> tuple[Allow, ...]:
    """Both callers on the server's own pod port; with one alone either tools/list or tools/call would fail."""
    if catalog.gateway is None:
        return ()
    pods = gateway_pods(catalog.gateway)
    return tuple(Allow("gateway", (peer,), ports, f"gateway {who}") for who, peer in pods.items())
