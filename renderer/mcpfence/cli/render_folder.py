"""`mcpfence render -o DIR`: the folder written, or compared with what comes out of the catalog."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from mcpfence.cli.console import Console, shown_names
from mcpfence.findings.finding import McpfenceError, fail, plural
from mcpfence.render.objects import Rendered
from mcpfence.streams.earlier_output import lost_by_folder, removed
from mcpfence.streams.folder_layout import KUSTOMIZATION, folder_layout, kustomization
from mcpfence.streams.post_render import Result
from mcpfence.structs import Struct
from mcpfence.system.files import Drift, compare_folder, read_earlier, write_folder
from mcpfence.text.masking import ObjectLines

_LINES = 500
"""Of a difference that is shown; who wants more renders, and asks Git."""


class Call(Struct):
    """How a folder is rendered: all that its content depends on."""

    files: tuple[str, ...]
    namespace: str
    release: str
    chart: str | None
    policies_only: bool
    folder: Path
    allow_empty: bool = False
    prune_all: bool = False

    def command(self, path: Callable[[str], str]) -> str:
        """The command line, with each path as `path` words it."""
        words = ["mcpfence", "render"]
        for name in self.files:
            words += ["-f", path(name)]
        words += ["--namespace", self.namespace, "--release", self.release]
        words += ["--chart", path(self.chart)] if self.chart else []
        words += ["--policies-only"] if self.policies_only else []
        words += ["--allow-empty"] if self.allow_empty else []
        return shlex.join([*words, "-o", path(str(self.folder))])

    @property
    def again(self) -> str:
        """The command as it was given."""
        return self.command(str)

    @property
    def here(self) -> str:
        """The command as it is given in the folder itself: the same wherever the checkout lies and whoever runs it."""
        return self.command(lambda name: _seen_from(self.folder, name))


def _seen_from(folder: Path, name: str) -> str:
    """A path as seen from the folder; what is no file (a pipe) is stdin, and what is far away has its name alone."""
    path = Path(name)
    if name == "-" or (path.exists() and not path.is_file() and not path.is_dir()):
        return "-"
    there, here = _real(path), _real(folder)
    try:
        if os.path.commonpath([there, here]) == there.anchor:
            return path.name
    except ValueError:  # another drive
        return path.name
    return os.path.relpath(there, here).replace(os.sep, "/")


def _real(path: Path) -> Path:
    """The absolute path without links above its last part, which has the name that was given."""
    whole = Path(os.path.abspath(path))  # noqa: PTH100  Path.absolute leaves `..` in
    return whole.parent.resolve() / whole.name


def _files(call: Call, result: Result) -> dict[str, str]:
    """Everything that the folder should hold; raises McpfenceError."""
    fenced = {rendering.catalog.namespace for rendering in result.renderings}
    # Of several namespaces none goes without saying.
    files = folder_layout(_objects(result), result.foreign, fenced.pop() if len(fenced) == 1 else "")
    return {**files, KUSTOMIZATION: kustomization(files, call.here)}


def _objects(result: Result) -> list[Rendered]:
    return [item for rendering in result.renderings for item in rendering.objects]


def _lost(gone: Sequence[str], result: Result) -> list[str]:
    """The files that go with their objects: not those whose objects are there still, under another name.

    Before names of files left out the fenced namespace they had it.
    """
    renamed = folder_layout(_objects(result), result.foreign) if gone else {}
    return [name for name in gone if name not in renamed]


def write(call: Call, result: Result, console: Console) -> None:
    """Make the folder hold what was rendered; raises McpfenceError."""
    files = _files(call, result)
    earlier = read_earlier(call.folder, files)
    lost = lost_by_folder(str(call.folder), earlier.texts, _lost(earlier.gone, result), result.renderings)
    if lost and not call.prune_all:
        raise McpfenceError(lost)
    written, same, gone = write_folder(call.folder, files)
    if not console.quiet:
        console.say(f"mcpfence: {call.folder}: {plural(written, 'file')} written, {same:,} unchanged, {gone:,} removed")
        names = removed(earlier.texts, earlier.gone, result.renderings)
        if names:
            console.say(f"mcpfence: {call.folder}: removed: {shown_names(names)}")


def check(call: Call, result: Result, console: Console) -> None:
    """Compare the folder with what was rendered; raises McpfenceError where it differs, after showing how."""
    files = _files(call, result)
    drift = compare_folder(call.folder, files)
    if drift.others and not console.quiet:
        others = ", ".join(drift.others)
        console.say(f"mcpfence: {call.folder}: not compared, because mcpfence did not write them: {others}")
    if drift.any:
        if not console.quiet:
            for line in _difference(call.folder, files, drift):
                console.say(line)
        counts = (len(drift.missing), "missing"), (len(drift.changed), "changed"), (len(drift.stale), "stale")
        said = ", ".join(f"{plural(count, 'file')} {word}" for count, word in counts if count)
        sentence, todo = f"is not what the catalog gives: {said}", f"render again: {call.again}"
        raise fail("folder-drift", sentence, todo, document=str(call.folder))
    if not console.quiet:
        console.say(f"mcpfence: {call.folder}: {plural(len(files), 'file')}, all of them what the catalog gives")


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
