"""Measures `mcpfence observe` on generated logs: each engine in turns, CPU and memory of the whole command.

    python bench/observe.py FOLDER 1000000         # makes the logs where they are not there yet

"bare" is DuckDB's own query for the same groups without anything around it.  CPU is of all processes together, memory
of the largest of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from flow_logs import write_logs

ROOT = Path(__file__).resolve().parent.parent
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
FROM (SELECT flow AS f, coalesce(flow.is_reply, false) AS r FROM read_json('hubble.json', format = 'newline_delimited',
  ignore_errors = true, columns = {{flow: '{_FLOW}'}})) GROUP BY ALL''').fetchall()))
"""
"""What the facts of this field were measured with: replies folded, groups by ends, names and port."""


class Taken(NamedTuple):
    """One run."""

    cpu: float
    mib: int


def measure(command: list[str], folder: Path) -> Taken:
    """Run it once, in a process that has no other children."""
    child = os.fork()
    if child == 0:
        done = subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=False)
        os._exit(0 if done.returncode == 0 else 1)
    _, status, used = os.wait4(child, 0)
    if status:
        raise RuntimeError(f"failed: {' '.join(command)}")
    return Taken(used.ru_utime + used.ru_stime, used.ru_maxrss // 1024)


def main() -> None:
    """Print a row for each log and engine."""
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    if not (folder / "vpc.parquet").exists():
        write_logs(folder, count)
    mcpfence = [sys.executable, "-m", "mcpfence", "observe", "-f", "values.yaml", "--pods", "pods.json"]
    rows = [
        (log, engine, [*mcpfence, log, "--engine", engine])
        for log in ("hubble.json", "vpc.log", "vpc.parquet")
        for engine in ("python", "duckdb")
    ]
    rows.append(("hubble.json", "bare", [sys.executable, "-c", BARE]))
    only = sys.argv[3:]
    oracle: dict[str, float] = {}
    print("| log | engine | CPU s | x python | peak MiB |\n| --- | --- | ---: | ---: | ---: |")
    for log, engine, command in rows:
        if only and engine not in only:
            continue
        taken = measure(command, folder)
        oracle.setdefault(log, taken.cpu)
        print(f"| {log} | {engine} | {taken.cpu:.1f} | {taken.cpu / oracle[log]:.2f} | {taken.mib} |", flush=True)


if __name__ == "__main__":
    main()
