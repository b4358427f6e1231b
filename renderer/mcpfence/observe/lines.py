"""Bytes of a log file become lines, whatever they are wrapped in.

Files may be compressed (gzip of several members, zstd), hold lines, one JSON array, an object with one list of
records, or JSON over several lines; each line may stand behind the prefix of a container runtime (CRI) or in an event
of CloudWatch.  Frames of dnstap are lines as well.  Memory stays bounded: a line that is too long is passed over, and
said.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from mcpfence.observe.frames import START, read_frames
from mcpfence.observe.times import of_number, parse_time
from mcpfence.structs import Struct

Part = TypeVar("Part")

LONGEST = 1 << 20
"""Bytes of a line; a record of any format is far below."""
LONGEST_ELEMENT = 1 << 25
"""Characters of one object in a JSON document: an hour of Azure's flow log is one."""

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_STEP = 1 << 20
_CRI = re.compile(r"(\d{4}-\d{2}-\d{2}T[0-9:.]+(?:Z|[+-]\d{2}:\d{2})) (?:stdout|stderr) ([FP]) ")
_ARRAY = re.compile(r"\s*\[\s*(?:[{\[\]]|\Z)")
_ENVELOPE = re.compile(r'\s*\{\s*"(?:records|events|items|flows)"\s*:\s*\[')
_SPREAD = re.compile(r"\s*\{\s*\n")
_TOKENS = re.compile(r'["{}\[\]\n]')
_STRING_END = re.compile(r'["\\\n]')


class LogLine(Struct):
    """One line or element: its number, its text (None where it is too long), and the time that its wrapping tells."""

    number: int
    text: str | None
    time: int = 0


class Damaged(ValueError):
    """A file that cannot be read to its end; the message is half a sentence."""


def read_lines(chunks: Iterable[bytes], unzstd: Callable[[Iterable[bytes]], Iterable[bytes]]) -> Iterator[LogLine]:
    """The lines of a file that comes in chunks; `unzstd` unpacks zstd.  Raises Damaged, behind all that was read."""
    stream = unpacked(chunks, unzstd)
    head = next(stream, b"")
    if head.startswith(START):
        frames = _undamaged(read_frames(_chain(head, stream), LONGEST))
        return (LogLine(number, frame) for number, frame in enumerate(frames, 1))
    text = head[:4096].decode("utf-8-sig", "replace")
    whole = _chain(head.removeprefix(b"\xef\xbb\xbf"), stream)
    depth = 2 if _ENVELOPE.match(text) else 1 if _ARRAY.match(text) else 0
    lines = _elements(whole, depth) if depth or _SPREAD.match(text) else _split(whole)
    return unwrapped(lines)


def unpacked(chunks: Iterable[bytes], unzstd: Callable[[Iterable[bytes]], Iterable[bytes]]) -> Iterator[bytes]:
    """The chunks of a file without compression; raises Damaged, behind all that was read."""
    stream = _pushed_back(chunks)
    head = next(stream, b"")
    whole = _chain(head, stream)
    kind = packing(head)
    if kind == "gzip":
        return _pushed_back(_gunzip(whole))
    return _pushed_back(_undamaged(unzstd(whole)) if kind == "zstd" else whole)


def packing(head: bytes) -> str:
    """How a file that begins so is compressed: `none`, `gzip` or `zstd`."""
    return "gzip" if head.startswith(_GZIP) else "zstd" if head.startswith(_ZSTD) else "none"


