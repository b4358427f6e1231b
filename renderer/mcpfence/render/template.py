"""Fences that differ only in their own words share a template: manifests are made, written and proven once for it.

Most servers of a large catalog are alike but for their name and their host names.  Those words are taken out and
replaced by marks (characters of Unicode's private use area, which no checked name can hold); what is made of the
marked fence is split at the marks, and filling it for one server is one join.

    server github, app=github, [api.github.com]  ->  server <0>, app=<0>, [<1>]   words (github, api.github.com)

A fence whose words the writer would have to quote, or whose name is so long that names made with it are cut, is not
taken apart: it is its own template.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mcpfence.documents.writer import Writer, is_plain
from mcpfence.kube.manifest import Manifest
from mcpfence.kube.object_names import LIMIT
from mcpfence.kube.selectors import Selector
from mcpfence.patterns import regex
from mcpfence.plan.catalog_keys import catalog_keys
from mcpfence.plan.fence import Fence, Name
from mcpfence.structs import Struct

_FIRST = 0xE000
_MANY = 256
"""More words than this are not worth a template."""
_DIGEST = 8

_MARKS = regex(f"([{chr(_FIRST)}-{chr(_FIRST + _MANY)}])")

Parts = tuple[str | int, ...]
"""Text with the indexes of words between its pieces."""


class FenceTemplate(Struct):
    """A fence with marks, and the words that they stand for; no words where the fence is its own template."""

    fence: Fence
    words: tuple[str, ...]


def template_of(fence: Fence) -> FenceTemplate:
    """Take the words out of a fence: its name, the values of its selectors, the digests of those, its patterns."""
    words = [fence.name]
    selectors = []
    for selector in fence.selectors:
        labels = []
        for key, value in selector.labels:
            labels.append((key, chr(_FIRST + len(words))))
            words.append(value)
        selectors.append(Selector(tuple(labels), selector.expressions))
    marks: dict[str, str] = {}
    for item in fence.names:
        if item.pattern not in marks:
            base = item.pattern.removeprefix("*.")
            marks[item.pattern] = item.pattern[: -len(base)] + chr(_FIRST + len(words))
            words.append(base)
    if (
        fence.kind == "service"
        or len(words) + len(fence.endings) + len(fence.ranks) > _MANY
        or not all(map(is_plain, words))
    ):
        return whole(fence)
    endings = fence.endings
    if len(endings) > 1:  # digests stand only inside names, where they need not be plain words
        endings = tuple(f"-{chr(_FIRST + len(words) + i)}" for i in range(len(endings)))
        words += [ending.removeprefix("-") for ending in fence.endings]
    ranks = tuple(chr(_FIRST + len(words) + i) for i in range(len(fence.ranks)))
    words += fence.ranks
    marked = fence._replace(
        name=chr(_FIRST),
        selectors=tuple(selectors),
        names=tuple(Name(marks[item.pattern], item.ports, "", item.registry) for item in fence.names),
        path=(),
        endings=endings,
        ranks=ranks,
        keys=catalog_keys(fence, chr(_FIRST)),
    )
    return FenceTemplate(marked, tuple(words))


def whole(fence: Fence) -> FenceTemplate:
    """A fence that is its own template."""
    return FenceTemplate(fence._replace(keys=catalog_keys(fence, fence.name)), ())


def longest_name(manifests: Iterable[Manifest], endings: tuple[str, ...]) -> int:
    """How long a fence's name may be so that no name made with it would have to be cut."""
    longest = max((_longest_made(manifest.document) for manifest in manifests), default=1)
    return LIMIT - (longest - 1) - (_DIGEST - 1 if len(endings) > 1 else 0)


def _longest_made(value: Any) -> int:
    """The length of a document's longest string that is made with the fence's name; 1 without one."""
    if isinstance(value, str):
        return len(value) if chr(_FIRST) in value else 1
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    longest = 1
    for item in items:
        longest = max(longest, _longest_made(item))
    return longest


def split(text: str) -> Parts:
    """Text at its marks: pieces of text and indexes of words."""
    return tuple(
        ord(piece) - _FIRST if len(piece) == 1 and _MARKS.match(piece) else piece
        for piece in _MARKS.split(text)
        if piece
    )


def fill(parts: Parts, words: tuple[str, ...]) -> str:
    """The text for one fence."""
    return "".join([part if isinstance(part, str) else words[part] for part in parts])


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
