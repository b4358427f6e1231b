"""`mcpfence watch`."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable

import click

from mcpfence.cli.check import CheckInput, check_input, tell
from mcpfence.cli.console import Console, common_options, guarded, on_terminal, shown_names
from mcpfence.cli.options import allow_empty_option, input_options, policies_only_option, summary_option
from mcpfence.cli.project import say_project
from mcpfence.findings.finding import fail
from mcpfence.structs import Struct
from mcpfence.system.watching import changes, look_at, pause, time_of_day


class Clock(Struct):
    """What goes on outside: waiting for the next look, and the time of day."""

    wait: Callable[[], None] = pause
    now: Callable[[], str] = time_of_day


@click.command("watch")
@click.argument("manifests", nargs=-1, type=click.Path(), metavar="[MANIFEST...]")
@input_options
@policies_only_option
@allow_empty_option
@summary_option
@click.option(
    "--clear/--no-clear",
    default=lambda: on_terminal(sys.stderr),
    show_default="on a terminal",
    help="Clear the screen before each round.",
)
@common_options
def command(
    console: Console,
    *,
    manifests: tuple[str, ...],
    files: tuple[str, ...],
    namespace: str,
    release: str,
    policies_only: bool,
    allow_empty: bool,
    summary: bool,
    clear: bool,
) -> int:
    """Check now, and again whenever a values file or manifest is saved, until Ctrl-C.

    Takes what `mcpfence check` takes, stdin aside, and says what it says.  A file that cannot be read, as in the middle
    of being saved, is a finding of that round.

    \b
    mcpfence watch -f values.yaml
    mcpfence watch -f values.yaml manifests/
    mcpfence watch
    """
    asked = check_input(files, manifests, release, namespace, allow_empty=allow_empty, policies_only=policies_only)
    if "-" in (*files, *asked.manifests):
        raise click.UsageError("stdin cannot be watched: name files.")
    console.verbose = True
    gc.enable()  # `run` has turned it off for short runs
    say_project(console)
    return watch(asked, console, Clock(), summary=summary, clear=clear)


def watch(asked: CheckInput, console: Console, clock: Clock, *, summary: bool, clear: bool) -> int:
    """Check at each change until somebody interrupts, or nobody listens any more."""

    def work() -> int:
        console.sources.clear()
        return int(tell(asked, console, summary=summary))

    try:
        for changed in changes(lambda: look_at((*asked.files, *asked.manifests), asked.charts), clock.wait):
            if clear:
                click.clear()
            if not console.quiet:
                names = shown_names((*asked.files, *asked.manifests, *asked.charts))
                what = f"{shown_names(changed)} changed" if changed else f"watching {names}; Ctrl-C ends"
                console.say(f"mcpfence: {clock.now()} {what}")
            guarded(console, lambda: _in_spite_of_changes(work))
            if not console.heard:
                return 1
    except KeyboardInterrupt:
        return 0
    return 0


def _in_spite_of_changes(work: Callable[[], int]) -> int:
    """The work; a file or folder that goes while it is read is a finding like others."""
    try:
        return work()
    except OSError as bad:
        sentence = f"cannot be read ({bad.strerror or type(bad).__name__})"
        raise fail("file-unreadable", sentence, "check the path", document=str(bad.filename or "a file")) from None
