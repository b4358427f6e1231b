"""A folder is written whole or not at all: nothing but our files is ever written or removed."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edges import mcpfence, refusal, values_file
from mcpfence.findings.finding import McpfenceError
from mcpfence.system.files import INDEX, write_folder

OLD = {"a.yaml": "a: 1\n", "b.yaml": "b: 1\n"}
NEW = {"b.yaml": "b: 2\n", "c.yaml": "c: 1\n"}


def _snapshot(folder: Path) -> dict[str, bytes | str]:
    """Everything below a folder: content of files, targets of links."""
    found: dict[str, bytes | str] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        found[name] = (
            f"-> {path.readlink()}" if path.is_symlink() else path.read_bytes() if path.is_file() else "folder"
        )
    return found


def _write(folder: Path, wanted: dict[str, str]) -> str:
    """The sentence with which write_folder fails."""
    with pytest.raises(McpfenceError) as caught:
        write_folder(folder, wanted)
    return str(caught.value)


def test_folder_is_made_and_filled(tmp_path: Path) -> None:
    """Missing parents included; the index lists what was written."""
    assert write_folder(tmp_path / "x" / "y", OLD) == (2, 0, 0)
    assert _snapshot(tmp_path / "x" / "y") == {
        INDEX: b"# Files that mcpfence render -o wrote here. It replaces and removes these and no others.\na.yaml\nb.yaml\n",
        "a.yaml": b"a: 1\n",
        "b.yaml": b"b: 1\n",
    }


def test_folder_follows_the_catalog(tmp_path: Path) -> None:
    """Files of servers that are gone are removed, changed ones replaced, new ones added."""
    write_folder(tmp_path, OLD)

    assert write_folder(tmp_path, NEW) == (2, 0, 1)
    assert set(_snapshot(tmp_path)) == {INDEX, "b.yaml", "c.yaml"}
    assert write_folder(tmp_path, NEW) == (0, 2, 0)


def test_unchanged_files_are_not_touched(tmp_path: Path) -> None:
    """Their time of change stays, which builds and file watchers look at."""
    write_folder(tmp_path, OLD)
    os.utime(tmp_path / "a.yaml", (1, 1))
    write_folder(tmp_path, OLD)

    assert (tmp_path / "a.yaml").stat().st_mtime == 1


def test_files_of_others_stay(tmp_path: Path) -> None:
    """A README or a kustomization that somebody wrote is nobody's to remove."""
    write_folder(tmp_path, OLD)
    (tmp_path / "kustomization.yaml").write_text("resources: [a.yaml]\n", encoding="utf-8")
    write_folder(tmp_path, {})

    assert set(_snapshot(tmp_path)) == {INDEX, "kustomization.yaml"}


def test_file_that_was_edited_or_deleted_comes_back(tmp_path: Path) -> None:
    """The folder is generated: what somebody did to a file of ours does not last."""
    write_folder(tmp_path, OLD)
    (tmp_path / "a.yaml").write_bytes(b"a: 1\r\n")
    (tmp_path / "b.yaml").unlink()

    assert write_folder(tmp_path, OLD) == (2, 0, 0)
    assert (tmp_path / "a.yaml").read_bytes() == b"a: 1\n"


def test_index_with_windows_line_ends(tmp_path: Path) -> None:
    """Git on Windows changes line ends on checkout; the index is understood all the same."""
    write_folder(tmp_path, OLD)
    index = tmp_path / INDEX
    index.write_bytes(index.read_bytes().replace(b"\n", b"\r\n"))

    assert write_folder(tmp_path, NEW) == (2, 0, 1)


def test_line_ends_are_ours_everywhere(tmp_path: Path) -> None:
    """Text goes to disk as it is, on Windows too."""
    write_folder(tmp_path, {"a.yaml": "a: 1\nb: 2\r\n"})

    assert (tmp_path / "a.yaml").read_bytes() == b"a: 1\nb: 2\r\n"


# --- what is in the way ---


