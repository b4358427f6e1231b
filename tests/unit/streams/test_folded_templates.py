"""Folded blocks that Helm 4 would change are found in templates as they are written."""

from __future__ import annotations

import pytest

from mcpfence.streams.folded_templates import folded_template_findings

TEMPLATE = """\
{{- if .Values.migrate }}
kind: Job
spec:
  args:
  - -c
  - %s
    {{- if .Values.debug }}
    set -x;
    {{- end }}
    tool migrate {{ .Values.flags }} \\
%s--host db
  image: tool
{{- end }}
"""


@pytest.mark.parametrize("style", [">", ">-", "> # why", ">2+"])
def test_block_with_a_line_indented_further(style: str) -> None:
    """It is named by its place and its first line."""
    assert [finding.message for finding in folded_template_findings("a/job.yaml", TEMPLATE % (style, " " * 6))] == [
        'a/job.yaml:6:5: Helm 4 adds blank lines to folded blocks (>) around every post-renderer: "set -x;"; write | '
        "instead of > there, or install the mcpfence chart as a release of its own"
    ]


@pytest.mark.parametrize(("style", "indent"), [("|", 6), (">", 4), ("a > b", 6), (">x", 6)])
def test_what_stays_as_it_is(style: str, indent: int) -> None:
    """Literal blocks, level lines and a > inside a text."""
    assert list(folded_template_findings("a", TEMPLATE % (style, " " * indent))) == []


@pytest.mark.parametrize("head", ["args: >", "  - args: >-", "- - >", '"a b": >', "a{{ .x }}: >"])
def test_where_a_block_begins(head: str) -> None:
    """Behind a key or a dash."""
    assert len(list(folded_template_findings("a", f"{head}\n{' ' * 8}one\n{' ' * 9}two\n"))) == 1


@pytest.mark.parametrize(
    "text", ["a: >\n  one\n\n  two\nb:\n    c: 1\n", "# a: >\n  one\n    two\n", "a: >\n", "{{ a }} >\n  b\n   c"]
)
def test_blocks_end_where_their_key_stands(text: str) -> None:
    """What comes behind a block is no part of it; neither are comments and actions."""
    assert list(folded_template_findings("a", text)) == []
