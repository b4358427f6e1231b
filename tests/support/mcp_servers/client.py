"""A real MCP client: the `mcp` SDK over streamable HTTP.  Run by the Python of `.tools/mcp`.

    python -I client.py     JSON on stdin, one for each session:
                              [{"url": URL, "seconds": N, "calls": [[TOOL, {ARGUMENT: VALUE}], ...]}, ...]
                            JSON on stdout, one for each session:
                              [{"server": NAME, "tools": [...], "answers": [{"error": BOOL, "text": TEXT}, ...]}, ...]
                              or, where no session comes about, {"refused": "KIND OF THE ERROR", "why": TEXT}

All sessions are held at the same time, and all calls of a session are made at the same time.
"""

# ruff: noqa: T201  # a program of its own, which is heard on stdout

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from mcp.client.streamable_http import streamablehttp_client  # type: ignore[import-not-found,attr-defined,unused-ignore]
from mcp.types import TextContent  # type: ignore[import-not-found,attr-defined,unused-ignore]

from mcp import ClientSession  # type: ignore[import-not-found,attr-defined,unused-ignore]


async def talk(url: str, calls: list[tuple[str, dict[str, Any]]], seconds: float) -> dict[str, Any]:
    """One session: initialize, list the tools, call."""
    async with (
        streamablehttp_client(url, timeout=seconds) as (reading, writing, _),
        ClientSession(reading, writing) as session,
    ):
        who = await session.initialize()
        tools = [tool.name for tool in (await session.list_tools()).tools]
        answers = await asyncio.gather(*(session.call_tool(name, arguments) for name, arguments in calls))
    texts = ["\n".join(part.text for part in answer.content if isinstance(part, TextContent)) for answer in answers]
    found = [{"error": answer.isError, "text": text} for answer, text in zip(answers, texts, strict=True)]
    return {"server": who.serverInfo.name, "tools": tools, "answers": found}


def cause(error: BaseException) -> BaseException:
    """The first error of a group of groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def attempt(asked: dict[str, Any]) -> dict[str, Any]:
    """A session, or why there is none."""
    try:
        return await talk(asked["url"], asked["calls"], asked["seconds"])
    except (BaseExceptionGroup, Exception) as error:  # noqa: BLE001  # whatever it is, the test reads it
        return {"refused": type(cause(error)).__name__, "why": str(cause(error))}


async def attempt_all(sessions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All of them at once."""
    return await asyncio.gather(*map(attempt, sessions))


if __name__ == "__main__":
    print(json.dumps(asyncio.run(attempt_all(json.load(sys.stdin)))))
