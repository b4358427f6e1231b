"""Measures the renderer beside helm and prints the figures as Markdown; `--write` keeps them in bench/README.md.

    make bench                                                  everything: a quarter of an hour on two cores
    make bench BENCH_ARGS="--sizes 1,1000,10000 --short"        the budget but for 50,000 and reach: two minutes
    make bench BENCH_ARGS=--write                               everything, kept

What is measured is this Python with this PYTHONPATH (`python -m mcpfence`).  Before any time is taken, the policies of
all columns are compared object by object.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import reach
from columns import POST_RENDER, Bench, count_objects, others
from machine import describe, environment, find_helms, load
from measure import alternate, run
from tables import Size, budget_table, budgets, cpu_table, line_table, memory_table, table, time_table
from template_chart import compare

README = Path(__file__).resolve().parent / "README.md"
BEGIN, END = "<!-- figures: written by `make bench BENCH_ARGS=--write` -->", "<!-- end of figures -->"

ROUNDS = {1: 40, 100: 15, 1_000: 11, 10_000: 5, 50_000: 5}
"""Servers: how often each column is measured."""

_SIZES = ",".join(map(str, ROUNDS))

COMPARED = 100
"""The size at which all columns are compared object by object."""


def main() -> int:
    """Compare, measure, print; exits 0 also where a budget is missed: the table says so, and no test depends on it."""
    parser = argparse.ArgumentParser(description="Measure mcpfence beside helm.")
    parser.add_argument("--sizes", type=read_sizes, default=tuple(ROUNDS), metavar="N,N", help=f"some of {_SIZES}")
    parser.add_argument("--short", action="store_true", help="without helm + post-renderer and without reach")
    parser.add_argument("--write", action="store_true", help="keep the figures in bench/README.md")
    options = parser.parse_args()
    helms = find_helms()
    machine = describe(helms)
    with tempfile.TemporaryDirectory(prefix="mcpfence-bench-") as name:
        folder = Path(name)
        bench = Bench(helms=helms, environment=environment(folder), folder=folder)
        bench.prepare()
        equal = compare_columns(bench)
        sizes = [measure_size(bench, servers, short=options.short) for servers in options.sizes]
        rows = budgets(sizes)
        reached = None if options.short else reach.measure(bench)
    machine.append(("load average after the run", load()))
    parts = [
        f"Taken on {datetime.now(UTC):%Y-%m-%d}.",
        table(("machine", ""), machine),
        f"All columns print the same policies: compared object by object at {COMPARED} servers, {equal} objects each.",
        "### Budget\n\n" + budget_table([*rows, *(reached.budgets if reached else ())]),
        "### Wall time: best (median), in seconds\n\n" + time_table(sizes),
        "### CPU time: best, in seconds\n\n" + cpu_table(sizes),
        "### Peak memory of the largest process, in MiB\n\n" + memory_table(sizes),
        "### Is post-render linear?\n\n" + line_table(sizes),
        "### reach\n\n" + (reached.text if reached else reach.ABSENT),
    ]
    text = "\n\n".join(parts)
    print(text)
    if options.write:
        keep(text)
    return 0


def read_sizes(text: str) -> tuple[int, ...]:
    """`1,1000`: sizes of which it is known how often they are to be measured, in order."""
    sizes = {int(size) for size in text.split(",")}
    if not sizes <= ROUNDS.keys():
        raise argparse.ArgumentTypeError(f"write some of {_SIZES}")
    return tuple(sorted(sizes))


def measure_size(bench: Bench, servers: int, *, short: bool) -> Size:
    """All columns of one size, in turn."""
    progress(f"{servers:,} servers")
    cases = bench.cases(servers, whole=not short)
    if servers == 1:
        cases.append(bench.click())
    measured = alternate(cases, ROUNDS[servers], bench.folder)
    objects, megabytes = count_objects(bench.folder / f"{POST_RENDER}.out")
    return Size(servers=servers, objects=objects, megabytes=megabytes, measured=measured)


def compare_columns(bench: Bench) -> int:
    """How many policies each column prints; ends the run where two columns do not print the same."""
    progress(f"comparing all columns at {COMPARED} servers")
    cases = bench.cases(COMPARED, whole=True)
    for case in cases:
        run(case, bench.folder)
    try:
        counts = {compare(bench.folder / f"{POST_RENDER}.out", bench.folder / f"{name}.out") for name in others(cases)}
    except ValueError as different:
        sys.exit(f"error: the columns are not comparable: {different}")
    return counts.pop()


def keep(text: str) -> None:
    """Put the figures between their marks in the README."""
    old = README.read_text(encoding="utf-8")
    before, _, rest = old.partition(BEGIN)
    README.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def progress(what: str) -> None:
    """A word on stderr: a run takes its time."""
    print(f"bench: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
