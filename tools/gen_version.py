"""Writes the version of renderer/mcpfence/__init__.py wherever else it must stand: chart, Helm plugin, images, docs.

    python tools/gen_version.py            # writes it
    python tools/gen_version.py --check    # exits 1 if it is stale anywhere, and writes nothing

A place where nothing is like a version is an error, so that none is passed over.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = Path("renderer/mcpfence/__init__.py")
"""The one place where the version is written by hand."""

_NUMBER = r"\d+\.\d+\.\d+"
PLACES = {
    "chart/Chart.yaml": (rf"(?m)^version: ({_NUMBER})$", rf'(?m)^appVersion: "({_NUMBER})"$'),
    "helm-plugin/mcpfence/plugin.yaml": (rf"(?m)^version: ({_NUMBER})$",),
    "argocd/values-argo-cd.yaml": (rf"registry\.example\.com/mcpfence:({_NUMBER})",),
    "Containerfile": (rf"registry\.example\.com/mcpfence:({_NUMBER})",),
    "docs/argocd.md": (rf"registry\.example\.com/mcpfence:({_NUMBER})",),
    "docs/check.md": (rf'(?m)^  "version": "({_NUMBER})",$',),
    "docs/install.md": (rf"(?:mcpfence[-:]|helm-plugin-|--version |download/v)({_NUMBER})",),
}
"""The files that repeat it, and the patterns whose group is the version there."""


class StrayError(Exception):
    """A place that should have the version has none; the message names it."""


def source_version(root: Path = ROOT) -> str:
    """The version of the package; raises StrayError if there is none."""
    found = re.search(rf'(?m)^__version__ = "({_NUMBER})"$', (root / SOURCE).read_text(encoding="utf-8"))
    if not found:
        raise StrayError(f'{SOURCE.as_posix()}: has no line __version__ = "MAJOR.MINOR.PATCH"; write it')
    return found[1]


def renewed(text: str, patterns: tuple[str, ...], version: str, name: str) -> str:
    """The text with `version` in every group that the patterns find; raises StrayError if one finds nothing."""
    for pattern in patterns:
        text, count = re.subn(pattern, lambda found: found[0].replace(found[1], version), text)
        if not count:
            raise StrayError(f"{name}: nothing looks like {pattern!r}; mend the file or PLACES in tools/gen_version.py")
    return text


def main(arguments: list[str] | None = None) -> int:
    """Write or check the files; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is stale")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    stale = False
    try:
        version = source_version(asked.root)
        for name, patterns in PLACES.items():
            path = asked.root / name
            old = path.read_text(encoding="utf-8")
            new = renewed(old, patterns, version, name)
            if new != old and asked.check:
                print(f"{name} is stale: run python tools/gen_version.py", file=sys.stderr)
                stale = True
            elif new != old:
                path.write_text(new, encoding="utf-8")
    except StrayError as stray:
        print(f"error: {stray}", file=sys.stderr)
        return 1
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
