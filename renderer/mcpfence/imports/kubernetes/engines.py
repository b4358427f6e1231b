"""What policies of other engines let a workload reach, and who may call it: as one NetworkPolicy, and as names.

Rules of such engines have an order, so they cannot be taken one by one: what all policies surely let through together
is worked out first (`reach`), and is written then as the NetworkPolicy that it would be, which is imported like every
other one.  Host names, which no NetworkPolicy has, become domains, and the engine the catalog's provider.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mcpfence.imports.kubernetes.pods import Running
from mcpfence.imports.shared.source import Node
from mcpfence.net.addresses import ALL_V4, ALL_V6, cidrs
from mcpfence.net.intervals import Interval, Intervals, canonical, intersect, subtract
from mcpfence.providers import TABLE
from mcpfence.providers.gke.emit import DEPTHS
from mcpfence.reach.engines.contract import CLUSTER, Policy
from mcpfence.reach.evaluation.evaluator import Evaluator, Pod
from mcpfence.reach.evaluation.policy_set import PolicySet
from mcpfence.reach.flows import flows, host_names, label_sets, traffic
from mcpfence.reach.flows.flows import Reach
from mcpfence.reach.flows.label_sets import Box
from mcpfence.structs import Struct

CORE = "networkpolicy"
_MANY = 16
"""More prefixes than this are written as a whole family less some, where those are fewer."""
SETTINGS: Mapping[str, Mapping[str, Any]] = {"calico": {"edition": "enterprise"}}
"""What a provider must be told; its policies had names, so it is one of the two editions that have them."""


class Effective(Struct):
    """What all policies together surely let through in a direction: `policy` in a NetworkPolicy's words, and names."""

    policy: Node
    domains: tuple[dict[str, Any], ...]
    provider: str
    """The engine that enforces the names; empty where there is none, or none that a catalog can name."""
    left_out: bool
    """Whether some of it has no words in a NetworkPolicy."""
    families: frozenset[int]
    """The IP families of the addresses that it lets the workload reach."""
    everything: bool = False
    """Whether nothing is closed."""


class OtherEngines:
    """The policies of a cluster that are not Kubernetes' own, and what comes of all of them."""

    def __init__(self, found: PolicySet, nodes: Sequence[Node]) -> None:
        self._evaluator = Evaluator(found)
        self._nodes = {(_group(node), str(node.value.get("kind")), _name(node)): node for node in nodes}

    def effective(self, one: Running, direction: str = "egress") -> Effective | None:
        """What a workload may reach, or who may call it; None where Kubernetes' own policies say it all."""
        pod = Pod(one.namespace, tuple(sorted(one.labels.items())), _named_ports(one))
        speaking = [spoken.policy for spoken in self._evaluator.speaking(pod, direction).get(CLUSTER, [])]
        others = [policy for policy in speaking if policy.engine != CORE]
        if not others:
            return None
        reach = self._evaluator.layer(pod, direction).least
        rules, left_out = _rules(reach, "to" if direction == "egress" else "from")
        spec = {"podSelector": {}, "policyTypes": [direction.capitalize()], direction: rules}
        node = self.node(others[0], one.node)
        domains, shallow = _domains(reach)
        able = sorted({policy.engine for policy in others if _has_names(policy)} & TABLE.keys()) if domains else []
        families = {
            family
            for addresses, _ in reach.addresses
            for family, whole in ((4, ALL_V4), (6, ALL_V6))
            if intersect(addresses, (whole,))
        }
        return Effective(
            Node(node.document, {"spec": spec}, node.path),
            domains,
            next(iter(able), ""),
            left_out or shallow,
            frozenset(families),
            flows.same(reach, flows.EVERYTHING),
        )

    def node(self, policy: Policy, default: Node) -> Node:
        """Where a policy stands in the input."""
        return next((node for key, node in self._nodes.items() if key[2] == policy.title.rpartition("/")[2]), default)


def _named_ports(one: Running) -> dict[tuple[str, str], Intervals]:
    """The container ports of a workload by protocol and name."""
    found: dict[tuple[str, str], list[Interval]] = {}
    for name, protocol, port in one.ports:
        found.setdefault((protocol, name), []).append(traffic.span(protocol, port, port))
    return {key: canonical(spans) for key, spans in found.items()}


def _has_names(policy: Policy) -> bool:
    return any(rule.names is not None for rule in (policy.egress.items if policy.egress else ()))


def _group(node: Node) -> str:
    return str(node.value.get("apiVersion")).rpartition("/")[0]


def _name(node: Node) -> str:
    metadata = node.value.get("metadata")
    return str(metadata.get("name")) if isinstance(metadata, Mapping) else ""


# --- what is plain ---