def _pushed_back(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Chunks that are not empty, the first of them long enough to be recognised."""
    head, damage = b"", None
    rest = iter(chunks)
    try:
        for chunk in rest:
            head += chunk
            if len(head) >= 4096:
                break
    except Damaged as why:  # what came before it is good
        damage = why
    if head:
        yield head
    if damage:
        raise damage
    yield from (chunk for chunk in rest if chunk)


def _chain(head: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from rest


def _gunzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Every member of a gzip file, in pieces of bounded size; zeros behind the last one are padding."""
    machine = zlib.decompressobj(31)
    for chunk in chunks:
        data = chunk
        while data:
            if machine.eof:
                data = data.lstrip(b"\0")
                if not data:
                    break
                machine = zlib.decompressobj(31)
            try:
                piece = machine.decompress(data, _STEP)
            except zlib.error:
                raise Damaged("holds something else behind what was compressed, or is damaged") from None
            if piece:
                yield piece
            data = machine.unused_data if machine.eof else machine.unconsumed_tail
    if not machine.eof:
        raise Damaged("ends in the middle of what was compressed")


def _undamaged(parts: Iterable[Part]) -> Iterator[Part]:
    """What comes from a source that raises ValueError."""
    try:
        yield from parts
    except ValueError as why:
        raise Damaged(str(why)) from None


def _split(chunks: Iterable[bytes]) -> Iterator[LogLine]:
    """Lines that end in LF or CRLF; the last one may lack it."""
    number, kept, skipping = 0, b"", False
    for chunk in chunks:
        *whole, rest = (kept + chunk).split(b"\n")
        for raw in whole:
            number += 1
            if skipping or len(raw) > LONGEST:
                yield LogLine(number, None)
                skipping = False
            else:
                yield LogLine(number, raw.decode("utf-8", "replace").rstrip("\r"))
        skipping = skipping or len(rest) > LONGEST
        kept = b"" if skipping else rest
    if skipping:
        yield LogLine(number + 1, None)
    elif kept:
        yield LogLine(number + 1, kept.decode("utf-8", "replace").rstrip("\r"))


def _elements(chunks: Iterable[bytes], depth: int) -> Iterator[LogLine]:
    """Every object that stands `depth` brackets deep in a JSON document, with the line in which it begins."""
    scan = _Scan(depth)
    for chunk in chunks:
        yield from scan.feed(chunk.decode("utf-8", "replace"))
    if scan.level > 0:
        raise Damaged("ends in the middle of its JSON")


class _Scan:
    """Finds brackets outside of strings; what stands inside is judged by whoever reads the element."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self.level = 0
        self._line = 1
        self._began = 0
        self._parts: list[str] = []
        self._size = 0
        self._quoted = False
        self._escaped = False

    def feed(self, text: str) -> Iterator[LogLine]:
        """The elements that end in this piece of text."""
        place = start = 0
        if self._escaped:
            place, self._escaped = 1, False
        while True:
            found = (_STRING_END if self._quoted else _TOKENS).search(text, place)
            if found is None:
                break
            sign, place = found.group(), found.end()
            if sign == "\n":
                self._line += 1
            elif sign == "\\":
                place, self._escaped = place + 1, place >= len(text)
            elif sign == '"':
                self._quoted = not self._quoted
            elif sign in "{[":
                if self.level == self._depth and sign == "{":
                    start, self._began = found.start(), self._line
                self.level += 1
            else:
                self.level -= 1
                if self.level == self._depth and sign == "}" and self._began:
                    yield self._ended(text[start:place])
                    start = place
        if self._began:
            self._keep(text[start:])

    def _keep(self, text: str) -> None:
        self._size += len(text)
        self._parts = [*self._parts, text] if self._size <= LONGEST_ELEMENT else []

    def _ended(self, text: str) -> LogLine:
        self._keep(text)
        line = LogLine(self._began, "".join(self._parts) if self._size <= LONGEST_ELEMENT else None)
        self._parts, self._size, self._began = [], 0, 0
        return line


def unwrapped(lines: Iterable[LogLine]) -> Iterator[LogLine]:
    """The lines without the prefix of a container runtime, whose parts are joined, or out of an event's message."""
    part = ""
    for line in lines:
        text = line.text
        match = _CRI.match(text) if text and text[0].isdigit() else None
        if match is not None and text is not None:
            part += text[match.end() :]
            if match[2] == "P" and len(part) <= LONGEST:
                continue
            yield LogLine(line.number, part if len(part) <= LONGEST else None, parse_time(match[1]))
            part = ""
        elif text and '"message"' in text and text[0] == "{":
            yield _from_event(line, text)
        elif text is None or text.strip():
            yield line


def _from_event(line: LogLine, text: str) -> LogLine:
    """The message of an event of CloudWatch Logs, with the event's time; anything else as it is."""
    try:
        event = json.loads(text)
        if isinstance(event.get("message"), str) and isinstance(event.get("timestamp"), int) and len(event) <= 8:
            return LogLine(line.number, event["message"].rstrip("\n"), of_number(event["timestamp"]))
    except (ValueError, RecursionError, AttributeError):
        pass
    return line
