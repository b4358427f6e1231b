"""Policies that may select a pod are found without asking each, those of the whole cluster too."""

from __future__ import annotations

from mcpfence.reach.evaluation.index import Index
from mcpfence.reach.flows import label_sets
from mcpfence.reach.flows.label_sets import NAMESPACE_NAME, Box

WEB: Box = label_sets.box_of({"app": "web"})
NAMED: Box = (*label_sets.in_namespace(((NAMESPACE_NAME, label_sets.one_of(["a", "b"])),)), *label_sets.of_pod(WEB))
LABELLED: Box = label_sets.in_namespace(label_sets.box_of({"team": "x"}))
EXCEPT: Box = label_sets.in_namespace(((NAMESPACE_NAME, label_sets.none_of(["a"])),))


def found(box: Box | None, namespace: str, pod: Box) -> bool:
    """Whether a cluster-wide policy with this box is a candidate for pods of a namespace."""
    return bool(Index([("it", None, box)]).candidates(namespace, pod))


def test_cluster_wide_by_the_names_of_namespaces() -> None:
    """What demands namespaces by their names lies in those, sorted by the pods' labels there."""
    assert found(NAMED, "a", WEB)
    assert found(NAMED, "b", WEB)
    assert not found(NAMED, "c", WEB)
    assert not found(NAMED, "a", label_sets.box_of({"app": "db"}))
    assert found(NAMED, "a", ())


def test_cluster_wide_otherwise_is_everywhere() -> None:
    """By other labels of namespaces, by names that are left out, or by none: it may be of any namespace."""
    for box in (LABELLED, EXCEPT, ()):
        assert found(box, "a", WEB)
        assert found(box, "c", WEB)
    assert not found(None, "a", WEB)


def test_many_cluster_wide_policies_are_not_all_asked() -> None:
    """Of a thousand policies for a thousand servers one is a candidate for each."""
    things = [
        (number, None, label_sets.pods_in("mcp", label_sets.box_of({"app": f"s{number}"}))) for number in range(1000)
    ]

    assert Index(things).candidates("mcp", label_sets.box_of({"app": "s7"})) == [7]
