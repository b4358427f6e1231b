"""What a release is refused for: each a sentence that says where, what and what to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import gen_version
import image
import release
from gen_version import PLACES, SOURCE
from mcpfence import __version__
from pull_requests import git
from release_build import KEY, build
from release_state import RefusedError, against, notes, section
from release_templates import filled
from tooling import ROOT

CHANGELOG = """\
# Changelog

## Unreleased

## 0.3.0 - 2026-12-01

### Added

- A thing.

## 0.2.0 - 2026-11-01

- Another.

## 0.1.0 - 2026-10-01
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A committed tree of version 0.3.0 with all places of the version, ready to be released."""
    root = tmp_path / "tree"
    for name in (SOURCE.as_posix(), *PLACES):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    (root / "CHANGELOG.md").write_text(CHANGELOG, encoding="utf-8")
    (root / SOURCE).write_text('__version__ = "0.3.0"\n', encoding="utf-8")
    assert gen_version.main(["--root", str(root)]) == 0
    git(root, "init", "--quiet")
    _commit(root)
    return root


def _commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "x")


def test_nothing_stands_against_it(tree: Path) -> None:
    """A clean tree with its section may be released as its own version, and the notes are that section."""
    assert against("v0.3.0", tree) == []
    assert notes(tree) == "### Added\n\n- A thing.\n"


@pytest.mark.parametrize("tag", ["v0.3.1", "0.3.0", "v0.3.0-rc.1"])
def test_another_tag(tree: Path, tag: str) -> None:
    """A tag is the version behind a v, and nothing else."""
    assert against(tag, tree) == [
        f"tag {tag}: the package is 0.3.0; tag it v0.3.0, or write the version of the tag into "
        "renderer/mcpfence/__init__.py and run python tools/gen_version.py"
    ]


@pytest.mark.parametrize("version", ["0.4.0", "0.1.0", "0.3"])
def test_no_notes(tree: Path, version: str) -> None:
    """A version without a section, or with an empty one, is refused; a longer number is no section of a shorter one."""
    assert section(CHANGELOG, version) == ""
    (tree / "CHANGELOG.md").write_text(CHANGELOG.replace("## 0.3.0", "## Later"), encoding="utf-8")
    _commit(tree)

    assert against("v0.3.0", tree) == [
        'CHANGELOG.md: says nothing below "## 0.3.0 - DATE"; give what is below "## Unreleased" that heading'
    ]


def test_a_dirty_tree(tree: Path) -> None:
    """What is changed, new or gone is named, at most five of it."""
    (tree / "CHANGELOG.md").write_text(CHANGELOG + "\n", encoding="utf-8")
    (tree / "Containerfile").unlink()
    (tree / "Containerfile").symlink_to(ROOT / "Containerfile")
    for number in range(4):
        (tree / f"new {number}").touch()

    assert against("v0.3.0", tree)[-1] == (
        "the working tree: is not what is committed (CHANGELOG.md, Containerfile, new 0, new 1, new 2 and 1 more); "
        "commit it, or take it away"
    )


def test_no_repository(tree: Path) -> None:
    """Where Git knows nothing, nothing is released."""
    shutil.rmtree(tree / ".git")
    (said,) = against("v0.3.0", tree)

    assert said.startswith("the working tree: git cannot tell what is committed: fatal: not a git repository")


def test_a_stale_version(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A place that was forgotten is named, by the check of a release and by that of every pull request."""
    (tree / SOURCE).write_text('__version__ = "0.4.0"\n', encoding="utf-8")
    stale = "chart/Chart.yaml: has another version than 0.4.0; run python tools/gen_version.py and commit"

    assert stale in against("v0.4.0", tree)
    assert gen_version.main(["--check", "--root", str(tree)]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"{name} is stale: run python tools/gen_version.py" for name in PLACES
    ]
    assert gen_version.main(["--root", str(tree)]) == 0
    assert 'version: 0.4.0\nappVersion: "0.4.0"\n' in (tree / "chart" / "Chart.yaml").read_text("utf-8")


def test_a_place_without_a_version(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the version should stand and nothing is like one, the generator says so and does not pass it over."""
    (tree / "Containerfile").write_text("FROM scratch\n", encoding="utf-8")

    assert gen_version.main(["--check", "--root", str(tree)]) == 1
    assert capsys.readouterr().err.startswith("error: Containerfile: nothing looks like ")
    (tree / SOURCE).write_text('__version__ = "1.0rc1"\n', encoding="utf-8")
    assert gen_version.main(["--check", "--root", str(tree)]) == 1
    assert capsys.readouterr().err == (
        'error: renderer/mcpfence/__init__.py: has no line __version__ = "MAJOR.MINOR.PATCH"; write it\n'
    )


def test_check_says_everything_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints a line for each and fails."""
    assert release.main(["check", "v99.0.0"]) == 1
    assert capsys.readouterr().err.startswith("error: tag v99.0.0: the package is ")


def test_build_needs_a_key_and_a_new_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written over, and nothing is made before the key is there."""
    monkeypatch.delenv(KEY, raising=False)
    (tmp_path / "old").touch()

    assert release.main(["build", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        f"error: {tmp_path}: is not empty; name a folder that does not exist, or take away what is in it\n"
    )
    with pytest.raises(RefusedError) as refused:
        build(tmp_path / "new", "OWNER/mcpfence")
    assert str(refused.value) == (
        "MCPFENCE_SIGNING_KEY: is not set; it holds the private key that signs chart and plugin (RELEASING.md)"
    )
    assert not (tmp_path / "new").exists()


def test_a_mark_without_a_value(tmp_path: Path) -> None:
    """A template that asks for what a release does not have is refused."""
    (tmp_path / "x.rb").write_text("url @RELEASES@\nsha @NOPE@\n", encoding="utf-8")
    with pytest.raises(RefusedError, match=r"^x\.rb: @NOPE@ is no value of a release; write one of: RELEASES$"):
        filled(tmp_path / "x.rb", {"RELEASES": "x"})


def test_a_dry_run_says_what_only_a_release_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on where the tag, the notes or the tree would stop a release, and where the image cannot be built."""
    done: list[str] = []
    monkeypatch.setattr(release, "against", lambda tag: [f"tag {tag}: no"])
    monkeypatch.setattr(release, "_build", lambda *_, throwaway_key: done.append(f"built {throwaway_key}"))
    monkeypatch.setattr(release, "_try", lambda folder: done.append(f"tried {folder.name}"))
    monkeypatch.setattr(image, "missing", lambda: "no root")

    assert release.main(["dry-run", str(tmp_path / "dist")]) == 0
    assert done == ["built True", "tried dist"]
    assert capsys.readouterr().out == (
        f"note: a release would be refused: tag v{__version__}: no\nnote: the image was not built: no root\n"
    )
