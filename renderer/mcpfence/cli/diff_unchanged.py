"""Two renders that print the same policies: what a comparison says of them is told from a sample, the rest is not read.

A catalog in which nothing changed, or nothing that policies depend on, is by far the most frequent one in CI.  Fences
of one template differ in their words alone (render/template.py), so that what is unknown of one is unknown of all: one
of each template is compared with itself.  Whatever is in doubt is left to those who read everything.
"""

from __future__ import annotations

from mcpfence.providers import policy_kinds
from mcpfence.render.objects import Rendered, Rendering


def print_the_same(old: Rendering, new: Rendering) -> bool:
    """Whether two renders print the same policies, above the same floor, for pods at the same addresses."""
    return old is new or _printed(old) == _printed(new)


def _printed(rendering: Rendering) -> tuple[object, ...]:
    catalog = rendering.catalog
    return rendering.objects, catalog.floor, catalog.namespace, catalog.cluster.pods


def sample(rendering: Rendering) -> list[Rendered] | None:
    """All policies of one fence of each template; None where a render prints more than policies."""
    policies = {kind.called for kind in policy_kinds()}
    first: dict[int, int] = {}
    for item in rendering.objects:
        if item.kind not in policies:
            return None
        first.setdefault(id(item.parts), id(item.words))
    chosen = set(first.values())
    return [item for item in rendering.objects if id(item.words) in chosen]


def owners(rendering: Rendering) -> int:
    """How many servers and workloads are compared by their names."""
    return sum(fence.kind != "service" for fence in rendering.fences)
