"""Random policies, pods and packets over a universe so small that the borders of everything are hit."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from reaching.bruteforce import Packet, Pod
from reaching.loading import admin_policy, firewall, policy

NAMESPACES = ("a", "b", "c")
NAMESPACE_LABELS = {"a": {"team": "x"}, "b": {"team": "y", "env": "prod"}}
"""c is not among the manifests."""

KEYS = ("app", "tier")
VALUES = ("p", "q")
PORTS = (1, 79, 80, 81, 443, 65535)
PORT_NAMES = ("http", "dns")
BLOCKS = ("0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3/32", "128.0.0.0/1", "::/0", "fd00::/8")
EXCEPTS = {
    "0.0.0.0/0": ("10.0.0.0/8", "10.1.0.0/16", "128.0.0.0/1", "0.0.0.0/1"),
    "10.0.0.0/8": ("10.1.0.0/16", "10.1.2.3/32", "10.0.0.0/9", "10.128.0.0/9"),
    "10.1.0.0/16": ("10.1.2.0/24",),
    "::/0": ("fd00::/8", "::/1"),
    "fd00::/8": ("fd00:1::/32",),
}
ADDRESSES = (
    "0.0.0.0",  # noqa: S104  # an address to ask about, nothing listens here
    "9.255.255.255",
    "10.0.0.0",
    "10.1.2.2",
    "10.1.2.3",
    "10.1.3.0",
    "10.128.0.0",
    "10.255.255.255",
    "11.0.0.0",
    "128.0.0.0",
    "255.255.255.255",
    "::",
    "fd00::1",
    "fd00:1::1",
    "fe00::",
)

labels = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES))
plain_selectors = labels.map(lambda found: {"matchLabels": found})


@st.composite
def expressions(draw: st.DrawFn, keys: tuple[str, ...], values: tuple[str, ...]) -> dict[str, Any]:
    operator = draw(st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]))
    found: dict[str, Any] = {"key": draw(st.sampled_from(keys)), "operator": operator}
    if operator in ("In", "NotIn"):
        found["values"] = draw(st.lists(st.sampled_from(values), min_size=1, max_size=2))
    return found


@st.composite
def selectors(
    draw: st.DrawFn, keys: tuple[str, ...] = KEYS, values: tuple[str, ...] = VALUES, *, most: int = 2
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    matched = draw(st.dictionaries(st.sampled_from(keys), st.sampled_from(values), max_size=most))
    if matched:
        found["matchLabels"] = matched
    if draw(st.booleans()):
        found["matchExpressions"] = draw(st.lists(expressions(keys, values), max_size=most))
    return found


namespace_selectors = st.one_of(
    st.sampled_from(NAMESPACES).map(lambda name: {"matchLabels": {"kubernetes.io/metadata.name": name}}),
    selectors(("team", "env"), ("x", "y", "prod")),
)


@st.composite
def blocks(draw: st.DrawFn) -> dict[str, Any]:
    cidr = draw(st.sampled_from(BLOCKS))
    found: dict[str, Any] = {"cidr": cidr}
    if cidr in EXCEPTS and draw(st.booleans()):
        found["except"] = draw(st.lists(st.sampled_from(EXCEPTS[cidr]), max_size=3, unique=True))
    return {"ipBlock": found}


@st.composite
def peers(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["pods", "namespaces", "both", "block"]))
    if kind == "block":
        return draw(blocks())
    found: dict[str, Any] = {}
    if kind != "namespaces":
        found["podSelector"] = draw(selectors())
    if kind != "pods":
        found["namespaceSelector"] = draw(namespace_selectors)
    return found


@st.composite
def port_entries(draw: st.DrawFn, *, named: bool = True) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if draw(st.booleans()):
        found["protocol"] = draw(st.sampled_from(["TCP", "TCP", "UDP", "SCTP"]))
    kind = draw(st.sampled_from(["none", "number", "range", "name", "name"] if named else ["none", "number", "range"]))
    if kind == "name":
        found["port"] = draw(st.sampled_from(PORT_NAMES))
    elif kind != "none":
        found["port"] = draw(st.sampled_from(PORTS))
        if kind == "range":
            found["endPort"] = draw(st.sampled_from([port for port in PORTS if port >= found["port"]]))
    return found


@st.composite
def rules(draw: st.DrawFn, direction: str, *, named: bool = True) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if draw(st.integers(0, 4)):
        found["from" if direction == "ingress" else "to"] = draw(st.lists(peers(), max_size=3))
    if draw(st.integers(0, 3)):
        found["ports"] = draw(st.lists(port_entries(named=named), max_size=3))
    return found


@st.composite
def policies(
    draw: st.DrawFn, *, named: bool = True, size: int = 3, namespaces: tuple[str, ...] = NAMESPACES
) -> list[dict[str, Any]]:
    """Some NetworkPolicies of the namespaces, half of them for every pod."""
    found = []
    for number in range(draw(st.integers(0, size))):
        spec: dict[str, Any] = {"podSelector": draw(st.one_of(st.just({}), selectors()))}
        types = draw(st.sampled_from([None, ["Ingress"], ["Egress"], ["Ingress", "Egress"]]))
        if types:
            spec["policyTypes"] = types
        for direction in ("ingress", "egress"):
            if draw(st.integers(0, 3)):
                spec[direction] = draw(st.lists(rules(direction, named=named), max_size=2))
        found.append(policy(f"policy-{number}", spec, namespace=draw(st.sampled_from(namespaces))))
    return found


@st.composite
def admin_peers(draw: st.DrawFn, *, networks: bool) -> dict[str, Any]:
    kind = draw(st.sampled_from(["namespaces", "pods", "networks"] if networks else ["namespaces", "pods"]))
    if kind == "networks":
        return {"networks": draw(st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=2))}
    if kind == "namespaces":
        return {"namespaces": draw(st.one_of(st.just({}), namespace_selectors))}
    return {"pods": {"namespaceSelector": draw(namespace_selectors), "podSelector": draw(selectors())}}


@st.composite
def admin_ports(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["portNumber", "portRange", "namedPort"]))
    if kind == "namedPort":
        return {kind: draw(st.sampled_from(PORT_NAMES))}
    first = draw(st.sampled_from(PORTS))
    protocol = {"protocol": draw(st.sampled_from(["TCP", "UDP", "SCTP"]))}
    if kind == "portNumber":
        return {kind: {**protocol, "port": first}}
    return {kind: {**protocol, "start": first, "end": draw(st.sampled_from([port for port in PORTS if port >= first]))}}


@st.composite
def admin_policies(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Up to two AdminNetworkPolicies of different priority, and perhaps the baseline."""
    found = []
    for number in range(draw(st.integers(0, 3))):
        baseline = number == 0
        if baseline and draw(st.booleans()):
            continue
        spec: dict[str, Any] = {"subject": draw(admin_peers(networks=False))}
        if not baseline:
            spec["priority"] = draw(st.integers(0, 499)) * 2 + number % 2
        for direction, peers in (("ingress", "from"), ("egress", "to")):
            rules = []
            for _ in range(draw(st.integers(0, 2))):
                entries = admin_peers(networks=direction == "egress")
                rule: dict[str, Any] = {peers: draw(st.lists(entries, min_size=1, max_size=2))}
                rule["action"] = draw(st.sampled_from(["Allow", "Deny"] if baseline else ["Allow", "Deny", "Pass"]))
                if draw(st.booleans()):
                    rule["ports"] = draw(st.lists(admin_ports(), min_size=1, max_size=2))
                rules.append(rule)
            spec[direction] = rules
        found.append(admin_policy("default" if baseline else f"admin-{number}", spec, baseline=baseline))
    return found