def _rules(reach: Reach, peers: str) -> tuple[list[dict[str, Any]], bool]:
    """Rules of a NetworkPolicy, `to` peers or `from` them, for all but names; whether something has no words there."""
    if flows.same(reach, flows.EVERYTHING):
        return [{}], False
    rules: list[dict[str, Any]] = []
    left_out = False
    for addresses, allowed in reach.addresses:
        ports, rest = _ports(allowed)
        left_out = left_out or rest
        if ports is not None:
            rules.append({peers: [{"ipBlock": block} for block in _blocks(addresses)], **ports})
    for box, allowed in reach.pods:
        ports, rest = _ports(allowed)
        peer = _peer(box)
        left_out = left_out or rest or peer is None
        if ports is not None and peer is not None:
            rules.append({peers: [peer], **ports})
    return rules, left_out


def _ports(allowed: traffic.Traffic) -> tuple[dict[str, Any] | None, bool]:
    """The ports that are open whatever name shows; None for none.  True where a protocol has no words."""
    points: list[tuple[int, int]] = []
    for some, names in allowed:
        points += some if names is host_names.ANY else ()
    if not points:
        return None, False
    if tuple(points) == traffic.EVERY_POINT:
        return {}, False
    written = []
    odd = False
    for protocol, ports in traffic.by_protocol(tuple(sorted(points))):
        odd = odd or protocol not in traffic.WITH_PORTS
        written += [
            {"protocol": protocol, "port": first, **({"endPort": last} if last > first else {})}
            for first, last in ports
        ]
    return ({"ports": written} if written else None), odd


def _blocks(addresses: Intervals) -> Iterator[dict[str, Any]]:
    for family in (ALL_V4, ALL_V6):
        part = intersect(addresses, (family,))
        found, holes = cidrs(part), cidrs(subtract((family,), part))
        if len(found) > _MANY and len(holes) < len(found):
            yield {"cidr": cidrs((family,))[0], "except": list(holes)}
        else:
            yield from ({"cidr": text} for text in found)


def _peer(box: Box) -> dict[str, Any] | None:
    """A peer of pods; None where a label selector has no words for it."""
    of_namespace, of_pod = (_selector(part) for part in label_sets.split_peer(box))
    if of_namespace is None or of_pod is None:
        return None
    return {"namespaceSelector": of_namespace, "podSelector": of_pod}


def _selector(box: Box) -> dict[str, Any] | None:
    labels: dict[str, str] = {}
    expressions: list[dict[str, Any]] = []
    for key, values in box:
        operator = _OPERATORS.get((values.absent, values.inverted, bool(values.values)))
        if operator is None:
            return None
        if operator == "In" and len(values.values) == 1:
            labels[key] = min(values.values)
            continue
        listed = {"values": sorted(values.values)} if values.values else {}
        expressions.append({"key": key, "operator": operator, **listed})
    return {
        **({"matchLabels": labels} if labels else {}),
        **({"matchExpressions": expressions} if expressions else {}),
    }


_OPERATORS: Mapping[tuple[bool, bool, bool], str] = {
    (False, False, True): "In",
    (True, True, True): "NotIn",
    (False, True, False): "Exists",
    (True, False, False): "DoesNotExist",
}
"""By `Values`: whether the label may be missing, whether its values are all but some, whether there are some."""


# --- names ---


def _domains(reach: Reach) -> tuple[tuple[dict[str, Any], ...], bool]:
    """The names that are open at some address, each with its ports; what is open without any name is no name's.

    True where some have no words: a wildcard of so many labels that no provider makes it of `*.x`.
    """
    ports: dict[str, set[tuple[int, int]]] = {}
    depths: dict[tuple[str, tuple[int, int]], set[int]] = {}
    for _, allowed in reach.addresses:
        for points, names in allowed:
            spans = [span for protocol, some in traffic.by_protocol(points) if protocol == "TCP" for span in some]
            for pattern in host_names.signed_patterns(names) if names is not host_names.ANY else ():
                if pattern.startswith(("!", "-")) or pattern == "*":
                    continue
                if not pattern.startswith("?"):
                    ports.setdefault(pattern, set()).update(spans)
                    continue
                base = pattern.lstrip("?.")
                for span in spans:
                    depths.setdefault((base, span), set()).add(pattern.count("?"))
    whole = {key for key, found in depths.items() if not key[0].startswith("*") and found >= _WHOLE}
    for base, span in whole:
        ports.setdefault(f"*.{base}", set()).add(span)
    found = []
    for pattern, some in sorted(ports.items()):
        if some:
            listed = [first if first == last else f"{first}-{last}" for first, last in sorted(some)]
            found.append({"name": pattern, "ports": listed})
    return tuple(found), len(whole) < len(depths)


_WHOLE = frozenset(range(1, DEPTHS + 1))
"""As many labels as provider gke makes of `*.x`."""
