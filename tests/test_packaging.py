"""The package as people get it: wheel, sdist and editable install; and what holds for its source as a whole."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Iterator
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

EDGE = ("cli", "system", "__main__", *(f"argocd/{name}" for name in ("generate", "look", "repository", "schemas")))
"""What may do I/O; everything else below renderer/mcpfence is core."""

IMPURE_MODULES = {
    *("click", "os", "pathlib", "shutil", "glob", "tempfile", "mmap", "fileinput"),
    *("time", "datetime", "random", "secrets", "uuid", "locale", "platform", "getpass"),
    *("socket", "ssl", "http", "urllib.request", "subprocess", "threading", "multiprocessing", "asyncio", "signal"),
    *("logging", "importlib.resources", "importlib.metadata"),
}
IMPURE_BUILTINS = {"open", "input", "print", "exec", "eval", "__import__"}
IMPURE_SYS = {f"sys.{name}" for name in ("argv", "stdin", "stdout", "stderr", "exit", "path", "modules")}

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


# --- what the source says of itself ---


def test_versions_agree() -> None:
    """Package, chart and Helm 4 plugin have one version."""
    chart = yaml.safe_load((ROOT / "chart" / "Chart.yaml").read_text(encoding="utf-8"))
    plugin = yaml.safe_load((ROOT / "helm-plugin" / "mcpfence" / "plugin.yaml").read_text(encoding="utf-8"))

    assert str(chart["version"]) == mcpfence.__version__
    assert str(chart["appVersion"]) == mcpfence.__version__
    assert plugin["version"] == mcpfence.__version__


def test_every_import_is_a_declared_dependency() -> None:
    """Whatever the package imports from outside is among its runtime dependencies."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {_normal(re.split(r"[^\w.-]", line)[0]) for line in project["dependencies"]}
    providers = importlib.metadata.packages_distributions()
    foreign = (
        {module.split(".")[0] for path in PACKAGE.rglob("*.py") for module, _ in _imports(_tree(path))}
        - sys.stdlib_module_names
        - {"mcpfence"}
    )

    undeclared = {name for name in foreign if not declared & {_normal(of) for of in providers.get(name, ["?"])}}
    assert undeclared == set()


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _core_files() -> list[Path]:
    return sorted(
        path for path in PACKAGE.rglob("*.py") if not _at_edge(path.relative_to(PACKAGE).with_suffix("").parts)
    )


def _at_edge(parts: tuple[str, ...]) -> bool:
    return any("/".join(parts[:end]) in EDGE for end in range(len(parts) + 1))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Each absolutely imported module with its line; `from os import path` counts as `os` and as `os.path`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def _impurities(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of everything that reaches outside the process, or asks what time or where it is."""
    for module, line in _imports(tree):
        parts = module.split(".")
        prefixes = {".".join(parts[: end + 1]) for end in range(len(parts))}
        yield from ((line, f"import {name}") for name in sorted(prefixes & IMPURE_MODULES))
        if parts[0] == "mcpfence" and _at_edge(tuple(parts[1:])):
            yield line, f"import {module}"
        if module in IMPURE_SYS:
            yield line, module
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_BUILTINS:
            yield node.lineno, f"{node.func.id}()"
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in IMPURE_SYS:
            yield node.lineno, ast.unparse(node)


@pytest.mark.parametrize("path", _core_files(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_core_is_pure(path: Path) -> None:
    """The core imports no click and no edge, and touches no file, clock, environment, randomness or network."""
    found = set(_impurities(_tree(path)))

    assert sorted(found) == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import os.path", ["import os"]),
        ("from importlib import resources", ["import importlib.resources"]),
        ("def f():\n    from click import echo", ["import click"]),
        ("with open('x') as file: pass", ["open()"]),
        ("import sys\nsys.stdout.write('x')", ["sys.stdout"]),
        ("from sys import argv", ["sys.argv"]),
        ("from mcpfence.cli.main import run", ["import mcpfence.cli.main", "import mcpfence.cli.main.run"]),
        ("from mcpfence.system import files", ["import mcpfence.system", "import mcpfence.system.files"]),
        ("from mcpfence.argocd import look", ["import mcpfence.argocd.look"]),
        ("import sys\nfrom io import StringIO\nsys.intern('x')", []),
    ],
)
def test_purity_check_sees(code: str, found: list[str]) -> None:
    """The check itself notices each way out of the core, and leaves alone what is none."""
    assert [name for _, name in sorted(set(_impurities(ast.parse(code))))] == found
