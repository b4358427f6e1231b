"""How large Helm's record of a release will be: base64(gzip(JSON)), stored in a Secret that holds 1 MiB at most.

The record holds the manifest, the user's values and the chart.  It is estimated from samples, because compressing
tens of megabytes would take as long as rendering them.  Source: helm, pkg/storage/driver (facts on integration, 3.1).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from mcpfence.errors import Finding

LIMIT = 1_048_576
"""Bytes that the API server accepts in a Secret."""

WARN_FROM = 800_000
_CHART = 40_000
"""The mcpfence chart in the record, compressed and in base64; measured."""
_SMALL = 400_000
"""Less than this can never come near the limit, whatever it is."""
_SAMPLE = 65_536
_PLACES = 16


def estimate(parts: Sequence[bytes]) -> int:
    """Bytes of the record for a manifest and values in these parts."""
    total = sum(map(len, parts))
    if total < _SMALL:
        return total
    text = _sample(parts, total)
    packed = len(zlib.compress(text, 9))
    return _CHART + round(total * packed / len(text) * 4 / 3)


def size_finding(parts: Sequence[bytes]) -> Finding | None:
    """A warning when the record comes near the limit."""
    size = estimate(parts)
    if size < WARN_FROM:
        return None
    sentence = f"Helm's record of this release takes about {size / LIMIT:.1f} of the 1 MiB that a Secret holds"
    todo = "split the servers over several releases, render to Git with mcpfence render -o, or use HELM_DRIVER=sql"
    return Finding("release-size", (), sentence, todo)


def _sample(parts: Sequence[bytes], total: int) -> bytes:
    """The whole text if it is short, else pieces spread evenly over it, each twice as long as gzip looks back."""
    if total <= _SAMPLE * _PLACES:
        return b"".join(parts)
    starts = [round((total - _SAMPLE) * place / (_PLACES - 1)) for place in range(_PLACES)]
    taken, position = [], 0
    for part in parts:
        for start in starts:
            low, high = max(start - position, 0), min(start + _SAMPLE - position, len(part))
            if low < high:
                taken.append(part[low:high])
        position += len(part)
    return b"".join(taken)
