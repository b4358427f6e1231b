"""What becomes of each field of a format, from the tables that the formats themselves read by: as text, as Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from mcpfence.imports.shared.format import FieldRow, Format

LEFT_OUT = "left out: no policy depends on it"


def _meaning(row: FieldRow) -> str:
    return row.meaning or ("as written" if row.target else LEFT_OUT)


def explain_source(formats: Iterable[Format]) -> str:
    """The tables as text for a terminal."""
    lines: list[str] = []
    for item in formats:
        lines += [f"{item.name}: {item.summary}", ""]
        for table in item.tables:
            lines += [f"  {table.title}", ""]
            for row in table.rows:
                head = f"    {row.field} -> {row.target}" if row.target else f"    {row.field}"
                lines.append(head)
                lines += textwrap.wrap(_meaning(row), 90, initial_indent="        ", subsequent_indent="        ")
            lines.append("")
    return "\n".join(lines)


def markdown_tables(item: Format) -> str:
    """The tables of one format for its page in docs/import; fields that are left out stand together in one line."""
    lines: list[str] = []
    for table in item.tables:
        lines += [
            f"### {table.title}",
            "",
            "| field | in the catalog | how |",
            "|---|---|---|",
        ]
        lines += [
            f"| `{row.field}` | {_targets(row.target)} | {_cell(_meaning(row))} |"
            for row in table.rows
            if row.target or row.meaning
        ]
        rest = [f"`{row.field}`" for row in table.rows if not row.target and not row.meaning]
        lines += ["", f"Left out, since no policy depends on them: {', '.join(rest)}.", ""] if rest else [""]
    return "\n".join(lines)


def _targets(text: str) -> str:
    return ", ".join(f"`{part}`" for part in text.split(", ")) if text else "-"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
