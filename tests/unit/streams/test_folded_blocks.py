"""Texts that Helm 4 changes around a post-renderer are named; others are left alone."""

from __future__ import annotations

import pytest

from mcpfence.streams.folded_blocks import folded_block_findings

DOCUMENT = """\
---
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    postrenderer.helm.sh/postrender-filename: 'parent/templates/job.yaml'
spec:
  args:
  - {style}
    tool migrate \\
{indent}--host db \\
{indent}--port 5432
"""
FURTHER, LEVEL = " " * 6, " " * 4


def messages(*documents: str) -> list[str]:
    """What is said about these documents of one stream."""
    return [finding.message for finding in folded_block_findings(document.encode() for document in documents)]


@pytest.mark.parametrize("style", [">", ">-", ">+", "> # a comment", ">2"])
def test_folded_block_with_a_line_indented_further(style: str) -> None:
    """It is named by its first line and its template."""
    indent = FURTHER if style != ">2" else " " * 8

    assert messages(DOCUMENT.format(style=style, indent=indent)) == [
        'Helm 4 adds blank lines to folded blocks (>) around every post-renderer: "tool migrate \\\\" in '
        '"parent/templates/job.yaml"; write | instead of > there, or install the mcpfence chart as a release of its own'
    ]


@pytest.mark.parametrize(("style", "indent"), [("|", FURTHER), ("|-", FURTHER), (">", LEVEL), ("|2", FURTHER)], ids=str)
def test_blocks_that_stay_as_they_are(style: str, indent: str) -> None:
    """A literal block, and a folded one whose lines are level, mean the same before and behind Helm's writer."""
    assert messages(DOCUMENT.format(style=style, indent=indent)) == []


def test_several_blocks_are_counted() -> None:
    """Three are shown, the others counted."""
    block = "- >\n  first\n    second\n"

    assert messages(f"kind: List\nitems:\n{block * 5}")[0].startswith(
        "Helm 4 adds blank lines to folded blocks (>) around every post-renderer: "
        '"first", "first", "first" and 2 more in a manifest; '
    )


@pytest.mark.parametrize("text", ["a: >\n  b\n    c\n d: [", "\tx: >\n  a\n    b\n", "plain >\n"])
def test_what_is_no_yaml_is_passed_over(text: str) -> None:
    """It passes byte for byte, as everything of others does."""
    assert messages(text) == []


def test_aliases_are_not_followed() -> None:
    """A block behind an anchor is named once, however often it is used."""
    assert len(messages("a: &x >\n  b\n    c\nb: [*x, *x]\n")) == 1
