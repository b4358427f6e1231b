"""`mcpfence check PARENT-CHART`: what Helm 4 would change of the charts beside ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import run_cli

BLOCK = "spec:\n  args:\n  - >\n    tool migrate \\\n      --host db\n"
SAID = (
    'Helm 4 adds blank lines to folded blocks (>) around every post-renderer: "tool migrate \\\\"; write | instead of > '
    "there, or install the mcpfence chart as a release of its own [helm4-folded-block]"
)


@pytest.fixture
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A chart with such a block, and one in a subchart."""
    for folder in ("parent", "parent/charts/db"):
        templates = tmp_path / folder / "templates"
        templates.mkdir(parents=True)
        (tmp_path / folder / "Chart.yaml").write_text("name: x\n", encoding="utf-8")
        (templates / "job.yaml").write_text(BLOCK, encoding="utf-8")
        (templates / "NOTES.txt").write_text(BLOCK, encoding="utf-8")
    (tmp_path / "parent" / "values.yaml").write_text(BLOCK, encoding="utf-8")
    (tmp_path / "catalog.yaml").write_text("mcpNamespace: {name: mcp}\nservers: {}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("parent")
def test_places_in_the_parent_chart() -> None:
    """File and line of each block, in templates alone; no catalog is needed for it."""
    outcome = run_cli("check", "parent")

    assert outcome.stderr == (
        f"warning: parent/charts/db/templates/job.yaml:3:5: {SAID}\n"
        f"warning: parent/templates/job.yaml:3:5: {SAID}\n"
        "mcpfence: no errors, 2 warnings, no notes\n"
    )
    assert outcome.code == 0
    assert run_cli("check", "parent", "--strict").code == 1


@pytest.mark.usefixtures("parent")
def test_beside_a_catalog() -> None:
    """A chart is no manifest: the catalog is judged by itself."""
    outcome = run_cli("check", "-f", "catalog.yaml", "--allow-empty", "parent")

    assert outcome.stderr.count("helm4-folded-block") == 2
    assert "allow exactly" not in outcome.stderr
    assert outcome.code == 0


def test_template_that_cannot_be_read(parent: Path) -> None:
    """It is an error with its name."""
    (parent / "parent/templates/other.tpl").write_bytes(b"\xff")
    outcome = run_cli("check", "parent")

    assert outcome.stderr.startswith("error: parent/templates/other.tpl: is no UTF-8 at byte 0; save it as UTF-8")
    assert outcome.code == 1


@pytest.mark.usefixtures("parent")
def test_manifests_want_a_catalog() -> None:
    """A folder that is no chart is judged by a catalog."""
    outcome = run_cli("check", "parent", "parent/templates")

    assert "Nothing to check: name a values file with -f" in outcome.stderr
    assert outcome.code == 2
