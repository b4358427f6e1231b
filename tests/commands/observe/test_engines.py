"""`mcpfence observe --engine`, Parquet, and --print-sql: what people see."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flow_samples import CATALOG, GITHUB, WORLD, hubble, kube_list, pod
from helpers import Outcome, run_cli
from mcpfence.cli import observe_files
from mcpfence.observe.sql.printed import PRINTED
from mcpfence.system.duck import Duck

ROWS = f"""
 SELECT 5 AS version, '{GITHUB}' AS srcaddr, '{WORLD}' AS dstaddr, 41233 AS srcport, 443 AS dstport, 6 AS protocol,
   CAST(1793610847 AS BIGINT) AS start, CAST(1793610901 AS BIGINT) AS "end", 'ACCEPT' AS action, 'OK' AS log_status,
   2 AS tcp_flags, '-' AS pkt_srcaddr, '-' AS pkt_dstaddr
 UNION ALL SELECT 5, '{GITHUB}', '{WORLD}', 41234, 443, 6, 1793610947, 1793610981, 'ACCEPT', 'OK', 3, '-', '-'
 UNION ALL SELECT 5, '{GITHUB}', '{WORLD}', 41234, 443, 6, 1793610947, 1793610981, 'MAYBE', 'OK', 3, '-', '-'
 UNION ALL SELECT 5, '{WORLD}', '{GITHUB}', 443, 41234, 6, 1793610947, 1793610981, 'ACCEPT', 'OK', 18, '-', '-'
 UNION ALL SELECT 5, '{WORLD}', '{GITHUB}', 443, 70000, 6, 1793610947, 1793610981, 'ACCEPT', 'OK', 18, '-', '-'
 UNION ALL SELECT 5, NULL, NULL, NULL, NULL, NULL, 1793610947, 1793610981, NULL, 'SKIPDATA', NULL, NULL, NULL
"""


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalog, pods and logs."""
    monkeypatch.chdir(tmp_path)
    Path("values.yaml").write_text(CATALOG, encoding="utf-8")
    Path("pods.json").write_text(kube_list(pod()), encoding="utf-8")
    lines = (hubble(names=["models.example.com"]), "hello", hubble(names=["api.example.com"]))
    Path("log").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def parquet(name: str, columns: str = "*") -> None:
    """A file of the rows."""
    duckdb.connect().execute(f"COPY (SELECT {columns} FROM ({ROWS})) TO '{name}' (FORMAT parquet)")


def observe(*arguments: str) -> Outcome:
    """A run on the catalog."""
    return run_cli("observe", *arguments, "-f", "values.yaml", "--pods", "pods.json")


def test_the_engine_is_said() -> None:
    """Both engines print the same report but for the line that names the engine."""
    plain, folded = observe("log", "--engine", "python").stdout, observe("log", "--engine", "duckdb").stdout

    assert "engine       duckdb\n" in folded
    assert folded.replace("engine       duckdb\n", "") == plain
    assert "             log:2: is no JSON, or only a part of it\n" in plain


