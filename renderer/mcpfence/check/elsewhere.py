"""Manifests of another release or namespace: said once, in the place of a finding for every server."""

from __future__ import annotations

from collections.abc import Sequence

from mcpfence.catalog.model import Catalog
from mcpfence.findings.finding import Finding
from mcpfence.kube.manifest import is_ours, labels_of
from mcpfence.reach.documents.objects import Object

_SERVER = "mcpfence.io/server"
_REPORT = "-mcpfence"


def elsewhere(objects: Sequence[Object], catalog: Catalog, namespace: str) -> Finding | None:
    """The error where our policies for servers lie in other namespaces and none in the catalog's.

    `namespace` is that of objects which name none.  What a cluster gives has uids: there the catalog's own namespace is
    judged, for it is open while that of another release is fenced.
    """
    policies = [one for one in objects if one.kind == "NetworkPolicy"]
    if any(is_live(one) for one in policies):
        return None
    homes = {
        one.namespace or namespace for one in policies if is_ours(one.document) and _SERVER in labels_of(one.document)
    }
    there = {one.namespace or namespace for one in policies}
    if not homes or catalog.namespace in there or not any(server.hosted for server in catalog.servers.values()):
        return None
    told = [one for one in objects if one.kind == "ConfigMap" and _is_report(one)]
    where = ", ".join(sorted(homes))
    asked = f"{catalog.namespace} (release {catalog.release})"
    sentence = f"the manifests are for servers in namespace {where}, and the catalog's are in {asked}"
    if len(told) == 1:
        flags = f"--release {told[0].name.removesuffix(_REPORT)} --namespace {told[0].namespace or namespace}"
        todo = f"write {flags} as for the render of these manifests, or mcpNamespace.name"
    else:
        todo = "write --release and --namespace as for the render of these manifests, or mcpNamespace.name"
    return Finding("manifests-elsewhere", ("mcpNamespace", "name"), sentence, todo)


def is_live(one: Object) -> bool:
    """Whether an object is what a cluster gives: it has a uid."""
    metadata = one.document.get("metadata")
    return isinstance(metadata, dict) and "uid" in metadata


def _is_report(one: Object) -> bool:
    return is_ours(one.document) and one.name.endswith(_REPORT)
