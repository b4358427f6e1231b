"""Which engines a cluster could have for host names, by the CRDs among the manifests: said, and never chosen.

A CRD is no proof that its engine runs, or that it enforces names; so this is a note, and `egress.provider` stays what
is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mcpfence.findings.finding import Finding
from mcpfence.providers import all_providers
from mcpfence.reach.documents.objects import Object

_GROUP, _KIND = "apiextensions.k8s.io", "CustomResourceDefinition"


def proposals(raw: Any, objects: Iterable[Object]) -> Iterator[Finding]:
    """A note for each provider whose kinds are all defined, where the catalog names no provider."""
    egress = raw.get("egress") if isinstance(raw, Mapping) else None
    named = egress.get("provider", "none") if isinstance(egress, Mapping) else "none"
    if named != "none":
        return
    defined = {one.name for one in objects if (one.group, one.kind) == (_GROUP, _KIND)}
    for provider in all_providers():
        crds = {f"{kind.plural}.{kind.group}" for kind in provider.kinds}
        if crds and crds <= defined:
            sentence = f"the CRD {', '.join(sorted(crds))} is there, so the cluster's engine may be {provider.name}"
            todo = f"write {provider.name} if it runs and enforces host names (docs/providers.md has what it needs)"
            yield Finding("provider-possible", ("egress", "provider"), sentence, todo)
