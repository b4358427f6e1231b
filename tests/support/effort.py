"""Work that is counted and not timed: the count is the same on a busy machine, and nearly so under another Python."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")


def effort(work: Callable[[], T]) -> tuple[T, int]:
    """The result of work, and how many functions were called for it, those written in C included."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        result = work()
    finally:
        sys.setprofile(before)
    return result, calls
