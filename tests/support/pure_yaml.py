"""Our readers in a Python that has no libyaml, as it is in a browser: one process for many texts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from mcpfence.documents.reader import BadDocument, load_foreign, load_values

READERS: dict[str, Callable[[str], Any]] = {"values": load_values, "foreign": load_foreign}

Outcome = tuple[str, str, int, int]
"""`read` and what came of it, or `refused`, the sentence, line and column."""

_WITHOUT = """
import json, sys
sys.modules["yaml._yaml"] = None
from pure_yaml import outcome
import yaml
assert not hasattr(yaml, "CSafeLoader")
print(json.dumps([outcome(reader, text) for reader, text in json.load(sys.stdin)]))
"""


def outcome(reader: str, text: str) -> Outcome:
    """What a reader of this process makes of a text."""
    try:
        return "read", repr(_ordered(READERS[reader](text))), 0, 0
    except BadDocument as bad:
        return "refused", str(bad), bad.line, bad.column


def _ordered(value: Any) -> Any:
    """A document in which sets have an order."""
    if isinstance(value, dict):
        return {key: _ordered(inner) for key, inner in value.items()}
    if isinstance(value, set):
        return "set", sorted(map(repr, value))
    return [_ordered(inner) for inner in value] if isinstance(value, list) else value


def outcomes_without_libyaml(texts: Sequence[tuple[str, str]]) -> list[Outcome]:
    """The same of each (reader, text), where PyYAML has to do without libyaml."""
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [tuple(found) for found in json.loads(done.stdout)]
