"""Requests to an API server, and what the guard's objects say to them by an implementation of CEL that is not ours.

It does what an API server does with ValidatingAdmissionPolicies, in the part that the guard uses: rules and namespace
selectors match, variables are worked out, a validation that is false or cannot be evaluated refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from cel_programs import celpy, program_of

Document = dict[str, Any]


class Request(NamedTuple):
    """One request as admission sees it."""

    operation: str
    group: str
    kind: str
    plural: str
    namespace: str
    name: str
    object: Document | None = None
    old: Document | None = None
    subresource: str = ""
    user: str = "outsider"
    groups: tuple[str, ...] = ("system:authenticated",)

    @property
    def resource(self) -> str:
        """As rules write it."""
        return f"{self.plural}/{self.subresource}" if self.subresource else self.plural

    @property
    def attributes(self) -> Document:
        """`request` as expressions see it."""
        optional = {"namespace": self.namespace, "name": self.name, "subResource": self.subresource}
        return {
            "operation": self.operation,
            "kind": {"group": self.group, "kind": self.kind, "version": "v1"},
            "resource": {"group": self.group, "resource": self.plural, "version": "v1"},
            "userInfo": {"username": self.user, "groups": list(self.groups)},
            **{key: value for key, value in optional.items() if value},
        }


class Refusal(NamedTuple):
    """What a policy says to a request, and what is done about it."""

    policy: str
    message: str
    actions: tuple[str, ...]


def judged(documents: Iterable[Document], request: Request) -> list[Refusal]:
    """Every refusal of a request by these policies and bindings."""
    found = list(documents)
    policies = [one for one in found if one["kind"] == "ValidatingAdmissionPolicy"]
    bindings = {one["spec"]["policyName"]: one["spec"] for one in found if one["kind"].endswith("Binding")}
    refusals = []
    for policy in policies:
        name, spec = policy["metadata"]["name"], policy["spec"]
        if name in bindings and _matches(spec["matchConstraints"], request):
            actions = tuple(bindings[name]["validationActions"])
            refusals += [Refusal(name, message, actions) for message in _refused(spec, request)]
    return refusals


def refused(documents: Iterable[Document], request: Request) -> str:
    """What is said where a request is refused; nothing where it passes."""
    return "; ".join(one.message for one in judged(documents, request) if "Deny" in one.actions)


def _matches(constraints: Mapping[str, Any], request: Request) -> bool:
    selector = constraints.get("namespaceSelector")
    if selector and request.namespace:
        (expression,) = selector["matchExpressions"]
        assert (expression["key"], expression["operator"]) == ("kubernetes.io/metadata.name", "In")
        if request.namespace not in expression["values"]:
            return False
    scope = "Namespaced" if request.namespace else "Cluster"
    return any(
        request.group in rule["apiGroups"]
        and request.resource in rule["resources"]
        and request.operation in rule["operations"]
        and rule["scope"] in ("*", scope)
        and request.name in rule.get("resourceNames", [request.name])
        for rule in constraints["resourceRules"]
    )


def _refused(spec: Mapping[str, Any], request: Request) -> list[str]:
    cel = celpy()
    context = {
        "object": cel.json_to_cel(request.object),
        "oldObject": cel.json_to_cel(request.old),
        "request": cel.json_to_cel(request.attributes),
    }
    variables: dict[str, Any] = {}
    for one in spec.get("variables", ()):
        found = _value(one["expression"], context, variables)
        if not isinstance(found, Exception):  # an API server works it out where it is used, and fails there
            variables[one["name"]] = found
    said = []
    for one in spec["validations"]:
        found = _value(one["expression"], context, variables)
        if isinstance(found, Exception):
            said.append(f"cannot be evaluated: {found}")
        elif not found:
            told = _value(one["messageExpression"], context, variables)
            assert not isinstance(told, Exception), told
            said.append(str(told))
    return said[:1]  # an API server tells the first one


def _value(expression: str, context: Mapping[str, Any], variables: Mapping[str, Any]) -> Any:
    cel = celpy()
    known = cel.celtypes.MapType({cel.celtypes.StringType(name): value for name, value in variables.items()})
    try:
        return program_of(expression).evaluate({**context, "variables": known})
    except cel.CELEvalError as bad:
        return bad


def groups_of(user: str) -> Sequence[str]:
    """The groups that Kubernetes gives to an account, beside those of everybody."""
    if not user.startswith("system:serviceaccount:"):
        return ()
    return ("system:serviceaccounts", f"system:serviceaccounts:{user.split(':')[2]}")
