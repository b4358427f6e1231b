"""What a provider is, and the vocabulary of what fences need."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Protocol

from mcpfence.findings.finding import Collector
from mcpfence.kube.manifest import Manifest
from mcpfence.plan.fence import Fence, Ground, Narrowing


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


class Provider(Protocol):
    """One engine.  Pure: no state, no work in a constructor, no change of a fence."""

    name: str
    expresses: frozenset[Feature]
    composition: Composition

    def remark(self, fence: Fence, ground: Ground, out: Collector) -> None:
        """Say what a person should know about this fence under this engine; called for every fence."""
        ...

    def prepare(self, fence: Fence, ground: Ground) -> tuple[Fence, tuple[Narrowing, ...]]:
        """The part of the fence that the engine can give, and what is lost."""
        ...

    def emit(self, fence: Fence, ground: Ground) -> Iterable[Manifest]:
        """The engine's own objects for a prepared fence."""
        ...


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
