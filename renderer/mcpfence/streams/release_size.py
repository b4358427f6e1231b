"""How large Helm's record of a release will be: base64(gzip(JSON)), stored in a Secret that holds 1 MiB at most.

The record holds the manifest, the user's values and the chart.  A large one is estimated from samples, because
compressing tens of megabytes would take as long as rendering them.  Source: helm, pkg/storage/driver (facts on
integration, 3.1); tests/engines/lab compares the estimate with the records that real helms store.
"""

from __future__ import annotations

from mcpfence.findings.finding import Finding
from mcpfence.render.chunks import Chunks

LIMIT = 1_048_576
"""Bytes that the API server accepts in a Secret."""

WARN_FROM = 800_000
_CHART = 47_700
"""The mcpfence chart and the rest of the record, compressed and in base64; measured."""
_SMALL = 570_000
"""Less than this stays below WARN_FROM even if nothing of it can be compressed."""
_WINDOW = 32_768
"""How far gzip looks back."""
_PLACES = 16


def estimate(manifest: Chunks, values: Chunks) -> int:
    """Bytes of the record for a manifest in these parts, and for values as large as these carriers."""
    return _CHART + (_packed(manifest) + _packed(values)) * 4 // 3


def size_finding(manifest: Chunks, values: Chunks) -> Finding | None:
    """A warning when the record comes near the limit."""
    if manifest.size + values.size < _SMALL:
        return None
    size = estimate(manifest, values)
    if size < WARN_FROM:
        return None
    sentence = f"Helm's record of this release takes about {size / LIMIT:.1f} of the 1 MiB that a Secret holds"
    todo = "split the servers over several releases, render to Git with mcpfence render -o, or use HELM_DRIVER=sql"
    return Finding("release-size", (), sentence, todo)


def _packed(text: Chunks) -> int:
    """Bytes after compression: of the whole text if it is short, else as pieces from all over it tell.

    Each piece is compressed with the text before it in sight, as it is when gzip comes there; without that, text
    that repeats itself as ours does would seem a quarter larger.
    """
    import zlib  # here, since most releases are small

    total = text.size
    if total <= _WINDOW * _PLACES:
        return len(zlib.compress(b"".join(text), 9))
    packed = 0
    for place in range(_PLACES):
        start = total * (2 * place + 1) // (2 * _PLACES) - _WINDOW // 2
        before = start - max(start - _WINDOW, 0)
        piece = text.cut(start - before, start + _WINDOW)
        press = zlib.compressobj(9, zdict=piece[:before])
        packed += len(press.compress(piece[before:])) + len(press.flush())
    return packed * total // (_WINDOW * _PLACES)
