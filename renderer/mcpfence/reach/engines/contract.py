"""The contract of an engine: its reader gives policies of every kind as one record, and one evaluator folds them.

    NetworkPolicy        tier POLICIES, isolates: what no rule of any policy allows is denied
    AdminNetworkPolicy   tier ADMIN, by priority: the first rule that matches allows, denies, or passes on
    a gateway's policy    a layer of its own behind the cluster's: both must allow

Policies of one layer are asked tier by tier, in a tier by priority; in one policy the first rule that matches decides,
and policies of equal priority stand in an order that nobody states.  What no rule of a tier matches is for the tiers
behind it, unless a policy of the tier isolates the pods; what no tier decides passes.  So policies that add up
(NetworkPolicies, and what stands beside them in the same tier) need no rule of their own: all of their rules allow.

A folder of this package is an engine: its `ENGINE` names the kinds that it reads.  A reader never raises: what it
cannot read is a problem of the policy, and its rules are then `UNKNOWN`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Final, Protocol

from mcpfence.net.addresses import ALL
from mcpfence.net.intervals import EMPTY, Intervals, canonical, union
from mcpfence.reach.documents.fields import Problem
from mcpfence.reach.flows import flows, host_names, label_sets, traffic
from mcpfence.reach.flows.bounds import Bounds
from mcpfence.reach.flows.flows import Reach
from mcpfence.reach.flows.host_names import Names
from mcpfence.reach.flows.label_sets import Box
from mcpfence.structs import Struct

DIRECTIONS = ("ingress", "egress")

CLUSTER = "cluster"
"""The layer of the cluster's own network, which every packet of a pod crosses."""


class Tier(Struct):
    """Where policies stand: in which layer, and in which turn there."""

    layer: str
    turn: int


ADMIN, POLICIES, BASELINE = Tier(CLUSTER, 100), Tier(CLUSTER, 200), Tier(CLUSTER, 300)
"""The tiers of the network-policy-api; NetworkPolicies, and what adds up with them, stand in the middle one."""


BEFORE_ALL = float("-inf")
"""The priority of what may be asked before everything else of its tier: nobody knows its place."""


class Action(Enum):
    """What a rule does with the flows that it matches."""

    ALLOW = "allow"
    DENY = "deny"
    PASS = "pass"  # noqa: S105 - an action
    """The tiers behind this one decide."""


# --- what a rule matches ---


class Ports(Struct):
    """Points of protocol and port, and the (protocol, name) pairs that the destination's containers resolve."""

    numbers: Intervals
    named: frozenset[tuple[str, str]] = frozenset()


EVERY_PORT = Ports(traffic.EVERY_POINT)

NamedPorts = Mapping[tuple[str, str], Intervals]
"""(protocol, name) -> points of the line of protocols and ports, as `named_ports` of a workload gives them."""


class Peers:
    """The other ends that a rule matches at least and at most.  One reader gives one object for equal peers."""

    __slots__ = ("least_addresses", "least_pods", "most_addresses", "most_pods")

    def __init__(
        self,
        least_addresses: Intervals,
        most_addresses: Intervals,
        least_pods: tuple[Box, ...],
        most_pods: tuple[Box, ...],
    ) -> None:
        self.least_addresses: Final = least_addresses
        self.most_addresses: Final = most_addresses
        self.least_pods: Final = least_pods
        self.most_pods: Final = most_pods


def exact_peers(addresses: Intervals, pods: tuple[Box, ...]) -> Peers:
    """Peers that can be told."""
    return Peers(addresses, addresses, pods, pods)


def joined_peers(parts: Sequence[Peers]) -> Peers:
    """The ends that any of the parts has."""
    if len(parts) == 1:
        return parts[0]
    return Peers(
        union(*(part.least_addresses for part in parts)),
        union(*(part.most_addresses for part in parts)),
        tuple(dict.fromkeys(box for part in parts for box in part.least_pods)),
        tuple(dict.fromkeys(box for part in parts for box in part.most_pods)),
    )


