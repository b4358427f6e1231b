"""The evaluators against the naive one (bruteforce), on random policies and packets of a small universe."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mcpfence.net.addresses import parse_address
from mcpfence.reach.connectivity.connections import Connectivity, connections
from mcpfence.reach.connectivity.json_form import as_json
from mcpfence.reach.connectivity.workloads import named_ports, resolve
from mcpfence.reach.documents.label_selectors import read_selector
from mcpfence.reach.engines.contract import Ports
from mcpfence.reach.evaluation.evaluator import Evaluator, Subject
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import flows, label_sets
from mcpfence.reach.flows.flows import Packet as Flow
from mcpfence.reach.flows.traffic import span
from reaching import bruteforce, strategies
from reaching.bruteforce import Packet, Pod
from reaching.loading import egress_of_rules, namespace, pod, policy
from reaching.strategies import NAMESPACE_LABELS, PODS


def exact(one: Pod) -> label_sets.Box:
    """The box of pods that have these labels and no others of the universe."""
    return tuple(
        (key, label_sets.one_of([one.labels[key]]) if key in one.labels else label_sets.MISSING)
        for key in strategies.KEYS
    )


def flow(end: Pod | str, packet: Packet) -> Flow:
    """A packet as the evaluators name it, with the other end as its peer."""
    if isinstance(end, str):
        return Flow(address=parse_address(end), protocol=packet.protocol, port=packet.port, name=packet.name)
    labels = bruteforce.namespace_labels(end.namespace, NAMESPACE_LABELS)
    return Flow(
        namespace=tuple(labels.items()),
        pod=tuple(end.labels.items()),
        protocol=packet.protocol,
        port=packet.port,
        name=packet.name,
    )


@given(strategies.scenes(named=False))
def test_egress_of_one_pod_is_exact(scene: tuple[list[Any], Pod, list[Packet]]) -> None:
    """Without named ports the egress of pods with known labels is exactly what the naive evaluator lets pass."""
    documents, source, packets = scene
    reach = Evaluator(read_policies(documents)).egress(Subject(source.namespace, exact(source)))

    assert reach.least is reach.most
    for packet in packets:
        naive = bruteforce.passes(documents, source, packet.to, packet, "Egress", NAMESPACE_LABELS)
        assert flows.includes(reach.most, flow(packet.to, packet)) == naive, packet


@settings(max_examples=250)
@given(strategies.scenes())
def test_ingress_of_one_pod_is_exact(scene: tuple[list[Any], Pod, list[Packet]]) -> None:
    """With the ports of the pods given, their ingress is exact with named ports too."""
    documents, target, packets = scene
    ports = named_ports(frozenset(target.ports))
    reach = Evaluator(read_policies(documents)).ingress(Subject(target.namespace, exact(target), ports))

    assert reach.least is reach.most
    for packet in packets:
        naive = bruteforce.passes(documents, target, packet.to, packet._replace(to=target), "Ingress", NAMESPACE_LABELS)
        assert flows.includes(reach.most, flow(packet.to, packet)) == naive, packet


@given(strategies.scenes(), strategies.selectors(), st.sampled_from(["Ingress", "Egress"]))
def test_bounds_hold_for_every_pod_of_a_selector(
    scene: tuple[list[Any], Pod, list[Packet]], selector: dict[str, Any], kind: str
) -> None:
    """For every pod that satisfies the subject's selector, the truth lies between least and most."""
    documents, home, packets = scene
    box = read_selector(selector, "selector")
    if box is None:
        return
    reach = Evaluator(read_policies(documents)).reach(Subject(home.namespace, box), kind.lower())

    for one in PODS:
        if not bruteforce.selects(selector, one.labels):
            continue
        me = one._replace(namespace=home.namespace)
        for packet in packets:
            asked = packet if kind == "Egress" else packet._replace(to=me)
            passes = bruteforce.passes(documents, me, packet.to, asked, kind, NAMESPACE_LABELS)
            assert passes or not flows.includes(reach.least, flow(packet.to, packet))
            assert not passes or flows.includes(reach.most, flow(packet.to, packet))


@given(strategies.firewalls(), strategies.selectors(), st.lists(strategies.packets(), min_size=1, max_size=6))
def test_firewall_bounds_hold_in_every_order_of_policies(
    documents: list[Any], selector: dict[str, Any], packets: list[Packet]
) -> None:
    """Whatever the order of several FirewallPolicies and wherever pods live, the truth lies between least and most."""
    box = read_selector(selector, "selector")
    if box is None:
        return
    reach = Evaluator(read_policies(documents)).layer(Subject("a", box), "egress", "gateway")

    for one in PODS:
        if not bruteforce.selects(selector, one.labels):
            continue
        source = one._replace(namespace="a")
        for packet in packets:
            for order in (documents, documents[::-1]):
                passes = bruteforce.firewall_passes(order, source, packet)
                assert passes or not flows.includes(reach.least, flow(packet.to, packet))
                assert not passes or flows.includes(reach.most, flow(packet.to, packet))


