"""Files and folders of a Git revision, named `REV:PATH` as `git show` has it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePath, PurePosixPath
from typing import TYPE_CHECKING

from mcpfence.findings.finding import McpfenceError, fail
from mcpfence.structs import Struct
from mcpfence.system.files import is_manifest

if TYPE_CHECKING:
    import subprocess

_LINK, _SUBMODULE = b"120000", b"160000"


def is_revision(text: str) -> bool:
    """Whether an argument names something in Git: it has a colon and is no file or folder itself."""
    return ":" in text and not Path(text).exists()


def read_revision(text: str) -> list[tuple[str, bytes]]:
    """(name, content) of a file, or of all manifests below a folder; raises McpfenceError."""
    if text.startswith("-"):
        raise fail("file-unreadable", "is no revision", "write REV:PATH, such as HEAD~1:values.yaml", document=text)
    kind = _git(text, "cat-file", "-t", text).decode().strip()
    if kind == "blob":
        return [(text, _git(text, "cat-file", "blob", text))]
    if kind != "tree":
        sentence = f"is a {kind} of Git, neither a file nor a folder"
        raise fail("file-unreadable", sentence, "write REV:PATH, such as HEAD~1:values.yaml", document=text)
    tree = _git(text, "rev-parse", "--verify", text).decode().strip()  # ls-tree would look below the current folder
    files = list(_manifests(text, _git(text, "ls-tree", "-r", "-z", "--full-tree", tree)))
    asked = "".join(f"{digest}\n" for _, digest in files).encode()
    contents = _contents(_git(text, "cat-file", "--batch", given=asked)) if files else iter(())
    return [(name, content) for (name, _), content in zip(files, contents, strict=True)]


class Revision(Struct):
    """A commit of the repository around the working folder, and what it was called."""

    name: str
    commit: str

    def has(self, path: str) -> bool:
        """Whether the commit has something at a path on disk; raises McpfenceError, as outside the repository."""
        return bool(_git(path, "ls-tree", self.commit, "--", _from_here(path)).strip())

    def read(self, path: str) -> bytes:
        """The file at a path on disk, as it was; raises McpfenceError."""
        return _git(f"{self.name}:{path}", "cat-file", "blob", f"{self.commit}:./{_from_here(path)}")


def _from_here(path: str) -> str:
    """A path as git takes it: from the working folder, and where a link leads today."""
    return PurePath(os.path.relpath(os.path.realpath(path), os.path.realpath(os.curdir))).as_posix()


def find_revision(name: str) -> Revision:
    """The commit that `main`, `HEAD~1`, `v1.2.0` or the like names; raises McpfenceError."""
    where = f"--base {name}"
    # What begins with - would be an option, and ^ or .. a range.
    if name.strip() and not name.startswith("-"):
        found = _run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", text=where)
        commit = found.stdout.decode().strip()
        if found.returncode == 0 and re.fullmatch(r"[0-9a-f]{40,64}", commit):
            return Revision(name, commit)
        if found.returncode not in (0, 1):  # 1: git does not know the name, and says nothing; 0: a range
            raise _refused(where, found.stderr.decode(errors="replace"), "is no revision")
    todo = "write a branch, a tag or a commit, such as main or HEAD~1"
    raise fail("file-unreadable", "is no revision of this repository", todo, document=where)


def _manifests(text: str, listing: bytes) -> Iterator[tuple[str, str]]:
    """(name, digest) of each manifest of a folder, in the order of their names."""
    for entry in listing.split(b"\0"):
        head, _, path = entry.partition(b"\t")
        name = path.decode(errors="replace")
        parts = PurePosixPath(name).parts
        if not is_manifest(parts):
            continue
        mode, _, digest = head.split(b" ")
        if mode == _LINK:
            where = f"{text.rstrip('/')}/{name}"
            raise fail("file-unreadable", "is a symbolic link", "name the file that it leads to", document=where)
        if mode != _SUBMODULE:
            yield f"{text.rstrip('/')}/{name}" if not text.endswith(":") else f"{text}{name}", digest.decode()


def _contents(batch: bytes) -> Iterator[bytes]:
    """The files of `git cat-file --batch`: a line `DIGEST blob SIZE`, the content, a newline."""
    place = 0
    while place < len(batch):
        end = batch.index(b"\n", place)
        size = int(batch[place:end].split(b" ")[2])
        yield batch[end + 1 : end + 1 + size]
        place = end + 1 + size + 1


def _git(text: str, *arguments: str, given: bytes = b"") -> bytes:
    """What git prints; raises McpfenceError with what it says where it fails."""
    done = _run(*arguments, text=text, given=given)
    if done.returncode != 0:
        raise _refused(text, done.stderr.decode(errors="replace"))
    return done.stdout


def _run(*arguments: str, text: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """What git prints and says, whatever comes of it; raises McpfenceError where there is no git."""
    import subprocess  # here, since most sides of a diff are files

    environment = {**os.environ, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
    try:
        command = ["git", *arguments]  # a revision is never an option: those that begin with - are refused before
        return subprocess.run(command, input=given, capture_output=True, check=False, env=environment)  # noqa: S603
    except OSError as bad:
        sentence = f"git cannot be run ({bad.strerror})"
        raise fail("file-unreadable", sentence, "install git, or name a file or folder", document=text) from None


def _refused(text: str, said: str, what: str = "is no file or folder") -> McpfenceError:
    line = next((line for line in said.splitlines() if line.startswith(("fatal:", "error:"))), "fatal: git failed")
    sentence = f"{what}, and git says: {line.partition(': ')[2]}"
    return fail("file-unreadable", sentence, "check the path, or the revision", document=text)
