"""ApplicationNetworkPolicy (networking.k8s.aws/v1alpha1) from a parsed document to what it says.

The fields are those of NetworkPolicy, and in egress peers `domainNames`, alone in their peer.  It isolates and allows
as a NetworkPolicy does, in the same tier.  Its API server checks next to nothing (module `rules` has what is then not
known).  Which directions count where policyTypes is absent is stated in two ways, so such a policy is not readable.
Source: the kind's CRD, and the public source of the controller and of the agent (facts on engines, section 5).
"""

from __future__ import annotations

from mcpfence.reach.documents.fields import Problem, Unreadable, known_keys, mapping, policy_types
from mcpfence.reach.documents.label_selectors import read_selector
from mcpfence.reach.engines.contract import NO_RULES, UNKNOWN_ALLOWS, Policy, Rules, adding_policy
from mcpfence.reach.engines.eks.rules import read_rules
from mcpfence.reach.engines.rule_lists import RuleLists
from mcpfence.reach.flows import label_sets
from mcpfence.reach.flows.label_sets import Box

_SPEC_KEYS = frozenset({"podSelector", "policyTypes", "ingress", "egress"})


class ApplicationPolicyReader:
    """Reads policies one by one; equal lists of rules give one object."""

    def __init__(self) -> None:
        self._lists = RuleLists(read_rules)

    def read(self, document: dict[str, object], kind: str, title: str, namespace: str) -> Policy:
        """The policy of one document that lies in `namespace`.  Never raises: what it cannot read is in `problems`."""
        selector: Box | None = label_sets.EVERYTHING
        problems: tuple[Problem, ...] = ()
        try:
            spec = mapping(document.get("spec"), "spec")
            known_keys(spec, _SPEC_KEYS, "spec")
            selector = read_selector(spec.get("podSelector"), "spec.podSelector")
            types = _types(spec)
            ingress = self._rules(spec.get("ingress"), namespace, "ingress")
            egress = self._rules(spec.get("egress"), namespace, "egress")
        except Unreadable as bad:
            problems = (Problem(title, bad.field, bad.reason),)
            types, ingress, egress = ["Ingress", "Egress"], UNKNOWN_ALLOWS, UNKNOWN_ALLOWS
        return adding_policy(
            engine="eks",
            title=title,
            namespace=namespace,
            selector=selector,
            ingress=ingress if "Ingress" in types else None,
            egress=egress if "Egress" in types else None,
            problems=problems,
        )

    def _rules(self, value: object, namespace: str, direction: str) -> Rules:
        if not value:
            return NO_RULES if value is None or value == [] else read_rules(value, namespace, direction)
        return self._lists.of(value, namespace, direction)


def _types(spec: dict[str, object]) -> list[object]:
    written = policy_types(spec)
    if not written:
        raise Unreadable("spec.policyTypes", "is absent, and whether both directions are then closed is not known")
    return written
