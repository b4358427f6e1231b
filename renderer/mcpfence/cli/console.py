"""What people see: findings and summaries on stderr, in colour only on a terminal, copied to a log file if asked."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TextIO

from mcpfence.documents.values import ValuesFile, where
from mcpfence.findings.finding import Finding, McpfenceError, fail, plural
from mcpfence.findings.position import Position
from mcpfence.findings.table import Severity
from mcpfence.text.masking import told

_RANKS = {"error": 0, "warning": 1, "note": 2}
_COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}


class Console:
    """Says things on stderr.

    `color` is `always`, `never`, or `auto`: only on a terminal.  `log_room` is how many characters may still be written
    to the log file (None: any number), `sources` are the values files in which places are looked up, `waits` says
    whether a line tells on a terminal that long work goes on.  `heard` is false once the reader of stderr has gone.
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        verbose: bool = False,
        strict: bool = False,
        color: str = "auto",
        log_file: str | None = None,
        log_room: int | None = None,
        sources: Iterable[ValuesFile] = (),
        waits: bool = True,
    ) -> None:
        self.quiet = quiet
        self.verbose = verbose
        self.strict = strict
        self.color = color
        self.log_file = log_file
        self.log_room = log_room
        self.sources = list(sources)
        self.waits = waits
        self.heard = True

    def say(self, line: str, colour: str | None = None) -> None:
        """One line on stderr and in the log file, as `told` has it."""
        clean = told(line)
        self.heard &= _on_stderr(clean, colour if use_colour(self.color, sys.stderr) else None)
        if not self.log_file:
            return
        from pathlib import Path  # here, since most runs have no log file

        try:
            with Path(self.log_file).open("a", encoding="utf-8") as log:
                log.write((clean if self._has_room(clean) else "mcpfence: the rest is not in this log") + "\n")
        except OSError as bad:
            _on_stderr(f"mcpfence: {self.log_file} cannot be written any more ({bad.strerror}); the rest is not in it")
            self.log_file = None

        if self.log_room is not None and self.log_room < 0:
            self.log_file = None

    def _has_room(self, line: str) -> bool:
        """Whether a line may still go into the log file; it is taken off what is left."""
        if self.log_room is not None:
            self.log_room -= len(line)
        return self.log_room is None or self.log_room >= 0

    def findings(self, findings: Iterable[Finding]) -> None:
        """Errors always, warnings unless quiet, notes only when verbose; what is not shown is counted."""
        found = list(findings)
        # Only what is shown is put into the order of lines: to tell lines the whole file is read once more.
        for finding in self.ordered(filter(self._shows, found)):
            self.say(self.line(finding), _COLOURS[self.severity(finding)])
        hidden = sum(self.severity(finding) == "note" for finding in found)
        if hidden and not (self.quiet or self.verbose):
            self.say(f"{plural(hidden, 'note')} not shown; -v shows them")

    def _shows(self, finding: Finding) -> bool:
        severity = self.severity(finding)
        return severity == "error" or (not self.quiet and (severity != "note" or self.verbose))

    def ordered(self, findings: Iterable[Finding]) -> list[Finding]:
        """Errors first, then in the order of files and lines; what has no line stays behind, in the order it has."""
        files = {source.name: i for i, source in enumerate(self.sources)}

        def rank(finding: Finding) -> tuple[int, int, int, int]:
            place = self.position(finding)
            file, line, column = (files[place.file], place.line, place.column) if place else (len(files), 0, 0)
            return _RANKS[self.severity(finding)], file, line, column

        return sorted(findings, key=rank)

    def line(self, finding: Finding) -> str:
        """`error: values.yaml:41:9 servers.github...: sentence; what to do [id]`."""
        place = self.position(finding)
        return f"{self.severity(finding)}: {place.text + ' ' if place else ''}{finding.message} [{finding.id}]"

    def position(self, finding: Finding) -> Position | None:
        """Where a finding's place is in the files; None where it has none."""
        return where(finding.path, self.sources) if finding.path and not finding.document else None

    def severity(self, finding: Finding) -> str:
        """The severity as it counts in this run: --strict makes warnings errors."""
        if self.strict and finding.severity is Severity.WARNING:
            return "error"
        return finding.severity.value

    def fails(self, findings: Sequence[Finding]) -> bool:
        """Whether the findings end the run with exit code 1."""
        return any(self.severity(finding) == "error" for finding in findings)


def _on_stderr(line: str, colour: str | None = None) -> bool:
    """A line on stderr; where nobody can hear it (closed, disk full, reader gone) the work goes on all the same."""
    if sys.stderr is None:
        return False
    _hide_waiting()
    try:
        if colour:
            import click  # here, for the terminals that need more than the codes of colours

            click.secho(line, fg=colour, err=True, color=True)
        else:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()
    except OSError:
        forget(sys.stderr)
        return False
    return True


def use_colour(color: str, stream: TextIO | None) -> bool:
    """Whether a stream gets colour: as asked, else on a terminal alone, and not with NO_COLOR set (no-color.org)."""
    if color != "auto":
        return color == "always"
    return not os.environ.get("NO_COLOR") and on_terminal(stream)


