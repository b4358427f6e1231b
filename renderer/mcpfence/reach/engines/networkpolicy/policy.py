"""NetworkPolicy (networking.k8s.io/v1) from a parsed document to what it says, in full.

A policy of which anything cannot be read may not exist at all, for an API server would refuse it: it then counts
neither as isolating nor as harmless (`sound` is false).  Nothing here raises.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from mcpfence.reach.documents.fields import Problem, Unreadable, items, known_keys, mapping, shown
from mcpfence.reach.documents.label_selectors import read_selector
from mcpfence.reach.engines.networkpolicy.rules import Rules
from mcpfence.reach.flows import label_sets
from mcpfence.reach.flows.label_sets import Box

_SPEC_KEYS = frozenset({"podSelector", "policyTypes", "ingress", "egress"})
_INGRESS, _EGRESS, _BOTH = frozenset({"Ingress"}), frozenset({"Egress"}), frozenset({"Ingress", "Egress"})


class Policy(NamedTuple):
    """What one NetworkPolicy says.

    `namespace` and `selector` bound the pods that it may select: None is any namespace, or no pod at all.
    `ingress` and `egress` are None where the policy does not speak of that direction.
    """

    title: str
    namespace: str | None
    selector: Box | None
    ingress: Rules | None
    egress: Rules | None
    problems: tuple[Problem, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether it surely exists as it was read."""
        return not self.problems

    def rules(self, direction: str) -> Rules | None:
        """The rules of `ingress` or `egress`."""
        return self.ingress if direction == "ingress" else self.egress


RulesReader = Callable[[object, str, str], Rules]
"""(list of rules, namespace of the policy, ingress or egress) -> Rules."""

_UNKNOWN_RULES = Rules((), (("spec", "cannot be read"),))


def read_policy(document: dict[str, object], title: str, namespace: str, read: RulesReader) -> Policy:
    """The policy of one document that lies in `namespace`.  Never raises: what cannot be read stands in `problems`.

    `read` is `read_rules`, or a cache around it.
    """
    try:
        spec = mapping(document.get("spec"), "spec")
        known_keys(spec, _SPEC_KEYS, "spec")
        selector = _selector(spec)
        directions = _directions(spec)
    except Unreadable as bad:
        problem = Problem(title, bad.field, bad.reason)
        return Policy(
            title=title,
            namespace=namespace,
            selector=_bounding_selector(document),
            ingress=_UNKNOWN_RULES,
            egress=_UNKNOWN_RULES,
            problems=(problem,),
        )
    ingress = read(spec.get("ingress"), namespace, "ingress")
    egress = read(spec.get("egress"), namespace, "egress")
    faults = ingress.faults + egress.faults
    return Policy(
        title=title,
        namespace=namespace,
        selector=selector,
        ingress=ingress if "Ingress" in directions else None,
        egress=egress if "Egress" in directions else None,
        problems=tuple(Problem(title, field, reason) for field, reason in faults) if faults else (),
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
