"""Where Cilium reads a NetworkPolicy otherwise than the API's documentation: each as a change of the manifests.

A set after these changes means to the API what the set before them means to Cilium, so every question can be compared;
how many verdicts each of them alters is counted.  The engine's settings are its defaults.  No policy of mcpfence means
something else by these readings: it writes policyTypes in full, numbers for ports, and labels that people chose.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

from cilium.judge import Document

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


def egress_names_mean_one_number(documents: Sequence[Document]) -> list[Document]:
    """A named port of egress is the one number that it has in all pods of the cluster, for every destination.

    Where pods differ, or none has it, the entry means nothing; the API asks the destination's own containers.
    """
    found = copy.deepcopy(list(documents))
    numbers: dict[tuple[str, str], set[int]] = {}
    for one in found:
        for container in one["spec"]["containers"] if one["kind"] == "Pod" else ():
            for port in container.get("ports", ()):
                numbers.setdefault((port["name"], port["protocol"]), set()).add(port["containerPort"])
    for one in found:
        if one["kind"] == "NetworkPolicy":
            rules = one["spec"].get("egress") or []
            kept = [rule for rule in rules if _numbered(rule, numbers)]
            if len(kept) < len(rules):
                one["spec"].setdefault("policyTypes", ["Ingress", "Egress"])  # of the rules as they were written
                one["spec"]["egress"] = kept
    return found


def _numbered(rule: Document, numbers: dict[tuple[str, str], set[int]]) -> bool:
    """Writes numbers for names; false where that leaves no port, since no port at all would mean every port."""
    if not rule.get("ports"):
        return True
    ports = []
    for entry in rule["ports"]:
        if isinstance(entry.get("port"), str):
            known = numbers.get((entry["port"], entry.get("protocol", "TCP")), set())
            ports += [{**entry, "port": number} for number in known if len(known) == 1]
        else:
            ports.append(entry)
    rule["ports"] = ports
    return bool(ports)


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
    "a named egress port is one number for the whole cluster": egress_names_mean_one_number,
    "labels that differ from pod to pod select nothing": filtered_labels_are_absent,
}
"""By what the end of the run says of them ("... where ..."), in the order in which they are made."""
