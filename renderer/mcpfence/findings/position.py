"""Where something stands in a file: for people as `values.yaml:41:9`, for programs as a mapping."""

from __future__ import annotations

from mcpfence.structs import Struct


class Position(Struct):
    """A place in a file; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1

    @property
    def text(self) -> str:
        """`values.yaml:41:9`."""
        return f"{self.file}:{self.line}:{self.column}"


def position_text(position: Position | None) -> str:
    """`values.yaml:41:9`; empty without a place."""
    return position.text if position else ""


def position_shape(position: Position | None) -> dict[str, str | int] | None:
    """{file, line, column} as every JSON output has it; None (null) without a place."""
    return position._asdict() if position else None
