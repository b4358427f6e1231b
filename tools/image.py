"""Builds and runs the image of Containerfile on Debian, as root, with no engine of containers and nothing to pull.

Both bases are Debian packages, which mmdebstrap fetched (`make .tools/image/base.tar`); buildah runs the steps in a
chroot, with this machine's Go and its caches in the place of a golang image. What is built runs as the kubelet would
run it, but for limits: with the uid, command and environment that its configuration says, a read-only root, an empty
/tmp, and no network.

    python tools/image.py        # builds it, and prints its size and version
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from release_state import RefusedError

ROOT = Path(__file__).resolve().parent.parent
BASE = Path(os.environ.get("MCPFENCE_IMAGE_BASE") or ROOT / ".tools" / "image" / "base.tar")
"""The base as Debian packages: `make .tools/image/base.tar`."""
COMMANDS = ("buildah", "go", "unshare")

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_BOX = """\
set -e
root=$1 work=$2; shift 2
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=0755 tmpfs "$root/dev"
mknod -m 666 "$root/dev/null" c 1 3
mknod -m 666 "$root/dev/urandom" c 1 9
mount --bind "$work" "$root/mnt"
mount -o remount,bind,ro "$root/mnt"
mount -o remount,bind,ro "$root"
exec chroot "$@"
"""
"""What stands between an image and its process; chroot gives up root, and with it every capability."""


class NoImageError(RefusedError):
    """The image cannot be built or run here; the message says what is missing, or what buildah said."""


class Image(NamedTuple):
    """A built image, mounted."""

    root: Path
    """Its files."""
    config: Mapping[str, Any]
    """Its configuration, as the OCI image specification has it: User, Env, Entrypoint."""
    added: int
    """Bytes of its files beyond the base's."""


def missing() -> str:
    """What this machine lacks to build the image, as a sentence; nothing if it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "the image is built by root on Linux: run this as root, or docker build -f Containerfile ."
    absent = [name for name in COMMANDS if not shutil.which(name)]
    if absent:
        return f"{', '.join(absent)}: not on PATH; on Debian run `make tools` as root, which installs what it can"
    return "" if BASE.is_file() else f"{BASE} is missing: run `make tools` as root on Debian"


@contextmanager
def built(folder: Path, target: str = "with-helm") -> Iterator[Image]:
    """The image of one target of Containerfile, with its store below `folder`; raises NoImageError."""
    lacking = missing()
    if lacking:
        raise NoImageError(lacking)
    store = ["--root", str(folder / "store"), "--runroot", str(folder / "run"), "--storage-driver", "overlay"]

    def buildah(command: str, *arguments: str) -> str:
        done = subprocess.run(
            ["buildah", *store, command, *arguments], capture_output=True, text=True, check=False, cwd=ROOT
        )
        if done.returncode != 0:
            raise NoImageError(f"buildah {command} ended with code {done.returncode}: {done.stderr[-3000:]}")
        return done.stdout.strip()

    base = buildah("from", "scratch")
    try:
        buildah("add", base, str(BASE), "/")
        buildah("config", "--env", f"PATH=/usr/local/go/bin:{_PATH}", base)
        buildah("commit", "--quiet", base, "localhost/base")
        arguments = ["--build-arg=BASE=localhost/base", "--build-arg=GO=localhost/base", *_volumes()]
        image = ["--file=Containerfile", f"--target={target}", "--tag=localhost/mcpfence", "."]
        buildah("build", "--isolation=chroot", "--pull-never", *arguments, *image)
        before = _size(Path(buildah("mount", base)))
        box = buildah("from", "--pull-never", "localhost/mcpfence")
        root = Path(buildah("mount", box))
        config = json.loads(buildah("inspect", box))["OCIv1"]["config"]
        yield Image(root, config, _size(root) - before)
    finally:
        buildah("umount", "--all")
        buildah("rm", "--all")
        for part in ("store", "run"):  # half a gigabyte that nobody looks at again
            shutil.rmtree(folder / part, ignore_errors=True)


def _volumes() -> list[str]:
    """This machine's Go with what it has fetched and compiled, and the authorities that its registries are known by."""
    asked = ("GOROOT", "GOMODCACHE", "GOCACHE")
    said = subprocess.run(["go", "env", *asked], capture_output=True, text=True, check=True, cwd="/")
    goroot, modules, cache = said.stdout.split()
    places = {goroot: "/usr/local/go:ro", modules: "/root/go/pkg/mod", cache: "/root/.cache/go-build"}
    return [f"--volume={here}:{there}" for here, there in {**places, "/etc/ssl/certs": "/etc/ssl/certs:ro"}.items()]


def _size(root: Path) -> int:
    """Bytes of the files below a folder, each counted once."""
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            status = Path(folder, name).lstat()
            found[status.st_dev, status.st_ino] = status.st_size
    return sum(found.values())


def run(
    image: Image,
    work: Path,
    *arguments: str,
    stdin: bytes = b"",
    variables: Mapping[str, str] | None = None,
    entrypoint: Sequence[str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """What the image does with these arguments in /mnt, where `work` lies read-only; whatever comes of it."""
    environment = {"PATH": _PATH, **dict(row.split("=", 1) for row in image.config["Env"]), **(variables or {})}
    command = [*(image.config["Entrypoint"] if entrypoint is None else entrypoint), *arguments]
    inside = [f"--userspec={image.config['User']}", "--groups=", str(image.root), "/usr/bin/env", "-i", "--chdir=/mnt"]
    box = ["unshare", "--mount", "--net", "--ipc", "sh", "-c", _BOX, "box", str(image.root), str(work)]
    values = [f"{key}={value}" for key, value in environment.items()]
    return subprocess.run([*box, *inside, *values, *command], input=stdin, capture_output=True, check=False)


def main() -> int:
    """Build it, and print its size and version."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with built(Path(folder)) as image:
                said = run(image, ROOT, "--version")
                print(f"{said.stdout.decode().strip()}, {image.added / 2**20:.0f} MiB beyond the base")
        except NoImageError as why:
            print(f"error: {why}", file=sys.stderr)
            return 1
    return said.returncode


if __name__ == "__main__":
    sys.exit(main())
