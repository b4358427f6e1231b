"""Where tests lie: unit tests mirror the package, helpers are in support, and nothing else stands about."""

from __future__ import annotations

from pathlib import Path

import pytest

from tooling import ROOT, TESTS

PACKAGE = ROOT / "renderer" / "mcpfence"
ROOMS = {"unit", "properties", "contract", "commands", "hosts", "engines", "support"}
PYTHON = sorted(path.relative_to(TESTS) for path in TESTS.rglob("*.py"))


def misplaced(path: Path, package: Path = PACKAGE) -> str:
    """What is wrong with the place of a file below tests/; nothing, if it lies well."""
    room, *inner = path.parts[:-1] or [""]
    if path == Path("conftest.py"):
        return ""
    if room not in ROOMS:
        return f"is in none of {', '.join(sorted(ROOMS))}"
    is_test = path.name.startswith("test_")
    if room == "support":
        return "a test among the helpers" if is_test or path.name == "conftest.py" else ""
    if not is_test and path.name != "conftest.py":
        return "a helper outside support"
    module = package.joinpath(*inner, path.stem.removeprefix("test_") + ".py")
    if room == "unit" and is_test and not module.is_file():
        return f"there is no module {module.relative_to(package).as_posix()} that it tests"
    return ""


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: path.as_posix())
def test_every_file_lies_where_it_belongs(path: Path) -> None:
    """A test of a module that moved or went moves with it."""
    assert misplaced(path) == ""


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("test_a.py", "is in none of commands, contract, engines, hosts, properties, support, unit"),
        ("helpers.py", "is in none of commands, contract, engines, hosts, properties, support, unit"),
        ("support/test_a.py", "a test among the helpers"),
        ("unit/net/helpers.py", "a helper outside support"),
        ("unit/net/test_nothing.py", "there is no module net/nothing.py that it tests"),
        ("unit/net/test_ports.py", ""),
        ("engines/lab/conftest.py", ""),
        ("contract/test_anything.py", ""),
    ],
)
def test_misplaced_files_are_seen(path: str, wrong: str) -> None:
    """The check above can fail."""
    assert misplaced(Path(path)) == wrong
