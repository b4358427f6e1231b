"""The forms that messages name for the entries of lists are what the schema takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import pytest
import yaml

from mcpfence.catalog.item_forms import ITEM_FORMS, item_form
from mcpfence.catalog.schema import schema_text

SCHEMA: dict[str, Any] = json.loads(schema_text())


def _resolved(schema: Any) -> Any:
    while "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


def _objects(schema: Any) -> bool:
    found = _resolved(schema)
    kinds = found.get("type", [])
    below = [part for key in ("anyOf", "oneOf", "allOf") for part in found.get(key, ())]
    return "object" in ([kinds] if isinstance(kinds, str) else kinds) or any(map(_objects, below))


def _lists(schema: Any, path: tuple[str, ...] = (), above: frozenset[int] = frozenset()) -> Iterator[tuple[str, Any]]:
    """Every list of mappings in the schema: the key, and the schema of an entry."""
    found = _resolved(schema)
    if id(found) in above:
        return
    above |= {id(found)}
    if "items" in found:
        if _objects(found["items"]):
            yield path[-1], found["items"]
        yield from _lists(found["items"], path, above)
    for key, inner in found.get("properties", {}).items():
        yield from _lists(inner, (*path, key), above)
    if isinstance(found.get("additionalProperties"), Mapping):
        yield from _lists(found["additionalProperties"], path, above)
    for key in ("anyOf", "oneOf", "allOf"):
        for inner in found.get(key, ()):
            yield from _lists(inner, path, above)


LISTS = list(_lists(SCHEMA))


def test_every_list_of_mappings_has_a_form() -> None:
    """A new list of mappings gets one, and none is left over."""
    assert {key for key, _ in LISTS} == set(ITEM_FORMS)


@pytest.mark.parametrize("key", ITEM_FORMS)
def test_form_is_valid(key: str) -> None:
    """Whoever writes what the message says is not refused again, whichever list of that name it is."""
    for form in item_form((key, 0), None).split(", or "):
        entry = yaml.safe_load(form)
        for name, schema in LISTS:
            if name == key:
                jsonschema.Draft202012Validator({**schema, "$defs": SCHEMA["$defs"]}).validate(entry)


@pytest.mark.parametrize(
    ("path", "written", "form"),
    [
        (("cidrs", 0), "10.0.0.0/8", "{cidr: 10.0.0.0/8, ports: [443]}"),
        (("cidrs", 0), "fd00::/8", '{cidr: "fd00::/8", ports: [443]}'),
        (("cidrs", 0), "https://user:hunter2@x", "{cidr: 10.60.12.0/24, ports: [443]}"),
        (("services", 2), "postgres", "{name: postgres, namespace: data, podSelector: {app: postgres}, ports: [6379]}"),
        (("servers", "a"), "x", ""),
        (("args", 0), "x", ""),
    ],
)
def test_what_was_written_is_in_the_form(path: tuple[str | int, ...], written: str, form: str) -> None:
    """A block or name that can be read is kept; anything else is not repeated."""
    assert item_form(path, written) == form
