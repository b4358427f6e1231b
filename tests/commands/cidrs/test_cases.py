"""Whole outputs: what each cloud's command line prints, and what becomes of it.

A folder of `cases/` holds the inputs as the command line prints them, `arguments.txt` (one a line; `-` reads
stdin.json), and what is expected: `expected.yaml` on stdout and `expected.txt` on stderr.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from edges import mcpfence, refusal

CASES = sorted(path for path in (Path(__file__).parent / "cases").iterdir() if path.is_dir())


def arguments(case: Path) -> list[str]:
    """The arguments of a case."""
    return (case / "arguments.txt").read_text(encoding="utf-8").split("\n")[:-1]


def stdin(case: Path) -> bytes:
    """What a case gives on stdin."""
    path = case / "stdin.json"
    return path.read_bytes() if path.exists() else b""


@pytest.mark.golden
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Path, update_golden: bool) -> None:
    """Values on stdout and findings on stderr, from the first line to the last."""
    done = mcpfence("cidrs", *arguments(case), cwd=case, stdin=stdin(case))
    if update_golden:
        (case / "expected.yaml").write_bytes(done.stdout)
        (case / "expected.txt").write_bytes(done.stderr)

    assert done.returncode == 0
    assert done.stdout.decode() == (case / "expected.yaml").read_bytes().decode()
    assert done.stderr.decode() == (case / "expected.txt").read_bytes().decode()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_result_passes_check(case: Path) -> None:
    """The output is a values file without errors, beside one that has servers of every stance."""
    servers = case.parent / ".." / "servers.yaml"
    done = mcpfence("check", "-f", servers, "-f", case / "expected.yaml")

    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_result_is_the_same_in_every_order(case: Path) -> None:
    """Files may be named in any order; only the first line names them in that order."""
    options = ("--region", "--resource-group")
    given = arguments(case)
    files = [word for word in given[1:] if word == "-" or word.endswith((".json", ".yaml"))]
    rest = [word for word in given[1:] if word not in files]
    done = mcpfence("cidrs", given[0], *reversed(files), *rest, cwd=case, stdin=stdin(case))

    assert not set(rest) - {*options, "-v", "eu-west-1", "rg-mcp"}
    assert done.stdout.split(b"\n", 1)[1] == (case / "expected.yaml").read_bytes().split(b"\n", 1)[1]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_merging_again_changes_nothing(case: Path, tmp_path: Path) -> None:
    """What was written once is there already: the values stay byte for byte."""
    values = tmp_path / "values.yaml"
    values.write_bytes((case / "expected.yaml").read_bytes())
    done = mcpfence("cidrs", *arguments(case), "--merge", values, cwd=case, stdin=stdin(case))

    assert done.returncode == 0
    assert done.stdout == values.read_bytes()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_entry_names_its_source(case: Path) -> None:
    """Each line that holds a value ends in a comment with the file and the place in it."""
    lines = (case / "expected.yaml").read_text(encoding="utf-8").splitlines()
    values = [line for line in lines[1:] if not line.rstrip().endswith(":")]
    names = [path.name for path in case.iterdir()] + ["stdin"]

    assert values
    assert all(any(f"({name}" in line.partition("  # ")[2] for name in names) for line in values)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_empty_input_of_a_case_is_refused(case: Path) -> None:
    """Nothing on stdin is an error with nothing on stdout."""
    said = refusal(mcpfence("cidrs", arguments(case)[0], "-"))

    assert said == (
        "error: stdin: is empty; run the command again, or leave the file out if the cluster has no answer [cidrs-input]"
    )


def test_cases_hold_no_unused_file() -> None:
    """Every file of a case is read by it."""
    for case in CASES:
        known = {*arguments(case), "arguments.txt", "expected.yaml", "expected.txt"}
        known |= {"stdin.json"} if "-" in known else set()

        assert {path.name for path in case.iterdir()} <= known
        assert isinstance(yaml.safe_load((case / "expected.yaml").read_text(encoding="utf-8")), dict)
