"""New keys put into a values file of the user's, whose text stays as it is: comments, order, quotes, line ends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from mcpfence.documents.trees import compose
from mcpfence.imports.writer import Comments, block


class CannotInsert(ValueError):
    """The file is written in a way into which nothing can be put without changing what is there."""


def insert(text: str, path: tuple[str, ...], values: Mapping[str, Any], comments: Comments) -> str:
    """The text with more keys in the mapping at `path` (none of which it has yet); comments are by full path.

    `text` has been read before (safely, as one document).  Raises CannotInsert.
    """
    holder: Any = compose(text)
    depth, column = 0, 0
    while depth < len(path) and isinstance(holder, yaml.MappingNode):
        found = next((pair for pair in holder.value if pair[0].value == path[depth]), None)
        if found is None:
            break
        column, holder, depth = found[0].start_mark.column + 2, found[1], depth + 1
    for step in reversed(path[depth:]):
        values = {step: values}
    return _put(text, holder, path[:depth], values, (column, comments))


def _put(text: str, holder: Any, path: tuple[str, ...], values: Mapping[str, Any], how: tuple[int, Comments]) -> str:
    """The text with these keys in `holder`, the value at `path`; None where the file is empty."""
    column, comments = how
    end = "\r\n" if "\r\n" in text else "\n"
    if isinstance(holder, yaml.MappingNode) and not holder.flow_style and holder.value:
        column = holder.value[0][0].start_mark.column
        at = _after(text, _end(holder))
    elif isinstance(holder, yaml.MappingNode):
        return _into_braces(text, holder, path, values)
    elif holder is None:
        at = len(text)
    elif isinstance(holder, yaml.ScalarNode) and holder.tag == "tag:yaml.org,2002:null":
        text = text[: holder.start_mark.index] + text[holder.end_mark.index :]
        at = _after(text, holder.start_mark.index)
    else:
        raise CannotInsert(".".join(path))
    before = text[:at]
    if before and not before.endswith("\n"):
        before += end
    return before + block(values, comments, column, path).replace("\n", end) + text[at:]


def _end(node: Any) -> int:
    """Where the text of a node ends; of a block that is where its last value does."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
        index: int = node.end_mark.index
        return index
    last = node.value[-1]
    return max(_end(last[0]), _end(last[1])) if isinstance(last, tuple) else _end(last)


def _after(text: str, index: int) -> int:
    """The beginning of the next line, or `index` itself where it is one."""
    if index == 0 or text[index - 1] == "\n":
        return index
    found = text.find("\n", index)
    return len(text) if found < 0 else found + 1


def _into_braces(text: str, holder: Any, path: tuple[str, ...], values: Mapping[str, Any]) -> str:
    """More pairs before the closing brace; comments have no place there."""
    close = holder.end_mark.index - 1
    if text[close : close + 1] != "}":
        raise CannotInsert(".".join(path))
    body = text[:close].rstrip()
    comma = "" if not holder.value else " " if body.endswith(",") else ", "
    pairs = ", ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in values.items())
    return f"{body}{comma}{pairs}{text[close:]}"


def lookup(data: Any, path: tuple[str, ...]) -> Any:
    """The value at a path of plain mappings; None where there is none."""
    for step in path:
        if not isinstance(data, Mapping) or step not in data:
            return None
        data = data[step]
    return data
