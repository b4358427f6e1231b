"""Formatting: nothing that a file says changes, every comment survives once, and a second run changes nothing."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from commented_yaml import commented
from mcpfence.documents.reader import BadDocument, load_values
from mcpfence.formatting.formatter import formatted


def exact(data: Any) -> str:
    return json.dumps(data, sort_keys=True)


def says(text: str, tree: Any) -> bool:
    try:
        return exact(load_values(text)) == exact(tree)
    except BadDocument:
        return False


@given(commented())
def test_meaning_and_comments(drawn: tuple[Any, str, dict[str, str]]) -> None:
    """The values are those that were written, the comments all there, and the form is final."""
    tree, text, comments = drawn
    assume(says(text, tree))
    new = formatted(text, "values.yaml")

    assert exact(load_values(new)) == exact(tree)
    for comment in comments:
        lines = [line for line in new.split("\n") if line.rstrip().endswith(comment)]
        assert len(lines) == 1, (comment, new)
    assert sum(new.count(f"# c{number}") for number in range(len(comments))) >= len(comments)
    assert formatted(new, "values.yaml") == new


def _written(tree: Any, chance: Random, path: tuple[str, ...] = ()) -> list[str]:
    """Lines of a tree in which each key has a comment above, below or behind it that names it; of random order."""
    lines: list[str] = []
    keys = list(tree)
    chance.shuffle(keys)
    for key in keys:
        here, value, pad = (*path, key), tree[key], "  " * len(path)
        name = ".".join(here)
        lines.append(f"{pad}# above {name}")
        if isinstance(value, dict) and value:
            lines += [f"{pad}{key}: # behind {name}", *_written(value, chance, here), f"{pad}  # end of {name}"]
        else:
            lines.append(f"{pad}{key}: {json.dumps(value)} # behind {name}")
        lines += [f"{pad}# below {name}", ""]
    return lines


CATALOG: dict[str, Any] = {
    "cluster": {"profile": "aks", "cidrs": {"nodes": ["10.0.0.0/8"], "pods": []}, "nat64": False},
    "egress": {"provider": "aviatrix", "aviatrix": {"ipv6": True, "crd": "10.1"}},
    "clients": {"b": {"namespace": "x", "callbackPort": 1}, "a": {"cidrs": []}},
    "servers": {
        "two": {"runtime": "npx", "npxConfig": {"package": "x", "denyAllEgress": True}, "egress": {"default": "deny"}},
        "one": {"runtime": "uvx", "uvxConfig": {"package": "y"}, "ingress": {"from": ["a"], "ports": [1]}},
    },
}


@given(st.integers(0, 2**32))
def test_same_file_in_any_order(seed: int) -> None:
    """However its keys were written, a file with comments at each of them becomes one and the same."""
    first, second = ("\n".join(_written(CATALOG, Random(number))) for number in (0, seed))  # noqa: S311  examples

    assert formatted(second, "values.yaml") == formatted(first, "values.yaml")
