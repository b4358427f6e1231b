"""DuckDB beside the reader of lines, which is the oracle: the same table of flows, whatever the log holds."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import flow_logs
from flow_samples import GITHUB, LOST, US, WORLD, enveloped, hubble, hubble_answer
from mcpfence.observe.lines import LONGEST, read_lines
from mcpfence.observe.readers.contract import ReadOptions
from mcpfence.observe.reading import BadLineList, read_log
from mcpfence.observe.report import SourceFile
from mcpfence.observe.sql import groups
from mcpfence.observe.sql.fold import LargeLog, NotFolded, read_folded
from mcpfence.observe.sql.parquet import read_parquet
from mcpfence.observe.table import FlowTable, RecordScope
from mcpfence.observe.times import parse_time
from mcpfence.system.duck import Duck
from mcpfence.system.logs import read_chunks, unzstd

SCOPE = RecordScope(
    frozenset({"mcp-servers", "mcp-gate'way"}),
    frozenset({"10.0.1.7", GITHUB, "2001:db8::7"}),
    frozenset({443, 8080, 50000}),
    frozenset({"10.0.1.9"}),
)
WINDOW = SCOPE._replace(since=parse_time("2026-11-02T09:00:00Z"), until=parse_time("2026-11-03T08:00:00.5Z"))

PLAIN = ReadOptions()


class Both(NamedTuple):
    """What was read of one file."""

    table: FlowTable
    bad: BadLineList
    file: SourceFile

    @property
    def shown(self) -> dict[str, Any]:
        """All of it, in an order of its own."""
        table, window = self.table, self.table.window
        return {
            "flows": sorted(table.flows.items()),
            "answers": sorted(table.answers.items()),
            "counts": {key: count for key, count in table.counts.items() if count},
            "nodes": table.nodes,
            "losses": set(table.losses),
            "window": (window.first, window.last),
            "bad": self.bad.told,
            "file": self.file._replace(engine="", not_folded=""),
        }


@pytest.fixture(scope="module")
def duck() -> Iterator[Duck]:
    """One engine for all."""
    engine = Duck()
    yield engine
    engine.close()


def by_lines(path: Path, scope: RecordScope, options: ReadOptions = PLAIN, wanted: str = "") -> Both:
    """The oracle."""
    table, bad = FlowTable(scope), BadLineList()
    lines = read_lines(read_chunks(str(path)), unzstd("log"))
    return Both(table, bad, read_log("log", lines, table, bad, options, wanted))


def large(duck: Duck, path: Path) -> LargeLog:
    """A file for the engine."""
    return LargeLog("log", partial(read_chunks, str(path)), unzstd("log"), duck.path_of(str(path)), duck.rows)


def by_duck(duck: Duck, path: Path, scope: RecordScope, options: ReadOptions = PLAIN, wanted: str = "") -> Both:
    """What the engine makes of it."""
    table, bad = FlowTable(scope), BadLineList()
    return Both(table, bad, read_folded(large(duck, path), table, bad, options, wanted))


def assert_same(duck: Duck, path: Path, *, wanted: str = "", options: ReadOptions = PLAIN) -> Both:
    """Both say the same, with and without a window; returns what the engine said."""
    assert by_duck(duck, path, WINDOW, options, wanted).shown == by_lines(path, WINDOW, options, wanted).shown
    found = by_duck(duck, path, SCOPE, options, wanted)
    assert found.shown == by_lines(path, SCOPE, options, wanted).shown
    assert found.file.engine == "duckdb"
    return found


def write(folder: Path, *lines: str | bytes) -> Path:
    """A log of these lines."""
    path = folder / "log it's [1].json"
    path.write_bytes(b"".join(line + b"\n" if isinstance(line, bytes) else f"{line}\n".encode() for line in lines))
    return path


BACK: dict[str, Any] = {
    "source": {"identity": 2, "labels": ["reserved:world"]},
    "destination": US,
    "IP": {"source": WORLD, "destination": GITHUB},
    "source_port": 443,
    "port": 41233,
    "is_reply": True,
    "source_names": ["api.example.com"],
}
OTHERS: dict[str, Any] = {
    "source": {"ID": 5, "namespace": "shop", "labels": ["k8s:app=a"], "pod_name": "a-1"},
    "destination": {"ID": 6, "namespace": "data", "labels": ["k8s:app=b"], "pod_name": "b-1"},
}
SAMPLES: dict[str, tuple[str | bytes, ...]] = {
    "folded": (hubble(), hubble(source_port=40000), hubble(**BACK), hubble(**BACK, at="2026-11-04T00:00:00Z")),
    "times": tuple(
        hubble(at=at)
        for at in (
            *("2026-11-02T09:14:07Z", "2026-11-02T09:14:07.4Z", "2026-11-02T24:00:00Z", "2026-11-02T09:14:60Z"),
            *(
                "2026-11-02 09:14:07.123456789Z",
                "2026-11-02T09:14:07.Z",
                "2026-02-30T00:00:00Z",
                "1969-12-31T00:00:00Z",
            ),
            *("2026-11-02T11:14:07+02:00", "2026-11-03T08:00:00.5Z", "2026-11-03T08:00:00.500000001Z", "", "now"),
        )
    ),
    "drops": tuple(
        hubble(
            verdict="DROPPED", is_reply=None, traffic_direction=direction, source={**US, "ID": source}, destination=to
        )
        for direction in ("EGRESS", "INGRESS", None)
        for source in (812, 0, None)
        for to in ({"ID": 4, "labels": ["k8s:app=b"]}, {"labels": ["reserved:world"]})
    ),
    "ports": tuple(
        hubble(is_reply=None, traffic_direction=None, source_port=source, port=port)
        for source in (0, 443, 1023, 5000, 32768, 41233, 50000, 60000)
        for port in (80, 443, 5000, 41234, 50000)
    ),
    "ports that are none": tuple(
        hubble(port=port) for port in (-1, 70000, "443", "x", 443.5, True, None, "", "0443", "\uff14\uff14\uff13", [1])
    ),
    "replies": tuple(hubble(is_reply=reply) for reply in (*(True, False, None), *("true", 1))),
    "layers": (
        hubble(protocol="SCTP"),
        hubble(protocol="UDP"),
        *(
            hubble(l4=json.loads(layer))
            for layer in ('{"ICMPv4":{"type":8}}', '{"ICMPv6":{}}', '{"VRRP":{}}', "{}", '{"TCP":5}')
        ),
        hubble(l4=None),
        hubble(l4={"TCP": {}, "UDP": {"destination_port": 53}}),
    ),
    "names": (
        hubble(names=["b.example.com.", "A.example.com"]),
        hubble(names=["A.example.com", "b.example.com."]),
        hubble(names="text"),
        hubble(destination_names=[5, None]),
        hubble(names=["\\\"'", "ü", "\u0000"]),
    ),
    "DNS": (
        hubble_answer("api.example.com", WORLD),
        hubble_answer("api.example.com", WORLD, at="2026-11-05T00:00:00Z"),
        hubble_answer("api.example.com", "bad"),
        enveloped({**json.loads(hubble_answer("q.example.com"))["flow"], "l7": {"dns": {"ttl": 4}}}),
        enveloped(
            {**json.loads(hubble_answer("q.example.com"))["flow"], "l7": {"type": "REQUEST", "dns": {"query": "q."}}}
        ),
        hubble(l7={"type": "REQUEST", "http": {"code": 200}}),
    ),
    "others' pods": (
        hubble(**OTHERS),
        hubble(**OTHERS, at="2026-11-09T00:00:00Z"),
        hubble(**OTHERS, IP={"source": "x", "destination": "y"}),
        hubble(**{**OTHERS, "IP": {"source": "10.0.1.9", "destination": "10.9.9.9"}}),
        *(hubble(**OTHERS, names=names) for names in (["a.example.org"], ["b.example.org"], "text", 5)),
        *(
            hubble(**{**OTHERS, "source": {**OTHERS["source"], "labels": labels}})
            for labels in list[Any](([{}], [["a"]], "x", [5]))
        ),
        *(
            hubble(**{**OTHERS, "IP": {"source": address, "destination": "10.9.9.9"}})
            for address in ("10.9.9.08", "256.1.1.1", "fd00::1", "fd00:::1", "::ffff:10.0.1.7", "fd00::1%eth0", 5, None)
        ),
        *(hubble(**{**OTHERS, "destination": end}) for end in ({"labels": ["reserved:world"]}, US, {}, [1], "x")),
        *(hubble(**{**OTHERS, "IP": {"source": GITHUB, "destination": to}}) for to in ("10.9.9.9", "10.0.1.9")),
        *(
            hubble(**{**OTHERS, "source": {}, "IP": {"source": at, "destination": "10.9.9.9"}})
            for at in (GITHUB, "10.9.9.8")
        ),
        *(
            hubble(**OTHERS, verdict=verdict, is_reply=reply)
            for verdict in ("DROPPED", "TRACED")
            for reply in (True, None)
        ),
        *(
            enveloped({**json.loads(hubble_answer(name, *found))["flow"], **OTHERS})
            for name, found in (
                ("a.b", (WORLD,)),
                ("b.c", ("bad",)),
                (".", (WORLD,)),
                ("", ()),
                ("c.d", ("fd00::1", WORLD)),
            )
        ),
        hubble(source={"namespace": "mcp-gate'way", "labels": []}),
        hubble(source={"namespace": ""}, IP={"source": "2001:0DB8::7", "destination": WORLD}),
        hubble(source={"namespace": ""}, IP={"source": "::ffff:10.0.1.9", "destination": WORLD}),
        hubble(source=5, destination=None),
    ),
    "events": (
        LOST,
        LOST,
        '{"lost_events":{"num_events_lost":"x"}}',
        '{"lost_events":5}',
        *(f'{{"{kind}":{{}},"time":"x"}}' for kind in ("node_status", "agent_event", "debug_event", "other_event")),
        '{"flow":null,"agent_event":{}}',
        hubble(aggregate={"egress_flow_count": 3}),
        *(hubble(verdict=verdict) for verdict in ("TRACED", "AUDIT", "ERROR", "REDIRECTED", None, 5)),
        hubble(is_reply=None, trace_observation_point="FROM_ENDPOINT"),
        hubble(node_name=None),
        hubble(node_name=""),
    ),
    "lines that are none": (
        hubble(),
        "",
        "   ",
        '{"flow":{"verd',
        "hello",
        b"\xff\xfe",
        '{"flow":5}',
        "[1]",
        "null",
        b'{"flow":{"zz":"\xff"}}',
        hubble() + "{}",
        "\x00",
        "\x0b",
        '{"message":"x","timestamp":1793610847000}',
        json.dumps({"message": hubble(), "timestamp": 1793610847000}),
        json.dumps({**json.loads(hubble()), "message": hubble(port=80), "timestamp": 1793610847000}),
        "2026-11-02T09:14:07.404660075Z stdout P " + hubble()[:100],
        hubble(port=99),
        "2026-11-02T09:14:07.404660075Z stdout F " + hubble()[100:],
        hubble() + "\r",
        '{"flow":{"verdict":"' + "\\ud800" + '"}}',
        "",
    ),
    "deep": (hubble(), *(f'{{"flow":{{"labels":{"[" * n}{"]" * n}}}}}' for n in (100, 5000)), hubble(names=["a.b"])),
    "deep in what is read": (hubble(), hubble(source_names=json.loads("[" * 90 + "]" * 90)), hubble(destination=US)),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_lines_of_hubble(duck: Duck, tmp_path: Path, name: str) -> None:
    """Whatever a line holds, engine and reader say the same of it, bad lines by number included."""
    path = write(tmp_path, *SAMPLES[name])
    assert_same(duck, path, wanted="hubble")
    path.write_bytes(path.read_bytes()[:-1])
    assert_same(duck, path, wanted="hubble")


def test_all_lines_together(duck: Duck, tmp_path: Path) -> None:
    """The same with all of them mixed, compressed, and ending in the middle."""
    every = [line for lines in SAMPLES.values() for line in lines if not isinstance(line, str) or "stdout" not in line]
    random.Random(3).shuffle(every)  # noqa: S311 - the same order in every run
    path = write(tmp_path, hubble(), *every, *every[:40])
    assert_same(duck, path)
    path.write_bytes(gzip.compress(path.read_bytes()[:9000]) + gzip.compress(path.read_bytes()[9000:-30]))
    assert_same(duck, path)


@pytest.mark.parametrize("worth", [0, 2, 1000])
def test_many_groups(duck: Duck, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worth: int) -> None:
    """More groups than are gathered in memory are gathered in parts, or day by day: the same comes of it."""
    monkeypatch.setattr(groups, "_FEW", 5)
    monkeypatch.setattr(groups, "_WORTH", worth)
    every = [line for name in ("folded", "ports", "names", "DNS", "events", "others' pods") for line in SAMPLES[name]]
    assert_same(duck, write(tmp_path, hubble(), *every, *every), wanted="hubble")
    assert_same(duck, write(tmp_path, *VPC["rows"], *VPC["rows"]), wanted="aws-vpc")


def test_bad_lines_of_several_days(duck: Duck, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of bad lines that are alike the first are named, whichever day they are of."""
    monkeypatch.setattr(groups, "_FEW", 0)
    monkeypatch.setattr(groups, "_WORTH", 1000)
    bad = [hubble(IP={"source": "x", "destination": WORLD}, at=f"2026-11-{day:02d}T00:00:00Z") for day in (3, 2, 2, 4)]
    found = by_duck(duck, write(tmp_path, hubble(), *bad, *bad), SCOPE)

    assert found.shown == by_lines(write(tmp_path, hubble(), *bad, *bad), SCOPE).shown
    assert [number for _, number, _ in found.bad.first] == [2, 3, 4]


