"""Prints the oldest releases that pyproject.toml allows, as constraints for pip: `make test-oldest` installs them.

A bound stands in pyproject.toml alone, and must be a release: pip looks for exactly this one.

    python tools/lower_bounds.py             # NAME==VERSION, a line each: what mcpfence and its tests depend on
    python tools/lower_bounds.py --python    # the name of the oldest Python
"""

from __future__ import annotations

import argparse
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_BOUND = re.compile(r"(?P<name>[\w.-]+)(?:\[[\w,-]+\])?>=(?P<version>[\w.]+)(?:,.*)?\Z")


class NoLowerBoundError(Exception):
    """A requirement that does not begin with its lower bound."""


def constraints(project: dict[str, Any]) -> Iterator[str]:
    """The lower bounds of a pyproject.toml's `project`; raises NoLowerBoundError."""
    extras = project["optional-dependencies"]
    ours = [one for one in extras["test"] if one.startswith("mcpfence[")]
    inner = [one for name in ours for one in extras[name.removeprefix("mcpfence[").rstrip("]")]]
    for requirement in (*project["dependencies"], *inner, *(one for one in extras["test"] if one not in ours)):
        yield "{name}=={version}".format(**_bound(requirement))


def oldest_python(project: dict[str, Any]) -> str:
    """The command of the oldest Python, such as python3.11; raises NoLowerBoundError."""
    return "python" + _bound("python" + project["requires-python"])["version"]


def _bound(requirement: str) -> dict[str, str]:
    found = _BOUND.match(requirement.replace(" ", ""))
    if not found:
        message = f"pyproject.toml: {requirement!r} has no lower bound; write NAME>=VERSION first"
        raise NoLowerBoundError(message)
    return found.groupdict()


def main(arguments: list[str] | None = None) -> None:
    """Prints the constraints, or the Python."""
    parser = argparse.ArgumentParser(description="Print the lower bounds of pyproject.toml as constraints for pip.")
    parser.add_argument("--python", action="store_true", help="print the name of the oldest Python instead")
    options = parser.parse_args(arguments)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    print(oldest_python(project) if options.python else "\n".join(constraints(project)))


if __name__ == "__main__":
    main()
