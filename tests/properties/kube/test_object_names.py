"""Laws of names of objects: within 63 characters, and unlike for unlike fences."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import catalog, objects
from mcpfence.kube.object_names import object_name

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")
words = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)


@given(st.sampled_from(["server", "workload", "service"]), words, st.sampled_from(["", "egress", "ingress"]))
def test_names_are_labels(kind: str, name: str, purpose: str) -> None:
    """Whatever a fence is called, its objects have names that every API takes."""
    made = object_name(kind, name, purpose)

    assert LABEL.match(made)
    assert made == object_name(kind, name, purpose)


@given(words, words)
def test_different_names_stay_different(one: str, other: str) -> None:
    """Cutting a name keeps it apart from others by its hash."""
    if one != other:
        assert object_name("server", one, "egress") != object_name("server", other, "egress")


@settings(max_examples=30)
@given(st.text("abc-", min_size=55, max_size=61).map(lambda text: f"a{text}z"))
def test_long_server_names_render(name: str) -> None:
    """A server with the longest name that a label can have gets objects, groups and rules with names that fit."""
    raw = catalog({name: {"runtime": "containerized", "egress": {"domains": ["a.example.com"]}}})
    made = objects({**raw, "egress": {"provider": "aviatrix", "aviatrix": {"ipv6": True}}})
    firewall = next(document for title, document in made.items() if title.startswith("FirewallPolicy"))
    inside = [rule["name"] for rule in firewall["spec"]["rules"]]
    inside += [group["name"] for group in firewall["spec"]["smartGroups"] + firewall["spec"]["webGroups"]]

    assert all(LABEL.match(title.split(" ")[1]) for title in made)
    assert all(LABEL.match(text) for text in inside)
    assert len(inside) == len(set(inside))
