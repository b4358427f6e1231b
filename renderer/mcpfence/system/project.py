"""The project file `.mcpfence.yaml`: what commands take where no option says otherwise.

It is searched in the working folder and above, up to the folder of the Git repository, so that one holds for all of it
and none of a folder above counts.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcpfence.documents.values import ValuesFile, decode, read_source, where
from mcpfence.findings.finding import McpfenceError, fail, quote
from mcpfence.findings.position import position_text
from mcpfence.findings.wording import nearest, type_name
from mcpfence.structs import Struct
from mcpfence.system.files import read_bytes

NAME = ".mcpfence.yaml"


class ProjectSetting(Struct):
    """One key: its value, and where it stands as `FILE:LINE:COLUMN`."""

    value: Any
    place: str


class Project(Struct):
    """A project file: its name as it is seen from the working folder, and the keys that stand in it."""

    name: str
    settings: Mapping[str, ProjectSetting]


KEYS: dict[str, tuple[type, str]] = {
    "values": (list, "values files, later ones over earlier ones"),
    "release": (str, "name of the release"),
    "namespace": (str, "the release's own namespace"),
    "output": (str, "folder that render writes to"),
    "strict": (bool, "whether warnings are errors"),
}
"""Each key with its type and what it says; paths are seen from the folder of the project file."""


def find_project(start: Path) -> Path | None:
    """The project file of a folder, or of the nearest one above that is still in its Git repository."""
    for folder in (start, *start.parents):
        if (folder / NAME).is_file():
            return folder / NAME
        if (folder / ".git").exists():
            return None
    return None


def load_project(start: Path) -> Project | None:
    """The project of a folder, None where it has none; raises McpfenceError with the place of what is wrong in it."""
    path = find_project(start)
    if path is None:
        return None
    shown = os.path.relpath(path, start)
    source = read_source(shown, decode(read_bytes(str(path)), shown))
    folder = os.path.relpath(path.parent, start)
    _refuse_outside(path.parent, source)
    settings = {key: ProjectSetting(_read(key, source, folder), _place(key, source)) for key in source.data}
    _refuse_streams(start, settings, source)
    return Project(shown, settings)


def _refuse_streams(start: Path, settings: Mapping[str, ProjectSetting], source: ValuesFile) -> None:
    """Refuse values that are no file: a command would wait for a pipe, or read a device, for ever.

    Whoever writes -f chose it; the project file is somebody else's.  Raises McpfenceError.
    """
    for name in settings["values"].value if "values" in settings else ():
        if name == "-" or _never_ends(start / name):
            sentence = f"names {quote(name)}, which is {'stdin' if name == '-' else 'a pipe or a device'}"
            raise _wrong("values", source, sentence, "name a file; -f takes anything that can be read")


def _never_ends(path: Path) -> bool:
    """Whether there is something that is neither a file nor a folder; what cannot be looked at is told when read."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _real(path: Path) -> Path:
    """The path without links; of links in a circle what is there, where `resolve` raises."""
    return Path(os.path.realpath(path))


def home_of(folder: Path) -> Path:
    """The folder of the repository around a project file's folder, or that folder itself; without links."""
    return next((one for one in (folder, *folder.parents) if (one / ".git").exists()), folder).resolve()


def refuse_to_rewrite(name: str, start: Path) -> None:
    """Raises McpfenceError where a file that the project of `start` names lies outside of its repository."""
    found = find_project(start)
    if found is not None and not _real(start / name).is_relative_to(home_of(found.parent)):
        sentence = "lies outside of the project's repository, or behind a link that leads there"
        raise fail("format-refused", sentence, "name it, and it is formatted", document=name)


def _refuse_outside(folder: Path, source: ValuesFile) -> None:
    """Refuse to write where no review of the repository looks; raises McpfenceError.

    Whoever changes the file would else choose where a colleague's `render` writes, and what it removes there.
    """
    output = source.data.get("output")
    if not isinstance(output, str) or "\0" in output:
        return
    home = home_of(folder)
    target = _real(folder / output)
    if not target.is_relative_to(home) or ".git" in target.relative_to(home).parts:
        sentence = "leads out of the repository" if (home / ".git").exists() else "leads out of the file's own folder"
        raise _wrong("output", source, sentence, "write a folder in it; render -o names any other one")


def _read(key: str, source: ValuesFile, folder: str) -> Any:
    """The value of a key, paths as they are seen from the working folder; raises McpfenceError."""
    if key not in KEYS:
        raise _wrong(key, source, f"{quote(key)} is no key of the project file", nearest(key, list(KEYS), _all()))
    kind, meaning = KEYS[key]
    value = source.data[key]
    if kind is list and isinstance(value, str):
        value = [value]
    if not isinstance(value, kind) or not _complete(value):
        form = {list: "a list of file names", str: "a name", bool: "true or false"}[kind]
        raise _wrong(key, source, f"is {type_name(value)}", f"write {form}: {meaning}")
    if any("\0" in text for text in (value if isinstance(value, list) else [str(value)])):
        raise _wrong(key, source, "holds a zero byte, as no path does", f"write it without: {meaning}")
    if key == "output":
        return _seen_from(folder, str(value))
    return [_seen_from(folder, name) for name in value] if isinstance(value, list) else value


def _complete(value: object) -> bool:
    """Whether nothing in a value is empty, and a list holds names alone."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, str) and item for item in value)
    return value != ""


def _seen_from(folder: str, name: str) -> str:
    """A path of the project file as messages say it: `values.yaml`, not `./values.yaml`."""
    return os.path.normpath(Path(folder) / name)


def _all() -> str:
    return f"write one of {', '.join(KEYS)}"


def _place(key: str, source: ValuesFile) -> str:
    return position_text(where((key,), [source]))


def _wrong(key: str, source: ValuesFile, sentence: str, todo: str) -> McpfenceError:
    said = sentence if key not in KEYS else f"{key} {sentence}"
    return fail("project-file", said, todo, document=_place(key, source))