def test_large_logs_are_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --engine large logs are folded, and small ones are not."""
    assert "engine " not in observe("log").stdout
    monkeypatch.setattr(observe_files, "_LARGE", 100)
    assert "engine       duckdb\n" in observe("log").stdout


def test_files_that_are_not_folded_are_named() -> None:
    """Where the reader of lines had to do it, the report says for which file and why."""
    Path("array").write_text(f"[{hubble()}]")
    found = observe("log", "array", "--engine", "duckdb")

    assert "engine       duckdb for 1 of 2 files\n" in found.stdout
    assert "engine       python for array: its lines stand in something else\n" in found.stdout
    shape = json.loads(observe("log", "array", "--engine", "duckdb", "--format", "json").stdout)
    assert [(item["engine"], item["notFolded"]) for item in shape["files"]] == [
        ("duckdb", ""),
        ("python", "its lines stand in something else"),
    ]
    piped = run_cli("observe", "-", "-f", "values.yaml", "--engine", "duckdb", stdin=Path("log").read_bytes())
    assert "engine       python for stdin: stdin can be read once\n" in piped.stdout


@pytest.mark.parametrize("engine", ["python", "duckdb"])
def test_parquet(engine: str) -> None:
    """VPC flow logs as Parquet: replies folded, bad rows by number, what was skipped counted, with either engine."""
    parquet("vpc.parquet")
    found = json.loads(observe("vpc.parquet", "--engine", engine, "--format", "json").stdout)

    assert found["files"][0] | {"engine": ""} == {
        "name": "vpc.parquet",
        "format": "aws-vpc",
        "lines": 6,
        "records": 3,
        "engine": "",
        "notFolded": "",
    }
    assert found["counts"]["replies"] == found["counts"]["lost"] == 1
    assert found["notRead"] == {
        "lines": 2,
        "first": ["vpc.parquet:3: has an action that is none", "vpc.parquet:5: has a port outside 0 to 65535"],
    }
    (server,) = found["subjects"]
    assert [(item["port"], item["records"]) for item in server["unknown"]] == [("443/TCP", 3)]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            "* REPLACE (CAST(srcport AS VARCHAR) AS srcport, CAST(dstport AS VARCHAR) AS dstport)",
            "has srcport as VARCHAR, dstport as VARCHAR",
        ),
        ("* REPLACE (CAST(start AS DOUBLE) AS start)", "has start as DOUBLE"),
        ("srcaddr, dstaddr", "has no column action, srcport, dstport, protocol, start, end"),
    ],
)
def test_parquet_of_other_types(columns: str, message: str) -> None:
    """Ports as text are no ports: told, and not guessed."""
    parquet("bad.parquet", columns)
    done = observe("bad.parquet")

    assert (done.code, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: bad.parquet: {message}; give VPC flow logs as AWS delivers them: fields as columns, ports and times as "
        "integers [observe-parquet]\n"
    )


def test_damaged_parquet() -> None:
    """A file that is cut is told."""
    parquet("vpc.parquet")
    Path("cut.parquet").write_bytes(Path("vpc.parquet").read_bytes()[:-20])
    done = observe("cut.parquet")

    assert (done.code, done.stdout) == (1, "")
    assert done.stderr == (
        "error: cut.parquet: begins as Parquet and cannot be read as such; fetch it again [observe-parquet]\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("log", "--engine", "duckdb"),
            "--engine duckdb needs a library; install mcpfence[observe], or leave --engine out",
        ),
        (
            ("vpc.parquet",),
            "vpc.parquet: is Parquet, which needs a library; install mcpfence[observe], or give the log as text",
        ),
        (
            ("log", "--engine", "spark"),
            "--engine spark needs a library; install mcpfence[spark], or run it by spark-submit",
        ),
    ],
)
def test_without_the_libraries(arguments: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a library is missing, the sentence says how to get it, or to do without."""
    parquet("vpc.parquet")
    monkeypatch.setattr(observe_files, "duck_there", lambda: False)
    monkeypatch.setattr(observe_files, "spark_there", lambda: False)
    done = observe(*arguments)

    assert (done.code, done.stdout, done.stderr) == (1, "", f"error: {message} [observe-extra]\n")
    assert observe("log").code == 0


