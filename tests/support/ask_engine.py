"""Asks an engine a query about a Parquet file and prints the rows as sorted CSV; runs in the engines' own environment.

.tools/observe/bin/python tests/support/ask_engine.py clickhouse|spark QUERY.sql FILE.parquet [ARGUMENT...]

With arguments `mcpfence` runs with them behind it, in the same process: Spark's session is there then, as it is where
spark-submit has made it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

TABLE = "vpc_flow_logs"
MARK = "--- mcpfence"


def clickhouse(query: str, file: str) -> Iterable[Iterable[Any]]:
    """ClickHouse, as it is embedded in chdb; what it has to say is CSV."""
    from chdb.session import Session  # type: ignore[import-not-found,unused-ignore]

    session = Session()
    session.query("CREATE DATABASE IF NOT EXISTS logs ENGINE = Atomic")
    session.query(f"CREATE VIEW logs.{TABLE} AS SELECT * FROM file('{file}', Parquet)")
    text = str(session.query(query.replace(f'"{TABLE}"', f'logs."{TABLE}"'), "TSV"))
    session.close()
    return [line.split("\t") for line in text.splitlines()]


def spark(query: str, file: str) -> Iterable[Iterable[Any]]:
    """Spark in this process."""
    from pyspark.sql import SparkSession  # type: ignore[import-not-found,unused-ignore]

    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    session = builder.config("spark.sql.shuffle.partitions", "1").config("spark.driver.memory", "512m").getOrCreate()
    session.read.parquet(file).createOrReplaceTempView(TABLE)
    rows = session.sql(query).collect()
    return [tuple(row) for row in rows]


ENGINES: dict[str, Callable[[str, str], Iterable[Iterable[Any]]]] = {
    "clickhouse": clickhouse,
    "spark": spark,
}

if __name__ == "__main__":
    found = ENGINES[sys.argv[1]](Path(sys.argv[2]).read_text(encoding="utf-8"), sys.argv[3])
    sys.stdout.writelines(sorted(",".join(map(str, row)) + "\n" for row in found))
    if sys.argv[4:]:
        from mcpfence.cli.start import run

        sys.stdout.write(f"{MARK}\n")
        sys.stdout.flush()
        sys.argv = ["mcpfence", *sys.argv[4:]]
        run()
