"""Rules that let Cilium learn names: it does so only where the first rule on the resolver's port speaks of names.

Its proxy reads the DNS of pods that a rule with names opens: those labelled k8s-app=kube-dns, on their ports dns and
dns-tcp.  A rule in front that plainly accepts DNS hides them from the proxy, and then no name is ever learnt; and rules
with names may not stand in front of the deny of what is not public.  So names come first on a port that is denied to
everything, where they open nothing:

    Deny    pods k8s-app=kube-dns of every other namespace     the proxy's pods, whoever runs them
    Deny    pods k8s-app=kube-dns here, but for DNS            a pod may call any of its ports dns
    Deny    everything on TCP 1                                a port that the fence grants to nobody
    Accept  domainNames on TCP 1                               opens DNS for these names, and nothing else

Since they open nothing, the cluster's own names stand among them: those of Services, and those that a resolver's search
path makes of every name.  Other engines deny twice what they deny anyway.  Facts: Cilium 1.20,
pkg/k8s/cluster_network_policy.go, and tried (tests/engines/cilium).
"""

from __future__ import annotations

from collections.abc import Iterator

from mcpfence.documents.writer import Document
from mcpfence.net.intervals import canonical, subtract
from mcpfence.net.ports import ALL_PORTS, LAST_PORT, PROTOCOLS, PortRange, Ports, canonical_ports
from mcpfence.plan.fence import Fence, Pods
from mcpfence.providers.clusternetworkpolicy.rules import EVERYTHING, accept, make_rule, names_of, protocol_of
from mcpfence.providers.networkpolicy.emit import NAMESPACE_LABEL

_LABELS = (("k8s-app", "kube-dns"),)


def asking(fence: Fence, domain: str) -> list[Document]:
    """The four rules, `domain` being the cluster's; none where they could not stand (`unlearnt`)."""
    spaces, port = resolver_spaces(fence), _free_port(fence)
    if not spaces or port is None:
        return []
    free = (PortRange("TCP", port, port),)
    elsewhere, here = ({"pods": _resolvers(operator, spaces)} for operator in ("NotIn", "In"))
    others = [protocol_of(item) for item in _complement(_dns_ports(fence))]
    patterns = tuple(dict.fromkeys([*(name.pattern for name in fence.names), f"*.{domain}"]))
    return [
        make_rule("dns-elsewhere", "Deny", [elsewhere]),
        make_rule("dns-other-ports", "Deny", [here], others),
        make_rule("dns-names", "Deny", EVERYTHING, [protocol_of(item) for item in free]),
        *accept("dns-names", names_of(patterns), free),
    ]


def unlearnt(fence: Fence) -> tuple[str, str] | None:
    """Why no name would ever be learnt, and what to do; None where the rules can stand."""
    if not resolver_spaces(fence):
        return "its DNS goes to no pods k8s-app=kube-dns", "name those that answer under dns.peers"
    if _free_port(fence) is None:
        return "it grants every TCP port to somebody", "write the ports that are needed"
    return None


def resolver_spaces(fence: Fence) -> list[str]:
    """The namespaces of the resolvers whose DNS Cilium's proxy reads."""
    found = {
        peer.namespace
        for allow in fence.egress
        if allow.kind == "dns"
        for peer in allow.peers
        if isinstance(peer, Pods) and peer.selector.labels == _LABELS and not peer.selector.expressions
    }
    return sorted(found)


def _resolvers(operator: str, spaces: list[str]) -> Document:
    named = {"key": NAMESPACE_LABEL, "operator": operator, "values": spaces}
    return {"namespaceSelector": {"matchExpressions": [named]}, "podSelector": {"matchLabels": dict(_LABELS)}}


def _dns_ports(fence: Fence) -> Ports:
    return canonical_ports(item for allow in fence.egress if allow.kind == "dns" for item in allow.ports)


def _complement(ports: Ports) -> Iterator[PortRange]:
    for protocol in PROTOCOLS:
        taken = canonical((item.first, item.last) for item in ports if item.protocol == protocol)
        for first, last in subtract(((1, LAST_PORT),), taken):
            yield PortRange(protocol, first, last)


def _free_port(fence: Fence) -> int | None:
    """The lowest TCP port that is granted to nobody."""
    granted = [item for allow in fence.egress for item in allow.ports]
    granted += [item for name in fence.names for item in name.ports]
    if any((item,) == ALL_PORTS for item in granted):
        return None
    taken = canonical((item.first, item.last) for item in granted if item.protocol == "TCP")
    return next((first for first, _ in subtract(((1, LAST_PORT),), taken)), None)
