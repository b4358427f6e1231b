"""Evidence packs on disk: manifests that go into one, a pack written, and one read again.

A pack is replaced by a pack; whatever else stands in a folder stays, and nothing is written.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mcpfence.findings.finding import fail, quote
from mcpfence.reach.engines.kustomize_folders import as_kustomized
from mcpfence.structs import Struct
from mcpfence.system.files import manifests_below, read_bytes, read_each, refuse_place
from mcpfence.system.manifests import documents_of_file

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*\Z")
_LONGEST = 200
_FOLDER = "manifests"


class ManifestFile(Struct):
    """One file of manifests: its name in a pack, its bytes, and the documents in it."""

    name: str
    data: bytes
    documents: tuple[Any, ...]


def read_manifest_files(paths: Sequence[str], namespace: str, also: frozenset[str] = frozenset()) -> list[ManifestFile]:
    """Files, the manifests below folders, and stdin (`-`), as they go into a pack; raises McpfenceError.

    `namespace` is that of objects which name none, `also` are kinds which all readers of YAML must read alike.
    """
    names: dict[str, str] = {}
    for path in paths:
        folder = Path(path)
        if path == "-" or not folder.is_dir():
            names |= _named(names, path, "stdin.yaml" if path == "-" else folder.name)
            continue
        for file in manifests_below(folder):
            names |= _named(names, str(file), file.relative_to(folder).as_posix())

    def read(name: str, shown: str) -> list[ManifestFile]:
        data = read_bytes(name)
        return [ManifestFile(names[name], data, tuple(documents_of_file(name, shown, data, also)))]

    found = read_each(names, read)
    of_files = as_kustomized(((one.name, one.documents) for one in found), namespace)
    return [
        one._replace(documents=tuple(document for document in documents if document is not None))
        for one, documents in zip(found, of_files, strict=True)
    ]


def _named(known: Mapping[str, str], path: str, name: str) -> dict[str, str]:
    """The name of a file in a pack, which is the path from the folder that was given; raises McpfenceError."""
    whole = f"{_FOLDER}/{name}"
    if not _NAME.match(name) or len(whole) > _LONGEST:
        sentence = f"has the name {quote(name)}, which sums of a pack cannot tell"
        raise fail("evidence-name", sentence, "use letters, digits, `.`, `_` and `-`", document=path)
    twice = next((other for other, taken in known.items() if taken == whole and other != path), None)
    if twice is not None:
        sentence = f"would be {whole} in the pack, and so would {twice}"
        raise fail("evidence-name", sentence, "give the folder that holds both", document=path)
    return {path: whole}


def read_pack(folder: Path) -> dict[str, bytes]:
    """Every file of a pack by its path in the folder; raises McpfenceError for what is no plain file too."""
    if not folder.is_dir():
        sentence = "is no folder" if folder.exists() else "does not exist"
        raise fail("file-unreadable", sentence, "name the folder of a pack", document=str(folder))
    found: dict[str, bytes] = {}
    try:
        for above, folders, names in os.walk(folder, onerror=_raise):
            for name in sorted((*folders, *names)):
                path = Path(above, name)
                if path.is_symlink() or not (path.is_file() or path.is_dir()):
                    sentence = "is a link, or no file, which no pack holds"
                    raise fail("evidence-differs", sentence, "take the pack from its source again", document=str(path))
                if path.is_file():
                    found[path.relative_to(folder).as_posix()] = path.read_bytes()
    except OSError as bad:
        sentence = f"cannot be read ({bad.strerror or type(bad).__name__})"
        document = str(bad.filename or folder)
        raise fail("file-unreadable", sentence, "check the path", document=document) from None
    return found


def _raise(bad: OSError) -> None:
    raise bad


def write_pack(folder: Path, files: Mapping[str, bytes], is_pack: Callable[[Mapping[str, bytes]], bool]) -> None:
    """Make the folder hold exactly these files; raises McpfenceError where it holds something that is no pack.

    All of it is written beside its place first and moved there when it is on disk.  A pack that was moved in part is
    told by its sums.
    """
    refuse_place(folder)
    old = read_pack(folder) if folder.is_dir() else {}
    if old and not is_pack(old):
        sentence, todo = "holds something else than an evidence pack", "choose a folder that is empty or not there yet"
        raise fail("output-failed", sentence, todo, document=str(folder))
    try:
        _replace(folder, files, old)
    except OSError as bad:
        sentence = f"cannot be written ({bad.strerror or type(bad).__name__})"
        raise fail("output-failed", sentence, "make room, or choose another folder", document=str(folder)) from None


def _replace(folder: Path, files: Mapping[str, bytes], old: Mapping[str, bytes]) -> None:
    staged: list[tuple[Path, Path]] = []
    try:
        for name, data in files.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            temporary = place.with_name(f".{place.name}.mcpfence-new")
            temporary.unlink(missing_ok=True)  # what a killed run left
            staged.append((temporary, place))
            with temporary.open("xb") as file:
                file.write(data)
        for temporary, place in staged:
            temporary.replace(place)
        for name in sorted(old.keys() - files.keys()):
            (folder / name).unlink(missing_ok=True)
            _remove_empty((folder / name).parent, folder)
    finally:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)


def _remove_empty(inner: Path, folder: Path) -> None:
    while inner != folder and not any(inner.iterdir()):
        inner.rmdir()
        inner = inner.parent


def given_files(found: Sequence[ManifestFile]) -> tuple[dict[str, bytes], list[Any]]:
    """Bytes by name, and every document; raises McpfenceError where there is none."""
    documents = [document for one in found for document in one.documents]
    if not documents:
        raise fail("stream-empty", "there is no manifest in the input", "name files or folders of manifests")
    return {one.name: one.data for one in found}, documents