UNKNOWN_PEERS = Peers(EMPTY, ALL, (), (label_sets.EVERYTHING,))


class ShownNames:
    """The host names that a rule demands at least and at most.  One reader gives one object for equal names."""

    __slots__ = ("least", "most")

    def __init__(self, least: Names, most: Names) -> None:
        self.least: Final = least
        self.most: Final = most


def names_in_any(bounds: Iterable[tuple[Names, Names]]) -> ShownNames:
    """The names in any of some (least, most); halves are united, so many names take no time of their square."""
    found = list(bounds)
    return ShownNames(*(host_names.union_of(one[end] for one in found) for end in (0, 1)))


UNKNOWN_NAMES = ShownNames(host_names.NONE, host_names.ANY)


class Rule:
    """One rule without its policy; one reader gives one object for equal rules, so that identity is equality.

    `names` is None for flows with whatever name or none.  `sure` is false where it may not be in force.  `position` is
    its place in the list, from 0.  `blocks` has one entry for each block of addresses that is written (none: the rule
    is for every peer).  `filtered`: a proxy looks at each question to the resolvers that it opens.
    """

    __slots__ = ("action", "blocks", "filtered", "names", "peers", "ports", "position", "sure")

    def __init__(  # noqa: PLR0913, PLR0917  # as many as a rule has parts
        self,
        action: Action,
        peers: Peers,
        ports: Ports,
        names: ShownNames | None = None,
        sure: bool = True,
        position: int = 0,
        blocks: tuple[Intervals, ...] = (),
        filtered: bool = False,
    ) -> None:
        self.action: Final = action
        self.peers: Final = peers
        self.ports: Final = ports
        self.names: Final = names
        self.sure: Final = sure
        self.position: Final = position
        self.blocks: Final = blocks
        self.filtered: Final = filtered

    def doubtful(self) -> Rule:
        """The same rule where it may not be in force."""
        sure = False
        return Rule(self.action, self.peers, self.ports, self.names, sure, self.position, self.blocks, self.filtered)


class Rules(Struct):
    """One list of rules, in order; `faults` are (field, reason) of what could not be read, and some rule is missing."""

    items: tuple[Rule, ...]
    faults: tuple[tuple[str, str], ...] = ()


NO_RULES = Rules(())

_UNKNOWN_ALLOW = Rule(Action.ALLOW, UNKNOWN_PEERS, EVERY_PORT, sure=False)
UNKNOWN_ALLOWS = Rules((_UNKNOWN_ALLOW,))
"""Of a policy that can only allow and cannot be read: at least nothing, at most everything."""

UNKNOWN = Rules((_UNKNOWN_ALLOW, Rule(Action.DENY, UNKNOWN_PEERS, EVERY_PORT, sure=False)))
"""Of a policy that can deny too: nothing surely passes it, and everything may."""


def is_named(rules: Rules) -> bool:
    """Whether some rule speaks of a port by its name."""
    return any(rule.ports.named for rule in rules.items)


def matched(rule: Rule, direction: str, ports: NamedPorts | None = None) -> Bounds[Reach]:
    """The flows that a rule matches, at least and at most.

    A named port means what the destination's containers call so.  For ingress the destination is the subject itself,
    whose `ports` can be given.  Everywhere else a named port is at least nothing and at most every port of its
    protocol.  That goes for blocks as destinations too: outside addresses have no containers, but an engine may compare
    a block with the addresses of pods, which have (the packet tests saw one do so).
    """
    peers, names, numbers = rule.peers, rule.names, rule.ports.numbers
    named = rule.ports.named
    if named and direction == "ingress" and ports is not None:
        numbers = canonical((*numbers, *(piece for name in named for piece in ports.get(name, EMPTY))))
        named = frozenset()
    least = flows.reach_of(peers.least_addresses, peers.least_pods, _shown(numbers, names.least if names else None))
    exact = peers.least_addresses == peers.most_addresses and peers.least_pods == peers.most_pods
    if exact and not named and (names is None or names.least == names.most):
        return Bounds(least, least)
    most = flows.reach_of(peers.most_addresses, peers.most_pods, _shown(numbers, names.most if names else None))
    if named:
        # A rule for every peer has all pods among its pods: its addresses are no blocks that could be theirs.
        addresses = peers.most_addresses if direction == "ingress" or rule.blocks else EMPTY
        widest = canonical((*numbers, *(traffic.span(protocol) for protocol, _ in named)))
        more = flows.reach_of(addresses, peers.most_pods, _shown(widest, names.most if names else None))
        most = flows.union_of((most, more))
    return Bounds(most, most) if least == most else Bounds(least, most)