BAD = hubble(IP={"source": "x", "destination": WORLD})
WORSE = hubble(names=5)


@pytest.mark.parametrize(
    ("lines", "first"),
    [
        ((BAD, hubble(), BAD), (1, 3)),
        ((hubble(), BAD, WORSE, BAD, BAD, WORSE), (2, 3, 4)),
        ((hubble(), BAD, BAD, BAD, BAD, WORSE), (2, 3, 4)),
        ((hubble(), *(hubble(IP={"source": f"x{n}", "destination": WORLD}) for n in (1, 2, 3, 1, 4))), (2, 3, 4)),
        ((hubble(), WORSE, "hello", "", BAD, BAD), (2, 3, 5)),
    ],
)
def test_first_bad_lines(duck: Duck, tmp_path: Path, lines: tuple[str, ...], first: tuple[int, ...]) -> None:
    """The first three bad lines of a file are named, whichever groups they are in and how many these have."""
    found = assert_same(duck, write(tmp_path, *lines), wanted="hubble")
    assert tuple(number for _, number, _ in found.bad.first) == first


def test_what_is_foreign_folds_into_one(duck: Duck, tmp_path: Path) -> None:
    """Of lines between others' pods nothing is kept that makes them differ."""
    lines = [hubble(**OTHERS, names=[f"n{number}.example.org"], port=number) for number in range(1, 50)]
    asked = list[str]()

    def rows(sql: str) -> Iterator[tuple[Any, ...]]:
        asked.append(sql)
        return duck.rows(sql)

    log = large(duck, write(tmp_path, *lines))._replace(rows=rows)
    table = FlowTable(SCOPE)
    read_folded(log, table, BadLineList(), PLAIN)
    ((count,),) = duck.rows("SELECT count(*) FROM mcpfence_days")
    assert (count, table.counts["not_ours"], len(asked)) == (1, 49, 2)


