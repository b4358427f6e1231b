"""The answer as YAML: a values file of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mcpfence.cidrs.answer import Answer, CommentedValue
from mcpfence.findings.finding import Path
from mcpfence.text.printable import printable

MADE_BY = "# mcpfence cidrs"
"""How a values file that only holds an answer begins."""
_LAYOUT: tuple[Path, ...] = (
    ("cluster", "profile"),
    ("cluster", "cni"),
    ("cluster", "ipFamilies"),
    *(("cluster", "cidrs", key) for key in ("nodes", "pods", "services", "controlPlane")),
    ("dns", "clusterIP"),
    ("egress", "except"),
)

Tree = dict[str, Any]
"""Keys to trees; a leaf is a tuple of entries (a list), or one Entry (a scalar)."""


def fragment(answer: Answer, provider: str, files: Sequence[str]) -> str:
    """A values file that holds nothing but the answer."""
    names = printable(", ".join(dict.fromkeys(files)))
    head = f"{MADE_BY} {provider} made this from {names}.\n"
    return head + "".join(f"{line}\n" for line in lines_of(tree_of(answer), 0))


def tree_of(answer: Answer) -> Tree:
    """The answer as nested keys, in the order in which the catalog has them."""
    leaves: dict[Path, Any] = dict(answer.lists)
    if answer.profile:
        leaves["cluster", "profile"] = answer.profile
    if answer.cni:
        leaves["cluster", "cni"] = answer.cni
    if answer.families:
        names, comment = answer.families
        leaves["cluster", "ipFamilies"] = CommentedValue(f"[{', '.join(names)}]", comment)
    tree: Tree = {}
    for path in _LAYOUT:
        if leaves.get(path):
            level = tree
            for step in path[:-1]:
                level = level.setdefault(str(step), {})
            level[str(path[-1])] = leaves[path]
    return tree


def lines_of(tree: Tree, indent: int) -> Iterable[str]:
    """A tree as block YAML."""
    space = " " * indent
    for key, value in tree.items():
        if isinstance(value, CommentedValue):
            yield f"{space}{key}: {_commented(value)}"
        elif isinstance(value, tuple):
            yield f"{space}{key}:"
            yield from item_lines(value, indent + 2)
        else:
            yield f"{space}{key}:"
            yield from lines_of(value, indent + 2)


def item_lines(entries: Iterable[CommentedValue], indent: int) -> Iterable[str]:
    """Entries of a block list; IPv6 stands in quotes, since a colon may end a key."""
    for entry in entries:
        text = entry._replace(text=f'"{entry.text}"') if ":" in entry.text else entry
        yield f"{' ' * indent}- {_commented(text)}"


def _commented(entry: CommentedValue) -> str:
    return f"{entry.text}  # {entry.comment}" if entry.comment else entry.text
