"""Folded blocks that Helm 4 would change (see folded_blocks), looked for in a chart's templates as they are written.

A template is no YAML, so lines are read by their indentation alone; what an action puts into a block is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mcpfence.findings.finding import Finding, quote
from mcpfence.streams.folded_blocks import TODO

_OPENS = re.compile(r"[ \t]*(?:- +)*(?:[^ \t#{][^#]*:|-)[ \t]+>[-+0-9]{0,2}[ \t]*(?:#.*)?\Z")
_ACTION = re.compile(r"[ \t]*\{\{")


def folded_template_findings(name: str, text: str) -> Iterator[Finding]:
    """A warning at each folded block of a template in which a line is indented further than one before it."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if not _OPENS.match(line):
            continue
        first = _first_line(lines[number + 1 :], _depth(line))
        if first is not None:
            sentence = f"Helm 4 adds blank lines to folded blocks (>) around every post-renderer: {quote(first)}"
            where = f"{name}:{number + 1}:{line.rindex('>') + 1}"
            yield Finding("helm4-folded-block", (), sentence, TODO, where)


def _first_line(lines: list[str], outside: int) -> str | None:
    """The first line of the block that begins here, if a later one of it is indented further; else None.

    What stands no deeper than `outside` ends it, an action aside, for that may put anything there.
    """
    first, depth = "", 0
    for line in lines:
        if not line.strip() or _ACTION.match(line):
            continue
        if _depth(line) <= outside:
            return None
        if not first:
            first, depth = line.strip(), _depth(line)
        elif _depth(line) > depth:
            return first
    return None


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
