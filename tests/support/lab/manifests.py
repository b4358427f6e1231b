"""Documents on their way to the API server: cut from text, applied as they stand, compared with what was stored."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from lab.api import Api, Document
from mcpfence.streams.stream import is_blank, split
from tooling import eventually

SERVER_SETS = {"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"}
"""Keys of metadata that the API server adds to every object."""


def texts(stream: bytes) -> list[str]:
    """The documents of a stream, each with its own text."""
    return [piece.decode() for piece in split(stream) if not is_blank(piece)]


@contextlib.contextmanager
def namespaces_emptied(api: Api) -> Iterator[None]:
    """Remove every namespace that comes up meanwhile, with what is in it."""
    before = {item["metadata"]["name"] for item in api.items("v1", "Namespace")}
    yield
    for item in api.items("v1", "Namespace"):
        if item["metadata"]["name"] not in before:
            api.empty(item["metadata"]["name"])


def stored_faults(api: Api, text: str, expected: set[str]) -> list[str]:
    """Create a document as the text that it is; what is wrong with it, or was stored other than written.

    `expected` are the differences that its kind may have beyond `unexpected`.
    """
    sent: Document = yaml.load(text, Loader=yaml.CSafeLoader)
    answer = api.create(text)
    title = f"{sent['kind']} {sent['metadata']['name']}"
    if not answer.ok or answer.warnings:
        return [f"{title}: {answer.message} {answer.warnings}"]
    stored = api.request("GET", api.path(sent)).body
    return [f"{title}: stored with {change}" for change in sorted(unexpected(sent, stored) - expected)]


def add_crds(api: Api, folder: Path) -> None:
    """Create the CustomResourceDefinitions of a folder, and wait until the API server serves them."""
    paths = []
    for file in sorted(folder.glob("*.yaml")):
        for text in texts(file.read_bytes()):
            answer = api.create(text)
            assert answer.ok or answer.status == 409, answer.message
            spec = yaml.load(text, Loader=yaml.CSafeLoader)["spec"]
            served = [version["name"] for version in spec["versions"] if version["served"]]
            paths += [f"/apis/{spec['group']}/{version}/{spec['names']['plural']}" for version in served]
    for path in paths:
        await_served(api, path)


def await_served(api: Api, path: str) -> None:
    """Wait until what lies there can be listed and is in discovery, which are two controllers of the API server.

    Neither is so at first where a kind is new or a server has restarted.
    """
    group_version, _, plural = path.removeprefix("/apis/").removeprefix("/api/").rpartition("/")

    def served() -> bool:
        return api.request("GET", path).ok and any(found.plural == plural for found in api.resources(group_version))

    eventually(served, f"{path} is not served")


def differences(sent: Any, stored: Any, path: str = "") -> Iterator[str]:
    """Where what is stored is not what was sent, one path each.

    `- PATH` is lost or changed, `0 PATH` was an empty list or map and is absent, `+ PATH` was added.
    """
    if isinstance(sent, Mapping) and isinstance(stored, Mapping):
        for key in sent.keys() | stored.keys():
            place = f"{path}.{key}" if path else str(key)
            if key not in stored:
                yield f"0 {place}" if sent[key] in ([], {}) else f"- {place}"
            elif key not in sent:
                yield f"+ {place}"
            else:
                yield from differences(sent[key], stored[key], place)
    elif isinstance(sent, list) and isinstance(stored, list) and len(sent) == len(stored):
        for one, other in zip(sent, stored, strict=True):
            yield from differences(one, other, f"{path}[]")
    elif type(sent) is not type(stored) or sent != stored:
        yield f"- {path}"


def unexpected(sent: Document, stored: Document) -> set[str]:
    """`differences` beyond what the API server adds to every object."""
    usual = {f"+ metadata.{key}" for key in SERVER_SETS}
    return set(differences(sent, stored)) - usual
