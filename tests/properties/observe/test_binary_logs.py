"""Whatever bytes a log holds, `observe` prints a whole report, or nothing and a sentence: dnstap, Parquet, DuckDB's path.

Inputs are made here: whole ones that are cut, changed in some bytes, or put together anew, and Parquet files of random
columns.  That no engine ends on one of them is part of what is tested.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnstap_frames import answer, frame, stream
from flow_samples import CATALOG, GITHUB, NANOSECONDS, WORLD, hubble, hubble_answer, kube_list, pod
from helpers import Outcome, run_cli
from mcpfence.cli import observe_files
from mcpfence.system.duck import Duck

NAME = "models.example.com"
ANSWERS = stream(
    frame(answer(NAME, f"{NAME}. A {WORLD}"), GITHUB, NANOSECONDS),
    frame(answer("api.example.com", "api.example.com. AAAA 2620:4f:8000::6", kind="AAAA"), GITHUB, NANOSECONDS),
    frame(None, GITHUB, NANOSECONDS),
)
HUBBLE = "".join(
    f"{line}\n"
    for line in (hubble(), hubble_answer(NAME, WORLD), hubble(names=[NAME]), hubble(verdict="DROPPED", is_reply=None))
).encode()
VPC = "".join(
    f"2 123456789012 eni-0a {ends} 6 12 3481 1793610847 1793610901 {action} OK\n"
    for ends in (f"{GITHUB} {WORLD} 41233 443", f"{WORLD} {GITHUB} 443 41233")
    for action in ("ACCEPT", "REJECT")
).encode()
COLUMNS = ("srcaddr", "dstaddr", "srcport", "dstport", "protocol", "action", "start", "end", "log_status", "tcp_flags")


class Kept(Duck):
    """An engine that serves many runs: to start one takes longer than all of its work here."""

    def close(self) -> None:
        """Not yet."""


@pytest.fixture(scope="module", autouse=True)
def _one_engine() -> Iterator[None]:
    engine = Kept()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(observe_files, "Duck", lambda: engine)
        yield
    Duck.close(engine)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog, pods, a log of flows, and a Parquet file as AWS delivers them."""
    made = tmp_path_factory.mktemp("logs")
    (made / "values.yaml").write_text(CATALOG, encoding="utf-8")
    (made / "pods.json").write_text(kube_list(pod()), encoding="utf-8")
    (made / "flows").write_text(hubble(), encoding="utf-8")
    write_parquet(made / "whole.parquet", [[GITHUB, WORLD, 41233, 443, 6, "ACCEPT", 1793610847, 1793610901, "OK", 2]])
    return made


def write_parquet(path: Path, rows: list[list[Any]], types: dict[str, str] | None = None) -> None:
    """Rows of the columns; texts and BIGINT where no other type is asked for."""
    texts = {"srcaddr", "dstaddr", "action", "log_status"}
    kinds = {name: "VARCHAR" if name in texts else "BIGINT" for name in COLUMNS} | (types or {})
    database = duckdb.connect()
    columns = ", ".join(f'"{name}" {kind}' for name, kind in kinds.items())
    database.execute(f"CREATE TABLE log ({columns})")
    if rows:
        database.executemany(f"INSERT INTO log VALUES ({', '.join('?' * len(kinds))})", rows)
    database.execute(f"COPY log TO '{path}' (FORMAT parquet)")
    database.close()


