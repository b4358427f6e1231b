"""Who may write policies: in a fenced namespace, and cluster-wide ones whose subject could lie in one.

Policies add up, and engines with an order let the first that matches decide.  So one that could open a fence is refused
unless a writer brings it as mcpfence rendered it, and ours are changed and deleted by writers alone.  What opens
nothing is free, and so is an update that changes nothing of what a policy says (status, finalizers).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mcpfence.catalog.guard_reader import Writers
from mcpfence.guard.cel import both, either, excludes, listed, literal
from mcpfence.guard.kinds import GuardedKind, by_shape
from mcpfence.guard.rule import (
    CHANGES,
    IS_CLEANER,
    TARGET,
    TITLE,
    WHO,
    GuardRule,
    Validation,
    is_writer,
    resource_rule,
    unchanged,
)
from mcpfence.kube.manifest import FENCED, MANAGED_BY
from mcpfence.kube.selectors import Selector
from mcpfence.reach.engines.contract import Shape

_SAYING = ("spec", "specs", "metadata.labels", "metadata.annotations", "metadata.ownerReferences")
"""What of a policy others may not change: what it says, and what those go by who apply and prune it."""

_PART_OF = literal("app.kubernetes.io/part-of")
_IS_OURS = f"{_PART_OF} in l && l[{_PART_OF}] == {literal(MANAGED_BY)}"

_GLASS = " or see Break-glass in docs/guard.md"
_TO_DO = (
    f" declare the connection in the catalog (servers.NAME or workloads.NAME in values.yaml) and render again,{_GLASS}"
)


def policies_rule(
    kinds: Sequence[GuardedKind], namespace: str, whole: bool, selectors: Sequence[Selector], writers: Writers
) -> GuardRule:
    """The rule for the policies of one namespace.

    `whole`: the namespace is the servers' own, so nobody else's policy may open anything there; else only those that
    could be for pods of these selectors count.
    """

    def apart(shape: Shape) -> str:
        if whole or not shape.pods:
            return "false"
        told = f"has(s.{shape.pods})"
        return both([told, *(_apart_from(f"s.{shape.pods}", selector) for selector in selectors)])

    return _rule("policies", (namespace,), kinds, apart, _IS_OURS, writers, f"namespace {namespace}")


def cluster_rule(kinds: Sequence[GuardedKind], namespaces: Sequence[str], writers: Writers) -> GuardRule:
    """The rule for cluster-wide policies; those that cannot be for any of the fenced namespaces are free."""

    def apart(shape: Shape) -> str:
        if not shape.namespaces:
            return "false"
        told = either(_has(path) for path, _ in shape.namespaces)
        each = [f"!({_has(path)}) || {excludes(f's.{path}', key, namespaces)}" for path, key in shape.namespaces]
        return both([told, *each])

    label = f"{_IS_OURS} && {literal(FENCED)} in l && l[{literal(FENCED)}] in {listed(namespaces)}"
    return _rule("cluster", (), kinds, apart, label, writers, f"namespace {' or '.join(namespaces)}")


def _rule(
    purpose: str,
    namespaces: tuple[str, ...],
    kinds: Sequence[GuardedKind],
    apart: Callable[[Shape], str],
    label: str,
    writers: Writers,
    where: str,
) -> GuardRule:
    """Either rule: `apart` tells of a kind when `s`, a spec, is not for fenced pods, and `label` when `l` are ours."""
    groups: dict[str, set[str]] = {}
    for kind in kinds:
        groups.setdefault(kind.group, set()).add(kind.plural)
    scope = "Namespaced" if namespaces else "Cluster"
    return GuardRule(
        purpose=purpose,
        namespaces=namespaces,
        resources=tuple(resource_rule(group, tuple(sorted(some)), CHANGES, scope) for group, some in groups.items()),
        variables=_variables(kinds, apart, label, writers),
        validations=(
            Validation(
                "!variables.wereOurs || variables.writer || variables.cleaner || variables.stays",
                _told(f" is part of the fences of {where}, and ", f": change values.yaml and render again,{_GLASS}"),
            ),
            Validation(
                "request.operation == 'DELETE' || variables.stays || !variables.opens || variables.apart\n"
                "|| (variables.writer && variables.ours)",
                _told(f" could open pods of {where}, for policies add up, and ", f":{_TO_DO}"),
            ),
        ),
    )


def _told(before: str, after: str) -> str:
    """A sentence about the object and who would change it."""
    return f"variables.title\n+ {literal(before)}\n+ variables.who\n+ {literal(after)}"


def _variables(
    kinds: Sequence[GuardedKind], apart: Callable[[Shape], str], label: str, writers: Writers
) -> dict[str, str]:
    ours = f"has(NAME.metadata.labels) && [NAME.metadata.labels].exists(l, {label})"
    return {
        "target": TARGET,
        "writer": is_writer(writers),
        "cleaner": IS_CLEANER,
        "resource": "request.resource.group + '/' + request.resource.resource",
        "title": TITLE,
        "who": WHO,
        "specs": "(has(variables.target.spec) ? [variables.target.spec] : [])\n"
        "+ (has(variables.target.specs) ? variables.target.specs : [])",
        "opens": _by_kind(kinds, _opens, "true"),
        "apart": _by_kind(kinds, lambda shape: _everywhere(apart(shape)), "false"),
        "ours": ours.replace("NAME", "variables.target"),
        "wereOurs": f"request.operation != 'CREATE'\n&& ({ours.replace('NAME', 'oldObject')})",
        "stays": f"request.operation == 'UPDATE' &&\n{both(map(unchanged, _SAYING))}",
    }


def _by_kind(kinds: Sequence[GuardedKind], told: Callable[[Shape], str], otherwise: str) -> str:
    """What is told of each kind's objects; for kinds of which nothing is told `otherwise`."""
    lines: dict[str, list[str]] = {}
    for shape, alike in by_shape(kinds):
        answer = told(shape)
        if answer != otherwise:
            lines.setdefault(answer, []).extend(kind.resource for kind in alike)
    chain = (f"variables.resource in {listed(sorted(some))} ? ({answer})\n: " for answer, some in lines.items())
    return "".join(chain) + otherwise


def _opens(shape: Shape) -> str:
    """Whether an object has a rule that does not merely deny."""
    if not shape.rules:
        return "true"
    rule = "true"
    if shape.denying:
        rule = f"!(has(r.action) && r.action in {listed(sorted(shape.denying))})"
    return (
        f"variables.specs.exists(s, {either(f'has(s.{name}) && s.{name}.exists(r, {rule})' for name in shape.rules)})"
    )


def _everywhere(apart: str) -> str:
    """Whether that holds of everything that an object says; one that says nothing may be for every pod."""
    return apart if apart == "false" else f"size(variables.specs) > 0 && variables.specs.all(s, {apart})"


def _has(path: str) -> str:
    """Whether a path is there below a spec."""
    steps = path.split(".")
    return " && ".join(f"has(s.{'.'.join(steps[: end + 1])})" for end in range(len(steps)))


def _apart_from(field: str, selector: Selector) -> str:
    """Whether a policy's selector rules out, by some label that these pods must have, that it is for them."""
    return either(excludes(field, key, (value,)) for key, value in selector.labels)
