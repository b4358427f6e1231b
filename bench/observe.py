"""Measures `mcpfence observe` on generated logs: each engine in turns, CPU and memory of the whole command.

    python bench/observe.py FOLDER 1000000         # makes the logs where they are not there yet
    python bench/observe.py FOLDER 1000000 duckdb bare    # these engines alone

"bare" is DuckDB's own query for the same groups without anything around it.  CPU is of all processes together, memory
of the largest of them.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from flow_logs import write_logs
from measure import Case, run

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


def cases(folder: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Log, engine and command of each row; the first of a log is what the others are compared with."""
    told = ["-f", str(folder / "values.yaml"), "--pods", str(folder / "pods.json")]
    for log in ("hubble.json", "vpc.log", "vpc.parquet"):
        for engine in ("python", "duckdb"):
            command = ["-m", "mcpfence", "observe", *told, str(folder / log), "--engine", engine]
            yield log, engine, [sys.executable, *command]
    yield "hubble.json", "bare", [sys.executable, "-c", BARE.replace("LOG", str(folder / "hubble.json"))]


def main() -> None:
    """Print a row for each log and engine."""
    folder, count, only = Path(sys.argv[1]).absolute(), int(sys.argv[2]), sys.argv[3:]
    if not (folder / "hubble.json").exists():
        write_logs(folder, count)
    first: dict[str, float] = {}
    print("| log | engine | CPU s | x the first | peak MiB |\n| --- | --- | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as outputs:
        for log, engine, command in cases(folder):
            if not (folder / log).exists() or (only and engine not in only):
                continue
            taken = run(Case(name=engine, command=command, environment=os.environ), Path(outputs))
            times = taken.cpu / first.setdefault(log, taken.cpu)
            print(f"| {log} | {engine} | {taken.cpu:.1f} | {times:.2f} | {taken.mib:.0f} |", flush=True)


if __name__ == "__main__":
    main()
