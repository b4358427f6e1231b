"""What a controller puts into a fenced namespace from elsewhere: nobody here sees whether policies are among it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcpfence.findings.finding import Finding
from mcpfence.plan.fence import Fence
from mcpfence.reach.documents.objects import Object
from mcpfence.reach.engines.appliers import applied_into

_TODO = "give what it applies to mcpfence check, too"


def unseen(objects: Iterable[Object], fences: Sequence[Fence], namespace: str) -> list[Finding]:
    """A warning for each object that fills a namespace of fences; `namespace` is that of objects which name none."""
    fenced = {fence.namespace for fence in fences}
    found = []
    for one in objects:
        where = applied_into(one, fenced, namespace)
        if where:
            sentence = (
                f"puts what it takes from elsewhere into namespace {', '.join(where)}: "
                "policies among it are unknown here, and add up with those that were proven"
            )
            found.append(Finding("objects-unseen", (), sentence, _TODO, one.title))
    return found
