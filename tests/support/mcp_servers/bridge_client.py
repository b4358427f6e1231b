"""A real client that measures what stands before a server: run by the Python of `.tools/mcp`, or by that of its `new`.

    python -I bridge_client.py URL URL6     prints JSON: the version of MCP that was agreed on, and what was answered

`mcp` 1.x speaks MCP with sessions, 2.x finds out by itself what the other end speaks.  The tool toggle-simulated-logging
of server-everything says whether its process was asked an even number of times before.
"""

# ruff: noqa: T201  # a program of its own, which is heard on stdout

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

LARGE = 200_000
SECONDS = 120.0
Call = Callable[..., Any]


@asynccontextmanager
async def old_session(url: str) -> AsyncIterator[tuple[str, Call]]:
    """A session of the SDK 1.x: its version of MCP and how to call a tool."""
    connect = import_module("mcp.client.streamable_http").streamablehttp_client
    async with (
        connect(url, timeout=SECONDS) as (reading, writing, _),
        import_module("mcp").ClientSession(reading, writing) as session,
    ):
        agreed = await session.initialize()
        yield str(agreed.protocolVersion), session.call_tool


@asynccontextmanager
async def new_session(url: str) -> AsyncIterator[tuple[str, Call]]:
    """What the SDK 2.x makes of it."""
    async with import_module("mcp").Client(url) as client:
        yield str(client.protocol_version), client.call_tool


async def said(call: Call, tool: str, **arguments: Any) -> str:
    """The first text of an answer."""
    answer = await asyncio.wait_for(call(tool, arguments), SECONDS)
    return str(answer.content[0].text)


async def large(session: Callable[[str], Any], url: str) -> bool:
    """Whether a call of 200,000 bytes is answered, in a session of its own, since it may take that along."""
    try:
        async with session(url) as (_, call):
            return len(await said(call, "echo", message="x" * LARGE)) > LARGE
    except (BaseExceptionGroup, Exception):  # noqa: BLE001  # each SDK has its own, and its own groups of them
        return False


async def measure(url: str, url6: str) -> dict[str, Any]:
    """Four calls in two sessions, one with a large body, one at the pod's IPv6 address."""
    from importlib.metadata import version

    session: Callable[[str], Any] = old_session if version("mcp").startswith("1.") else new_session
    async with session(url) as (agreed, call):
        answers = [await said(call, "toggle-simulated-logging") for _ in range(3)]
        async with session(url) as (_, other):
            answers.append(await said(other, "toggle-simulated-logging"))
    async with session(url6) as (_, call):
        six = await said(call, "echo", message="six")
    return {"agreed": agreed, "answers": answers, "six": six, "large": await large(session, url)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(*sys.argv[1:]))))
