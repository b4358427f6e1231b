"""A template that could be a policy and that readers of YAML read differently: refused, or proven as what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from argocd.applications import KINDS, call
from doubtful import DOUBTFUL, SEEN, UNREAD
from edges import refusal

TEXTS: dict[str, str | bytes] = {**SEEN, **{name: str(row[0]) for name, row in DOUBTFUL.items()}, **UNREAD}
BY_HELM = ("a separator inside quotes", "a root that is no mapping", "UTF-16", "UTF-16 without a mark", "no YAML")
"""Rows that helm takes for no manifests."""
CUT_BY_HELM = ("a line that begins like a separator", "a separator that goes on")
"""Rows that helm cuts in two, so that the policy comes out of it as one."""


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("kind", ["foreign", "vendored"])
def test_argocd_generate_refuses(kind: str, name: str, helm4: Path, tmp_path: Path) -> None:
    """Nothing is printed, with the catalog in the chart and beside it; without that template the folder renders."""
    folder, text = KINDS[kind](tmp_path), TEXTS[name]
    template = folder / "templates" / "debug.yaml"
    template.write_bytes(text if isinstance(text, bytes) else text.encode())
    said = refusal(call(folder, "generate", helm=helm4))
    seen = name in SEEN or name in CUT_BY_HELM
    wanted = "[proof-wider]" if seen else "[helm-failed]" if name in BY_HELM else "[policy-unreadable]"

    assert said.startswith("error: ")
    assert said.endswith(wanted)


@pytest.mark.parametrize("kind", ["foreign", "vendored"])
def test_the_folders_render(kind: str, helm4: Path, tmp_path: Path) -> None:
    """Without the template that is refused above."""
    assert call(KINDS[kind](tmp_path), "generate", helm=helm4).returncode == 0
