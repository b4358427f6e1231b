"""`mcpfence fmt`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from mcpfence.cli.arguments import one_stdin
from mcpfence.cli.console import Console, common_options, guarded, write_stdout, writing
from mcpfence.cli.project import project_files
from mcpfence.documents.values import decode, manifests
from mcpfence.findings.finding import fail, plural
from mcpfence.formatting.difference import difference
from mcpfence.formatting.formatter import formatted
from mcpfence.structs import Struct
from mcpfence.system.files import read_bytes, read_each, replace_file
from mcpfence.system.project import refuse_to_rewrite
from mcpfence.text.masking import told

_MARK = "\ufeff"


class FormattedFile(Struct):
    """A file before and after, without the byte order mark that it may begin with."""

    name: str
    shown: str
    marked: bool
    before: str
    after: str

    @property
    def changed(self) -> bool:
        """Whether it is in another form yet."""
        return self.before != self.after


@click.command("fmt")
@click.argument("paths", nargs=-1, type=click.Path(), metavar="[FILE...|-]")
@click.option(
    "--check", is_flag=True, help="Write nothing; list the files that would change, and exit 1 if there are any."
)
@click.option("--diff", is_flag=True, help="Write nothing; show what would change, secrets masked.")
@common_options
def command(console: Console, *, paths: tuple[str, ...], check: bool, diff: bool) -> int:
    """Bring values files into canonical order, indentation and quoting; comments and meaning stay.

    Keys stand as the reference lists them, servers, clients and workloads by name, comments with what they are at.
    Without FILE the values files of the project file are taken; - reads stdin and writes stdout.

    \b
    mcpfence fmt values.yaml
    mcpfence fmt --check --diff
    mcpfence fmt - < values.yaml

    Exit codes: 0 done, 1 errors (then nothing is written), or with --check a file would change, 2 wrong usage.
    """
    one_stdin(*paths)

    def work() -> int:
        names = paths or project_files(console)
        if not names:
            raise click.UsageError("Nothing to format: name a values file, or write .mcpfence.yaml.")
        files = read_each(dict.fromkeys(names), lambda name, shown: _formatted(name, shown, by_name=bool(paths)))
        changed = [file for file in files if file.changed]
        if diff:
            write_stdout(
                f"{line}\n".encode() for file in changed for line in difference(file.shown, file.before, file.after)
            )
        elif check:
            write_stdout(f"{told(file.shown)}\n".encode() for file in changed)
        else:
            _write(files)
        if not console.quiet and "-" not in names:
            done = "would change" if check or diff else "formatted"
            console.say(f"mcpfence: {plural(len(changed), 'file')} {done}, {len(files) - len(changed):,} unchanged")
        return 1 if check and changed else 0

    return guarded(console, work)


def _formatted(name: str, shown: str, *, by_name: bool) -> Iterator[FormattedFile]:
    """The file in both forms; of those that nobody named only what is a catalog in YAML.  Raises McpfenceError."""
    if not by_name:
        refuse_to_rewrite(name, Path.cwd())
    data = read_bytes(name)
    text = decode(data, shown)
    if manifests(text) is not None:
        if by_name:
            todo = "name values files; the order of manifests is their maker's"
            raise fail("format-refused", "holds Kubernetes manifests, not a catalog", todo, document=shown)
        return
    if by_name or not text.lstrip().startswith("{"):
        yield FormattedFile(name, shown, data.startswith(_MARK.encode()), text, formatted(text, shown))


def _write(files: Sequence[FormattedFile]) -> None:
    """Write what has changed, and stdin's text in any case; raises McpfenceError."""
    for file in files:
        text = _MARK * file.marked + file.after
        if file.name == "-":
            write_stdout([text.encode()])
        elif file.changed:
            with writing(file.shown):
                replace_file(Path(file.name), text)
