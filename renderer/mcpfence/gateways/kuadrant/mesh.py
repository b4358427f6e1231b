"""What the mesh needs to know of servers elsewhere: one ServiceEntry a host, and one DestinationRule that starts TLS.

Several servers may share a host; two entries for one host would leave it to Istio which of them counts.
"""

from __future__ import annotations

from collections.abc import Iterator

from mcpfence.catalog.gateway.model import Gateway, Registration
from mcpfence.documents.writer import Document
from mcpfence.kube.manifest import Manifest, make_manifest
from mcpfence.kube.object_names import limited

_ISTIO = "networking.istio.io/v1"
"""Served and stored by Istio since 1.22; v1beta1 is an alias."""


def mesh_manifests(gateway: Gateway, registrations: list[Registration]) -> Iterator[tuple[Registration, Manifest]]:
    """The entries of every host elsewhere, each with the first server that is there."""
    hosts: dict[str, list[Registration]] = {}
    for item in registrations:
        if item.backend.kind != "Service":
            hosts.setdefault(item.backend.name, []).append(item)
    for host, there in sorted(hosts.items()):
        first = there[0]
        yield first, _make("ServiceEntry", gateway, first, _service_entry(gateway, host, there))
        if first.backend.kind == "Hostname":
            yield first, _make("DestinationRule", gateway, first, _destination_rule(gateway, first))


def _make(kind: str, gateway: Gateway, item: Registration, spec: Document) -> Manifest:
    labels = {"mcpfence.io/gateway": gateway.name}
    return make_manifest(_ISTIO, kind, item.namespace, limited(item.backend.name), labels, {"spec": spec})


def _visible(gateway: Gateway, item: Registration) -> list[str]:
    """Where the entries count: beside the route, at the Gateway and at the broker, and nowhere else."""
    others = {gateway.namespace, gateway.extension.namespace} - {item.namespace}
    return [".", *sorted(others)]


def _service_entry(gateway: Gateway, host: str, there: list[Registration]) -> Document:
    protocol = "HTTPS" if there[0].backend.kind == "Hostname" else "HTTP"
    numbers = sorted({item.backend.port for item in there})
    # The name of a port begins with its protocol, or Istio takes it for another one.
    name = protocol.lower()
    ports = [
        {"number": number, "name": name if len(numbers) == 1 else f"{name}-{number}", "protocol": protocol}
        for number in numbers
    ]
    return {
        "hosts": [host],
        "exportTo": _visible(gateway, there[0]),
        "location": "MESH_EXTERNAL",
        "ports": ports,
        "resolution": "DNS",
    }


def _destination_rule(gateway: Gateway, item: Registration) -> Document:
    """Envoy starts TLS, shows the server's name, and takes no certificate of another one.

    Without caCertificates Istio (1.20 and later) checks against the CAs of the system.
    """
    host = item.backend.name
    return {
        "host": host,
        "exportTo": _visible(gateway, item),
        "trafficPolicy": {"tls": {"mode": "SIMPLE", "sni": host, "subjectAltNames": [host]}},
    }
