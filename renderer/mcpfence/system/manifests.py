"""Manifests as input: files, folders (all YAML and JSON below them) and stdin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mcpfence.documents.agreement import DoubtfulDocument, load_judged
from mcpfence.documents.reader import BadDocument
from mcpfence.documents.values import decode
from mcpfence.findings.finding import Finding, McpfenceError, fail
from mcpfence.system.files import read_bytes

_ENDINGS = (".yaml", ".yml", ".json")


def read_manifests(paths: Sequence[str]) -> list[Any]:
    """Every document of the files, folders and stdin (`-`); raises McpfenceError with the faults of all of them."""
    documents: list[Any] = []
    faults: list[Finding] = []
    for name in (file for path in paths for file in _files(path)):
        shown = "stdin" if name == "-" else name
        try:
            documents += load_judged(decode(read_bytes(name), shown))
        except BadDocument as bad:
            id = "policy-unreadable" if isinstance(bad, DoubtfulDocument) else "file-unreadable"
            faults += fail(id, str(bad), "mend the YAML", document=bad.place(shown)).findings
        except McpfenceError as error:
            faults += error.findings
    if faults:
        raise McpfenceError(faults)
    return [document for document in documents if document is not None]


def _files(path: str) -> Iterator[str]:
    """The file itself, or the manifests below a folder in a stable order; hidden files and folders are skipped."""
    folder = Path(path)
    if path == "-" or not folder.is_dir():
        yield path
        return
    for file in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if file.suffix in _ENDINGS and file.is_file() and not hidden:
            yield str(file)
