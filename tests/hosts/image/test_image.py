"""The image of Containerfile: pinned, small, and the same bytes as an installation beside it, fenced in as in a pod."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import image
from edges import mcpfence_command
from tooling import ROOT, MissingComponentError, find_helm4, helm_environment, need

TEXT = (ROOT / "Containerfile").read_text(encoding="utf-8")
ARGOCD = {"ARGOCD_APP_NAME": "fences", "ARGOCD_APP_NAMESPACE": "mcp-system", "KUBE_VERSION": "1.31.2"}
RELEASE = ("--release", "mcp", "--namespace", "mcp-system")

in_a_box = pytest.mark.xdist_group("image")


def test_image_is_pinned() -> None:
    """Every base has a version and a digest, helm comes from what the tests run, and the uid is Argo CD's."""
    bases = re.findall(r"^ARG \w+=(.+)$", TEXT, re.MULTILINE)

    assert [re.search(r":\d+\.\d+\.\d+-\w+(-\w+)?@sha256:[0-9a-f]{64}$", base) is not None for base in bases] == [
        True
    ] * 2
    assert "sh tools/build_go.sh helm4 /out/helm" in TEXT
    assert re.findall(r"^USER (\S+)", TEXT, re.MULTILINE) == ["999:999"]


def test_context_holds_what_is_copied() -> None:
    """What .dockerignore lets through is what Containerfile copies."""
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = {name for line in re.findall(r"^COPY (?!--from)(.*) \S+$", TEXT, re.MULTILINE) for name in line.split()}

    assert {line[1:] for line in ignored if line.startswith("!")} == copied - {"argocd/plugin.yaml"}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[image.Image]:
    """The image with helm, built."""

    def find() -> Path:
        if lacking := image.missing():
            raise MissingComponentError(lacking)
        return image.BASE

    need(find)
    with image.built(tmp_path_factory.mktemp("image")) as made:
        yield made


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder with a catalog in it."""
    (tmp_path / "work").mkdir()
    shutil.copy(ROOT / "values-examples" / "minimal" / "values.yaml", tmp_path / "work" / "values.yaml")
    return tmp_path / "work"


def _here(work: Path, *arguments: str, stdin: bytes = b"", **variables: str) -> bytes:
    """What the mcpfence of the tests prints in that folder, with the pinned helm on PATH."""
    (work.parent / "bin").mkdir(exist_ok=True)
    helm = work.parent / "bin" / "helm"
    if not helm.exists():
        helm.symlink_to(need(find_helm4))
    path = os.pathsep.join([str(helm.parent), os.environ["PATH"]])
    environment = {**helm_environment(work.parent), "PATH": path, **variables}
    command = [*mcpfence_command(), *arguments]
    done = subprocess.run(command, cwd=work, input=stdin, capture_output=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@in_a_box
@pytest.mark.slow
def test_image_prints_the_same_bytes(box: image.Image, work: Path) -> None:
    """render with and without helm, post-render and argocd generate print what they print where they are installed."""
    rows: list[tuple[tuple[str, ...], dict[str, str], bytes]] = [
        (("render", "-f", "values.yaml", *RELEASE), {}, b""),
        (("render", "-f", "values.yaml", *RELEASE, "--policies-only"), {}, b""),
        (("argocd", "generate"), ARGOCD, b""),
    ]
    helm = [str(need(find_helm4)), "template", "mcp", str(ROOT / "chart"), "--values", "values.yaml"]
    stream = subprocess.run(helm, cwd=work, capture_output=True, check=True, env=helm_environment(work.parent)).stdout
    rows.append((("post-render",), {}, stream))
    for arguments, variables, stdin in rows:
        done = image.run(box, work, *arguments, stdin=stdin, variables=variables)

        assert done.returncode == 0, done.stderr
        assert b"kind: NetworkPolicy" in done.stdout
        assert done.stdout == _here(work, *arguments, stdin=stdin, **variables), arguments


@in_a_box
@pytest.mark.slow
def test_image_is_fenced_in(box: image.Image, work: Path) -> None:
    """What the test above ran has uid 999, no right to write but in /tmp, and no network."""
    script = (
        "import os, socket\n"
        "print(os.getuid(), os.getgid(), os.getgroups(), os.access('/tmp', os.W_OK))\n"
        "for path in ('/x', '/mnt/x', '/opt/mcpfence/x'):\n"
        "    try: open(path, 'w')\n"
        "    except OSError as why: print(why.strerror)\n"
        "try: socket.create_connection(('127.0.0.1', 9), 5)\n"
        "except OSError as why: print(why.strerror)\n"
    )
    done = image.run(box, work, "-c", script, entrypoint=["python3"])

    assert done.stdout.decode().splitlines() == [
        "999 999 [] True",
        *["Read-only file system"] * 3,
        "Network is unreachable",
    ], done.stderr


@in_a_box
@pytest.mark.slow
def test_image_is_small(box: image.Image) -> None:
    """At most 120 MiB beyond the base: no compiler, no pip, no cache of it, nothing of what built it."""
    names = ("usr/bin/cc", "usr/bin/gcc", "usr/local/go", "opt/pip", "src", "root/.cache", "root/go", "out")

    assert box.added <= 120 * 2**20, f"{box.added / 2**20:.1f} MiB"
    found = [path for name in names for path in ((box.root / name), *(box.root / name).rglob("*"))]
    assert [path for path in found if path.is_file()] == []
    assert [path for name in ("pip", "pip3", "pip-*") for path in (box.root / "opt/mcpfence").rglob(name)] == []


@in_a_box
@pytest.mark.slow
def test_image_is_the_sidecar(box: image.Image, work: Path) -> None:
    """plugin.yaml lies where cmp-server reads it, and the image says its version when it is asked."""
    plugin = box.root / "home" / "argocd" / "cmp-server" / "config" / "plugin.yaml"

    assert plugin.read_bytes() == _here(work, "argocd", "plugin")
    assert image.run(box, work, "--version").stdout == _here(work, "--version")
    assert box.config["Entrypoint"] == ["mcpfence"]


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without root, without buildah and without the base a sentence says what to do."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    user = image.missing()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "buildah" else name)
    program = image.missing()
    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(image, "BASE", tmp_path / "base.tar")

    assert user == "the image is built by root on Linux: run this as root, or docker build -f Containerfile ."
    assert program == "buildah: not on PATH; on Debian run `make tools` as root, which installs what it can"
    assert image.missing() == f"{tmp_path / 'base.tar'} is missing: run `make tools` as root on Debian"
