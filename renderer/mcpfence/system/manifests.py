"""Manifests as input: files, folders (all YAML and JSON below them) and stdin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mcpfence.documents.agreement import DoubtfulDocument, load_judged
from mcpfence.documents.reader import BadDocument
from mcpfence.documents.values import decode
from mcpfence.findings.finding import fail
from mcpfence.reach.engines.kustomize_folders import File, as_kustomized, judged_kinds
from mcpfence.system.files import manifests_below, read_bytes, read_each


def read_manifests(paths: Sequence[str], namespace: str, also: frozenset[str] = frozenset()) -> list[Any]:
    """Every document of the files, folders and stdin (`-`); raises McpfenceError with the faults of all of them.

    `namespace` is that of objects which name none, `also` are kinds which all readers of YAML must read alike, as they
    must policies.
    """

    def read(name: str, shown: str) -> list[File]:
        return [(Path(name).as_posix(), documents_of_file(name, shown, read_bytes(name), also))]

    found = read_each((file for path in paths for file in _files(path)), read)
    of_files = as_kustomized(found, namespace)
    return [document for documents in of_files for document in documents if document is not None]


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
