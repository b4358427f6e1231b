"""Symbolic links out of the repository: nothing behind one is read."""

from __future__ import annotations

import shutil
from pathlib import Path
from unittest import mock

import pytest

from argocd.applications import KINDS, chart, on_mcpfence, parameters, write
from argocd.refusals import said
from edges import CATALOG
from tooling import ROOT


def test_link_out_of_the_repository(tmp_path: Path) -> None:
    """Argo CD refuses such a repository itself; mcpfence does not rely on it."""
    write(tmp_path, {"secret.yaml": CATALOG, "app/README.md": ""})
    (tmp_path / "app" / "values.yaml").symlink_to(tmp_path / "secret.yaml")

    assert said(tmp_path / "app", ARGOCD_APP_SOURCE_PATH=".") == (
        'error: the application\'s folder .: "values.yaml" is a symbolic link, or stands behind one, that leads out of '
        "the repository; put the file itself there [path-outside]"
    )


def test_file_behind_a_linked_folder(tmp_path: Path) -> None:
    """A path that looks harmless may run through a link."""
    write(tmp_path, {"secrets/values.yaml": CATALOG, "app/README.md": ""})
    (tmp_path / "app" / "shared").symlink_to(tmp_path / "secrets")
    given = parameters(values_files=["shared/values.yaml"])

    assert said(tmp_path / "app", ARGOCD_APP_SOURCE_PATH=".", ARGOCD_APP_PARAMETERS=given) == (
        'error: parameter values-files: "shared/values.yaml" is a symbolic link, or stands behind one, that leads out '
        "of the repository; put the file itself there [path-outside]"
    )


def test_links_in_a_circle(tmp_path: Path) -> None:
    """A link to itself is no file anywhere."""
    (tmp_path / "a.yaml").symlink_to("a.yaml")

    assert said(tmp_path, ARGOCD_APP_PARAMETERS=parameters(values_files=["a.yaml"])) == (
        'error: parameter values-files: "a.yaml" is a symbolic link, or stands behind one, that leads out of the '
        "repository; put the file itself there [path-outside]"
    )


@pytest.mark.parametrize(("link", "target"), [("templates/passwd.yaml", "/etc/passwd"), ("Chart.yaml", "/etc/passwd")])
def test_link_out_of_a_chart(link: str, target: str, tmp_path: Path) -> None:
    """Helm would follow it and print what it finds."""
    folder = write(tmp_path, {"Chart.yaml": chart(), "catalog.yaml": CATALOG, "templates/README.md": ""})
    (folder / link).unlink(missing_ok=True)
    (folder / link).symlink_to(target)

    assert said(folder) == (
        f'error: chart: "{link}" is a symbolic link, or stands behind one, that leads out of the repository; '
        "put the file itself there [path-outside]"
    )


def test_linked_folder_in_a_chart(tmp_path: Path) -> None:
    """Helm would go round in circles in it; a dependency says the same without a link."""
    folder = write(tmp_path / "app", {"Chart.yaml": chart("a", on_mcpfence()), "charts/README.md": ""})
    shutil.copytree(ROOT / "chart", tmp_path / "fence")
    (folder / "charts" / "mcpfence").symlink_to("../../fence")

    assert said(folder) == (
        'error: chart: "charts/mcpfence" is a symbolic link to a folder; put the folder itself there, or make it a '
        "file:// dependency [path-outside]"
    )


def test_link_to_nowhere(tmp_path: Path) -> None:
    """A link inside the repository whose target is gone."""
    folder = write(tmp_path, {"Chart.yaml": chart(), "catalog.yaml": CATALOG, "templates/README.md": ""})
    (folder / "templates" / "a.yaml").symlink_to("gone.yaml")

    assert said(folder) == (
        'error: chart: "templates/a.yaml" is a symbolic link that leads nowhere; remove it [path-outside]'
    )


def test_copy_that_fails(tmp_path: Path) -> None:
    """A full disk under the copy that a file:// dependency needs."""
    folder = KINDS["local"](tmp_path)
    full = shutil.Error([("Chart.yaml", "copy", "[Errno 28] No space left on device")])
    for error in (full, OSError(28, "No space left on device")):
        with mock.patch("shutil.copytree", side_effect=error):
            text = said(folder)

        assert "error: app: cannot be copied (" in text
        assert (
            "No space left on device); make room in the folder for temporary files, and check what may be read "
            "[file-unreadable]" in text
        )


def test_link_out_of_a_dependency(tmp_path: Path) -> None:
    """A chart beside the application is looked at just as closely."""
    files = {"app/Chart.yaml": chart("a", on_mcpfence("file://../fence")), "fence/Chart.yaml": chart("mcpfence")}
    write(tmp_path, files)
    (tmp_path / "fence" / "values.yaml").symlink_to("/etc/passwd")

    assert said(tmp_path / "app") == (
        'error: chart: "../fence/values.yaml" is a symbolic link, or stands behind one, that leads out of the '
        "repository; put the file itself there [path-outside]"
    )
