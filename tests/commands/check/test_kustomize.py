"""`mcpfence check` and `reach` on folders with kustomize's files: what is applied is what kustomize builds."""

from __future__ import annotations

from pathlib import Path

import pytest

from edges import CATALOG, NAMESPACE, RELEASE, values_file
from helpers import run_cli

SAME = ["--release", RELEASE, "--namespace", NAMESPACE]
POLICY, INDEX = "networkpolicy-mcp-server-vault-egress.yaml", "kustomization.yaml"
TODO = "give what `kubectl kustomize` makes of the folder in its place [policy-not-evaluated]"


def rendered(tmp_path: Path) -> tuple[str, Path]:
    """A values file and the folder that it gives."""
    values, folder = str(values_file(tmp_path, CATALOG)), tmp_path / "m"
    assert run_cli("render", "-f", values, *SAME, "--policies-only", "-o", str(folder)).code == 0
    return values, folder


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (f"- {POLICY}\n", "", f"its resources leave out {POLICY}"),
        (f"- {POLICY}\n", f"- {POLICY}\n- ../open\n", "its resources have what was not given: ../open"),
        ("kind: Kustomization", "namePrefix: x-", "its key namePrefix is not evaluated"),
        ("kind: Kustomization", "namespace: x", "its namespace x is not that of ConfigMap home/demo-mcpfence"),
    ],
)
def test_a_folder_is_what_its_list_makes_of_it(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    """Where that is something else, what was proven is not what is applied."""
    values, folder = rendered(tmp_path)
    index = folder / INDEX
    index.write_text(index.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    done = run_cli("check", "-f", values, *SAME, "--policies-only", str(folder), "-q")
    said = f"Kustomization {index} makes other objects of its files than they say: {sentence}"

    assert (done.code, done.stderr) == (1, f"error: {values}:17:3 servers.vault: {said}; {TODO}\n")


def test_the_folder_as_it_was_rendered_is_clean(tmp_path: Path) -> None:
    """Also below a list of one's own that has nothing but it, labels that nothing goes by, and images."""
    values, folder = rendered(tmp_path)
    text = "resources: [m]\nlabels: [{pairs: {team: x}}]\nimages: [{name: a, newTag: b}]\nnamespace: ''\n"
    (tmp_path / "Kustomization").write_text(text, encoding="utf-8")
    (tmp_path / "m" / "README.md").write_text("text", encoding="utf-8")
    moved = Path(values).rename(tmp_path / "values.txt")
    done = run_cli("check", "-f", str(moved), *SAME, "--policies-only", str(tmp_path), "-q")

    assert (done.code, done.stderr) == (0, "")
    assert folder.is_dir()


CHART = "helmCharts: [{name: grafana, repo: https://charts.example.com}]\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (CHART, 0),
        (f"namespace: web\n{CHART}", 0),
        (f"namespace: demo-mcp\n{CHART}", 1),
        (f"resources: [../m]\n{CHART}", 1),
    ],
)
def test_a_list_that_reaches_nothing_of_ours(tmp_path: Path, text: str, code: int) -> None:
    """Charts and components of somebody else's folder are no error; those that are put beside our files are."""
    values, _ = rendered(tmp_path)
    moved = Path(values).rename(tmp_path / "values.txt")
    (tmp_path / "grafana").mkdir()
    (tmp_path / "grafana" / INDEX).write_text(text, encoding="utf-8")
    done = run_cli("check", "-f", str(moved), *SAME, "--policies-only", str(tmp_path), "-q")

    assert (done.code, "its key helmCharts is not evaluated" in done.stderr) == (code, bool(code))


def test_flux_puts_the_folder_elsewhere(tmp_path: Path) -> None:
    """A namespace that Flux writes over that of the files takes the fence away."""
    values, _ = rendered(tmp_path)
    moved = Path(values).rename(tmp_path / "values.txt")
    (tmp_path / "flux.yaml").write_text(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: f, namespace: flux-system}\n"
        "spec: {path: ./m, targetNamespace: web}\n",
        encoding="utf-8",
    )
    done = run_cli("check", "-f", str(moved), *SAME, "--policies-only", str(tmp_path), "-q")

    assert done.code == 1
    said = (
        "Kustomization flux-system/f makes other objects of its files than they say: its namespace web is not that of "
    )
    assert f"servers.vault: {said}" in done.stderr


def test_reach_and_diff_say_it(tmp_path: Path) -> None:
    """A warning of `reach`; to `diff` a side that leaves a policy out is not the other one."""
    _, folder = rendered(tmp_path)
    whole = tmp_path / "before"
    whole.mkdir()
    for path in folder.iterdir():
        (whole / path.name).write_bytes(path.read_bytes())
    index = folder / INDEX
    index.write_text(index.read_text(encoding="utf-8").replace(f"- {POLICY}\n", ""), encoding="utf-8")
    said = f"Kustomization {index} makes other objects of its files than they say: its resources leave out {POLICY}"
    shown = run_cli("reach", str(folder))
    compared = run_cli("diff", str(whole), str(folder))

    assert f"{said}; the lines do not take it into account [policy-not-evaluated-here]" in shown.stderr
    assert (compared.code, f"only in NEW: {said}" in compared.stdout) == (1, True)
    assert run_cli("diff", str(whole), str(whole)).code == 0
