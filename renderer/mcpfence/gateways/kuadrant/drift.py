"""Whether manifests that exist are the gateway's objects that the catalog gives: in Git, or in a cluster.

Whatever is more, less or other than what the catalog gives is said, for what is added can open as well as what is
missing: a further way to show who one is, a `when`, a back-end.  A missing object is said where it leaves something
open: a policy beside its target.  Whatever else is missing closes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mcpfence.catalog.model import Catalog
from mcpfence.findings.finding import Finding, Path, path_text
from mcpfence.gateways import gateway_manifests
from mcpfence.gateways.kuadrant.objects import GatewayObjects, find
from mcpfence.kube.api_defaults import body_of
from mcpfence.kube.manifest import Manifest

_REMEDY = "render again and apply: these manifests are not what the catalog gives"
_SHOWN = 3


def gateway_drift(catalog: Catalog, documents: Iterable[object], namespace: str) -> Iterator[Finding]:
    """A finding for each object that is another one, and for each policy that is missing."""
    found = find(documents, namespace)
    ours = [(manifest, path) for manifest, _, path in gateway_manifests(catalog)]
    some = any(found.copies(one.kind, one.namespace, one.name) for one, _ in ours)
    for manifest, path in ours:
        title = f"{manifest.kind} {manifest.namespace}/{manifest.name}"
        there = found.copies(manifest.kind, manifest.namespace, manifest.name)
        if not there and some and manifest.kind == "AuthPolicy" and _expected(found, manifest):
            target = manifest.document["spec"]["targetRef"]
            there_too = "is" if found.get(target["kind"], manifest.namespace, target["name"]) else "needs it"
            sentence = f"{title} is not among the manifests, and {target['kind']} {target['name']} {there_too}"
            yield Finding("gateway-drift", path, sentence, _REMEDY)
        wanted = body_of(manifest.kind, manifest.document)
        for one in there:
            places = list(_differences(body_of(one.kind, one.document), wanted, ()))
            if places:
                sentence = f"{title} is not what the catalog gives: {_named(places)}"
                yield Finding("gateway-drift", path, sentence, _REMEDY)


def _expected(found: GatewayObjects, policy: Manifest) -> bool:
    """Whether a policy has to be there; a route that is missing needs none.  The Gateway may be of other manifests."""
    target = policy.document["spec"]["targetRef"]
    return target["kind"] == "Gateway" or found.get(target["kind"], policy.namespace, target["name"]) is not None


def _named(places: list[str]) -> str:
    more = f" and {len(places) - _SHOWN:,} more" if len(places) > _SHOWN else ""
    return f"{', '.join(places[:_SHOWN])}{more}"


def _differences(there: Any, ours: Any, at: Path) -> Iterator[str]:
    """Every place that differs, with how; values are not said."""
    if isinstance(ours, Mapping) and isinstance(there, Mapping):
        for key in sorted({*ours, *there}, key=str):
            place = (*at, str(key))
            if key not in ours:
                yield f"{path_text(place)} is added"
            elif key not in there:
                yield f"{path_text(place)} is missing"
            else:
                yield from _differences(there[key], ours[key], place)
    elif isinstance(ours, list) and isinstance(there, list):
        for number in range(max(len(ours), len(there))):
            place = (*at, number)
            if number >= len(ours):
                yield f"{path_text(place)} is added"
            elif number >= len(there):
                yield f"{path_text(place)} is missing"
            else:
                yield from _differences(there[number], ours[number], place)
    elif type(there) is not type(ours) or there != ours:
        yield f"{path_text(at)} is another one"
