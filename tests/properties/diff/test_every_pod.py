"""`diff` against every pod, asked one by one: two sides differ exactly if some pod may do different things."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from diffing import Document, difference, policy
from mcpfence.diff.changes import Difference
from mcpfence.net.addresses import format_address, parse_address
from mcpfence.reach.flows import flows
from mcpfence.reach.flows.flows import Packet

# --- every pod, asked one by one ---

KEYS = ("a", "b", "c")
PODS = [
    {key: value for key, value in zip(KEYS, values, strict=True) if value}
    for values in itertools.product(("", "1", "2", "3"), repeat=len(KEYS))
]
"""Selectors below speak of the values 1 and 2; 3 stands for every other one."""

PACKETS = [(f"10.0.0.{last}", port) for last in (1, 2, 3) for port in (80, 443, 9)]
"""Rules below speak of two of the addresses and two of the ports, or of all."""

_values = st.sampled_from(["1", "2"])
_expressions = st.one_of(
    st.builds(
        lambda key, operator, values: {"key": key, "operator": operator, "values": sorted(values)},
        st.sampled_from(KEYS),
        st.sampled_from(["In", "NotIn"]),
        st.sets(_values, min_size=1),
    ),
    st.builds(
        lambda key, operator: {"key": key, "operator": operator},
        st.sampled_from(KEYS),
        st.sampled_from(["Exists", "DoesNotExist"]),
    ),
)
_selectors = st.one_of(
    st.builds(lambda labels: {"matchLabels": labels}, st.dictionaries(st.sampled_from(KEYS), _values, max_size=2)),
    st.builds(lambda found: {"matchExpressions": found}, st.lists(_expressions, max_size=2)),
)
_rules = st.builds(
    lambda address, port: {
        **({"peer": [{"ipBlock": {"cidr": f"{address}/32"}}]} if address else {}),
        **({"ports": [{"port": port}]} if port else {}),
    },
    st.sampled_from(["", "10.0.0.1", "10.0.0.2"]),
    st.sampled_from([0, 80, 443]),
)
_policies = st.builds(
    lambda selector, directions, rules: policy(
        "any",
        selector,
        policyTypes=sorted(directions),
        **{
            direction.lower(): [
                {("to" if direction == "Egress" else "from") if key == "peer" else key: rule[key] for key in rule}
                for rule in rules
            ]
            for direction in directions
        },
    ),
    _selectors,
    st.sets(st.sampled_from(["Ingress", "Egress"]), min_size=1),
    st.lists(_rules, max_size=2),
)


def _selects(selector: Document, pod: dict[str, str]) -> bool:
    """By the words of the API: every label, and every expression."""
    checks: dict[str, Callable[[Any, Any], bool]] = {
        "In": lambda value, values: value in values,
        "NotIn": lambda value, values: value not in values,
        "Exists": lambda value, _: value is not None,
        "DoesNotExist": lambda value, _: value is None,
    }
    return all(pod.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        checks[item["operator"]](pod.get(item["key"]), item.get("values"))
        for item in selector.get("matchExpressions", [])
    )


def _passes(policies: list[Document], pod: dict[str, str], direction: str, packet: tuple[str, int]) -> bool:
    """By the words of the API: not isolated, or allowed by a rule of a policy that isolates."""
    specs = [made["spec"] for made in policies]
    isolating = [
        spec for spec in specs if direction.capitalize() in spec["policyTypes"] and _selects(spec["podSelector"], pod)
    ]
    for rule in (rule for spec in isolating for rule in spec[direction]):
        peers, ports = rule.get("to") or rule.get("from"), rule.get("ports")
        if (peers is None or peers[0]["ipBlock"]["cidr"] == f"{packet[0]}/32") and (
            ports is None or ports[0]["port"] == packet[1]
        ):
            return True
    return not isolating


def _shown(found: Difference, direction: str, packet: tuple[str, int], *, gained: bool) -> bool:
    """Whether some change says that this flow is gained (or lost)."""
    flow = Packet(address=parse_address(packet[0]), protocol="TCP", port=packet[1])
    deltas = [getattr(change, direction) for change in found.changes]
    if gained:
        return any(delta.all_gained or flows.includes(delta.gained, flow) for delta in deltas)
    return any(delta.all_lost or flows.includes(delta.lost, flow) for delta in deltas)


def _numbered(policies: list[Document]) -> list[Document]:
    return [{**made, "metadata": {**made["metadata"], "name": f"p{number}"}} for number, made in enumerate(policies)]


@given(st.lists(_policies, max_size=4), st.lists(_policies, max_size=4), st.booleans())
def test_no_pod_is_forgotten_and_none_invented(old: list[Document], new: list[Document], shared: bool) -> None:
    """Two sides differ exactly if some pod, whatever its labels, may do different things; what it gains is said."""
    old, new = _numbered(old), _numbered([*old[:1], *new] if shared else new)
    found = difference(old, new)
    different = False
    for pod, direction, packet in itertools.product(PODS, ("ingress", "egress"), PACKETS):
        before, after = (_passes(side, pod, direction, packet) for side in (old, new))
        if before != after:
            different = True
            assert _shown(found, direction, packet, gained=after), (pod, direction, packet)

    assert (found.different, found.doubts, found.remarks) == (different, (), ())


@given(st.lists(_policies, max_size=4), st.lists(_policies, max_size=4))
def test_what_one_way_gains_the_other_way_loses(old: list[Document], new: list[Document]) -> None:
    """And nothing differs from itself."""
    old, new = _numbered(old), _numbered(new)
    forth, back = difference(old, new), difference(new, old)

    assert not difference(old, old).different
    for direction in ("ingress", "egress"):
        there = [(c.subjects, getattr(c, direction)) for c in forth.changes]
        here = [(c.subjects, getattr(c, direction)) for c in back.changes]
        for subjects, delta in there:
            assert any(
                pods == subjects and flows.same(other.lost, delta.gained) and flows.same(other.gained, delta.lost)
                for pods, other in here
            )


@given(st.lists(_policies, max_size=4), st.lists(_policies, max_size=4))
def test_examples_are_real(old: list[Document], new: list[Document]) -> None:
    """Each concrete flow that is shown is one that some pod gains, or loses."""
    old, new = _numbered(old), _numbered(new)
    for change in difference(old, new).changes:
        for direction in ("ingress", "egress"):
            delta = getattr(change, direction)
            for example, gained in ((delta.gained_example, True), (delta.lost_example, False)):
                if example is None or example.address is None:
                    continue
                flow = (format_address(example.address), example.port)
                assert any(
                    (_passes(old, pod, direction, flow), _passes(new, pod, direction, flow)) == (not gained, gained)
                    for pod in PODS
                )
