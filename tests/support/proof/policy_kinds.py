"""Kinds of edits to whole NetworkPolicies: their types, rules, names, and policies that stand beside them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from proof.edits import Edit, Registry, at, put, without
from proof.universe import Document

POLICY = Registry()
kind = POLICY.kind

RULES = frozenset({"ingress", "egress"})
_OTHER = {"Ingress": "Egress", "Egress": "Ingress"}


def _own(document: Document) -> str:
    return str(document["spec"]["policyTypes"][0])


def _list(document: Document) -> tuple[str, list[Any]]:
    direction = _own(document).lower()
    return direction, document["spec"][direction]


def _spec(document: Document, **keys: Any) -> tuple[Document, ...]:
    return ({**document, "spec": {**document["spec"], **keys}},)


def _metadata(document: Document, **keys: Any) -> Document:
    return {**document, "metadata": {**document["metadata"], **keys}}


def _open(document: Document, selector: Document, **metadata: Any) -> Document:
    """A second policy that opens everything in the direction of the first."""
    spec = {"podSelector": selector, "policyTypes": [_own(document)], _own(document).lower(): [{}]}
    return {**_metadata(document, name="second", labels={}, **metadata), "spec": spec}


# --- types ---


@kind("policyTypes forgotten")
def _(document: Document) -> Iterator[Edit]:
    yield ("spec", "policyTypes"), ({**document, "spec": without(document["spec"], "policyTypes")},)


@kind("policyTypes emptied")
def _(document: Document) -> Iterator[Edit]:
    yield ("spec", "policyTypes"), _spec(document, policyTypes=[])


@kind("policyTypes of the other direction")
def _(document: Document) -> Iterator[Edit]:
    yield ("spec", "policyTypes"), _spec(document, policyTypes=[_OTHER[_own(document)]])


@kind("policyTypes of both directions")
def _(document: Document) -> Iterator[Edit]:
    yield ("spec", "policyTypes"), _spec(document, policyTypes=["Ingress", "Egress"])


@kind("policyTypes misspelt")
def _(document: Document) -> Iterator[Edit]:
    yield ("spec", "policyTypes"), _spec(document, policyTypes=[_own(document).lower()])


@kind("other direction opened, its type not listed")
def _(document: Document) -> Iterator[Edit]:
    """Rules of a direction that policyTypes does not name are as good as not there."""
    yield ("spec", "policyTypes"), _spec(document, **{_OTHER[_own(document)].lower(): [{}]})


@kind("other direction opened")
def _(document: Document) -> Iterator[Edit]:
    both = {"policyTypes": ["Ingress", "Egress"], _OTHER[_own(document)].lower(): [{}]}
    yield ("spec", "policyTypes"), _spec(document, **both)


# --- selector ---


@kind("selector emptied")
def _(document: Document) -> Iterator[Edit]:
    yield ("spec", "podSelector"), _spec(document, podSelector={})


@kind("selector forgotten")
def _(document: Document) -> Iterator[Edit]:
    yield ("spec", "podSelector"), ({**document, "spec": without(document["spec"], "podSelector")},)


@kind("selector of another fence")
def _(document: Document) -> Iterator[Edit]:
    yield ("spec", "podSelector"), _spec(document, podSelector={"matchLabels": {"app": "another"}})


# --- rules ---


@kind("rule that allows everything added")
def _(document: Document) -> Iterator[Edit]:
    direction, rules = _list(document)
    yield ("spec", direction), _spec(document, **{direction: [*rules, {}]})


@kind("rule for one port added")
def _(document: Document) -> Iterator[Edit]:
    direction, rules = _list(document)
    yield ("spec", direction), _spec(document, **{direction: [*rules, {"ports": [{"port": 4444}]}]})


@kind("DNS opened to all")
def _(document: Document) -> Iterator[Edit]:
    direction, rules = _list(document)
    ports = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]
    yield ("spec", direction), _spec(document, **{direction: [*rules, {"ports": ports}]})


@kind("rule dropped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, "spec", RULES, int):
        yield found.remove()


@kind("rule twice")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, "spec", RULES, int):
        yield found.also(found.value)


@kind("rules reversed")
def _(document: Document) -> Iterator[Edit]:
    direction, rules = _list(document)
    if len(rules) > 1:
        yield ("spec", direction), _spec(document, **{direction: rules[::-1]})


@kind("rules forgotten")
def _(document: Document) -> Iterator[Edit]:
    direction, _rules = _list(document)
    yield ("spec", direction), ({**document, "spec": without(document["spec"], direction)},)


@kind("rules null")
def _(document: Document) -> Iterator[Edit]:
    direction, _rules = _list(document)
    yield ("spec", direction), _spec(document, **{direction: None})


@kind("rules under the other direction")
def _(document: Document) -> Iterator[Edit]:
    direction, rules = _list(document)
    other = _OTHER[_own(document)].lower()
    yield ("spec", direction), ({**document, "spec": {**without(document["spec"], direction), other: rules}},)


@kind("unknown field in a rule")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, "spec", RULES, int):
        yield found.set(toFQDNs=[{"matchName": "example.com"}])


# --- the object ---


@kind("policy dropped")
def _(_: Document) -> Iterator[Edit]:
    yield (), ()


@kind("policy renamed")
def _(document: Document) -> Iterator[Edit]:
    yield ("metadata", "name"), (_metadata(document, name="renamed"),)


@kind("annotation added")
def _(document: Document) -> Iterator[Edit]:
    yield ("metadata",), ({**_metadata(document, annotations={"a": "b"}), "status": {}},)


@kind("namespace changed")
def _(document: Document) -> Iterator[Edit]:
    yield ("metadata", "namespace"), (_metadata(document, namespace="elsewhere"),)


@kind("namespace of another fence")
def _(document: Document) -> Iterator[Edit]:
    yield ("metadata", "namespace"), (_metadata(document, namespace="operators"),)


@kind("kind misspelt")
def _(document: Document) -> Iterator[Edit]:
    yield ("kind",), ({**document, "kind": "NetworkPolicies"},)


@kind("spec forgotten")
def _(document: Document) -> Iterator[Edit]:
    yield ("spec",), (without(document, "spec"),)


@kind("same policy twice")
def _(document: Document) -> Iterator[Edit]:
    yield (), (document, put(document, ("kind",), document["kind"]))


# --- a second policy ---


@kind("second policy, wide, same selector")
def _(document: Document) -> Iterator[Edit]:
    yield (), (document, _open(document, document["spec"]["podSelector"]))


@kind("second policy, wide, compatible selector")
def _(document: Document) -> Iterator[Edit]:
    yield (), (document, _open(document, {"matchLabels": {"team": "blue"}}))


@kind("second policy, wide, compatible expression")
def _(document: Document) -> Iterator[Edit]:
    yield (), (document, _open(document, {"matchExpressions": [{"key": "app", "operator": "Exists"}]}))


@kind("second policy, wide, whole namespace")
def _(document: Document) -> Iterator[Edit]:
    yield (), (document, _open(document, {}))


@kind("second policy, wide, other pods")
def _(document: Document) -> Iterator[Edit]:
    yield (), (document, _open(document, {"matchLabels": {"app": "nobody"}}))


@kind("second policy, wide, other namespace")
def _(document: Document) -> Iterator[Edit]:
    yield (), (document, _open(document, document["spec"]["podSelector"], namespace="elsewhere"))


@kind("second policy, the floor")
def _(document: Document) -> Iterator[Edit]:
    spec = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    yield (), (document, {**_metadata(document, name="mcp-default-deny", labels={}), "spec": spec})


@kind("second policy, a part of the first")
def _(document: Document) -> Iterator[Edit]:
    direction, rules = _list(document)
    part = _spec(_metadata(document, name="part"), **{direction: rules[:1]})
    yield (), (document, *part)


@kind("second policy, unreadable")
def _(document: Document) -> Iterator[Edit]:
    bad = _open(document, document["spec"]["podSelector"])
    yield (), (document, put(bad, ("spec", _own(document).lower()), [{"ports": [{"endPort": 90}]}]))
