"""Regular expressions that are compiled when they are first used: a start uses few of those that it loads.

    _LABEL = regex(r"[a-z0-9]+")        written and used like re.compile, which it is for mypy

A faulty expression is found when it is used, so a test uses each of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

__all__ = ["regex"]

if TYPE_CHECKING:
    from re import compile as regex
else:
    _METHODS = ("findall", "finditer", "fullmatch", "match", "search", "split", "sub", "subn")

    class regex:  # noqa: N801 - called like re.compile
        """A pattern; its methods are those of the compiled one from the first call on."""

        __slots__ = ("_expression", "_flags", *_METHODS)

        def __init__(self, expression: str | bytes, flags: int = 0) -> None:
            self._expression, self._flags = expression, flags

        def __getattr__(self, name: str) -> object:
            """What is not there yet: compile, and keep the methods."""
            compiled = re.compile(self._expression, self._flags)
            for method in _METHODS:
                setattr(self, method, getattr(compiled, method))
            return getattr(compiled, name)
