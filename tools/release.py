"""Checks, makes and tries out a release; RELEASING.md says when which is called.

    python tools/release.py check v0.1.0        what stands against releasing this tree as that tag
    python tools/release.py notes               what CHANGELOG.md says of the version
    python tools/release.py build FOLDER        makes every file; needs the key that signs (MCPFENCE_SIGNING_KEY)
    python tools/release.py dry-run [FOLDER]    makes every file with a key of its own, and installs each in a fresh place
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import image
import release_try
from gen_version import ROOT, StrayError, source_version
from release_build import build, digest
from release_state import RefusedError, against, notes, section

REPOSITORY = "OWNER/mcpfence"
"""What stands for the repository where nobody says which it is."""


def main(arguments: list[str] | None = None) -> int:
    """Do what is asked; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("check").add_argument("tag")
    verbs.add_parser("notes")
    for name in ("build", "dry-run"):
        verb = verbs.add_parser(name)
        verb.add_argument("folder", type=Path, **({"nargs": "?"} if name == "dry-run" else {}))
        verb.add_argument("--repository", default=REPOSITORY, metavar="OWNER/NAME", help="on GitHub")
    asked = parser.parse_args(arguments)
    try:
        if asked.verb == "check":
            return _check(asked.tag)
        if asked.verb == "notes":
            print(notes(), end="")
        elif asked.verb == "build":
            _build(asked.folder, asked.repository)
        else:
            _dry_run(asked.folder, asked.repository)
    except (RefusedError, StrayError, release_try.DiffersError, image.NoImageError) as why:
        print(f"error: {why}", file=sys.stderr)
        return 1
    return 0


def _check(tag: str) -> int:
    found = against(tag)
    for sentence in found:
        print(f"error: {sentence}", file=sys.stderr)
    return 1 if found else 0


def _build(folder: Path, repository: str) -> None:
    _new(folder)
    build(folder, repository)
    (folder / "notes.md").write_text(notes(), encoding="utf-8")
    _sums(folder)


def _new(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise RefusedError(f"{folder}: is not empty; name a folder that does not exist, or take away what is in it")


def _sums(folder: Path) -> None:
    """SHA256SUMS of all files: the names under which a release has them, which are in no folders."""
    files = sorted((path for path in folder.glob("*/*") if path.is_file()), key=lambda path: path.name)
    text = "".join(f"{digest(path)}  {path.name}\n" for path in files)
    (folder / "SHA256SUMS").write_text(text, encoding="utf-8")


def _dry_run(folder: Path | None, repository: str) -> None:
    """Tell what a release would say, make it, and install it; what only a real one refuses is a note."""
    for sentence in against(f"v{source_version()}"):
        print(f"note: a release would be refused: {sentence}")
    absent = release_try.missing()
    if absent:
        raise RefusedError(f"{', '.join(absent)}: not on PATH; on Debian run `make tools` as root, which installs them")
    with tempfile.TemporaryDirectory() as name:
        places = Path(name)
        target = folder or places / "dist"
        _new(target)
        files = build(target, repository, throwaway_key=True)
        changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
        text = section(changes, files.version) or section(changes, "Unreleased")
        (target / "notes.md").write_text(text, encoding="utf-8")
        _sums(target)
        print(f"made {sum(path.is_file() for path in target.glob('*/*'))} files of mcpfence {files.version}")
        release_try.run_all(files, places / "places", print)
        lacking = image.missing()
        if lacking:
            print(f"note: the image was not built: {lacking}")
            return
        with image.built(places / "image") as made:
            said = image.run(made, ROOT, "--version").stdout.decode()
            release_try.same("mcpfence --version in the image", said, f"mcpfence {files.version}\n")
            print(f"Containerfile: built, runs as uid {made.config['User']}, {made.added / 2**20:.0f} MiB beyond the base")


if __name__ == "__main__":
    sys.exit(main())
