"""Manifests as input: files, folders (all YAML and JSON below them) and stdin."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from mcpfence.documents.agreement import DoubtfulDocument, load_judged
from mcpfence.documents.reader import BadDocument
from mcpfence.documents.values import decode
from mcpfence.findings.finding import McpfenceError, fail
from mcpfence.reach.documents.kustomize_files import is_kustomization
from mcpfence.reach.engines.kustomize_folders import File, as_kustomized, is_flux, judged_kinds
from mcpfence.structs import Struct
from mcpfence.system.files import manifests_below, read_bytes, read_each


def read_manifests(paths: Sequence[str], namespace: str, also: frozenset[str] = frozenset()) -> list[Any]:
    """Every document of the files, folders and stdin (`-`); raises McpfenceError with the faults of all of them.

    `namespace` is that of objects which name none, `also` are kinds which all readers of YAML must read alike, as they
    must policies.
    """

    def read(name: str, shown: str) -> list[File]:
        return [(Path(name).as_posix(), documents_of_file(name, shown, read_bytes(name), also))]

    found = read_each((file for path in paths for file in _files(path)), read)
    return _kustomized(found, namespace)


class ReadManifests(Struct):
    """Documents, some of which are None in the place of files that were not parsed; `whole` reads these after all.

    It raises McpfenceError.
    """

    documents: list[Any]
    unread: tuple[bytes, ...]
    whole: Callable[[], list[Any]]


def read_apart(
    paths: Sequence[str], namespace: str, also: frozenset[str], apart: Callable[[bytes], bool]
) -> ReadManifests:
    """The same as `read_manifests`, but files of which `apart` says so are not parsed.

    Where files of kustomize's stand among them, only if these do nothing but list them.
    """
    names = [file for path in paths for file in _files(path)]
    known: dict[str, bytes] = {}
    unread: dict[str, bytes] = {}

    def data_of(name: str) -> bytes:
        if name not in known:
            known[name] = read_bytes(name)
        return known[name]

    def read(name: str, shown: str) -> list[File]:
        data, path = data_of(name), Path(name).as_posix()
        if apart(data):
            unread[path] = data
            return [(path, [None])]
        return [(path, documents_of_file(name, shown, data, also))]

    def whole() -> list[Any]:
        def read(name: str, shown: str) -> list[File]:
            return [(Path(name).as_posix(), documents_of_file(name, shown, data_of(name), also))]

        return _kustomized(read_each(names, read), namespace)

    try:
        found = read_each(names, read)
    except McpfenceError:
        return ReadManifests(whole(), (), whole)  # it says what is wrong with all of them
    if not unread or not _lists_alone(found, unread):
        return ReadManifests(whole(), (), whole)
    documents = [
        document
        for (path, _), some in zip(found, as_kustomized(found, namespace), strict=True)
        for document in some
        if document is not None or path in unread  # which counts where documents are numbered
    ]
    return ReadManifests(documents, tuple(unread.values()), whole)


def _kustomized(files: Sequence[File], namespace: str) -> list[Any]:
    return [document for some in as_kustomized(files, namespace) for document in some if document is not None]


_LIST = {"apiVersion", "kind", "sortOptions", "resources"}


def _lists_alone(files: Sequence[File], unread: Mapping[str, bytes]) -> bool:
    """Whether no file of kustomize's does anything to the unread ones: there is none, or each lists those beside it."""
    if any(is_flux(one) for _, documents in files for one in documents):
        return False
    lists = [(PurePosixPath(path), one) for path, documents in files if is_kustomization(path) for one in documents]
    listed: set[str] = set()
    for path, document in lists:
        entries = document.get("resources") if isinstance(document, dict) and not set(document) - _LIST else None
        if not isinstance(entries, list):
            return False
        listed |= {str(path.with_name(entry)) for entry in map(str, entries) if entry and "/" not in entry}
    return not lists or unread.keys() <= listed


def documents_of_file(name: str, shown: str, data: bytes, also: frozenset[str]) -> list[Any]:
    """The documents of one file, called `shown` in messages; raises McpfenceError."""
    try:
        return load_judged(decode(data, shown), judged_kinds(name) | also)
    except BadDocument as bad:
        id = "policy-unreadable" if isinstance(bad, DoubtfulDocument) else "file-unreadable"
        raise fail(id, str(bad), "mend the YAML", document=bad.place(shown)) from None


def _files(path: str) -> Iterator[str]:
    """The file itself, or the manifests below a folder in a stable order."""
    folder = Path(path)
    if path == "-" or not folder.is_dir():
        yield path
        return
    yield from map(str, manifests_below(folder))
