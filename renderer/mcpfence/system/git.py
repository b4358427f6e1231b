"""Files and folders of a Git revision, named `REV:PATH` as `git show` has it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from mcpfence.findings.finding import McpfenceError, fail
from mcpfence.system.files import is_manifest

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
    environment = {**os.environ, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
    try:
        command = ["git", *arguments]  # a revision is never an option: read_revision refuses those that begin with -
        done = subprocess.run(command, input=given, capture_output=True, check=False, env=environment)  # noqa: S603
    except OSError as bad:
        sentence = f"git cannot be run ({bad.strerror})"
        raise fail("file-unreadable", sentence, "install git, or name a file or folder", document=text) from None
    if done.returncode != 0:
        raise _refused(text, done.stderr.decode(errors="replace"))
    return done.stdout


def _refused(text: str, said: str) -> McpfenceError:
    line = next((line for line in said.splitlines() if line.startswith(("fatal:", "error:"))), "fatal: git failed")
    sentence = f"is no file or folder, and git says: {line.partition(': ')[2]}"
    return fail("file-unreadable", sentence, "check the path, or the revision", document=text)
