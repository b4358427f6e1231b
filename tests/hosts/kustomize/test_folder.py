"""The folder of `render -o` under real kustomize and in Flux."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
import yaml

from edges import catalog, container, mcpfence, values_file
from find_helm import Helm
from gittools import documents, find_kustomize, kustomize
from mcpfence.streams.folder_layout import KUSTOMIZATION
from pages import BLOCKS
from tooling import need


@pytest.fixture(scope="module")
def program() -> Path:
    """A real kustomize."""
    return need(find_kustomize)


@pytest.fixture
def whole(helm: Helm, tmp_path: Path) -> Path:
    """A folder with everything that the chart gives."""
    two = catalog(a=container(), b=container(egress={"cidrs": [{"cidr": "10.1.0.0/16", "ports": [22]}]}))
    values_file(tmp_path, two)
    done = mcpfence("render", "-f", "values.yaml", "-o", "manifests", cwd=tmp_path, HELM_BIN=str(helm.path))
    assert done.returncode == 0, done.stderr.decode()
    return tmp_path / "manifests"


def _objects(folder: Path) -> list[str]:
    return documents("".join(p.read_text("utf-8") for p in folder.glob("*.yaml") if p.name != KUSTOMIZATION))


def test_kustomize_builds_the_folder(program: Path, whole: Path) -> None:
    """The same objects, with the namespace first and nothing said on stderr."""
    done = kustomize(program, "build", whole)

    assert (done.returncode, done.stderr) == (0, "")
    assert documents(done.stdout) == _objects(whole)
    assert next(yaml.load_all(done.stdout, Loader=yaml.CSafeLoader))["kind"] == "Namespace"


def test_the_folder_below_a_kustomization_of_yours(program: Path, whole: Path) -> None:
    """An overlay names the folder; the overlay is yours, and mcpfence does not touch it."""
    overlay = whole.parent / "kustomization.yaml"
    overlay.write_text("resources: [manifests]\ncommonAnnotations: {team: platform}\n", encoding="utf-8")
    done = kustomize(program, "build", whole.parent)
    found = list(yaml.load_all(done.stdout, Loader=yaml.CSafeLoader))

    assert done.returncode == 0, done.stderr
    assert len(found) == len(_objects(whole))
    assert all(document["metadata"]["annotations"]["team"] == "platform" for document in found)


def test_older_names_with_the_floor(helm: Helm, whole: Path) -> None:
    """A folder whose names have the fenced namespace is as before after one render: the floor moves, it does not go."""
    before = _objects(whole)
    names = {path.name for path in whole.glob("*.yaml")}
    index = (whole / ".mcpfence-index").read_text("utf-8")
    for name in [name for name in names if name.startswith("networkpolicy-")]:
        (whole / name).rename(whole / name.replace("-", "-mcpfence-mcp-", 1))
        index = index.replace(f"{name}\n", name.replace("-", "-mcpfence-mcp-", 1) + "\n")
    (whole / ".mcpfence-index").write_text(index, encoding="utf-8")
    done = mcpfence("render", "-f", "values.yaml", "-o", "manifests", cwd=whole.parent, HELM_BIN=str(helm.path))

    assert done.returncode == 0, done.stderr.decode()
    assert {path.name for path in whole.glob("*.yaml")} == names
    assert _objects(whole) == before


def test_flux_without_our_index(program: Path, whole: Path) -> None:
    """Where a folder has no index Flux makes one, as `kustomize create` does: the same objects."""
    expected = _objects(whole)
    (whole / KUSTOMIZATION).unlink()
    made = kustomize(program, "create", "--autodetect", "--recursive", cwd=whole)
    done = kustomize(program, "build", whole)

    assert (made.returncode, done.returncode) == (0, 0), made.stderr + done.stderr
    assert documents(done.stdout) == expected


def test_flux_artifact(program: Path, whole: Path, tmp_path: Path) -> None:
    """An OCI artifact is a tar of the folder; unpacked elsewhere it builds to the same objects."""
    archive = tmp_path / "artifact.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(whole, ".")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path / "source", filter="data")
    done = kustomize(program, "build", "--load-restrictor", "LoadRestrictionsRootOnly", tmp_path / "source")

    assert done.returncode == 0, done.stderr
    assert documents(done.stdout) == _objects(whole)


def test_flux_objects_of_the_page() -> None:
    """The objects that docs/git.md shows belong together: each source is there, and so is what another one waits for."""
    texts = [b.text for b in BLOCKS if b.page.name == "git.md" and "toolkit.fluxcd.io" in b.text]
    for text in texts:
        objects = [document for document in yaml.load_all(text, Loader=yaml.CSafeLoader) if document]
        there = {(one["kind"], one["metadata"]["name"]) for one in objects}
        for one in objects:
            if one["kind"] == "Kustomization":
                spec = one["spec"]
                assert (spec["sourceRef"]["kind"], spec["sourceRef"]["name"]) in there
                assert {("Kustomization", other["name"]) for other in spec.get("dependsOn", [])} <= there
                assert spec["prune"] is True
                assert "targetNamespace" not in spec

    assert len(texts) == 2
