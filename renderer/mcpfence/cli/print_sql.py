"""`mcpfence observe --print-sql`: the query that folds VPC flow logs in somebody else's engine."""

from __future__ import annotations

from collections.abc import Sequence

import click

from mcpfence.cli.console import Console, guarded, write_stdout
from mcpfence.cli.observe_files import documents_of
from mcpfence.cli.view import read_view
from mcpfence.observe.readers.aws_vpc import listed_fields
from mcpfence.observe.scope import scope_of
from mcpfence.observe.snapshot import read_snapshot
from mcpfence.observe.sql.printed import is_table, lacking, printed_query
from mcpfence.structs import Struct


class QueryWish(Struct):
    """What the command line says of the query."""

    dialect: str
    table: str
    pods: Sequence[str]
    since: int | None
    until: int | None
    vpc_format: str


def query_printed(console: Console, files: Sequence[str], namespace: str, release: str, wanted: QueryWish) -> int:
    """Print the query; 0, or 1 with errors and nothing printed.  Raises click.UsageError."""
    fields = listed_fields(wanted.vpc_format)
    if not files:
        raise click.UsageError("Nothing to ask for: name a values file with -f.")
    if not is_table(wanted.table):
        raise click.UsageError("--table names a table: letters, digits, _ and -, with dots between its parts.")
    if fields and lacking(fields):
        raise click.UsageError(f"--vpc-format lacks what the query needs: {', '.join(lacking(fields))}.")

    def work() -> int:
        view, _ = read_view(console, files, namespace, release)
        scope = scope_of(view, read_snapshot(documents_of(wanted.pods)), wanted.since, wanted.until)
        write_stdout([printed_query(wanted.dialect, wanted.table, scope, scope.addresses, fields).encode()])
        console.findings(view.rendering.findings)
        return 0

    return guarded(console, work)