def _pods() -> tuple[Pod, ...]:
    """One pod for every set of labels, spread over the namespaces, with different ports under the same names."""
    found: list[Pod] = []
    for app in (None, *VALUES):
        for tier in (None, *VALUES):
            number = len(found)
            mine = {key: value for key, value in (("app", app), ("tier", tier)) if value}
            ports = (("http", "TCP", PORTS[number % 5]), ("dns", "UDP", 53)) if number % 4 else ()
            found.append(Pod(f"pod-{number}", NAMESPACES[number % 3], mine, ports, f"10.244.0.{number}"))
    return tuple(found)


PODS = _pods()


@st.composite
def packets(draw: st.DrawFn) -> Packet:
    """A packet to a pod or an address."""
    to: Pod | str = draw(st.one_of(st.sampled_from(PODS), st.sampled_from(ADDRESSES)))
    protocol = draw(st.sampled_from(["TCP", "TCP", "UDP", "SCTP"]))
    name = draw(st.sampled_from(["", "x.test", "a.x.test", "b.a.x.test", "y.test"]))
    return Packet(to, protocol, draw(st.sampled_from([1, 2, 53, 79, 80, 81, 442, 443, 65535])), name)


@st.composite
def scenes(draw: st.DrawFn, *, named: bool = True) -> tuple[list[dict[str, Any]], Pod, list[Packet]]:
    """Policies around one pod, the pod, and packets that are worth a question."""
    one = draw(st.sampled_from(PODS))
    around = draw(policies(named=named, namespaces=(one.namespace,)))
    found = draw(st.lists(packets(), min_size=1, max_size=6))
    for _, protocol, number in one.ports:
        to = draw(st.one_of(st.sampled_from(PODS), st.sampled_from(ADDRESSES)))
        found.append(Packet(to, protocol, number))
    return around, one, found


