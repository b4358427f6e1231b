"""`mcpfence fmt` as people call it: which files, what is written, what is said, and what is left alone."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from edges import mcpfence, refusal

UNTIDY = "servers:\n  b: {runtime: 'npx'}   # second\n  a: {runtime: npx}\n"
TIDY = "servers:\n  a: {runtime: npx}\n  b: {runtime: npx}   # second\n"


def test_file(tmp_path: Path) -> None:
    """It is written, and said so; the second time there is nothing to do, and the file is not touched."""
    path = tmp_path / "values.yaml"
    path.write_text(UNTIDY)
    path.chmod(0o640)
    first = mcpfence("fmt", "values.yaml", cwd=tmp_path)
    written = path.stat()
    second = mcpfence("fmt", "values.yaml", cwd=tmp_path)

    assert (first.returncode, first.stdout, second.returncode) == (0, b"", 0)
    assert first.stderr == b"mcpfence: 1 file formatted, 0 unchanged\n"
    assert second.stderr == b"mcpfence: no files formatted, 1 unchanged\n"
    assert path.read_text() == TIDY
    assert stat.S_IMODE(written.st_mode) == 0o640
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (written.st_mtime_ns, written.st_ino)
    assert list(tmp_path.iterdir()) == [path]


def test_check(tmp_path: Path) -> None:
    """--check lists what would change on stdout, exits with 1, and writes nothing."""
    (tmp_path / "one.yaml").write_text(UNTIDY)
    (tmp_path / "two.yaml").write_text(TIDY)
    done = mcpfence("fmt", "--check", "one.yaml", "two.yaml", cwd=tmp_path)
    good = mcpfence("fmt", "--check", "two.yaml", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (1, b"one.yaml\n")
    assert done.stderr == b"mcpfence: 1 file would change, 1 unchanged\n"
    assert (good.returncode, good.stdout) == (0, b"")
    assert (tmp_path / "one.yaml").read_text() == UNTIDY


def test_diff(tmp_path: Path) -> None:
    """--diff shows what would change and writes nothing; with --check it exits with 1."""
    (tmp_path / "values.yaml").write_text(UNTIDY)
    done = mcpfence("fmt", "--diff", "values.yaml", cwd=tmp_path)
    both = mcpfence("fmt", "--diff", "--check", "values.yaml", cwd=tmp_path)

    assert done.stdout.decode() == (
        "--- values.yaml (as it is)\n+++ values.yaml (formatted)\n@@ -1,3 +1,3 @@\n servers:\n"
        "-  b: {runtime: 'npx'}   # second\n   a: {runtime: npx}\n+  b: {runtime: npx}   # second\n"
    )
    assert (done.returncode, both.returncode, both.stdout) == (0, 1, done.stdout)
    assert (tmp_path / "values.yaml").read_text() == UNTIDY


ENTRIES = {
    "in brackets": "{value: hunter2, key: DB_PASSWORD}",
    "in quotes with escapes": '{value: "hun\\x74er2", key: DB_PASSWORD}',
    "before its key": "value: hunter2\n          key: DB_PASSWORD",
    "in a text": "key: DB_PASSWORD\n          value: |\n            hunter2\n            hunter2",
    "in an argument": "[--password, hunter2]",
    "in a comment": "{} # https://app:hunter2@api.example.com/",
}


@pytest.mark.parametrize("what", ENTRIES)
def test_diff_shows_no_secret(tmp_path: Path, what: str) -> None:
    """Whatever a secret stands behind or in, it is masked; the rest is shown."""
    (tmp_path / "values.yaml").write_text(
        f"servers:\n  b:\n      env:\n        - {ENTRIES[what]}\n      runtime: 'npx'\n"
    )
    shown = mcpfence("fmt", "--diff", "values.yaml", cwd=tmp_path).stdout.decode()

    assert "+    runtime: npx\n" in shown
    assert "..." in shown
    assert [line for line in shown.splitlines() if "hun" in line] == []


def test_stdin() -> None:
    """- reads stdin and writes stdout, whether or not anything changes; with --check it is listed as stdin."""
    done = mcpfence("fmt", "-", stdin=UNTIDY.encode())
    again = mcpfence("fmt", "-", stdin=done.stdout)
    check = mcpfence("fmt", "--check", "-", stdin=UNTIDY.encode())

    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, TIDY, b"")
    assert again.stdout == done.stdout
    assert (check.returncode, check.stdout) == (1, b"stdin\n")
    assert refusal(mcpfence("fmt", "-", "-"), code=2).endswith("stdin can be read once: give - for one file only.")


def test_project_file(tmp_path: Path) -> None:
    """Without a name the project's values files are taken, but for those that are manifests or JSON."""
    (tmp_path / ".mcpfence.yaml").write_text("values: [values.yaml, services.yaml, more.json]\n")
    (tmp_path / "values.yaml").write_text(UNTIDY)
    (tmp_path / "services.yaml").write_text("kind: Service\napiVersion: v1\nmetadata: {name: 'a'}\n")
    (tmp_path / "more.json").write_text('{"run": {"enabled": false}}')
    done = mcpfence("fmt", cwd=tmp_path)

    assert done.stderr.decode().splitlines() == [
        "mcpfence: values.yaml, services.yaml, more.json, as .mcpfence.yaml has it",
        "mcpfence: 1 file formatted, 0 unchanged",
    ]
    assert (tmp_path / "values.yaml").read_text() == TIDY
    assert "'a'" in (tmp_path / "services.yaml").read_text()


