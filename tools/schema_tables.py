"""A JSON Schema as Markdown tables: key, type, default, meaning.  tools/gen_docs.py makes a page of docs with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

Schema = dict[str, Any]


class Reference:
    """The catalog schema as tables: forms that are used once stand where they are used, others get their own table."""

    def __init__(self, schema: Schema) -> None:
        self.root = schema
        self.defs: dict[str, Schema] = schema["$defs"]
        uses: dict[str, int] = {}
        for name in _references(schema["properties"], self.defs):
            uses[name] = uses.get(name, 0) + 1
        self.shared = sorted(name for name in self.defs if uses.get(name, 0) > 1 and self._is_form(self.defs[name]))

    def sections(self) -> Iterator[str]:
        """The lines of all tables."""
        for key, node in self.root["properties"].items():
            yield from (f"## `{key}`", "", node["description"], "")
            yield from _table(self._rows(node, key))
        yield from ("## Forms used in several places", "")
        for name in self.shared:
            node = self.defs[name]
            said = node.get("description", "")
            kind = self._bare(node)
            lead = "" if kind == "mapping" else f"{kind[0].upper()}{kind[1:]}. "
            yield from (f"### {name}", "", *([f"{lead}{_escaped(said)}".strip(), ""] if lead or said else []))
            if "properties" in node:
                yield from _table(self._rows(node, ""))

    def _is_form(self, node: Schema) -> bool:
        """Whether a definition deserves a table of its own: it has keys, or says something about itself."""
        return "properties" in node or ("description" in node and "$ref" not in node)

    def _open(self, node: Schema) -> tuple[Schema, str]:
        """What a reference stands for, and the name of the shared form if it is one."""
        name = node["$ref"].rpartition("/")[2] if "$ref" in node else ""
        if not name:
            return node, ""
        return self.defs[name], name if name in self.shared else ""

    def _rows(self, node: Schema, path: str) -> Iterator[tuple[str, str, str, str]]:
        """(key, type, default, meaning) of everything below a node."""
        target, _ = self._open(node)
        required = set(target.get("required", ()))
        for key, child in target.get("properties", {}).items():
            here = f"{path}.{key}" if path else key
            default, meaning = _default(child)
            yield here, self._type(child), "**required**" if key in required else default, meaning
            yield from self._below(child, here)
        yield from self._entries(target, path)

    def _entries(self, target: Schema, path: str) -> Iterator[tuple[str, str, str, str]]:
        """The entries of a mapping with free keys, if they are mappings themselves or say something."""
        entry = target.get("additionalProperties")
        if not isinstance(entry, dict):
            return
        here = f"{path}.NAME" if path else "LABEL"
        if entry.get("description"):
            yield here, self._type(entry), "", entry["description"]
        yield from self._below(entry, here)

    def _below(self, node: Schema, path: str) -> Iterator[tuple[str, str, str, str]]:
        """What stands below a key: nothing where a shared form tells it."""
        target, shared = self._open(node)
        if shared:
            return
        items = target.get("items")
        if isinstance(items, dict) and "properties" not in target:
            yield from self._below(items, f"{path}[]")
        elif "properties" in target or isinstance(target.get("additionalProperties"), dict):
            yield from self._rows(target, path)

    def _type(self, node: Schema) -> str:
        """The type in words, with links to shared forms."""
        target, shared = self._open(node)
        return f"[{shared}](#{shared.lower()})" if shared else self._bare(target)

    def _bare(self, target: Schema) -> str:
        """The type of a definition itself."""
        if "anyOf" in target:
            return " or ".join(self._type(choice) for choice in target["anyOf"])
        if "const" in target:
            return f"`{target['const']}`"
        if "enum" in target:
            return ", ".join(f"`{_word(value)}`" for value in target["enum"])
        found = target.get("type", "any")
        names = found if isinstance(found, list) else [found]
        return " or ".join(self._named(name, target) for name in names)

    def _named(self, name: str, target: Schema) -> str:
        if name == "array":
            items = target.get("items")
            return f"list of {_plural(self._type(items))}" if isinstance(items, dict) else "list"
        if name == "object":
            entry = target.get("additionalProperties")
            if "properties" in target or not isinstance(entry, dict):
                return "mapping"
            return f"mapping of {_plural(self._type(entry))}"
        return {"boolean": "`true`, `false`"}.get(name, name)


def _plural(kind: str) -> str:
    """`strings or numbers` of `string or number`; links and literals stay."""
    return re.sub(r"\b(string|number|integer|mapping)\b", r"\1s", kind)


def _references(node: Any, defs: dict[str, Schema]) -> Iterator[str]:
    """The names of the definitions met on every path through a schema."""
    if isinstance(node, dict):
        if "$ref" in node:
            name = node["$ref"].rpartition("/")[2]
            yield name
            yield from _references(defs[name], defs)
        for key, value in node.items():
            if key not in ("$ref", "default", "description"):
                yield from _references(value, defs)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value, defs)


_DEFAULT = re.compile(r"(?:^|(?<=[.)]) )Default( [a-z ]+)?: (.+?)\.(?= [A-Z]|$)")


def _default(node: Schema) -> tuple[str, str]:
    """The default and the rest of the description; the description's own words win where they say more."""
    said = node.get("description", "")
    found = _DEFAULT.search(said)
    words = f"{(found[1] or '').strip()}: {found[2]}".removeprefix(": ") if found else ""
    meaning = (said[: found.start()] + said[found.end() :]).strip() if found else said
    value = node.get("default")
    if isinstance(value, str | int) and value != "":
        return f"`{_word(value)}`", meaning
    return words or ("" if "default" not in node else f"`{json.dumps(value)}`"), meaning


def _word(value: Any) -> str:
    """A value as YAML would have it."""
    return json.dumps(value) if isinstance(value, bool) or value == "" else str(value)


def _table(rows: Iterable[tuple[str, str, str, str]]) -> Iterator[str]:
    found = list(rows)
    if not found:
        return
    yield from ("| key | type | default | meaning |", "|---|---|---|---|")
    for key, kind, default, meaning in found:
        yield f"| `{key}` | {cell(kind)} | {cell(default)} | {cell(meaning)} |"
    yield ""


def cell(text: str) -> str:
    """Text in a table: no line ends and no bars."""
    return _escaped(" ".join(text.split()).replace("|", r"\|"))


def _escaped(text: str) -> str:
    """Text in which the `*` of a wildcard is no Markdown, unless it stands in code already."""
    pieces = text.split("`")
    return "`".join(piece if i % 2 else re.sub(r"\*(?=\.)", r"\*", piece) for i, piece in enumerate(pieces))
