"""The order of what a render prints, and that nothing is left out of it."""

from __future__ import annotations

import pytest

from helpers import catalog, errors_of, rendered
from mcpfence import providers
from mcpfence.findings.finding import McpfenceError
from mcpfence.render.objects import Rendered, in_order, kind_order

FAULT = "this is a fault of mcpfence, and nothing was printed: please report it with the catalog"


def an_object(kind: str, namespace: str, name: str) -> Rendered:
    """An object without text."""
    return Rendered(kind, namespace, name, ("",), ())


def test_kinds_in_their_order_then_namespaces_then_names() -> None:
    """The order of the kinds is given; in a kind objects are sorted as people look for them."""
    objects = {
        "B": [an_object("B", "y", "a"), an_object("B", "x", "b"), an_object("B", "x", "a")],
        "A": [an_object("A", "z", "z")],
    }

    assert [item.title for item in in_order(objects, ["A", "C", "B"])] == ["A z/z", "B x/a", "B x/b", "B y/a"]


def test_what_narrows_stands_before_what_opens() -> None:
    """The provider's own kinds come first, then NetworkPolicies, what has pods, the report, and the guard last."""
    kinds = kind_order(providers.provider_of("aviatrix"))

    assert kinds[:2] == ("FirewallPolicy", "NetworkPolicy")
    assert kinds[-3:] == ("ConfigMap", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
    assert kinds.index("ServiceAccount") < kinds.index("Deployment")


def test_a_kind_without_a_place_is_refused() -> None:
    """It would be counted and never printed."""
    with pytest.raises(McpfenceError) as refused:
        in_order({"A": [an_object("A", "x", "a")], "B": [an_object("B", "x", "b")]}, ["A"])

    assert [item.message for item in refused.value.findings] == [
        f"1 object of kind B would not be printed: the provider has no such kind; {FAULT}"
    ]


def test_without_its_row_the_firewall_is_not_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three of four objects, wider than the catalog, with "1 fence proven" on top: that is what must never leave."""
    raw = catalog({"a": {"runtime": "containerized", "egress": {"domains": ["api.example.com"]}}})
    raw |= {"egress": {"provider": "aviatrix"}}
    assert [item.kind for item in rendered(raw).objects] == [
        "FirewallPolicy",
        "NetworkPolicy",
        "NetworkPolicy",
        "ConfigMap",
    ]
    row = providers.provider_of("aviatrix")
    monkeypatch.setitem(providers._LOADED, "aviatrix", row._replace(kinds=()))

    assert errors_of(raw) == [
        f"1 object of kind FirewallPolicy would not be printed: the provider has no such kind; {FAULT} [kind-unknown]"
    ]
