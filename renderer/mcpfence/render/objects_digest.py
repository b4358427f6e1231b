"""The digest of what was rendered: the report holds it, so that a stream that comes in again can be held against it.

Annotations of those who carry objects (Helm 4's file name, kustomize's paths) are no part of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mcpfence.documents.digests import sha256
from mcpfence.patterns import regex

# Each begins with a newline, which the engine of `re` finds quickly, where it would stop at every line for a `^`.
_CARRIED = regex(
    rb"\n    [\"']?(?:postrenderer\.helm\.sh|(?:internal\.)?config\.(?:kubernetes|k8s)\.io|kustomize\.config\.k8s\.io)"
    rb"/[^\n]*(?=\n)"
)
_NO_ANNOTATIONS = regex(rb"\n  annotations:(?=\n(?!    ))")
_ANNOTATIONS = b"\n  annotations:\n"
_FULL = _ANNOTATIONS + b"    "
_CARRIERS = (b"postrenderer.helm.sh/", b"config.kubernetes.io/", b"config.k8s.io/")


def digest_of(chunks: Iterable[bytes], *, many: bool = False) -> str:
    """The digest of objects in the order in which they are printed, each behind a separator; no chunk cuts a line.

    `many` objects take longer than OpenSSL takes to load.
    """
    found = _quick() if many else sha256()
    for text in chunks:
        found.update(_bare(text))
    return f"sha256:{found.hexdigest()}"


def _quick() -> Any:
    import hashlib  # here, since OpenSSL is quicker with much, and takes longer to load than little takes

    return hashlib.sha256()


def _bare(text: bytes) -> bytes:
    """Text without the annotations that are added on the way."""
    if _ANNOTATIONS not in text:
        return text
    if any(word in text for word in _CARRIERS):  # under Helm 3 none of it
        text = _CARRIED.sub(b"", text)
    if text.count(_FULL) < text.count(_ANNOTATIONS):  # counting is far quicker than the expression
        text = _NO_ANNOTATIONS.sub(b"", text)
    return text
