"""Where Cilium reads a NetworkPolicy otherwise than the API's documentation: each as a change of the manifests.

A set after these changes means to the API what the set before them means to Cilium, so every question can be compared;
how many verdicts each of them alters is counted.  The engine's settings are its defaults.  No policy of mcpfence means
something else by these readings: it writes policyTypes in full, numbers for ports, and labels that people chose.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence

from cilium.judge import Document
from mcpfence.reach.documents.label_selectors import read_selector
from mcpfence.reach.flows import label_sets

POD = "mcpfence.test/pod"
"""A label by which each pod can be selected alone."""

Reading = Callable[[Sequence[Document]], list[Document]]

IDENTITY_FILTER = ("pod-template-hash", "statefulset.kubernetes.io/pod-name")


def rules_imply_types(documents: Sequence[Document]) -> list[Document]:
    """Rules of a direction count where policyTypes leaves it out; the API ignores them."""
    found = copy.deepcopy(list(documents))
    for one in found:
        spec = one.get("spec", {})
        if one["kind"] == "NetworkPolicy" and spec.get("policyTypes"):
            for direction in ("ingress", "egress"):
                if spec.get(direction) and direction.title() not in spec["policyTypes"]:
                    spec["policyTypes"].append(direction.title())
    return found


def filtered_labels_are_absent(documents: Sequence[Document]) -> list[Document]:
    """Labels that change from pod to pod are no part of an identity, so no selector sees them."""
    found = copy.deepcopy(list(documents))
    for one in found:
        if one["kind"] == "Pod":
            for key in IDENTITY_FILTER:
                one["metadata"]["labels"].pop(key, None)
    return found


READINGS: dict[str, Reading] = {
    "rules count that policyTypes leaves out": rules_imply_types,
    "labels that differ from pod to pod select nothing": filtered_labels_are_absent,
}
"""By what the end of the run says of them ("... where ..."), in the order in which they are made."""


def egress_names_as_numbers(documents: Sequence[Document]) -> list[Document]:
    """Each named port of egress as what it is in each pod that the rule means.

    Nothing is read otherwise by this: from 1.20 on Cilium asks each pod, as the API says (before, a name was one number
    for the whole cluster).  But what names mean for all pods with some labels is only bounded, so they are written out.
    """
    found = copy.deepcopy(list(documents))
    spaces = {one["metadata"]["name"]: one["metadata"].get("labels", {}) for one in found if one["kind"] == "Namespace"}
    pods = [one for one in found if one["kind"] == "Pod"]
    for one in found:
        rules = one["spec"].get("egress") or [] if one["kind"] == "NetworkPolicy" else []
        if any(_is_named(entry) for rule in rules for entry in rule.get("ports") or ()):
            one["spec"].setdefault("policyTypes", ["Ingress", "Egress"])  # of the rules as they were written
            where = one["metadata"].get("namespace", "default")
            one["spec"]["egress"] = [part for rule in rules for part in _written_out(rule, where, pods, spaces)]
    for number, one in enumerate(pods):
        one["metadata"].setdefault("labels", {})[POD] = str(number)
    return found


def _is_named(entry: Document) -> bool:
    return isinstance(entry.get("port"), str)


def _written_out(
    rule: Document, where: str, pods: Sequence[Document], spaces: Mapping[str, Mapping[str, str]]
) -> Iterator[Document]:
    ports = rule.get("ports") or []
    names = {(entry["port"], entry.get("protocol", "TCP")) for entry in ports if _is_named(entry)}
    rest = [entry for entry in ports if not _is_named(entry)]
    if rest or not ports:
        yield {**rule, "ports": rest} if ports else rule
    for number, one in enumerate(pods if names else ()):
        own = [port for container in one["spec"]["containers"] for port in container.get("ports", ())]
        numbers = [
            {"protocol": port["protocol"], "port": port["containerPort"]}
            for port in own
            if (port["name"], port["protocol"]) in names
        ]
        if numbers and _means(rule, where, one, spaces):
            yield {
                "to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {POD: str(number)}}}],
                "ports": numbers,
            }


def _means(rule: Document, where: str, pod: Document, spaces: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether one of the rule's peers is the pod."""
    space = pod["metadata"].get("namespace", "default")
    labels = {**spaces.get(space, {}), "kubernetes.io/metadata.name": space}
    for peer in rule.get("to") or ():
        if "ipBlock" in peer:
            continue
        near = _selects(peer["namespaceSelector"], labels) if "namespaceSelector" in peer else space == where
        if near and _selects(peer.get("podSelector", {}), pod["metadata"].get("labels", {})):
            return True
    return not rule.get("to")


def _selects(selector: Document, labels: Mapping[str, str]) -> bool:
    box = read_selector(selector, "")
    return box is not None and label_sets.matches(box, labels)