SPELT = (
    *("2001:db8::7", "2001:DB8::7", "2001:0db8:0::7", "2001:db8:0:0:0:0:0:7", "2001:db8::0.0.0.7", "2001:db8::7%eth0"),
    *(
        "2001:db8::8",
        "2001:db8:0:0:0:0:0:8",
        "::ffff:10.0.1.7",
        "::FFFF:a00:107",
        "::ffff:10.0.1.8",
        "64:ff9b::a00:107",
    ),
    *("fd00::1", "fe80::1%2", "::", "::1", "1::", "::10.0.1.7", "2002:a00:107::", "10.0.1.7", "10.0.1.8"),
)
"""Addresses of ours and of others, in spellings of which a reader makes one."""
NO_IPV6 = SCOPE._replace(addresses=frozenset({"10.0.1.7", GITHUB}))


@pytest.mark.parametrize("scope", [SCOPE, NO_IPV6, SCOPE._replace(nodes=frozenset({"fd00::1"}))])
def test_ipv6(duck: Duck, tmp_path: Path, scope: RecordScope) -> None:
    """Ours are never taken for foreign, in whatever text, where the catalog's pods have addresses of IPv6 and not."""
    ends = [{**OTHERS, end: {"labels": []}} for end in ("source", "destination")]
    found = [
        hubble(**one, IP={"source": source, "destination": destination})
        for one in (OTHERS, *ends)
        for text in SPELT
        for source, destination in ((text, WORLD), (WORLD, text))
    ]
    path = write(tmp_path, *found)

    folded, read = by_duck(duck, path, scope), by_lines(path, scope)
    assert folded.shown == read.shown
    assert len(read.table.flows) == (2 if scope is NO_IPV6 else 4)
    assert any("2001:db8::7" in (key.source.address, key.destination.address) for key in read.table.flows) is (
        scope is not NO_IPV6
    )


