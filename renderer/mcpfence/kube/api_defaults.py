"""What the API server adds to objects of a gateway that we write without it: no difference between two objects.

Each default is that of a definition (CRD) or of Kubernetes itself, at the places where our objects leave it out; all
other defaults are written out by us.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_Steps = tuple[str, ...]
"""Keys from the object's root; `*` is any key."""

_RULES = (("spec", "rules"), ("spec", "defaults", "rules"), ("spec", "overrides", "rules"))
_EVALUATORS = (
    *(("authentication", "*"), ("authorization", "*"), ("metadata", "*"), ("callbacks", "*")),
    *(("response", "success", "headers", "*"), ("response", "success", "filters", "*")),
)
_DEFAULTS: Mapping[str, tuple[tuple[_Steps, Any], ...]] = {
    "AuthPolicy": (
        (("spec", "defaults", "strategy"), "atomic"),
        *(
            ((*rules, *evaluator, key), value)
            for rules in _RULES
            for evaluator in _EVALUATORS
            for key, value in (("metrics", False), ("priority", 0))
        ),
    ),
    "MCPGatewayExtension": ((("spec", "maxBodyBytes"), 1048576),),
    "MCPServerRegistration": ((("spec", "category"), ["uncategorised"]),),
    "Service": ((("spec", "sessionAffinity"), "None"),),
}


def body_of(kind: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """What an object says, without what it is called, what a cluster has made of it, and defaults of its API."""
    found = {key: value for key, value in document.items() if key not in ("apiVersion", "kind", "metadata", "status")}
    for steps, default in _DEFAULTS.get(kind, ()):
        found = _without(found, steps, default)
    return found


def _without(value: Any, steps: _Steps, default: Any) -> Any:
    """A copy without the default at a path."""
    if not isinstance(value, Mapping):
        return value
    step, rest = steps[0], steps[1:]
    if not rest:
        same = step in value and type(value[step]) is type(default) and value[step] == default
        return {key: item for key, item in value.items() if key != step} if same else value
    return {key: _without(item, rest, default) if step in ("*", key) else item for key, item in value.items()}
