"""Cases of bad input as data: a file for each subject, and in it each case with every sentence that it must bring.

    values: |-            optional: a catalog with the word ENTRY where each case puts its `entry`, as JSON
      ...
    cases:
      NAME:
        values: |-        the text of values.yaml, to the byte; or
        entry: ...        what stands in the place of ENTRY
        errors: |         every error, one a line, without the word error; `--update-golden` writes them anew
          PLACE: SENTENCE; WHAT TO DO [ID]

What is written wrong here is a `BrokenCase`, never a case that nobody runs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from helpers import Outcome, run_cli

COMMANDS = {"check": ("check",), "render": ("render", "--policies-only")}
"""The commands that read a catalog; they must say the same of it."""

_PLACE = "ENTRY"
_ERROR = "error: "


class Case(NamedTuple):
    """A catalog that is refused, and every error of it in order."""

    file: Path
    name: str
    values: str
    errors: tuple[str, ...]

    @property
    def title(self) -> str:
        return f"{self.file.stem}: {self.name}"


class BrokenCase(Exception):
    """A file of cases that cannot be used; the message says where and why."""


class _Strict(yaml.SafeLoader):
    """YAML in which no key may stand twice: the second case of a name would hide the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = sorted({str(key) for key in keys if keys.count(key) > 1})
        if twice:
            raise BrokenCase(f"{twice[0]!r} stands twice")
        return super().construct_mapping(node, deep)


def read_cases(folder: Path) -> list[Case]:
    """Every case of a folder, which holds files of cases and nothing else."""
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    if not files:
        raise BrokenCase(f"{folder.name}: no case is there")
    for file in files:
        if file.suffix != ".yaml" or not file.is_file():
            raise BrokenCase(f"{file.name}: is no file of cases; those end in .yaml")
    return [case for file in files for case in read_file(file)]


def read_file(file: Path) -> list[Case]:
    """The cases of one file, in its order."""
    try:
        loaded = yaml.load(file.read_text(encoding="utf-8"), Loader=_Strict)  # noqa: S506
        return [_read(file, name, case, around) for name, case, around in _rows(loaded)]
    except (BrokenCase, yaml.YAMLError) as error:
        raise BrokenCase(f"{file.name}: {error}") from error


def _rows(loaded: Any) -> list[tuple[str, Any, str | None]]:
    if not isinstance(loaded, dict) or not isinstance(loaded.get("cases"), dict) or not loaded["cases"]:
        raise BrokenCase("no case is there")
    _known(loaded, "values", "cases")
    around = loaded.get("values")
    if around is not None and (not isinstance(around, str) or around.count(_PLACE) != 1):
        raise BrokenCase(f"values: must hold {_PLACE} once")
    if around is not None and not any("entry" in case for case in loaded["cases"].values() if isinstance(case, dict)):
        raise BrokenCase("values: no case has an entry for it")
    return [(str(name), case, around) for name, case in loaded["cases"].items()]


def _read(file: Path, name: str, case: Any, around: str | None) -> Case:
    if not isinstance(case, dict):
        raise BrokenCase(f"{name}: is no mapping")
    try:
        _known(case, "values", "entry", "errors")
        return Case(file, name, _values(case, around), _errors(case.get("errors")))
    except BrokenCase as error:
        raise BrokenCase(f"{name}: {error}") from error


def _known(mapping: dict[Any, Any], *known: str) -> None:
    for key in mapping:
        if key not in known:
            raise BrokenCase(f"{key} is no key of a case file")


def _values(case: dict[str, Any], around: str | None) -> str:
    if ("values" in case) == ("entry" in case):
        raise BrokenCase("has both values and entry" if "values" in case else "has neither values nor entry")
    if "entry" in case:
        if around is None:
            raise BrokenCase("has an entry, and the file has no values around it")
        return around.replace(_PLACE, json.dumps(case["entry"]))
    if not isinstance(case["values"], str):
        raise BrokenCase("values: is no text; begin it with |-")
    return case["values"]


def _errors(written: Any) -> tuple[str, ...]:
    if not isinstance(written, str):
        raise BrokenCase("has no errors; write errors: | and let --update-golden fill it")
    return tuple(written.splitlines())


def errors(text: str | bytes, *command: str) -> list[str]:
    """The errors that a command says of values.yaml with this text, which must end it: exit 1, nothing on stdout."""
    Path("values.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return refusals(run_cli(*command, "-f", "values.yaml"))


def refusals(outcome: Outcome) -> list[str]:
    """The errors of a run that ended as bad input must end."""
    assert outcome.code == 1, outcome
    assert outcome.stdout == ""
    assert "Traceback" not in outcome.stderr
    assert "[internal]" not in outcome.stderr
    return [line.removeprefix(_ERROR) for line in outcome.stderr.splitlines() if line.startswith(_ERROR)]


def refused(text: str | bytes, *expected: str) -> None:
    """Both commands that read a catalog say exactly these errors."""
    for command in COMMANDS.values():
        assert errors(text, *command) == list(expected)


def hold(case: Case) -> None:
    """Run a case in the current folder; anything but its sentences is a failed assertion, and so is none at all."""
    refused(case.values, *case.errors)
    assert case.errors


def rewrite(case: Case) -> Case:
    """The case with what is said today in its file; everything else of the file stays as somebody wrote it."""
    said = errors(case.values, *COMMANDS["check"])
    lines = case.file.read_text(encoding="utf-8").splitlines()
    first, last = _lines_of_errors(lines, case.name)
    lines[first:last] = [f"      {line}" for line in said]
    case.file.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return next(one for one in read_file(case.file) if one.name == case.name)


def _lines_of_errors(lines: list[str], name: str) -> tuple[int, int]:
    """Where the sentences of a case stand: two levels in, below `errors: |`, up to the next line that is not deeper."""
    at = next(i for i, line in enumerate(lines) if re.match(r"  \S", line) and _key(line) == name)
    first = next(i for i in range(at + 1, len(lines)) if re.fullmatch(r"    errors: \|\s*", lines[i])) + 1
    last = first
    while last < len(lines) and lines[last].startswith("      "):
        last += 1
    return first, last


def _key(line: str) -> str | None:
    try:
        loaded = yaml.load(line, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return None
    return str(next(iter(loaded))) if isinstance(loaded, dict) and len(loaded) == 1 else None
