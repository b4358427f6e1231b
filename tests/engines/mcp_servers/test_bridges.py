"""Each bridge that mcpfence renders, before a real server behind real fences, as real clients of both generations see it."""

from __future__ import annotations

from pathlib import Path

import pytest

from figures import Figure
from mcp_servers.bridges import CALLS, Row, all_rows
from mcp_servers.cluster import Cluster
from mcp_servers.conversations import Callers
from mcp_servers.parts import find_newer_client, find_parts
from tooling import need

TITLE = "bridges before a real server, one row for each client"
BRIDGES = ("mcp-proxy@6.7.19", "supergateway@4.0.0", "mcp-proxy==0.13.0", "fastmcp==4.2.3")
OLD, NEW = "2025-11-25", "2026-07-28"
ENDED, KEPT = "the container ends, and is started again", "the next call starts another server"
APART = "its session ends, and no other"


@pytest.fixture(scope="session")
def newer() -> Path:
    """The Python of the newer client."""
    return need(lambda: find_newer_client(need(find_parts)))


@pytest.fixture(scope="session")
def rows(newer: Path, cluster: Cluster, callers: Callers) -> list[Row]:
    """What both clients saw of each bridge."""
    return all_rows(cluster, callers.agent, BRIDGES, newer)


def test_rows(rows: list[Row], figure: Figure) -> None:
    """What docs/run.md shows, printed whole."""
    for row in rows:
        yes = {True: "yes", False: "no"}
        figure(
            TITLE,
            f"{row.bridge} | {row.client} | {row.agreed} | {CALLS} calls | {row.processes} processes | memory {row.memory}"
            f" | 200 KB {yes[row.large]} | IPv6 {yes[row.six]} | {row.mebibytes} MiB | killed before: {row.killed or '-'}",
        )

    assert [(row.bridge, row.client[:5]) for row in rows] == [
        (bridge, client) for bridge in BRIDGES for client in ("mcp 1", "mcp 2")
    ]


def test_generations(rows: list[Row]) -> None:
    """Which version of MCP both ends agree on; server-everything knows the older one alone, so supergateway falls back."""
    *others, last = [row.agreed for row in rows]
    assert others == [OLD, NEW, OLD, OLD, OLD, OLD, OLD]
    # Right after its server was killed fastmcp may answer the newer client's first question with an error, and the
    # client then speaks the older version.
    assert last in (OLD, NEW)


def test_processes_and_memory(rows: list[Row]) -> None:
    """One process for all, but behind supergateway: one for each session."""
    assert [row.memory for row in rows] == [
        *("everybody's", "everybody's"),
        *("the session's", "the session's"),
        *("everybody's", "everybody's"),
        *("everybody's", "everybody's"),
    ]
    assert [row.processes for row in rows if not row.bridge.startswith("supergateway")] == [1] * 6
    assert min(row.processes for row in rows if row.bridge.startswith("supergateway")) > 3


def test_large_requests(rows: list[Row]) -> None:
    """supergateway alone refuses 200,000 bytes."""
    assert [row.bridge for row in rows if not row.large] == ["supergateway@4.0.0"] * 2


def test_ipv6(rows: list[Row]) -> None:
    """Every bridge answers at the pod's IPv6 address, too."""
    assert [row.six for row in rows] == [True] * len(rows)


def test_server_that_is_killed(rows: list[Row]) -> None:
    """Clients are served again: the container ends, or another server is started."""
    assert [row.killed for row in rows[1::2]] == [ENDED, APART, ENDED, KEPT]
