"""Whatever stands in the input or in the user's values: an answer that can be read back, or a refusal."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from cidrs.samples import EKS, VPCS
from mcpfence.cidrs.clouds.table import PROVIDERS
from mcpfence.cidrs.document_value import DocumentValue
from mcpfence.cidrs.facts import Scope
from mcpfence.cidrs.insert import merged
from mcpfence.cidrs.loading import documents
from mcpfence.cidrs.survey import survey
from mcpfence.cidrs.text import fragment
from mcpfence.documents.reader import load_values
from mcpfence.findings.finding import McpfenceError
from tooling import TESTS

CASES = sorted(path for path in (TESTS / "commands" / "cidrs" / "cases").iterdir() if path.is_dir())
JUNK: tuple[Any, ...] = (None, 7, 1.5, True, "", "x\n: y", [], {}, [[1]], {"a": [None]}, "10.0.0.0/8", "::/0")


def inputs(case: Path) -> tuple[str, list[Any]]:
    """The provider of a case and its documents."""
    files = sorted(path for path in case.iterdir() if path.suffix in (".json", ".yaml") and path.stem != "expected")
    provider = (case / "arguments.txt").read_text(encoding="utf-8").split("\n", 1)[0]
    return provider, [node.data for path in files for node in documents(path.name, path.read_text(encoding="utf-8"))]


INPUTS = [inputs(case) for case in CASES]


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    below = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(place for key, value in below for place in places(value, (*path, key)))]


def put(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of a document with another value at a place."""
    if not path:
        return value
    copied = copy.deepcopy(data)
    level = copied
    for step in path[:-1]:
        level = level[step]
    level[path[-1]] = value
    return copied


def nodes(data: list[Any]) -> list[DocumentValue]:
    """Documents as files."""
    return [DocumentValue(f"{number}.json", (), item) for number, item in enumerate(data)]


@given(st.data())
def test_junk_in_any_place(data: st.DataObject) -> None:
    """One value of a real output replaced by anything: never an exception but a refusal, never what YAML cannot read."""
    provider, found = data.draw(st.sampled_from(INPUTS))
    number = data.draw(st.integers(0, len(found) - 1))
    place = data.draw(st.sampled_from(places(found[number])))
    changed = [*found]
    changed[number] = put(found[number], place, data.draw(st.sampled_from(JUNK)))
    try:
        answer, _ = survey(PROVIDERS[provider], nodes(changed), Scope(), {})
    except McpfenceError:
        return

    assert isinstance(load_values(fragment(answer, provider, ["a"])), dict)


CIDRS = st.lists(st.sampled_from(["10.0.0.0/24", "10.40.0.0/15", "fd00::/8", "172.20.0.0/16"]), unique=True, max_size=3)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "cluster": st.none()
        | st.fixed_dictionaries(
            {},
            optional={
                "profile": st.sampled_from(["eks", "aks"]),
                "nat64": st.booleans(),
                "cidrs": st.none() | st.dictionaries(st.sampled_from(["nodes", "pods", "services"]), CIDRS),
            },
        ),
        "egress": st.fixed_dictionaries({}, optional={"except": CIDRS, "default": st.just("deny")}),
        "servers": st.just({"a": {"runtime": "npx", "note": "two\nlines\n"}}),
    },
)


@given(VALUES, st.sampled_from([None, False]), st.sampled_from([2, 4]), st.sampled_from([None, '"']), st.booleans())
def test_merged_values_keep_the_users(values: Any, flow: Any, indent: int, quotes: Any, windows: bool) -> None:
    """However the values are written: the user's data, then what is new; and nothing more the second time."""
    text = yaml.safe_dump(values, default_flow_style=flow, indent=indent, default_style=quotes, sort_keys=False)
    assume("!!" not in text)  # quoted booleans and nulls get tags, which values may not have
    text = text.replace("\n", "\r\n") if windows else text
    found = nodes([EKS, VPCS])
    answer, _ = survey(PROVIDERS["aws"], found, Scope(), values)
    if text.startswith("{"):
        with pytest.raises(McpfenceError, match="is written as one line or as JSON"):
            merged(answer, "v", text, values)
        return
    once = merged(answer, "v", text, values)
    after = load_values(once)

    assert (after.get("servers"), after.get("egress")) == (values.get("servers"), values.get("egress"))
    for key, own in ((values.get("cluster") or {}).get("cidrs") or {}).items():
        assert after["cluster"]["cidrs"][key][: len(own)] == own
    assert merged(survey(PROVIDERS["aws"], found, Scope(), after)[0], "v", once, after) == once
