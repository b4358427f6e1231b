"""Whether a value fits a JSON Schema: the yes or no for catalogs that are judged sooner than jsonschema-rs is loaded.

It knows the keywords that schemas/catalog.schema.json uses, and no others: one that is missing in the table below ends
in a KeyError and never in a yes, and a test compares the table with the schema.  Numbers are those of JSON, so 1.0 is a
whole number, true is none, and what is no number is none either; keys are texts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Schema = Mapping[str, Any]


def fits(value: Any, schema: Schema, whole: Schema) -> bool:
    """Whether a value fits `schema`, which is `whole` or a part of it."""
    return all(_KEYWORDS[keyword](value, wanted, schema, whole) for keyword, wanted in schema.items())


def _annotation(_value: Any, _wanted: Any, _schema: Schema, _whole: Schema) -> bool:
    return True


def _reference(value: Any, wanted: str, _schema: Schema, whole: Schema) -> bool:
    return fits(value, whole["$defs"][wanted.removeprefix("#/$defs/")], whole)


def _type(value: Any, wanted: str | list[str], _schema: Schema, _whole: Schema) -> bool:
    return _TYPES[wanted](value) if isinstance(wanted, str) else any(_TYPES[name](value) for name in wanted)


def _one_of_values(value: Any, wanted: list[str | bool], _schema: Schema, _whole: Schema) -> bool:
    """True and 1 are two values, though Python calls them equal."""
    return isinstance(value, (str, bool)) and any(value == one and type(value) is type(one) for one in wanted)


def _the_value(value: Any, wanted: str, schema: Schema, whole: Schema) -> bool:
    return _one_of_values(value, [wanted], schema, whole)


def _any_form(value: Any, wanted: list[Schema], _schema: Schema, whole: Schema) -> bool:
    return any(fits(value, one, whole) for one in wanted)


def _required(value: Any, wanted: list[str], _schema: Schema, _whole: Schema) -> bool:
    return not isinstance(value, dict) or all(key in value for key in wanted)


def _properties(value: Any, wanted: Mapping[str, Schema], _schema: Schema, whole: Schema) -> bool:
    return not isinstance(value, dict) or all(fits(value[key], wanted[key], whole) for key in wanted if key in value)


def _other_properties(value: Any, wanted: Schema | bool, schema: Schema, whole: Schema) -> bool:
    if not isinstance(value, dict):
        return True
    known = schema.get("properties", {})
    others = [key for key in value if key not in known]
    if isinstance(wanted, bool):
        return wanted or not others
    return all(_is_key(key) and fits(value[key], wanted, whole) for key in others)


def _fewest_properties(value: Any, wanted: int, _schema: Schema, _whole: Schema) -> bool:
    return not isinstance(value, dict) or len(value) >= wanted


def _items(value: Any, wanted: Schema, _schema: Schema, whole: Schema) -> bool:
    return not isinstance(value, list) or all(fits(item, wanted, whole) for item in value)


def _fewest_items(value: Any, wanted: int, _schema: Schema, _whole: Schema) -> bool:
    return not isinstance(value, list) or len(value) >= wanted


def _no_item_twice(value: Any, wanted: bool, _schema: Schema, _whole: Schema) -> bool:
    """Only lists of texts are asked; other items do not fit for another reason."""
    if not wanted or not isinstance(value, list):
        return True
    texts = [item for item in value if isinstance(item, str)]
    return len(set(texts)) == len(texts)


def _is_key(key: object) -> bool:
    """A text of which bytes can be made; JSON has halves of characters, too."""
    return isinstance(key, str) and (key.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in key))


def _is_number(value: object) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value - value == 0)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_number(value) and value == int(value),
    "number": _is_number,
}

_KEYWORDS: dict[str, Callable[[Any, Any, Schema, Schema], bool]] = {
    "$ref": _reference,
    "type": _type,
    "enum": _one_of_values,
    "const": _the_value,
    "anyOf": _any_form,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _other_properties,
    "minProperties": _fewest_properties,
    "items": _items,
    "minItems": _fewest_items,
    "uniqueItems": _no_item_twice,
    **dict.fromkeys(("$schema", "$id", "$defs", "title", "description"), _annotation),
    **dict.fromkeys(("default", "examples", "writeOnly"), _annotation),
}
