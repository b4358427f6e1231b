"""Plain documents as block YAML.

The writer is ours because it prints tens of thousands of objects within a second: text of blocks that many objects
share (`Shared`) is written once.  Strings are plain only where YAML 1.1 and 1.2 read them alike; others are quoted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mcpfence.patterns import regex

Document = dict[str, Any]


class Shared(list[Any]):
    """A list that several documents share; nobody changes it once it is in a document."""

    __slots__ = ()


_PLAIN = regex(r"[A-Za-z][A-Za-z0-9_./-]*\Z|[0-9]{1,3}(?:\.[0-9]{1,3}){3}/[0-9]{1,2}\Z")


_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"))
"""Words that YAML 1.1 reads as booleans or null, in any case; the last two only to be on the safe side."""


def is_plain(text: str) -> bool:
    """Whether the writer prints a string without quotes, because every YAML reads it as that string."""
    if not text.isascii():  # the private use area holds the marks of templates, which stand for plain words
        text = "".join(["m" if "\ue000" <= character <= "\ue300" else character for character in text])
    return _PLAIN.match(text) is not None and text.lower() not in _WORDS


def scalar_text(text: str) -> str:
    """A string of one line as it stands in a document."""
    return text if is_plain(text) else _quoted(text)


class Writer:
    """Prints documents as block YAML; keeps the text of shared blocks and of strings that it has seen."""

    def __init__(self) -> None:
        self._blocks: dict[tuple[int, int], tuple[Shared, str]] = {}
        self._scalars: dict[str, str] = {}

    def write(self, document: Mapping[str, Any]) -> str:
        """The document as YAML text that ends with a line break, without a separator."""
        return self._mapping(document, 0)

    @property
    def blocks(self) -> list[tuple[Shared, int, str]]:
        """Every shared block with its indentation and the text that was printed for it."""
        return [(block, indent, text) for (_, indent), (block, text) in self._blocks.items()]

    def _mapping(self, mapping: Mapping[str, Any], indent: int) -> str:
        pad = " " * indent
        lines = []
        for key, value in mapping.items():
            name = self._scalars.get(key) or self._string(key)
            if isinstance(value, str):
                text = self._scalars.get(value) or self._string(value, indent)
                lines.append(f"{pad}{name}: {text}\n")
            elif isinstance(value, dict):
                nested = self._mapping(value, indent + 2)
                lines.append(f"{pad}{name}:\n{nested}" if nested else f"{pad}{name}: {{}}\n")
            elif isinstance(value, list):
                nested = self._list(value, indent)
                lines.append(f"{pad}{name}:\n{nested}" if nested else f"{pad}{name}: []\n")
            else:
                lines.append(f"{pad}{name}: {_number(value)}\n")
        return "".join(lines)

    def _list(self, items: list[Any], indent: int) -> str:
        if type(items) is not Shared:
            return self._items(items, indent)
        key = (id(items), indent)
        known = self._blocks.get(key)
        if known is None:
            # Holding the list keeps its id from being used again.
            known = self._blocks[key] = (items, self._items(items, indent))
        return known[1]

    def _items(self, items: list[Any], indent: int) -> str:
        pad = " " * indent
        lines = []
        for item in items:
            if isinstance(item, str):
                lines.append(f"{pad}- {self._scalars.get(item) or self._string(item)}\n")
            elif isinstance(item, dict) and item:
                # The first key stands behind the dash, the others below it.
                lines.append(f"{pad}- {self._mapping(item, indent + 2)[indent + 2 :]}")
            elif isinstance(item, dict):
                lines.append(f"{pad}- {{}}\n")
            elif isinstance(item, list):
                raise TypeError("a list inside a list has no place in our manifests")
            else:
                lines.append(f"{pad}- {_number(item)}\n")
        return "".join(lines)

    def _string(self, text: str, indent: int | None = None) -> str:
        """The text of a string; several lines become a literal block where `indent` allows one."""
        if indent is not None and _literal(text):
            pad = " " * (indent + 2)
            body = text.removesuffix("\n").replace("\n", f"\n{pad}")
            return f"{'|' if text.endswith(chr(10)) else '|-'}\n{pad}{body}"
        written = self._scalars[text] = scalar_text(text)
        return written


def _quoted(text: str) -> str:
    """Double quotes and escapes that JSON and YAML read alike; the marks of templates stand as they are."""
    pieces = _APART.split(text)
    return '"' + "".join(_apart(p) if i % 2 else json.dumps(p)[1:-1] for i, p in enumerate(pieces)) + '"'


_APART = regex("([\ue000-\ue300\x7f\U00010000-\U0010ffff])")


def _apart(character: str) -> str:
    """A mark as it is; what JSON writes as it is, or as two halves, in an escape that YAML knows."""
    return character if "\ue000" <= character <= "\ue300" else f"\\U{ord(character):08x}"


def _number(value: Any) -> str:
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in our manifests")


def _literal(text: str) -> bool:
    """Whether a literal block gives the text back: several printable lines, none with white space at its ends."""
    if "\n" not in text.removesuffix("\n"):
        return False
    lines = text.removesuffix("\n").split("\n")
    return all(line and line == line.strip() and line.isascii() and line.isprintable() for line in lines)
