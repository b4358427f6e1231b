"""Installs each file of a release in a fresh place, as users do, and holds what it prints against this checkout's.

A fresh place has a home of its own and nothing else on PATH than what was installed and the system's programs; what is
installed comes with its dependencies from PyPI.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

from gen_version import ROOT
from release_build import Files, digest
from release_servers import index, registry
from release_state import RefusedError

VALUES = ROOT / "values-examples" / "minimal" / "values.yaml"
"""The catalog that is rendered in each place."""
_OURS = ("HELM_", "KUBE", "MCPFENCE_", "PIPX_", "UV_TOOL", "VIRTUAL_ENV", "PYTHON", "XDG_", "MAN")


class DiffersError(RefusedError):
    """What was installed does not do what it should; the message says what it did."""


class Place:
    """A fresh home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.bin = home / "bin"
        self.bin.mkdir(parents=True)

    def environment(self, **variables: str) -> Mapping[str, str]:
        """The variables in it: the system's, without those of our own tools."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(_OURS)}
        path = os.pathsep.join([str(self.bin), "/usr/local/bin", "/usr/bin", "/bin"])
        caches = {f"{name}_CACHE_DIR": str(Path.home() / ".cache" / name.lower()) for name in ("PIP", "UV")}
        return {**caches, **inherited, "HOME": str(self.home), "PATH": path, **variables}

    def run(self, *command: str | Path, stdin: str = "", **variables: str) -> str:
        """What a command prints in the home; raises DiffersError if it fails."""
        words = [str(word) for word in command]
        environment = self.environment(**variables)
        program = shutil.which(words[0], path=environment["PATH"]) or words[0]
        done = subprocess.run(
            [program, *words[1:]],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.home,
            env=environment,
        )
        if done.returncode != 0:
            raise DiffersError(f"{' '.join(words)}: ended with code {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout


def by_pip(files: Files, home: Path) -> Place:
    """The wheel in a virtual environment."""
    place = Place(home)
    place.run(sys.executable, "-m", "venv", "venv")
    place.run("venv/bin/python", "-m", "pip", "install", "--quiet", files.wheel)
    (place.bin / "mcpfence").symlink_to(home / "venv" / "bin" / "mcpfence")
    return place


def by_pipx(files: Files, home: Path) -> Place:
    """The wheel by pipx."""
    place = Place(home)
    folders = {"PIPX_HOME": str(home / "pipx"), "PIPX_BIN_DIR": str(place.bin), "PIPX_MAN_DIR": str(home / "man")}
    place.run(sys.executable, "-m", "pipx", "install", "--python", sys.executable, files.wheel, **folders)
    return place


def by_uv(files: Files, home: Path) -> Place:
    """The wheel by uv."""
    place = Place(home)
    folders = {"UV_TOOL_DIR": str(home / "tools"), "UV_TOOL_BIN_DIR": str(place.bin)}
    place.run(
        sys.executable, "-m", "uv", "--quiet", "tool", "install", "--python", sys.executable, files.wheel, **folders
    )
    return place


WAYS: Mapping[str, Callable[[Files, Path], Place]] = {"pip": by_pip, "pipx": by_pipx, "uv": by_uv}
"""The ways to install the wheel."""


def same(what: str, seen: str, wanted: str) -> None:
    """Raises DiffersError where the two are not the same."""
    if seen != wanted:
        raise DiffersError(
            f"{what}: differs from what this checkout gives:\n{seen[:2000]}\ninstead of\n{wanted[:2000]}"
        )


def command_works(place: Place, files: Files) -> None:
    """The installed command says its version, renders the same bytes, and completes in bash."""
    same("mcpfence --version", place.run("mcpfence", "--version"), f"mcpfence {files.version}\n")
    render = ["render", "-f", str(VALUES), "--policies-only", "--quiet"]
    here = subprocess.run([sys.executable, "-m", "mcpfence", *render], capture_output=True, text=True, check=True)
    same("mcpfence render", place.run("mcpfence", *render), here.stdout)
    same("the chart", (Path(place.run("mcpfence", "chart").strip()) / "Chart.yaml").read_text("utf-8"), _CHART)
    script = 'eval "$(mcpfence completion bash)" && complete -p mcpfence'
    same("completion", place.run("bash", "-c", script), "complete -o nosort -F _mcpfence_completion mcpfence\n")
    asked = {"_MCPFENCE_COMPLETE": "bash_complete", "COMP_WORDS": "mcpfence compl", "COMP_CWORD": "1"}
    same("completion of compl", place.run("mcpfence", **asked), "plain,completion\n")


_CHART = (ROOT / "chart" / "Chart.yaml").read_text(encoding="utf-8")


def chart_works(home: Path, command: Path, files: Files, major: int) -> None:
    """Helm finds the chart in the index and in a registry, verifies it, and renders of it what the checkout's gives.

    Helm 3 calls the installed `command`; Helm 4 the plugin that was installed from its archive, which it verifies, too.
    """
    place = Place(home)
    (place.bin / "mcpfence").symlink_to(command)
    helm = program(f"helm{major}")
    verified = ["--version", files.version, "--verify", "--keyring", str(files.key)]
    with index(files.chart.parent, files.plugin.parent) as address:
        place.run(helm, "repo", "add", "mcpfence", address)
        place.run(helm, "pull", "mcpfence/mcpfence", *verified)
        if major == 4:
            place.run(helm, "plugin", "install", "--keyring", files.key, f"{address}/{files.plugin.name}")
    archive = place.home / files.chart.name
    same("the chart of the index", digest(archive), digest(files.chart))
    (place.home / "oci").mkdir()
    with registry(program("registry")) as address:
        place.run(helm, "push", files.chart, f"oci://{address}/charts", "--plain-http")
        pulled = ["--plain-http", "--destination", str(place.home / "oci")]
        place.run(helm, "pull", f"oci://{address}/charts/mcpfence", *verified, *pulled)
    same("the chart of the registry", digest(place.home / "oci" / archive.name), digest(files.chart))
    renderer = ["--post-renderer", "mcpfence", "--post-renderer-args", "post-render"]
    if major == 4:
        renderer = renderer[:2]
    flags = ["--namespace", "mcp-system", "--values", str(VALUES), *renderer]
    rendered = place.run(helm, "template", "mcp", archive, *flags)
    same(f"helm {major} template", rendered, place.run(helm, "template", "mcp", ROOT / "chart", *flags))
    if "kind: NetworkPolicy" not in rendered or "carrier: catalog" in rendered:
        raise DiffersError(f"helm {major} template: the post-renderer was not called:\n{rendered[:2000]}")


def program(name: str) -> Path:
    """A program that `make tools` built, or the one that its variable names."""
    path = Path(os.environ.get(f"MCPFENCE_{name.upper()}") or ROOT / ".tools" / "bin" / name)
    if not os.access(path, os.X_OK):
        raise DiffersError(f"{name} is missing: run make .tools/bin/{name}, or set MCPFENCE_{name.upper()} to its path")
    return path


def kubectl_works(place: Place, files: Files) -> None:
    """Krew installs the archive by its manifest and digest; it runs the command, or says how to get it."""
    address = yaml.safe_load(files.krew.read_text(encoding="utf-8"))["spec"]["platforms"][0]["uri"]
    same("the file that the Krew manifest names", address.rpartition("/")[2], files.kubectl.name)
    place.run(program("krew"), "install", f"--manifest={files.krew}", f"--archive={files.kubectl}")
    kubectl = place.home / ".krew" / "bin" / "kubectl-mcpfence"
    same("kubectl mcpfence --version", place.run(kubectl, "--version"), f"mcpfence {files.version}\n")
    bare = subprocess.run([kubectl], capture_output=True, text=True, check=False, env={"PATH": "/nowhere"})
    wanted = "error: mcpfence is not on PATH: install it with pipx install mcpfence, or uv tool install mcpfence\n"
    same("kubectl mcpfence without mcpfence", bare.stderr, wanted)


def pages_work(place: Place, files: Files) -> None:
    """There is a page for each command, and mandoc finds nothing wrong in any of them."""
    with tarfile.open(files.man) as archive:
        archive.extractall(place.home / "man", filter="data")
    pages = sorted((place.home / "man" / "man1").iterdir())
    if "mcpfence-import.1" not in [page.name for page in pages]:
        raise DiffersError(f"the man pages: lack that of import: {[page.name for page in pages]}")
    place.run("mandoc", "-Tlint", "-Wwarning", *pages)


def formula_works(place: Place, files: Files) -> None:
    """Ruby reads the formula, and finds in it what Homebrew looks for."""
    told = place.run("ruby", "-W", ROOT / "packaging" / "homebrew" / "lint.rb", files.formula).splitlines()
    same(
        "the formula",
        "\n".join(told),
        f"{files.sdist.name} {digest(files.sdist)}\n{files.man.name} {digest(files.man)}",
    )


def missing() -> list[str]:
    """The programs that trying out needs and that are not on PATH."""
    return [name for name in ("gpg", "gpgconf", "ruby", "mandoc", "bash", "git") if not shutil.which(name)]


def run_all(files: Files, folder: Path, tell: Callable[[str], None]) -> None:
    """Every file in a fresh place below `folder`; `tell` is given a line for each. Raises DiffersError."""
    places: list[Place] = []
    for name, install in WAYS.items():
        places.append(install(files, folder / name))
        command_works(places[-1], files)
        tell(f"{files.wheel.name}: installed by {name}; version, chart, completion and rendered bytes as here")
    for major in (3, 4):
        chart_works(folder / f"helm{major}", places[0].bin / "mcpfence", files, major)
        tell(f"{files.chart.name}: found in its index and in a registry, verified and rendered by helm {major}")
    tell(f"{files.plugin.name}: verified and installed by helm 4")
    kubectl_works(places[0], files)
    tell(f"{files.kubectl.name}: installed by Krew; runs")
    pages_work(places[0], files)
    tell(f"{files.man.name}: nothing that mandoc would mend")
    formula_works(places[0], files)
    tell(f"{files.formula.name}: Ruby reads it; addresses and digests are those of the files")
