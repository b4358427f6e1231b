"""Formatted files beside Go's reader (sigs.k8s.io/yaml), which helm uses: it reads both forms alike."""

from __future__ import annotations

import json
import subprocess
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commented_yaml import Commented, trees
from mcpfence.findings.finding import McpfenceError
from mcpfence.formatting.formatter import formatted
from tooling import PATIENCE, ROOT, find_yamljudge, need

FILES = 400


def test_go_reads_both_forms_alike() -> None:
    """Hundreds of files with every kind of quotes, brackets and comments, the examples too."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("values-examples/*/values.yaml"))]

    @settings(max_examples=FILES, database=None, suppress_health_check=list(HealthCheck))
    @given(trees, st.integers(0, 2**32))
    def collect(tree: Any, seed: int) -> None:
        texts.append(Commented(Random(seed)).text(tree))  # noqa: S311  the seed is the example

    collect()
    pairs = [(text, new) for text in texts if (new := _formatted(text)) is not None]
    given_lines = "".join(json.dumps(text) + "\n" for pair in pairs for text in pair)
    program = need(find_yamljudge)
    done = subprocess.run([program], input=given_lines, capture_output=True, text=True, check=True, timeout=PATIENCE)
    answers = list(map(json.loads, done.stdout.splitlines()))
    different = [pair for pair, old, new in zip(pairs, answers[::2], answers[1::2], strict=True) if old != new]

    assert different == []
    assert sum("error" not in answer for answer in answers) > FILES


def _formatted(text: str) -> str | None:
    """The text in canonical form; None where no command reads it."""
    try:
        return formatted(text, "values.yaml")
    except McpfenceError as error:
        assert {finding.id for finding in error.findings} == {"file-unreadable"}  # noqa: PT017
        return None
