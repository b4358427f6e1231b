"""Frames of a binary log become lines, too: Frame Streams, in which DNS servers write dnstap.

A file is a START frame, data frames and a STOP frame, each behind its length as four bytes; the length 0 announces a
control frame.  Several such files may stand behind each other.  Source: the format's own description,
farsightsec/fstrm, fstrm/control.h and fstrm/fstrm.h (0.6.1).

A frame is handed on as text of its bytes, one character each (Latin-1) behind a mark that no line of text has, so that
it goes the way of every line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

START = b"\0\0\0\0\0\0"
"""How such a file begins: a control frame, whose own length has two bytes at most."""
MARK = "\0dnstap\0"
"""Stands before the bytes of a frame of dnstap."""

_DNSTAP = b"protobuf:dnstap.Dnstap"
_LONGEST_CONTROL = 512
_LENGTH = 4
_START_FRAME, _CONTENT_TYPE = 2, 1


def read_frames(chunks: Iterable[bytes], longest: int) -> Iterator[str | None]:
    """The data frames as text; None for one that is longer than so many bytes.

    Raises ValueError, half a sentence, behind all that was read.
    """
    stream = _Stream(chunks, longest)
    while (length := stream.number(at_end=True)) is not None:
        if not length:
            size = stream.number() or 0
            if size > _LONGEST_CONTROL:
                raise ValueError("is damaged between its frames")
            _check(stream.take(size))
            continue
        if length > longest:
            stream.skip(length)
            yield None
        else:
            yield MARK + stream.take(length).decode("latin-1")


def frame_bytes(text: str) -> bytes:
    """The bytes of a frame that was handed on as text."""
    return text[len(MARK) :].encode("latin-1")


def _check(control: bytes) -> None:
    """A START frame names what the frames are; raises ValueError for another content than dnstap."""
    if int.from_bytes(control[:4]) != _START_FRAME:
        return
    kind, size = int.from_bytes(control[4:8]), int.from_bytes(control[8:12])
    if kind == _CONTENT_TYPE and control[12 : 12 + size] != _DNSTAP:
        raise ValueError("holds frames of another kind than dnstap")


class _Stream:
    """Bytes that come in chunks, taken in pieces of any size."""

    def __init__(self, chunks: Iterable[bytes], piece: int) -> None:
        self._chunks = iter(chunks)
        self._piece = piece
        self._kept = b""
        self._place = 0

    def number(self, *, at_end: bool = False) -> int | None:
        """Four bytes as a number; None at the end of the file, where it may end."""
        found = self._some(_LENGTH)
        if not found and at_end:
            return None
        return int.from_bytes(_whole(found, _LENGTH))

    def take(self, size: int) -> bytes:
        """So many bytes; raises ValueError where there are fewer."""
        return _whole(self._some(size), size)

    def skip(self, size: int) -> None:
        """Pass over so many bytes without keeping them; raises ValueError where there are fewer."""
        while size:
            piece = min(size, self._piece)
            self.take(piece)
            size -= piece

    def _some(self, size: int) -> bytes:
        """So many bytes, or all that there are."""
        while len(self._kept) - self._place < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._kept, self._place = self._kept[self._place :] + chunk, 0
        found = self._kept[self._place : self._place + size]
        self._place += len(found)
        return found


def _whole(found: bytes, size: int) -> bytes:
    if len(found) < size:
        raise ValueError("ends in the middle of a frame")
    return found
