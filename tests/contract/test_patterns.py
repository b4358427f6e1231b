"""Regular expressions that a hostile text cannot keep busy: none repeats what repeats already and nothing parts."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

import mcpfence
from mcpfence.patterns import regex

_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT)


def _patterns() -> Iterator[tuple[str, str | bytes, int]]:
    """Each compiled pattern of the package by where it stands, with its flags."""
    for module in pkgutil.walk_packages(mcpfence.__path__, "mcpfence."):
        if module.name.endswith("__main__"):
            continue
        try:
            found = vars(importlib.import_module(module.name))
        except ImportError:  # what is built on somebody else's package that is not there
            continue
        for name, value in found.items():
            if isinstance(value, re.Pattern):
                yield f"{module.name}.{name}", value.pattern, value.flags
            elif isinstance(value, regex):  # type: ignore[arg-type]
                yield f"{module.name}.{name}", value._expression, value._flags


def _busy(parts: Any) -> bool:
    """Whether a repetition without end has a body that is one, but for what may be empty: `(a+b?)+`."""
    for code, value in parts:
        if code in _REPEATS and value[1] == codes.MAXREPEAT and _is_repetition(value[2]):
            return True
        if any(_busy(inner) for inner in _inside(value)):
            return True
    return False


def _is_repetition(parts: Any) -> bool:
    firm = [(code, value) for code, value in parts if not _may_be_empty(code, value)]
    if len(firm) != 1:
        return False
    code, value = firm[0]
    if code is codes.SUBPATTERN:
        return _is_repetition(value[-1])
    return code in _REPEATS and value[1] == codes.MAXREPEAT


def _may_be_empty(code: Any, value: Any) -> bool:
    return (code in _REPEATS and value[0] == 0) or code in (codes.AT, codes.ASSERT, codes.ASSERT_NOT)


def _inside(value: Any) -> Iterator[Any]:
    """The parts of a pattern's part."""
    for one in value if isinstance(value, (list, tuple)) else ():
        if isinstance(one, parser.SubPattern):
            yield one
        else:
            yield from _inside(one)


@pytest.mark.parametrize(
    ("pattern", "busy"),
    [
        (r"(a+b?)+c", True),
        (r"((?:a+))+", True),
        (r"x(?:y(a+)*)", True),
        (r"a+(?:b a+)*b?", False),
        (r"(?:a{2}b)+", False),
    ],
)
def test_what_counts_as_busy(pattern: str, busy: bool) -> None:
    """Repetitions of repetitions with nothing between them that must be there."""
    assert _busy(parser.parse(pattern)) is busy


def test_no_pattern_is_busy_for_ever() -> None:
    """A name of thirty letters took seconds, and each letter doubled that."""
    found = list(_patterns())

    assert len(found) > 200
    assert [name for name, pattern, flags in found if _busy(parser.parse(pattern, flags & ~re.LOCALE))] == []
