"""ClickHouse, Spark and DuckDB give the same rows for the same query, byte by byte; and --engine spark the same report."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from pathlib import Path

import duckdb
import pytest

import flow_logs
from helpers import run_cli
from tooling import ROOT, TESTS, find_observe_engines, need

ASK = TESTS / "support" / "ask_engine.py"
MARK = "--- mcpfence\n"
ODD = """
 SELECT * REPLACE (CAST(NULL AS VARCHAR) AS pkt_srcaddr, '-' AS pkt_dstaddr, CAST(NULL AS INTEGER) AS tcp_flags) FROM rows
 UNION ALL (SELECT * REPLACE (70000 AS srcport) FROM rows LIMIT 40)
 UNION ALL (SELECT * REPLACE (-1 AS dstport, NULL AS action) FROM rows LIMIT 30)
 UNION ALL (SELECT * REPLACE (NULL AS "start", 1 AS protocol, NULL AS dstport) FROM rows LIMIT 20)
 UNION ALL (SELECT * REPLACE (NULL AS srcaddr, NULL AS pkt_srcaddr, 'SKIPDATA' AS log_status, NULL AS protocol) FROM rows LIMIT 3)
 UNION ALL SELECT * FROM rows
"""
"""Rows with all that may be null or out of range, beside those that are not."""


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generated logs of two weeks, and what is odd among them."""
    folder = tmp_path_factory.mktemp("logs")
    flow_logs.write_logs(folder, 3000)
    database = duckdb.connect()
    database.execute(f"CREATE TABLE rows AS FROM '{folder}/vpc.parquet'")
    database.execute(f"COPY ({ODD}) TO '{folder}/odd.parquet' (FORMAT parquet)")
    return folder


def query_of(folder: Path, dialect: str) -> str:
    """The query that people get."""
    pods, values = str(folder / "pods.json"), str(folder / "values.yaml")
    done = run_cli("observe", "--print-sql", dialect, "-f", values, "--pods", pods, "--since", "2026-11-03")
    assert done.code == 0, done.stderr
    return done.stdout


def asked(folder: Path, dialect: str, *arguments: str) -> str:
    """What the engine says to it, and behind it what mcpfence prints in the same process."""
    (folder / f"{dialect}.sql").write_text(query_of(folder, dialect), encoding="utf-8")
    command = [str(need(find_observe_engines)), str(ASK), dialect, str(folder / f"{dialect}.sql")]
    paths = os.pathsep.join((str(ROOT / "renderer"), sysconfig.get_path("purelib")))
    done = subprocess.run(
        [*command, str(folder / "odd.parquet"), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def expected(folder: Path) -> str:
    """DuckDB's rows, sorted as text."""
    database = duckdb.connect()
    database.execute(f"CREATE VIEW vpc_flow_logs AS FROM '{folder}/odd.parquet'")
    rows = database.execute(query_of(folder, "trino")).fetchall()
    assert len(rows) > 2000
    return "".join(sorted(",".join(map(str, row)) + "\n" for row in rows))


def test_clickhouse(logs: Path) -> None:
    """ClickHouse, which reads structs by position, is asked for flat columns alone, and answers alike."""
    assert asked(logs, "clickhouse") == expected(logs)


def test_spark(logs: Path) -> None:
    """Spark answers alike, and with --engine spark the report is that of DuckDB for the same pods and times."""
    arguments = ("observe", "odd.parquet", "-f", "values.yaml", "--pods", "pods.json", "--since", "2026-11-03")
    rows, _, report = asked(logs, "spark", *arguments, "--engine", "spark", "--format", "json").partition(MARK)
    paths = [str(logs / one) if "." in one else one for one in arguments]
    ours = json.loads(run_cli(*paths, "--engine", "duckdb", "--format", "json").stdout)
    theirs = json.loads(report)

    assert rows == expected(logs)
    assert [item["engine"] for item in (*ours["files"], *theirs["files"])] == ["duckdb", "spark"]
    strip = [
        [{k: v for k, v in one.items() if "osition" not in k} for one in report["subjects"]]
        for report in (ours, theirs)
    ]
    assert json.dumps(strip[0]).replace(f"{logs}/", "") == json.dumps(strip[1])
    assert ours["counts"]["lost"] == theirs["counts"]["lost"] > 0