@given(strategies.firewalls(size=1), st.sampled_from(PODS), st.lists(strategies.packets(), min_size=1, max_size=8))
def test_one_firewall_is_exact_where_pods_are_known_to_live(
    documents: list[Any], one: Pod, packets: list[Packet]
) -> None:
    """One FirewallPolicy, exact labels, and all pods inside one block: nothing is left open."""
    block = (parse_address("10.244.0.0"), parse_address("10.244.0.255"))
    found = read_policies(documents, pod_addresses=(block,))
    reach = Evaluator(found).layer(Subject("a", exact(one)), "egress", "gateway")

    assert not found.problems
    for packet in packets:
        passes = bruteforce.firewall_passes(documents, one._replace(namespace="a"), packet)
        assert flows.includes(reach.most, flow(packet.to, packet)) == passes, packet
        assert flows.includes(reach.least, flow(packet.to, packet)) == passes, packet


def manifests(policies: list[Any]) -> list[Any]:
    """The whole universe as documents."""
    pods = [pod(one.name, one.labels, namespace=one.namespace, ports=one.ports) for one in PODS]
    return [*(namespace(name, labels) for name, labels in NAMESPACE_LABELS.items()), *pods, *policies]


def listed(found: Connectivity, source: Pod | str, packet: Packet) -> bool:
    """Whether connectivity has a packet."""
    point = span(packet.protocol, packet.port, packet.port)[0]
    if isinstance(source, Pod) and isinstance(packet.to, Pod):
        points = dict(found.inside[text(source)]).get(text(packet.to), ())
        return any(first <= point <= last for first, last in points)
    if isinstance(source, Pod):
        assert isinstance(packet.to, str)
        address, outside = parse_address(packet.to), found.outward[text(source)]
    else:
        assert isinstance(packet.to, Pod)
        address, outside = parse_address(source), found.inward[text(packet.to)]
    return flows.includes(flows.Reach(outside), Flow(address=address, protocol=packet.protocol, port=packet.port))


ends = st.one_of(st.sampled_from(PODS), st.sampled_from(strategies.ADDRESSES))


def text(one: Pod) -> str:
    return f"{one.namespace}/{one.name}[Pod]"


@given(
    strategies.policies(size=4),
    st.lists(st.tuples(ends, strategies.packets()), min_size=1, max_size=12),
)
def test_connectivity_is_exact(policies: list[Any], questions: list[tuple[Pod | str, Packet]]) -> None:
    """Between all pods and addresses, named ports included, exactly what both ends let pass is listed."""
    found = connections(manifests(policies))

    assert not found.problems
    for source, packet in questions:
        if (isinstance(source, str) and isinstance(packet.to, str)) or source == packet.to:
            continue
        assert listed(found, source, packet) == bruteforce.connects(policies, source, packet, NAMESPACE_LABELS)


@settings(max_examples=250)
@given(
    strategies.policies(size=2),
    strategies.admin_policies(),
    st.lists(st.tuples(ends, strategies.packets()), min_size=1, max_size=12),
)
def test_connectivity_with_admin_policies_is_exact(
    policies: list[Any], admins: list[Any], questions: list[tuple[Pod | str, Packet]]
) -> None:
    """All three tiers together, point by point."""
    documents = [*policies, *admins]
    found = connections(manifests(documents))

    assert not found.problems
    assert not found.not_evaluated
    for source, packet in questions:
        if (isinstance(source, str) and isinstance(packet.to, str)) or source == packet.to:
            continue
        assert listed(found, source, packet) == bruteforce.connects(documents, source, packet, NAMESPACE_LABELS)


@given(strategies.policies(), st.randoms(use_true_random=False))
def test_order_of_documents_is_nothing(policies: list[Any], random: Any) -> None:
    """The same documents in another order give the same bytes."""
    documents = manifests(policies)
    shuffled = list(documents)
    random.shuffle(shuffled)

    assert as_json(connections(shuffled)) == as_json(connections(documents))


@given(st.lists(strategies.rules("egress"), max_size=3), strategies.rules("egress"))
def test_a_further_rule_only_adds(rules: list[Any], more: dict[str, Any]) -> None:
    """Reach grows with the list of rules, in both bounds."""
    before, after = egress_of_rules(rules, "a"), egress_of_rules([*rules, more], "a")

    assert flows.within(before.least, after.least)
    assert flows.within(before.most, after.most)
    assert flows.within(after.least, after.most)


@settings(max_examples=25)
@given(st.lists(strategies.rules("egress"), max_size=2))
def test_equal_lists_are_one_object(rules: list[Any]) -> None:
    """Lists of equal content give one answer, so that later comparisons cost nothing."""
    documents = []
    for name in ("p", "q"):
        selected = {"podSelector": {"matchLabels": {"app": name}}, "policyTypes": ["Egress"]}
        documents.append(policy(name, {**selected, "egress": [dict(rule) for rule in rules]}, namespace="a"))
    evaluator = Evaluator(read_policies(documents))

    answers = [evaluator.egress(Subject("a", label_sets.box_of({"app": name}))) for name in ("p", "q")]

    assert answers[0] is answers[1]


def test_named_ports_mean_what_containers_say() -> None:
    """A named port is every container port of that name and protocol, in whatever container."""
    ports = frozenset({("http", "TCP", 80), ("http", "TCP", 8080), ("http", "UDP", 80), ("", "TCP", 9)})

    found = resolve(Ports((span("TCP", 1, 1),), frozenset({("TCP", "http"), ("SCTP", "http")})), ports)

    assert found == (span("TCP", 1, 1), span("TCP", 80, 80), span("TCP", 8080, 8080))