def test_ipv6_of_others_folds_into_one(duck: Duck, tmp_path: Path) -> None:
    """Where no pod of the catalog has an address of IPv6, what others say to each other takes no memory there either."""
    lines = [
        hubble(**OTHERS, IP={"source": f"2001:db8::{number:x}", "destination": f"fd00:0:0:{number:x}::1"})
        for number in range(1, 50)
    ]
    table = FlowTable(NO_IPV6)
    read_folded(large(duck, write(tmp_path, *lines)), table, BadLineList(), PLAIN)
    ((count,),) = duck.rows("SELECT count(*) FROM mcpfence_days")

    assert (count, table.counts["not_ours"]) == (1, 49)


def test_generated_logs(duck: Duck, tmp_path: Path) -> None:
    """Hubble, VPC as text and VPC as Parquet of the same size as people measure with, but for the number of lines."""
    flow_logs.write_logs(tmp_path, 4000)
    scope = RecordScope(
        frozenset({"mcp-servers"}), frozenset(one.address for one in flow_logs.callers()[:300]), frozenset({443, 8080})
    )
    for name in ("hubble.json", "vpc.log"):
        assert by_duck(duck, tmp_path / name, scope).shown == by_lines(tmp_path / name, scope).shown
    assert by_parquet(duck, tmp_path / "vpc.parquet", scope, fold=True).shown == (
        by_parquet(duck, tmp_path / "vpc.parquet", scope, fold=False).shown
    )


