"""Charts in folders, as their authors have them: which paths are some, and the texts of their templates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mcpfence.documents.values import decode
from mcpfence.system.files import read_bytes, read_each

_ENDINGS = (".yaml", ".yml", ".tpl")


def split_charts(paths: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The paths that are charts (folders with a Chart.yaml), and the others."""
    charts = tuple(path for path in paths if path != "-" and Path(path, "Chart.yaml").is_file())
    return charts, tuple(path for path in paths if path not in charts)


def read_templates(charts: Sequence[str]) -> list[tuple[str, str]]:
    """Name and text of every template of these charts and of their unpacked subcharts; raises McpfenceError."""
    names = [str(path) for chart in charts for path in sorted(Path(chart).rglob("*")) if _is_template(path, chart)]
    return read_each(names, lambda name, shown: [(name, decode(read_bytes(name), shown))])


def _is_template(path: Path, chart: str) -> bool:
    return "templates" in path.relative_to(chart).parts[:-1] and path.suffix in _ENDINGS and path.is_file()
