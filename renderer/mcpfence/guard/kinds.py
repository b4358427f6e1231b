"""Every kind of policy that a row of the providers or an engine knows: what the guard looks at, whoever is enforced."""

from __future__ import annotations

from collections.abc import Iterable

from mcpfence.providers import policy_kinds
from mcpfence.reach.engines import all_engines
from mcpfence.reach.engines.contract import Shape
from mcpfence.structs import Struct


class GuardedKind(Struct):
    """A kind as the API server's rules name it, and where its objects say what they open."""

    group: str
    kind: str
    plural: str
    shape: Shape

    @property
    def resource(self) -> str:
        """`networking.k8s.io/networkpolicies`."""
        return f"{self.group}/{self.plural}"


def guarded_kinds() -> tuple[GuardedKind, ...]:
    """All of them, by group and plural.

    What engines make of policies for themselves (kinds that are no `Policy`) is theirs to write and is left out.
    """
    plurals = {(kind.group, kind.kind): kind.plural for kind in policy_kinds()}
    shapes: dict[tuple[str, str], Shape] = dict.fromkeys(plurals, Shape())
    for engine in all_engines().values():
        shapes |= dict.fromkeys(engine.unevaluated, Shape())
    for engine in all_engines().values():
        shapes |= dict.fromkeys(engine.kinds, engine.shape)
    found = (
        GuardedKind(group, kind, plurals.get((group, kind)) or _plural(kind), shape)
        for (group, kind), shape in shapes.items()
        if kind.endswith("Policy")
    )
    return tuple(sorted(found, key=lambda one: one[:3]))


def _plural(kind: str) -> str:
    """As Kubernetes makes plurals of kinds."""
    return f"{kind[:-1]}ies".lower() if kind.endswith("y") else f"{kind}s".lower()


def by_shape(kinds: Iterable[GuardedKind]) -> list[tuple[Shape, list[GuardedKind]]]:
    """The kinds by what is told of them, each group in the order of the kinds."""
    found: dict[Shape, list[GuardedKind]] = {}
    for kind in kinds:
        found.setdefault(kind.shape, []).append(kind)
    return list(found.items())
