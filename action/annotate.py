"""Turns what `mcpfence check --format json` says into annotations of a GitHub job, one line each.

    mcpfence check -f values.yaml --format json | python action/annotate.py

The format is that of workflow commands (`::error file=F,line=N,col=N,title=T::MESSAGE`); what would end a part of it is
escaped, so that no text of a catalog becomes a command.
"""

# ruff: noqa: INP001  a script of the action, no package

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}


def commands(report: Mapping[str, Any]) -> Iterator[str]:
    """A workflow command for each finding."""
    for finding in report["findings"]:
        place = finding["position"] or {}
        where = {"file": place.get("file"), "line": place.get("line"), "col": place.get("column")}
        where["title"] = f"mcpfence {finding['id']}"
        properties = ",".join(f"{key}={_property(str(value))}" for key, value in where.items() if value)
        words = "; ".join(part for part in (finding["sentence"], finding["todo"]) if part)
        message = ": ".join(part for part in (finding["place"], words) if part)
        yield f"::{_LEVELS[finding['severity']]} {properties}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


if __name__ == "__main__":
    sys.stdout.writelines(f"{command}\n" for command in commands(json.load(sys.stdin)))
