"""Measures `mcpfence observe` on generated logs: each engine in turns, CPU and memory of the whole command.

    python bench/observe.py FOLDER 1000000         # every row; makes the logs where they are not there yet
    python bench/observe.py FOLDER 1000000 --only duckdb,bare    # these engines alone
    python bench/observe.py FOLDER 1000000 --peer 'hubble-audit2policy LOG'    # and somebody else's, on the same file

"bare" is DuckDB's own query for the same groups without anything around it.  "others" and "ours" are Hubble's lines of
which a tenth differ from all others, of pods of another namespace or of the catalog's servers; of "all ours" every line
differs.  CPU is of all processes together; memory is the peak of each process (Linux), and of all together at most.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from flow_logs import write_hubble, write_logs

_END = "STRUCT(namespace VARCHAR, labels VARCHAR[])"
_PORTS = "STRUCT(source_port BIGINT, destination_port BIGINT)"
_FLOW = (
    f'STRUCT("time" TIMESTAMP, verdict VARCHAR, IP STRUCT(source VARCHAR, destination VARCHAR), '
    f"l4 STRUCT(TCP {_PORTS}, UDP {_PORTS}), source {_END}, destination {_END}, source_names VARCHAR[], "
    "destination_names VARCHAR[], is_reply BOOLEAN)"
)
BARE = f"""
import duckdb
database = duckdb.connect(config={{"threads": 2, "memory_limit": "300MB"}})
print(len(database.execute('''
SELECT f.verdict, CASE WHEN r THEN f.destination ELSE f.source END,
  CASE WHEN r THEN f.IP.source ELSE f.IP.destination END,
  CASE WHEN r THEN f.source_names ELSE f.destination_names END, CASE WHEN r THEN f.source ELSE f.destination END,
  CASE WHEN r THEN coalesce(f.l4.TCP.source_port, f.l4.UDP.source_port)
    ELSE coalesce(f.l4.TCP.destination_port, f.l4.UDP.destination_port) END, count(*), min(f."time"), max(f."time")
FROM (SELECT flow AS f, coalesce(flow.is_reply, false) AS r FROM read_json('LOG', format = 'newline_delimited',
  ignore_errors = true, columns = {{flow: '{_FLOW}'}})) GROUP BY ALL''').fetchall()))
"""
"""What the facts of this field were measured with: replies folded, groups by ends, names and port."""


class Row(NamedTuple):
    """One thing to measure; the first of a log is what the others are compared with."""

    log: str
    engine: str
    command: list[str]


def rows(folder: Path, peer: str) -> Iterator[Row]:
    """Every row."""
    for log, engines in (
        ("hubble.json", ("python", "duckdb")),
        ("vpc.log", ("python", "duckdb")),
        ("vpc.parquet", ("python", "duckdb")),
        ("others/hubble.json", ("duckdb",)),
        ("ours/hubble.json", ("python", "duckdb")),
        ("all ours/hubble.json", ("python", "duckdb")),
    ):
        told = ["-f", str(folder / "values.yaml"), "--pods", str(folder / "pods.json"), "--quiet"]
        for engine in engines:
            command = [sys.executable, "-m", "mcpfence", "observe", *told, str(folder / log), "--engine", engine]
            yield Row(log, engine, command)
        if log == "hubble.json":
            yield Row(log, "bare", [sys.executable, "-c", BARE.replace("LOG", str(folder / log))])
            if peer:
                yield Row(log, "peer", [str(folder / log) if word == "LOG" else word for word in shlex.split(peer)])


def make(folder: Path, count: int) -> None:
    """The logs that are not there yet."""
    if not (folder / "hubble.json").exists():
        write_logs(folder, count)
    for name, differ, whose in (
        ("others", count // 10, "others"),
        ("ours", count // 10, "ours"),
        ("all ours", count, "ours"),
    ):
        if not (folder / name / "hubble.json").exists():
            write_hubble(folder / name, count, differ, whose)


def taken(command: list[str]) -> tuple[float, dict[int, int]]:
    """CPU seconds of a command and of all that it starts, and the peak KiB of each of its processes."""
    before, peaks = os.times(), dict[int, int]()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            for pid in (process.pid, *_children(process.pid)):
                peaks[pid] = max(peaks.get(pid, 0), _peak(pid))
            time.sleep(0.05)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system, peaks


def _children(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []


def _peak(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


def main() -> None:
    """Print a row for each log and engine."""
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=Path)
    options.add_argument("count", type=int)
    options.add_argument("--only", default="")
    options.add_argument("--peer", default="")
    asked = options.parse_args()
    folder, only = asked.folder.absolute(), asked.only.split(",") if asked.only else []
    make(folder, asked.count)
    first: dict[str, float] = {}
    print("| log | engine | CPU s | x the first | peak MiB of each process | together at most |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for log, engine, command in rows(folder, asked.peer):
        if only and engine not in only:
            continue
        cpu, peaks = taken(command)
        each = ", ".join(f"{peak / 1024:.0f}" for peak in peaks.values())
        times = cpu / first.setdefault(log, cpu)
        print(f"| {log} | {engine} | {cpu:.1f} | {times:.2f} | {each} | {sum(peaks.values()) / 1024:.0f} |", flush=True)


if __name__ == "__main__":
    main()
