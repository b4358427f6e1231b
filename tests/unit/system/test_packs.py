"""Packs on disk: which manifests go in under which names, and what may be replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcpfence.findings.finding import McpfenceError
from mcpfence.system.packs import read_manifest_files, read_pack, write_pack

MANIFEST = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def refused(work: object) -> str:
    """The message of what a call refuses."""
    assert callable(work)
    with pytest.raises(McpfenceError) as bad:
        work()
    return "\n".join(one.message for one in bad.value.findings)


def put(folder: Path, *names: str) -> None:
    """Manifests of these names."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(MANIFEST)


def test_files_keep_their_paths_from_the_folder_that_was_given(tmp_path: Path) -> None:
    """A folder's files by their paths in it, a file by its name; bytes as they are."""
    put(tmp_path, "a/b.yaml", "a/deep/c.yml", "d.json", "a/readme.txt")
    found = read_manifest_files([str(tmp_path / "a"), str(tmp_path / "d.json")], "default")

    assert [(one.name, one.data) for one in found] == [
        ("manifests/b.yaml", MANIFEST),
        ("manifests/deep/c.yml", MANIFEST),
        ("manifests/d.json", MANIFEST),
    ]
    assert found[0].documents[0]["kind"] == "ConfigMap"


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    """One of them would be lost."""
    put(tmp_path, "a/x.yaml", "b/x.yaml")

    assert refused(lambda: read_manifest_files([str(tmp_path / "a"), str(tmp_path / "b")], "default")) == (
        f"{tmp_path}/b/x.yaml: would be manifests/x.yaml in the pack, and so would {tmp_path}/a/x.yaml; "
        "give the folder that holds both"
    )


@pytest.mark.parametrize("name", ["a b.yaml", ".a.yaml", "a\nb.yaml", "ä.yaml", f"{'a' * 210}.yaml"])
def test_a_name_that_sums_cannot_tell_is_refused(tmp_path: Path, name: str) -> None:
    """Lines of sha256sum hold plain names, and hidden files are overlooked."""
    put(tmp_path, name)

    assert "which sums of a pack cannot tell; use letters, digits, `.`, `_` and `-`" in refused(
        lambda: read_manifest_files([str(tmp_path)], "default")
    )


def test_a_pack_is_read_with_all_that_lies_in_it(tmp_path: Path) -> None:
    """Hidden files too: what is additional must be seen."""
    put(tmp_path, "a.yaml", "deep/b.yaml", ".c")

    assert sorted(read_pack(tmp_path)) == [".c", "a.yaml", "deep/b.yaml"]


def test_a_link_is_no_part_of_a_pack(tmp_path: Path) -> None:
    """What it leads to may change, and be anywhere."""
    put(tmp_path, "a.yaml")
    (tmp_path / "b").symlink_to(tmp_path / "a.yaml")

    assert refused(lambda: read_pack(tmp_path)) == (
        f"{tmp_path}/b: is a link, or no file, which no pack holds; take the pack from its source again"
    )


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    """A file, and nothing at all."""
    put(tmp_path, "a")

    assert refused(lambda: read_pack(tmp_path / "a")) == f"{tmp_path}/a: is no folder; name the folder of a pack"
    assert refused(lambda: read_pack(tmp_path / "b")) == f"{tmp_path}/b: does not exist; name the folder of a pack"


def test_a_pack_replaces_a_pack(tmp_path: Path) -> None:
    """Files that the new one does not have are gone, with their folders; equal runs leave equal folders."""
    folder = tmp_path / "new" / "pack"
    write_pack(folder, {"a": b"1", "deep/er/b": b"2"}, lambda _: False)
    assert read_pack(folder) == {"a": b"1", "deep/er/b": b"2"}

    write_pack(folder, {"a": b"3"}, lambda files: files.keys() == {"a", "deep/er/b"})
    assert read_pack(folder) == {"a": b"3"}
    assert [path.name for path in folder.iterdir()] == ["a"]


def test_what_is_no_pack_is_left_alone(tmp_path: Path) -> None:
    """Nothing of a folder that holds something else is changed, and none is reached through a link."""
    put(tmp_path, "mine.yaml")
    assert refused(lambda: write_pack(tmp_path, {"a": b"1"}, lambda _: False)) == (
        f"{tmp_path}: holds something else than an evidence pack; choose a folder that is empty or not there yet"
    )
    assert read_pack(tmp_path) == {"mine.yaml": MANIFEST}

    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    assert "is a symbolic link" in refused(lambda: write_pack(tmp_path / "link", {"a": b"1"}, lambda _: True))


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """A file stands where a folder of the path would be."""
    put(tmp_path, "a")

    assert "make room, or choose another folder" in refused(
        lambda: write_pack(tmp_path / "a" / "b", {"x": b"1"}, lambda _: True)
    )
