"""Frames of a binary log become lines; what is damaged is said behind what was read."""

from __future__ import annotations

import gzip
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnstap_frames import control, stream
from mcpfence.observe import lines as module
from mcpfence.observe.frames import MARK, frame_bytes
from mcpfence.observe.lines import Damaged, LogLine, read_lines


def read(data: bytes, size: int = 1 << 20) -> list[LogLine]:
    """The lines of a file that comes in chunks of some size."""
    return list(read_lines((data[at : at + size] for at in range(0, len(data), size)), lambda chunks: chunks))


@given(st.lists(st.binary(min_size=1, max_size=300)), st.integers(1, 50))
def test_frames_come_back(frames: list[bytes], size: int) -> None:
    """Every byte of every frame, however the file is cut and compressed, and of files behind each other."""
    data = stream(*frames) + stream(b"last")
    found = read(data, size)

    assert found == read(gzip.compress(data), size)
    assert [line.number for line in found] == list(range(1, len(frames) + 2))
    assert [frame_bytes(line.text or "") for line in found] == [*frames, b"last"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (stream(b"a")[:-2], "ends in the middle of a frame"),
        (stream(b"a") + b"\0\0", "ends in the middle of a frame"),
        (stream(b"a") + struct.pack("!I", 1 << 31) + b"b" * 5000, "ends in the middle of a frame"),
        (stream(b"a") + struct.pack("!II", 0, 513), "is damaged between its frames"),
        (stream(b"a") + control(2, b"protobuf:else"), "holds frames of another kind than dnstap"),
    ],
    ids=["cut in STOP", "cut in a length", "cut in a frame", "a long control frame", "another kind"],
)
def test_damage(data: bytes, why: str) -> None:
    """What stood before is read; then the file is said to be damaged."""
    found: list[LogLine] = []
    with pytest.raises(Damaged) as bad:
        found.extend(read_lines([data], lambda chunks: chunks))

    assert str(bad.value) == why
    assert found == [LogLine(1, MARK + "a")]


def test_a_frame_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is passed over, and the next one is read."""
    monkeypatch.setattr(module, "LONGEST", 100)

    assert read(stream(b"a" * 101, b"b")) == [LogLine(1, None), LogLine(2, MARK + "b")]
