"""A tree of entries with their comments, and its text: two spaces a level, comments above and behind what they are at.

A comment right above an entry, or right below it with a blank line behind, moves with it.  One with blank lines around
it is a heading: it stays, and no entry passes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from mcpfence.formatting.comment_lines import Comment

INDENT = 2
Written = Callable[[int], list[str]]
"""Lines of a value that is no block, given the indentation of its entry; the first follows its key or dash."""


@dataclass(slots=True, kw_only=True)
class FileEntry:
    """An entry of a mapping or list, with what stands around it."""

    head: str
    """`key:` or `-`."""
    name: str = ""
    value: Written | FileBlock | None = None
    note: Comment | None = None
    """The comment behind it."""
    room: int = 0
    """Spaces in front of that comment, as it is written."""
    aligned: bool = False
    """Whether a comment above or below it stands in the same column, which is then kept."""
    blank: bool = False
    """Whether a blank line stands before it and its comments."""
    headings: list[list[str]] = field(default_factory=list)
    above: list[str] = field(default_factory=list)
    inside: list[list[Comment]] = field(default_factory=list)
    """Comments that are indented deeper, where the value is no block."""
    below: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class FileBlock:
    """Entries one below the other, and what stands behind the last one."""

    entries: list[FileEntry]
    foot: list[list[str]] = field(default_factory=list)


def sort(block: FileBlock, ordered: Callable[[Sequence[str]], list[int]]) -> None:
    """Bring the entries between two headings into their order."""
    groups: list[list[FileEntry]] = []
    for entry in block.entries:
        if not groups or entry.headings:
            groups.append([])
        groups[-1].append(entry)
    block.entries = [entry for group in groups for entry in _sorted(group, ordered)]


def _sorted(group: list[FileEntry], ordered: Callable[[Sequence[str]], list[int]]) -> list[FileEntry]:
    entries = [group[number] for number in ordered([entry.name for entry in group])]
    first, was = entries[0], group[0]
    if first is not was:  # a blank line before the first one, or its headings, belong to the place
        first.blank, was.blank = was.blank, first.blank
        first.headings, was.headings = was.headings, []
    return entries


def lines_of(block: FileBlock, indent: int = 0) -> Iterator[str]:
    """The lines of a block."""
    pad = " " * indent
    for number, entry in enumerate(block.entries):
        blank = entry.blank or (number > 0 and bool(block.entries[number - 1].below))
        for position, heading in enumerate(entry.headings):
            if number or position:
                yield ""
            yield from (pad + text for text in heading)
        if (blank and number) or entry.headings:
            yield ""
        yield from (pad + text for text in entry.above)
        yield from _entry(entry, indent)
        yield from (pad + text for text in entry.below)
    for heading in block.foot:
        yield ""
        yield from (pad + text for text in heading)


def _entry(entry: FileEntry, indent: int) -> Iterator[str]:
    """An entry from its key or dash on."""
    pad = " " * indent
    if isinstance(entry.value, FileBlock):
        inner = list(lines_of(entry.value, indent + INDENT))
        if entry.head != "-":
            yield _noted(pad + entry.head, entry)
            yield from inner
            return
        # The first line of what a list holds follows the dash; comments above that line stand above the dash.
        while inner and (not inner[0] or inner[0].lstrip().startswith("#")):
            text = inner.pop(0).strip()
            if text:
                yield pad + text
        yield f"{pad}- {inner[0][indent + INDENT :]}"
        yield from inner[1:]
        return
    first, *rest = entry.value(indent) if entry.value else [""]
    sign = first[:1] in ("|", ">") and len(rest) > 0
    last = "" if sign or not rest else rest[-1]
    head = f"{pad}{entry.head} {first}".rstrip()
    if not last:
        yield _noted(head, entry)
        yield from rest
    else:
        yield head
        yield from rest[:-1]
        yield _noted(last, entry)
    column = _column(last or head, entry)
    for number, paragraph in enumerate(entry.inside):
        if number:
            yield ""
        for comment in paragraph:
            beside = entry.note and comment.column == entry.note.column
            yield " " * (column if beside else indent + INDENT) + comment.text


def _noted(line: str, entry: FileEntry) -> str:
    """A line with the comment behind it."""
    if entry.note is None:
        return line
    return line.ljust(_column(line, entry)) + entry.note.text


def _column(line: str, entry: FileEntry) -> int:
    if entry.note is None:
        return 0
    return max(entry.note.column, len(line) + 1) if entry.aligned else len(line) + entry.room
