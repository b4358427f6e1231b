"""Connectivity as CSV: the rows of the text format under `src,dst,conn`, like netpol-analyzer's `list -o csv`."""

from __future__ import annotations

import csv
import io

from mcpfence.reach.connectivity.connections import Connectivity
from mcpfence.reach.connectivity.list_form import rows
from mcpfence.text.markup import csv_field

HEADER = ("src", "dst", "conn")


def as_csv(found: Connectivity, focus: str = "") -> str:
    """The header and every row; fields with commas are quoted, lines end with a newline alone."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows([csv_field(field) for field in row] for row in rows(found, focus))
    return out.getvalue()
