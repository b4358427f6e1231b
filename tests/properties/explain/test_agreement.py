"""Explanations agree with the evaluators: the lines add up to the reach, and verdicts are theirs on random flows."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explaining import EXAMPLES, asked, everything, fences_of, view_of
from mcpfence.explain.grants import caller_lines, egress_lines
from mcpfence.net.addresses import ALL_V4, ALL_V6, V6_BASE, family, format_address
from mcpfence.net.intervals import canonical, intersect, subtract
from mcpfence.plan.blocked_ranges import blocked_ranges
from mcpfence.plan.cluster import cluster_facts
from mcpfence.plan.fence import Pods
from mcpfence.proof.prove import box_of, tolerated
from mcpfence.providers import provider_of
from mcpfence.reach.evaluation.evaluator import Subject
from mcpfence.reach.flows import flows
from mcpfence.reach.flows.flows import Packet


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_lines_add_up_to_what_the_manifests_allow(example: str) -> None:
    """All lines together are the reach of the rendered manifests, for every fence and in both directions.

    Names where an engine closes nothing to them are said once for all lines, and are counted here beside them.
    """
    view, evaluator = view_of(example), everything(example)
    provider = provider_of(view.catalog.provider)
    for fence in view.fences:
        granted = flows.union_of(line.reach for line in egress_lines(view, fence))
        calling = flows.union_of(line.reach for line in caller_lines(view, fence))
        for selector in fence.selectors:
            subject = Subject(fence.namespace, box_of(selector))
            assert flows.same(evaluator.ingress(subject).most, calling), fence.title
            if fence.kind != "service":
                anywhere = tolerated(provider.prepare(fence, view.network)[0], provider.names_at)
                passes = flows.union(granted, anywhere)
                assert flows.same(evaluator.egress(subject).most, passes), fence.title


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_blocked_ranges_are_all_told(example: str) -> None:
    """The ranges that are listed with a reason are exactly those that the plan blocks, in the families in use."""
    catalog = view_of(example).catalog
    told = canonical(row.block for row in blocked_ranges(catalog))
    every = canonical(whole for whole in (ALL_V4, ALL_V6) if family(whole[0]) in catalog.cluster.families)
    wanted = intersect(cluster_facts(catalog).blocked, every)
    nat64 = ((V6_BASE + (0x64FF9B << 96), V6_BASE + (0x64FF9B << 96) + (1 << 32) - 1),)

    assert subtract(told, nat64) == subtract(wanted, nat64)
    assert bool(intersect(told, nat64)) == (6 in catalog.cluster.families)


@given(data=st.data())
@settings(max_examples=200)
def test_verdicts_on_addresses_agree_with_the_evaluators(data: st.DataObject) -> None:
    """A verdict on a random address is what the evaluators say of all rendered manifests together."""
    example = data.draw(st.sampled_from(EXAMPLES))
    view, evaluator = view_of(example), everything(example)
    fence = data.draw(st.sampled_from(fences_of(example)))
    port, protocol = data.draw(_PORTS), data.draw(st.sampled_from(["TCP", "UDP", "SCTP"]))
    address = data.draw(st.one_of(st.sampled_from(_addresses(example)), _ANY_ADDRESS))
    text = format_address(address)
    packet = Packet(address=address, protocol=protocol, port=port)
    subjects = [Subject(fence.namespace, box_of(selector)) for selector in fence.selectors]
    to = asked(view, fence, to=f"[{text}]:{port}/{protocol}" if ":" in text else f"{text}:{port}/{protocol}")
    caller = asked(view, fence, caller=text, port=f"{port}/{protocol}")

    assert to.allowed == all(flows.includes(evaluator.egress(one).least, packet) for one in subjects)
    assert caller.allowed == all(flows.includes(evaluator.ingress(one).least, packet) for one in subjects)


@given(data=st.data())
@settings(max_examples=100)
def test_verdicts_on_names_agree_with_the_evaluators(data: st.DataObject) -> None:
    """A name is allowed where the evaluators let a flow pass that shows it at a public address."""
    example = data.draw(st.sampled_from(EXAMPLES))
    evaluator = everything(example)
    fence = data.draw(st.sampled_from(fences_of(example)))
    port, name = data.draw(_PORTS), data.draw(st.sampled_from(_names(example)))
    packet = Packet(address=_PUBLIC, protocol="TCP", port=port, name=name)
    subjects = [Subject(fence.namespace, box_of(selector)) for selector in fence.selectors]
    found = asked(view_of(example), fence, to=f"{name}:{port}")

    assert found.allowed == all(flows.includes(evaluator.egress(one).least, packet) for one in subjects)


@given(data=st.data())
@settings(max_examples=100)
def test_verdicts_on_pods_agree_with_the_evaluators(data: st.DataObject) -> None:
    """A pod is answered by its exact labels, at both ends where this render has policies for both."""
    example = data.draw(st.sampled_from(EXAMPLES))
    evaluator = everything(example)
    fence = data.draw(st.sampled_from(fences_of(example)))
    namespace, labels = data.draw(st.sampled_from(_pods(example)))
    if data.draw(st.booleans()):
        labels = {**labels, "extra": "yes"}
    port = data.draw(st.sampled_from(_pod_ports(example)))
    packet = Packet(
        namespace=(("kubernetes.io/metadata.name", namespace),),
        pod=tuple(sorted(labels.items())),
        protocol="TCP",
        port=port,
    )
    subjects = [Subject(fence.namespace, box_of(selector)) for selector in fence.selectors]
    pod = f"{namespace}/{','.join(f'{key}={value}' for key, value in labels.items())}"
    to, caller = (
        asked(view_of(example), fence, to=f"{pod}:{port}"),
        asked(view_of(example), fence, caller=pod, port=f"{port}"),
    )

    sends = all(flows.includes(evaluator.egress(one).least, packet) for one in subjects)
    takes = all(flows.includes(evaluator.ingress(one).least, packet) for one in subjects)
    assert (to.ends[0].answer == "allowed", caller.ends[0].answer == "allowed") == (sends, takes)
    for found in (to, caller):
        assert found.allowed == all(end.answer == "allowed" for end in found.ends)


_PORTS = st.one_of(st.sampled_from([22, 53, 80, 443, 3000, 5432, 6379, 6443, 8080, 8099, 9443]), st.integers(1, 65535))
_ANY_ADDRESS = st.one_of(st.integers(0, (1 << 32) - 1), st.integers(V6_BASE + (1 << 125), V6_BASE + (1 << 126)))
_PUBLIC = (93 << 24) + (184 << 16) + 1


@cache
def _addresses(example: str) -> list[int]:
    """Borders of everything that an example lists, where slips would show."""
    found = {_PUBLIC}
    for fence in view_of(example).fences:
        for allow in (*fence.egress, *fence.ingress):
            for peer in allow.peers:
                for first, last in getattr(peer, "addresses", ()):
                    found |= {first, last, first - 1, last + 1}
    good = [value for value in found if 0 <= value < 1 << 32 or V6_BASE <= value < V6_BASE + (1 << 128)]
    return sorted(value for value in good if value < V6_BASE or (value - V6_BASE) >> 32 != 0xFFFF)


@cache
def _names(example: str) -> list[str]:
    """Names that are granted, names below and above them, and names of nobody."""
    bases = {name.pattern.removeprefix("*.") for fence in view_of(example).fences for name in fence.names}
    return sorted(bases | {f"any.{base}" for base in bases} | {"example.org", "a.b.example.org"})


@cache
def _pods(example: str) -> list[tuple[str, dict[str, str]]]:
    """A pod for each selector of plain labels in the fences, and of the fences themselves."""
    found = {
        (peer.namespace, peer.selector.labels)
        for fence in view_of(example).fences
        for allow in (*fence.egress, *fence.ingress)
        for peer in allow.peers
        if isinstance(peer, Pods) and peer.selector.labels
    }
    found |= {(fence.namespace, one.labels) for fence in view_of(example).fences for one in fence.selectors}
    return [(namespace, dict(labels)) for namespace, labels in sorted(found)]


@cache
def _pod_ports(example: str) -> list[int]:
    fences = view_of(example).fences
    found = {item.first for fence in fences for allow in (*fence.egress, *fence.ingress) for item in allow.ports}
    return [*sorted(found - {0}), 9]
