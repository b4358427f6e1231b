"""Folders with files of kustomize's in them: what of the files it leaves out, adds, or puts into another namespace.

    as_kustomized    the documents of files, those of kustomize with what was found out about them (`BECAUSE`)

A file counts as applied if one of kustomize's lists it.  A file that no list has, below a folder that has one, is left
out where it stands for something in a proof; a list that names something which was not given adds what nobody read.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mcpfence.reach.documents.kustomize_files import is_kustomization, kindless_of
from mcpfence.reach.documents.objects import Object, unroll
from mcpfence.reach.engines.document_parts import words
from mcpfence.reach.engines.kustomizations import (
    BECAUSE,
    FLUX,
    GROUP,
    KUSTOMIZE_KINDS,
    WITHIN,
    FilesBeside,
    unlike_its_files,
)
from mcpfence.reach.engines.kustomize_scope import DATA, PODS, is_moved, within_one
from mcpfence.reach.engines.maker_kinds import READ_AS_POLICIES
from mcpfence.reach.engines.policy_words import is_policy
from mcpfence.structs import Struct

_KINDS = tuple(kind for _, kind in sorted(KUSTOMIZE_KINDS))
_MOST = 3
"""How many of one thing are named."""

File = tuple[str, Sequence[Any]]
"""A path, written with `/`, and the documents there."""


def judged_kinds(path: str) -> frozenset[str]:
    """Kinds of a file's documents on which all readers of YAML must agree."""
    return READ_AS_POLICIES | kindless_of(path)


def as_kustomized(files: Iterable[File], namespace: str) -> list[list[Any]]:
    """The documents of files that belong together, file by file; `namespace`: of those that name none."""
    found = [(posixpath.normpath(path), [*documents]) for path, documents in files]
    if not any(is_kustomization(path) or any(map(is_flux, documents)) for path, documents in found):
        return [documents for _, documents in found]
    folders = _Folders([(path, [_with_kind(path, one) for one in documents]) for path, documents in found], namespace)
    return [[folders.judged(path, one) for one in documents] for path, documents in folders.files]


def _with_kind(path: str, document: Any) -> Any:
    """The document of a file; kustomize needs no kind in one of its own."""
    if not is_kustomization(path) or not isinstance(document, dict):
        return document
    if document.get("kind") and (document.get("kind") not in _KINDS or document.get("apiVersion")):
        return document
    return {**document, "apiVersion": f"{GROUP}/v1beta1", "kind": document.get("kind") or "Kustomization"}


def is_flux(document: object) -> bool:
    """Whether a document is one with which Flux builds a folder."""
    if not isinstance(document, dict):
        return False
    return (str(document.get("apiVersion")).partition("/")[0], document.get("kind")) == FLUX


class _List(Struct):
    """One of kustomize's files: its folder, itself, and the paths that its `resources` have."""

    folder: str
    document: dict[str, Any]
    entries: tuple[str, ...]


