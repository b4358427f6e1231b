"""A catalog as text for people: block YAML in a fixed order, with comments above what they are about.

The values are printed by the writer of manifests; comments are cut, escaped and wrapped, so that nothing of a
foreign text can end one.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from mcpfence.documents.writer import Writer

Comments = Mapping[tuple[str, ...], Sequence[str]]
"""Sentences by the path of the key that they stand above."""

ORDER = ("mcpNamespace", "rbac", "cluster", "dns", "egress", "clients", "mcpServerDefaults", "servers", "workloads")
WIDTH = 110
_LONGEST = 600


def comment(sentences: Sequence[str], indent: int = 0) -> str:
    """Comment lines, one sentence after the other; a wrapped one goes on two columns further in."""
    lines: list[str] = []
    for sentence in sentences:
        cut = clean(sentence if len(sentence) <= _LONGEST else sentence[:_LONGEST] + "...")
        width = max(WIDTH - indent - 2, 40)
        if len(cut) <= width:  # nearly all; to wrap one takes longer than to write a server
            lines.append(cut)
        else:
            lines += textwrap.wrap(cut, width, subsequent_indent="  ", break_on_hyphens=False) or [""]
    pad = " " * indent
    return "".join(f"{pad}# {line}".rstrip() + "\n" for line in lines)


def clean(text: str) -> str:
    """Printable ASCII alone; everything else as an escape that shows what it was."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if " " <= c <= "~" else f"\\u{ord(c):04x}" for c in text)


def block(mapping: Mapping[str, Any], comments: Comments, indent: int = 0, path: tuple[str, ...] = ()) -> str:
    """The mapping, which stands at `path`, as block YAML, indented, comments above their keys."""
    inner = {other[:depth] for other in comments for depth in range(1, len(other))}
    return _block(mapping, comments, inner, indent, path, Writer())


def _block(
    mapping: Mapping[str, Any],
    comments: Comments,
    inner: set[tuple[str, ...]],
    indent: int,
    path: tuple[str, ...],
    writer: Writer,
) -> str:
    """As `block`; `inner` are the paths that have comments somewhere below them."""
    pieces: list[str] = []
    for key, value in mapping.items():
        here = (*path, key)
        if pieces and path and here in comments:
            pieces.append("\n")
        pieces.append(comment(comments.get(here, ()), indent))
        if here in inner and isinstance(value, Mapping) and value:
            head = writer.write({key: {}}).removesuffix(" {}\n")
            pieces.append(f"{' ' * indent}{head}\n{_block(value, comments, inner, indent + 2, here, writer)}")
        else:
            pieces.append(textwrap.indent(writer.write({key: value}), " " * indent))
    return "".join(pieces)


def ordered(catalog: Mapping[str, Any]) -> dict[str, Any]:
    """The catalog with its keys in the order in which people read them, servers by name."""
    result = {key: catalog[key] for key in ORDER if key in catalog}
    result |= {key: catalog[key] for key in sorted(catalog) if key not in result}
    for key in ("servers", "clients", "workloads"):
        if isinstance(result.get(key), Mapping):
            result[key] = dict(sorted(result[key].items()))
    return result
