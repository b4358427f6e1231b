"""Finds a helm that mcpfence works with: Helm 3 from 3.18.5 on, or Helm 4.

Run as a script it prints the path, or exits 1 with nothing on stdout; the Makefile asks it before it builds one.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / ".tools" / "bin"
"""Where tools/build_go.sh puts what it built."""

OLDEST = (3, 18, 5)
"""The first release whose schema validator knows JSON Schema 2020-12, which values.schema.json is written in."""

_VERSION = re.compile(r"v(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Helm:
    """One helm program; its version as (major, minor, patch)."""

    path: Path
    version: tuple[int, int, int]

    @property
    def major(self) -> int:
        """3 or 4."""
        return self.version[0]


def inspect(path: Path) -> Helm | None:
    """The helm at `path`; None if it does not start, or does not say a version that we work with."""
    command = [str(path), "version", "--short"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.match(done.stdout.strip())
    if done.returncode != 0 or not found:
        return None
    version = (int(found[1]), int(found[2]), int(found[3] or 0))
    return Helm(path=path, version=version) if OLDEST <= version < (5,) else None


def find(majors: tuple[int, ...] = (4, 3), *, path_first: bool = True) -> Helm | None:
    """The first suitable helm of one of `majors`: on PATH as `helm`, `helm4`, `helm3`, or built by ourselves.

    `path_first=False` prefers what we built: its version is pinned, so tests see the same one everywhere.
    """
    on_path = [shutil.which(name) for name in ("helm", *(f"helm{major}" for major in majors))]
    installed = [Path(name) for name in on_path if name]
    built = [BUILT / f"helm{major}" for major in majors]
    for candidate in installed + built if path_first else built + installed:
        helm = inspect(candidate)
        if helm and helm.major in majors:
            return helm
    return None


def main() -> int:
    """Prints the path of a suitable helm."""
    helm = find()
    if not helm:
        return 1
    print(helm.path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
