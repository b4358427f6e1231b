"""Foreign text as one line that shows every character: what a terminal, a page or a reader would act on is an escape.

Every form of output goes through here (tests/contract/test_hostile_text.py runs a table of hostile names through all of
them): a line break would forge a line, an escape sequence would hide one, and a mark of direction would turn one round.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcpfence.patterns import regex

_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_INVISIBLE = regex(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""What Python calls printable and nobody sees: joiners, fillers, blanks and selectors of variants (Unicode's
Default_Ignorable_Code_Point, and the empty Braille pattern)."""


def printable(text: str) -> str:
    """The text on one line, with controls, separators, marks of direction and invisible characters as escapes."""
    if text.isprintable() and (text.isascii() or not _INVISIBLE.search(text)):
        return text
    return "".join(_shown(sign) for sign in text)


def printable_tree(document: Any) -> Any:
    """A plain document with every text of it, keys too, as `printable` shows it."""
    if isinstance(document, str):
        return printable(document)
    if isinstance(document, Mapping):
        return {printable_tree(key): printable_tree(value) for key, value in document.items()}
    if isinstance(document, (list, tuple)):
        return [printable_tree(item) for item in document]
    return document


def _shown(sign: str) -> str:
    if sign.isprintable() and not _INVISIBLE.match(sign):
        return sign
    code = ord(sign)
    return _NAMED.get(sign) or (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
    )
