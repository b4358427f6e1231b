"""The cases of bad input can fail: a wrong sentence is seen, and no file is passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from bad_input import BrokenCase, hold, read_cases, rewrite

GOOD = """\
# About types.
cases:
  a list:  # of servers
    values: |-
      servers: []
    errors: |
      values.yaml:1:1 servers: is a list; write a mapping [type]

  "text: a":
    values: |-
      servers: a
    errors: |
      values.yaml:1:10 servers: is a string; write a mapping [type]
"""

ENTRY = """\
values: |-
  servers: ENTRY
cases:
  a list:
    entry: []
    errors: |
      values.yaml:1:1 servers: is a list; write a mapping [type]
"""


@pytest.fixture
def cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for files of cases, beside the current one in which they run."""
    (tmp_path / "run").mkdir()
    (tmp_path / "cases").mkdir()
    monkeypatch.chdir(tmp_path / "run")
    return tmp_path / "cases"


@pytest.mark.parametrize("text", [GOOD, ENTRY], ids=["values", "entry"])
def test_cases_with_the_right_sentences_hold(cases: Path, text: str) -> None:
    """The twin of what fails below."""
    (cases / "types.yaml").write_text(text)
    found = read_cases(cases)

    assert [case.title for case in found] == ["types: a list", "types: text: a"][: len(found)]
    for case in found:
        hold(case)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("is a list", "is a mapping"),
        ("values.yaml:1:1 servers: is a list", "values.yaml:1:2 servers: is a list"),
        ("write a mapping [type]", "write a mapping [types]"),
        ("write a mapping [type]\n", "write a mapping [type] \n"),
        ("      values.yaml:1:1 servers: is a list; write a mapping [type]\n", ""),
        ("[type]\n", "[type]\n      and another sentence\n"),
        ("servers: []", "servers: {}"),
    ],
    ids=["another word", "another place", "another id", "a space more", "no sentence", "one more", "no fault"],
)
def test_a_case_with_a_wrong_sentence_is_reported(cases: Path, right: str, wrong: str) -> None:
    """Whatever differs from what both commands say is a failure, and so is a catalog that they accept."""
    (cases / "types.yaml").write_text(GOOD.replace(right, wrong, 1))

    with pytest.raises(AssertionError):
        hold(read_cases(cases)[0])


BROKEN: dict[str, tuple[str, str, str]] = {
    # what: (name of the file, text, what is said of it)
    "another kind of file": ("types.txt", GOOD, "types.txt: is no file of cases; those end in .yaml"),
    "no text": ("types.yaml", "", "types.yaml: no case is there"),
    "no case": ("types.yaml", "cases: {}\n", "types.yaml: no case is there"),
    "an unknown key": ("types.yaml", GOOD + "more: a\n", "types.yaml: more is no key of a case file"),
    "an unknown key of a case": (
        "types.yaml",
        GOOD.replace("errors:", "error:", 1),
        "types.yaml: a list: error is no key of a case file",
    ),
    "a case that is text": ("types.yaml", "cases: {a: b}\n", "types.yaml: a: is no mapping"),
    "one name twice": ("types.yaml", GOOD.replace('"text: a"', "a list"), "types.yaml: 'a list' stands twice"),
    "no errors": (
        "types.yaml",
        "cases:\n  a:\n    values: a\n",
        "types.yaml: a: has no errors; write errors: | and let --update-golden fill it",
    ),
    "no catalog": ("types.yaml", "cases: {a: {errors: b}}\n", "types.yaml: a: has neither values nor entry"),
    "two catalogs": (
        "types.yaml",
        ENTRY.replace("entry: []", "entry: []\n    values: a"),
        "types.yaml: a list: has both values and entry",
    ),
    "a catalog that is no text": (
        "types.yaml",
        "cases: {a: {values: {servers: []}, errors: b}}\n",
        "types.yaml: a: values: is no text; begin it with |-",
    ),
    "an entry for nothing": (
        "types.yaml",
        ENTRY.removeprefix("values: |-\n  servers: ENTRY\n"),
        "types.yaml: a list: has an entry, and the file has no values around it",
    ),
    "values without a place": (
        "types.yaml",
        ENTRY.replace("ENTRY", "HERE"),
        "types.yaml: values: must hold ENTRY once",
    ),
    "values for nobody": (
        "types.yaml",
        "values: ENTRY\n" + GOOD,
        "types.yaml: values: no case has an entry for it",
    ),
}


@pytest.mark.parametrize(("name", "text", "said"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_case_is_an_error(cases: Path, name: str, text: str, said: str) -> None:
    """A slip in a file of cases never is a case that nobody runs."""
    (cases / "good.yaml").write_text(GOOD)
    (cases / name).write_text(text)

    with pytest.raises(BrokenCase) as caught:
        read_cases(cases)
    assert str(caught.value) == said


@pytest.mark.parametrize("there", [True, False])
def test_a_folder_without_cases_is_an_error(cases: Path, *, there: bool) -> None:
    """An empty folder would pass by looking at nothing."""
    with pytest.raises(BrokenCase, match="no case is there"):
        read_cases(cases if there else cases / "moved")


def test_a_folder_in_the_folder_is_an_error(cases: Path) -> None:
    """Cases in it would not be found."""
    (cases / "more.yaml").mkdir()

    with pytest.raises(BrokenCase, match=r"more\.yaml: is no file of cases"):
        read_cases(cases)


def test_text_that_is_no_yaml_names_its_file(cases: Path) -> None:
    """With the line, as the reader of YAML gives it."""
    (cases / "types.yaml").write_text("cases:\n\ta: b\n")

    with pytest.raises(BrokenCase, match=r"(?s)types\.yaml: .*line 2"):
        read_cases(cases)


@pytest.mark.parametrize("written", ["      values.yaml: an old one\n      and one more\n", ""], ids=["other", "none"])
def test_update_writes_sentences_and_leaves_the_rest(cases: Path, written: str) -> None:
    """Comments, names, order and the other cases stay to the byte; a case that said nothing yet gets its sentence."""
    file = cases / "types.yaml"
    for line in (line for line in GOOD.splitlines(keepends=True) if "[type]" in line):
        file.write_text(GOOD.replace(line, written))
        for case in read_cases(cases):
            hold(rewrite(case))

        assert file.read_text() == GOOD


def test_update_writes_no_acceptance(cases: Path) -> None:
    """A catalog that is accepted all at once is a failure, not a new sentence."""
    file = cases / "types.yaml"
    file.write_text(GOOD.replace("servers: []", "servers: {a: {runtime: npx, npxConfig: {package: a}}}"))
    before = file.read_bytes()

    with pytest.raises(AssertionError):
        rewrite(read_cases(cases)[0])
    assert file.read_bytes() == before
