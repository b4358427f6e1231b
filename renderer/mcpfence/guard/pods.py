"""Which pods may come into a fenced namespace, and that none of them takes another one's labels.

A fence finds its pods by labels: who changes them moves a pod out of its fence or into another one.  They can be
changed through the pod itself, its status, and a Binding, which brings labels of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcpfence.catalog.guard_reader import Writers
from mcpfence.guard.cel import either, labels_of, listed, literal, pieces_of, satisfies
from mcpfence.guard.rule import TARGET, TITLE, GuardRule, Validation, is_writer, resource_rule
from mcpfence.kube.selectors import Selector
from mcpfence.reach.documents.further_networks import FURTHER_NETWORKS

_UPDATED = ("pods", "pods/ephemeralcontainers", "pods/resize", "pods/status")
_BOUND = ("bindings", "pods/binding")


class _Selectors:
    """The selectors of a namespace as CEL: those of one label by key, with all their values, and the others."""

    def __init__(self, selectors: Iterable[Selector]) -> None:
        values: dict[str, set[str]] = {}
        self.others: list[Selector] = []
        for selector in sorted(set(selectors)):
            if len(selector.labels) == 1 and not selector.expressions:
                key, value = selector.labels[0]
                values.setdefault(key, set()).add(value)
            else:
                self.others.append(selector)
        self.lists: dict[str, tuple[str, list[str]]] = {}
        """Variable -> a key, and the values of it that some selector demands."""
        for key in sorted(values):
            for piece in pieces_of(sorted(values[key])):
                self.lists[f"values{len(self.lists)}"] = (key, piece)

    @property
    def keys(self) -> list[str]:
        """Every key that a selector speaks of."""
        found = {key for key, _ in self.lists.values()}
        for selector in self.others:
            found |= {key for key, _ in selector.labels} | {item.key for item in selector.expressions}
        return sorted(found)

    @property
    def variables(self) -> dict[str, str]:
        """The lists of values."""
        return {name: listed(values) for name, (_, values) in self.lists.items()}

    def known(self, labels: str) -> str:
        """Whether some selector selects these labels."""
        parts = [
            f"{literal(key)} in {labels} && {labels}[{literal(key)}] in variables.{name}"
            for name, (key, _) in self.lists.items()
        ]
        return either([*parts, *(satisfies(labels, selector) for selector in self.others)])

    def fences(self, labels: str) -> str:
        """A list of texts that says which selectors select these labels; an API server wants one type in a list."""
        parts = [
            f"({literal(key)} in {labels} && {labels}[{literal(key)}] in variables.{name}"
            f" ? string({labels}[{literal(key)}]) : '')"
            for name, (key, _) in self.lists.items()
        ]
        parts += [f"({satisfies(labels, selector)} ? 'yes' : '')" for selector in self.others]
        return "[" + ",\n".join(parts) + "]"


def pods_rules(
    namespace: str, whole: bool, selectors: Sequence[Selector], writers: Writers, unknown: str
) -> Iterable[GuardRule]:
    """The rules for the pods of one namespace with the selectors of its fences.

    `whole`: the namespace is the servers' own, so every pod of it counts; else those that some selector selects.
    `unknown` is what becomes of pods there that no selector selects: `refuse`, `warn`, `off`.
    """
    found = _Selectors(selectors)
    yield _kept_rule(namespace, whole, found, writers)
    if whole and unknown != "off":
        yield _unknown_rule(namespace, found, tells=unknown == "warn")


def _kept_rule(namespace: str, whole: bool, found: _Selectors, writers: Writers) -> GuardRule:
    """No host network, no further networks, no ephemeral containers, no other fence."""
    bound = "request.resource.resource == 'bindings' || (has(request.subResource) && request.subResource == 'binding')"
    counts = "true" if whole else f"variables.bound || {either([found.known('variables.after'), 'variables.moved'])}"
    return GuardRule(
        purpose="pods",
        namespaces=(namespace,),
        resources=(
            resource_rule("", ("pods",), ("CREATE",), "Namespaced"),
            resource_rule("", _UPDATED, ("UPDATE",), "Namespaced"),
            resource_rule("", _BOUND, ("CREATE",), "Namespaced"),
        ),
        variables={
            **found.variables,
            "target": TARGET,
            "title": TITLE,
            "writer": is_writer(writers),
            "bound": bound,
            "after": labels_of("object"),
            "before": f"request.operation == 'UPDATE' ? ({labels_of('oldObject')}) : variables.after",
            "fenceBefore": found.fences("variables.before"),
            "fenceAfter": found.fences("variables.after"),
            "moved": "variables.fenceBefore != variables.fenceAfter",
            "counts": counts,
            "relabels": f"variables.bound && variables.after.exists(k, k in {listed(found.keys)})",
        },
        validations=(*_made_right(), *_kept_right()),
    )


def _made_right() -> Iterable[Validation]:
    """What holds of a pod when it is made, whoever makes it."""
    host = "has(object.spec) && has(object.spec.hostNetwork) && object.spec.hostNetwork"
    yield Validation(
        f"request.operation != 'CREATE' || variables.bound || !variables.counts\n|| !({host})",
        "variables.title + " + literal(" is on its host's network, where no policy holds for it: remove hostNetwork"),
    )
    for name in FURTHER_NETWORKS:  # an update or a Binding brings them as well, before the pod has its networks
        key, before = literal(name), "oldObject.metadata.annotations"
        further = f"has(object.metadata.annotations) && {key} in object.metadata.annotations"
        same = f"has({before}) && {key} in {before} && {before}[{key}] == object.metadata.annotations[{key}]"
        todo = f" is in further networks, where no policy holds for it: remove the annotation {name}"
        yield Validation(
            f"!variables.counts || !({further})\n|| (request.operation == 'UPDATE' && {same})",
            f"variables.title\n+ {literal(todo)}",
        )


def _kept_right() -> Iterable[Validation]:
    """What holds of a pod that is there."""
    moves = " takes labels by which it leaves its fence or comes into another one"
    todo = ": label the template that makes the pod, and declare it in the catalog (servers.NAME in values.yaml)"
    yield Validation(
        "request.operation != 'UPDATE' || variables.writer || !variables.moved",
        f"variables.title\n+ {literal(moves + todo)}",
    )
    yield Validation(
        "variables.writer || !variables.relabels",
        "variables.title\n+ "
        + literal(" brings labels by which its pod would come into another fence: bind without them"),
    )
    yield Validation(
        "!(has(request.subResource) && request.subResource == 'ephemeralcontainers')\n"
        "|| variables.writer || !variables.counts",
        "variables.title\n+ "
        + literal(
            " would get a container that may reach what its server may:"
            " debug a copy of the pod outside the fence, or see Break-glass in docs/guard.md"
        ),
    )


def _unknown_rule(namespace: str, found: _Selectors, *, tells: bool) -> GuardRule:
    """Every pod of the servers' namespace is one that the catalog knows."""
    return GuardRule(
        purpose="unknown-pods",
        namespaces=(namespace,),
        resources=(resource_rule("", ("pods",), ("CREATE",), "Namespaced"),),
        variables={
            **found.variables,
            "target": TARGET,
            "title": TITLE,
            "labels": labels_of("object"),
        },
        validations=(
            Validation(
                found.known("variables.labels"),
                "variables.title\n+ "
                + literal(
                    " has labels that no server or workload of the catalog selects:"
                    " declare it (servers.NAME or workloads.NAME in values.yaml) and render again, or mend its labels"
                ),
            ),
        ),
        tells=tells,
    )
