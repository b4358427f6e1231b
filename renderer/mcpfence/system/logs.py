"""Log files as chunks of bytes: files, folders of them, stdin; zstd where its library is there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from mcpfence.findings.finding import fail

_CHUNK = 1 << 20
_PIECE = 1 << 14
"""Bytes that are unpacked at once: zeros pack a thousand to one and more."""


def log_files(names: Sequence[str]) -> tuple[str, ...]:
    """Files by name, folders with all that is in them in order; each once.  Raises McpfenceError."""
    found: dict[str, None] = {}
    for name in names:
        path = Path(name)
        if name != "-" and path.is_dir():
            inside = sorted(one for one in path.rglob("*") if one.is_file() and not one.name.startswith("."))
            if not inside:
                raise fail("observe-empty", "is a folder without files", "name the folder of the logs", document=name)
            found |= dict.fromkeys(str(one) for one in inside)
        else:
            found[name] = None
    return tuple(found)


def size_of(name: str) -> int:
    """Bytes of a file; 0 for stdin, and for what is none."""
    try:
        return 0 if name == "-" else Path(name).stat().st_size
    except OSError:
        return 0


def bytes_of(names: Sequence[str]) -> int:
    """How many bytes files have together; 0 where one is stdin."""
    return 0 if "-" in names else sum(map(size_of, names))


def read_chunks(name: str) -> Iterator[bytes]:
    """The bytes of a file, or of stdin for `-`; raises McpfenceError."""
    if name == "-":
        if sys.stdin is None:
            raise fail("stream-empty", "is closed", "pipe something into it, or name a file", document="stdin")
        while chunk := sys.stdin.buffer.read(_CHUNK):
            yield chunk
        return
    try:
        with Path(name).open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except OSError as bad:
        sentence = f"cannot be read ({bad.strerror or type(bad).__name__})"
        raise fail("file-unreadable", sentence, "check the path", document=name) from None


def unzstd(name: str) -> Callable[[Iterable[bytes]], Iterable[bytes]]:
    """What unpacks the zstd file of that name, frame by frame; raises McpfenceError where nothing here can.

    What is unpacked raises ValueError, half a sentence, where the file is damaged or cut.
    """

    def unpacked(chunks: Iterable[bytes]) -> Iterator[bytes]:
        try:
            import zstandard
        except ImportError:
            todo = "install mcpfence[observe], or unpack it first: zstd -dc FILE | mcpfence observe -"
            raise fail("observe-extra", "is compressed with zstd, which needs a library", todo, document=name) from None
        frame = zstandard.ZstdDecompressor().decompressobj()
        for chunk in chunks:
            for start in range(0, len(chunk), _PIECE):
                data = chunk[start : start + _PIECE]
                while data:
                    if frame.eof:
                        frame = zstandard.ZstdDecompressor().decompressobj()
                    try:
                        yield frame.decompress(data)
                    except zstandard.ZstdError:
                        raise ValueError("is damaged where it is compressed") from None
                    data = frame.unused_data
        if not frame.eof:
            raise ValueError("ends in the middle of what was compressed")

    return unpacked
