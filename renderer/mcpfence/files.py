"""Files on disk: input read, and a folder of manifests written and kept clean.

Only files that an earlier run wrote (and listed in `.mcpfence-index`) are ever replaced or removed.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from mcpfence.errors import fail

INDEX = ".mcpfence-index"
_HEADER = "# Files that mcpfence render -o wrote here. It replaces and removes these and no others."


def read_bytes(name: str) -> bytes:
    """The content of a file, or of stdin for `-`; raises McpfenceError."""
    if name == "-":
        return read_stdin()
    try:
        return Path(name).read_bytes()
    except OSError as bad:
        sentence = f"cannot be read ({bad.strerror or type(bad).__name__})"
        raise fail("file-unreadable", sentence, "check the path", document=name) from None


def read_stdin() -> bytes:
    """All of stdin; raises McpfenceError where it is closed."""
    try:
        return sys.stdin.buffer.read()
    except (AttributeError, OSError, ValueError):  # Python sets a closed stdin to None
        raise fail("stream-empty", "is closed", "pipe `helm template` into it", document="stdin") from None


def write_folder(folder: Path, files: Mapping[str, str]) -> tuple[int, int, int]:
    """Make the folder hold exactly these files of ours; returns how many were written, left alone and removed.

    Everything new is written beside its place first and moved there only when all of it is on disk, so a full disk
    changes nothing.  Raises McpfenceError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        old = _index(folder)
        _refuse_strangers(folder, set(files) - set(old))
        changed = {name: text for name, text in files.items() if _content(folder / name) != text.encode()}
        index = "\n".join([_HEADER, *sorted(files)]) + "\n"
        _write_all(folder, {**changed, INDEX: index})
        gone = [name for name in old if name not in files]
        for name in gone:
            (folder / name).unlink(missing_ok=True)
    except OSError as bad:
        sentence = f"cannot be written ({bad.strerror or type(bad).__name__})"
        todo = "nothing was changed; make room or choose another folder"
        raise fail("output-failed", sentence, todo, document=str(folder)) from None
    return len(changed), len(files) - len(changed), len(gone)


def _refuse_strangers(folder: Path, names: set[str]) -> None:
    for path in (folder / name for name in sorted(names)):
        if path.exists() or path.is_symlink():
            sentence, todo = "exists and was not written by mcpfence", "move it away, or choose an empty folder"
            raise fail("output-failed", sentence, todo, document=str(path))


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() and not path.is_symlink() else None


def _index(folder: Path) -> list[str]:
    """The names in the index; raises McpfenceError where one of them is not a plain file name."""
    path = folder / INDEX
    if not path.is_file():
        return []
    names = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    for name in names:
        if name != Path(name).name or name in (".", "..") or "\\" in name or ":" in name:
            sentence = "names a file outside its folder"
            raise fail("output-failed", sentence, "remove the index and render again", document=str(path))
    return names


def _write_all(folder: Path, files: Mapping[str, str]) -> None:
    written: list[tuple[Path, Path]] = []
    try:
        for name, text in files.items():
            temporary = folder / f".{name}.mcpfence-new"
            written.append((temporary, folder / name))
            temporary.write_bytes(text.encode())
        for temporary, path in written:
            temporary.replace(path)
    except BaseException:
        for temporary, _ in written:
            temporary.unlink(missing_ok=True)
        raise