def test_foreign_file_in_the_way(tmp_path: Path) -> None:
    """A file of our name that the index does not list is somebody's work."""
    (tmp_path / "a.yaml").write_text("precious\n", encoding="utf-8")
    before = _snapshot(tmp_path)

    assert _write(tmp_path, OLD) == (
        f"{tmp_path / 'a.yaml'}: exists and was not written by mcpfence; move it away, or choose an empty folder"
    )
    assert _snapshot(tmp_path) == before


@pytest.mark.parametrize("name", ["a.yaml", INDEX])
@pytest.mark.parametrize("what", ["link", "dangling link", "folder"])
def test_links_and_folders_in_the_way(tmp_path: Path, name: str, what: str) -> None:
    """Neither is followed, replaced or removed, even under a name that the index lists."""
    folder, outside = tmp_path / "folder", tmp_path / "outside.yaml"
    write_folder(folder, OLD)
    (folder / name).unlink()
    if what == "folder":
        (folder / name).mkdir()
    else:
        (folder / name).symlink_to(outside)
    if what == "link":
        outside.write_text(f"{OLD['a.yaml']}", encoding="utf-8")
    before = _snapshot(tmp_path)

    assert "exists and was not written by mcpfence" in _write(folder, NEW)
    assert _snapshot(tmp_path) == before


@pytest.mark.parametrize("there", [True, False])
def test_folder_that_is_a_link(tmp_path: Path, there: bool) -> None:
    """Whoever can put a link into a repository could name any folder of the machine that renders it."""
    if there:
        (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")

    assert _write(tmp_path / "link", OLD) == (
        f"{tmp_path / 'link'}: is a symbolic link; name the folder that it leads to"
    )
    assert not list(tmp_path.glob("real/*"))


def test_link_above_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for a folder below the link; an absolute path was written by whoever renders, who knows the links."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path)
    refused = _write(Path("link/deep/down"), OLD)
    write_folder(tmp_path / "link" / "deep", OLD)

    assert refused == "link/deep/down: stands behind a link; link is a symbolic link; name the folder that it leads to"
    assert {path.name for path in (tmp_path / "real").iterdir()} == {"deep"}


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    """A slip with -o must not become a riddle about existing files."""
    path = tmp_path / "values.yaml"
    path.write_text("servers: {}\n", encoding="utf-8")

    assert _write(path, OLD) == f"{path}: is a file, not a folder; choose another folder"
    assert path.read_text(encoding="utf-8") == "servers: {}\n"


@pytest.mark.parametrize(
    "line",
    [
        *("../x.yaml", "/etc/passwd.yaml", "a/b.yaml", "..", ".", ".hidden.yaml", "kustomization", "a\\b.yaml"),
        *("C:a.yaml", " a.yaml", "A.yaml", "a.yaml\x00", "ü.yaml", INDEX, "\udcff.yaml", "x" * 10_000),
    ],
)
def test_index_that_was_tampered_with(tmp_path: Path, line: str) -> None:
    """Whoever can write the index must not make us remove files elsewhere, hidden ones, or ones that are no manifests."""
    folder = tmp_path / "folder"
    write_folder(folder, OLD)
    (tmp_path / "x.yaml").write_text("precious\n", encoding="utf-8")
    with (folder / INDEX).open("ab") as index:
        index.write(line.encode("utf-8", errors="surrogateescape") + b"\n")
    before = _snapshot(tmp_path)
    sentence = _write(folder, NEW)

    assert sentence.startswith(f"{folder / INDEX}: names ")
    assert sentence.endswith(", which mcpfence never writes; remove the folder and render again")
    assert len(sentence) < 500
    assert _snapshot(tmp_path) == before


def test_temporary_name_that_is_a_link(tmp_path: Path) -> None:
    """A link that waits under our temporary name does not lead our bytes to another file."""
    folder, outside = tmp_path / "folder", tmp_path / "outside"
    outside.write_text("precious\n", encoding="utf-8")
    folder.mkdir()
    for number, name in enumerate([INDEX, *OLD, INDEX]):
        (folder / f".{number}{name}.mcpfence-new").symlink_to(outside)
    write_folder(folder, OLD)

    assert outside.read_text(encoding="utf-8") == "precious\n"
    assert set(_snapshot(folder)) == {INDEX, "a.yaml", "b.yaml"}


# --- what goes wrong on the way ---


def test_interrupted_moves_leave_an_index_that_knows_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stops a run between two files, the next one goes on as if nothing had been."""
    write_folder(tmp_path, OLD)
    newer = {**NEW, "d.yaml": "d: 1\n"}
    replace = Path.replace

    def stop_at_d(self: Path, target: Path) -> Path:
        if target.name == "d.yaml":
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", stop_at_d)
    with pytest.raises(KeyboardInterrupt):
        write_folder(tmp_path, newer)
    monkeypatch.undo()

    assert set(_snapshot(tmp_path)) == {INDEX, "a.yaml", "b.yaml", "c.yaml"}
    assert write_folder(tmp_path, newer) == (1, 2, 1)
    assert set(_snapshot(tmp_path)) == {INDEX, "b.yaml", "c.yaml", "d.yaml"}


def test_failed_move_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once files are being moved, nobody may say that nothing was changed."""

    def fail(_: Path, __: Path) -> Path:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "replace", fail)

    assert _write(tmp_path, OLD) == (
        f"{tmp_path}: cannot be written (Input/output error); some files are new already; mend this and render again"
    )
    assert _snapshot(tmp_path) == {}


