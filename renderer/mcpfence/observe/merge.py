"""Proposed entries put into the user's values file: all its lines stay, and each entry says where it comes from.

Lists in block style get a line, lists in brackets an item, and keys that are missing are written below their mapping,
or before its closing brace.  A file that is JSON stays JSON, which has no comments.
The result is read back: it must hold the user's data with the new entries behind their lists, and nothing else.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from mcpfence.documents.reader import BadDocument, load_values
from mcpfence.documents.trees import compose
from mcpfence.findings.finding import McpfenceError, Path, fail, path_text, plural
from mcpfence.imports.merge import CannotInsert, insert, lookup
from mcpfence.imports.writer import clean, comment
from mcpfence.observe.report import Observed
from mcpfence.observe.times import day_text
from mcpfence.structs import Struct

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[./_-][A-Za-z0-9]+)*\Z")
_WORDS = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
"""What begins with a letter and holds nothing else is a text to every reader of YAML, but for these."""


class Addition(Struct):
    """One entry for the list at a key, and where it comes from."""

    key: Path
    entry: Any
    why: str


def additions(report: Observed) -> tuple[Addition, ...]:
    """Everything that the report proposes, in its order."""
    first, last = (day_text(time // (86_400 * 10**9)) for time in (report.window.first, report.window.last))
    sources = ", ".join(dict.fromkeys(item.format for item in report.files))
    found: dict[tuple[Path, str], Addition] = {}
    for one in report.subjects:
        for wish in one.wishes:
            if wish.proposal.entry is None:
                continue
            days, pods = plural(len(wish.told.days), "day"), plural(wish.told.pods, "pod")
            when = f"on {first}" if first == last else f"from {first} to {last}"
            why = f"observed by {sources} {when}: {days}, {pods}"
            addition = Addition(wish.proposal.key, wish.proposal.entry, why)
            found.setdefault((addition.key, json.dumps(addition.entry, sort_keys=True)), addition)
    return tuple(found.values())


def merged(name: str, text: str, mine: Mapping[str, Any], new: Iterable[Addition]) -> str:
    """The user's values file with the entries; raises McpfenceError where that cannot be written in place."""
    wanted: Any = copy.deepcopy(dict(mine))
    for one in new:
        try:
            text = _with(text, one)
        except CannotInsert:
            raise _cannot(name, one) from None
        _add(wanted, one)
        try:
            same = load_values(text) == wanted
        except BadDocument:
            same = False
        if not same:
            raise _cannot(name, one)
    return text


def lacking(values: Mapping[str, Any], new: Iterable[Addition]) -> tuple[Addition, ...]:
    """The entries that the merged values of all files do not hold, since a later file replaces the list."""
    return tuple(one for one in new if one.entry not in (lookup(values, tuple(map(str, one.key))) or ()))


def _cannot(name: str, one: Addition) -> McpfenceError:
    sentence = f"holds {path_text(one.key)} in a form that cannot be extended in place"
    return fail("observe-merge", sentence, "leave --merge out, and write the entries by hand", document=name)


def _add(data: Any, one: Addition) -> None:
    """The entry behind the others of its list."""
    for step in one.key[:-1]:
        if data.get(step) is None:
            data[step] = {}
        data = data[step]
    last = one.key[-1]
    data[last] = [*(data.get(last) or ()), one.entry]


def _with(text: str, one: Addition) -> str:
    """The text with one entry more; raises CannotInsert."""
    steps = tuple(str(step) for step in one.key)
    node: Any = compose(text)
    for depth, step in enumerate(steps):
        holder = node
        pairs = node.value if isinstance(node, yaml.MappingNode) else ()
        node = next((value for key, value in pairs if key.value == step), None)
        if node is None:
            if isinstance(holder, yaml.MappingNode) and (holder.flow_style or not holder.value):
                return _in_braces(text, holder, steps[depth:], one)
            return insert(text, steps[:-1], {steps[-1]: [one.entry]}, {steps: (one.why,)})
    if not isinstance(node, yaml.SequenceNode):
        raise CannotInsert(".".join(steps))
    return _in_brackets(text, node, one) if node.flow_style else _below(text, node, one)


def _below(text: str, node: Any, one: Addition) -> str:
    """A further line of a list in block style, with its comment above."""
    last = node.value[-1]
    while not getattr(last, "flow_style", True) and last.value:
        inner = last.value[-1]
        last = inner[1] if isinstance(inner, tuple) else inner
    at = text.find("\n", last.end_mark.index)
    before, after = (text, "") if at < 0 else (text[: at + 1], text[at + 1 :])
    before += "" if before.endswith("\n") else "\n"
    indent = node.value[0].start_mark.column - 2
    line = f"{comment([one.why], indent)}{' ' * indent}- {_flow(one.entry)}\n"
    return before + (line.replace("\n", "\r\n") if "\r\n" in text else line) + after


def _in_brackets(text: str, node: Any, one: Addition) -> str:
    """A further item before the closing bracket."""
    return _inside(text, node, one, "]", _json(one.entry) if _is_json(text) else _flow(one.entry))


def _in_braces(text: str, node: Any, steps: tuple[str, ...], one: Addition) -> str:
    """A further key before the closing brace, for a list of this entry alone."""
    value: Any = [one.entry]
    for step in reversed(steps):
        value = {step: value}
    return _inside(text, node, one, "}", (_json(value) if _is_json(text) else _flow(value))[1:-1])


def _inside(text: str, node: Any, one: Addition, end: str, item: str) -> str:
    """More before the sign that ends a node; the comment stands above the line in which the node begins."""
    close = node.end_mark.index - 1
    if text[close : close + 1] != end:
        raise CannotInsert(path_text(one.key))
    body = text[:close].rstrip()
    comma = "" if not node.value else " " if body.endswith(",") else ", "
    start = text.rfind("\n", 0, node.start_mark.index) + 1
    above = "" if _is_json(text) else _comment_above(text, text[start : node.start_mark.index], one)
    return f"{text[:start]}{above}{body[start:]}{comma}{item}{text[close:]}"


def _comment_above(text: str, line: str, one: Addition) -> str:
    indent = len(line) - len(line.lstrip(" "))
    which = one.entry if isinstance(one.entry, str) else one.entry["name"]
    found = comment([f"{which}: {one.why}"], indent)
    return found.replace("\n", "\r\n") if "\r\n" in text else found


def _is_json(text: str) -> bool:
    return text.lstrip().startswith("{")


def _json(value: Any) -> str:
    return clean(json.dumps(value))


def _flow(value: Any) -> str:
    """A value on one line, which every YAML reads alike."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str) and _PLAIN.match(value) and value.lower() not in _WORDS:
        return value
    return _json(value)