def observe(folder: Path, *arguments: str) -> Outcome:
    """A run on the catalog: all or nothing, and never a fault of ours or an engine that ended."""
    values, pods = str(folder / "values.yaml"), str(folder / "pods.json")
    done = run_cli("observe", *arguments, "-f", values, "--pods", pods, "--format", "json")
    if done.code == 0:
        assert json.loads(done.stdout)["subjects"]
    else:
        assert (done.code, done.stdout) == (1, "")
        assert done.stderr.startswith("error: ")
        assert done.stderr.endswith("]\n")
    for word in ("Traceback", "[internal]", "process has ended"):
        assert word not in done.stderr
        assert word not in done.stdout
    return done


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """A file that is cut, or of which bytes are others, gone, or more."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(len(data) - 1, 0)))
        kind = draw(st.sampled_from(("cut", "change", "take", "put", "repeat")))
        size = draw(st.integers(1, 40))
        if kind == "cut":
            del data[place:]
        elif kind == "change" and data:
            data[place] = draw(st.integers(0, 255))
        elif kind == "take":
            del data[place : place + size]
        elif kind == "put":
            data[place:place] = draw(st.binary(max_size=40))
        else:
            data[place:place] = data[place : place + size]
    return bytes(data)


@settings(max_examples=60)
@given(data=damaged(ANSWERS))
def test_dnstap(folder: Path, data: bytes) -> None:
    """As a log of names beside flows: what can be read counts, and the flows are told in any case but an error."""
    (folder / "dnstap").write_bytes(data)
    observe(folder, str(folder / "flows"), "--dns", str(folder / "dnstap"))


@settings(max_examples=15)
@given(data=st.data(), engine=st.sampled_from(("python", "duckdb")))
def test_damaged_parquet(folder: Path, data: st.DataObject, engine: str) -> None:
    """A Parquet file with other bytes is read, or refused."""
    whole = (folder / "whole.parquet").read_bytes()
    (folder / "damaged.parquet").write_bytes(data.draw(damaged(whole)))
    observe(folder, str(folder / "damaged.parquet"), str(folder / "flows"), "--engine", engine)


_ADDRESS = st.sampled_from((GITHUB, WORLD, "::ffff:10.244.1.7", "-", "", "x", "\x00", "2620:4f:8000::6", None))
_PORT = st.sampled_from((443, 41233, 0, -1, 65536, 1 << 40, None)) | st.integers(0, 65535)
_TIME = st.sampled_from((1793610847, 0, -1, 1 << 62, None))
ROWS = st.lists(
    st.tuples(
        *(_ADDRESS, _ADDRESS, _PORT, _PORT),
        st.sampled_from((6, 17, 1, 300, -1, None)),
        st.sampled_from(("ACCEPT", "REJECT", "-", "accept", "", None)),
        *(_TIME, _TIME),
        st.sampled_from(("OK", "NODATA", "SKIPDATA", "-", "?", None)),
        st.sampled_from((0, 2, 18, 255, -1, None)),
    ).map(list),
    max_size=6,
)


@settings(max_examples=15)
@given(rows=ROWS)
def test_any_rows_of_parquet(folder: Path, rows: list[list[Any]]) -> None:
    """Whatever stands in the columns, rows that are folded and rows that are read one by one come to the same."""
    path = folder / "rows.parquet"
    write_parquet(path, rows)
    plain, folded = (observe(folder, str(path), "--engine", engine) for engine in ("python", "duckdb"))

    assert folded.stdout.replace('"engine": "duckdb"', '"engine": "python"') == plain.stdout
    assert folded.stderr == plain.stderr


@settings(max_examples=10)
@given(
    types=st.dictionaries(
        st.sampled_from(COLUMNS), st.sampled_from(("VARCHAR", "DOUBLE", "BOOLEAN", "UTINYINT", "DATE", "VARCHAR[]"))
    )
)
def test_columns_of_any_type(folder: Path, types: dict[str, str]) -> None:
    """A column of another type is an error that names it, or one that holds the same."""
    path = folder / "types.parquet"
    write_parquet(path, [], types)
    done = observe(folder, str(path), str(folder / "flows"))

    fits = all(
        kind == ("VARCHAR" if name in (*COLUMNS[:2], "action", "log_status") else "UTINYINT")
        for name, kind in types.items()
    )
    assert (done.code == 0) is fits
    assert fits or "; give VPC flow logs as AWS delivers them" in done.stderr


@settings(max_examples=15)
@given(data=st.sampled_from((HUBBLE, VPC)).flatmap(damaged))
def test_what_duckdb_folds(folder: Path, data: bytes) -> None:
    """Lines with other bytes, by way of the engine: folded, or left to the reader, which says why."""
    (folder / "lines").write_bytes(data)
    observe(folder, str(folder / "lines"), str(folder / "flows"), "--engine", "duckdb")
