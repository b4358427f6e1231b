"""NetworkPolicy (networking.k8s.io/v1) from a parsed document to what it says, in full.

A policy of which anything cannot be read may not exist at all, for an API server would refuse it: it then counts
neither as isolating nor as harmless (`sound` is false).  Nothing here raises.
"""

from __future__ import annotations

from mcpfence.reach.documents.fields import Problem, Unreadable, known_keys, mapping, policy_types
from mcpfence.reach.documents.label_selectors import read_selector
from mcpfence.reach.engines.contract import NO_RULES, UNKNOWN_ALLOWS, Policy, Rules, adding_policy
from mcpfence.reach.engines.networkpolicy.rules import read_rules
from mcpfence.reach.engines.rule_lists import RuleLists
from mcpfence.reach.flows import label_sets
from mcpfence.reach.flows.label_sets import Box

_SPEC_KEYS = frozenset({"podSelector", "policyTypes", "ingress", "egress"})
_INGRESS, _EGRESS, _BOTH = frozenset({"Ingress"}), frozenset({"Egress"}), frozenset({"Ingress", "Egress"})


class NetworkPolicyReader:
    """Reads policies one by one, and a list of rules that it meets again, the same or an equal one, only once."""

    def __init__(self) -> None:
        self._rules: dict[tuple[int, str, str], tuple[object, Rules]] = {}  # holding the list keeps its id its own
        self._lists = RuleLists(read_rules)

    def read(self, document: dict[str, object], kind: str, title: str, namespace: str) -> Policy:
        """The policy of one document that lies in `namespace`.  Never raises: what it cannot read is in `problems`."""
        try:
            spec = mapping(document.get("spec"), "spec")
            known_keys(spec, _SPEC_KEYS, "spec")
            selector = _selector(spec)
            directions = _directions(spec)
        except Unreadable as bad:
            return adding_policy(
                engine="networkpolicy",
                title=title,
                namespace=namespace,
                selector=_bounding_selector(document),
                ingress=UNKNOWN_ALLOWS,
                egress=UNKNOWN_ALLOWS,
                problems=(Problem(title, bad.field, bad.reason),),
            )
        ingress = self.rules(spec.get("ingress"), namespace, "ingress")
        egress = self.rules(spec.get("egress"), namespace, "egress")
        faults = ingress.faults + egress.faults
        return adding_policy(
            engine="networkpolicy",
            title=title,
            namespace=namespace,
            selector=selector,
            ingress=ingress if "Ingress" in directions else None,
            egress=egress if "Egress" in directions else None,
            problems=tuple(Problem(title, field, reason) for field, reason in faults) if faults else (),
        )

    def rules(self, value: object, namespace: str, direction: str) -> Rules:
        """One list of rules; equal lists give one object."""
        if value is None:
            return NO_RULES
        key = (id(value), namespace, direction)
        known = self._rules.get(key)
        if known is None:
            known = self._rules[key] = (value, self._lists.of(value, namespace, direction))
        return known[1]


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
    written = policy_types(spec)
    if not written:
        return _BOTH if spec.get("egress") else _INGRESS
    if len(written) == 1:
        return _INGRESS if written[0] == "Ingress" else _EGRESS
    return frozenset(str(entry) for entry in written)
