"""The provider `none`: NetworkPolicies alone, which know no host names."""

from __future__ import annotations

from mcpfence.providers.contract import Composition, Feature, Provider

PROVIDER = Provider(
    name="none",
    composition=Composition.NONE,
    expresses=frozenset({Feature.SCTP, Feature.EXPRESSIONS}),
)
