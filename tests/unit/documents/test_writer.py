"""The writer of manifests: the form of what it prints, and what it refuses to print."""

from __future__ import annotations

from typing import Any

import pytest

from mcpfence.documents.writer import Writer


@pytest.mark.parametrize("value", [1.5, None, b"a", {"a": [[]]}], ids=ascii)
def test_what_has_no_place_in_a_manifest(value: Any) -> None:
    """Numbers with a point, null and lists in lists are never printed: none of our manifests has them."""
    with pytest.raises(TypeError, match="no place in our manifests"):
        Writer().write(value if isinstance(value, dict) else {"a": value})


def test_text_is_block_yaml() -> None:
    """The form that people read and that goes to Git: two spaces, lists at the level of their key, quotes if needed."""
    document = {
        "kind": "NetworkPolicy",
        "spec": {"ports": [{"protocol": "TCP", "port": 443}], "on": True, "egress": [], "labels": {}},
        "data": {"version": "1.0", "lines": "one\ntwo", "domains": ["*.example.com", "a.example.com"]},
    }

    assert Writer().write(document) == (
        "kind: NetworkPolicy\n"
        "spec:\n"
        "  ports:\n"
        "  - protocol: TCP\n"
        "    port: 443\n"
        '  "on": true\n'
        "  egress: []\n"
        "  labels: {}\n"
        "data:\n"
        '  version: "1.0"\n'
        "  lines: |-\n"
        "    one\n"
        "    two\n"
        "  domains:\n"
        '  - "*.example.com"\n'
        "  - a.example.com\n"
    )
