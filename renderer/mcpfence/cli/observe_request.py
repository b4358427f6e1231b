"""What `mcpfence observe` is asked for on the command line, and what of it does not go together."""

from __future__ import annotations

import click

from mcpfence.cli.arguments import one_stdin
from mcpfence.observe.times import DAY, parse_time
from mcpfence.structs import Struct


class ObserveRequest(Struct):
    """The options by their names; those of `input_options` included."""

    logs: tuple[str, ...]
    files: tuple[str, ...]
    namespace: str
    release: str
    log_format: str | None
    dns: tuple[str, ...]
    pods: tuple[str, ...]
    services: tuple[str, ...]
    since: int | None
    until: int | None
    min_days: int
    most: int | None
    vpc_format: str
    engine: str | None
    merge: str | None
    target: str | None
    gate: bool
    dialect: str | None
    table: str
    prepare: bool
    form: str

    @property
    def reads_no_log(self) -> bool:
        """Whether nothing is given that only a log has an answer for."""
        return not self.logs and self.merge is None and not self.gate


def time_option(_: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    """A time of the command line; a day is its beginning, for --until its end.  Raises click.BadParameter."""
    if value is None:
        return None
    try:
        found = parse_time(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no time: write 2026-11-02 or 2026-11-02T09:00:00Z.") from None
    return found + DAY - 1 if parameter.name == "until" and len(value) == 10 else found


def check_usage(asked: ObserveRequest) -> None:
    """Raises click.UsageError for what is missing or does not go together."""
    if asked.prepare:
        if not asked.reads_no_log:
            raise click.UsageError("--prepare prints manifests and reads no log: give -f alone.")
    elif asked.dialect is not None:
        if not asked.reads_no_log:
            raise click.UsageError("--print-sql prints a query and reads no log: give -f, --pods and times alone.")
    else:
        _check_reading(asked)


def _check_reading(asked: ObserveRequest) -> None:
    if not asked.logs:
        raise click.UsageError("Nothing to observe: name a log, a folder of logs, or - for stdin.")
    if not asked.files:
        raise click.UsageError("Nothing to compare with: name a values file with -f.")
    if asked.merge is not None and asked.merge not in asked.files:
        raise click.UsageError("--merge names a values file that is given with -f too.")
    if asked.target is not None and asked.merge is None:
        raise click.UsageError("-o is where --merge writes: name a values file with --merge too.")
    one_stdin(*asked.logs, *asked.files, *asked.dns, *asked.pods, *asked.services)
