"""Manifests as input: which files of a folder are read."""

from __future__ import annotations

from pathlib import Path

from mcpfence.system.manifests import read_manifests


def test_what_kubectl_applies_of_a_folder_is_read(tmp_path: Path) -> None:
    """Hidden files among it; hidden folders, the project file and files that end otherwise are not."""
    for name in (
        "a.yaml",
        ".b.yaml",
        ".yml",
        "deep/.c.json",
        ".git/d.yaml",
        "deep/.venv/e.yml",
        ".mcpfence.yaml",
        "f.txt",
        "other/Kustomization",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"kind: {name!r}\n", encoding="utf-8")

    assert sorted(one["kind"] for one in read_manifests([str(tmp_path)], "default")) == [
        ".b.yaml",
        ".yml",
        "a.yaml",
        "deep/.c.json",
        "other/Kustomization",
    ]