def on_terminal(stream: TextIO | None) -> bool:
    """Whether somebody sees at once what is written there."""
    return stream is not None and stream.isatty()


def guarded(console: Console, work: Callable[[], int]) -> int:
    """Run a command's work; McpfenceError becomes messages and exit code 1."""
    try:
        _try_log(console)
        with _waiting(console):
            return work()
    except McpfenceError as error:
        console.findings(error.findings)
        return 1
    except OSError:
        raise  # `run` knows what to do
    except Exception as bad:
        import click  # here, since the most frequent call does without

        if isinstance(bad, (click.ClickException, click.Abort)) or os.environ.get("MCPFENCE_DEBUG"):
            raise
        console.findings(internal_error(bad).findings)
        return 1


def _waiting(console: Console) -> contextlib.AbstractContextManager[object]:
    """What says that work goes on, where somebody sits at a terminal."""
    if console.quiet or not console.waits or not on_terminal(sys.stderr):
        return contextlib.nullcontext()
    from mcpfence.cli.waiting import Waiting, what_is_done  # here, since most runs have no terminal

    return Waiting(sys.stderr, lambda: what_is_done(console.sources))


def _hide_waiting() -> None:
    """Take that line away before something else is written."""
    if "mcpfence.cli.waiting" in sys.modules:
        from mcpfence.cli.waiting import hide_waiting

        hide_waiting()


def internal_error(bad: Exception) -> McpfenceError:
    """A fault of ours, told without a traceback and without the exception's text, which may hold a value."""
    import traceback  # here and below, since faults are few
    from pathlib import Path

    frames = traceback.extract_tb(bad.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    sentence = f"mcpfence failed with {type(bad).__name__}{where}, and nothing was printed"
    return fail("internal", sentence, "please report it; with MCPFENCE_DEBUG=1 it shows where")


def _try_log(console: Console) -> None:
    """Open the log file once before any work; raises McpfenceError, which is then said on stderr alone."""
    name = console.log_file
    if not name:
        return
    from pathlib import Path  # here, since most runs have no log file

    try:
        Path(name).open("a", encoding="utf-8").close()
    except OSError as bad:
        console.log_file = None
        if console.log_room is not None:
            return  # nobody asked for this one
        sentence = f"cannot be written ({bad.strerror})"
        raise fail("output-failed", sentence, "choose another --log-file", document=name) from None


def write_stdout(chunks: Iterable[bytes]) -> None:
    """Write bytes to stdout; raises McpfenceError where the disk is full, BrokenPipeError where the reader has gone."""
    if sys.stdout is None:
        raise fail("output-failed", "is closed", "redirect it to a file or a pipe", document="stdout")
    _hide_waiting()
    out = sys.stdout.buffer
    try:
        for chunk in chunks:
            out.write(chunk)
        out.flush()
    except OSError as bad:
        if bad.errno == errno.EPIPE:
            raise
        sentence = f"cannot be written ({bad.strerror})"
        forget(sys.stdout)
        raise fail("output-failed", sentence, "make room and render again", document="stdout") from None


@contextlib.contextmanager
def writing(name: str) -> Iterator[None]:
    """Say of a file that it cannot be written, where that fails inside; raises McpfenceError."""
    try:
        yield
    except OSError as bad:
        sentence = f"cannot be written ({bad.strerror or type(bad).__name__})"
        raise fail("output-failed", sentence, "choose another file", document=name) from None


def forget(stream: TextIO | None) -> None:
    """Forget what could not be written, so that Python does not try again, with a traceback, at its end."""
    if stream is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


_NAMES = 20
"""How many names are said in one line."""


def shown_names(names: Sequence[str]) -> str:
    """Names for one line, as many as are read."""
    return ", ".join(names[:_NAMES]) + (f" and {len(names) - _NAMES:,} more" if len(names) > _NAMES else "")


def common_options(work: Callable[..., int]) -> Callable[..., int]:
    """-q, -v, --strict, --color and --log-file, handed to the command as its first argument: a Console."""
    import click  # here, since the most frequent call has no options

    @functools.wraps(work)
    def with_console(*, quiet: bool, verbose: bool, strict: bool, color: str, log_file: str | None, **rest: Any) -> int:
        console = Console(quiet=quiet, verbose=verbose, strict=strict, color=color, log_file=log_file)
        return work(console, **rest)

    command: Callable[..., int] = with_console
    options = (
        click.option("-q", "--quiet", is_flag=True, help="Say errors only."),
        click.option("-v", "--verbose", is_flag=True, help="Say notes too."),
        click.option("--strict/--no-strict", default=False, help="Warnings are errors."),
        click.option(
            "--color",
            type=click.Choice(("auto", "always", "never")),
            default="auto",
            help="Colour; auto: on a terminal, unless NO_COLOR is set.",
        ),
        click.option(
            "--log-file",
            envvar="MCPFENCE_LOG_FILE",
            metavar="FILE",
            help="Append everything said on stderr to FILE (Helm 4 hides stderr). Also MCPFENCE_LOG_FILE.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command
