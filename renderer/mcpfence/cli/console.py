"""What people see: findings and summaries on stderr, in colour only on a terminal, copied to a log file if asked."""

from __future__ import annotations

import errno
import functools
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import click

from mcpfence.documents.values import ValuesFile, where
from mcpfence.findings.finding import Finding, McpfenceError, fail, plural
from mcpfence.findings.table import Severity

_COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}


@dataclass(slots=True, kw_only=True)
class Console:
    """Says things on stderr.  `sources` are the values files in which places are looked up."""

    quiet: bool = False
    verbose: bool = False
    strict: bool = False
    log_file: str | None = None
    sources: list[ValuesFile] = field(default_factory=list)

    def say(self, line: str, colour: str | None = None) -> None:
        """One line on stderr and in the log file; control characters of foreign text never reach a terminal."""
        clean = "".join(c if c.isprintable() or c in "\n\t" else "?" for c in line)
        _on_stderr(click.style(clean, fg=colour) if colour and use_colour() else clean)
        if not self.log_file:
            return
        try:
            with Path(self.log_file).open("a", encoding="utf-8") as log:
                log.write(clean + "\n")
        except OSError as bad:
            _on_stderr(f"mcpfence: {self.log_file} cannot be written any more ({bad.strerror}); the rest is not in it")
            self.log_file = None

    def findings(self, findings: Iterable[Finding]) -> None:
        """Errors always, warnings unless quiet, notes only when verbose; what is not shown is counted."""
        hidden = 0
        for finding in findings:
            severity = self.severity(finding)
            if severity == "note" and not self.verbose:
                hidden += 1
            elif severity == "error" or not self.quiet:
                self.say(self.line(finding), _COLOURS[severity])
        if hidden and not self.quiet:
            self.say(f"{plural(hidden, 'note')} not shown; -v shows them")

    def line(self, finding: Finding) -> str:
        """`error: values.yaml:41:9 servers.github...: sentence; what to do [id]`."""
        place = where(finding.path, self.sources) if finding.path and not finding.document else ""
        return f"{self.severity(finding)}: {place + ' ' if place else ''}{finding.message} [{finding.id}]"

    def position(self, finding: Finding) -> str:
        """`values.yaml:41:9` of the finding's place; empty where it has none in the files."""
        return where(finding.path, self.sources) if finding.path and not finding.document else ""

    def severity(self, finding: Finding) -> str:
        """The severity as it counts in this run: --strict makes warnings errors."""
        if self.strict and finding.severity is Severity.WARNING:
            return "error"
        return finding.severity.value

    def fails(self, findings: Sequence[Finding]) -> bool:
        """Whether the findings end the run with exit code 1."""
        return any(self.severity(finding) == "error" for finding in findings)


def _on_stderr(line: str) -> None:
    """A line on stderr; where nobody can hear it (closed, disk full, reader gone) the work goes on all the same."""
    if sys.stderr is None:
        return
    try:
        click.echo(line, err=True)
    except OSError:
        forget(sys.stderr)


def use_colour() -> bool:
    """Colour only on a terminal, and never with NO_COLOR set (no-color.org)."""
    return not os.environ.get("NO_COLOR") and sys.stderr is not None and sys.stderr.isatty()


def guarded(console: Console, work: Callable[[], int]) -> int:
    """Run a command's work; McpfenceError becomes messages and exit code 1."""
    try:
        _try_log(console)
        return work()
    except McpfenceError as error:
        console.findings(error.findings)
        return 1
    except (click.ClickException, click.Abort, OSError):
        raise  # `run` knows what to do
    except Exception as bad:
        if os.environ.get("MCPFENCE_DEBUG"):
            raise
        console.findings(_internal(bad).findings)
        return 1


def _internal(bad: Exception) -> McpfenceError:
    """A fault of ours, told without a traceback and without the exception's text, which may hold a value."""
    frames = traceback.extract_tb(bad.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    sentence = f"mcpfence failed with {type(bad).__name__}{where}, and nothing was printed"
    return fail("internal", sentence, "please report it; with MCPFENCE_DEBUG=1 it shows where")


def _try_log(console: Console) -> None:
    """Open the log file once before any work; raises McpfenceError, which is then said on stderr alone."""
    name = console.log_file
    if not name:
        return
    try:
        Path(name).open("a", encoding="utf-8").close()
    except OSError as bad:
        console.log_file = None
        sentence = f"cannot be written ({bad.strerror})"
        raise fail("output-failed", sentence, "choose another --log-file", document=name) from None


def write_stdout(chunks: Iterable[bytes]) -> None:
    """Write bytes to stdout; raises McpfenceError where the disk is full, BrokenPipeError where the reader has gone."""
    if sys.stdout is None:
        raise fail("output-failed", "is closed", "redirect it to a file or a pipe", document="stdout")
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


def forget(stream: TextIO | None) -> None:
    """Forget what could not be written, so that Python does not try again, with a traceback, at its end."""
    if stream is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def common_options(work: Callable[..., int]) -> Callable[..., int]:
    """-q, -v, --strict and --log-file, handed to the command as its first argument: a Console."""

    @functools.wraps(work)
    def with_console(*, quiet: bool, verbose: bool, strict: bool, log_file: str | None, **rest: Any) -> int:
        return work(Console(quiet=quiet, verbose=verbose, strict=strict, log_file=log_file), **rest)

    command: Callable[..., int] = with_console
    options = (
        click.option("-q", "--quiet", is_flag=True, help="Say errors only."),
        click.option("-v", "--verbose", is_flag=True, help="Say notes too."),
        click.option("--strict", is_flag=True, help="Warnings are errors."),
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
