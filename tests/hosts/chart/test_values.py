"""values.yaml, the schema and the renderer say the same: same keys, same defaults, working examples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml

from charting import CHART
from mcpfence.catalog.reader import read_catalog
from mcpfence.findings.finding import Collector
from mcpfence.findings.table import Severity
from tooling import ROOT

TEXT = (CHART / "values.yaml").read_text(encoding="utf-8")
VALUES: dict[str, Any] = yaml.load(TEXT, Loader=yaml.CSafeLoader)
SCHEMA: dict[str, Any] = json.loads((ROOT / "schemas" / "catalog.schema.json").read_text(encoding="utf-8"))

OWNED = ("mcpNamespace", "rbac", "guard")
"""The subtrees that the chart itself reads: their defaults stand in values.yaml."""
DEFAULTS = ("cluster", "dns", "egress", "run", "gateway")
"""The subtrees of the catalog that are commented out with their defaults."""
EXAMPLES = ("clients", "servers", "workloads")
"""The subtrees of the catalog that are commented out with examples, since nothing is there by default."""


def _documented(text: str) -> dict[str, Any]:
    """values.yaml with the commented lines of each example (`#   key: value`) below `parent: {}` made real."""
    lines: list[str] = []
    parent = 0
    for line in text.splitlines():
        if re.match(r" *#  +\S", line):
            lines[parent] = re.sub(r": (\{\}|\[\])$", ":", lines[parent])
            lines.append(line.replace("#", " ", 1))
        else:
            parent = len(lines) if not line.strip().startswith("#") else parent
            lines.append(line)
    return dict(yaml.load("\n".join(lines), Loader=yaml.CSafeLoader))


DOCUMENTED = _documented(TEXT)


def _resolve(schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    return {**SCHEMA["$defs"][reference.rpartition("/")[2]], **schema} if reference else schema


def _keys(schema: dict[str, Any], value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Every key that the schema has below the documented value, with its path; an empty list has nothing below it."""
    schema = _resolve(schema)
    for name, child in schema.get("properties", {}).items():
        yield (*path, name), _resolve(child)
        yield from _keys(child, (value or {}).get(name), (*path, name))
    if value and isinstance(value, list):
        yield from _keys(schema["items"], value[0], path)


def _paths(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for name, child in value.items():
            yield (*path, name)
            yield from _paths(child, (*path, name))
    elif isinstance(value, list):
        for child in value:
            yield from _paths(child, path)


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


FREE = {("mcpNamespace", "annotations"), ("mcpNamespace", "resourceQuota", "hard")}
"""Maps whose keys are the user's."""


def test_values_and_schema_have_the_same_subtrees() -> None:
    """Each key at the root of the schema is in values.yaml and the other way round."""
    assert set(VALUES) == set(SCHEMA["properties"]) == {*OWNED, *DEFAULTS, *EXAMPLES, "mcpServerDefaults"}


@pytest.mark.parametrize("subtree", [*OWNED, *DEFAULTS])
def test_values_document_each_key_of_the_schema(subtree: str) -> None:
    """Whoever reads values.yaml sees every key that may be written there, and none that is refused."""
    schema = {(subtree, *path) for path, _ in _keys(SCHEMA["properties"][subtree], DOCUMENTED[subtree])}
    values = {path for path in _paths({subtree: DOCUMENTED[subtree]}) if path[:-1] not in FREE}

    assert values - {(subtree,)} == schema


@pytest.mark.parametrize("subtree", [*OWNED, *DEFAULTS, "mcpServerDefaults"])
def test_values_show_the_defaults_of_the_schema(subtree: str) -> None:
    """A default is the same in the schema, in values.yaml and in its comments."""
    source = VALUES if subtree in OWNED else DOCUMENTED
    compared = 0
    for path, schema in _keys(SCHEMA["properties"][subtree], DOCUMENTED[subtree]):
        if "default" in schema:
            assert _at(source[subtree], path) == schema["default"], (subtree, path)
            compared += 1

    assert compared


def test_catalog_subtrees_are_empty() -> None:
    """Defaults of the catalog exist once, in the renderer: the chart sends it nothing that nobody wrote."""
    assert {key: value for key, value in VALUES.items() if key not in OWNED} == {
        key: {} for key in (*DEFAULTS, *EXAMPLES, "mcpServerDefaults")
    }


def test_each_key_has_its_comment() -> None:
    """Right above every key of values.yaml stands what it means."""
    lines = TEXT.splitlines()
    bare = [
        line
        for index, line in enumerate(lines)
        if re.match(r" *[\w.]+:( |$)", line) and not lines[index - 1].strip().startswith("#")
    ]

    assert bare == []


def test_examples_fit_the_schema() -> None:
    """Uncommented, all of values.yaml is accepted."""
    validator = jsonschema.Draft202012Validator(SCHEMA)

    assert [error.message for error in validator.iter_errors(DOCUMENTED)] == []


def test_examples_mean_something_to_the_renderer() -> None:
    """Uncommented, the catalog is read without an error."""
    out = Collector()
    catalog = read_catalog(DOCUMENTED, release="rel", namespace="ns", out=out)

    assert [finding.message for finding in out.findings() if finding.severity is Severity.ERROR] == []
    assert list(catalog.servers) == ["github", "hub", "search", "tools", "vault"]


def test_documented_defaults_are_the_renderers() -> None:
    """Whoever uncomments the defaults changes nothing: the renderer's defaults are the ones in the comments."""
    written = {key: DOCUMENTED[key] for key in (*DEFAULTS, "mcpServerDefaults")}
    server = {"servers": {"a": {"runtime": "npx"}}}
    out = Collector()
    with_comments = read_catalog({**written, **server}, release="rel", namespace="ns", out=out)
    without = read_catalog(server, release="rel", namespace="ns", out=out)

    assert out.findings() == ()
    assert all(registries.empty for registries in with_comments.registries.values())
    with_comments = with_comments._replace(registries={}, digest="")
    assert with_comments == without._replace(registries={}, digest="")
