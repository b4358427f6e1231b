"""The catalog schema: what it accepts and refuses, and that it can be read by people, editors and every engine.

Three judge by it: jsonschema-rs (large catalogs), jsonschema (the words of errors), and structure.fits (small ones).
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import jsonschema_rs
import pytest

import gen_schema
from mcpfence.catalog import structure
from mcpfence.catalog.schema import judge
from mcpfence.catalog.structure import fits
from mcpfence.findings.finding import Collector
from quick_catalogs import make_catalog
from schema_cases import BAD, FULL, GOOD
from tooling import ROOT

SCHEMA: dict[str, Any] = json.loads((ROOT / "schemas" / "catalog.schema.json").read_text(encoding="utf-8"))
SLOW = jsonschema.Draft202012Validator(SCHEMA)
FAST = jsonschema_rs.validator_for(SCHEMA)


def fit(document: Any) -> bool:
    """What our own judge says."""
    return fits(document, SCHEMA, SCHEMA)


OPEN = {
    # Maps whose keys are names, labels or resources.
    "/properties/clients": "names",
    "/properties/servers": "names",
    "/properties/workloads": "names",
    "/$defs/gateway/properties/virtualServers": "names",
    "/$defs/resourceQuota/properties/hard": "resources",
    "/$defs/stringMap": "labels or annotations",
    "/$defs/podSelector": "labels",
    "/$defs/podSelectors": "labels",
    # Kubernetes' own structures, which its API server judges.
    "/$defs/mcpServerDefaults/properties/resources": "a pod's",
    "/$defs/serverRun/properties/resources": "a pod's",
    "/$defs/mcpServerDefaults/properties/affinity": "a pod's",
    "/$defs/mcpServerDefaults/properties/tolerations/items": "a pod's",
    "/$defs/mcpServerDefaults/properties/nanobotAgentResources": "a pod's",
}


def _schemas(schema: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema inside a schema, with its JSON pointer; the contents of default and enum are none."""
    if not isinstance(schema, dict):
        return
    yield where, schema
    for key in ("properties", "$defs"):
        for name, child in schema.get(key, {}).items():
            yield from _schemas(child, f"{where}/{key}/{name}")
    for key in ("items", "additionalProperties"):
        yield from _schemas(schema.get(key), f"{where}/{key}")
    for index, child in enumerate(schema.get("anyOf", [])):
        yield from _schemas(child, f"{where}/anyOf/{index}")


ALL = dict(_schemas(SCHEMA))


def _path(error: jsonschema.ValidationError) -> str:
    """As `json_path`, which quotes keys with dots only from jsonschema 4.25 on."""
    steps = (f".{step}" if str(step).isidentifier() else f"[{step!r}]" for step in error.absolute_path)
    return "".join(steps).removeprefix(".")


@pytest.mark.parametrize("what", GOOD)
def test_good_documents_are_accepted(what: str) -> None:
    """All engines accept what is right in structure, whatever it means."""
    assert [error.message for error in SLOW.iter_errors(GOOD[what])] == []
    assert FAST.is_valid(GOOD[what])
    assert fit(GOOD[what])


@pytest.mark.parametrize("what", BAD)
def test_bad_documents_are_refused_where_they_are_bad(what: str) -> None:
    """All engines refuse, and the error stands at the place of the mistake."""
    document, path, keyword = BAD[what]

    assert [(_path(error), error.validator) for error in SLOW.iter_errors(document)] == [(path, keyword)]
    assert not FAST.is_valid(document)
    assert not fit(document)


def test_engines_agree_on_every_mutation() -> None:
    """Whatever stands at any place of a full catalog, the engines say the same of it."""
    values: list[Any] = [None, True, False, 0, 1.0, 1.5, "", "all", "none", [], [""], [1], {}, {"name": "a"}, {"a": 1}]
    values += [
        1,
        10**400,
        -1.0,
        1e300,
        ["a", "a"],
        ["IPv4", "IPv4"],
        [[], []],
        [None],
        {"": ""},
        {"A": []},
        "IPv4",
        "*",
    ]
    refused = 0
    for path in list(_places(FULL)):
        for value in values:
            document = _replaced({path[0]: FULL[path[0]]}, path, value)
            slow = SLOW.is_valid(document)
            assert (FAST.is_valid(document), fit(document)) == (slow, slow), (path, value)
            refused += not slow

    assert refused > 3000


def test_engines_agree_on_random_catalogs() -> None:
    """Catalogs of all kinds, as they are and with parts of others in them, get one verdict."""
    verdicts = []
    for seed in range(400):
        chance = Random(seed)  # noqa: S311  no secret is made of it
        document, other = make_catalog(seed), make_catalog(seed + 1)
        for _ in range(seed % 4):
            path, part = chance.choice(list(_places(document))), chance.choice(list(_places(other)))
            document = _replaced(document, path, _part(other, part))
        slow = SLOW.is_valid(document)
        assert (FAST.is_valid(document), fit(document)) == (slow, slow), document
        verdicts.append(slow)

    assert 100 < sum(verdicts) < 300


