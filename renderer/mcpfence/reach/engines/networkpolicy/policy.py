"""NetworkPolicy (networking.k8s.io/v1) from a parsed document to what it says, in full.

A policy of which anything cannot be read may not exist at all, for an API server would refuse it: it then counts
neither as isolating nor as harmless (`sound` is false).  Nothing here raises.
"""

from __future__ import annotations

import marshal
from typing import Any

from mcpfence.reach.documents.fields import Problem, Unreadable, items, known_keys, mapping, shown
from mcpfence.reach.documents.label_selectors import read_selector
from mcpfence.reach.engines.contract import NO_RULES, POLICIES, UNKNOWN_ALLOWS, Policy, Rules, Source
from mcpfence.reach.engines.networkpolicy.rules import read_rules
from mcpfence.reach.flows import label_sets
from mcpfence.reach.flows.label_sets import Box

_SPEC_KEYS = frozenset({"podSelector", "policyTypes", "ingress", "egress"})
_INGRESS, _EGRESS, _BOTH = frozenset({"Ingress"}), frozenset({"Egress"}), frozenset({"Ingress", "Egress"})


class NetworkPolicyReader:
    """Reads policies one by one, and a list of rules that it meets again, the same or an equal one, only once."""

    def __init__(self) -> None:
        self._rules: dict[tuple[int, str, str], tuple[object, Rules]] = {}  # holding the list keeps its id its own
        self._contents: dict[tuple[bytes, str, str], Rules] = {}
        self._same: dict[Rules, Rules] = {}

    def read(self, document: dict[str, object], kind: str, title: str, namespace: str) -> Policy:
        """The policy of one document that lies in `namespace`.  Never raises: what it cannot read is in `problems`."""
        try:
            spec = mapping(document.get("spec"), "spec")
            known_keys(spec, _SPEC_KEYS, "spec")
            selector = _selector(spec)
            directions = _directions(spec)
        except Unreadable as bad:
            problems = (Problem(title, bad.field, bad.reason),)
            return _policy(title, namespace, _bounding_selector(document), UNKNOWN_ALLOWS, UNKNOWN_ALLOWS, problems)
        ingress = self.rules(spec.get("ingress"), namespace, "ingress")
        egress = self.rules(spec.get("egress"), namespace, "egress")
        faults = ingress.faults + egress.faults
        return _policy(
            title,
            namespace,
            selector,
            ingress if "Ingress" in directions else None,
            egress if "Egress" in directions else None,
            tuple(Problem(title, field, reason) for field, reason in faults) if faults else (),
        )

    def rules(self, value: object, namespace: str, direction: str) -> Rules:
        """One list of rules; equal lists give one object."""
        if value is None:
            return NO_RULES
        key = (id(value), namespace, direction)
        known = self._rules.get(key)
        if known is None:
            known = self._rules[key] = (value, self._equal_rules(value, namespace, direction))
        return known[1]

    def _equal_rules(self, value: Any, namespace: str, direction: str) -> Rules:
        """The rules of a list whose content may have been read before: most servers differ in their names alone."""
        try:
            # Version 2 writes plain values alone, without back references, so equal content gives equal bytes. It tells
            # 1, true and "1" apart, and refuses what is no plain value or contains itself.
            content = (marshal.dumps(value, 2), namespace, direction)
        except ValueError:
            return read_rules(value, namespace, direction)
        known = self._contents.get(content)
        if known is None:
            found = read_rules(value, namespace, direction)
            known = self._contents[content] = self._same.setdefault(found, found)
        return known


def _policy(
    title: str,
    namespace: str,
    selector: Box | None,
    ingress: Rules | None,
    egress: Rules | None,
    problems: tuple[Problem, ...],
) -> Policy:
    return Policy(
        title=title,
        engine="networkpolicy",
        tier=POLICIES,
        namespace=namespace,
        sources=(Source(selector),) if selector is not None else (),
        ingress=ingress,
        egress=egress,
        isolates=True,
        sound=not problems,
        problems=problems,
    )


def _bounding_selector(document: dict[str, object]) -> Box | None:
    """The selector of a policy that cannot be read otherwise; every pod where not even that can be."""
    spec = document.get("spec")
    try:
        return _selector(spec) if isinstance(spec, dict) else label_sets.EVERYTHING
    except Unreadable:
        return label_sets.EVERYTHING


def _selector(spec: dict[str, object]) -> Box | None:
    """The pods that a policy selects: every pod of its namespace where nothing is written."""
    written = spec.get("podSelector")
    return label_sets.EVERYTHING if written is None else read_selector(written, "spec.podSelector")


def _directions(spec: dict[str, object]) -> frozenset[str]:
    """PolicyTypes and their default: Ingress always, Egress if there is an egress rule."""
    written = items(spec.get("policyTypes"), "spec.policyTypes")
    if not written:
        return _BOTH if spec.get("egress") else _INGRESS
    for index, entry in enumerate(written):
        if entry != "Ingress" and entry != "Egress":
            raise Unreadable(f"spec.policyTypes[{index}]", f"is {shown(entry)}, not Ingress or Egress")
    if len(written) == 1:
        return _INGRESS if written[0] == "Ingress" else _EGRESS
    return frozenset(str(entry) for entry in written)
