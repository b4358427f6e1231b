"""Installs each file of a release in a fresh place, as users do, and holds what it prints against this checkout's.

A fresh place has a home of its own and nothing else on PATH than what was installed and the system's programs; what is
installed comes with its dependencies from PyPI.
"""

from __future__ import annotations

import functools
import http.server
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml

from find_helm import find
from gen_version import ROOT
from release_build import Files, digest
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
            [program, *words[1:]], input=stdin, capture_output=True, text=True, check=False, cwd=self.home, env=environment
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
    place.run(sys.executable, "-m", "uv", "--quiet", "tool", "install", "--python", sys.executable, files.wheel, **folders)
    return place


WAYS: Mapping[str, Callable[[Files, Path], Place]] = {"pip": by_pip, "pipx": by_pipx, "uv": by_uv}
"""The ways to install the wheel."""


def same(what: str, seen: str, wanted: str) -> None:
    """Raises DiffersError where the two are not the same."""
    if seen != wanted:
        raise DiffersError(f"{what}: differs from what this checkout gives:\n{seen[:2000]}\ninstead of\n{wanted[:2000]}")


def command_works(place: Place, files: Files) -> None:
    """The installed command says its version, renders the same bytes, and completes in bash."""
    same("mcpfence --version", place.run("mcpfence", "--version"), f"mcpfence {files.version}\n")
    render = ["render", "-f", str(VALUES), "--policies-only", "--quiet"]
    here = subprocess.run([sys.executable, "-m", "mcpfence", *render], capture_output=True, text=True, check=True)
    same("mcpfence render", place.run("mcpfence", *render), here.stdout)
    same("the chart", (Path(place.run("mcpfence", "chart").strip()) / "Chart.yaml").read_text("utf-8"), _CHART)
    script = 'eval "$(mcpfence completion bash)" && complete -p mcpfence'
    same("completion", place.run("bash", "-c", script), "complete -o nosort -F _mcpfence_completion mcpfence\n")
    asked = {"_MCPFENCE_COMPLETE": "bash_complete", "COMP_WORDS": "mcpfence re", "COMP_CWORD": "1"}
    same("completion of re", place.run("mcpfence", **asked), "plain,render\nplain,reach\n")


_CHART = (ROOT / "chart" / "Chart.yaml").read_text(encoding="utf-8")


def chart_works(home: Path, command: Path, files: Files, major: int) -> None:
    """Helm finds the chart in the index, verifies it, and renders of it what it renders of the checkout's.

    Helm 3 calls the installed `command`; Helm 4 the plugin that was installed from its archive, which it verifies, too.
    """
    place = Place(home)
    (place.bin / "mcpfence").symlink_to(command)
    helm = find((major,), path_first=False)
    if not helm:
        raise DiffersError(f"helm {major} is missing: run make .tools/bin/helm{major}")
    with _served(files) as address:
        place.run(helm.path, "repo", "add", "mcpfence", address)
        pulled = ["pull", "mcpfence/mcpfence", "--version", files.version, "--verify", "--keyring", str(files.key)]
        place.run(helm.path, *pulled)
    archive = place.home / files.chart.name
    same("the pulled chart", digest(archive), digest(files.chart))
    renderer = ["--post-renderer", "mcpfence", "--post-renderer-args", "post-render"]
    if major == 4:
        place.run(helm.path, "plugin", "install", "--keyring", files.key, files.plugin)
        renderer = renderer[:2]
    flags = ["--namespace", "mcp-system", "--values", str(VALUES), *renderer]
    rendered = place.run(helm.path, "template", "mcp", archive, *flags)
    same(f"helm {major} template", rendered, place.run(helm.path, "template", "mcp", ROOT / "chart", *flags))
    if "kind: NetworkPolicy" not in rendered or "carrier: catalog" in rendered:
        raise DiffersError(f"helm {major} template: the post-renderer was not called:\n{rendered[:2000]}")


@contextmanager
def _served(files: Files) -> Iterator[str]:
    """The folder of the chart on a port of this machine, with an index that says so."""
    handler = functools.partial(_Quiet, directory=str(files.chart.parent))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    index = files.chart.parent / "index.yaml"
    real = index.read_text(encoding="utf-8")
    try:
        index.write_text(re.sub(r"https://\S+/(?=mcpfence-)", f"{address}/", real), encoding="utf-8")
        yield address
    finally:
        index.write_text(real, encoding="utf-8")
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name that it has above
        """Say nothing."""


def kubectl_works(place: Place, files: Files) -> None:
    """The archive is what the Krew manifest says, and its program runs the command, or says how to get it."""
    manifest = yaml.safe_load(files.krew.read_text(encoding="utf-8"))
    (platform,) = manifest["spec"]["platforms"]
    same("the Krew manifest's version", manifest["spec"]["version"], f"v{files.version}")
    same("the Krew manifest's sha256", platform["sha256"], digest(files.kubectl))
    same("the Krew manifest's uri", platform["uri"].rpartition("/")[2], files.kubectl.name)
    with tarfile.open(files.kubectl) as archive:
        archive.extractall(place.home / "kubectl", filter="data")
    program = place.home / "kubectl" / platform["bin"]
    same("kubectl mcpfence --version", place.run(program, "--version"), f"mcpfence {files.version}\n")
    bare = subprocess.run([program], capture_output=True, text=True, check=False, env={"PATH": "/nowhere"})
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
    same("the formula", "\n".join(told), f"{files.sdist.name} {digest(files.sdist)}\n{files.man.name} {digest(files.man)}")


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
        tell(f"{files.chart.name}: found in its index, verified and rendered by helm {major}")
    tell(f"{files.plugin.name}: verified and installed by helm 4")
    kubectl_works(places[0], files)
    tell(f"{files.kubectl.name}: as its Krew manifest says; runs")
    pages_work(places[0], files)
    tell(f"{files.man.name}: nothing that mandoc would mend")
    formula_works(places[0], files)
    tell(f"{files.formula.name}: Ruby reads it; addresses and digests are those of the files")
