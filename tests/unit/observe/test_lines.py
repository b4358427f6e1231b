"""Bytes of log files become lines, whatever they are wrapped in."""

from __future__ import annotations

import contextlib
import gzip
import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpfence.observe import lines as module
from mcpfence.observe.lines import Damaged, LogLine, read_lines


def read(data: bytes, size: int = 1 << 20) -> list[LogLine]:
    """The lines of a file that comes in chunks of some size."""
    chunks = (data[place : place + size] for place in range(0, len(data), size))
    return list(read_lines(chunks, refuse))


def refuse(_: Iterable[bytes]) -> Iterable[bytes]:
    """No zstd here."""
    raise AssertionError


def texts(data: bytes, size: int = 1 << 20) -> list[tuple[int, str | None]]:
    """Numbers and texts alone."""
    return [(line.number, line.text) for line in read(data, size)]


def test_lines_with_any_end() -> None:
    """LF and CRLF end a line, an empty one is passed over, the last one may be cut."""
    assert texts(b"a\r\nb\n\nc") == [(1, "a"), (2, "b"), (4, "c")]


@given(st.lists(st.sampled_from(["a", '{"a": "}"}', "[INFO] x", "\u00e4"])), st.integers(1, 9))
def test_chunks_make_no_difference(found: list[str], size: int) -> None:
    """The same lines come out of a file however it is cut, also out of a compressed one."""
    data = "".join(f"{text}\n" for text in found).encode()

    assert texts(data, size) == texts(data) == texts(gzip.compress(data), size) == list(enumerate(found, 1))


def test_gzip_of_several_members() -> None:
    """Files that were appended to each other are read to their end, padding included."""
    assert texts(gzip.compress(b"a\n") + gzip.compress(b"b\n") + b"\0\0") == [(1, "a"), (2, "b")]


def test_a_cut_gzip_gives_what_it_has() -> None:
    """Lines before the cut are read, and the cut is told."""
    data = gzip.compress(b"".join(b"%d\n" % number for number in range(10_000)))
    found: list[LogLine] = []
    with pytest.raises(Damaged, match="ends in the middle of what was compressed"):
        found.extend(read_lines([data[:-20]], refuse))
    assert len(found) > 9_000
    found.clear()
    with pytest.raises(Damaged, match="holds something else behind what was compressed, or is damaged"):
        found.extend(read_lines([gzip.compress(b"a\n") + b"tail"], refuse))
    assert found == [LogLine(1, "a")]


def test_a_long_line_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that is too long has no text, wherever its end comes, and the next one is read."""
    monkeypatch.setattr(module, "LONGEST", 10)

    assert texts(b"a\n" + b"x" * 50 + b"\nb\n", 7) == [(1, "a"), (2, None), (3, "b")]
    assert texts(b"x" * 50, 7) == [(1, None)]


EVENTS = [{"a": 1, "b": ']}\\"{['}, {"c": {"d": [1, {"e": 2}]}}]


@pytest.mark.parametrize("size", [3, 7, 4096])
@pytest.mark.parametrize("wrapped", [EVENTS, {"records": EVENTS}, {"events": EVENTS}, {"items": EVENTS}])
@pytest.mark.parametrize("indent", [None, 2])
def test_json_documents(wrapped: object, indent: int | None, size: int) -> None:
    """Arrays and objects with one list of records give their elements, on one line or on many."""
    found = texts(json.dumps(wrapped, indent=indent).encode(), size)

    assert [json.loads(text or "") for _, text in found] == EVENTS


def test_json_over_several_lines() -> None:
    """Objects one behind the other, as jq prints them, are found with their first lines."""
    data = "\n".join(json.dumps(event, indent=1) for event in EVENTS).encode()
    found = texts(data)

    assert [json.loads(text or "") for _, text in found] == EVENTS
    assert [number for number, _ in found] == [1, 5]


def test_cut_json_is_told() -> None:
    """A document that ends in its middle gives the elements before, and says so."""
    found: list[LogLine] = []
    with pytest.raises(Damaged, match="ends in the middle of its JSON"):
        found.extend(read_lines([b'[{"a": 1}, {"b"'], refuse))


def test_brackets_of_log_lines_are_no_array() -> None:
    """Lines that begin with [ are lines."""
    assert texts(b"[INFO] a\n[2026-11-02T09:14:07.404Z] b\n") == [(1, "[INFO] a"), (2, "[2026-11-02T09:14:07.404Z] b")]


def test_prefix_of_a_container_runtime() -> None:
    """The prefix of CRI is taken off and tells the time; parts of a line are joined."""
    data = (
        b"2026-11-02T09:14:07.404660075Z stdout F whole\n"
        b"2026-11-02T09:14:08Z stdout P one \n2026-11-02T09:14:08.1Z stdout F two\n"
    )

    assert read(data) == [
        LogLine(1, "whole", 1_793_610_847_404_660_075),
        LogLine(3, "one two", 1_793_610_848_100_000_000),
    ]


def test_an_event_of_cloudwatch() -> None:
    """The message of an event is the line, with the event's time; other objects with a message are themselves."""
    event = {"timestamp": 1793610847404, "message": "2 - x", "eventId": "1"}
    other = '{"message": "connection complete", "scope": "access"}'

    assert read(json.dumps({"events": [event]}).encode()) == [LogLine(1, "2 - x", 1_793_610_847_404_000_000)]
    assert read(other.encode()) == [LogLine(1, other)]


@given(st.binary(max_size=200))
def test_any_bytes_are_read(data: bytes) -> None:
    """Nothing but Damaged comes out of a file that is none, zstd aside."""
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        return
    with contextlib.suppress(Damaged):
        read(data, 5)
