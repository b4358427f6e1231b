"""What counts as a policy: by its kind, by what rules of admission call it, and in the text of a manifest."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import cache

from mcpfence.patterns import regex
from mcpfence.reach.engines import all_engines

STAGED = "Staged"
"""Staged policies, as one engine has them, change nothing until they are made real."""

_HIDDEN = regex(
    r"""\bkind["']?\s*:\s*(?:[!&*|>#]|["']\w*(?:\\|["']\s*\+))"""  # a tag, an anchor, a block; escapes, sums
    r"""|\bkind["']?\s*:\s*["']?\w*(?:\{\{|\$\{|\$\(|<<)"""  # a template fills it in
    r"""|"\w*\\[xuU][\w\\]*"\s*:|^[ \t]*\?\s*["'!&*|>]""",  # a key in escapes, or one that may be written in any form
    re.MULTILINE,
)
"""A kind, or a key that may be `kind`, of which the text does not say what it will be: it is not ours to guess."""


@cache
def policy_endings() -> tuple[str, ...]:
    """How the kinds end that are policies whoever makes them: those that engines read, and those called alike."""
    read = {kind for engine in all_engines().values() for _, kind in engine.kinds}
    return tuple(sorted({"NetworkPolicy", "EgressFirewall", *(kind for kind in read if kind.endswith("Policy"))}))


@cache
def policy_resources() -> frozenset[str]:
    """The same as rules of admission name them: `networkpolicies`."""
    return frozenset(
        f"{kind[:-1]}ies".lower() if kind.endswith("y") else f"{kind}s".lower() for kind in policy_endings()
    )


@cache
def kind_in_text() -> re.Pattern[str]:
    """A policy's kind in the text of a manifest, in YAML, JSON or CEL."""
    return re.compile(rf"\bkind[\"']?\s*[:=]\s*(?:dyn\()?[\"']?\w*(?:{'|'.join(policy_endings())})(?:List)?\b")


def is_policy(kind: str) -> bool:
    """Whether a kind is a policy's that counts."""
    return kind.endswith(policy_endings()) and not kind.startswith(STAGED)


def names_policies(name: str) -> bool:
    """Whether a kind as Kyverno or rules of admission write it is, or may be, a policy's."""
    kind = name.rpartition("/")[2]
    if is_policy(kind) or name.partition("/")[0] in policy_resources():
        return True
    return kind != "*" and any(fnmatchcase(policy, kind) for policy in policy_endings())


def names_everything(name: str) -> bool:
    """Whether it is every kind."""
    return name.rpartition("/")[2] == "*"


def is_manifest_of_policy(text: str) -> bool:
    """Whether a text has the kind of a policy, or hides a kind."""
    return kind_in_text().search(text) is not None or _HIDDEN.search(text) is not None


def speaks_of_a_policy(text: str) -> bool:
    """Whether a text holds the manifest of a policy, in YAML, JSON or CEL, or may hide one."""
    if kind_in_text().search(text) or _HIDDEN.search(text):
        return True
    return any(word in text for word in policy_resources()) and "resource." in text
