"""The digest of what was rendered: the report holds it, so that a stream that comes in again can be held against it.

Annotations of those who carry objects (Helm 4's file name, kustomize's paths) are no part of it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

_CARRIED = re.compile(
    rb"^    [\"']?(?:postrenderer\.helm\.sh|(?:internal\.)?config\.(?:kubernetes|k8s)\.io)/[^\n]*\n"
    rb"|^    [\"']?(?:kustomize\.config\.k8s\.io)/[^\n]*\n",
    re.MULTILINE,
)
_NO_ANNOTATIONS = re.compile(rb"^  annotations:\n(?!    )", re.MULTILINE)


def digest_of(chunks: Iterable[bytes]) -> str:
    """The digest of objects in the order in which they are printed, each behind a separator; no chunk cuts a line."""
    found = hashlib.sha256()
    for chunk in chunks:
        found.update(_bare(chunk))
    return f"sha256:{found.hexdigest()}"


def _bare(text: bytes) -> bytes:
    """Text without the annotations that are added on the way."""
    if b"\n  annotations:\n" not in text:  # under Helm 3 all of it
        return text
    return _NO_ANNOTATIONS.sub(b"", _CARRIED.sub(b"", text))
