"""One rule of the guard, which becomes a ValidatingAdmissionPolicy and its binding, and what all rules ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcpfence.catalog.guard_reader import Writers
from mcpfence.guard.cel import either, listed
from mcpfence.structs import Struct

CHANGES = ("CREATE", "UPDATE", "DELETE")


class Validation(Struct):
    """What must hold of a request, and what is said where it does not: a CEL expression that gives one line."""

    expression: str
    message: str


class GuardRule(Struct):
    """What is matched, worked out and demanded.

    `purpose` names the objects, `namespaces` are those whose objects it is for (none: those without a namespace),
    `resources` are `resourceRules` as the API has them, and `variables` may use those before them.
    """

    purpose: str
    namespaces: tuple[str, ...]
    resources: tuple[Mapping[str, Any], ...]
    variables: Mapping[str, str]
    validations: tuple[Validation, ...]
    tells: bool = False
    """Whether it warns where the guard would else refuse."""


def resource_rule(
    group: str,
    resources: tuple[str, ...],
    operations: tuple[str, ...],
    scope: str,
    names: tuple[str, ...] = (),
) -> dict[str, Any]:
    """One entry of `resourceRules`, for every version of the group."""
    rule: dict[str, Any] = {"resourceNames": list(names)} if names else {}
    return rule | {
        "apiGroups": [group],
        "apiVersions": ["*"],
        "operations": list(operations),
        "resources": list(resources),
        "scope": scope,
    }


def is_writer(writers: Writers) -> str:
    """Whether a request comes from one of them."""
    parts = [f"request.userInfo.username in {listed(writers.users)}"] if writers.users else []
    if writers.groups:
        among = f"request.userInfo.groups.exists(g, g in {listed(writers.groups)})"
        parts.append(f"has(request.userInfo.groups) && {among}")
    return either(parts)


CLEANERS = (
    "system:kube-controller-manager",
    "system:serviceaccount:kube-system:generic-garbage-collector",
    "system:serviceaccount:kube-system:namespace-controller",
)
"""What deletes the objects of a namespace that ends, and those whose owner is gone; the first stands for both where
the controller manager runs without an account for each controller.  An owner is a change that only writers may make."""

TARGET = "request.operation == 'DELETE' ? oldObject : object"
"""What a request is about; later expressions know it as `variables.target`."""

IS_CLEANER = f"request.userInfo.username in {listed(CLEANERS)}"

TITLE = (
    "request.kind.kind + ' '\n"
    "+ (has(variables.target.metadata.namespace) ? variables.target.metadata.namespace + '/' : '')\n"
    "+ (has(variables.target.metadata.name) ? variables.target.metadata.name : 'without a name')"
)

WHO = (
    "variables.writer ? 'it is not one that mcpfence rendered'\n"
    ": request.userInfo.username + ' is none of guard.writers'"
)
"""Why a request is refused, as to who makes it."""


def unchanged(field: str) -> str:
    """Whether an update leaves a field as it is."""
    there = f"has(object.{field}) == has(oldObject.{field})"
    return f"{there} && (!has(object.{field}) || object.{field} == oldObject.{field})"
