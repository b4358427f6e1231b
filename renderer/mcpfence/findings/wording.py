"""Words that messages share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def nearest(name: str, known: Mapping[str, Any] | list[str], otherwise: str) -> str:
    """`did you mean X?` for a close match, else the other advice."""
    import difflib  # cold path: only after an error

    close = difflib.get_close_matches(name[:200], list(known)[:5000], n=1)
    return f"did you mean {close[0]}? Else {otherwise}" if close else otherwise


def type_name(value: Any) -> str:
    """The JSON type of a value, with its article."""
    if isinstance(value, bool):
        return "true or false"
    kinds: list[tuple[type | tuple[type, ...], str]] = [
        (Mapping, "a mapping"),
        (list, "a list"),
        (str, "a string"),
        ((int, float), "a number"),
        (type(None), "null"),
    ]
    return next((name for kind, name in kinds if isinstance(value, kind)), f"of type {type(value).__name__}")