def _part(document: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        document = document[step]
    return document


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), b"x", ("a",), {"a"}, date(2026, 1, 1), 1j])
def test_what_json_does_not_have_fits_nowhere(odd: Any) -> None:
    """Whatever a reader may make of a document, only what JSON knows is let through."""
    for path in list(_places(FULL)):
        if path[-2:-1] not in FREE and path[-3:-2] not in FREE:
            assert not fit(_replaced({path[0]: FULL[path[0]]}, path, odd)), path


FREE = (("resources",), ("affinity",), ("tolerations",), ("nanobotAgentResources",))
"""What is in these is Kubernetes' own."""


@pytest.mark.parametrize("key", [1, None, True, "a\ud800"])
def test_keys_are_texts(key: Any) -> None:
    """A key that JSON cannot have, or of which no bytes can be made, is let through in no map of names."""
    maps = ({"labels": {key: "a"}}, {"labels": {"a": "a"}})

    assert [fit({"mcpNamespace": one}) for one in maps] == [False, True]
    server = {"runtime": "npx", "npxConfig": {"package": "a"}}
    assert [fit({"servers": {one: server}}) for one in (key, "a")] == [False, True]
    assert not fit({key: {}})


@pytest.mark.parametrize("servers", [1, 1_000, 1_001])
def test_whoever_judges_says_the_same(servers: int) -> None:
    """A catalog is accepted, and refused with the same words, however many servers it has."""
    good = {f"a{number}": {"runtime": "npx", "npxConfig": {"package": "a"}} for number in range(servers)}
    bad = {**good, "a0": {"runtime": "npx", "npxConfig": {"pakage": "a"}}}
    fine, wrong = Collector(), Collector()

    assert (judge({"servers": good}, fine), judge({"servers": bad}, wrong)) == (True, False)
    assert [finding.message for finding in fine.findings()] == []
    assert [finding.message for finding in wrong.findings()] == [
        "servers.a0.npxConfig.pakage: is no known key; did you mean package? Else write one of: "
        "args, denyAllEgress, egressDomains, package",
    ]


def test_our_judge_knows_every_keyword_of_the_schema() -> None:
    """A keyword that it does not know would be an error at run time: here it is one before."""
    assert {key for schema in ALL.values() for key in schema} == set(structure._KEYWORDS)
    assert {name for schema in ALL.values() for name in _types(schema)} | {"number"} == set(structure._TYPES)


def test_our_judge_is_asked_only_what_it_can_tell() -> None:
    """It compares texts and booleans alone, and looks for what stands twice among texts alone."""
    for where, schema in ALL.items():
        choices = [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else [])]
        assert all(isinstance(choice, (str, bool)) for choice in choices), where
        if "uniqueItems" in schema:
            items = schema["items"]
            assert items.get("type") == "string" or all(isinstance(item, str) for item in items["enum"]), where
        assert schema.get("$ref", "#/$defs/").startswith("#/$defs/"), where


def test_an_unknown_keyword_is_an_error() -> None:
    """A schema that says more than the judge knows is never taken to say less."""
    with pytest.raises(KeyError, match="pattern"):
        fits("a", {"type": "string", "pattern": "b"}, {})
    with pytest.raises(KeyError, match="null"):
        fits("a", {"type": "null"}, {})


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in pairs:
        yield (*path, key)
        yield from _places(child, (*path, key))


def _replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The document with another value at a place; only what lies on the way is copied."""
    if not path:
        return value
    result = copy.copy(document)
    result[path[0]] = _replaced(document[path[0]], path[1:], value)
    return result


def test_full_document_has_each_key() -> None:
    """The document behind the mutations uses every property of the schema, so that none goes untested."""
    used = {key for path in _places(FULL) for key in path if isinstance(key, str)}

    assert {name for schema in ALL.values() for name in schema.get("properties", {})} - used == set()


def test_metaschema_accepts_it() -> None:
    """The schema is valid JSON Schema 2020-12 and says so."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["title"]
    assert "required" not in SCHEMA


def test_only_keywords_that_every_engine_reads_alike() -> None:
    """No format, which engines treat differently; no pattern, which Go reads as RE2; no reference to elsewhere."""
    keywords = {key for schema in ALL.values() for key in schema}

    assert keywords == {
        *("$schema", "$id", "title", "description", "examples", "$defs", "$ref", "default", "writeOnly"),
        *("type", "enum", "const", "anyOf", "properties", "additionalProperties", "required"),
        *("items", "minItems", "uniqueItems", "minProperties"),
    }
    assert {schema["$ref"] for schema in ALL.values() if "$ref" in schema} == {
        f"#/$defs/{name}" for name in SCHEMA["$defs"]
    }, "each definition is used, and no reference leaves the document"


def test_every_property_says_what_it_is() -> None:
    """Each key has one or two plain sentences: they are the reference and the help of editors."""
    properties = {where: schema for where, schema in ALL.items() if where.rpartition("/")[0].endswith("/properties")}

    assert len(properties) > 150
    bad = {where for where, schema in properties.items() if not schema.get("description", "").endswith(".")}
    assert bad == set()
    wide = {where for where, schema in properties.items() if len(schema["description"]) > 200}
    assert wide == set()


