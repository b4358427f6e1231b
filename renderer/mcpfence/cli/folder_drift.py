"""What commands that write folders say of them, `render -o` and `argocd shards`: what was written, what differs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mcpfence.cli.console import Console, shown_names
from mcpfence.findings.finding import fail, plural
from mcpfence.system.files import RENDER, Drift, compare_folder
from mcpfence.text.masking import ObjectLines

_LINES = 500
"""Of a difference that is shown; who wants more renders, and asks Git."""


def say_written(folder: Path, counts: tuple[int, int, int], removed: Sequence[str], console: Console) -> None:
    """How many files `write_folder` wrote, left alone and removed, and whose fences went with these."""
    if console.quiet:
        return
    written, same, gone = counts
    console.say(f"mcpfence: {folder}: {plural(written, 'file')} written, {same:,} unchanged, {gone:,} removed")
    if removed:
        console.say(f"mcpfence: {folder}: removed: {shown_names(removed)}")


def check_folder(folder: Path, files: Mapping[str, str], todo: str, console: Console, by: str = RENDER) -> None:
    """Raise McpfenceError where the folder differs from what `by` writes, after showing how; `todo` makes it right."""
    drift = compare_folder(folder, files, by)
    if drift.others and not console.quiet:
        others = ", ".join(drift.others)
        console.say(f"mcpfence: {folder}: not compared, because mcpfence did not write them: {others}")
    if drift.any:
        if not console.quiet:
            for line in _difference(folder, files, drift):
                console.say(line)
        counts = (len(drift.missing), "missing"), (len(drift.changed), "changed"), (len(drift.stale), "stale")
        said = ", ".join(f"{plural(count, 'file')} {word}" for count, word in counts if count)
        raise fail("folder-drift", f"is not what the catalog gives: {said}", todo, document=str(folder))
    if not console.quiet:
        console.say(f"mcpfence: {folder}: {plural(len(files), 'file')}, all of them what the catalog gives")


def _difference(folder: Path, files: Mapping[str, str], drift: Drift) -> Iterator[str]:
    """The files that differ, and how: from what the folder holds to what the catalog gives, cut when it gets long."""
    words = [(drift.missing, "missing"), (drift.changed, "changed"), (drift.stale, "stale")]
    names = sorted((name, word) for found, word in words for name in found)
    yield from (f"mcpfence: {folder / name}: {word}" for name, word in names)
    left = _LINES
    for name, word in names:
        if name not in files and word != "stale":
            continue  # our own index
        before = "" if word == "missing" else (folder / name).read_bytes().decode(errors="replace")
        for line in _unified(folder / name, before, files.get(name, "")):
            if not left:
                yield f"mcpfence: the difference is longer than {_LINES:,} lines; the rest is not shown"
                return
            left -= 1
            yield line


def _unified(path: Path, before: str, after: str) -> Iterator[str]:
    import difflib  # only where something differs

    names = f"{path} (in the folder)", f"{path} (from the catalog)"
    hush = ObjectLines(_is_secret(before) or _is_secret(after))
    for line in difflib.unified_diff(_lines(before), _lines(after), *names, lineterm=""):
        yield hush.masked(line.replace("\r", "\\r"))


def _is_secret(text: str) -> bool:
    """Whether a document of the text may be a Secret, in whatever way that is written."""
    return (
        "Secret" in text and re.search(r"\bkind\b[\"']?\s*:\s*(?:!\S+\s+)?[\"']?Secret(?![A-Za-z])", text) is not None
    )


def _lines(text: str) -> list[str]:
    *lines, last = text.split("\n")
    return [*lines, last, "\\ no line break at the end"] if last else lines
