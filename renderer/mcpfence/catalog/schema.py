"""The JSON Schema judges the structure of a catalog; its verdict is worded for people here.

For 10,000 servers jsonschema-rs says yes or no within milliseconds, but to load it takes longer than to look at a
thousand servers with our own few lines (`structure`), which the tests hold to the same verdicts.  Only when the answer
is no, jsonschema walks the catalog again to tell every place, and each fault becomes a sentence that names the nearest
known key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import mcpfence
from mcpfence.catalog.model import CONFIGS
from mcpfence.catalog.structure import fits
from mcpfence.findings.finding import Collector, Path, quote
from mcpfence.findings.wording import nearest, type_name
from mcpfence.text.secret_detection import secret_name

_NAMES = {
    "object": "a mapping",
    "array": "a list",
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


@lru_cache(maxsize=1)
def schema_text() -> str:
    """The text of schemas/catalog.schema.json, which travels in the package."""
    loader: Any = mcpfence.__spec__.loader  # as pkgutil.get_data does it, which takes a millisecond to load
    data: bytes = loader.get_data(f"{mcpfence.__path__[0]}/schemas/catalog.schema.json")
    return data.decode()


@lru_cache(maxsize=1)
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(schema_text())
    return schema


@lru_cache(maxsize=1)
def _fast() -> Any:
    import jsonschema_rs  # here, so that small catalogs do without

    return jsonschema_rs.validator_for(schema_text())


_FEW = 1_000
"""Up to so many servers and workloads are looked at in less time than jsonschema-rs takes to load."""


def _is_sound(raw: Mapping[str, Any]) -> bool:
    groups = (raw.get("servers"), raw.get("workloads"))
    if sum(len(group) for group in groups if isinstance(group, Mapping)) > _FEW:
        sound: bool = _fast().is_valid(raw)
        return sound
    return fits(raw, _schema(), _schema())


def judge(raw: Any, out: Collector) -> bool:
    """Whether the structure is right; each fault is added to `out` otherwise."""
    if not isinstance(raw, Mapping):
        sentence = f"the catalog is {type_name(raw)}, not a mapping"
        out.add("catalog-not-a-mapping", (), sentence, "write keys such as servers: at its top")
        return False
    if _is_sound(raw):
        return True
    import jsonschema  # cold path

    validator = jsonschema.Draft202012Validator(_schema())
    found = False
    for error in validator.iter_errors(raw):
        for path, sentence, todo, id in _words(error):
            found = True
            out.add(id, path, sentence, todo)
    if not found:
        out.add("structure", (), "the catalog does not fit the schema", "compare it with docs/catalog.md")
    return False


_COMPARE = "compare it with docs/catalog.md"
_SIZES = {
    "minItems": ("is an empty list", "list at least one entry, or remove the key", "list-empty"),
    "minProperties": ("is an empty mapping", "write at least one key, or remove it", "list-empty"),
    "uniqueItems": ("lists something twice", "write each entry once", "list-twice"),
}
_Words = tuple[Path, str, str, str]


def _words(error: Any) -> Iterator[_Words]:
    path: Path = tuple(error.absolute_path)
    kind, value, instance = error.validator, error.validator_value, error.instance
    if kind in ("anyOf", "oneOf"):
        yield from _alternatives(error)
    elif kind == "additionalProperties":
        from mcpfence.catalog.misplaced import misplaced  # cold path

        known = list(error.schema.get("properties", {}))
        for key in instance:
            if key not in known and (value is False):
                todo = misplaced((*path, str(key)), instance) if str(key) in instance else ""
                yield (*path, str(key)), "is no known key", todo or _known(str(key), known), "key-unknown"
    elif kind == "type":
        wanted = value if isinstance(value, list) else [value]
        yield path, f"is {type_name(instance)}", _type_todo(instance, wanted, path), "type"
    elif kind in ("enum", "const"):
        choices = value if kind == "enum" else [value]
        yield path, f"{_shown(instance, path)} is no choice here", _choices(instance, choices), "choice"
    elif kind == "required":
        for key in value:
            if key not in instance:
                yield path, f"has no {key}", _missing(key, path, instance), "key-missing"
    else:
        sentence, todo, id = _SIZES.get(kind, (f"does not fit the schema ({kind})", _COMPARE, "structure"))
        yield path, sentence, todo, id


def _alternatives(error: Any) -> Iterator[_Words]:
    """Of several allowed forms the one whose type fits speaks; if none fits, all forms are named."""
    fitting = [child for child in error.context if child.validator != "type" or list(child.relative_path)]
    branches: dict[int, list[Any]] = {}
    for child in error.context:
        branches.setdefault(child.schema_path[0], []).append(child)
    plausible = [
        children
        for children in branches.values()
        if not any(child.validator == "type" and not list(child.relative_path) for child in children)
        and not any(child.validator in ("const", "enum") and not list(child.relative_path) for child in children)
    ]
    if plausible and fitting:
        for child in min(plausible, key=len):
            yield from _words(child)
        return
    path: Path = tuple(error.absolute_path)
    forms: list[str] = []
    for child in error.context:
        if list(child.relative_path):
            continue
        if child.validator == "type":
            wanted = child.validator_value if isinstance(child.validator_value, list) else [child.validator_value]
            forms += [_NAMES[name] for name in wanted]
        elif child.validator == "const":
            forms.append(str(child.validator_value))
        elif child.validator == "enum":
            forms += [json.dumps(item) if not isinstance(item, str) else item for item in child.validator_value]
    choices = " or ".join(dict.fromkeys(forms)) or "another form"
    yield path, f"is {_shown(error.instance, path)}", f"write {choices}", "type"


_MAY_BE_SECRET = frozenset({"annotations", "args", "command", "env", "fixedURL", "headers", "urlTemplate", "value"})
"""Keys below which a value is never repeated, whatever it looks like."""


def _shown(value: Any, path: Path) -> str:
    """A value that is written where another one belongs; only its type where it, or what is in it, may be a secret."""
    hushed = any(isinstance(step, str) and (step in _MAY_BE_SECRET or secret_name(step)) for step in path)
    return quote(value) if isinstance(value, (str, int, float, bool)) and not hushed else type_name(value)


def _type_todo(instance: Any, wanted: list[str], path: Path) -> str:
    from mcpfence.catalog.item_forms import item_form  # cold path

    names = " or ".join(_NAMES[name] for name in wanted)
    form = item_form(path, instance) if "object" in wanted else ""
    if form:
        return f"write {form}{'' if instance is not None else ', or remove the entry'}"
    if wanted == ["array"] and _shown(instance, path) != type_name(instance):
        form = item_form((*path, 0), instance)
        return f"write a list: [{form if form and ', or ' not in form else _item(instance)}]"
    if instance is None:
        return f"write {names}, or remove the {'entry' if isinstance(path[-1], int) else 'key'}"
    if "string" in wanted and "integer" not in wanted and isinstance(instance, (bool, int, float)):
        return "put it in quotes"
    return f"write {names}"


def _item(value: Any) -> str:
    """A scalar as the entry of a list in YAML; in quotes where it needs them."""
    text = quote(value)
    return text[1:-1] if re.fullmatch(r'"[A-Za-z0-9][A-Za-z0-9./-]*"', text) else text


def _choices(instance: Any, choices: list[Any]) -> str:
    words = [item if isinstance(item, str) else json.dumps(item) for item in choices]
    if isinstance(instance, str) and instance.lower() in words:
        return f"write {instance.lower()}"
    listed = ", ".join(word or '""' for word in words)
    return nearest(str(instance), words, f"write one of: {listed}") if len(words) > 1 else f"write {listed}"


def _missing(key: str, path: Path, instance: Mapping[str, Any]) -> str:
    """What to write for a key that is not there; of a runtime its name, where the other keys tell it."""
    if key != "runtime" or path[:1] != ("servers",):
        return f"write {key}"
    from mcpfence.catalog.misplaced import runtime_of  # cold path

    told = runtime_of(instance)
    return f"write runtime: {told}" if told else f"write runtime, which is one of {', '.join(CONFIGS)}"


def _known(key: str, known: list[str]) -> str:
    if len(known) == 1:
        return f"write {known[0]}, or remove it"
    listed = ", ".join(sorted(known))
    return nearest(key, known, f"write one of: {listed}") if known else "remove it"