def test_descriptions_name_the_defaults() -> None:
    """Where the schema has a default, the sentence has it too, so that help and engines cannot disagree."""
    for where, schema in ALL.items():
        if "default" in schema:
            assert "Default" in schema["description"], where
            if isinstance(schema["default"], str | int) and not isinstance(schema["default"], bool):
                told = str(schema["default"]) or ("RELEASE" if where.endswith("/name") else "empty")
                assert told in schema["description"].partition("Default")[2], where


def test_defaults_fit_their_own_schema() -> None:
    """A default that the schema itself refuses would mislead editors."""
    for where, schema in ALL.items():
        if "default" in schema:
            validator = jsonschema.Draft202012Validator({**schema, "$defs": SCHEMA["$defs"]})
            assert validator.is_valid(schema["default"]), where


def test_our_structures_are_closed() -> None:
    """An unknown key is an error at every level, except in maps of names and in Kubernetes' own structures."""
    objects = {where: schema for where, schema in ALL.items() if "object" in _types(schema)}
    open_ones = {where for where, schema in objects.items() if schema.get("additionalProperties") is not False}

    assert open_ones == set(OPEN)
    assert len(objects) > 40


def _types(schema: dict[str, Any]) -> list[str]:
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds


def test_what_may_be_secret_is_marked() -> None:
    """writeOnly marks the values that messages must not print and the carrier must not carry."""
    private = {where for where, schema in ALL.items() if schema.get("writeOnly")}

    assert private == {
        "/$defs/args",
        "/$defs/args/items",
        "/$defs/containerizedConfig/properties/command",
        "/$defs/envEntry/properties/value",
        "/$defs/header/properties/value",
        "/$defs/remoteConfig/properties/fixedURL",
        "/$defs/remoteConfig/properties/urlTemplate",
        "/$defs/uvxConfig/properties/command",
    }


def test_workloads_have_a_servers_grammar() -> None:
    """egress of a workload is egress of a server and `servers`, nothing else."""
    ours, theirs = (SCHEMA["$defs"][name]["properties"] for name in ("egress", "workloadEgress"))

    assert set(theirs) - set(ours) == {"servers"}
    assert _without_words(ours) == _without_words({key: theirs[key] for key in ours})


def test_registry_entries_are_domains_or_services() -> None:
    """A registry entry has the keys of both forms, with the same structure; its defaults depend on the form."""
    domain, service, entry = (SCHEMA["$defs"][name]["properties"] for name in ("domain", "service", "registryEntry"))

    assert _without_words(entry) == _without_words({**service, **domain})


def _without_words(properties: dict[str, Any]) -> dict[str, Any]:
    words = {"description", "default"}
    return {
        name: {key: value for key, value in schema.items() if key not in words} for name, schema in properties.items()
    }


def test_values_schema_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    """chart/values.schema.json is what the generator makes of the catalog schema today."""
    assert (gen_schema.main(["--check"]), capsys.readouterr().err) == (0, "")


def test_values_schema_adds_only_global() -> None:
    """The chart's values are the catalog's keys and `global`, which helm gives to subcharts."""
    schema = json.loads((ROOT / "chart" / "values.schema.json").read_text(encoding="utf-8"))

    assert schema["properties"].pop("global")["type"] == "object"
    assert schema.pop("$comment") == (
        "Generated from schemas/catalog.schema.json by tools/gen_schema.py; edit the source instead."
    )
    assert schema == {key: value for key, value in SCHEMA.items() if key != "$id"}


def test_stale_values_schema_is_reported_and_rewritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--check names the stale file and what to run, and writes nothing; a plain run repairs it."""
    for name in (gen_schema.SOURCE, gen_schema.TARGET):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    changed = gen_schema.pretty({**SCHEMA, "title": "another"}) + "\n"
    (tmp_path / gen_schema.SOURCE).write_text(changed, encoding="utf-8")
    before = (tmp_path / gen_schema.TARGET).read_text(encoding="utf-8")

    assert gen_schema.main(["--check", "--root", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        "chart/values.schema.json is stale: schemas/catalog.schema.json has changed since it was written; "
        "run `python tools/gen_schema.py` and commit the result\n"
    )
    assert (tmp_path / gen_schema.TARGET).read_text(encoding="utf-8") == before

    assert gen_schema.main(["--root", str(tmp_path)]) == 0
    assert gen_schema.main(["--check", "--root", str(tmp_path)]) == 0
    assert json.loads((tmp_path / gen_schema.TARGET).read_text(encoding="utf-8"))["title"] == "another"


class Compared(str):
    """A text that counts how often it is compared."""

    __slots__ = ()
    times = 0

    def __eq__(self, other: object) -> bool:
        Compared.times += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def test_a_long_list_is_looked_at_once() -> None:
    """Whether an item stands twice takes no time of the square of their number."""
    Compared.times = 0
    schema = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
    texts = [Compared(f"a{number}.example.com") for number in range(2_000)]

    assert fits(texts, schema, schema)
    assert not fits([*texts, str(texts[0])], schema, schema)
    assert Compared.times < 10 * len(texts)
