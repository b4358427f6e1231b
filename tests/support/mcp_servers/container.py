"""What a container runtime does for a pod, in the network namespace that this is started in.  Linux, root.

    unshare --mount --pid --ipc --uts --fork --kill-child python -I container.py SPEC.json

SPEC says what the container is (see `Spec` in pods.py): its file system is a read-only view of this machine's /usr and
/etc, which stand for the image, with the pod's volumes, resolv.conf and hosts on top; its command runs as the given
user, without any capability, with exactly the given environment.  Nothing else of the machine is in it.
No seccomp profile is applied: RuntimeDefault is whatever a container runtime brings.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

RDONLY, NOSUID, NODEV, REMOUNT, BIND = 1, 2, 4, 32, 4096
SHARED_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "etc", "opt")
"""What of this machine stands for the image."""
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
IMAGE = "image"
"""The folder of the container with what the spec brings into the image."""


def main() -> None:
    """Build the file system, enter it, become the user, run the command."""
    spec = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    root = Path(spec["root"])
    _build(root, spec)
    socket.sethostname(spec["hostname"])
    os.chroot(root)
    os.chdir("/")
    options = [
        f"--reuid={spec['user']}",
        f"--regid={spec['group']}",
        f"--groups={spec['fsGroup']}",
        "--bounding-set=-all",
        "--inh-caps=-all",
        *(["--no-new-privs"] if spec["noNewPrivileges"] else []),
        "--pdeathsig=KILL",  # a change of user takes away what `unshare --kill-child` set
    ]
    os.execve("/usr/bin/setpriv", ["setpriv", *options, "--", *spec["command"]], spec["env"])  # noqa: S606


def _build(root: Path, spec: dict[str, Any]) -> None:
    _mount("tmpfs", root, "tmpfs", NOSUID | NODEV, "mode=755")
    for name in SHARED_FOLDERS:
        _show(Path("/", name), root / name)
    for name in ("proc", "dev", "tmp", "run", "var"):
        (root / name).mkdir()
    (root / "var/run").symlink_to("/run")
    _mount("proc", root / "proc", "proc", NOSUID | NODEV)
    _devices(root / "dev")
    for target, source in (*spec["files"].items(), *((f"/{IMAGE}/{k}", v) for k, v in spec["image"].items())):
        _file(root, target, Path(source))
    for path in spec["folders"]:
        (root / path.lstrip("/")).mkdir(parents=True, exist_ok=True)
    if spec["readOnly"]:
        _mount("", root, "", REMOUNT | BIND | RDONLY | NOSUID | NODEV)
    for path in spec["folders"]:
        _mount("tmpfs", root / path.lstrip("/"), "tmpfs", NOSUID | NODEV, f"mode=2777,gid={spec['fsGroup']}")


def _show(source: Path, target: Path) -> None:
    """A folder of this machine, read-only; a link stays a link."""
    if source.is_symlink():
        target.symlink_to(source.readlink())
    elif source.is_dir():
        target.mkdir()
        _mount(str(source), target, "", BIND)
        _mount("", target, "", REMOUNT | BIND | RDONLY)


def _devices(folder: Path) -> None:
    for name in DEVICES:
        (folder / name).touch()
        _mount(f"/dev/{name}", folder / name, "", BIND)
    (folder / "fd").symlink_to("/proc/self/fd")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        (folder / name).symlink_to(f"/proc/self/fd/{number}")
    (folder / "shm").mkdir()
    _mount("tmpfs", folder / "shm", "tmpfs", NOSUID | NODEV, "mode=1777")


def _file(root: Path, path: str, source: Path) -> None:
    """A file of the runtime's at a path of the container, through whatever link the image has there."""
    place = root / os.path.realpath(path).lstrip("/")
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    _mount(str(source), place, "", BIND)
    _mount("", place, "", REMOUNT | BIND | RDONLY)


def _mount(source: str, target: Path, kind: str, flags: int, data: str = "") -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.mount(source.encode(), os.fsencode(target), kind.encode(), ctypes.c_ulong(flags), data.encode()):
        message = f"{os.strerror(ctypes.get_errno())} ({source or 'remount'})"
        raise OSError(ctypes.get_errno(), message, str(target))


if __name__ == "__main__":
    main()
