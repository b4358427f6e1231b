"""Laws of sets of flows, against membership of sampled packets."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from mcpfence.net.addresses import parse_address, parse_cidr
from mcpfence.net.intervals import canonical
from mcpfence.reach.documents.label_selectors import read_selector
from mcpfence.reach.flows import flows, host_names, label_sets, plain_form, traffic
from mcpfence.reach.flows.flows import EVERYTHING, NOTHING, Packet, Reach
from reaching import strategies

addresses = st.lists(st.sampled_from(strategies.BLOCKS), max_size=2).map(
    lambda texts: canonical(parse_cidr(text) for text in texts)
)

pods = st.lists(
    st.builds(
        lambda where, box: (*label_sets.in_namespace(where or ()), *label_sets.of_pod(box or ())),
        strategies.namespace_selectors.map(lambda found: read_selector(found, "")),
        strategies.selectors().map(lambda found: read_selector(found, "")),
    ),
    max_size=2,
)

spans = st.builds(
    lambda protocol, ports: traffic.span(protocol, min(ports), max(ports)),
    st.sampled_from(traffic.PROTOCOLS),
    st.tuples(st.sampled_from(strategies.PORTS), st.sampled_from(strategies.PORTS)),
)

shown = st.one_of(
    st.just(host_names.ANY),
    st.lists(st.sampled_from(strategies.DOMAINS), min_size=1, max_size=2).map(host_names.names_of),
)

allowed = st.one_of(
    st.just(traffic.EVERYTHING),
    st.builds(traffic.named, st.lists(spans, max_size=2).map(canonical), shown),
)

names = st.lists(
    st.tuples(
        st.sampled_from(["*", "a.test", "*.a.test", "*.1.test", "*.test", "b.a.test", "*.z-1.a.test"]),
        st.integers(1, 3),
        st.sampled_from([0, 3, 4]),
    ),
    max_size=4,
).map(host_names.names_at)

reaches = st.lists(st.builds(flows.reach_of, addresses, pods, allowed), max_size=3).map(flows.union_of)


@st.composite
def packets(draw: st.DrawFn) -> Packet:
    """A packet of the small universe."""
    protocol = draw(st.sampled_from(traffic.PROTOCOLS))
    port = draw(st.sampled_from([1, 2, 80, 443, 65535])) if protocol in traffic.WITH_PORTS else None
    name = draw(st.sampled_from(["", "x.test", "a.x.test", "y.test"]))
    if draw(st.booleans()):
        address = parse_address(draw(st.sampled_from(strategies.ADDRESSES)))
        return Packet(address=address, protocol=protocol, port=port, name=name)
    one = draw(st.sampled_from(strategies.PODS))
    labels = {**strategies.NAMESPACE_LABELS.get(one.namespace, {}), label_sets.NAMESPACE_NAME: one.namespace}
    return Packet(
        namespace=tuple(labels.items()), pod=tuple(one.labels.items()), protocol=protocol, port=port, name=name
    )


some = st.lists(packets(), min_size=1, max_size=8)


@given(reaches, reaches, some)
def test_operations_are_those_of_sets(left: Reach, right: Reach, found: list[Packet]) -> None:
    """Union, meeting and difference, packet by packet."""
    for packet in found:
        ours, theirs = flows.includes(left, packet), flows.includes(right, packet)
        assert flows.includes(flows.union(left, right), packet) == (ours or theirs)
        assert flows.includes(flows.union_of([left, right, left]), packet) == (ours or theirs)
        assert flows.includes(flows.intersect(left, right), packet) == (ours and theirs)
        assert flows.includes(flows.minus(left, right), packet) == (ours and not theirs)


@given(reaches, reaches)
def test_a_witness_is_in_one_and_not_in_the_other(left: Reach, right: Reach) -> None:
    """The packet that shows a difference really lies outside; without one there is no difference."""
    packet = flows.witness_outside(left, right)

    if packet is None:
        assert not flows.minus(left, right)
        assert flows.within(left, right)
    else:
        assert flows.includes(left, packet)
        assert not flows.includes(right, packet)
        assert not flows.within(left, right)


@given(reaches, reaches)
def test_laws_of_sets(left: Reach, right: Reach) -> None:
    """Different ways to one set give the same set."""
    assert flows.same(flows.union(left, right), flows.union(right, left))
    assert flows.same(flows.union(flows.minus(left, right), flows.intersect(left, right)), left)
    assert flows.same(flows.minus(left, flows.minus(left, right)), flows.intersect(left, right))
    assert not flows.intersect(flows.minus(left, right), right)
    assert flows.within(flows.intersect(left, right), left)
    assert flows.same(flows.minus(EVERYTHING, flows.minus(EVERYTHING, left)), left)


@given(reaches)
def test_nothing_and_everything(one: Reach) -> None:
    """The two ends of the order."""
    assert flows.union(one, NOTHING) == one
    assert flows.intersect(one, EVERYTHING) == one
    assert flows.within(NOTHING, one)
    assert flows.within(one, EVERYTHING)
    assert flows.minus(one, one) == NOTHING
    assert (flows.witness(one) is None) == (not one)


@given(reaches)
def test_a_witness_is_a_member(one: Reach) -> None:
    """A set gives one of its flows."""
    packet = flows.witness(one)

    assert packet is None or flows.includes(one, packet)


@given(reaches, packets())
def test_what_is_written_as_rows_is_read_back(found: Reach, packet: Packet) -> None:
    """The rows of a set are JSON, and the set that is read from them is the same one, packet for packet."""
    rows = json.loads(json.dumps(plain_form.rows_of(found)))
    again = plain_form.reach_of_rows(rows)

    assert flows.same(again, found)
    assert flows.includes(again, packet) is flows.includes(found, packet)
    assert plain_form.rows_of(again) == rows


@given(names, names)
def test_names_are_read_back(left: host_names.Names, right: host_names.Names) -> None:
    """Unions and differences of patterns with any number of labels, written as signed patterns."""
    for found in (left, host_names.union(left, right), host_names.subtract(left, right)):
        assert plain_form.read_names(host_names.signed_patterns(found)) == found
