"""The contract of a provider: what it is, what it can express, and the vocabulary of what fences need.

A provider is a folder of this package with a `PROVIDER`, and one row of the table in `providers/__init__.py`:

    emit       prepare: the part of a fence that the engine can give, and what is lost; emit: its objects
    settings   its own keys of the catalog (`egress.NAME`): their schema and a frozen type, opaque to everybody else
    advice     what it has to say: its findings, and the risks that remain
    README.md  its section of docs/providers.md

What reads its objects back, so that a render can be proven, is a folder of `reach/engines` that knows nothing of it.
All functions are pure: no state, no change of a fence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

from mcpfence.catalog.model import Catalog
from mcpfence.findings.finding import Collector
from mcpfence.findings.table import Row
from mcpfence.kube.manifest import Manifest
from mcpfence.plan.fence import ClusterNetwork, Fence, Narrowing


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


class Kind(NamedTuple):
    """One kind of object that a provider emits, in the terms of the API server."""

    group: str
    kind: str
    plural: str


class Risk(NamedTuple):
    """Something that no manifest can stop.

    `needs` is what a fence must grant for the risk to be one (`dns`, `name`, `any`) or by whom it must be called
    (`gateway`); nothing: it holds for every fence.
    """

    id: str
    text: str
    needs: frozenset[str] = frozenset()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One engine, as the catalog names it in `egress.provider`."""

    name: str
    composition: Composition
    expresses: frozenset[Feature] = frozenset()
    kinds: tuple[Kind, ...] = ()
    """What it emits, in the order in which it is applied: before the NetworkPolicies, for what narrows comes first."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The JSON Schema of its keys, by key; none where it has no settings."""
    findings: Mapping[str, Row] = field(default_factory=dict)
    """What only this provider says, by id."""
    prepare: Callable[[Fence, ClusterNetwork], tuple[Fence, tuple[Narrowing, ...]]] = _whole
    """The part of the fence that the engine can give, and what is lost."""
    emit: Callable[[Fence, ClusterNetwork], Iterable[Manifest]] = _no_objects
    """The engine's own objects for a prepared fence."""
    remark: Callable[[Fence, ClusterNetwork, Collector], None] = _nothing_to_say
    """Say what a person should know about a fence under this engine; called for every fence."""
    caution: Callable[[Catalog, Collector], None] = _no_caution
    """Say what a person should know about a whole catalog under this engine; nothing here is an error."""
    risks: Callable[[Catalog], tuple[Risk, ...]] = _no_risks
    """What remains under this engine for a catalog."""
    opens: Callable[[Catalog], frozenset[int]] = _as_listed
    """The IP families in which it opens destinations outside the cluster."""


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
