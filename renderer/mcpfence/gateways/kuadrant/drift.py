"""Whether manifests that exist hold the policies that the catalog's gateway needs: in Git, or in a cluster.

Only AuthPolicies are compared: without one, or with a weaker one, a server is open to everybody at the gateway.
Whatever else is missing closes rather than opens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mcpfence.catalog.model import Catalog
from mcpfence.findings.finding import Finding
from mcpfence.gateways import gateway_manifests
from mcpfence.gateways.kuadrant.objects import GatewayObjects, find

_REMEDY = "render again and apply: these manifests are not what the catalog gives"


def gateway_drift(catalog: Catalog, documents: list[object], namespace: str) -> Iterator[Finding]:
    """A finding for each policy that is missing beside its target, or that is another one."""
    found = find(documents, namespace)
    for manifest, _, path in gateway_manifests(catalog):
        if manifest.kind != "AuthPolicy":
            continue
        spec = manifest.document["spec"]
        target = spec["targetRef"]
        if found.get(target["kind"], manifest.namespace, target["name"]) is None:
            continue
        title = f"AuthPolicy {manifest.namespace}/{manifest.name}"
        there = found.get("AuthPolicy", manifest.namespace, manifest.name)
        if there is None:
            sentence = f"{title} is not among the manifests, and {target['kind']} {target['name']} is"
            yield Finding("gateway-drift", path, sentence, _REMEDY)
        elif not _holds(there.spec, spec):
            sentence = f"{title} is not what the catalog gives"
            yield Finding("gateway-drift", path, sentence, _REMEDY)
        yield from _others(found, manifest.namespace, manifest.name, target)


def _others(found: GatewayObjects, namespace: str, name: str, target: Mapping[str, Any]) -> Iterator[Finding]:
    """Another policy on the same target: Kuadrant lets one of them hold, and which is not ours to say."""
    keys = ("kind", "name", "sectionName")
    for other in found.of("AuthPolicy"):
        theirs = other.spec.get("targetRef")
        same = isinstance(theirs, Mapping) and all(theirs.get(key) == target.get(key) for key in keys)
        if other.namespace == namespace and other.name != name and same:
            sentence = f"it is for the same target as {name}, and only one of them holds"
            yield Finding("gateway-drift", (), sentence, "remove it", other.title)


def _holds(there: Any, ours: Any) -> bool:
    """Whether everything of ours is there as it is; what the API server adds by default is no difference."""
    if isinstance(ours, Mapping):
        return isinstance(there, Mapping) and all(key in there and _holds(there[key], ours[key]) for key in ours)
    if isinstance(ours, list):
        return (
            isinstance(there, list)
            and len(there) == len(ours)
            and all(_holds(one, other) for one, other in zip(there, ours, strict=True))
        )
    return type(there) is type(ours) and bool(there == ours)
