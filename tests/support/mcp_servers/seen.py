"""What the clients heard, as the passage "Seen working" of docs/run.md shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from mcp_servers.cluster import Document
from mcp_servers.conversations import ECHO, PAGES, QUESTIONS, Heard, Page
from mcp_servers.talks import Call
from tooling import ROOT

DOC = ROOT / "docs" / "run.md"
_BEGIN, _END = "<!-- begin: seen (written by tests/engines/mcp_servers: make golden) -->", "<!-- end: seen -->"
_FORBIDDEN = re.compile(r"[a-z]+ is forbidden: User .*")


def passage(fenced: Heard, unfenced: Heard) -> str:
    """Two blocks of Markdown: the sessions behind the fences, and the pages with and without them."""
    return "\n".join(["```text", *_sessions(fenced), "```", "", *_pages(fenced, unfenced)])


def _sessions(heard: Heard) -> Iterator[str]:
    yield "agents/agent, which the catalog declares as a client"
    yield from _session("everything", heard.everything, ECHO)
    yield from _session("kubernetes", heard.kubernetes, QUESTIONS)
    yield f"  http://fetch.mcp/mcp lists {_count(heard.fetch)}; what it fetches stands below"
    for who in sorted({who for who, _ in heard.strangers}):
        yield f"{who}, which it does not"
        for (caller, server), answer in sorted(heard.strangers.items()):
            if caller == who:
                yield f"  http://{server}.mcp/mcp {answer.get('refused') or f'lists {_count(answer)}'}"


def _session(server: str, heard: Document, calls: Sequence[Call]) -> Iterator[str]:
    yield f"  http://{server}.mcp/mcp lists {_count(heard)}"
    for (tool, arguments), answer in zip(calls, heard["answers"], strict=True):
        asked = ", ".join(f"{key}={value}" for key, value in arguments.items())
        yield f"    {tool}({asked})"
        yield f"      {_steady(answer['text'])}"


def _count(heard: Document) -> str:
    tools = heard["tools"]
    return (
        f"{len(tools)} tool{'s' if len(tools) != 1 else ''}: {', '.join(tools[:2])}{', ...' if len(tools) > 2 else ''}"
    )


def _steady(text: str) -> str:
    """An answer without what differs from run to run: ages and addresses in a table of pods."""
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        return forbidden[0]
    rows = [line.split() for line in text.splitlines()]
    if rows[0][0] == "NAMESPACE":
        return "; ".join(f"{kind} {name} {status}" for _, _, kind, name, _, status, *_ in rows[1:])
    return text


def _pages(fenced: Heard, unfenced: Heard) -> Iterator[str]:
    yield "| `fetch` is asked for | what that is | behind its fence | without the policies |"
    yield "|---|---|---|---|"
    for page in PAGES:
        yield f"| `{page.url}` | {page.what} | {_page(fenced, page)} | {_page(unfenced, page)} |"


def _page(heard: Heard, page: Page) -> str:
    """What was fetched, or in short why not."""
    text = heard.page(page)
    failed = re.search(r"ConnectTimeout|status code \d+", text)
    if failed:
        return f"`{failed[0]}`"
    return text if text.startswith("Hello") else "the registry's answer"


def stored() -> tuple[str, str, str]:
    """docs/run.md in three parts: before the passage, the passage, behind it."""
    return parts_of(DOC)


def store(text: str) -> None:
    """Write the passage anew."""
    store_in(DOC, text)


def parts_of(page: Path) -> tuple[str, str, str]:
    """A page in three parts: before its passage, the passage, behind it."""
    before, _, rest = page.read_text(encoding="utf-8").partition(f"{_BEGIN}\n")
    inner, _, after = rest.partition(f"\n{_END}\n")
    assert rest, f"{page.name} has no {_BEGIN}"
    assert after or rest.endswith(f"{_END}\n"), f"{page.name} has no {_END}"
    return f"{before}{_BEGIN}\n", inner, f"\n{_END}\n{after}"


def store_in(page: Path, text: str) -> None:
    """Write the passage of a page anew."""
    before, _, after = parts_of(page)
    page.write_text(f"{before}{text}{after}", encoding="utf-8")
