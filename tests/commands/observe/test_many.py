"""Logs of which more differs than anybody reads, or than fits into memory: counted, said, and the same by each engine."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from flow_samples import CATALOG, hubble
from helpers import Outcome, run_cli
from mcpfence.observe import sorting, table

NAMES = [f"m{number}.example.net" for number in range(3)]
FLOOD = [f"x{number}.example.org" for number in range(9)]
SCAN = [f"192.175.{number % 2}.{number}" for number in range(8)]
DENIED = [f"192.176.0.{number}" for number in range(6)]


def lines() -> list[str]:
    """A server with names of its own, a flood of made-up ones, a scan, and what is denied already."""
    return [
        *(hubble(names=[name], to="192.175.48.9", at="2026-11-02T09:00:00Z") for name in FLOOD),
        *(hubble(names=[name]) for name in NAMES),
        *(hubble(to=address) for address in SCAN),
        *(hubble(to=address, verdict="DROPPED") for address in DENIED),
        hubble(names=["api.example.com"]),
    ]


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run stands in a folder with a catalog and a log."""
    monkeypatch.chdir(tmp_path)
    Path("values.yaml").write_text(CATALOG, encoding="utf-8")
    Path("log").write_text("\n".join(lines()), encoding="utf-8")


def observe(*arguments: str) -> Outcome:
    """A run on the catalog."""
    return run_cli("observe", "log", "-f", "values.yaml", *arguments)


def shape(*arguments: str) -> Any:
    """The report as JSON, without what names the engine."""
    found = json.loads(observe("--format", "json", *arguments).stdout)
    return {**found, "files": [{**item, "engine": ""} for item in found["files"]]}


TOLD = """\
server github: 12 would be denied, 8 unknown, 6 denied already, 1 granted and not seen, 1 granted and seen
  would be denied
    to m0.example.net on 443/TCP: 1 day, 1 pod, 1 record
      no entry of the catalog grants this name
      add m0.example.net to servers.github.containerizedConfig.egressDomains (values.yaml:12:7)
    to m1.example.net on 443/TCP: 1 day, 1 pod, 1 record
      no entry of the catalog grants this name
      add m1.example.net to servers.github.containerizedConfig.egressDomains (values.yaml:12:7)
    and 10 more, counted and not told one by one, nor proposed
      of all 12: 9 to names below example.org on 443/TCP; 3 to names below example.net on 443/TCP
      so many look like a scan, a crawl or names that are made up: find out which before any is granted
  unknown
    to 192.175.0.0 on 443/TCP: 1 day, 1 pod, 1 record
      no name, and names are granted there
    to 192.175.0.2 on 443/TCP: 1 day, 1 pod, 1 record
      no name, and names are granted there
    and 6 more, counted and not told one by one
      of all 8: 8 to addresses in 192.175.0.0/16 on 443/TCP
      so many look like a scan, a crawl or names that are made up: find out which before any is granted
  denied already, never proposed
    to 192.176.0.0 on 443/TCP: 1 day, 1 pod, 1 record
    to 192.176.0.1 on 443/TCP: 1 day, 1 pod, 1 record
    and 4 more, counted and not told one by one
      of all 6: 6 to addresses in 192.176.0.0/16 on 443/TCP
      so many look like a scan, a crawl or names that are made up: find out which before any is granted
"""


def test_what_is_not_told_is_said() -> None:
    """The best founded are told, names of small groups before a flood; the rest is counted, and what it mostly is."""
    done = observe("--most", "2", "--gate")

    assert done.code == 1
    assert TOLD in done.stdout
    assert done.stdout.endswith(
        "ready to enforce: no\n  server github: 12 flows would be denied\n"
        "  server github: of 8 flows it is not known whether the catalog grants them\n"
    )


