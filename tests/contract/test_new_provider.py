"""`make new-provider`: what it writes, what it refuses, and that its modules are whole.

That what it writes works as a provider is for test_engine_contract.py to say.
"""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

import new_provider
from mcpfence.reach import engines
from tooling import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the tables of providers and of engines, and nothing else."""
    for table in new_provider.TABLES:
        (tmp_path / table).parent.mkdir(parents=True)
        shutil.copy(ROOT / table, tmp_path / table)
    return tmp_path


def written(folder: Path) -> dict[str, str]:
    """Every file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("composition", new_provider.COMPOSITIONS)
def test_two_folders_two_rows_tests_docs_and_an_example(checkout: Path, composition: str) -> None:
    """Each Python file parses, no word of a template is left, and each table has one row more."""
    before = written(checkout)

    assert new_provider.main(["first", "--composition", composition, "--root", str(checkout)]) == 0

    found = written(checkout)
    tables = [(before[table.as_posix()], found.pop(table.as_posix())) for table in new_provider.TABLES]
    assert sorted(found) == sorted(path.format(name="first") for path in new_provider.FILES.values())
    for path, text in found.items():
        assert "${" not in text
        if path.endswith(".py"):
            ast.parse(text)
    rows = [set(after.splitlines()) - set(once.splitlines()) for once, after in tables]
    assert rows == [{'    "first": "first",'}, {'    "first",'}]


def test_nothing_is_overwritten(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where one of the files is there already, nothing is written, and it is named."""
    new_provider.main(["acme", "--root", str(checkout)])
    (checkout / "renderer/mcpfence/providers/acme/emit.py").write_text("mine", encoding="utf-8")
    before = written(checkout)
    capsys.readouterr()

    assert new_provider.main(["acme", "--root", str(checkout)]) == 1
    assert written(checkout) == before
    assert capsys.readouterr().err == (
        "error: renderer/mcpfence/providers/acme/__init__.py is there already; nothing was written\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([""], "name: '' does not match"),
        (["Acme"], "name: 'Acme' does not match"),
        (["a/../b"], "name: 'a/../b' does not match"),
        (["acme", "--kind", "acmePolicy"], "--kind: 'acmePolicy' does not match"),
        (["acme", "--group", "acme.example"], "--group: 'acme.example' does not match"),
        (["acme", "--composition", "both"], "invalid choice: 'both'"),
    ],
)
def test_bad_words_are_refused(
    checkout: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    """Nothing is written for a name that no folder, module or kind can have."""
    before = written(checkout)

    with pytest.raises(SystemExit) as ended:
        new_provider.main([*arguments, "--root", str(checkout)])

    assert ended.value.code == 2
    assert said in capsys.readouterr().err
    assert written(checkout) == before


def test_every_engine_has_its_row() -> None:
    """The table names each folder of an engine once, in order: one that is forgotten would never be asked."""
    folders = {path.parent.name for path in Path(engines.__file__).parent.glob("*/__init__.py")}

    assert sorted(folders) == engines.TABLE
