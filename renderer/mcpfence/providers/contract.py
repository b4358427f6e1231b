"""The contract of a provider: what it is, what it can express, and the vocabulary of what fences need.

A provider is a folder of this package with a `PROVIDER`, and one row of the table in `providers/__init__.py`:

    emit       prepare: the part of a fence that the engine can give, and what is lost; emit: its objects
    settings   its own keys of the catalog (`egress.NAME`): their schema and a frozen type, opaque to everybody else
    advice     what it has to say: its findings, and the risks that remain
    audit      its objects in the step before they are enforced, where the engine has one
    README.md  its section of docs/providers.md

What reads its objects back, so that a render can be proven, is a folder of `reach/engines` that knows nothing of it.
All functions are pure: no state, no change of a fence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from mcpfence.catalog.model import Catalog
from mcpfence.documents.writer import Document
from mcpfence.findings.finding import Collector
from mcpfence.findings.table import Row
from mcpfence.kube.manifest import Manifest
from mcpfence.plan.fence import ClusterNetwork, Fence, Narrowing
from mcpfence.reach.documents.objects import called
from mcpfence.reach.engines.contract import Policy
from mcpfence.structs import Struct


class Feature(Enum):
    """Something that a fence can need of its engine; the value is how messages call it."""

    NAME = "host names"
    SCTP = "SCTP ports"
    EXPRESSIONS = "matchExpressions in a podSelector"


class Composition(Enum):
    """How a provider's objects and the NetworkPolicy of the same pods add up."""

    NONE = "none"
    """There are only NetworkPolicies."""
    LAYERED = "layered"
    """Both must allow: the NetworkPolicy opens the public ranges on the names' ports, the engine narrows by name."""
    UNION = "union"
    """Either allows: the NetworkPolicy opens no public range for names, or the list of names is void."""
    ORDERED = "ordered"
    """Tiers decide; as UNION for the NetworkPolicy, and the provider's own trailing deny closes the rest."""


class NamesAt(Enum):
    """Where a name that the engine allows may lie."""

    PUBLIC = "public addresses"
    """The engine closes every blocked range to names, so what a name resolves to there stays closed."""
    ANYWHERE = "any address"
    """It has nothing that stands in front of a name: whatever the name resolves to is let through, pods, private
    addresses, the metadata endpoint and 127.0.0.1 among them.  A risk of the provider says so."""


class Kind(Struct):
    """One kind of object that a provider emits, in the terms of the API server."""

    group: str
    kind: str
    plural: str
    cluster_wide: bool = False

    @property
    def called(self) -> str:
        """As messages, orders and file names call it: with its group where NetworkPolicy has another one, too."""
        return called(self.kind, self.group)


class Risk(Struct):
    """Something that no manifest can stop.

    `needs` is what a fence must grant for the risk to be one (`dns`, `name`, `any`) or by whom it must be called
    (`gateway`); nothing: it holds for every fence.
    """

    id: str
    text: str
    needs: frozenset[str] = frozenset()


class AuditForm(Struct):
    """How objects of a render are changed so that the engine shows what they would deny, and denies nothing."""

    convert: Callable[[Document], Document]
    """The form of one of the provider's own objects, or of a NetworkPolicy."""
    shows: str
    """Where the engine then shows it, and what is not in it: sentences for a person."""
    network_policies: bool = False
    """Whether NetworkPolicies have such a form, too; else they are left out."""


def _whole(fence: Fence, _network: ClusterNetwork) -> tuple[Fence, tuple[Narrowing, ...]]:
    return fence, ()


def _no_objects(_fence: Fence, _network: ClusterNetwork) -> Iterable[Manifest]:
    return ()


def _nothing_to_say(_fence: Fence, _network: ClusterNetwork, _out: Collector) -> None:
    return None


def _no_caution(_catalog: Catalog, _out: Collector) -> None:
    return None


def _no_risks(_catalog: Catalog) -> tuple[Risk, ...]:
    return ()


def _as_listed(catalog: Catalog) -> frozenset[int]:
    return catalog.cluster.families


class Provider(Struct):
    """One engine, as the catalog names it in `egress.provider`."""

    name: str
    composition: Composition
    expresses: frozenset[Feature] = frozenset()
    names_at: NamesAt = NamesAt.PUBLIC
    """Where names may lie; the proof demands them at public addresses, and tolerates them at no others than these."""
    kinds: tuple[Kind, ...] = ()
    """What it emits, in the order in which it is applied: before the NetworkPolicies, for what narrows comes first."""
    settings: Mapping[str, Any] = {}
    """The JSON Schema of its keys, by key; none where it has no settings."""
    takes: frozenset[str] = frozenset()
    """The kinds of allows (`Allow.kind`) that the NetworkPolicy leaves to the provider's own objects: none."""
    filters_dns: str = ""
    """The finding, where its objects limit which names may be asked of the resolver, of a policy beside them that opens
    the resolver's ports and so lifts the limit; empty: it limits nothing."""
    findings: Mapping[str, Row] = {}
    """What only this provider says, by id."""
    prepare: Callable[[Fence, ClusterNetwork], tuple[Fence, tuple[Narrowing, ...]]] = _whole
    """The part of the fence that the engine can give, and what is lost."""
    arrange: Callable[[Sequence[Fence], ClusterNetwork, Sequence[Policy], Collector], Sequence[Fence]] | None = None
    """Look at all fences at once, beside the policies of others, and give each its ranks; None: nothing to arrange."""
    emit: Callable[[Fence, ClusterNetwork], Iterable[Manifest]] = _no_objects
    """The engine's own objects for a prepared fence."""
    remark: Callable[[Fence, ClusterNetwork, Collector], None] = _nothing_to_say
    """Say what a person should know about a fence under this engine; called for every fence."""
    caution: Callable[[Catalog, Collector], None] = _no_caution
    """Say what a person should know about a whole catalog under this engine; an error refuses it."""
    audit: AuditForm | None = None
    """What its objects look like in the step before they are enforced; None: the engine has no such step."""
    risks: Callable[[Catalog], tuple[Risk, ...]] = _no_risks
    """What remains under this engine for a catalog."""
    opens: Callable[[Catalog], frozenset[int]] = _as_listed
    """The IP families in which it opens destinations outside the cluster."""


def enforced_kinds(provider: Provider) -> frozenset[tuple[str, str]]:
    """(API group, kind) of what a cluster under this provider is known to enforce beside NetworkPolicies."""
    return frozenset((kind.group, kind.kind) for kind in provider.kinds)


def features(fence: Fence) -> frozenset[Feature]:
    """What the fence needs of an engine beyond addresses, pods and TCP or UDP ports."""
    needs = set()
    if fence.names:
        needs.add(Feature.NAME)
    if any(selector.expressions for selector in fence.selectors):
        needs.add(Feature.EXPRESSIONS)
    for allow in fence.egress:
        if any(item.protocol == "SCTP" for item in allow.ports):
            needs.add(Feature.SCTP)
    return frozenset(needs)
