"""The bridges that make an HTTP endpoint of a package that speaks stdio: programs of others, started by npx or uvx.

    npm mcp-proxy    one process for all sessions, both generations of MCP; the default of npx
    supergateway     a process for each session (2025), or for each request (2026-07-28)
    PyPI mcp-proxy   one process for all sessions, MCP up to 2025-11-25; the default of uvx
    fastmcp          one process for all sessions, both generations; a program of five lines, since its own command
                     would not pass the environment on

All serve streamable HTTP at /mcp, and all were run with real clients of both generations (docs/run.md, "Seen working").
npm and PyPI have different programs called mcp-proxy; `@` before a version is npm's way to write one, `==` is PyPI's.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from mcpfence.structs import Struct

PORT, COMMAND = "{port}", "{command}"
"""What a bridge of one's own has where the port goes, and the server's command."""


class Bridge(Struct):
    """A bridge that is known here, or a command of the user's own."""

    name: str
    """Of the program; empty for a command of one's own."""
    starter: str = ""
    """npx or uvx."""
    package: str = ""
    """What the starter is given: the name, and the version if one is written."""
    own: tuple[str, ...] = ()


DEFAULTS = {
    "npx": Bridge("mcp-proxy", "npx", "mcp-proxy@6.7.19"),
    "uvx": Bridge("mcp-proxy", "uvx", "mcp-proxy==0.13.0"),
}
"""By the server's runtime, so that one image needs one runtime only, and one registry."""

_MEMORY = {("mcp-proxy", "npx"): ("640Mi", "2Gi"), ("supergateway", "npx"): ("1Gi", "4Gi")}
"""Request and limit where what stands before the server takes more than the usual one holds.

Requests were measured once with server-everything, by hand (docs/run.md, "Seen working"): npm's mcp-proxy 470 MiB
behind its first client, supergateway 387 MiB behind four sessions, of which each that nobody ends stays for half an
hour: its limit is how many sessions there may be.
"""

_STARTERS = {"supergateway": ("npx",), "mcp-proxy": ("npx", "uvx"), "fastmcp": ("uvx",)}
_WORD = re.compile(r"(supergateway|mcp-proxy|fastmcp)(?:(@|==)[A-Za-z0-9][A-Za-z0-9.+-]*)?\Z")
_SIGNS = {"@": "npx", "==": "uvx"}
_EXACT = re.compile(r"[a-z-]+(?:@|==)[0-9]+\.[0-9]+\.[0-9][0-9A-Za-z.+-]*\Z")
_RESERVED = {("mcp-proxy", "npx"): "MCP_PROXY", ("fastmcp", "uvx"): "FASTMCP_"}

_NEWER_SDK = re.compile(r"mcp-server-fetch(?:(?:==|@)(?:latest\Z|([0-9]{1,6}(?:\.[0-9]{1,6})*)))?\Z")
_NEWER_SDK_SINCE = (2026, 10, 24)

_WATCH = ("sh", "-c", '"$@"; kill "$PPID"', "sh")
"""Runs the words behind it, which no shell reads, and ends the bridge with them: a bridge whose one server has died
would keep its port open, and answer every call with an error."""

_START_MILLISECONDS = "300000"
"""How long npm's mcp-proxy waits for the server: as long as the startup probe."""

_FASTMCP = """\
import os, sys
from fastmcp.client.transports import StdioTransport
from fastmcp.server import create_proxy
host, port, level, *command = sys.argv[1:]
server = StdioTransport(command[0], command[1:], env=dict(os.environ))
proxy = create_proxy(server, mode="legacy")
proxy.run(transport="http", host=host, port=int(port), log_level=level, show_banner=False)
"""

_ASK = """\
const meta = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "readiness", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": {},
};
const answer = await fetch("http://127.0.0.1:%d/mcp", {
  method: "POST",
  headers: {
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2026-07-28",
    "Mcp-Method": "tools/list",
  },
  body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: { _meta: meta } }),
});
process.exit(/"result":|-32601/.test(await answer.text()) ? 0 : 1);
"""
"""Lists the server's tools in one request without a session; -32601: it is a server without tools."""


def known_bridge(text: str, runtime: str) -> Bridge | None:
    """What a word under `bridge` means for the servers of a runtime; None if it means nothing, or two things."""
    found = _WORD.match(text)
    if found is None:
        return None
    name, sign = found[1], found[2]
    starters = _STARTERS[name]
    if sign is None:
        return Bridge(name, runtime if runtime in starters else starters[0], text)
    starter = _SIGNS[sign]
    if starter not in starters or (name, starter, runtime) == ("mcp-proxy", "npx", "uvx"):
        return None  # uvx reads @, too, and would start the other mcp-proxy
    return Bridge(name, starter, text)


