"""Progress of reading: on a terminal, once it takes long, and nowhere else."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator

import pytest

from mcpfence.cli.progress import ReadingProgress, size_text

CHUNKS = [b"x" * (1 << 20)] * 4


class Terminal(io.StringIO):
    """What says that it is one."""

    def isatty(self) -> bool:
        """Yes."""
        return True


class Clock:
    """A clock that goes on by some seconds whenever it is asked."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        """The time."""
        self.now += self.step
        return self.now


def shown(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, step: float = 0.6, **how: bool | int) -> str:
    """What a run of four chunks writes to stderr."""
    monkeypatch.setattr(sys, "stderr", stream)
    total, quiet = int(how.get("total", 4 << 20)), bool(how.get("quiet", False))
    with ReadingProgress(total, quiet=quiet, clock=Clock(step)) as progress:
        assert list(progress.watch(CHUNKS)) == CHUNKS
    return stream.getvalue()


def test_a_long_read_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes of bytes, first after a second, to the end, and the line is ended."""
    text = shown(Terminal(), monkeypatch)

    assert "1.0 MiB of 4.0 MiB" not in text
    assert "2.0 MiB of 4.0 MiB" in text
    assert "100%" in text
    assert "4.0 MiB of 4.0 MiB" in text
    assert text.endswith("\n")


def test_quiet_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of what is over in a second, of what is no terminal, with --quiet, and where nobody knows how long."""
    assert shown(Terminal(), monkeypatch, step=0.01) == ""
    assert shown(io.StringIO(), monkeypatch) == ""
    assert shown(Terminal(), monkeypatch, quiet=True) == ""
    assert shown(Terminal(), monkeypatch, total=0) == ""


def broken() -> Iterator[bytes]:
    """A file that cannot be read to its end."""
    yield b"xx"
    raise OSError("broken")


def test_an_error_ends_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what is said of it stands on one of its own."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with pytest.raises(OSError, match="broken"), ReadingProgress(9, quiet=False, clock=Clock(2)) as progress:
        list(progress.watch(broken()))

    assert stream.getvalue().endswith("\n")


@pytest.mark.parametrize(
    ("size", "text"), [(7, "7 bytes"), (1536, "1.5 KiB"), (5 << 20, "5.0 MiB"), (11 << 30, "11.0 GiB")]
)
def test_sizes(size: int, text: str) -> None:
    """As people read them."""
    assert size_text(size) == text