class _Folders:
    """Files beside each other, and the lists among them."""

    def __init__(self, files: Sequence[File], namespace: str) -> None:
        self.files, self.namespace = files, namespace
        self.at: dict[str, list[Any]] = {}
        for path, documents in files:
            self.at.setdefault(path, []).extend(documents)
        self.lists: dict[str, list[_List]] = {}
        for path, documents in files:
            for one in documents if is_kustomization(path) else ():
                if isinstance(one, dict) and one.get("kind") in _KINDS:
                    folder = posixpath.dirname(path)
                    self.lists.setdefault(folder, []).append(_List(folder, one, tuple(_paths(folder, one))))
        self.listed = {path for lists in self.lists.values() for one in lists for path in one.entries}
        self.mentioned = {
            folder: {_joined(folder, text.rpartition("=")[2]) for one in lists for text in words(one.document)}
            for folder, lists in self.lists.items()
        }
        self.out = self._find_left_out()
        self.spoken = _Spoken(one for documents in self.at.values() for one in documents)

    def judged(self, path: str, document: Any) -> Any:
        """A document; of one of kustomize's with its path as its name, and why it is not what the files say."""
        if is_flux(document):
            return self._flux(document)
        if not isinstance(document, dict) or not is_kustomization(path):
            return document
        if (str(document.get("apiVersion")).partition("/")[0], document.get("kind")) not in KUSTOMIZE_KINDS:
            return document
        folder = posixpath.dirname(path)
        reached = [one for path in sorted(self._reached(folder)) for one in self.at.get(path, ())]
        objects = unroll(reached).objects
        named = any(one.kind not in (*PODS, *DATA) for one in objects)
        beside = FilesBeside(lambda entry: self.at.get(_joined(folder, entry)), self.spoken.has, named)
        into = document.get("namespace")
        files = [*self._left_out(folder), *self._not_given(folder, document), *self._moved(objects, into)]
        because = [*unlike_its_files({**document, BECAUSE: None}, beside), *files]
        out = [one for path in self.out.get(folder, ()) for one in self.at[path]]
        within = within_one([*objects, *unroll(out).objects], into, self.namespace) if None not in reached else None
        told = {} if within is None else {WITHIN: within}
        return {**_without_scope(document), "metadata": {"name": path}, BECAUSE: because, **told}

    def _flux(self, document: dict[str, Any]) -> dict[str, Any]:
        """What Flux builds of a folder among the files, as kustomize would with the same keys."""
        spec = document.get("spec")
        said = spec if isinstance(spec, dict) else {}
        path, into = said.get("path"), said.get("targetNamespace")
        folders = sorted({posixpath.dirname(at) for at in self.at if isinstance(path, str) and _ends(at, path)})
        reached = [one for at in self.at for one in self.at[at] if posixpath.dirname(at) in folders]
        objects = unroll(reached).objects
        keys = {key: said.get(key) for key in _FLUX_KEYS}
        beside = FilesBeside(lambda _: None, self.spoken.has, any(one.kind not in (*PODS, *DATA) for one in objects))
        because = [*unlike_its_files(keys, beside), *self._moved(objects, into)] if objects else []
        within = within_one(objects, into, self.namespace)
        told = {} if within is None else {WITHIN: within}
        return {**_without_scope(document), BECAUSE: because, **told}

    def _left_out(self, folder: str) -> Iterator[str]:
        """Files below a folder for which its list is the next one, and that no list has; and lists likewise."""
        out = self.out.get(folder)
        if out:
            above = f"{folder}/" if folder else ""
            yield f"its resources leave out {_some(path.removeprefix(above) for path in sorted(out))}"

    def _find_left_out(self) -> dict[str, list[str]]:
        """What is left out, by the folder whose list should have it."""
        found: dict[str, list[str]] = {}
        for path, documents in self.at.items():
            folder = self._without_list(path, documents)
            if folder is not None:
                found.setdefault(folder, []).append(path)
        return found

    def _without_list(self, path: str, documents: Sequence[Any]) -> str | None:
        """The folder whose list should have a file and does not."""
        inner = posixpath.dirname(path)
        folder = self._next_list(inner)
        if folder is None:
            return None
        mentioned = path in self.mentioned[folder]
        if path not in self.listed and any(_stands_for_something(one, mentioned=mentioned) for one in documents):
            return folder
        if not is_kustomization(path) or not inner or inner in self.listed:
            return None
        above = self._next_list(posixpath.dirname(inner))
        return None if above is None or above in self._reached(inner) else above

    def _next_list(self, folder: str) -> str | None:
        """The folder itself, or the next one above, that has a list."""
        while folder not in self.lists:
            if not folder or folder == posixpath.dirname(folder):
                return None
            folder = posixpath.dirname(folder)
        return folder

    def _reached(self, folder: str) -> set[str]:
        """Every path that a list has, and those that these have."""
        found: set[str] = set()
        stack = [folder]
        while stack:
            for one in self.lists.get(stack.pop(), ()):
                stack.extend(path for path in one.entries if path not in found)
                found.update(one.entries)
        return found

    def _not_given(self, folder: str, document: dict[str, Any]) -> Iterator[str]:
        """Entries that lead to something which is not among the files."""
        value = document.get("resources")
        if value and not (isinstance(value, list) and all(isinstance(entry, str) for entry in value)):
            yield "its resources are no list of paths"
            return
        out = [e for e in value or () if (p := _joined(folder, e)) not in self.at and p not in self.lists]
        if out:
            yield f"its resources have what was not given: {_some(out)}"

    def _moved(self, objects: Sequence[Object], into: object) -> Iterator[str]:
        """Objects that a namespace puts elsewhere than they say."""
        moved = next((one for one in objects if is_moved(one, into, self.namespace)), None) if into else None
        if moved is not None:
            yield f"its namespace {into} is not that of {moved.title}"


def _without_scope(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != WITHIN}


_FLUX_KEYS = ("components", "namePrefix", "nameSuffix", "patches", "patchesJson6902", "patchesStrategicMerge")
"""Keys of Flux that do what kustomize's of the same name do."""


def _ends(file: str, path: str) -> bool:
    """Whether a file may lie in a folder of a repository of which the files are a part, or that is a part of theirs."""
    there, folder = posixpath.normpath(path).strip("/"), posixpath.dirname(file).strip("/")
    if there in ("", ".") or not folder:
        return there in ("", ".") and not folder
    return f"/{folder}".endswith(f"/{there}") or f"/{there}".endswith(f"/{folder}")


def _paths(folder: str, document: dict[str, Any]) -> Iterator[str]:
    value = document.get("resources")
    return (
        (_joined(folder, entry) for entry in value if isinstance(entry, str)) if isinstance(value, list) else iter(())
    )


def _joined(folder: str, entry: str) -> str:
    """Where an entry leads, as kustomize joins it; `.` is the folder of names without any."""
    path = posixpath.normpath(posixpath.join(folder, entry)) if entry else folder
    return "" if path == "." else path


def _stands_for_something(document: Any, *, mentioned: bool) -> bool:
    """Whether an object counts in a proof: policies and Namespaces always, others unless they are known as data."""
    if not isinstance(document, dict) or not document.get("kind"):
        return False
    if str(document.get("apiVersion")).partition("/")[0] == GROUP:
        return False
    kind = str(document["kind"])
    return not mentioned or is_policy(kind) or kind in ("Namespace", "List") or isinstance(document.get("items"), list)


class _Spoken:
    """What the specs of documents that make no pods say: keys, and words in texts."""

    def __init__(self, documents: Iterable[Any]) -> None:
        kinds = [one for one in unroll(documents).objects if one.kind not in PODS]
        self._texts = {text for one in kinds if one.group != GROUP for text in words(one.document)}

    def has(self, label: str) -> bool:
        """Whether a label's key stands there, by itself or in an expression."""
        word = re.compile(rf"(?<![\w./-]){re.escape(label)}(?![\w./-])")
        return any(label in text and word.search(text) for text in self._texts)


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _MOST:,} more" if len(listed) > _MOST else ""
    return f"{', '.join(listed[:_MOST])}{more}"
