"""How large Helm's record of a release will be: base64(gzip(JSON)), stored in a Secret that holds 1 MiB at most.

The record holds the manifest, the user's values and the chart.  A large one is estimated from samples, because
compressing tens of megabytes would take as long as rendering them.  Source: helm, pkg/storage/driver (facts on
integration, 3.1); tests/engines/lab compares the estimate with the records that real helms store.
"""

from __future__ import annotations

from collections.abc import Sequence

from mcpfence.findings.finding import Finding

LIMIT = 1_048_576
"""Bytes that the API server accepts in a Secret."""

WARN_FROM = 800_000
_CHART = 47_700
"""The mcpfence chart and the rest of the record, compressed and in base64; measured."""
_SMALL = 570_000
"""Less than this stays below WARN_FROM even if nothing of it can be compressed."""
_WINDOW = 32_768
"""How far gzip looks back."""
_PLACES = 32


def estimate(manifest: Sequence[bytes], values: Sequence[bytes]) -> int:
    """Bytes of the record for a manifest in these parts, and for values as large as these carriers."""
    return _CHART + (_packed(manifest) + _packed(values)) * 4 // 3


def size_finding(manifest: Sequence[bytes], values: Sequence[bytes]) -> Finding | None:
    """A warning when the record comes near the limit."""
    if sum(map(len, manifest)) + sum(map(len, values)) < _SMALL:
        return None
    size = estimate(manifest, values)
    if size < WARN_FROM:
        return None
    sentence = f"Helm's record of this release takes about {size / LIMIT:.1f} of the 1 MiB that a Secret holds"
    todo = "split the servers over several releases, render to Git with mcpfence render -o, or use HELM_DRIVER=sql"
    return Finding("release-size", (), sentence, todo)


def _packed(parts: Sequence[bytes]) -> int:
    """Bytes after compression: of the whole text if it is short, else as pieces from all over it tell.

    Each piece is compressed with the text before it in sight, as it is when gzip comes there; without that, text
    that repeats itself as ours does would seem a quarter larger.
    """
    import zlib  # here, since most releases are small

    total = sum(map(len, parts))
    if total <= _WINDOW * _PLACES:
        return len(zlib.compress(b"".join(parts), 9))
    packed = 0
    for place in range(_PLACES):
        start = total * (2 * place + 1) // (2 * _PLACES) - _WINDOW // 2
        press = zlib.compressobj(9, zdict=_cut(parts, max(start - _WINDOW, 0), start))
        packed += len(press.compress(_cut(parts, start, start + _WINDOW))) + len(press.flush())
    return packed * total // (_WINDOW * _PLACES)


def _cut(parts: Sequence[bytes], low: int, high: int) -> bytes:
    """The bytes from `low` to `high` of the text that the parts make up."""
    taken, position = [], 0
    for part in parts:
        if position >= high:
            break
        if position + len(part) > low:
            taken.append(part[max(low - position, 0) : high - position])
        position += len(part)
    return b"".join(taken)
