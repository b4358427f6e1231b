"""Findings as SARIF: what code hosts take, by the schema of OASIS and by what they ask beyond it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edges import CATALOG, mcpfence, values_file
from sarif_schema import schema

WIDE = b"""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: wide, namespace: mcpfence-mcp}
spec: {podSelector: {}, egress: [{}], policyTypes: [Egress]}
"""


def report(folder: Path, *arguments: str, stdin: bytes = b"") -> list[dict[str, Any]]:
    """The results of a check, held to the schema; each has one location with a file and a line."""
    done = mcpfence("check", *arguments, "--format", "sarif", cwd=folder, stdin=stdin)
    told = json.loads(done.stdout)
    schema().validate(told)
    results: list[dict[str, Any]] = told["runs"][0]["results"]
    for item in results:
        (location,) = item["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"]
        assert location["physicalLocation"]["region"]["startLine"] >= 1
    return results


def places(results: list[dict[str, Any]]) -> dict[str, str]:
    """`FILE:LINE:COLUMN` of each result by its rule."""
    found = {}
    for item in results:
        place = item["locations"][0]["physicalLocation"]
        region = place["region"]
        found[item["ruleId"]] = f"{place['artifactLocation']['uri']}:{region['startLine']}:{region['startColumn']}"
    return found


def test_what_has_no_line_is_at_the_first(tmp_path: Path) -> None:
    """Findings on manifests, and on keys that nobody wrote, stand at the first line of the values file."""
    values_file(tmp_path, CATALOG)
    missing = mcpfence("render", "-f", "values.yaml", "--policies-only", cwd=tmp_path).stdout
    results = report(tmp_path, "-f", "values.yaml", "-", stdin=missing + b"---\n" + WIDE)

    assert results != []
    assert all(place.startswith("values.yaml:") for place in places(results).values())
    unread = report(tmp_path, "-f", "values.yaml", "-", stdin=WIDE + b"--- [\n")
    assert set(places(unread).values()) == {"values.yaml:1:1"}


def test_what_has_a_line(tmp_path: Path) -> None:
    """Keys are told by line and column, and so is a file that cannot be read."""
    (tmp_path / "values.yaml").write_text("cluster: {profile: ask}\n")
    (tmp_path / "broken.yaml").write_text("a: 1\nb: [\n")

    assert places(report(tmp_path, "-f", "values.yaml")) == {"choice": "values.yaml:1:20"}
    assert places(report(tmp_path, "-f", "values.yaml", "-f", "broken.yaml")) == {"file-unreadable": "broken.yaml:3:1"}
    assert places(report(tmp_path, "-f", "none.yaml")) == {"file-unreadable": "none.yaml:1:1"}


@pytest.mark.parametrize(
    ("name", "uri"),
    [("a:b.yaml", "a%3Ab.yaml"), ("a b.yaml", "a%20b.yaml"), ("\u00e9.yaml", "%C3%A9.yaml"), ("a:1:2", "a%3A1%3A2")],
)
def test_names_of_files_are_uris(tmp_path: Path, name: str, uri: str) -> None:
    """Whatever a file is called, its name is a URI, and a colon in it is no line."""
    (tmp_path / name).write_text("cluster: {profile: ask}\n")

    assert places(report(tmp_path, "-f", name)) == {"choice": f"{uri}:1:20"}


def test_values_on_stdin(tmp_path: Path) -> None:
    """Without any file a result is still somewhere."""
    assert set(places(report(tmp_path, "-f", "-", stdin=b"servers: {}\n")).values()) <= {"stdin:1:1"}
    assert set(places(report(tmp_path, "-f", "-", stdin=b"cluster: {profile: ask}\n"))) == {"choice"}