DOMAINS = ("x.test", "a.x.test", "*.x.test", "*.test", "*")
GROUPS: tuple[list[dict[str, Any]], ...] = (
    [{"cidr": "0.0.0.0/0"}],
    [{"cidr": "10.1.0.0/16"}, {"cidr": "fd00::/8"}],
    [{"cidr": "10.244.0.0/24"}],
    [{"type": "k8s", "k8sNamespace": "a"}],
    [{"type": "k8s", "k8sNamespace": "b", "tags": {"app": "p"}}, {"cidr": "128.0.0.0/1"}],
    [{"type": "k8s", "tags": {"tier": "q"}}],
    [{"cidr": "0.0.0.0/0"}, {"cidr": "::/0"}],
    [],
)


@st.composite
def firewalls(draw: st.DrawFn, *, size: int = 2) -> list[dict[str, Any]]:
    """Some FirewallPolicies of namespace a."""
    found = []
    for number in range(draw(st.integers(1, size))):
        smart = [{"name": f"g{i}", "selectors": list(group)} for i, group in enumerate(GROUPS)]
        web = [{"name": f"w{i}", "domains": [name]} for i, name in enumerate(DOMAINS)]
        written = []
        for place in range(draw(st.integers(1, 4))):
            rule: dict[str, Any] = {
                "name": f"rule-{place}",
                "action": draw(st.sampled_from(["permit", "deny", "intrusion_detection_permit"])),
                "destinationSmartGroups": [
                    {"name": f"g{i}"} for i in draw(st.lists(st.integers(0, len(GROUPS) - 1), min_size=1, max_size=2))
                ],
            }
            if draw(st.booleans()):
                rule["selector"] = draw(plain_selectors)
            protocol = draw(st.sampled_from(["tcp", "udp", "icmp", "any", None]))
            if protocol:
                rule["protocol"] = protocol
            if protocol != "icmp" and draw(st.booleans()):
                rule["port"] = draw(st.sampled_from(PORTS))
                if draw(st.booleans()):
                    rule["endPort"] = draw(st.sampled_from([port for port in PORTS if port >= rule["port"]]))
            if draw(st.integers(0, 2)) == 0:
                rule["webGroups"] = [{"name": f"w{draw(st.integers(0, len(DOMAINS) - 1))}"}]
            written.append(rule)
        spec = {"smartGroups": smart, "webGroups": web, "rules": written}
        found.append(firewall(f"wall-{number}", spec, namespace="a"))
    return found
