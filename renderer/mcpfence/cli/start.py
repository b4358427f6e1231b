"""Where the program begins and ends.

Helm calls `mcpfence post-render`, without options, at every render, and scripts ask for `--version` alone: these two
are answered without click, whose import is a quarter of what one server would take with it.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys

from mcpfence import __version__

TYPE_CHECKING = False  # as type checkers know it; `typing` itself is half of what --version would load
if TYPE_CHECKING:
    from typing import NoReturn, TextIO

_NOTHING_TO_CLEAR_UP = frozenset(
    {"--version", "-V", "check", "diff", "explain", "import", "krm", "post-render", "reach", "render"}
)
"""Commands that keep nothing that Python would have to end: no process, no thread, no temporary folder."""


def run(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line; ends the process with 0, 1 or 2 and never with a traceback."""
    gc.disable()  # a short run that keeps nearly all that it makes: collecting would find nothing
    status = 1
    try:
        status = _answer(arguments)
        _flush(sys.stdout)
    except KeyboardInterrupt:
        _say("\nmcpfence: interrupted")
    except OSError as bad:
        from mcpfence.cli.console import forget  # here, so that --version loads no YAML
        from mcpfence.text.masking import told

        forget(sys.stdout)
        if not isinstance(bad, BrokenPipeError):  # then whoever read stdout has gone, and knows
            _say(told(f"mcpfence: {bad.filename or 'stdout'}: {bad.strerror}"))
        status = 1
    if arguments is None and sys.argv[1:2] and sys.argv[1] in _NOTHING_TO_CLEAR_UP:
        _leave(status)
    sys.exit(status)


def _answer(arguments: list[str] | None) -> int:
    """Do what is asked for; returns the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    if given in (["--version"], ["-V"]):
        if sys.stdout is not None:
            sys.stdout.write(f"mcpfence {__version__}\n")
        return 0
    _end_in_order()
    if given == ["post-render"]:
        from mcpfence.cli.console import Console
        from mcpfence.cli.fill import fill

        return fill(Console(log_file=os.environ.get("MCPFENCE_LOG_FILE") or None))
    from mcpfence.cli.main import invoke

    return invoke(arguments)


def _end_in_order() -> None:
    """Ended by SIGTERM, as CI does to a job that is cancelled, a command clears up as after Ctrl-C."""
    import signal  # here, so that --version does without

    with contextlib.suppress(ValueError):  # in another thread than the main one
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def _say(line: str) -> None:
    """A line on stderr, where there is one."""
    with contextlib.suppress(AttributeError, OSError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def _flush(stream: TextIO | None) -> None:
    if stream is not None:
        stream.flush()


def _leave(status: int) -> NoReturn:
    """End at once: what is in memory need not be taken apart piece by piece, which takes a tenth of a short run."""
    with contextlib.suppress(OSError):
        _flush(sys.stderr)
    os._exit(status)
