"""ClusterNetworkPolicy (policy.networking.k8s.io/v1alpha2, v1beta1) from parsed documents to ordered rules.

    tier Admin | Baseline, priority       lowest number first; the first rule that matches decides, Pass leaves the tier
    subject {namespaces} | {pods}         a box over pods and their namespaces
    egress[].to, ingress[].from           peers (module `peers`); egress[].protocols: ports, none for every protocol

Where engines differ the rules are bounds.  A Baseline rule that accepts opens pods that a NetworkPolicy isolates in one
engine, so it counts at most in the tier of those too.  One with names opens DNS to pods that are labelled kube-dns in
any namespace there.  A rule on nodes may make that engine refuse the whole policy, so none of its rules is surely in
force; names that are denied or passed on do so too, and are refused by the API's own text: such a policy is unreadable.

Source: the types of the network-policy-api, v0.3.0; facts on engines, sections 2 to 4, which were tried.
"""

from __future__ import annotations

from mcpfence.net.intervals import EMPTY, Intervals, intersect
from mcpfence.reach.documents.fields import Problem, Unreadable, items, known_keys, mapping, number, shown, text
from mcpfence.reach.documents.label_selectors import read_pods
from mcpfence.reach.documents.objects import shown_name
from mcpfence.reach.engines.clusternetworkpolicy import GROUP
from mcpfence.reach.engines.clusternetworkpolicy.peers import EVERY_NAMESPACE, PeerReader
from mcpfence.reach.engines.clusternetworkpolicy.ports import read_protocols
from mcpfence.reach.engines.contract import (
    ADMIN,
    BASELINE,
    DIRECTIONS,
    EVERY_PORT,
    POLICIES,
    UNKNOWN,
    Action,
    Peers,
    Policy,
    Ports,
    Rule,
    Rules,
    ShownNames,
    Source,
    unsure,
)
from mcpfence.reach.flows import label_sets, traffic
from mcpfence.reach.flows.label_sets import Box

_VERSIONS = ("v1alpha2", "v1beta1")
_SPEC_KEYS = frozenset({"tier", "priority", "subject", "ingress", "egress"})
_TIERS = {"Admin": ADMIN, "Baseline": BASELINE}
_ACTIONS = {"Accept": Action.ALLOW, "Deny": Action.DENY, "Pass": Action.PASS}
_RULE_KEYS = {
    name: frozenset({"name", "action", "protocols", peers}) for name, peers in (("ingress", "from"), ("egress", "to"))
}
_LAST_PRIORITY, _MOST = 1000, 25

_FIRST = -1
"""The turn of a policy that cannot be read: nobody knows what it would decide, so it stands before all others."""

_DNS = frozenset((protocol, name) for protocol in traffic.WITH_PORTS for name in ("dns", "dns-tcp"))
_RESOLVERS = Peers((), (), (), (label_sets.of_pod(label_sets.box_of({"k8s-app": "kube-dns"})),))
"""To whom one engine opens DNS for every rule with names."""


