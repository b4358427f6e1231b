r"""Text of others that Helm 4 changes around every post-renderer, whoever wrote it.

Helm 4 reads all manifests of a release and writes them anew, before a post-renderer and behind it, and its writer adds
blank lines to a folded block in which a line is indented further than the one before (seen with 4.3.1):

    args:                            args:
    - >                              - >
      tool migrate \                    tool migrate \
        --host db \           ->

                                         --host db \

so a shell that is given this runs `tool migrate` alone.  What mcpfence prints has no folded blocks; this looks for
those of the charts beside it, and says where they are.  Without a post-renderer Helm leaves them as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import yaml

from mcpfence.documents.trees import LOADER
from mcpfence.findings.finding import Finding, quote
from mcpfence.patterns import regex
from mcpfence.streams.stream import FILENAME, decode

_MAY_FOLD = regex(rb">[-+0-9]{0,2}[ \t]*(?:#[^\n]*)?\r?$", re.MULTILINE)
_FURTHER = regex(r"^[^ \t\n][^\n]*\n+[ \t]+[^ \t\n]", re.MULTILINE)
"""A line of text, then one that is indented further, in what the block means."""


_SHOWN = 3

TODO = "write | instead of > there, or install the mcpfence chart as a release of its own"


def folded_block_findings(pieces: Iterable[bytes]) -> Iterator[Finding]:
    """A warning for each document of a stream of Helm 4 that holds such a block; what is no YAML is passed over."""
    for piece in pieces:
        if not _MAY_FOLD.search(piece):
            continue
        text = decode(piece)
        try:
            found = list(_first_lines(text))
        except (yaml.YAMLError, ValueError):
            continue
        if found:
            shown = ", ".join(map(quote, found[:_SHOWN])) + (
                f" and {len(found) - _SHOWN:,} more" if found[_SHOWN:] else ""
            )
            sentence = (
                f"Helm 4 adds blank lines to folded blocks (>) around every post-renderer: {shown} in {_title(text)}"
            )
            yield Finding("helm4-folded-block", (), sentence, TODO)


def _first_lines(text: str) -> Iterator[str]:
    """The first line of each such block, by which its owner knows it; aliases are not followed."""
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.ScalarEvent) and event.style == ">" and _FURTHER.search(event.value):
            yield event.value.partition("\n")[0].strip()


def _title(text: str) -> str:
    """Helm's name of the template, which is how its owner finds it."""
    found = re.search(rf"{re.escape(FILENAME)}['\"]?: *['\"]?([^'\"\n]+)", text)
    return quote(found[1].strip()) if found else "a manifest"
