"""Whether the guard stands among manifests that exist, and is what the catalog gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mcpfence.check.elsewhere import is_live
from mcpfence.documents.reader import load_foreign
from mcpfence.findings.finding import Finding, plural
from mcpfence.reach.documents.objects import Object
from mcpfence.render.objects import Rendering

GUARD_KINDS = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
_GROUP = "admissionregistration.k8s.io"

_PATH = ("guard", "enabled")
_ASKED = "validatingadmissionpolicies,validatingadmissionpolicybindings"


def guard_findings(rendering: Rendering, objects: Sequence[Object]) -> Iterator[Finding]:
    """What is missing or another one; of a cluster's objects also that it stands, or that the catalog has none."""
    live = any(map(is_live, objects))
    if rendering.catalog.guard is None:
        if live:
            sentence = "the API server takes every policy that somebody adds beside the fences, and policies add up"
            todo = "write guard.enabled: true and guard.writers (docs/guard.md)"
            yield Finding("guard-off", (), sentence, todo)
        return
    there = {(one.kind, one.name): one for one in objects if one.group == _GROUP}
    ours = [item for item in rendering.objects if item.kind in GUARD_KINDS]
    gone = [item.title for item in ours if (item.kind, item.name) not in there]
    if gone:
        more = f" and {plural(len(gone) - 1, 'more object')}" if len(gone) > 1 else ""
        sentence = f"{gone[0]}{more} of the guard are not among the manifests, so nothing shows that it stands"
        yield Finding("guard-missing", _PATH, sentence, f"apply them, or give check these kinds, too: {_ASKED}")
    drifted = [item for item in ours if item.title not in gone and _differs(item.text, there[item.kind, item.name])]
    for item in drifted:
        sentence = "is not what the catalog gives, so the guard may let pass what it should refuse"
        yield Finding("guard-drift", (), sentence, "render again and apply, and find out who changed it", item.title)
    if live and not gone and not drifted:
        sentence = f"the guard stands as the catalog gives it: {plural(len(ours) // 2, 'policy').replace('ys', 'ies')}"
        yield Finding("guard-stands", _PATH, f"{sentence}, each in force")


def _differs(text: str, one: Object) -> bool:
    """Whether an object says something else than the text that we print, what an API server fills in aside."""
    (ours,) = load_foreign(text)
    return bool(_plain(ours.get("spec")) != _plain(one.document.get("spec")))


def _plain(spec: Any) -> Any:
    """A spec without the selectors of everything that an API server adds."""
    if not isinstance(spec, Mapping):
        return spec
    constraints = spec.get("matchConstraints")
    if not isinstance(constraints, Mapping):
        return dict(spec)
    kept = {key: value for key, value in constraints.items() if value != {}}
    return {**spec, "matchConstraints": kept}
