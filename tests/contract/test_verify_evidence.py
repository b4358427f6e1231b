"""Evidence that somebody else can check: a checker of its own, forms that others read, and packs of all examples."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from helpers import run_cli
from mcpfence.evidence.pack import CERTIFICATE
from mcpfence.system.packs import read_pack
from packing import NAMED, certificate_of, pack_of
from tooling import ROOT

CHECKER = ROOT / "renderer" / "mcpfence" / "verify"
EXAMPLES = sorted(path.name for path in (ROOT / "values-examples").iterdir() if path.is_dir())
MOST_LINES = 400
ALLOWED = ("mcpfence.reach.", "mcpfence.documents.agreement")
"""The judge; and what reads YAML for it as every reader of YAML does, without which no manifest could be read."""


def _imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return found | {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def test_the_checker_imports_the_judge_and_the_standard_library() -> None:
    """Nothing of what makes packs, catalogs or policies is asked when one is checked."""
    found = {name for path in CHECKER.rglob("*.py") for name in _imports(path)}
    foreign = {name for name in found if name.split(".")[0] not in sys.stdlib_module_names}

    assert {name for name in foreign if not name.startswith(ALLOWED)} == set()
    assert {name for name in foreign if not name.startswith("mcpfence.reach.")} == {"mcpfence.documents.agreement"}


def test_the_checker_is_short() -> None:
    """Somebody who doubts it can read all of it."""
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in CHECKER.rglob("*.py"))

    assert lines <= MOST_LINES


def _statement(pack: dict[str, bytes]) -> Any:
    from google.protobuf import json_format
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.statement import Statement

    found = json_format.ParseDict(json.loads(pack[CERTIFICATE]), statement_pb2.Statement())
    Statement.copy_from_pb(found).validate()
    return found


def test_the_certificate_is_a_statement_of_in_toto() -> None:
    """Their own library reads it by their own protobuf, and says that it is a statement."""
    found = _statement(pack_of(NAMED))

    assert found.predicate_type == "https://mcpfence.io/containment/v1"
    assert [(one.name, list(one.digest)) for one in found.subject] == [("manifests/rendered.yaml", ["sha256"])]


@pytest.mark.parametrize(
    "change", [{"subject": []}, {"_type": "https://in-toto.io/Statement/v0.1"}, {"predicateType": ""}, {"more": 1}]
)
def test_what_is_no_statement_is_seen(change: dict[str, Any]) -> None:
    """Their library refuses what is none, so the test above can fail."""
    from google.protobuf import json_format

    statement = {**certificate_of(pack_of(NAMED)), **change}
    with pytest.raises((ValueError, json_format.ParseError)):
        _statement({CERTIFICATE: json.dumps(statement).encode()})


def _strict_schema() -> Any:
    return json.loads((ROOT / "schemas" / "certificate.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_gives_a_pack_that_is_what_it_says(name: str, tmp_path: Path) -> None:
    """Twice the same bytes, with live tests among them; a certificate by its schema; and a checker that is content."""
    values = [flag for file in sorted((ROOT / "values-examples" / name).glob("*.yaml")) for flag in ("-f", str(file))]
    for folder in ("a", "b"):
        more = ("--netassert", "--job", "registry.example.com/python:3.13")
        done = run_cli("evidence", *values, "-o", str(tmp_path / folder), *more)
        assert done.code == 0, done.stderr
    pack = read_pack(tmp_path / "a")
    jsonschema.Draft202012Validator(_strict_schema()).validate(json.loads(pack[CERTIFICATE]))

    assert pack == read_pack(tmp_path / "b")
    checked = run_cli("verify-evidence", str(tmp_path / "a"))
    assert checked.code == 0, checked.stderr


def test_the_schema_refuses_what_is_wrong() -> None:
    """It is a schema, and a witness without a verdict is none."""
    jsonschema.Draft202012Validator.check_schema(_strict_schema())
    statement = certificate_of(pack_of(NAMED))
    del statement["predicate"]["fences"][0]["egress"]["witnesses"][0]["verdict"]

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(_strict_schema()).validate(statement)
