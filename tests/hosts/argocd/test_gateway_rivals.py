"""What decides beside the gateway's objects is refused where Argo CD renders, in a chart that holds ours and beside one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from argocd.applications import call, foreign, vendored
from edges import mcpfence, refusal, values_file
from gateways.mutations import GUARDED, RIVALS

ROWS = ("a second policy on a route", "overrides on the Gateway", "a second route", "a second binding of a Role")


def _templates() -> tuple[str, set[str]]:
    """All of them as one template, and what is said of each."""
    found = [RIVALS[row] for row in ROWS]
    texts = [yaml.safe_dump(document) for documents, _ in found for document in documents]
    return "---\n".join(texts), {f"error: {said}" for _, said in found}


def _errors(done: subprocess.CompletedProcess[bytes]) -> set[str]:
    return {line for line in refusal(done).splitlines() if line.startswith("error: ")}


@pytest.mark.parametrize("kind", ["vendored", "foreign"])
def test_argocd_refuses_rivals(kind: str, helm4: Path, tmp_path: Path) -> None:
    """Nothing is printed, and each is named."""
    folder = {"vendored": vendored, "foreign": foreign}[kind](tmp_path, GUARDED)
    text, said = _templates()
    done = call(folder, "generate", helm=helm4)
    assert done.returncode == 0, done.stderr.decode()
    (folder / "templates" / "rivals.yaml").write_text(text, encoding="utf-8")
    done = call(folder, "generate", helm=helm4)

    assert _errors(done) == said


def test_render_refuses_rivals_of_a_chart(helm4: Path, tmp_path: Path) -> None:
    """`mcpfence render --chart` reads the templates of the chart that holds ours."""
    folder = vendored(tmp_path / "app", GUARDED)
    text, said = _templates()
    (folder / "templates" / "rivals.yaml").write_text(text, encoding="utf-8")
    values = values_file(tmp_path, {"mcpfence": GUARDED})
    done = mcpfence("render", "--chart", folder, "-f", values, HELM_BIN=str(helm4))

    assert _errors(done) == said
