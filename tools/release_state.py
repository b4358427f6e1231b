"""What must be so before a release: tag and version are one, CHANGELOG.md says what is new, all is committed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from gen_version import PLACES, ROOT, SOURCE, renewed, source_version


class RefusedError(Exception):
    """What stands against a release, a sentence a line."""


def section(changelog: str, title: str) -> str:
    """The text below the heading of the second level that begins with this word; empty if there is none."""
    found = re.search(rf"(?m)^## {re.escape(title)}(?: .*)?\n((?:(?!^## ).*\n?)*)", changelog)
    return found[1].strip() + "\n" if found and found[1].strip() else ""


def notes(root: Path = ROOT) -> str:
    """What CHANGELOG.md says of the version in Markdown; raises RefusedError if it has no section, or an empty one."""
    version = source_version(root)
    text = section((root / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    if not text:
        raise RefusedError(
            f'CHANGELOG.md: says nothing below "## {version} - DATE"; give what is below "## Unreleased" that heading'
        )
    return text


def against(tag: str, root: Path = ROOT) -> list[str]:
    """Everything that stands against releasing this tree as `tag`, in sentences; nothing if it may be."""
    version = source_version(root)
    found = []
    if tag != f"v{version}":
        found.append(
            f"tag {tag}: the package is {version}; tag it v{version}, or write the version of the tag into "
            f"{SOURCE.as_posix()} and run python tools/gen_version.py"
        )
    try:
        notes(root)
    except RefusedError as why:
        found.append(str(why))
    for name, patterns in PLACES.items():
        text = (root / name).read_text(encoding="utf-8")
        if renewed(text, patterns, version, name) != text:
            found.append(f"{name}: has another version than {version}; run python tools/gen_version.py and commit")
    return [*found, *_uncommitted(root)]


def _uncommitted(root: Path) -> list[str]:
    """That Git has some files otherwise, or not at all; ignored ones aside."""
    command = ["git", "-C", str(root), "status", "--porcelain", "-z", "--no-renames"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return [f"the working tree: git cannot tell what is committed: {done.stderr.strip()}"]
    changed = sorted(row[3:] for row in done.stdout.split("\0") if row)
    if not changed:
        return []
    shown = ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
    return [f"the working tree: is not what is committed ({shown}); commit it, or take it away"]
