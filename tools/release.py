"""Checks, makes and tries out a release; RELEASING.md says when which is called.

    python tools/release.py check v0.1.0        what stands against releasing this tree as that tag
    python tools/release.py notes               what CHANGELOG.md says of the version
    python tools/release.py build FOLDER        makes every file; needs the key that signs (MCPFENCE_SIGNING_KEY)
    python tools/release.py try FOLDER          installs each of them in a fresh place
    python tools/release.py dry-run [FOLDER]    makes every file with a key of its own, tries them and builds the image

What is refused is said in a sentence on stderr, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from pathlib import Path

from gen_version import ROOT, StrayError, source_version
from release_state import RefusedError, against, notes, section

REPOSITORY = "OWNER/mcpfence"
"""What stands for the repository where nobody says which it is."""


def main(arguments: list[str] | None = None) -> int:
    """Do what is asked; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("check").add_argument("tag")
    verbs.add_parser("notes")
    verbs.add_parser("try").add_argument("folder", type=Path)
    for name in ("build", "dry-run"):
        verb = verbs.add_parser(name)
        verb.add_argument("folder", type=Path, nargs=None if name == "build" else "?")
        verb.add_argument("--repository", default=REPOSITORY, metavar="OWNER/NAME", help="on GitHub")
    asked = parser.parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # a line stands there while the next one is made
    try:
        if asked.verb == "check":
            return _check(asked.tag)
        if asked.verb == "notes":
            print(notes(), end="")
        elif asked.verb == "build":
            _build(asked.folder, asked.repository)
        elif asked.verb == "try":
            _try(asked.folder)
        else:
            _dry_run(asked.folder, asked.repository)
    except (RefusedError, StrayError) as why:
        print(f"error: {why}", file=sys.stderr)
        return 1
    return 0


def _check(tag: str) -> int:
    found = against(tag)
    for sentence in found:
        print(f"error: {sentence}", file=sys.stderr)
    return 1 if found else 0


def _build(folder: Path, repository: str, *, throwaway_key: bool = False) -> None:
    """Make the files with their notes and sums; a dry run may do so before CHANGELOG.md has the section."""
    from release_build import build, digest  # `check` needs nothing but Python

    if folder.exists() and any(folder.iterdir()):
        raise RefusedError(f"{folder}: is not empty; name a folder that does not exist, or take away what is in it")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    text = section(changes, "Unreleased") if throwaway_key and not section(changes, source_version()) else notes()
    build(folder, repository, throwaway_key=throwaway_key)
    files = sorted((path for path in folder.glob("*/*") if path.is_file()), key=lambda path: path.name)
    (folder / "notes.md").write_text(text, encoding="utf-8")
    # The names are those that a release has, which knows no folders.
    sums = "".join(f"{digest(path)}  {path.name}\n" for path in files)
    (folder / "SHA256SUMS").write_text(sums, encoding="utf-8")
    print(f"made {len(files)} files of mcpfence {source_version()} in {folder}")


def _try(folder: Path) -> None:
    import release_try
    from release_build import Files

    absent = release_try.missing()
    if absent:
        raise RefusedError(f"{', '.join(absent)}: not on PATH; on Debian run `make tools` as root, which installs them")
    with tempfile.TemporaryDirectory() as places:
        release_try.run_all(Files(folder.resolve(), source_version()), Path(places), print)


def _dry_run(folder: Path | None, repository: str) -> None:
    """Make everything and try it; what only a real release refuses is a note."""
    import image

    for sentence in against(f"v{source_version()}"):
        print(f"note: a release would be refused: {sentence}")
    with tempfile.TemporaryDirectory() as name:
        target = folder or Path(name) / "dist"
        _build(target, repository, throwaway_key=True)
        _try(target)
        lacking = image.missing()
        if lacking:
            print(f"note: the image was not built: {lacking}")
            return
        with image.built(Path(name) / "image") as made:
            said = image.run(made, ROOT, "--version").stdout.decode()
            if said != f"mcpfence {source_version()}\n":
                raise RefusedError(f"the image: says {said!r} when it is asked for its version")
            print(f"Containerfile: built, runs as {made.config['User']}, {made.added / 2**20:.0f} MiB beyond the base")


if __name__ == "__main__":
    sys.exit(main())
