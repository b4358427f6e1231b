"""Network namespaces of this process: made, entered, removed, and swept up when a killed run left some (Linux, root).

Every name begins with the process that made it and that process's start time, so that two runs never meet and the next
one can tell what nobody owns any more.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

FOLDER = Path("/run/netns")
"""Where `ip netns` keeps them."""

PREFIX = "mcpfence"
_CLONE_NEWNET = 0x40000000
Part = TypeVar("Part")
_NUMBERS = itertools.count()


class NetError(Exception):
    """A network could not be made; the message says which command said what."""


def running(part: Part | None) -> Part:
    """A part of the lab that must be there by now; raises NetError where it was not started, or is stopped."""
    if part is None:
        message = "this part of the lab is not running"
        raise NetError(message)
    return part


def _started(pid: int) -> str:
    """When a process started, in ticks since boot; empty where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except OSError:
        return ""


def fresh_name() -> str:
    """A name that no other namespace has or had: `mcpfence-PID-STARTED-NUMBER`."""
    pid = os.getpid()
    return f"{PREFIX}-{pid}-{_started(pid)}-{next(_NUMBERS)}"


def ip(*arguments: str) -> str:
    """What `ip ARGUMENTS` prints; raises NetError."""
    return _run(["ip", *arguments])


def batch(namespace: str, *lines: str, family: int = 0) -> None:
    """Run several `ip` commands as one process inside a namespace; `family` is 4 or 6 for those that ask for it."""
    options = [f"-{family}"] if family else []
    _run(["ip", "-n", namespace, *options, "-batch", "-"], "".join(f"{line}\n" for line in lines))


def _run(command: list[str], text: str = "") -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        told = f" with the input\n{text}" if text else ""
        message = f"{' '.join(command)} said: {done.stderr.strip()}{told}"
        raise NetError(message)
    return done.stdout


def make_namespace(*settings: tuple[str, str]) -> str:
    """A new namespace with lo up; `settings` are kernel settings below net/, such as ("ipv4/ip_forward", "1")."""
    name = fresh_name()
    ip("netns", "add", name)
    batch(name, "link set lo up")
    set_kernel(name, *settings)
    return name


def set_kernel(namespace: str, *settings: tuple[str, str]) -> None:
    """Set values below /proc/sys/net of a namespace; a thread inside sees its own there."""
    with inside(namespace):
        for key, value in settings:
            Path("/proc/sys/net", key).write_text(value, encoding="ascii")


@contextlib.contextmanager
def inside(namespace: str) -> Iterator[None]:
    """This thread's new sockets belong to the namespace; sockets that exist stay where they are."""
    with Path("/proc/thread-self/ns/net").open("rb") as home, (FOLDER / namespace).open("rb") as there:
        _enter(there.fileno())
        try:
            yield
        finally:
            _enter(home.fileno())


def _enter(descriptor: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.setns(descriptor, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def remove_namespaces(*names: str) -> None:
    """Remove namespaces with every process that still runs in them; those that are gone already do not count."""
    there = [name for name in names if (FOLDER / name).exists()]
    inodes = {(FOLDER / name).stat().st_ino for name in there}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            if (process / "ns" / "net").stat().st_ino in inodes:
                os.kill(int(process.name), signal.SIGKILL)
    _run(["ip", "-force", "-batch", "-"], "".join(f"netns delete {name}\n" for name in there))


def sweep() -> list[str]:
    """Remove what runs that are gone left behind, and say what it was."""
    found = [path.name for path in FOLDER.glob(f"{PREFIX}-*-*-*")] if FOLDER.is_dir() else []
    left = [name for name in found if not _owned(name)]
    with contextlib.suppress(NetError):  # another run may sweep at the same time
        remove_namespaces(*left)
    return left


def _owned(name: str) -> bool:
    """Whether the process that made a namespace still runs."""
    _, pid, started, _ = name.split("-")
    return not pid.isdigit() or _started(int(pid)) == started