def test_the_default_tells_all_of_a_usual_log() -> None:
    """Nothing is cut where there is little, and JSON says so."""
    (server,) = shape()["subjects"]

    assert "more, counted" not in observe().stdout
    assert server["cut"] == []
    assert server["inAll"] == {"wouldBeDenied": 12, "unknown": 8, "deniedAlready": 6, "askedOnly": 0}
    assert [len(server[key]) for key in ("wouldBeDenied", "unknown", "deniedAlready")] == [12, 8, 6]


def test_every_form_says_it() -> None:
    """JSON has numbers and sentences; Markdown and the page have the sentences, and the table counts everything."""
    (server,) = shape("--most", "2")["subjects"]

    assert [len(server[key]) for key in ("wouldBeDenied", "unknown", "deniedAlready")] == [2, 2, 2]
    assert server["inAll"]["wouldBeDenied"] == 12
    assert server["cut"][1] == {
        "part": "unknown",
        "told": 2,
        "notTold": 6,
        "records": 8,
        "mostly": [
            {
                "what": "to addresses in 192.175.0.0/16",
                "flows": 8,
                "records": 8,
                "ports": ["443/TCP"],
                "portsInAll": 1,
            }
        ],
        "said": [
            "and 6 more, counted and not told one by one",
            "of all 8: 8 to addresses in 192.175.0.0/16 on 443/TCP",
            "so many look like a scan, a crawl or names that are made up: find out which before any is granted",
        ],
    }
    for form in ("markdown", "html"):
        page = observe("--most", "2", "--format", form).stdout
        for cut in server["cut"]:
            assert all(text in page for text in cut["said"]), (form, cut["part"])
    numbers = re.findall(r'<td class="number">(\d+)</td>', observe("--most", "2", "--format", "html").stdout)
    assert numbers == ["12", "8", "6", "1", "1"]


@pytest.mark.parametrize("most", [(), ("--most", "2")])
def test_what_is_put_aside_changes_nothing(monkeypatch: pytest.MonkeyPatch, most: tuple[str, ...]) -> None:
    """With three rows in memory, by either engine, the report is the same to the letter."""
    expected = shape(*most)
    for module in (sorting, table):
        monkeypatch.setattr(module, "MOST_ROWS", 3)

    assert shape(*most) == shape("--engine", "duckdb", *most) == expected


def test_what_is_not_told_is_not_merged() -> None:
    """--merge writes what is told, and says on stderr that there is more."""
    done = observe("--most", "2", "--merge", "values.yaml")

    assert done.code == 0
    assert "egressDomains: [api.example.com, uploads.example.com, m0.example.net, m1.example.net]" in done.stdout
    assert done.stderr == (
        "warning: server github: 10 flows more would be denied than are told; look at the report; "
        "with what was merged the next run tells the next ones [observe-cut]\n"
    )


def test_no_room_for_rows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where rows cannot be put aside nothing is printed."""
    for module in (sorting, table):
        monkeypatch.setattr(module, "MOST_ROWS", 3)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    done = observe()

    assert (done.code, done.stdout) == (1, "")
    assert done.stderr == (
        "error: what is in work cannot be put into a temporary file (No such file or directory); "
        f"make room in {tmp_path / 'none'}, or name another folder with TMPDIR [observe-room]\n"
    )


def test_asked_names_are_cut_too() -> None:
    """A server that asks DNS for any number of names fills no report."""
    asked = [
        json.dumps({"flow": {**json.loads(hubble())["flow"], "l7": {"type": "REQUEST", "dns": {"query": f"{name}."}}}})
        for name in FLOOD
    ]
    Path("log").write_text("\n".join([hubble(names=["api.example.com"]), *asked]))
    (server,) = shape("--most", "2")["subjects"]

    assert server["askedOnly"] == FLOOD[:2]
    assert server["cut"][0]["said"] == [
        "and 7 more names, counted and not told one by one",
        "of all 9: 9 names below example.org",
    ]
    assert (
        "asked of DNS, and no flow is known to go there: x0.example.org, x1.example.org and 7 more\n"
        "    of all 9: 9 names below example.org\n" in observe("--most", "2").stdout
    )
