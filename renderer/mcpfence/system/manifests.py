"""Manifests as input: files, folders (all YAML and JSON below them) and stdin."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mcpfence.documents.agreement import DoubtfulDocument, load_judged
from mcpfence.documents.reader import BadDocument
from mcpfence.documents.values import decode
from mcpfence.findings.finding import McpfenceError, fail
from mcpfence.reach.engines.maker_kinds import READ_AS_POLICIES
from mcpfence.system.files import manifests_below, read_bytes, read_each


def read_manifests(paths: Sequence[str], also: frozenset[str] = frozenset()) -> list[Any]:
    """Every document of the files, folders and stdin (`-`); raises McpfenceError with the faults of all of them.

    `also` are kinds which all readers of YAML must read alike, as they must policies.
    """

    def read(name: str, shown: str) -> list[Any]:
        return documents_of_file(name, shown, read_bytes(name), also)

    return read_each((file for path in paths for file in _files(path)), read)


class Manifests(NamedTuple):
    """Documents, some of which are None in the place of files that were not parsed; `whole` reads these after all.

    It raises McpfenceError.
    """

    documents: list[Any]
    unread: tuple[bytes, ...]
    whole: Callable[[], list[Any]]


def read_apart(paths: Sequence[str], also: frozenset[str], apart: Callable[[bytes], bool]) -> Manifests:
    """The same as `read_manifests`, but files of which `apart` says so are not parsed."""
    names = [file for path in paths for file in _files(path)]
    known: dict[str, bytes] = {}
    unread: list[bytes] = []

    def data_of(name: str) -> bytes:
        if name not in known:
            known[name] = read_bytes(name)
        return known[name]

    def read(name: str, shown: str) -> list[Any]:
        data = data_of(name)
        if not apart(data):
            return documents_of_file(name, shown, data, also)
        unread.append(data)
        return [None]  # which counts where documents are numbered

    def whole() -> list[Any]:
        return read_each(names, lambda name, shown: documents_of_file(name, shown, data_of(name), also))

    try:
        return Manifests(read_each(names, read), tuple(unread), whole)
    except McpfenceError:
        return Manifests(whole(), (), whole)  # it says what is wrong with all of them


def documents_of_file(name: str, shown: str, data: bytes, also: frozenset[str]) -> list[Any]:
    """The documents of one file, called `shown` in messages, without the empty ones; raises McpfenceError."""
    try:
        documents = load_judged(decode(data, shown), READ_AS_POLICIES | also)
    except BadDocument as bad:
        id = "policy-unreadable" if isinstance(bad, DoubtfulDocument) else "file-unreadable"
        raise fail(id, str(bad), "mend the YAML", document=bad.place(shown)) from None
    return [with_kind(name, document) for document in documents if document is not None]


KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""What a file of kustomize may be called."""


def with_kind(name: str, document: Any) -> Any:
    """The document of a file; kustomize needs no kind in a file that is called as its own are."""
    if Path(name).name not in KUSTOMIZATIONS or not isinstance(document, dict) or document.get("kind"):
        return document
    return {**document, "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}


def _files(path: str) -> Iterator[str]:
    """The file itself, or the manifests below a folder in a stable order."""
    folder = Path(path)
    if path == "-" or not folder.is_dir():
        yield path
        return
    yield from map(str, manifests_below(folder))
