"""The tree of a values file into entries, each with the comments and blank lines that belong to it."""

from __future__ import annotations

from typing import Any

import yaml

from mcpfence.formatting.comment_lines import Comment, SourceLines
from mcpfence.formatting.entry_lines import FileBlock, FileEntry, sort
from mcpfence.formatting.key_order import KeyOrder
from mcpfence.formatting.value_text import flow_text, written_value
from mcpfence.structs import Struct

Gap = list[Comment | None]
"""Comments and blank lines (None) between two entries."""


class _Frame(Struct):
    """Where a block stands: the column of what holds it, and the line on which the next thing behind it begins."""

    column: int
    end: int


def entries_of(root: Any, source: SourceLines, order: KeyOrder, first: int) -> FileBlock:
    """The entries of a file whose tree is a mapping in block style; they and their comments begin at line `first`."""
    gap = source.gap(first, root.start_mark.line)
    block, _ = _block(root, source, order, gap, _Frame(-1, len(source.lines)))
    return block


def _block(node: Any, source: SourceLines, order: KeyOrder, gap: Gap, frame: _Frame) -> tuple[FileBlock, Gap]:
    """The entries of a mapping or list, given what stands above the first; and what stands behind, if not in it."""
    block = FileBlock(entries=[])
    column = node.start_mark.column
    starts = [_start(part, column, source) for part in node.value]
    for part, line, end in zip(node.value, starts, [*starts[1:], frame.end], strict=True):
        key, value = part if isinstance(part, tuple) else (None, part)
        head = f"{flow_text(key, source, order, key=True)}:" if key else "-"
        entry = FileEntry(head=head, name=key.value if key else "")
        _attach(block, entry, gap)
        block.entries.append(entry)
        inner = order.below(key.value) if key else order.item()
        gap = _fill(entry, value, source, inner, line, _Frame(column, end))
    own = _own(gap, max(column, frame.column + 1))
    _close(block, gap[:own])
    if isinstance(node, yaml.MappingNode):
        sort(block, order.ordered)
    return block, gap[own:]


def _start(part: Any, column: int, source: SourceLines) -> int:
    """The line on which an entry begins: that of its key, or of its dash."""
    if isinstance(part, tuple):
        line: int = part[0].start_mark.line
        return line
    line = part.start_mark.line
    while line and (source.lines[line][column : column + 1] != "-" or source.lines[line][:column].strip(" -")):
        line -= 1  # the dash stands alone above
    return line


def _fill(entry: FileEntry, value: Any, source: SourceLines, order: KeyOrder, line: int, frame: _Frame) -> Gap:
    """Give an entry its value and the comment behind it; returns what stands between it and the next thing."""
    begin = value.start_mark.line
    if _is_block(value):
        begin = _start(value.value[0], value.start_mark.column, source)
    between = source.gap(line + 1, begin)
    if begin > line and (entry.head == "-" or not _is_block(value)):
        entry.above += [note.text for note in (source.note(line), *between) if note]
        between = []
    if _is_block(value):
        if entry.head != "-":
            _note(entry, source, line)
        entry.value, rest = _block(value, source, order, between, frame)
        return rest
    last = max(line, source.last_line(value))
    _note(entry, source, line if id(value) in source.blocks else last)
    entry.value = written_value(value, source, order, frame.column)
    gap = source.gap(last + 1, frame.end)
    if id(value) in source.blocks:  # a comment that is indented would be a part of the text
        return gap
    own = _own(gap, frame.column + 1)
    entry.inside = _paragraphs(gap[:own])
    return gap[own:]


def _is_block(value: Any) -> bool:
    return not isinstance(value, yaml.ScalarNode) and not value.flow_style


def _note(entry: FileEntry, source: SourceLines, line: int) -> None:
    entry.note = source.note(line)
    if entry.note:
        before = source.lines[line][: entry.note.column]
        beside = [source.comments.get(number) for number in (line - 1, line + 1)]
        entry.room = max(len(before) - len(before.rstrip()), 1)
        entry.aligned = any(one and one.column == entry.note.column for one in beside)


def _attach(block: FileBlock, entry: FileEntry, gap: Gap) -> None:
    """Give what stands between two entries to the upper, to the lower, or to their place as headings."""
    found = _texts(gap)
    starts_blank = gap[:1] == [None]
    if found and gap[-1] is not None:
        entry.above = found.pop()
    if found and block.entries and not starts_blank:
        block.entries[-1].below = found.pop(0)
        starts_blank = True
    entry.headings = found
    entry.blank = bool(found) or (starts_blank and bool(block.entries))


def _close(block: FileBlock, gap: Gap) -> None:
    """Give what stands behind the last entry to it, or to the block."""
    found = _texts(gap)
    if found and gap[0] is not None:
        block.entries[-1].below = found.pop(0)
    block.foot = found


def _own(gap: Gap, column: int) -> int:
    """How much of what stands behind a block is indented as its entries are."""
    own = 0
    for number, comment in enumerate(gap, 1):
        if comment is not None:
            if comment.column < column:
                break
            own = number
    return own


def _paragraphs(gap: Gap) -> list[list[Comment]]:
    """The comments, cut at blank lines."""
    found: list[list[Comment]] = [[]]
    for comment in gap:
        if comment is None:
            found.append([])
        else:
            found[-1].append(comment)
    return [paragraph for paragraph in found if paragraph]


def _texts(gap: Gap) -> list[list[str]]:
    return [[comment.text for comment in paragraph] for paragraph in _paragraphs(gap)]