def pinned_bridge(bridge: Bridge) -> bool:
    """Whether it names one exact version; a command of one's own does as it says."""
    return bool(bridge.own) or _EXACT.match(bridge.package) is not None


def reserved_variable(bridge: Bridge, key: str) -> bool:
    """Whether a variable would set an option of the bridge: one of npm's mcp-proxy opens a public tunnel."""
    prefix = _RESERVED.get((bridge.name, bridge.starter))
    return prefix is not None and key.startswith(prefix)


def refuses_large_bodies(bridge: Bridge) -> bool:
    """Whether it refuses requests of more than 102,400 bytes, with a page of HTML (seen with supergateway 4.0.0)."""
    return bridge.name == "supergateway"


def parted_by_sdk(bridge: Bridge, package: str) -> bool:
    """Whether bridge and package need versions of the SDK `mcp` of which no environment of Python holds both.

    PyPI's mcp-proxy needs mcp<2, and mcp-server-fetch mcp>=2.3 since 2026.10.24; without a version it is the newest.
    """
    found = _NEWER_SDK.match(package) if (bridge.name, bridge.starter) == ("mcp-proxy", "uvx") else None
    return found is not None and (found[1] is None or tuple(map(int, found[1].split("."))) >= _NEWER_SDK_SINCE)


def memory_of(bridge: Bridge | None, usual: tuple[str, str]) -> tuple[str, str]:
    """The memory that a server with this bridge before it asks for, and how much it may take."""
    return usual if bridge is None else _MEMORY.get((bridge.name, bridge.starter), usual)


def readiness_command(bridge: Bridge, port: int) -> tuple[str, ...]:
    """A command inside the container that asks the server itself whether it answers; empty where none is cheap.

    npm's mcp-proxy takes a request without a session, and its image has Node.js.  Behind supergateway such a request
    would start a process, PyPI's mcp-proxy wants a session for it, and of an image with uv alone no Python is known.
    """
    if (bridge.name, bridge.starter) != ("mcp-proxy", "npx"):
        return ()
    # Without what the server's environment may ask of every Node.js: a proxy for HTTP, a debugger.
    return ("env", "-u", "NODE_OPTIONS", "-u", "NODE_USE_ENV_PROXY", "node", "--input-type=module", "-e", _ASK % port)


def bridged(
    bridge: Bridge, command: Sequence[str], port: int, families: frozenset[int], *, verbose: bool = False
) -> list[str]:
    """The command behind a bridge that listens on `port` of the pod's addresses of these families.

    In a command of one's own {port} becomes the port, an item {command} the command item by item, and {command} inside
    an item the command as one line for a shell.
    """
    if bridge.own:
        return _own(bridge.own, command, port)
    # An address of IPv4 also on nodes without IPv6; else both families, whichever of them the pod is given first.
    only_ipv4 = families == {4}
    if bridge.name == "supergateway":
        level = "info" if verbose else "none"
        options = ["--outputTransport", "streamableHttp", "--stateful", "--port", str(port), "--logLevel", level]
        return ["npx", "--yes", bridge.package, *options, "--stdio", shlex.join(command)]
    if bridge.starter == "npx":
        options = ["--server", "stream", "--host", "0.0.0.0" if only_ipv4 else "::", "--port", str(port)]  # noqa: S104
        options += ["--connectionTimeout", _START_MILLISECONDS, *(["--debug"] if verbose else [])]
        return ["npx", "--yes", bridge.package, *options, "--", *_WATCH, *command]
    host, level = "0.0.0.0" if only_ipv4 else "", "DEBUG" if verbose else "WARNING"  # noqa: S104 - "": every address
    if bridge.name == "fastmcp":
        return ["uvx", "--from", bridge.package, "python", "-c", _FASTMCP, host, str(port), level, *command]
    options = ["--host", host, "--port", str(port), "--pass-environment", "--log-level", level]
    return ["uvx", bridge.package, *options, "--", *_WATCH, *command]


def _own(items: Sequence[str], command: Sequence[str], port: int) -> list[str]:
    made: list[str] = []
    for item in items:
        if item == COMMAND:
            made += command
        else:
            made.append(item.replace(PORT, str(port)).replace(COMMAND, shlex.join(command)))
    return made
