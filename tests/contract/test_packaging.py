"""The package as people get it: wheel, sdist and editable install."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from importlib import resources
from pathlib import Path

import pytest
import yaml

import mcpfence
from tooling import ROOT, helm_environment

PACKAGE = ROOT / "renderer" / "mcpfence"
CARRIED = {
    "chart": ROOT / "chart",
    "schemas": ROOT / "schemas",
    "helm_plugin": ROOT / "helm-plugin" / "mcpfence",
    "argocd_plugin": ROOT / "argocd",
}
"""Folders that travel inside the package through links, with where they really are."""


CATALOG = """\
mcpNamespace: {name: tools}
cluster: {ipFamilies: [IPv4]}
servers:
  vault:
    runtime: containerized
    containerizedConfig: {image: registry.example.com/vault:1.2.3, port: 8080, path: /mcp, denyAllEgress: true}
"""

pytestmark = pytest.mark.xdist_group("packaging")


# --- what is built ---


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sdist, the wheel that is built from it, and the wheel that is built from the checkout."""
    from_sdist, from_checkout = tmp_path_factory.mktemp("sdist"), tmp_path_factory.mktemp("wheel")
    _build(from_sdist)
    _build(from_checkout, "--wheel")
    return {
        "sdist": next(from_sdist.glob("*.tar.gz")),
        "wheel": next(from_sdist.glob("*.whl")),
        "checkout-wheel": next(from_checkout.glob("*.whl")),
    }


def _build(target: Path, *kinds: str) -> None:
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(target), *kinds, str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _wheel_names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def _carried_files() -> set[str]:
    """Every file of the folders that travel along, by the name that it has inside the package."""
    return {
        f"mcpfence/{name}/{file.relative_to(folder).as_posix()}"
        for name, folder in CARRIED.items()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_carried_folders_are_links() -> None:
    """Chart, schemas and plugin exist once; the package holds relative links to them."""
    for name, folder in CARRIED.items():
        link = PACKAGE / name
        assert link.is_symlink()
        assert not link.readlink().is_absolute()
        assert link.resolve() == folder


def test_wheel_carries_every_file_of_chart_schemas_and_plugin(distributions: dict[str, Path]) -> None:
    """Whatever is added to chart, schemas or plugin is in the wheel, dot files included."""
    missing = _carried_files() - _wheel_names(distributions["wheel"])

    assert missing == set()


def test_wheel_holds_the_package_and_nothing_else(distributions: dict[str, Path]) -> None:
    """No test, tool or cache gets into the wheel, and each module of the package does."""
    names = _wheel_names(distributions["wheel"])
    modules = {f"mcpfence/{path.relative_to(PACKAGE).as_posix()}" for path in PACKAGE.rglob("*.py")}

    assert modules - names == set()
    assert {name.split("/")[0] for name in names} == {"mcpfence", f"mcpfence-{mcpfence.__version__}.dist-info"}
    assert [name for name in names if "__pycache__" in name] == []


def test_wheel_from_sdist_equals_wheel_from_checkout(distributions: dict[str, Path]) -> None:
    """The sdist lacks nothing that the wheel is made of."""
    assert _wheel_names(distributions["wheel"]) == _wheel_names(distributions["checkout-wheel"])


def test_sdist_holds_tests_and_license(distributions: dict[str, Path]) -> None:
    """A packager gets licence, tests and tools, and no link that points out of the archive."""
    with tarfile.open(distributions["sdist"]) as archive:
        members = archive.getmembers()
    names = {member.name.split("/", 1)[1] for member in members}

    assert {"LICENSE", "Makefile", "pyproject.toml", "tests/conftest.py", "tools/build_go.sh"} <= names
    assert [member.name for member in members if member.issym() or member.islnk()] == []


def test_editable_install_sees_the_carried_folders() -> None:
    """In the checkout itself, package data is found where it is found in a wheel."""
    data = resources.files("mcpfence")

    for name in CARRIED:
        assert data.joinpath(name).is_dir()
    assert data.joinpath("chart", "Chart.yaml").is_file()


# --- what is installed ---


@pytest.fixture(scope="module")
def installed(distributions: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `mcpfence` command of a fresh virtual environment outside the checkout that holds the wheel.

    Its dependencies are those of the running environment, read through a path file: nothing is downloaded.
    """
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=False, symlinks=os.name != "nt")
    bin_folder = home / ("Scripts" if os.name == "nt" else "bin")
    python = bin_folder / Path(sys.executable).name
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    install = [*pip, "install", "--quiet", "--no-deps", "--no-index", str(distributions["wheel"])]
    done = subprocess.run(install, capture_output=True, text=True, check=False, cwd=home)
    assert done.returncode == 0, done.stdout + done.stderr
    site_packages = next(home.rglob("mcpfence/__init__.py")).parent.parent
    own = [path for path in sys.path if path.endswith("site-packages")]
    (site_packages / "dependencies.pth").write_text("\n".join(own) + "\n", encoding="utf-8")
    return bin_folder / "mcpfence"


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in helm_environment(folder).items() if key != "PYTHONPATH"}
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)


def test_installed_package_is_the_one_of_the_wheel(installed: Path, tmp_path: Path) -> None:
    """The fresh environment imports mcpfence from itself, not from the checkout."""
    code = "import mcpfence; print(mcpfence.__file__)"
    done = _run([str(installed.parent / Path(sys.executable).name), "-c", code], tmp_path)

    assert Path(done.stdout.strip()).is_relative_to(installed.parent.parent), done.stderr


def test_installed_command_tells_its_version(installed: Path, tmp_path: Path) -> None:
    """`mcpfence --version` of the wheel says the version of the source, outside the checkout."""
    done = _run([str(installed), "--version"], tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert mcpfence.__version__ in done.stdout


def test_installed_command_renders_without_helm(installed: Path, tmp_path: Path) -> None:
    """`render --policies-only` of the wheel prints both policies of a server, outside the checkout."""
    (tmp_path / "catalog.yaml").write_text(CATALOG, encoding="utf-8")
    done = _run([str(installed), "render", "-f", "catalog.yaml", "--policies-only"], tmp_path)

    assert done.returncode == 0, done.stderr
    assert {"mcp-server-vault-egress", "mcp-server-vault-ingress"} <= _object_names(done.stdout)


def test_installed_command_renders_the_chart_in_the_wheel(installed: Path, helm4: Path, tmp_path: Path) -> None:
    """`render` of the wheel runs helm on the chart that travels in it, outside the checkout."""
    (tmp_path / "catalog.yaml").write_text(CATALOG, encoding="utf-8")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "helm").symlink_to(helm4)
    path = os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]])
    environment = {**helm_environment(tmp_path), "PATH": path}
    command = [str(installed), "render", "-f", "catalog.yaml", "--release", "demo"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)

    assert done.returncode == 0, done.stderr
    assert {"mcp-server-vault-egress", "mcp-default-deny", "demo-mcpfence", "tools"} <= _object_names(done.stdout)


def _object_names(stream: str) -> set[str]:
    return {document["metadata"]["name"] for document in yaml.safe_load_all(stream) if document}


def test_versions_agree() -> None:
    """Package, chart and Helm 4 plugin have one version."""
    chart = yaml.safe_load((ROOT / "chart" / "Chart.yaml").read_text(encoding="utf-8"))
    plugin = yaml.safe_load((ROOT / "helm-plugin" / "mcpfence" / "plugin.yaml").read_text(encoding="utf-8"))

    assert str(chart["version"]) == mcpfence.__version__
    assert str(chart["appVersion"]) == mcpfence.__version__
    assert plugin["version"] == mcpfence.__version__
