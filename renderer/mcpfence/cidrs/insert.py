"""The answer written into the user's values file: new lines go in, all others, comments included, stay as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from mcpfence.cidrs.answer import Answer, CommentedValue, value_at
from mcpfence.cidrs.text import Tree, item_lines, lines_of, tree_of
from mcpfence.documents.reader import BadDocument, load_values
from mcpfence.documents.trees import compose
from mcpfence.findings.finding import McpfenceError, Path, fail
from mcpfence.structs import Struct

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9]{2,}\Z")
"""Keys that need no quotes; true and the like are quoted too, which does no harm."""
_WORDS = frozenset({"true", "false", "null", "yes", "off"})


class _Splice(Struct):
    """A piece of the text and what stands in its place."""

    start: int
    end: int
    text: str
    depth: int = 0
    """Of several at one place the deepest comes first: it belongs to the innermost block that ends there."""


def merged(answer: Answer, name: str, text: str, mine: Mapping[str, Any]) -> str:
    """The user's values file with what is new; all other lines, comments included, stay as they are.

    The result is read back: it must hold the user's data and the new entries and nothing else.  Raises McpfenceError
    where it does not, as where lists are shared by anchors.
    """
    if answer.empty:
        return text
    tree = tree_of(answer)
    root = compose(text)
    if isinstance(root, yaml.MappingNode) and root.flow_style:
        raise _cannot(name, "is written as one line or as JSON")
    if root is None:
        gap = "" if not text or text.endswith("\n") else "\n"
        new = text + gap + "".join(f"{line}\n" for line in lines_of(tree, 0))
    else:
        new = _spliced(text, _Surgery(text, mine).splices(root, tree, ()))
        new += "\n" if text.endswith("\n") and not new.endswith("\n") else ""
    try:
        same = load_values(new) == _expected(mine, tree)
    except BadDocument:
        same = False
    if not same:
        raise _cannot(name, "holds the lists in a form that cannot be extended in place")
    return new


def _cannot(name: str, sentence: str) -> McpfenceError:
    todo = "leave --merge out, and give the output as a second values file, or paste it"
    return fail("cidrs-merge", sentence, todo, document=name)


def _expected(mine: Any, tree: Tree) -> dict[str, Any]:
    """The user's data with the new entries behind its own."""
    data = dict(mine) if isinstance(mine, Mapping) else {}
    for key, value in tree.items():
        if isinstance(value, CommentedValue):
            data.setdefault(key, value.text[1:-1].split(", ") if value.text.startswith("[") else value.text)
        elif isinstance(value, tuple):
            data[key] = [*(data.get(key) or ()), *(entry.text for entry in value)]
        else:
            data[key] = _expected(data.get(key), value)
    return data


def _spliced(text: str, splices: Sequence[_Splice]) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    order = sorted(range(len(splices)), key=lambda i: (splices[i].start, -splices[i].depth, i), reverse=True)
    for piece in (splices[i] for i in order):
        text = text[: piece.start] + piece.text.replace("\n", newline) + text[piece.end :]
    return text


class _Surgery:
    """Finds the places of one text at which new lines go."""

    def __init__(self, text: str, mine: Mapping[str, Any]) -> None:
        self._text = text
        self._mine = mine
        self._starts = [0, *(match.end() for match in _BREAK.finditer(text))]

    def splices(self, node: Any, tree: Tree, path: Path) -> list[_Splice]:
        """What to change below a block mapping."""
        found: list[_Splice] = []
        for key, value in tree.items():
            pair = next((item for item in node.value if item[0].value == key), None)
            here = (*path, key)
            if pair is None:
                lines = list(lines_of({key: value}, node.start_mark.column))
                found.append(self._after(node, lines, len(path)))
            elif isinstance(value, CommentedValue):
                continue  # the user's own stays
            elif isinstance(value, tuple):
                found.append(self._list(pair, value, here))
            elif isinstance(pair[1], yaml.MappingNode) and not pair[1].flow_style and pair[1].value:
                found += self.splices(pair[1], value, here)
            else:
                indent = pair[0].start_mark.column + 2
                lines = list(_rewritten(value_at(self._mine, here) or {}, value, indent))
                found.append(self._instead(pair, lines))
        return found

    def _list(self, pair: Any, new: tuple[CommentedValue, ...], path: Path) -> _Splice:
        key, node = pair
        if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
            return self._after(node, list(item_lines(new, node.start_mark.column)), len(path))
        own = [CommentedValue(text, "") for text in value_at(self._mine, path) or ()]
        return self._instead(pair, list(item_lines([*own, *new], key.start_mark.column + 2)))

    def _after(self, node: Any, lines: list[str], depth: int) -> _Splice:
        """New lines below the last line of a node."""
        end = self._end(node)
        stop = _BREAK.search(self._text, end)
        place = stop.start() if stop else len(self._text)
        return _Splice(place, place, "".join(f"\n{line}" for line in lines), depth)

    def _instead(self, pair: Any, lines: list[str]) -> _Splice:
        """New lines in the place of a value."""
        return _Splice(self._offset(pair[0].end_mark), self._end(pair[1]), ":" + "".join(f"\n{line}" for line in lines))

    def _end(self, node: Any) -> int:
        """Where the text of a node ends; what PyYAML calls the end of a block is the beginning of what follows."""
        while isinstance(node, (yaml.MappingNode, yaml.SequenceNode)) and not node.flow_style and node.value:
            last = node.value[-1]
            node = last[1] if isinstance(last, tuple) else last
        return self._offset(node.end_mark)

    def _offset(self, mark: Any) -> int:
        return int(self._starts[mark.line] + mark.column)


def _rewritten(own: Mapping[str, Any], tree: Tree, indent: int) -> Iterable[str]:
    """A mapping that was written in brackets, as a block with the new entries."""
    space = " " * indent
    for key, value in own.items():
        if key not in tree or isinstance(tree[key], CommentedValue):
            yield f"{space}{_word(key)}: {_word(value) if isinstance(value, str) else json.dumps(value)}"
        elif isinstance(tree[key], tuple):
            yield f"{space}{key}:"
            yield from item_lines([*(CommentedValue(text, "") for text in value or ()), *tree[key]], indent + 2)
        else:
            yield f"{space}{key}:"
            yield from _rewritten(value or {}, tree[key], indent + 2)
    yield from lines_of({key: value for key, value in tree.items() if key not in own}, indent)


def _word(key: str) -> str:
    """A key or value; in quotes unless every YAML reads it as a string."""
    return key if _PLAIN.match(key) and key.lower() not in _WORDS else json.dumps(key)
