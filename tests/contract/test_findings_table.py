"""The one table of findings and the code agree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import mcpfence
from mcpfence.findings import table
from mcpfence.findings.table import TABLE, Row
from mcpfence.providers import all_providers

all_providers()  # adds the rows of each to the table

TABLE_FILE = Path(table.__file__)
SOURCES = sorted(path for path in Path(mcpfence.__file__).parent.rglob("*.py") if path != TABLE_FILE)
"""Every module but the table itself, in which each id stands, used or not."""
SPEAKERS = {"add", "fail", "Finding", "BadHost", "_unknown"}
"""Calls whose first argument is an id, where it is written out; sets have an `add` too, with one argument."""


def constants(tree: ast.AST) -> Iterator[str]:
    """Every text that stands in the code, but the ids of rows: those that a provider adds to the table stand there."""
    rows = {key for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in _ids_of_rows(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in rows:
            yield node.value


def _ids_of_rows(node: ast.Dict) -> Iterator[ast.expr]:
    for key, value in zip(node.keys, node.values, strict=True):
        if key is not None and isinstance(value, ast.Call) and ast.unparse(value.func) == Row.__name__:
            yield key


def spoken(tree: ast.AST) -> Iterator[str]:
    """Every text that is the first argument of a call that makes a finding."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or len(node.args) < 2 or not isinstance(node.args[0], ast.Constant):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in SPEAKERS and isinstance(node.args[0].value, str):
            yield node.args[0].value


def test_every_id_of_the_table_is_used() -> None:
    """An id that no code can say has no place in the table."""
    said = {text for path in SOURCES for text in constants(ast.parse(path.read_text(encoding="utf-8")))}

    assert set(TABLE) - said == set()


def test_an_id_that_only_its_row_says_is_not_used() -> None:
    """The test above can fail, for a row of a provider too."""
    tree = ast.parse('ROWS = {"a-row": Row(Severity.NOTE, "A meaning.")}\nout.add("a-finding", (), "says it")\n')

    assert {"a-finding"} == set(constants(tree)) & {"a-row", "a-finding"}


def test_every_id_of_the_code_is_in_the_table() -> None:
    """An id that the code says stands in the table, or its severity would not be known."""
    said = {text for path in SOURCES for text in spoken(ast.parse(path.read_text(encoding="utf-8")))}

    assert len(said) > 60
    assert said - set(TABLE) == set()


def test_table_is_for_people() -> None:
    """Ids are words with hyphens, and meanings are whole sentences."""
    for id, row in TABLE.items():
        assert id.replace("-", "").isalnum()
        assert id == id.lower()
        assert row.meaning.endswith(".")
        assert row.meaning[0].isupper() or row.meaning.split(" ")[0] in {
            "kubernetesAPI",
            "cloudIdentity",
            "denyAllEgress:",
            "ingress.from",
            "localhost",
            "helm",
            "ports:",
        }