@pytest.mark.parametrize("dialect", PRINTED)
def test_the_printed_query_and_its_result(dialect: str) -> None:
    """Each dialect's query, its quotes aside, is one that DuckDB runs; its result says what the log itself says."""
    parquet("vpc.parquet", "* EXCLUDE (pkt_srcaddr, pkt_dstaddr)")
    fields = "srcaddr dstaddr srcport dstport protocol start end action log-status tcp-flags"
    printed = observe("--print-sql", dialect, "--vpc-format", fields).stdout
    database = duckdb.connect()
    database.execute("CREATE VIEW vpc_flow_logs AS SELECT * FROM 'vpc.parquet'")
    database.execute(f"COPY ({printed.replace('`', chr(34))}) TO 'result.csv' (HEADER)")
    reports = [json.loads(observe(name, "--format", "json").stdout) for name in ("vpc.parquet", "result.csv")]

    assert reports[0]["subjects"] == reports[1]["subjects"]
    assert reports[0]["counts"] == reports[1]["counts"]
    assert reports[0]["notRead"]["lines"] == reports[1]["notRead"]["lines"] == 2


def test_the_printed_query_asks_for_little() -> None:
    """With pods and times only their rows are asked for; without, the comment says how to get fewer."""
    narrow = observe("--print-sql", "trino", "--since", "2026-11-02", "--until", "2026-11-03").stdout
    wide = run_cli("observe", "--print-sql", "bigquery", "-f", "values.yaml", "--table", "my-project.logs.vpc").stdout

    assert narrow.startswith(
        "-- VPC flow logs, folded for mcpfence observe by Trino: rows of 1 addresses of pods from 2026-11-02T00:00:00Z "
        "until 2026-11-03T23:59:59Z.\n-- Ports of the catalog: 53, 443, 8080; print the query again when they change.\n"
    )
    assert (
        f"WHERE ending >= 1793577600 AND began <= 1793750399 AND (source IN ('{GITHUB}') OR target IN ('{GITHUB}')) "
        "OR status = 'SKIPDATA'\n"
    ) in narrow
    assert "rows of all addresses (give --pods for fewer).\n" in wide
    assert "FROM `my-project`.`logs`.`vpc`\n" in wide
    assert "WHERE" not in wide


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--print-sql", "trino", "-f", "values.yaml", "log"),
            "--print-sql prints a query and reads no log: give -f, --pods and times alone.",
        ),
        (("--print-sql", "trino"), "Nothing to ask for: name a values file with -f."),
        (
            ("--print-sql", "trino", "-f", "values.yaml", "--table", "a; DROP TABLE b"),
            "--table names a table: letters, digits, _ and -, with dots between its parts.",
        ),
        (
            ("--print-sql", "trino", "-f", "values.yaml", "--vpc-format", "${srcaddr} ${dstaddr} ${action}"),
            "--vpc-format lacks what the query needs: srcport, dstport, protocol, start, end.",
        ),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], message: str) -> None:
    """Exit code 2 and what to do."""
    done = run_cli("observe", *arguments)

    assert (done.code, done.stdout) == (2, "")
    assert done.stderr.endswith(f"Error: {message}\n")


def test_an_engine_that_fails_in_the_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the engine breaks off when half of the log is in the table, nothing is printed."""
    monkeypatch.setattr(Duck, "rows", _broken_off)
    done = observe("log", "--engine", "duckdb")

    assert (done.code, done.stdout) == (1, "")
    assert done.stderr == (
        "error: log: cannot be read by duckdb: its process has ended; read it with --engine python [observe-engine]\n"
    )


_ROWS = Duck.rows


def _broken_off(duck: Any, sql: str) -> Any:
    found = list(_ROWS(duck, sql))
    if sql.startswith("CREATE"):
        yield from found
        return
    yield next(row for row in found if not row[0])
    raise ValueError("its process has ended")


def test_other_versions_of_modules_do_not_get_in(tmp_path: Path) -> None:
    """A module of the working folder is not what the engine's process imports."""
    (tmp_path / "duckdb.py").write_text("raise SystemExit(3)")
    assert "engine       duckdb\n" in observe("log", "--engine", "duckdb").stdout


def test_the_engine_is_not_imported_here() -> None:
    """The command itself never imports the engine: whatever it does, it does in its own process."""
    code = "import sys, mcpfence.cli.observe; print('duckdb' in sys.modules, 'pyspark' in sys.modules)"
    import subprocess

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"
