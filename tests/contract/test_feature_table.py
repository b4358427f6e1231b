"""The table of docs/providers.md that says what each provider makes of each grant: its cells come from renders."""

from __future__ import annotations

import pytest

from feature_table import GRANTS, catalog_of, feature_table
from helpers import errors_of
from mcpfence.providers import TABLE


def _cells() -> dict[tuple[str, str], str]:
    """By grant and provider."""
    head, _, *rows = (line.strip("| ").split(" | ") for line in feature_table().splitlines())
    return {(row[0], name.strip("`")): cell for row in rows for name, cell in zip(head[1:], row[1:], strict=True)}


def test_every_grant_under_every_provider() -> None:
    """No cell is missing."""
    assert _cells().keys() == {(grant, name) for grant in GRANTS for name in TABLE}


@pytest.mark.parametrize(
    ("grant", "provider", "cell"),
    [
        ("`api.example.com`", "none", "refused: `domains-unenforced`"),
        ("`api.example.com`", "aviatrix", "exact"),
        ("`*.example.com`", "gke", "narrowed¹"),
        ("`*.example.com`", "eks", "exact¹"),
        ("a cidr with an `except`", "eks", "exact"),
    ],
)
def test_cells(grant: str, provider: str, cell: str) -> None:
    """A refusal has its finding, a narrowing is called one, and names without a denial before them are marked."""
    assert _cells()[grant, provider] == cell


def test_a_refusal_is_about_the_grant() -> None:
    """The catalog around the grant is sound under every provider, so what is refused is the grant."""
    assert [error for name in TABLE for error in errors_of(catalog_of(name, GRANTS["nothing"]))] == []