class ClusterPolicyReader:
    """Reads policies one by one; equal lists of rules are read once.  `pod_addresses` are those that pods may have."""

    def __init__(self, pod_addresses: Intervals) -> None:
        self._peers = PeerReader(pod_addresses)
        self._known: dict[str, list[Rule]] = {}
        self._lists: dict[tuple[int, ...], Rules] = {}

    def read(self, document: dict[str, object], kind: str, title: str, namespace: str) -> Policy:
        """The policy of one document; the kind is cluster-wide.  Never raises."""
        title = f"{kind} {shown_name(document)}"
        subject: Box | None = label_sets.EVERYTHING
        try:
            _known_version(document.get("apiVersion"))
            spec = mapping(document.get("spec"), "spec")
            known_keys(spec, _SPEC_KEYS, "spec")
            subject = read_pods(spec.get("subject"), "spec.subject", optional=EVERY_NAMESPACE)
            tier = spec.get("tier")
            if not isinstance(tier, str) or tier not in _TIERS:
                raise Unreadable("spec.tier", f"is {shown(tier)}, not Admin or Baseline")
            priority = number(spec.get("priority"), "spec.priority", 0, _LAST_PRIORITY)
            rules = {direction: self._rules(spec.get(direction), direction) for direction in DIRECTIONS}
        except Unreadable as bad:
            return _unreadable(title, subject, Problem(title, bad.field, bad.reason))
        found = Policy(
            title=title,
            engine="clusternetworkpolicy",
            tier=_TIERS[tier],
            namespace=None,
            sources=(Source(subject),) if subject is not None else (),
            ingress=rules["ingress"],
            egress=rules["egress"],
            priority=priority,
        )
        if found.tier == BASELINE:
            found = found._replace(beside=(_beside(found),))
        if not _speaks_of_nodes(spec):
            return found
        return unsure(found)._replace(cautions=(f"{title} speaks of nodes, which are not known here",))

    def _rules(self, value: object, direction: str) -> Rules | None:
        written = items(value, f"spec.{direction}")
        if len(written) > _MOST:
            raise Unreadable(f"spec.{direction}", f"has {len(written)} rules, and at most {_MOST} are taken")
        found: list[Rule] = []
        for index, entry in enumerate(written):
            key = f"{direction} {index} {_content(entry)}"
            if key not in self._known:
                self._known[key] = self._rule(entry, direction, index)
            found += self._known[key]
        if not written:
            return None
        return self._lists.setdefault(tuple(map(id, found)), Rules(tuple(found)))  # the rules stay, and so their ids

    def _rule(self, entry: object, direction: str, index: int) -> list[Rule]:
        """One written rule as what it matches: flows to peers, and flows to the addresses of names."""
        place = f"spec.{direction}[{index}]"
        rule = mapping(entry, place)
        known_keys(rule, _RULE_KEYS[direction], place)
        text(rule.get("name", ""), f"{place}.name")
        action = rule.get("action")
        if not isinstance(action, str) or action not in _ACTIONS:
            raise Unreadable(f"{place}.action", f"is {shown(action)}, not one of {', '.join(_ACTIONS)}")
        field = "from" if direction == "ingress" else "to"
        opens = _ACTIONS[action] is Action.ALLOW
        read = self._peers.read(rule.get(field), direction, f"{place}.{field}", opens=opens)
        if read.names is not None and not opens:
            raise Unreadable(
                f"{place}.{field}", f"has domainNames in a rule that says {action}, which is for Accept alone"
            )
        protocols = rule.get("protocols")
        ports = EVERY_PORT if protocols is None else read_protocols(protocols, f"{place}.protocols")
        found = []
        if read.peers is not None:
            found.append(Rule(_ACTIONS[action], read.peers, ports, position=index, blocks=read.blocks))
        if read.names is not None:
            found += _named(read.names, ports, index, self._peers)
        return found


def _content(entry: object) -> str:
    """Equal for rules that are written alike."""
    try:
        return repr(entry)
    except RecursionError:
        raise Unreadable("spec", "is too deep") from None


def _named(names: ShownNames, ports: Ports, index: int, peers: PeerReader) -> list[Rule]:
    """Names: TCP flows to them exactly; what shows no name (UDP and the like) may go anywhere at most."""
    tcp = Ports(intersect(ports.numbers, (traffic.span("TCP"),)), ports.named)
    rules = [Rule(Action.ALLOW, peers.anywhere, tcp, names, position=index)]
    rest = intersect(ports.numbers, _NOT_TCP)
    if rest or ports.named:
        rules.append(Rule(Action.ALLOW, peers.perhaps_anywhere, Ports(rest, ports.named), sure=False, position=index))
    rules.append(Rule(Action.ALLOW, _RESOLVERS, Ports(EMPTY, _DNS), sure=False, position=index))
    return rules


_NOT_TCP: Intervals = tuple(traffic.span(protocol) for protocol in traffic.PROTOCOLS if protocol != "TCP")


def _beside(policy: Policy) -> Policy:
    """What a Baseline policy that accepts may open in the tier of the NetworkPolicies."""
    accepts = {
        direction: Rules(tuple(rule.doubtful() for rule in rules.items if rule.action is Action.ALLOW))
        for direction in DIRECTIONS
        if (rules := policy.rules(direction)) is not None
    }
    return policy._replace(tier=POLICIES, priority=0, ingress=accepts.get("ingress"), egress=accepts.get("egress"))


def _speaks_of_nodes(spec: dict[str, object]) -> bool:
    return any(
        isinstance(peer, dict) and "nodes" in peer
        for rule in items(spec.get("egress"), "spec.egress")
        if isinstance(rule, dict)
        for peer in items(rule.get("to"), "spec.egress.to")
    )


def _known_version(value: object) -> None:
    if value not in {f"{GROUP}/{version}" for version in _VERSIONS}:
        raise Unreadable("apiVersion", f"is {shown(value)}, not {GROUP}/{' or '.join(_VERSIONS)}")


def _unreadable(title: str, subject: Box | None, problem: Problem) -> Policy:
    return Policy(
        title=title,
        engine="clusternetworkpolicy",
        tier=ADMIN,
        namespace=None,
        sources=(Source(subject, whole=False),) if subject is not None else (),
        ingress=UNKNOWN,
        egress=UNKNOWN,
        priority=_FIRST,
        sound=False,
        problems=(problem,),
    )
