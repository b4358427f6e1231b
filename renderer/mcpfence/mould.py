"""Fences that differ only in their own words share a mould: manifests are made, written and proven once for it.

Most servers of a large catalog are alike but for their name and their host names.  Those words are taken out and
replaced by marks (characters of Unicode's private use area, which no checked name can hold); what is made of the
marked fence is cut at the marks, and casting it for one server is one join.

    server github, app=github, [api.github.com]  ->  server <0>, app=<0>, [<1>]   words (github, api.github.com)

A fence whose words the writer would have to quote or cut, unlike the marks, is not taken apart: it is its own mould.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from mcpfence.fence import Fence, Name
from mcpfence.manifest import Manifest, Writer, is_plain
from mcpfence.selectors import Selector

_FIRST = 0xE000
_MANY = 256
"""More words than this are not worth a mould."""

_MARKS = re.compile(f"([{chr(_FIRST)}-{chr(_FIRST + _MANY)}])")

NAME_LIMIT = 32
"""Longer names might have to be cut in `mcp-server-NAME-PURPOSE-...`; those fences are their own moulds."""

Parts = tuple[str | int, ...]
"""Text with the indexes of words between its pieces."""


class Mould(NamedTuple):
    """A fence with marks, and the words that they stand for; no words where the fence is its own mould."""

    fence: Fence
    words: tuple[str, ...]


def mould_of(fence: Fence) -> Mould:
    """Take the words out of a fence: its name (with the selector app=NAME) and its patterns."""
    name = fence.name
    own = fence.selectors == (Selector((("app", name),)),)
    patterns = list(dict.fromkeys(item.pattern for item in fence.names))
    bases = [pattern.removeprefix("*.") for pattern in patterns]
    if (
        not own
        or fence.kind == "service"
        or len(name) > NAME_LIMIT
        or not is_plain(name)
        or len(patterns) >= _MANY
        or not all(is_plain(base) for base in bases)
    ):
        return Mould(fence, ())
    marks = {
        pattern: ("" if pattern == base else "*.") + chr(_FIRST + 1 + i)
        for i, (pattern, base) in enumerate(zip(patterns, bases, strict=True))
    }
    mark = chr(_FIRST)
    names = tuple(Name(marks[item.pattern], item.ports, "", item.registry) for item in fence.names)
    marked = fence._replace(
        name=mark, selectors=(Selector((("app", mark),)),), names=names, path=(), runtime=fence.runtime
    )
    return Mould(marked, (name, *bases))


def cut(text: str) -> Parts:
    """Text at its marks: pieces of text and indexes of words."""
    return tuple(
        ord(piece) - _FIRST if len(piece) == 1 and _MARKS.match(piece) else piece
        for piece in _MARKS.split(text)
        if piece
    )


def cast(parts: Parts, words: tuple[str, ...]) -> str:
    """The text for one fence."""
    return "".join([part if isinstance(part, str) else words[part] for part in parts])


class Pattern(NamedTuple):
    """One object of a mould: what it is called and its text, cut."""

    kind: str
    namespace: str
    name: Parts
    text: Parts


def pattern_of(manifest: Manifest, writer: Writer) -> Pattern:
    """Write the manifest of a mould and cut it."""
    text = writer.write(manifest.document)
    return Pattern(manifest.kind, manifest.namespace, cut(manifest.name), cut(text))
