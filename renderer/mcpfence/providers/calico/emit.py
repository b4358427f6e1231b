"""Calico Enterprise and Cloud: from a fence with names to NetworkPolicy, projectcalico.org/v3, in the tier `default`.

The policy stands at an order below 1000, so it decides before Kubernetes' own NetworkPolicies and ends in a deny; it
speaks of egress alone.  A fence without names has none: there the NetworkPolicies say it all.

    names api.github.com 443                  Allow UDP, TCP 53  namespaceSelector, selector (DNS first, then pods)
    DNS kube-system/k8s-app=kube-dns     ->   Allow TCP 5432     nets [10.20.0.0/16]
    cidr 10.20.0.0/16 5432                    Deny               nets: all that no name may resolve to, v4 and v6 apart
                                              Allow TCP 443      domains [api.github.com]
                                              Deny

Each oddity and where it comes from (facts on engines, sections 6 and 7; Calico's reference pages):
a rule whose list of domains is empty matches every address; nets of both families in one rule are refused; `domains`
stands beside neither nets nor selectors; lists have limits; selectors are expressions, whose values have no escapes,
so only values that are labels may stand in them.  `projectcalico.org/orchestrator == 'k8s'` is what Calico itself adds
to the selectors of NetworkPolicies: without it a selector also finds sets of addresses with such labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from mcpfence.documents.writer import Document
from mcpfence.kube.manifest import Manifest, make_manifest
from mcpfence.kube.object_names import limited, object_name
from mcpfence.kube.selectors import Expression, Selector
from mcpfence.net.addresses import ALL, cidrs
from mcpfence.net.intervals import Intervals, canonical, subtract
from mcpfence.net.ports import Ports
from mcpfence.plan.fence import (
    Allow,
    Block,
    ClusterNetwork,
    Fence,
    Peer,
    Pods,
    addresses_among,
    dns_then_pods,
    names_by_ports,
)
from mcpfence.providers.calico.settings import settings_of
from mcpfence.providers.networkpolicy.emit import NAMESPACE_LABEL, fence_labels

API_VERSION = "projectcalico.org/v3"
NETS, PORTS, RULES, SELECTOR = 256, 50, 1024, 1024
"""What the CRD takes: nets and ports in a rule, rules in a policy, characters of a selector."""

_PODS = "projectcalico.org/orchestrator == 'k8s'"
_VALUES = 800
"""So many characters of values go into one selector."""


def emit(fence: Fence, network: ClusterNetwork) -> Iterable[Manifest]:
    """One NetworkPolicy of Calico's for each selector of a fence that grants names."""
    if not fence.names:
        return
    rules = rules_of(fence)
    for selector, ending in zip(fence.selectors, fence.endings, strict=True):
        name = limited(object_name(fence.kind, fence.name, "names") + ending)
        spec: Document = {
            "tier": "default",
            "order": settings_of(network).order,
            "selector": expression(selector),
            "types": ["Egress"],
            "egress": rules,
        }
        yield make_manifest(API_VERSION, "NetworkPolicy", fence.namespace, name, fence_labels(fence), {"spec": spec})


def rules_of(fence: Fence) -> list[Document]:
    """The rules of a fence, in their order."""
    allows = [rule for allow in dns_then_pods(fence.egress) for rule in _allows(allow)]
    return [*allows, *_blocked(fence), *_names(fence), {"action": "Deny"}]


def expression(selector: Selector) -> str:
    """A label selector in Calico's language, for the same pods as in a NetworkPolicy."""
    tests = [f"{key} == '{value}'" for key, value in selector.labels]
    return " && ".join([_PODS, *tests, *map(_test, selector.expressions)])


def _test(item: Expression) -> str:
    if item.operator in ("Exists", "DoesNotExist"):
        return f"{'!' if item.operator == 'DoesNotExist' else ''}has({item.key})"
    return _values(item.key, item.values, "in" if item.operator == "In" else "not in")


def _values(key: str, values: Iterable[str], operator: str) -> str:
    listed = ", ".join([f"'{value}'" for value in values])
    return f"{key} {operator} {{{listed}}}"


def _allows(allow: Allow) -> Iterator[Document]:
    for destination in _destinations(allow.peers):
        yield from _rules("Allow", destination, allow.ports)


def _blocked(fence: Fence) -> Iterator[Document]:
    """What no name may resolve to, whatever a resolver says."""
    for destination in _nets(subtract(ALL, addresses_among(fence.public))):
        yield {"action": "Deny", "destination": destination}


def _names(fence: Fence) -> Iterator[Document]:
    for ports, names in names_by_ports(fence.names).items():
        yield from _rules("Allow", {"domains": list(dict.fromkeys(name.pattern for name in names))}, ports)


def _rules(action: str, destination: Document, ports: Ports) -> Iterator[Document]:
    """One rule for each protocol, and for so many ports as one may have."""
    for protocol, found in groupby(ports, key=lambda item: item.protocol):
        if protocol == "ALL":
            yield {"action": action, "destination": destination}
            continue
        written = [item.first if item.first == item.last else f"{item.first}:{item.last}" for item in found]
        for some in _some(written, PORTS):
            yield {"action": action, "protocol": protocol, "destination": {**destination, "ports": some}}


def _destinations(peers: Iterable[Peer]) -> Iterator[Document]:
    plain: list[Block] = []
    alike: dict[tuple[str, str], list[str]] = {}
    for peer in peers:
        if isinstance(peer, Pods):
            (key, value), *more = peer.selector.labels or (("", ""),)
            if key and not more and not peer.selector.expressions:
                alike.setdefault((peer.namespace, key), []).append(value)
            else:
                yield _pods(peer.namespace, expression(peer.selector))
        elif peer.excepts:
            yield from _with_excepts(peer)
        else:
            plain.append(peer)
    for (namespace, key), values in alike.items():
        for some in _fitting(values):
            test = f"{key} == '{some[0]}'" if len(some) == 1 else _values(key, some, "in")
            yield _pods(namespace, f"{_PODS} && {test}")
    yield from _nets(canonical(block.block for block in plain))


def _pods(namespace: str, selector: str) -> Document:
    return {"namespaceSelector": f"{NAMESPACE_LABEL} == '{namespace}'", "selector": selector}


def _with_excepts(block: Block) -> Iterator[Document]:
    excepts = cidrs(block.excepts)
    if len(excepts) <= NETS:
        yield {"nets": list(cidrs((block.block,))), "notNets": list(excepts)}
    else:
        yield from _nets(block.addresses)


def _nets(members: Intervals) -> Iterator[Document]:
    """Blocks of addresses, those of a family together."""
    for family, found in groupby(cidrs(members), key=lambda text: ":" in text):
        del family
        for some in _some(list(found), NETS):
            yield {"nets": some}


def _some(items: Sequence[object], most: int) -> Iterator[list[object]]:
    for start in range(0, len(items), most):
        yield list(items[start : start + most])


def _fitting(values: Iterable[str]) -> Iterator[list[str]]:
    """Values, so many at once as fit into one selector."""
    some: list[str] = []
    size = 0
    for value in values:
        if some and size + len(value) > _VALUES:
            yield some
            some, size = [], 0
        some.append(value)
        size += len(value) + 4
    if some:
        yield some
