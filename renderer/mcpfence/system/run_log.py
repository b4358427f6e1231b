"""The log that Helm 4 gets where nobody named one, since it shows nothing of what a post-renderer says.

It lies where the XDG Base Directory Specification puts logs: below XDG_STATE_HOME, which is ~/.local/state by default.
A log that cannot be written is none; it never stops a render.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

PLACE = Path("mcpfence", "helm.log")
"""Below the user's folder for state."""

FULL = 1 << 20
"""Bytes of earlier runs after which the file becomes `helm.log.1`, in the place of the one before."""

ROOM = 1 << 20
"""Characters that one run may write."""


def begin_run_log(environment: Mapping[str, str], title: str) -> str | None:
    """The path of the log with a line for this run at its end; None where it cannot be written."""
    try:
        path = _folder(environment) / PLACE
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.is_file() and path.stat().st_size > FULL:
            path.replace(path.with_name(f"{path.name}.1"))
        # Neither a link that somebody else laid is followed, nor is a pipe waited for until somebody reads it.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        with open(os.open(path, flags, 0o600), "ab") as log:  # noqa: PTH123 - Path.open takes no descriptor
            if not stat.S_ISREG(os.fstat(log.fileno()).st_mode):
                return None
            moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            log.write(f"--- {moment} {title}\n".encode())
    except (OSError, RuntimeError, ValueError):  # no home folder, a path with a NUL in it
        return None
    return str(path)


def _folder(environment: Mapping[str, str]) -> Path:
    """The user's folder for state; a relative path in the variable is to be ignored, says the specification."""
    written = Path(environment.get("XDG_STATE_HOME", ""))
    return written if written.is_absolute() else Path.home() / ".local" / "state"
