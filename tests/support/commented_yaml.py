"""Values files as people write them: any indentation, quotes, brackets, blank lines, and comments everywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import yaml
from hypothesis import strategies as st

from strategies import catalogs

WORDS = (
    "api.example.com", "*.example.com", "npx", "a b", "a, b", "a: b", "a #b", "yes", "on", "null", "8080", "1.10", "22:22",
    "2026-01-01", "1e3", "0x1f", "", "~", "it's", 'say "x"', "back\\slash", "ü", "\U0001f600", "@scope/package", "--flag",
    "{x}", "[x]", "#no", "two\nlines\n", "two\nlines", "  first\nsecond\n", "end\n\n", "a\n\n\nb # no\n", "%x", "a:", ":a", "-",
)  # fmt: skip
NAMES = (
    "servers",
    "clients",
    "egress",
    "runtime",
    "run",
    "zeta",
    "alpha",
    "app.kubernetes.io/name",
    "a b",
    "8080",
    "yes",
    "ü",
)

leaves = st.sampled_from(WORDS) | st.integers(-5, 70000) | st.booleans() | st.none()
trees: st.SearchStrategy[Any] = st.dictionaries(
    st.sampled_from(NAMES),
    st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
        max_leaves=12,
    ),
    min_size=1,
    max_size=5,
)


class Commented:
    """Writes plain documents with comments, each of which is another one."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.comments: dict[str, str] = {}
        """Each comment, with the key or word on the line that it stands behind; empty for those on lines of their own."""

    def text(self, tree: dict[str, Any]) -> str:
        """A whole file."""
        head = [*self._between(0), "---"] if self._is(0.1) else []
        return "\n".join([*head, *self._mapping(tree, 0), *self._between(0), ""])

    def _is(self, share: float) -> bool:
        return self._random.random() < share

    def _comment(self, beside: str = "") -> str:
        text = f"# c{len(self.comments)}{self._random.choice(('', ' # x', ': y', ' '))}"
        self.comments[text.rstrip()] = beside
        return text

    def _between(self, column: int) -> Iterator[str]:
        """Blank lines and comments, mostly indented as what they stand above."""
        while self._is(0.25):
            if self._is(0.4):
                yield self._random.choice(("", "  "))
            else:
                yield (
                    " " * self._random.choice((column, column, column, 0, 1, column + 2, column + 5)) + self._comment()
                )

    def _behind(self, line: str) -> str:
        """A line, perhaps with a comment behind it."""
        return (
            f"{line}{self._random.choice((' ', '  ', '      '))}{self._comment(line.strip())}"
            if self._is(0.2)
            else line
        )

    def _mapping(self, tree: dict[str, Any], column: int) -> Iterator[str]:
        for key, value in tree.items():
            yield from self._between(column)
            yield from self._value(" " * column + self._scalar(key, flow=True) + ":", value, column, list_at=0)

    def _list(self, items: list[Any], column: int) -> Iterator[str]:
        for item in items:
            yield from self._between(column)
            if isinstance(item, dict) and item and self._is(0.7):
                inner = column + self._random.choice((2, 2, 3))
                first, *rest = self._mapping(item, inner)
                if first[:inner].strip() or first[inner : inner + 1] in ("", " ", "#"):
                    yield from (" " * column + "-", first, *rest)
                else:
                    yield f"{' ' * column}-{' ' * (inner - column - 1)}{first[inner:]}"
                    yield from rest
            else:
                yield from self._value(" " * column + "-", item, column, list_at=1)

    def _value(self, head: str, value: Any, column: int, *, list_at: int) -> Iterator[str]:
        if isinstance(value, (dict, list)) and value and self._is(0.7):
            yield self._behind(head)
            least = list_at if isinstance(value, list) else 1
            inner = column + self._random.choice((2, 2, least, 4))
            yield from self._mapping(value, inner) if isinstance(value, dict) else self._list(value, inner)
        elif isinstance(value, (dict, list)):
            first, *rest = self._flow(value, column + 2)
            yield from [*[f"{head} {first}", *rest][:-1], self._behind([f"{head} {first}", *rest][-1])]
        elif isinstance(value, str) and "\n" in value and value.strip() == value.strip("\n") and self._is(0.7):
            sign = "" if value.endswith("\n") and not value.endswith("\n\n") else "+" if value.endswith("\n") else "-"
            yield self._behind(f"{head} |{sign}")
            yield from (f"{' ' * (column + 3)}{line}" if line else "" for line in value.removesuffix("\n").split("\n"))
        elif self._is(0.1) and value not in (None, ""):
            yield self._behind(head)
            yield from self._between(column + 2)
            yield self._behind(" " * (column + 2) + self._scalar(value, flow=False))
        else:
            yield self._behind(f"{head} {self._scalar(value, flow=False)}".rstrip(" "))

    def _flow(self, value: Any, column: int) -> list[str]:
        """A value in brackets: the rest of its first line, and the lines below."""
        if not isinstance(value, (dict, list)):
            return [self._scalar(value, flow=True) or "null"]
        parts: list[list[str]] = []
        for part in value.items() if isinstance(value, dict) else value:
            if isinstance(value, dict):
                first, *rest = self._flow(part[1], column + 2)
                parts.append([f"{self._scalar(part[0], flow=True)}: {first}", *rest])
            else:
                parts.append(self._flow(part, column + 2))
        lines = ["{" if isinstance(value, dict) else "["]
        for number, part in enumerate(parts):
            if self._is(0.15):
                lines[-1] = self._behind(lines[-1])
                lines += [*self._between(column), " " * column]
            lines[-1] += part[0]
            lines += part[1:]
            if number < len(parts) - 1:
                lines[-1] += ", "
        lines[-1] += "}" if isinstance(value, dict) else "]"
        return lines

    def _scalar(self, value: Any, *, flow: bool) -> str:
        if value is None:
            return self._random.choice(("null", "~", "null" if flow else ""))
        if not isinstance(value, str):
            return json.dumps(value)
        forms = [json.dumps(value, ensure_ascii=self._is(0.1))]
        if value.isprintable():
            forms += ["'" + value.replace("'", "''") + "'"]
            if self._reads(value, flow=flow):
                forms += [value] * 2
        return self._random.choice(forms)

    @staticmethod
    def _reads(value: str, *, flow: bool) -> bool:
        """Whether the text is itself without quotes."""
        try:
            return bool(yaml.safe_load(f"[{value}]" if flow else f"- {value}") == [value])
        except yaml.YAMLError:
            return False


@st.composite
def commented(draw: st.DrawFn) -> tuple[Any, str, dict[str, str]]:
    """A tree, a text that says it, and the comments of the text."""
    tree = draw(trees | catalogs())
    writer = Commented(Random(draw(st.integers(0, 2**32))))  # noqa: S311  the seed is the example
    text = writer.text(tree)
    return tree, text, writer.comments