def by_parquet(duck: Duck, path: Path, scope: RecordScope, *, fold: bool) -> Both:
    """What is read of a Parquet file."""
    table, bad = FlowTable(scope), BadLineList()
    return Both(table, bad, read_parquet(large(duck, path), table, bad, fold=fold))


V2 = "2 123456789012 eni-0a1b2c3d4e5f60718 {} {} {} {} {} 12 3481 {} {} {} {}"


def vpc(**changes: str) -> str:
    """A row of the default format."""
    fields = {
        "source": "10.0.1.7",
        "to": WORLD,
        "sport": "41233",
        "dport": "443",
        "protocol": "6",
        "start": "1793610847",
        "end": "1793610901",
        "action": "ACCEPT",
        "status": "OK",
    }
    return V2.format(*(fields | changes).values())


HEADER = "srcaddr pkt-srcaddr dstaddr srcport dstport protocol start end action tcp-flags"
VPC: dict[str, tuple[str | bytes, ...]] = {
    "rows": (
        vpc(),
        vpc(sport="41234", start="1793610800"),
        vpc(source=WORLD, to="10.0.1.7", sport="443", dport="41233"),
        vpc(action="REJECT"),
        vpc(start="1793710847", end="1793710901"),
        vpc(source="10.0.1.9"),
        vpc(source="10.9.9.9"),
        vpc(status="NODATA", **dict.fromkeys(("source", "to", "sport", "dport", "protocol", "action"), "-")),
        vpc(status="SKIPDATA", **dict.fromkeys(("source", "to", "sport", "dport", "protocol", "action"), "-")),
        "",
        vpc(protocol="1", sport="0", dport="0"),
    ),
    "fields that are none": (
        vpc(),
        *(vpc(sport=text) for text in ("-", "x", "70000", "0443", "-1", "443.5", "4_43", "")),
        *(vpc(start=text) for text in ("-", "0", "x", "1793610847404", "-5", "1e9")),
        vpc(start="-", end="-"),
        vpc(end="0"),
        *(vpc(protocol=text) for text in ("-", "tcp", "300", "")),
        *(vpc(to=text) for text in ("-", "x", "2001:DB8::7", "::ffff:10.0.1.7")),
        vpc(action="MAYBE"),
        vpc(action="-"),
        vpc(status="WELL"),
        "hello",
        vpc() + " more",
        vpc().replace("eni-", "eni-\t"),
        vpc().replace("eni-", "eni-\u3000"),
        vpc().replace(" 12 ", "  "),
        "   ",
        " " + vpc(),
    ),
    "headers": (
        HEADER,
        *(
            f"10.0.1.9 10.0.1.7 {WORLD} 41233 50001 6 1793610847 1793610901 ACCEPT {flags}"
            for flags in (2, 18, 19, 3, 0, "-")
        ),
        HEADER,
        f"10.0.1.7 - {WORLD} 41233 443 6 1793610847 1793610901 ACCEPT x",
        f"10.0.1.7 - {WORLD} 41234 443 6 1793610847 1793610901 ACCEPT 2",
    ),
}


