"""The figures as Markdown: time and memory by size, and each budget with its verdict."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from columns import CLICK, POST_RENDER, TITLES
from measure import Samples

Measured = Mapping[str, Samples]

BASE = 1_000
"""The size that time per server is compared with."""

BESIDE_TEMPLATE = {"template3": {10_000: 0.17, 1_000: 0.4, 100: 0.9}, "template4": {10_000: 0.5}}
"""The share of the CPU time of helm's template that post-render may take, by the servers."""

MEMORY = {1: 20, 10_000: 90, 50_000: 300}
"""MiB that post-render may take, by the servers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """All figures of one size of catalog; `objects` and `megabytes` are those of post-render's output."""

    servers: int
    objects: int
    megabytes: float
    measured: Measured

    @property
    def cpu(self) -> float:
        """CPU seconds of post-render: in the wall time of a busy machine some per cent of growth cannot be seen."""
        return self.measured[POST_RENDER].cpu


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """One row of the budget: how many `unit` were measured, and how many may be."""

    work: str
    limit: float
    measured: float
    unit: str
    detail: str = ""

    @property
    def verdict(self) -> str:
        """`ok`, or by which factor it falls short."""
        return "ok" if self.measured <= self.limit else f"falls short by {self.measured / self.limit:.2f} x"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the first column reads from the left, figures from the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def time_table(sizes: Sequence[Size]) -> str:
    """Best and median seconds."""
    head = ["servers", "objects", "MB of YAML", *(f"{title}" for title in TITLES.values())]
    return table(head, ([*_about(size), *(_seconds(size.measured.get(name)) for name in TITLES)] for size in sizes))


def cpu_table(sizes: Sequence[Size]) -> str:
    """Best CPU seconds."""
    head = ["servers", *TITLES.values()]
    return table(head, ([f"{size.servers:,}", *(_cpu(size.measured.get(name)) for name in TITLES)] for size in sizes))


def memory_table(sizes: Sequence[Size]) -> str:
    """Peak MiB."""
    head = ["servers", *TITLES.values()]
    rows = ([f"{size.servers:,}", *(_mib(size.measured.get(name)) for name in TITLES)] for size in sizes)
    return table(head, rows)


def line_table(sizes: Sequence[Size]) -> str:
    """CPU time per server, and how it compares with that at 1,000: 1.00 is linear, less is better."""
    head = ["servers", "CPU µs per server", f"relative to {BASE:,}", "without start-up", f"relative to {BASE:,}"]
    full, bare = per_server(sizes), per_server(sizes, start_up=_start_up(sizes))
    rows = []
    for size in sizes:
        number = size.servers
        row = [f"{number:,}"]
        for figures in (full, bare):
            row += [f"{figures[number] * 1e6:.0f}" if number in figures else "-", _relative(figures, number)]
        rows.append(row)
    return table(head, rows)


def per_server(sizes: Sequence[Size], start_up: float = 0.0) -> dict[int, float]:
    """CPU seconds per server by size; with a start-up time taken off, from 1,000 servers on, where it is small."""
    return {
        size.servers: (size.cpu - start_up) / size.servers for size in sizes if size.servers >= BASE or not start_up
    }


def budgets(sizes: Sequence[Size]) -> list[Budget]:
    """The rows of the budget that can be judged by what was measured."""
    by_number = {size.servers: size for size in sizes}
    rows = [row for size in reversed(sizes) for row in _against_helm(size)]
    if 1 in by_number and CLICK in by_number[1].measured:
        rows.append(_one_server(by_number[1].measured))
    rows += [_memory(size) for size in sizes if size.servers in MEMORY]
    if BASE in by_number and sizes[-1].servers > BASE:
        rows += _growth(sizes)
    return rows


def budget_table(rows: Iterable[Budget]) -> str:
    """Every budget with its verdict."""
    head = ["work", "at most", "measured", "verdict", "how"]
    return table(
        head, ([row.work, f"{row.limit:g} {row.unit}", _figure(row), row.verdict, row.detail or "-"] for row in rows)
    )


def _against_helm(size: Size) -> list[Budget]:
    ours = size.measured[POST_RENDER]
    rows = []
    for name, limits in BESIDE_TEMPLATE.items():
        if name not in size.measured or size.servers not in limits:
            continue
        theirs = size.measured[name]
        rounds = statistics.median(a.seconds / b.seconds for a, b in zip(ours.taken, theirs.taken, strict=True))
        wall = f"wall time {ours.best:.2f} s / {theirs.best:.2f} s = {ours.best / theirs.best:.2f} x"
        rows.append(
            Budget(
                work=f"post-render, {size.servers:,} servers ({size.objects:,} objects), beside {TITLES[name]}",
                limit=limits[size.servers],
                measured=ours.cpu / theirs.cpu,
                unit="x",
                detail=f"CPU {ours.cpu:.3g} s / {theirs.cpu:.3g} s; {wall}, median of rounds {rounds:.2f} x",
            )
        )
    return rows


def _memory(size: Size) -> Budget:
    work = f"peak memory at {size.servers:,} {'server' if size.servers == 1 else 'servers'}"
    return Budget(work=work, limit=MEMORY[size.servers], measured=size.measured[POST_RENDER].mib, unit="MiB")


def _growth(sizes: Sequence[Size]) -> list[Budget]:
    last = sizes[-1].servers
    rows = []
    for work, figures in (
        (f"CPU time per server, {BASE:,} -> {last:,}", per_server(sizes)),
        ("the same, start-up time taken off", per_server(sizes, start_up=_start_up(sizes))),
    ):
        detail = f"{figures[BASE] * 1e6:.0f} -> {figures[last] * 1e6:.0f} µs"
        rows.append(Budget(work=work, limit=1.15, measured=figures[last] / figures[BASE], unit="x", detail=detail))
    return rows


def _one_server(measured: Measured) -> Budget:
    ours, click = measured[POST_RENDER], measured[CLICK]
    wall = f"medians of {len(ours.taken)} runs each: {ours.median * 1e3:.0f} ms / {click.median * 1e3:.0f} ms"
    detail = f"CPU {ours.cpu * 1e3:.0f} ms / {click.cpu * 1e3:.0f} ms; wall time, {wall} = "
    detail += f"{ours.median / click.median:.2f} x"
    work = 'one server, whole process, beside `python -c "import click, yaml"`'
    return Budget(work=work, limit=1.1, measured=ours.cpu / click.cpu, unit="x", detail=detail)


def _start_up(sizes: Sequence[Size]) -> float:
    """The CPU time of the smallest catalog, which is start-up and nearly nothing else."""
    return sizes[0].cpu if sizes[0].servers == 1 else 0.0


def _about(size: Size) -> list[str]:
    return [f"{size.servers:,}", f"{size.objects:,}", f"{size.megabytes:.1f}"]


def _seconds(samples: Samples | None) -> str:
    return f"{samples.best:.3f} ({samples.median:.3f})" if samples else "-"


def _cpu(samples: Samples | None) -> str:
    return f"{samples.cpu:.3f}" if samples else "-"


def _mib(samples: Samples | None) -> str:
    return f"{samples.mib:.0f}" if samples else "-"


def _relative(figures: Mapping[int, float], servers: int) -> str:
    return f"{figures[servers] / figures[BASE]:.2f}" if servers in figures and BASE in figures else "-"


def _figure(row: Budget) -> str:
    return f"{row.measured:.0f} {row.unit}" if row.unit == "MiB" else f"{row.measured:.3g} {row.unit}"
