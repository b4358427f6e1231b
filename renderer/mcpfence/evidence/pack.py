"""A pack: the statement, the manifests, what people read and what live tests run, and the sums of all of these.

    certificate.json   an in-toto statement: subjects are the manifests, the predicate is the certificate
    manifests/...      byte for byte
    report.md          the certificate for people
    SHA256SUMS         as `sha256sum --check` reads it

The certificate has the digests of all others, so a signature of it speaks of the whole pack.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from mcpfence.evidence.certificate import Certificate

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://mcpfence.io/containment/v1"

CERTIFICATE, REPORT, SUMS = "certificate.json", "report.md", "SHA256SUMS"
_WIDTH = 150


def make_pack(
    certificate: Certificate,
    manifests: Mapping[str, bytes],
    others: Mapping[str, bytes],
    schemas: Mapping[str, bytes],
) -> dict[str, bytes]:
    """Every file of a pack by its name; `others` are what stands beside certificate and manifests."""
    predicate = {
        **certificate.predicate,
        "schemas": {name: _digest(data) for name, data in sorted(schemas.items())},
        "files": {name: _digest(data) for name, data in sorted(others.items())},
    }
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": _digest(data)} for name, data in sorted(manifests.items())],
        "predicateType": PREDICATE,
        "predicate": predicate,
    }
    files = {**manifests, **others, CERTIFICATE: f"{json_text(statement)}\n".encode()}
    return {**files, SUMS: sums_of(files)}


def sums_of(files: Mapping[str, bytes]) -> bytes:
    """The sums of some files, in the form of sha256sum."""
    return "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files)).encode()


def is_pack(files: Mapping[str, bytes]) -> bool:
    """Whether the files of a folder are those of a pack, whatever has become of their contents."""
    try:
        statement = json.loads(files[CERTIFICATE])
        listed = {line.split("  ", 1)[1] for line in files[SUMS].decode().splitlines()}
        return bool(statement["predicateType"] == PREDICATE) and files.keys() == {*listed, SUMS}
    except (KeyError, TypeError, ValueError, IndexError, RecursionError):
        return False


def _digest(data: bytes) -> dict[str, str]:
    return {"sha256": hashlib.sha256(data).hexdigest()}


def json_text(value: Any, indent: int = 0, width: int = _WIDTH) -> str:
    """JSON that people can read: what fits on a line stands on one, and so does each witness."""
    if isinstance(value, Mapping):
        texts = ((key, _member(key, inner, indent + 2, width)) for key, inner in value.items())
        items = [f"{json.dumps(key)}: {text}" for key, text in texts]
        first, last = "{}"
    elif isinstance(value, (list, tuple)):
        items = [json_text(inner, indent + 2, width) for inner in value]
        first, last = "[]"
    else:
        return json.dumps(value)
    if sum(map(len, items)) + 2 * len(items) <= width - indent and not any("\n" in item for item in items):
        return f"{first}{', '.join(items)}{last}"
    return _broken(items, first, last, indent)


def _member(key: str, value: Any, indent: int, width: int) -> str:
    lines = key == "witnesses" and isinstance(value, (list, tuple))
    return _lines(value, indent) if lines else json_text(value, indent, width)


def _lines(values: Sequence[Any], indent: int) -> str:
    return _broken([json.dumps(value) for value in values], "[", "]", indent)


def _broken(items: Sequence[str], first: str, last: str, indent: int) -> str:
    pad = f"\n{' ' * (indent + 2)}"
    return f"{first}{pad}{f',{pad}'.join(items)}\n{' ' * indent}{last}" if items else f"{first}{last}"
