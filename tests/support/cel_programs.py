"""CEL by an implementation that knows nothing of us: cel-python."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import Any

from tooling import MissingComponentError, need


def celpy() -> Any:
    """The evaluator."""
    need(_installed)
    return importlib.import_module("celpy")


def _installed() -> Path:
    try:
        return Path(str(importlib.import_module("celpy").__file__))
    except ImportError as missing:
        message = "cel-python is missing: python -m pip install 'cel-python>=0.5'"
        raise MissingComponentError(message) from missing


@cache
def program_of(expression: str) -> Any:
    """An expression, compiled."""
    environment = celpy().Environment()
    return environment.program(environment.compile(expression))
