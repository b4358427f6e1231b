"""A values file in canonical form, or the reason why it is left alone.

Formatting never changes what a file says: the result is read as any values file is, and must hold the same values and
the same comments.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import yaml

from mcpfence.documents.reader import BadDocument, load_values, values_tree
from mcpfence.documents.tags import values_below
from mcpfence.documents.trees import LOADER
from mcpfence.documents.values import read_source
from mcpfence.findings.finding import McpfenceError, fail
from mcpfence.formatting.comment_lines import SourceLines
from mcpfence.formatting.entry_lines import lines_of
from mcpfence.formatting.entry_tree import entries_of
from mcpfence.formatting.key_order import catalog_order
from mcpfence.patterns import regex

_ODD_BREAK = regex("\r(?!\n)|[\x85\u2028\u2029]")


def formatted(text: str, name: str) -> str:
    """The text in canonical form; raises McpfenceError where it cannot be read, or not be written anew for certain."""
    file = read_source(name, text)
    if file.data and text.lstrip().startswith("{"):
        raise _refused(name, "is JSON, or stands in one pair of braces", "write it as block YAML, or leave it out")
    odd = _ODD_BREAK.search(text)
    if odd:
        line = text.count("\n", 0, odd.start()) + 1
        raise _refused(f"{name}:{line}", "has a line end that only some readers know", "end each line with a line feed")
    first = text.find("\n")
    newline = "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"
    plain = text.replace("\r\n", "\n")
    root = values_tree(plain)
    if root is None or not file.data:
        return text
    if root.flow_style:  # behind a line ---
        raise _refused(name, "is JSON, or stands in one pair of braces", "write it as block YAML, or leave it out")
    for node, sentence, todo in _doubts(plain, root):
        raise _refused(f"{name}:{node.start_mark.line + 1}:{node.start_mark.column + 1}", sentence, todo)
    lines = SourceLines(plain, root)
    new = _written(lines, root)
    _compare(lines, new, file.data, name)
    return new.replace("\n", newline)


def _refused(place: str, sentence: str, todo: str) -> McpfenceError:
    return fail("format-refused", sentence, todo, document=place)


def _doubts(text: str, root: Any) -> Iterator[tuple[Any, str, str]]:
    """What is in the way of writing a text anew: the node or event, what is so, what to do."""
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            yield (
                event,
                "has an anchor or alias, whose meaning depends on what stands first",
                "write the value out twice",
            )
        elif isinstance(event, yaml.NodeEvent) and getattr(event, "tag", None) is not None:
            yield event, "has a tag", "remove it; quotes make a string of anything"
        elif isinstance(event, yaml.DocumentStartEvent) and (event.version or event.tags):
            yield event, "begins with a directive (%)", "remove that line"
        elif isinstance(event, yaml.DocumentEndEvent) and event.explicit:
            yield event, "has a document end (...)", "remove that line"
    lines = text.split("\n")
    for mapping in values_below(root):
        for key, _ in mapping.value if isinstance(mapping, yaml.MappingNode) else ():
            before = lines[key.start_mark.line][: key.start_mark.column].rstrip()
            if before.endswith("?"):
                yield key, "has a key in the long form (?)", "write it as KEY: VALUE"


def _written(source: SourceLines, root: Any) -> str:
    marks = [number for number in range(root.start_mark.line) if source.lines[number].startswith("---")]
    head = source.lines[: marks[0] + 1] if marks else []
    block = entries_of(root, source, catalog_order(), len(head))
    return "\n".join([*head, *lines_of(block), ""])


def _compare(old: SourceLines, new: str, data: Any, name: str) -> None:
    """Raise McpfenceError unless two texts say the same, in values and comments."""
    try:
        same = _exact(load_values(new)) == _exact(data) and _comments(SourceLines(new, values_tree(new))) == _comments(
            old
        )
    except BadDocument:
        same = False
    if same:
        return
    if not old.text.endswith("\n"):
        raise _refused(name, "ends without a line break in a text that keeps it", "end the last line with a line feed")
    raise _refused(name, "cannot be written in another form for certain", "please report it, with the file if you may")


def _exact(data: Any) -> str:
    """Values as text in which 1, 1.0 and true differ, and the order of keys is none."""
    return json.dumps(data, sort_keys=True)


def _comments(source: SourceLines) -> Counter[str]:
    return Counter(comment.text for comment in source.comments.values())
