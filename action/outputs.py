"""Turns what `mcpfence diff --format json` says into outputs of a GitHub step.

    mcpfence diff OLD NEW --format json | python action/outputs.py >> "$GITHUB_OUTPUT"

Whatever is not surely the same or less counts as wider.
"""

# ruff: noqa: INP001  a script of the action, no package

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

_WIDER = ("wider", "added", "unclear", "notEvaluated")


def outputs(difference: Mapping[str, Any]) -> Iterator[str]:
    """`changed=true` and `wider=true`, or false."""
    wider = any(difference["summary"][key] for key in _WIDER)
    for name, found in (("changed", not difference["same"]), ("wider", wider)):
        yield f"{name}={str(found).lower()}"


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in outputs(json.load(sys.stdin)))
