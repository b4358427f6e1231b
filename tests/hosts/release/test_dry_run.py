"""A release as `make release-dry-run` makes it, each of its files installed in a fresh place.

The image, which the dry run builds, too, is in tests/hosts/image.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
import yaml

import release
import release_try
from mcpfence import __version__
from mcpfence.cli.main import _COMMANDS
from release_build import Files, digest, write_man_pages
from release_try import WAYS, DiffersError, Place
from tooling import ROOT, MissingComponentError, find_built, find_helm3, find_helm4, need, scripts

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("release")]


def _find_programs() -> Path:
    if absent := release_try.missing():
        raise MissingComponentError(f"{', '.join(absent)}: not on PATH; run `make tools` as root on Debian")
    return ROOT


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """All files of a release, made with a key that is thrown away."""
    for find in (_find_programs, find_helm3, find_helm4):
        need(find)
    need(lambda: find_built("krew", "MCPFENCE_KREW"))
    need(lambda: find_built("registry", "MCPFENCE_REGISTRY"))
    folder = tmp_path_factory.mktemp("release") / "dist"
    release._build(folder, "octo/mcpfence", throwaway_key=True)
    return Files(folder, __version__)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A fresh place in which the `mcpfence` of the tests is the one that is installed."""
    made = Place(tmp_path / "home")
    (made.bin / "mcpfence").symlink_to(scripts() / "mcpfence")
    return made


def test_files_of_a_release(files: Files) -> None:
    """Their names differ, since a release knows no folders, and SHA256SUMS has each of them."""
    names = [path.name for path in files.folder.glob("*/*")]
    lines = (files.folder / "SHA256SUMS").read_text("utf-8").splitlines()
    sums = {line.partition("  ")[2]: line.partition("  ")[0] for line in lines}

    assert len(set(names)) == len(names) == 13
    assert sums == {path.name: digest(path) for path in files.folder.glob("*/*")}
    assert (files.folder / "notes.md").read_text("utf-8").strip()


@pytest.mark.parametrize("way", WAYS)
def test_wheel_is_installed(files: Files, tmp_path: Path, way: str) -> None:
    """By pip, pipx and uv: version, chart, completion and rendered bytes are this checkout's."""
    release_try.command_works(WAYS[way](files, tmp_path / "home"), files)


@pytest.mark.parametrize("major", [3, 4])
def test_chart_and_plugin_are_installed(files: Files, tmp_path: Path, major: int) -> None:
    """From the index and from a registry, verified; with Helm 4 the plugin from its archive, verified too."""
    release_try.chart_works(tmp_path / "home", scripts() / "mcpfence", files, major)


def test_index_names_the_release(files: Files) -> None:
    """Whoever adds the index as a repository gets the file of the release."""
    (entry,) = yaml.safe_load((files.chart.parent / "index.yaml").read_text("utf-8"))["entries"]["mcpfence"]

    assert entry["urls"] == [f"https://github.com/octo/mcpfence/releases/download/v{files.version}/{files.chart.name}"]
    assert (entry["version"], entry["digest"]) == (files.version, digest(files.chart))


def test_a_changed_archive_is_refused(files: Files, place: Place) -> None:
    """Helm 4 does not install a plugin that is not what was signed."""
    archive = place.home / files.plugin.name
    archive.write_bytes(files.plugin.read_bytes() + b"\0")
    (place.home / f"{archive.name}.prov").write_bytes(Path(f"{files.plugin}.prov").read_bytes())
    with pytest.raises(DiffersError, match="sha256 sum does not match"):
        place.run(release_try.program("helm4"), "plugin", "install", "--keyring", files.key, archive)


def test_kubectl_plugin_is_installed(files: Files, place: Place) -> None:
    """Krew installs it by the manifest, and it says what to do where mcpfence is missing."""
    release_try.kubectl_works(place, files)


def test_man_pages(files: Files, place: Place) -> None:
    """Each command has one in which a reader of man pages finds nothing wrong."""
    release_try.pages_work(place, files)
    with tarfile.open(files.man) as archive:
        names = set(archive.getnames())

    assert {f"man1/mcpfence-{name}.1" for name in _COMMANDS} <= names


def test_formula(files: Files, place: Place) -> None:
    """Ruby reads it, and its addresses and digests are those of the files."""
    release_try.formula_works(place, files)


def test_bill_of_materials(files: Files) -> None:
    """It has every package that is installed, at the versions that the image and the action have."""
    bill = json.loads(files.sbom.read_text("utf-8"))
    listed = {f"{one['name']}=={one['version']}".lower().replace("_", "-") for one in bill["components"]}
    pinned = (ROOT / "action" / "constraints.txt").read_text("utf-8").lower().replace("_", "-").splitlines()

    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "mcpfence")
    assert {name.partition("==")[0] for name in listed} >= {"click", "pyyaml", "jsonschema-rs", "jsonschema", "jinja2"}
    assert {one for one in listed if not one.startswith("mcpfence==")} <= set(pinned)


def test_same_commit_same_bytes(files: Files, tmp_path: Path) -> None:
    """What we archive ourselves is the same when it is made again."""
    again = Files(tmp_path, files.version)
    (tmp_path / "more").mkdir()
    write_man_pages(again)

    assert digest(again.man) == digest(files.man)
