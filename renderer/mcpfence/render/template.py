"""Fences that differ only in their own words share a template: manifests are made, written and proven once for it.

Most servers of a large catalog are alike but for their name and their host names.  Those words are taken out and
replaced by marks (characters of Unicode's private use area, which no checked name can hold); what is made of the
marked fence is split at the marks, and filling it for one server is one join.

    server github, app=github, [api.github.com]  ->  server <0>, app=<0>, [<1>]   words (github, api.github.com)

Names that follow one another and differ in nothing else share one mark, a row: the lines that hold it are written once
for each of them, so that a server with one name and a server with four have one template.

    [api.github.com, github.com]  ->  [<1> ...]   words (..., the two names, a line each)

A fence whose words the writer would have to quote, or whose name is so long that names made with it are cut, is not
taken apart: it is its own template.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from mcpfence.documents.writer import Writer, is_plain
from mcpfence.kube.manifest import Manifest
from mcpfence.kube.object_names import LIMIT
from mcpfence.kube.selectors import Selector
from mcpfence.net.ports import Ports
from mcpfence.patterns import regex
from mcpfence.plan.catalog_keys import catalog_keys
from mcpfence.plan.fence import Fence, Name
from mcpfence.structs import Struct

_FIRST = 0xE000
_MANY = 256
"""More words than this are not worth a template."""
_ROWS = 0xE200
"""The marks of rows begin here."""
_IN_ROWS = 16
"""So many names may stand in rows.  Some lists of engines are cut at 25, so that it counts how many names there are."""
_DIGEST = 8

_MARKS = regex(f"([{chr(_FIRST)}-{chr(_FIRST + _MANY)}])")
_ROW_MARK = f"[{chr(_ROWS)}-{chr(_ROWS + _MANY)}]"
_ANY_ROW = regex(_ROW_MARK)
_ROW = regex(rf"(?m)^( *)- [^\n]*({_ROW_MARK})[^\n]*\n(?:\1- [^\n]*\2[^\n]*\n)*(?!\1 )")
"""Whole items of a list, a line each, with one and the same mark."""


class RowOfNames(Struct):
    """Lines that are written once for each line of a word: their pieces, between which it stands."""

    word: int
    pieces: tuple[str, ...]


Parts = tuple[str | int | RowOfNames, ...]
"""Text with the indexes of words between its pieces."""


class NotInRows(Exception):
    """A mark of a row stands elsewhere than in whole lines of a list."""


class FenceTemplate(Struct):
    """A fence with marks, and the words that they stand for; no words where the fence is its own template."""

    fence: Fence
    words: tuple[str, ...]


def template_of(fence: Fence, *, rows: bool = True) -> FenceTemplate:
    """Take the words out of a fence: its name, the values of its selectors, the digests of those, its patterns."""
    words = [fence.name]
    selectors = []
    for selector in fence.selectors:
        labels = []
        for key, value in selector.labels:
            labels.append((key, chr(_FIRST + len(words))))
            words.append(value)
        selectors.append(Selector(tuple(labels), selector.expressions))
    names, patterns = _marked(fence.names, len(words), rows=rows)
    if (
        fence.kind == "service"
        or len(words) + len(patterns) + len(fence.endings) + len(fence.ranks) > _MANY
        or not all(map(is_plain, chain(words, *patterns)))
    ):
        return whole(fence)
    words += map("\n".join, patterns)
    endings = fence.endings
    if len(endings) > 1:  # digests stand only inside names, where they need not be plain words
        endings = tuple(f"-{chr(_FIRST + len(words) + i)}" for i in range(len(endings)))
        words += [ending.removeprefix("-") for ending in fence.endings]
    ranks = tuple(chr(_FIRST + len(words) + i) for i in range(len(fence.ranks)))
    words += fence.ranks
    marked = fence._replace(
        name=chr(_FIRST),
        selectors=tuple(selectors),
        names=names,
        path=(),
        endings=endings,
        ranks=ranks,
        keys=catalog_keys(fence, chr(_FIRST)),
    )
    return FenceTemplate(marked, tuple(words))


def _marked(names: tuple[Name, ...], words: int, *, rows: bool) -> tuple[tuple[Name, ...], list[list[str]]]:
    """Names with marks, which count from `words` on, and what each mark stands for.

    Which names are those of registries is left out: no object tells it.
    """
    ports: dict[str, dict[Ports, None]] = {}
    for item in names:
        ports.setdefault(item.pattern, {})[item.ports] = None
    first = _ROWS if rows and len(ports) <= _IN_ROWS else _FIRST
    marked: list[Name] = []
    found: list[list[str]] = []
    before = None
    for pattern, on in ports.items():
        wild = pattern.startswith("*.")
        how = (wild, *on)
        if how != before or first != _ROWS:
            mark = chr(first + words + len(found))
            marked += [Name(f"*.{mark}" if wild else mark, one, "") for one in on]
            found.append([])
            before = how
        found[-1].append(pattern.removeprefix("*."))
    return tuple(marked), found


def filled_names(names: Iterable[Name], words: tuple[str, ...]) -> tuple[Name, ...]:
    """Names of a template in the words of one fence."""
    filled: list[Name] = []
    for name in names:
        mark = name.pattern.removeprefix("*.")
        bases = words[_index(mark)].split("\n") if words else [mark]
        filled += [name._replace(pattern=name.pattern.replace(mark, base)) for base in bases]
    return tuple(filled)


def mark_of(word: int) -> str:
    """The mark of a word that is no row."""
    return chr(_FIRST + word)


def _index(mark: str) -> int:
    return ord(mark) - (_FIRST if ord(mark) < _ROWS else _ROWS)


def whole(fence: Fence) -> FenceTemplate:
    """A fence that is its own template."""
    return FenceTemplate(fence._replace(keys=catalog_keys(fence, fence.name)), ())


def longest_name(manifests: Iterable[Manifest], endings: tuple[str, ...]) -> int:
    """How long a fence's name may be so that no name made with it would have to be cut."""
    longest = max((_longest_made(manifest.document) for manifest in manifests), default=1)
    return LIMIT - (longest - 1) - (_DIGEST - 1 if len(endings) > 1 else 0)


