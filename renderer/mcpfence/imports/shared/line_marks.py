"""Lines of values in a text that has been read and found safe before; quick also where thousands are asked for."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import yaml

from mcpfence.documents.trees import compose
from mcpfence.findings.finding import Path

_SURROGATE = re.compile(r"(\\\\)|\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
"""What JSON writes for half a character, which is no YAML; escaped backslashes are passed over."""


def line_of(text: str, path: Path) -> int:
    """The line (from 1) of the value at `path`, or of the deepest part of it that exists; 0 where none can be told."""
    return _tree(text).line(path)


class _Tree:
    """The nodes of one text; the keys of a mapping are looked up once."""

    def __init__(self, text: str) -> None:
        self._below: dict[int, dict[str, tuple[Any, int]]] = {}
        try:
            masked = _SURROGATE.sub(lambda found: found[1] or "." * 6, text)
            self._root: Any = compose(masked)
        except (yaml.YAMLError, RecursionError):
            self._root = None  # JSON that is no YAML

    def line(self, path: Path) -> int:
        if self._root is None:
            return 0
        node, line = self._root, self._root.start_mark.line
        for step in path:
            found = self._child(node, step)
            if found is None:
                break
            node, line = found
        return int(line) + 1

    def _child(self, node: Any, step: str | int) -> tuple[Any, int] | None:
        if isinstance(node, yaml.MappingNode):
            known = self._below.get(id(node))
            if known is None:
                known = self._below[id(node)] = {
                    key.value: (value, key.start_mark.line)
                    for key, value in node.value
                    if isinstance(key, yaml.ScalarNode)
                }
            return known.get(str(step))
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            return node.value[step], node.value[step].start_mark.line
        return None


@lru_cache(maxsize=4)
def _tree(text: str) -> _Tree:
    return _Tree(text)
