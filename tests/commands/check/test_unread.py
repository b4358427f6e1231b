"""`check` of a folder that stands as it is rendered: its policies are told by their bytes, and nothing else changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers import run_cli
from mcpfence.check import standing
from mcpfence.documents import plain_documents, reader

VALUES = """\
cluster: {profile: aks}
egress: {provider: aviatrix}
clients: {gateway: {namespace: gateway, podSelector: {app: gateway}}}
servers:
  github: {runtime: npx, npxConfig: {package: "@example/github", egressDomains: [api.github.com, github.com]}}
  notes: {runtime: containerized, containerizedConfig: {image: "ghcr.io/example/notes:1", port: 8080}}
"""
NAMES = ("--release", "demo", "--namespace", "home")
FOLDER = "manifests"


def policy(name: str, spec: str) -> str:
    """Somebody else's NetworkPolicy among the servers."""
    head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
    return f"---\n{head}metadata: {{name: {name}, namespace: demo-mcp}}\nspec: {spec}\n"


def _first(folder: Path, word: str) -> Path:
    return next(path for path in sorted(folder.iterdir()) if word in path.name)


def _edit(before: str, after: str) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        file = _first(folder, "github-egress")
        text = file.read_text(encoding="utf-8")
        assert before in text
        file.write_text(text.replace(before, after), encoding="utf-8")

    return edit


def _add(text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "other.yaml").write_text(text, encoding="utf-8")


CHANGES: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _: None,
    "a port": _edit("port: 443", "port: 22"),
    "a space that means nothing": _edit("port: 443\n", "port: 443 \n"),
    "broken YAML": _edit("port: 443", "port: [443"),
    "a file less": lambda folder: _first(folder, "github-egress").unlink(),
    "a firewall less": lambda folder: _first(folder, "firewall").unlink(),
    "a file twice": lambda folder: (folder / "copy.yaml").write_bytes(_first(folder, "github-egress").read_bytes()),
    "a leftover": lambda folder: (folder / "old.yaml").write_text(
        _first(folder, "github-egress").read_text(encoding="utf-8").replace("github", "gone"), encoding="utf-8"
    ),
    "a policy that opens": _add(policy("open", "{podSelector: {}, egress: [{}], policyTypes: [Egress]}")),
    "a policy that opens one": _add(
        policy("open", "{podSelector: {matchLabels: {app: notes}}, ingress: [{}], policyTypes: [Ingress]}")
    ),
    "a policy that opens strangers": _add(
        policy("open", "{podSelector: {matchLabels: {app: x}}, ingress: [{}], policyTypes: [Ingress]}")
    ),
    "a policy that denies": _add(policy("deny", "{podSelector: {}, policyTypes: [Ingress, Egress]}")),
    "a pod on its host's network": _add(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: demo-mcp, labels: {app: notes}}\n"
        "spec: {hostNetwork: true, containers: []}\n"
    ),
    "what cannot be read": _add("a: [\n"),
}


@pytest.mark.parametrize("more", [(), ("--policies-only",)], ids=["chart", "policies"])
@pytest.mark.parametrize("change", CHANGES)
def test_the_same_is_said(change: str, more: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stands in the folder, what is said is what would be said if all of it had been read."""
    values, folder = _rendered(tmp_path)
    CHANGES[change](folder)
    asked = ("check", "-f", values, folder, *NAMES, *more, "--format", "json")
    quick = run_cli(*map(str, asked))
    monkeypatch.setattr(standing, "may_stand", lambda _: False)

    assert run_cli(*map(str, asked)) == quick
    assert quick.code == 0 or change != "nothing" or not more


def test_policies_that_stand_are_not_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an unchanged folder the report and the index are read, and no policy is parsed a second time."""
    values, folder = _rendered(tmp_path)
    read: list[str] = []
    real = plain_documents.build_plainly

    def counted(loader: Any, text: str, *more: Any) -> Any:
        read.append(text)
        return real(loader, text, *more)

    monkeypatch.setattr(reader, "build_plainly", counted)
    told = run_cli("check", "-f", str(values), str(folder), *NAMES, "--policies-only")

    assert told.code == 0, told.stderr
    assert not [text for text in read if text.startswith("---\n") and "kind: NetworkPolicy" in text]


def _rendered(tmp_path: Path) -> tuple[Path, Path]:
    values, folder = tmp_path / "values.yaml", tmp_path / FOLDER
    values.write_text(VALUES, encoding="utf-8")
    asked = ("render", "-f", values, *NAMES, "--policies-only", "-o", folder, "-q")
    told = run_cli(*map(str, asked))
    assert told.code == 0, told.stderr
    return values, folder