def _longest_made(document: Any) -> int:
    """The length of a document's longest string that is made with the fence's name; 1 without one."""
    longest, mark, waiting = 1, chr(_FIRST), [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if mark in value:
                longest = max(longest, len(value))
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return longest


def split(text: str) -> Parts:
    """Text at its marks: pieces of text, indexes of words, and rows; raises NotInRows."""
    parts: list[str | int | RowOfNames] = []
    end = 0
    for found in _ROW.finditer(text) if _ANY_ROW.search(text) else ():
        parts += _at_words(text[end : found.start()])
        parts.append(_row(found[0], found[2]))
        end = found.end()
    return (*parts, *_at_words(text[end:]))


def _at_words(text: str) -> Iterator[str | int]:
    if _ANY_ROW.search(text):
        raise NotInRows
    return (_index(piece) if i % 2 else piece for i, piece in enumerate(_MARKS.split(text)) if piece)


def _row(lines: str, mark: str) -> RowOfNames:
    pieces = tuple(lines.split(mark))
    if any(_MARKS.search(piece) or _ANY_ROW.search(piece) for piece in pieces):
        raise NotInRows
    return RowOfNames(_index(mark), pieces)


def filled(parts: Parts, words: tuple[str, ...]) -> list[str]:
    """The pieces of the text for one fence."""
    return [
        part
        if isinstance(part, str)
        else words[part]
        if isinstance(part, int)
        else "".join([word.join(part.pieces) for word in words[part.word].split("\n")])
        for part in parts
    ]


def fill(parts: Parts, words: tuple[str, ...]) -> str:
    """The text for one fence."""
    return "".join(filled(parts, words))


class ObjectTemplate(Struct):
    """One object of a template: what it is called and its text, split."""

    kind: str
    namespace: str
    name: Parts
    text: Parts


def object_template(manifest: Manifest, writer: Writer) -> ObjectTemplate:
    """Write the manifest of a template and split it."""
    text = writer.write(manifest.document)
    return ObjectTemplate(manifest.kind, manifest.namespace, split(manifest.name), split(text))
