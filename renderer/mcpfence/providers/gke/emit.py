"""GKE: from the names of a fence to an FQDNNetworkPolicy, networking.gke.io/v1alpha1.

It stands among the NetworkPolicies of its namespace, and what any of them allows passes.  So those carry everything but
names, as they stand, and a fence without names needs no object here:

    podSelector {app: github}
    egress  matches [{name: api.github.com}, {pattern: "*.example.com"}, {pattern: "*.*.example.com"}, ...]
            ports   [{protocol: TCP, port: 443}]

Oddities of the engine (facts on engines, sections 6 and 7): a `*` is exactly one label, so `*.x` of a catalog becomes
one pattern for each depth, and deeper names are lost; never `**`, whose meaning depends on the engine's version.  There
are no ranges of ports, and a list of ports that is empty or absent opens all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mcpfence.documents.writer import Document
from mcpfence.kube.manifest import Manifest, make_manifest
from mcpfence.kube.object_names import limited, object_name
from mcpfence.plan.fence import Allow, ClusterNetwork, Fence, Name, Narrowing, names_by_ports
from mcpfence.providers.networkpolicy.emit import fence_labels, selector_document

API_VERSION = "networking.gke.io/v1alpha1"

DEPTHS = 3
"""So many labels below x does `*.x` reach here."""
MOST_PORTS = 20
"""A range of at most so many ports is written out."""

_DEEPER = f"a * of GKE is one label, so wildcards reach {DEPTHS} labels down"


def prepare(fence: Fence, _: ClusterNetwork) -> tuple[Fence, tuple[Narrowing, ...]]:
    """The names as far as patterns of GKE reach down, and the deeper ones, which are lost."""
    deep = tuple(name for name in fence.names if _wild(name))
    if not deep:
        return fence, ()
    names = tuple(name._replace(most=DEPTHS) if _wild(name) else name for name in fence.names)
    ports = tuple(sorted({item for name in deep for item in name.ports}))
    lost = Allow("name", fence.public, ports, "the names")
    deeper = tuple(name._replace(least=DEPTHS + 1) for name in deep)
    return fence._replace(names=names), (Narrowing(fence.title, (lost,), _DEEPER, deeper),)


def _wild(name: Name) -> bool:
    return name.pattern.startswith("*.")


def emit(fence: Fence, _: ClusterNetwork) -> Iterable[Manifest]:
    """One object for each selector of a fence with names."""
    if not fence.names:
        return
    rules = list(_rules(fence.names))
    for selector, ending in zip(fence.selectors, fence.endings, strict=True):
        name = limited(object_name(fence.kind, fence.name) + ending)
        spec: Document = {"podSelector": selector_document(selector), "egress": rules}
        yield make_manifest(
            API_VERSION, "FQDNNetworkPolicy", fence.namespace, name, fence_labels(fence), {"spec": spec}
        )


def _rules(names: tuple[Name, ...]) -> Iterator[Document]:
    """One rule for each set of ports, in the order of the names."""
    for ports, named in names_by_ports(names).items():
        matches = [match for name in dict.fromkeys(one.pattern for one in named) for match in _matches(name)]
        written = [
            {"protocol": item.protocol, "port": port} for item in ports for port in range(item.first, item.last + 1)
        ]
        yield {"matches": matches, "ports": written}


def _matches(pattern: str) -> Iterator[Document]:
    if not pattern.startswith("*."):
        yield {"name": pattern}
        return
    for depth in range(1, DEPTHS + 1):
        yield {"pattern": "*." * (depth - 1) + pattern}