@pytest.mark.parametrize("name", VPC)
def test_rows_of_vpcs(duck: Duck, tmp_path: Path, name: str) -> None:
    """The same for rows of VPC flow logs, with and without a header."""
    path = write(tmp_path, *VPC[name])
    assert_same(duck, path, wanted="aws-vpc")
    if name != "headers":
        fields = (
            "version account-id eni srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
        )
        assert_same(duck, path, wanted="aws-vpc", options=ReadOptions(fields))


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ((hubble(), "A" * (LONGEST + 1), hubble()), "a line is longer than 1 MiB"),
        ((hubble(), hubble(names=["x" * 20_000_000])), "a line is longer than 1 MiB"),
        ((f"[{hubble()},", f"{hubble()}]"), "its lines stand in something else"),
        ((json.dumps({"message": hubble(), "timestamp": 1793610847000}),), "its lines stand in something else"),
        ((f"2026-11-02T09:14:07.404660075Z stdout F {hubble()}",), "its lines stand in something else"),
        ((vpc(), vpc() + "\r"), "duckdb says: "),
        ((vpc(), b"\xff"), "duckdb says: "),
        (("srcaddr dstaddr", "10.0.1.7 10.0.1.8"), "its format has no times"),
        ((vpc(), HEADER), "duckdb says: its fields change in the middle"),
        ((b"\x1f\x8b damaged",), "it holds something else behind what was compressed, or is damaged"),
    ],
)
def test_what_is_left_to_the_reader(duck: Duck, tmp_path: Path, lines: tuple[str | bytes, ...], why: str) -> None:
    """Files that the engine is not given, or gives up, are said to be so before anything was taken."""
    table, bad = FlowTable(SCOPE), BadLineList()
    with pytest.raises(NotFolded, match=f"^{why}"):
        read_folded(large(duck, write(tmp_path, *lines)), table, bad, ReadOptions())
    assert (table.flows, table.answers, dict(table.counts), bad.count) == ({}, {}, {}, 0)


def test_an_engine_that_dies(tmp_path: Path) -> None:
    """An engine that ends is no end of ours: the file is left to the reader, and the next question starts it anew."""
    engine = Duck()
    path = write(tmp_path, hubble())
    list(engine.rows("SELECT 1"))
    assert engine._process is not None
    engine._process.kill()
    engine._process.wait()
    assert list(engine.rows("SELECT 1")) == [(1,)]
    log = large(engine, path)._replace(rows=lambda _: engine.rows("SELECT * FROM read_json('nowhere')"))
    with pytest.raises(NotFolded, match=r"^duckdb says: IO Error: "):
        read_folded(log, FlowTable(SCOPE), BadLineList(), ReadOptions())
    engine.close()


def test_an_answer_that_ends_in_the_middle() -> None:
    """What an engine says behind its first rows is told as it says it, and the same process answers the next question."""
    engine = Duck()
    found = engine.rows("SELECT CASE WHEN i = 90000 THEN error('no room') ELSE i END FROM range(100000) AS t(i)")
    with pytest.raises(ValueError, match="no room"):
        list(found)
    process = engine._process
    assert list(engine.rows("SELECT 1")) == [(1,)]
    assert engine._process is process
    engine.close()


def test_a_query_that_folds_otherwise(duck: Duck, tmp_path: Path) -> None:
    """What a query takes for a reply and the reader does not ends the work: nobody knows which of them is right."""
    log = large(duck, write(tmp_path, hubble(is_reply=None, traffic_direction=None, source_port=443, port=5000)))
    wrong = log._replace(rows=lambda sql: duck.rows(sql.replace("THEN true", "THEN false")))
    with pytest.raises(NotFolded, match="folds otherwise than its reader"):
        read_folded(wrong, FlowTable(SCOPE), BadLineList(), ReadOptions())