def test_without_files(tmp_path: Path) -> None:
    """No name and no project file is wrong usage."""
    said = refusal(mcpfence("fmt", cwd=tmp_path), code=2)

    assert said.endswith("Error: Nothing to format: name a values file, or write .mcpfence.yaml.")


def test_one_fault_and_nothing_is_written(tmp_path: Path) -> None:
    """All faults of all files are said, and the files that are right stay as they are, too."""
    (tmp_path / "one.yaml").write_text(UNTIDY)
    (tmp_path / "two.yaml").write_text("a: &x 1\nb: *x\n")
    (tmp_path / "pods.yaml").write_text("kind: Pod\napiVersion: v1\n")
    for more in ((), ("--check",), ("--diff",)):
        said = refusal(mcpfence("fmt", "one.yaml", "two.yaml", "pods.yaml", "none.yaml", *more, cwd=tmp_path))

        assert said.splitlines() == [
            "error: two.yaml:1:4: has an anchor or alias, whose meaning depends on what stands first; "
            "write the value out twice [format-refused]",
            "error: pods.yaml: holds Kubernetes manifests, not a catalog; "
            "name values files; the order of manifests is their maker's [format-refused]",
            "error: none.yaml: cannot be read (No such file or directory); check the path [file-unreadable]",
        ]
    assert (tmp_path / "one.yaml").read_text() == UNTIDY


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_bytes_that_stay(tmp_path: Path, mark: bytes, newline: str) -> None:
    """Byte order mark, line ends and characters of other scripts."""
    path = tmp_path / "values.yaml"
    path.write_bytes(mark + UNTIDY.replace("second", "zweité \U0001f600").replace("\n", newline).encode())
    mcpfence("fmt", "values.yaml", cwd=tmp_path)

    assert path.read_bytes() == mark + TIDY.replace("second", "zweité \U0001f600").replace("\n", newline).encode()


def test_file_behind_a_link(tmp_path: Path) -> None:
    """The file is written, and the link stays one."""
    (tmp_path / "real.yaml").write_text(UNTIDY)
    (tmp_path / "values.yaml").symlink_to("real.yaml")
    mcpfence("fmt", "values.yaml", cwd=tmp_path)

    assert (tmp_path / "values.yaml").is_symlink()
    assert (tmp_path / "real.yaml").read_text() == TIDY


def test_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is an error with the file's name; the file is as it was."""
    (tmp_path / "values.yaml").write_text(UNTIDY)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mcpfence.cli.fmt.replace_file", full)
    said = refusal(mcpfence("fmt", "values.yaml", cwd=tmp_path))

    assert said == (
        "error: values.yaml: cannot be written (No space left on device); choose another file [output-failed]"
    )
    assert (tmp_path / "values.yaml").read_text() == UNTIDY
