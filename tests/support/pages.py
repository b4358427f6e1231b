"""The pages of the docs, cut into prose and code blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tooling import ROOT

PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "chart/*.md", "values-examples/**/*.md", "bench/*.md")
    for path in ROOT.glob(pattern)
)
OURS = [page for page in PAGES if ROOT / "docs" in page.parents or page.name == "README.md"]
"""The pages whose commands must exist; CONTRIBUTING and the like may speak of what is still to come."""

_FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its page, its line there, the words behind the fence, its text."""

    page: Path
    line: int
    kind: str
    words: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT).as_posix()}:{self.line}"


def title(page: Path) -> str:
    """What a test calls a page."""
    return page.relative_to(ROOT).as_posix()


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def _blocks(page: Path) -> Iterator[Block]:
    source = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(source):
        words = match[1].split()
        yield Block(page, source.count("\n", 0, match.start()) + 1, (words or [""])[0], tuple(words[1:]), match[2])


BLOCKS = [block for page in OURS for block in _blocks(page)]
