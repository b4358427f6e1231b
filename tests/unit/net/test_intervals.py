"""Intervals: neighbours become one, and sizes know no limit."""

from __future__ import annotations

from mcpfence.net.intervals import canonical, size


def test_neighbours_become_one() -> None:
    """Intervals that touch without overlapping are one."""
    assert canonical([(5, 9), (1, 4)]) == ((1, 9),)


def test_sizes_know_no_limit() -> None:
    """All of IPv6 is counted exactly."""
    assert size(((0, (1 << 128) - 1),)) == 1 << 128