def _shown(points: Intervals, names: Names | None) -> traffic.Traffic:
    """Traffic on these points; where names are demanded, TCP flows that show one of them."""
    if names is None:
        return traffic.plain(points)
    return traffic.named(points, names)


# --- policies ---


class Source(Struct):
    """The pods that rules are for: `whole` is false where they may be for some of them only."""

    pods: Box
    whole: bool = True


class Policy(Struct):
    """What one policy says.

    `namespace` is None where it speaks of pods of any namespace; then its sources are boxes over peers (namespace and
    pod together).  `sources` has one entry for each rule, or a single one for all of them; none where it selects no
    pod.  `ingress` and `egress` are None where it does not speak of that direction; rules with sources of their own
    stand in one of them alone.  `isolates`: what no rule of its tier allows is denied to its pods, in the directions
    of which it speaks.  `names` are what its rules are called, and `place` is where they stand in the document.
    """

    title: str
    engine: str
    tier: Tier
    namespace: str | None
    sources: tuple[Source, ...] = ()
    ingress: Rules | None = None
    egress: Rules | None = None
    priority: float = 0
    rank: tuple[str, str] | None = None
    """Orders policies of equal priority: by its second part, where the first parts are equal; else nobody does."""
    isolates: bool = False
    names: tuple[str, ...] = ()
    place: str = ""
    sound: bool = True
    """Whether it surely exists as it was read."""
    problems: tuple[Problem, ...] = ()
    cautions: tuple[str, ...] = ()
    """What of it is not taken into account."""
    beside: tuple[Policy, ...] = ()
    """Further records that the same document makes; whoever collects policies puts them beside this one."""

    @property
    def selector(self) -> Box | None:
        """A box around all pods that it may speak of; None: no pod."""
        if len(self.sources) > 1:
            return label_sets.EVERYTHING
        return self.sources[0].pods if self.sources else None

    def rules(self, direction: str) -> Rules | None:
        """The rules of `ingress` or `egress`."""
        return self.ingress if direction == "ingress" else self.egress

    def source(self, index: int) -> Source:
        """The source of the rule at `index` of its list."""
        return self.sources[0 if len(self.sources) == 1 else index]

    def field(self, direction: str, index: int) -> str:
        """Where the rule at `index` of its list stands: `spec.egress[1]`, `spec.rules[0] web`."""
        rules = self.rules(direction)
        position = rules.items[index].position if rules is not None else index
        place = f"{self.place or f'spec.{direction}'}[{position}]"
        return f"{place} {self.names[position]}" if self.names else place


def adding_policy(
    *,
    engine: str,
    title: str,
    namespace: str,
    selector: Box | None,
    ingress: Rules | None,
    egress: Rules | None,
    problems: tuple[Problem, ...] = (),
) -> Policy:
    """A policy that isolates the pods of its selector (None: none) and allows, among the NetworkPolicies."""
    return Policy(
        title=title,
        engine=engine,
        tier=POLICIES,
        namespace=namespace,
        sources=(Source(selector),) if selector is not None else (),
        ingress=ingress,
        egress=egress,
        isolates=True,
        sound=not problems,
        problems=problems,
    )


