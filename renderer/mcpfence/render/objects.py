"""What a render gives: objects with their text, in the order in which they are printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mcpfence.catalog.model import Catalog
from mcpfence.findings.finding import Finding, fail, plural
from mcpfence.plan.fence import ClusterNetwork, Fence, Narrowing
from mcpfence.proof.prove import OUR_FAULT
from mcpfence.providers import NETWORK_POLICY, Provider
from mcpfence.render.chunks import Chunks
from mcpfence.render.template import Parts, fill, filled
from mcpfence.structs import Struct

BEHIND_POLICIES = (
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "Service",
    "Deployment",
    "ReferenceGrant",
    "ServiceEntry",
    "DestinationRule",
    "Gateway",
    "MCPGatewayExtension",
    "HTTPRoute",
    "MCPServerRegistration",
    "MCPVirtualServer",
    "AuthPolicy",
    "ConfigMap",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
)
"""Policies stand before the pods that they hold for, what is referred to before what refers to it, the guard behind
all that it guards."""


class Rendered(Struct):
    """One object: what it is called, and its text, which is filled into the parts of its template when it is needed."""

    kind: str
    namespace: str
    name: str
    parts: Parts
    words: tuple[str, ...]

    @property
    def pieces(self) -> list[str]:
        """The YAML text in pieces."""
        return filled(self.parts, self.words)

    @property
    def text(self) -> str:
        """The YAML text without a separator."""
        return fill(self.parts, self.words)

    @property
    def title(self) -> str:
        """As messages call it: `NetworkPolicy mcp/mcp-server-github-egress`, without namespace where it has none."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class Rendering(Struct):
    """What a render gives: objects in output order, findings (no errors among them), narrowings."""

    catalog: Catalog
    objects: tuple[Rendered, ...]
    findings: tuple[Finding, ...]
    narrowings: tuple[Narrowing, ...]
    fences: tuple[Fence, ...]
    network: ClusterNetwork
    chunks: Chunks
    """The text of all objects, each behind a separator."""


def kind_order(provider: Provider) -> tuple[str, ...]:
    """The kinds that a render may print, in their order: what narrows comes before what opens."""
    return (*(kind.called for kind in provider.kinds), NETWORK_POLICY.called, *BEHIND_POLICIES)


def in_order(objects: Mapping[str, Sequence[Rendered]], kinds: Sequence[str]) -> tuple[Rendered, ...]:
    """All objects, those of a kind together, inside a kind by namespace and name.

    Raises McpfenceError for objects of a kind that has no place in the order: nobody would ever see them.
    """
    for kind in objects.keys() - set(kinds):
        sentence = (
            f"{plural(len(objects[kind]), 'object')} of kind {kind} would not be printed: the provider has no such kind"
        )
        raise fail("kind-unknown", sentence, OUR_FAULT)
    return tuple(item for kind in kinds for item in sorted(objects.get(kind, ()), key=_place))


def _place(item: Rendered) -> tuple[str, str]:
    return item.namespace, item.name
