"""The lines of a values file: which hold comments, which are blank, and what stands between two values."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import yaml

from mcpfence.documents.tags import values_below
from mcpfence.structs import Struct


class BlockScalar(Struct):
    """A text behind `|` or `>`: its lines from the first below the sign, `end` being the first one behind them."""

    begin: int
    end: int
    indent: int


class Comment(Struct):
    """A comment: where it begins, from 0, and its text with the sign."""

    line: int
    column: int
    text: str


class SourceLines:
    """The lines of a text whose tree is `root`."""

    def __init__(self, text: str, root: Any) -> None:
        self.text = text
        self.lines = text.split("\n")
        self.blocks: dict[int, BlockScalar] = {}
        scalars = list(_scalars(root))
        for node in scalars:
            if node.style in ("|", ">"):
                self.blocks[id(node)] = self._block_scalar(node)
        self.comments: dict[int, Comment] = {found.line: found for found in self._comments(scalars)}
        self._commented = sorted(self.comments)

    def gap(self, first: int, end: int) -> list[Comment | None]:
        """Comments and blank lines (None) from one line to another, as many of them as there are."""
        found: list[Comment | None] = []
        for number in range(first, end):
            comment = self.comments.get(number)
            if comment and not self.lines[number][: comment.column].strip():
                found.append(comment)
            elif not self.lines[number].strip():
                found.append(None)
        return found

    def note(self, line: int) -> Comment | None:
        """The comment behind something on a line."""
        comment = self.comments.get(line)
        return comment if comment and self.lines[line][: comment.column].strip() else None

    def has_comments(self, first: int, end: int) -> bool:
        """Whether a line has one, from one line to another."""
        place = bisect_left(self._commented, first)
        return place < len(self._commented) and self._commented[place] < end

    def last_line(self, node: Any) -> int:
        """The last line of a value without collections in blocks."""
        block = self.blocks.get(id(node))
        if block:
            return block.end - 1
        line: int = node.end_mark.line
        return line

    def _block_scalar(self, node: Any) -> BlockScalar:
        begin = node.start_mark.line + 1
        sign = re.split(r"\s", self.lines[begin - 1][node.start_mark.column :], maxsplit=1)[0]
        digit = re.search("[1-9]", sign)
        inner = next((line for line in islice(self.lines, begin, None) if line.strip(" ")), "")
        indent = len(inner) - len(inner.lstrip(" "))
        if digit:  # spaces at the beginning belong to the text, and how many do only the value says
            first = next((line for line in node.value.split("\n") if line.strip(" ")), "")
            indent -= len(first) - len(first.lstrip(" "))
        end = begin
        for number, line in enumerate(islice(self.lines, begin, None), begin):
            if line.strip(" ") and len(line) - len(line.lstrip(" ")) < indent:
                break
            if line.strip(" ") or "+" in sign:
                end = number + 1
        if not node.value.strip("\n"):  # nothing but line breaks: what stands below is not of it
            end = begin
            while "+" in sign and end < len(self.lines) and not self.lines[end].strip():
                end += 1
        if end == len(self.lines) and not self.lines[-1]:
            end -= 1  # what is behind the last line break is no line
        return BlockScalar(begin, max(end, begin), indent)

    def _comments(self, scalars: Sequence[Any]) -> Iterator[Comment]:
        within = self._scalar_spans(scalars)
        for number, line in enumerate(self.lines):
            if "#" not in line:
                continue
            column = self._outside(line, within.get(number, ()))
            if column is not None:
                yield Comment(number, column, line[column:].rstrip())

    @staticmethod
    def _outside(line: str, spans: Iterable[tuple[int, int]]) -> int | None:
        place = line.find("#")
        for begin, end in sorted(spans):
            if place < begin:
                break
            place = line.find("#", max(place, end))
            if place < 0:
                return None
        return place if place >= 0 else None

    def _scalar_spans(self, scalars: Sequence[Any]) -> Mapping[int, list[tuple[int, int]]]:
        """By line: from where to where it is part of a scalar."""
        found: dict[int, list[tuple[int, int]]] = {}
        for node in scalars:
            block = self.blocks.get(id(node))
            begin, end = node.start_mark, node.end_mark
            if block:
                for number in range(block.begin, block.end):
                    found.setdefault(number, []).append((0, len(self.lines[number])))
                continue
            for number in range(begin.line, end.line + 1):
                left = begin.column if number == begin.line else 0
                right = end.column if number == end.line else len(self.lines[number])
                found.setdefault(number, []).append((left, right))
        return found


def _scalars(root: Any) -> Iterator[Any]:
    for node in values_below(root):
        if isinstance(node, yaml.ScalarNode):
            yield node
        elif isinstance(node, yaml.MappingNode):
            yield from (key for key, _ in node.value)
