"""`mcpfence render -o DIR`: the folder written, or compared with what comes out of the catalog."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from mcpfence.cli.console import Console
from mcpfence.cli.folder_drift import check_folder, say_written
from mcpfence.findings.finding import McpfenceError
from mcpfence.render.objects import Rendered
from mcpfence.streams.earlier_output import lost_by_folder, removed
from mcpfence.streams.folder_layout import KUSTOMIZATION, folder_layout, kustomization
from mcpfence.streams.post_render import Result
from mcpfence.structs import Struct
from mcpfence.system.files import read_earlier, write_folder


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
    counts = write_folder(call.folder, files)
    say_written(call.folder, counts, removed(earlier.texts, earlier.gone, result.renderings), console)


def check(call: Call, result: Result, console: Console) -> None:
    """Compare the folder with what was rendered; raises McpfenceError where it differs, after showing how."""
    check_folder(call.folder, _files(call, result), f"render again: {call.again}", console)