def unsure(policy: Policy) -> Policy:
    """The policy where none of its rules is surely in force: what it allows may pass, what it denies may too."""

    def doubt(rules: Rules | None) -> Rules | None:
        return rules and Rules(tuple(rule.doubtful() for rule in rules.items), rules.faults)

    return policy._replace(ingress=doubt(policy.ingress), egress=doubt(policy.egress))


def perhaps_void(policy: Policy) -> Policy:
    """The policy where nothing tells whether the cluster enforces it: what it allows may pass, it closes nothing."""
    beside = tuple(perhaps_void(one) for one in policy.beside)
    return unsure(policy)._replace(isolates=False, beside=beside)


# --- engines ---


class Reader(Protocol):
    """Reads the policies of one engine, one by one; it keeps what it has read, so it lives as long as one proof."""

    def read(self, document: dict[str, object], kind: str, title: str, namespace: str) -> Policy:
        """The policy of one document that lies in `namespace`.  Never raises."""
        ...


class Selection(Struct):
    """The pods that a policy without evaluator selects.

    `local`: it stays in its own namespace.  `pods` is a box around their labels (None: none).  `told`: both are exact.
    """

    local: bool
    pods: Box | None
    told: bool


UNTOLD = Selection(local=True, pods=label_sets.EVERYTHING, told=False)


class Shape(Struct):
    """Where an object of an engine's kinds says what it opens and for whom, for who goes by single fields of it.

    What is not told counts as the most: an object without a shape may open everything, to any pod.
    """

    rules: tuple[str, ...] = ()
    """The lists of its spec that hold rules; an object without rules in them opens nothing.  None: nobody tells."""
    denying: frozenset[str] = frozenset()
    """What a rule's `action` is where the rule opens nothing; none: rules have no action, and every one opens."""
    pods: str = ""
    """The field of its spec with the label selector over pods of its own namespace that all its rules are for."""
    namespaces: tuple[tuple[str, str], ...] = ()
    """Of cluster-wide kinds: a path in its spec to a label selector that all its rules are for, and the key that stands
    for the namespace's name there."""


SUBJECT_NAMESPACES = tuple(
    (path, label_sets.NAMESPACE_NAME) for path in ("subject.namespaces", "subject.pods.namespaceSelector")
)
"""`Shape.namespaces` of kinds whose subject is that of the network-policy-api: it has one of the two paths."""


class Engine(Struct):
    """One engine: the kinds that it reads, as (API group, kind), and how.

    `reader` is given the addresses that pods may have.  `settle` looks at all of its policies together, for what only
    shows there.  `unevaluated` are further kinds of its vendor that are policies without evaluator, each with what
    finds out whom its spec selects.  `adds_up`: its policies isolate and allow and do nothing else, so that their order
    does not matter.  `unseen` are addresses that its layer never sees, so that they pass it whatever its policies say.
    `proven` is false where a proof must not take its word: its policies then stand among those that are not evaluated.
    """

    name: str
    kinds: frozenset[tuple[str, str]]
    layer: str
    reader: Callable[[Intervals], Reader]
    settle: Callable[[list[Policy]], list[Policy]] | None = None
    unevaluated: Mapping[tuple[str, str], Callable[[object], Selection]] = {}
    adds_up: bool = False
    unseen: Intervals = EMPTY
    proven: bool = True
    optional: bool = False
    """Whether clusters take its kinds without enforcing them, so that a proof asks first whether this one does."""
    everywhere: bool = False
    """Whether every cluster is taken to enforce its kinds.  What policies of other engines close a proof believes only
    where the provider is theirs: where the engine is not there, they close nothing."""
    shape: Shape = Shape()
    """Of all of its kinds."""
    api_reader: Callable[[Intervals, Intervals], Reader] | None = None
    """Makes the reader instead: it is given the addresses of pods, and those that the API server may have."""

    @property
    def unreadable(self) -> Rules:
        """What stands for the rules of a policy that may not exist as it was read."""
        return UNKNOWN_ALLOWS if self.adds_up else UNKNOWN
