"""What formatting changes in a file, line by line, for people: secrets are masked before anything is compared."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

import yaml

from mcpfence.documents.reader import values_tree
from mcpfence.text.masking import MASK, ObjectLines, told
from mcpfence.text.secret_detection import named_secret, secret_arguments, secret_text


def difference(shown: str, before: str, after: str) -> Iterator[str]:
    """The lines of a unified difference of two values files that can be read."""
    hush = ObjectLines()
    names = f"{shown} (as it is)", f"{shown} (formatted)"
    old, new = (_lines(_masked(text.replace("\r\n", "\n"))) for text in (before, after))
    for line in difflib.unified_diff(old, new, *names, lineterm=""):
        yield told(hush.masked(line))


def _lines(text: str) -> list[str]:
    *lines, last = text.split("\n")
    return [*lines, last, "\\ no line break at the end"] if last else lines


def _masked(text: str) -> str:
    """The text with its secrets as ..., in whatever way they are quoted."""
    for node in sorted(_secrets(values_tree(text)), key=lambda node: -node.start_mark.index):
        begin, end = node.start_mark.index, node.end_mark.index
        breaks = len(text[begin:end]) - len(text[begin:end].rstrip("\n"))
        text = text[:begin] + MASK + "\n" * breaks + text[end:]
    return text


def _secrets(node: Any) -> Iterator[Any]:
    """The scalars that may be secrets: by their form, by their key, or beside a key or name."""
    if isinstance(node, yaml.SequenceNode):
        texts = [item.value if isinstance(item, yaml.ScalarNode) else "" for item in node.value]
        yield from (node.value[number] for number in secret_arguments(texts))
        for item in node.value:
            if not isinstance(item, yaml.ScalarNode):
                yield from _secrets(item)
    elif isinstance(node, yaml.MappingNode):
        pairs = [(key.value, value) for key, value in node.value]
        titles = [value.value for key, value in pairs if key in ("key", "name") and isinstance(value, yaml.ScalarNode)]
        for key, value in pairs:
            if not isinstance(value, yaml.ScalarNode):
                yield from _secrets(value)
            elif secret_text(value.value) or any(
                named_secret(name, value.value) for name in (key, *(titles if key == "value" else ()))
            ):
                yield value
