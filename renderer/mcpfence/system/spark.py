"""Spark, for logs beyond one machine: the session is the one that spark-submit made, or one of this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any


class SparkFailed(ValueError):
    """Spark could not answer; the message is what it said, half a sentence."""


def spark_there() -> bool:
    """Whether Spark's library is installed."""
    return find_spec("pyspark") is not None


class SparkLog:
    """A Parquet log by the name that Spark knows, object stores included; raises SparkFailed."""

    def __init__(self, name: str, view: str) -> None:
        from pyspark.sql import SparkSession

        try:
            self._session = SparkSession.builder.getOrCreate()
            frame = self._session.read.parquet(name)
            frame.createOrReplaceTempView(view)
            self.types: Mapping[str, str] = {field.name: field.dataType.simpleString() for field in frame.schema.fields}
        except Exception as bad:  # noqa: BLE001 - Java's errors have no class of their own
            raise SparkFailed(_first_line(bad)) from None

    def rows(self, sql: str) -> Iterator[dict[str, Any]]:
        """The rows of a query, by column."""
        try:
            for row in self._session.sql(sql).toLocalIterator():
                yield row.asDict()
        except Exception as bad:  # noqa: BLE001
            raise SparkFailed(_first_line(bad)) from None


def _first_line(bad: Exception) -> str:
    return str(bad).strip().partition("\n")[0] or type(bad).__name__
