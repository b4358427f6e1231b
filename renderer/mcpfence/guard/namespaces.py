"""The labels of the servers' namespace: Pod Security goes by them, and so do subjects of cluster-wide policies.

They can be changed through the namespace itself, its status and its finalizers.
"""

from __future__ import annotations

from mcpfence.catalog.guard_reader import Writers
from mcpfence.guard.cel import literal
from mcpfence.guard.rule import GuardRule, Validation, is_writer, resource_rule, unchanged

_UPDATED = ("namespaces", "namespaces/finalize", "namespaces/status")


def namespace_rule(namespace: str, writers: Writers) -> GuardRule:
    """Labels stay as they are, but for writers; that the namespace is deleted is none of the guard's business."""
    told = (
        f"labels of namespace {namespace} decide which pods it admits and which policies are for it: change"
        " mcpNamespace.labels or mcpNamespace.podSecurity in values.yaml and render again, or see Break-glass in"
        " docs/guard.md; "
    )
    return GuardRule(
        purpose="namespace",
        namespaces=(),
        resources=(resource_rule("", _UPDATED, ("UPDATE",), "*", (namespace,)),),
        variables={"writer": is_writer(writers)},
        validations=(
            Validation(
                f"variables.writer || ({unchanged('metadata.labels')})",
                f"{literal(told)}\n+ request.userInfo.username + ' is none of guard.writers'",
            ),
        ),
    )
