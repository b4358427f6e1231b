"""A disk of a few megabytes for one program: a tmpfs that only a mount namespace of the test's own sees."""

from __future__ import annotations

import subprocess
from pathlib import Path

MEBIBYTES = 160
"""Etcd sets 64 MiB aside for its log, twice; the rest is for its data."""

_HOLD = 'mount -t tmpfs -o size="$1"m tmpfs "$2" && echo mounted && exec cat'
"""Mounts, says so, and lives until its stdin is closed, however this process ends."""


class SmallDisk:
    """The disk at `place`, a folder that is made.  Raises OSError where this user may not mount, or util-linux is missing."""

    def __init__(self, place: Path) -> None:
        self.place = place
        place.mkdir(parents=True)
        command = ["unshare", "--mount", "sh", "-c", _HOLD, "sh", str(MEBIBYTES), str(place)]
        self._holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert self._holder.stdout
        if self._holder.stdout.readline() != b"mounted\n":
            _, said = self._holder.communicate()
            raise OSError(said.decode().strip() or "no tmpfs could be mounted")

    def close(self) -> None:
        """Let the disk go with what is on it; whoever uses it must have ended."""
        self._holder.communicate()  # closes its stdin and waits for its end

    @property
    def prefix(self) -> list[str]:
        """What to run a program with that is to see this disk."""
        return ["nsenter", f"--target={self._holder.pid}", "--mount", "--"]

    @property
    def _ballast(self) -> Path:
        return Path(f"/proc/{self._holder.pid}/root{self.place}/ballast")

    def fill(self) -> None:
        """Leave no byte free."""
        with self._ballast.open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    continue

    def clear(self) -> None:
        """Give back what `fill` took."""
        self._ballast.unlink()
