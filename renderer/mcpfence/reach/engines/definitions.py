"""Definitions of kinds: what the API server makes of objects beside what these say.

    conversion     a program rewrites policies from version to version
    default        the API server fills in what an object does not say: a rule of a policy, the host's network of pods,
                   a whole policy in what somebody makes one of

Defaults that the vendors' own definitions have are what their evaluators go by.  Source: "Extend the Kubernetes API
with CustomResourceDefinitions", and the CRDs themselves.
"""

from __future__ import annotations

from collections.abc import Iterator

from mcpfence.reach.engines.document_parts import PARTS, words
from mcpfence.reach.engines.mutations import opens_pods
from mcpfence.reach.engines.policy_words import is_policy, speaks_of_a_policy

_CONVERTING = "Webhook"
"""The strategy of conversion with which a program rewrites objects; a definition without it names kinds."""
CHANGING_WORDS = (b"Webhook", b"default")
"""Words of which a definition has one that is more than names."""

_USUAL = {("family", "IPv4"), ("protocol", "TCP"), ("tier", "default")}
"""Fields of policies, and what they are in the vendors' definitions where nothing is said."""
_SCHEMAS = ("items", "additionalProperties", "not")
_LISTS_OF_SCHEMAS = ("allOf", "anyOf", "oneOf")


def defines_changes(spec: dict[str, object]) -> bool:
    """Whether objects of a kind become others than they say, and policies, or pods, with them."""
    names, conversion = spec.get("names"), spec.get("conversion")
    kind = names.get("kind") if isinstance(names, dict) else None
    of_policies = isinstance(kind, str) and is_policy(kind)
    if of_policies and isinstance(conversion, dict) and conversion.get("strategy") == _CONVERTING:
        return True
    return any(_changes(field, value, of_policies=of_policies) for field, value in _defaults(spec))


def _changes(field: str, value: object, *, of_policies: bool) -> bool:
    """Whether a default says more than the vendors' do; of kinds that are no policies, whether it holds one."""
    if of_policies:
        return not (isinstance(value, str) and (field, value) in _USUAL)
    if opens_pods({field: {field: value}}):
        return True
    kinds = (value.get("kind"),) if isinstance(value, dict) else ()
    return any(isinstance(kind, str) and is_policy(kind) for kind in kinds) or any(
        speaks_of_a_policy(text) for text in words({field: value})
    )


def _defaults(spec: dict[str, object]) -> Iterator[tuple[str, object]]:
    """Each default of the schemas, with the field that it is for; ("", None) where there is more than is looked at."""
    versions = spec.get("versions")
    above = [spec, *versions] if isinstance(versions, list) else [spec]
    schemas = [part.get(key) for part in above if isinstance(part, dict) for key in ("schema", "validation")]
    stack = [("", part.get("openAPIV3Schema")) for part in schemas if isinstance(part, dict)]
    for _ in range(PARTS):
        if not stack:
            return
        field, schema = stack.pop()
        if not isinstance(schema, dict):
            continue
        if "default" in schema:
            yield field, schema["default"]
        for key in ("properties", "patternProperties"):
            inner = schema.get(key)
            stack += [(str(name), one) for name, one in inner.items()] if isinstance(inner, dict) else []
        stack += [(field, schema.get(key)) for key in _SCHEMAS]
        for key in _LISTS_OF_SCHEMAS:
            several = schema.get(key)
            stack += [(field, one) for one in several] if isinstance(several, list) else []
    yield "", None
