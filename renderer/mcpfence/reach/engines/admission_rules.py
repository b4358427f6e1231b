"""Admission by rules of API groups and resources, behind which a program decides: may it change policies?

    MutatingWebhookConfiguration     webhooks[].rules
    Kubewarden's (Cluster)AdmissionPolicy with `mutating`, jsPolicy's JsPolicy that mutates or is a controller

What the program does stands nowhere in the document, so a rule that matches policies is enough.  A rule for pods alone
is what every injector of sidecars has, and no policy is changed by it.
Sources: the API reference of admissionregistration.k8s.io/v1, docs.kubewarden.io, jspolicy's pkg/apis.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from mcpfence.reach.documents.objects import Object
from mcpfence.reach.engines import all_engines

_WEBHOOKS = ("admissionregistration.k8s.io", "MutatingWebhookConfiguration")
_KUBEWARDEN = (("policies.kubewarden.io", "ClusterAdmissionPolicy"), ("policies.kubewarden.io", "AdmissionPolicy"))
_JSPOLICY = ("policy.jspolicy.com", "JsPolicy")
RULE_KINDS = frozenset((_WEBHOOKS, *_KUBEWARDEN, _JSPOLICY))
_WRITES = {"CREATE", "UPDATE", "*"}


def rules_match_policies(one: Object, resources: Iterable[str]) -> bool:
    """Whether an object lets a program change policies; `resources` are their names in rules: `networkpolicies`."""
    names = frozenset(resources)
    return any(_matches(rule, names) for rule in _rules(one))


def _rules(one: Object) -> Iterator[dict[str, object]]:
    kind, spec = (one.group, one.kind), one.document.get("spec")
    if kind == _WEBHOOKS:
        for webhook in _mappings(one.document.get("webhooks")):
            yield from _mappings(webhook.get("rules"))
    elif kind in _KUBEWARDEN and isinstance(spec, dict) and spec.get("mutating") is not False:
        yield from _mappings(spec.get("rules"))
    elif kind == _JSPOLICY and isinstance(spec, dict) and spec.get("type") in ("Mutating", "Controller"):
        yield spec


def _matches(rule: dict[str, object], resources: frozenset[str]) -> bool:
    """Whether a rule is for writing policies; a list that is not there is one of everything."""
    operations = {text.upper() for text in _texts(rule.get("operations"))}
    groups = set(_texts(rule.get("apiGroups"))) or {"*"}
    named = {text.lower().partition("/")[0] for text in _texts(rule.get("resources"))} or {"*"}
    if operations and operations.isdisjoint(_WRITES):
        return False
    if groups.isdisjoint({"*", *_groups()}):
        return False
    return not named.isdisjoint({"*", *resources})


@cache
def _groups() -> frozenset[str]:
    """The API groups of all kinds that engines read."""
    return frozenset(group for engine in all_engines().values() for group, _ in (*engine.kinds, *engine.unevaluated))


def _mappings(value: object) -> list[dict[str, object]]:
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _texts(value: object) -> list[str]:
    return [part for part in value if isinstance(part, str)] if isinstance(value, list) else []
