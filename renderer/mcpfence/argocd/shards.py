"""A catalog cut into shards, each a release with a namespace of its own that an Application of its own renders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mcpfence.argocd.shard_groups import Group, Member, ShardPlaces, groups_of, places_of
from mcpfence.catalog.model import Catalog
from mcpfence.documents.values import merge
from mcpfence.findings.finding import Collector, Finding, McpfenceError, fail, plural
from mcpfence.kube.services import ServiceIndex
from mcpfence.plan.fence import Allow, Fence, Peer, Pods
from mcpfence.plan.planner import make_plan
from mcpfence.render.objects import Rendering
from mcpfence.render.pipeline import load_catalog, render
from mcpfence.structs import Struct

_SHOWN = 3
"""Of what ties a group together."""

Fences = Mapping[tuple[str, str], Fence]
"""By kind and name."""


class CutRequest(Struct):
    """What is cut: at most `size` servers a shard, each rendered by an Application that is called `NAME-NUMBER`."""

    values: Mapping[str, Any]
    """What the user wrote, several files merged."""
    defaults: Mapping[str, Any]
    """The chart's own values below them."""
    services: ServiceIndex
    name: str
    namespace: str
    """That of the releases themselves."""
    size: int
    earlier: Mapping[str, frozenset[Member]] = {}
    """The members of each shard of an earlier cut, by its number in figures."""


class Shard(Struct):
    """One shard: its number in figures, the values that no other shard has, and what its Application renders."""

    number: str
    values: Mapping[str, Any]
    rendering: Rendering


class Cut(Struct):
    """The values that all shards share, the shards, and what there is to say of them."""

    base: Mapping[str, Any]
    shards: tuple[Shard, ...]
    findings: tuple[Finding, ...]


def cut(request: CutRequest) -> Cut:
    """Cut the catalog; raises McpfenceError where it has errors, or cannot be cut as it stands.

    Every shard is rendered and proven, and its fences are compared with those of the whole catalog.
    """
    out = Collector()
    whole, fences = _planned(request)
    if not whole.servers and not whole.workloads:
        sentence = "the catalog has neither servers nor workloads, so every shard would be removed"
        raise fail("catalog-empty", sentence, "declare them, or name the right values file", path=("servers",))
    groups = groups_of(whole, fences.values())
    for group in groups:
        _refuse_large(group, request.size, out)
    out.stop_on_errors()
    places = places_of(groups, request.size, request.earlier)
    _tell_moved(places, request.name, out)
    base = {key: value for key, value in request.values.items() if key not in ("servers", "workloads")}
    shards = []
    for number, members in places.shards.items():
        own = _own_values(request, whole.namespace, number, members)
        values, release = merge([base, own], {}), f"{request.name}-{number}"
        full = _full(request, values)
        found = render(full, release=release, namespace=request.namespace, services=request.services)
        _compare(whole, fences, found, out)
        shards.append(Shard(number, own, found))
    _refuse_shared(shards, out)
    out.stop_on_errors()
    return Cut(base, tuple(shards), out.findings())


def _full(request: CutRequest, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the chart sees them."""
    full = merge([values], request.defaults)
    full.pop("global", None)
    return full


def _planned(request: CutRequest) -> tuple[Catalog, Fences]:
    """The whole catalog and its fences; raises McpfenceError with its errors."""
    out = Collector()
    catalog = load_catalog(_full(request, request.values), release=request.name, namespace=request.namespace, out=out)
    fences = [] if catalog is None or out.failed else list(make_plan(catalog, request.services, out).fences)
    if catalog is None or out.failed:
        raise McpfenceError(out.findings())
    return catalog, {(fence.kind, fence.name): fence for fence in fences}


def _own_values(request: CutRequest, namespace: str, number: str, members: Sequence[Member]) -> dict[str, Any]:
    """What a shard has alone: its namespace, its servers and workloads."""
    written = request.values.get("mcpNamespace")
    named = written.get("name") if isinstance(written, Mapping) else None
    own: dict[str, Any] = {
        "mcpNamespace": {"name": f"{namespace}-{number}" if named else f"{request.name}-{number}-mcp"}
    }
    for kind, member in members:
        own.setdefault(kind, {})[member] = request.values[kind][member]
    return own


def _refuse_large(group: Group, size: int, out: Collector) -> None:
    if group.servers <= size:
        return
    shown = ", ".join(group.ties[:_SHOWN]) + (", ..." if len(group.ties) > _SHOWN else "")
    sentence = f"{plural(group.servers, 'server')} belong in one namespace, more than a shard may have ({size:,})"
    todo = f"raise --servers, or untie them ({shown}): declare who calls servers of several shards as a client"
    out.add("shard-too-large", group.members[0], sentence, todo)


def _tell_moved(places: ShardPlaces, name: str, out: Collector) -> None:
    for member, (old, new) in sorted(places.moved.items()):
        sentence = f"moves from shard {old} to {new}, since it belongs with servers there"
        out.add("shard-moved", member, sentence, f"start its pods in the namespace of {name}-{new}")


def _compare(whole: Catalog, fences: Fences, found: Rendering, out: Collector) -> None:
    """Refuse a shard whose fences are others than those of the whole catalog, its namespace aside."""
    shard = found.catalog
    for fence in found.fences:
        meant = fences.get((fence.kind, fence.name))
        if meant is None or _facts(meant, whole.namespace, shard.namespace) != _facts(fence, "", ""):
            sentence = f"would not have the same fence in namespace {shard.namespace}"
            todo = f"leave out the namespace where the catalog names {whole.namespace}, which no shard has"
            out.add("shard-differs", fence.path, sentence, todo)


def _facts(fence: Fence, old: str, new: str) -> tuple[object, ...]:
    """All that a fence allows, with one namespace in the place of another."""

    def moved(peer: Peer) -> Peer:
        return peer._replace(namespace=new) if isinstance(peer, Pods) and peer.namespace == old else peer

    def allowed(allows: Iterable[Allow]) -> Counter[object]:
        return Counter((allow.kind, frozenset(map(moved, allow.peers)), allow.ports) for allow in allows)

    names = frozenset(name._replace(source="") for name in fence.names)
    where = new if fence.namespace == old else fence.namespace
    ingress, egress = allowed(fence.ingress), allowed(fence.egress)
    return where, fence.selectors, ingress, egress, names, frozenset(fence.public), fence.runtime


def _refuse_shared(shards: Iterable[Shard], out: Collector) -> None:
    """Refuse an object that two Applications would write: each sync would undo the other's."""
    first: dict[str, str] = {}
    for shard in shards:
        for item in shard.rendering.objects:
            other = first.setdefault(item.title, shard.number)
            if other != shard.number:
                sentence = f"would be written by shards {other} and {shard.number}, each of which undoes the other"
                out.add("shard-shared", (), sentence, "render it in a release of its own", document=item.title)