def test_limit_on_file_size_changes_nothing(tmp_path: Path) -> None:
    """A write that fails in the middle of the files leaves folder, index and old manifests as they were."""
    write_folder(tmp_path, OLD)
    before = _snapshot(tmp_path)
    script = (
        "import resource, sys; from pathlib import Path; from mcpfence.system.files import write_folder\n"
        "from mcpfence.findings.finding import McpfenceError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: write_folder(Path(sys.argv[1]), {'b.yaml': 'b: 2', 'c.yaml': 'c' * 2000})\n"
        "except McpfenceError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True)

    assert done.stdout == (
        f"{tmp_path}: cannot be written (File too large); nothing was changed; make room or choose another folder\n"
    )
    assert _snapshot(tmp_path) == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB; only root can mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("no tmpfs can be mounted: run as root on Linux")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def _servers(count: int, port: int) -> dict[str, object]:
    image = {"image": "registry.example.com/a:1", "port": port, "denyAllEgress": True}
    return {
        "clients": {"gateway": {"namespace": "gateways", "podSelector": {"app": "gateway"}}},
        "servers": {f"s{n}": {"runtime": "containerized", "containerizedConfig": image} for n in range(count)},
    }


def test_full_disk_changes_nothing(small_disk: Path, tmp_path: Path) -> None:
    """`render -o` onto a disk without room: exit 1, and every file is as it was."""
    few, many = values_file(tmp_path, _servers(2, 8080), "few"), values_file(tmp_path, _servers(40, 8081), "many")
    done = mcpfence("render", "-f", few, "--policies-only", "-o", small_disk / "out")
    before = _snapshot(small_disk)
    failed = mcpfence("render", "-f", many, "--policies-only", "-o", small_disk / "out", "-q")

    assert (done.returncode, len(before)) == (0, 8)
    assert refusal(failed) == (
        f"error: {small_disk / 'out'}: cannot be written (No space left on device); "
        "nothing was changed; make room or choose another folder [output-failed]"
    )
    assert _snapshot(small_disk) == before


def test_read_only_folder(small_disk: Path, tmp_path: Path) -> None:
    """A folder that cannot be written: exit 1, and the reason in the system's words."""
    values = values_file(tmp_path, _servers(1, 8080))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = mcpfence("render", "-f", values, "--policies-only", "-o", small_disk)

    assert refusal(done) == (
        f"error: {small_disk}: cannot be written (Read-only file system); "
        "nothing was changed; make room or choose another folder [output-failed]"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_without_permission(tmp_path: Path) -> None:
    """The same for a folder of somebody else."""
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    sentence = _write(tmp_path, OLD)
    tmp_path.chmod(stat.S_IRWXU)

    assert sentence == (
        f"{tmp_path}: cannot be written (Permission denied); nothing was changed; make room or choose another folder"
    )
