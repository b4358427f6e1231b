"""Documents that change policies on their way into the cluster, take them out of it, or open pods.

What gives pods the host's or further networks is among them: no policy holds there.
"""

from __future__ import annotations

import re

from mcpfence.patterns import regex
from mcpfence.reach.documents.further_networks import FURTHER_NETWORKS
from mcpfence.reach.engines.document_parts import parts_of, strings, words
from mcpfence.reach.engines.policy_words import names_everything, names_policies

SPEC_WORDS = regex(r"\b(?:egress|ingress|podSelector|policyTypes)\b")

CHANGES = "change policies"


def mutates(spec: dict[str, object]) -> str:
    """What a mutation does if it is for policies, for every kind and speaks of what policies have, or opens pods."""
    rules = spec.get("rules")
    parts = [rule for rule in rules if isinstance(rule, dict) and rule.get("mutate")] if isinstance(rules, list) else []
    for part in parts if isinstance(rules, list) else [spec]:
        named = _named(part)
        if any(map(names_policies, named)):
            return CHANGES
        if any(map(names_everything, named)) and any(SPEC_WORDS.search(text) for text in words(part)):
            return CHANGES
        if opens_pods(part):
            return "give networks that no policy holds for to pods"
    return ""


def overrides(spec: dict[str, object]) -> bool:
    """Whether what rewrites everything speaks of what policies have; what names its kinds holds them as objects."""
    return not spec.get("resourceSelectors") and any(SPEC_WORDS.search(text) for text in words(spec))


_NETWORKS = regex(rf"hostNetwork(?![\"']?\s*:\s*false)|{'|'.join(map(re.escape, FURTHER_NETWORKS))}")


def opens_pods(part: dict[str, object]) -> bool:
    """Whether a mutation speaks of the host's network or of further ones, and does not merely say no to the former."""
    for _, below in parts_of(part):
        if isinstance(below, str) and _NETWORKS.search(below):
            return True
        keys = [str(key) for key, value in below.items() if value is not False] if isinstance(below, dict) else []
        if any(map(_NETWORKS.search, keys)):
            return True
    return False


def removes(spec: dict[str, object]) -> bool:
    """Whether what is removed may be policies."""
    return any(names_policies(name) or names_everything(name) for name in _named(spec))


def _named(part: dict[str, object]) -> set[str]:
    """The kinds that something is for, as Kyverno or as rules of admission name them."""
    return {text for key, text in strings(part) if key in ("kinds", "resources")}
