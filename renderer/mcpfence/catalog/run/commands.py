"""What the container of a server executes: the package through npx or uvx, behind a bridge where it speaks stdio.

    npx, stdio   npx --yes supergateway@4.0.0 --outputTransport streamableHttp ... --stdio 'npx --yes PACKAGE ARGS'
    uvx, stdio   uvx mcp-proxy==0.13.0 --host 0.0.0.0 --port 8099 --pass-environment -- uvx PACKAGE ARGS
    http         the command alone: the server listens on its port itself

Both bridges serve streamable HTTP at /mcp.  They come from the registry that the package comes from, so a server needs
no further destination for them.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

IMAGES = {
    "npx": "docker.io/library/node:22-bookworm-slim",
    "uvx": "ghcr.io/astral-sh/uv:python3.12-bookworm-slim",
}
"""Official images with the runtime and nothing else; a cluster of one's own pins them by digest."""

BRIDGES = {"npx": "supergateway@4.0.0", "uvx": "mcp-proxy==0.13.0"}
"""By runtime, so that one image needs one runtime only; both were tried with real servers (docs/run.md)."""

_KNOWN = re.compile(r"(supergateway|mcp-proxy)(?:(?:@|==)[A-Za-z0-9.+-]+)?\Z")
_EXACT = {
    "npx": re.compile(r"@?[^@]+@v?[0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.+-]*\Z"),
    "uvx": re.compile(r"[^=@]+(?:==|@)v?[0-9][0-9A-Za-z.!+-]*\Z"),
}
_IMAGE = re.compile(r"(?=.{1,1024}\Z)[A-Za-z0-9][A-Za-z0-9._:/-]*(?:@sha(?:256|512):[0-9a-f]+)?\Z")
_COMMIT = re.compile(r"[@#][0-9a-f]{40}\b")


def known_bridge(text: str) -> bool:
    """Whether a bridge is one whose options are known here: supergateway or mcp-proxy, with or without a version."""
    return _KNOWN.match(text) is not None


def package_command(runtime: str, package: str, args: Sequence[str], command: str = "") -> list[str]:
    """`npx --yes PACKAGE ARGS`, `uvx PACKAGE ARGS` or `uvx --from PACKAGE COMMAND ARGS`."""
    if runtime == "npx":
        return ["npx", "--yes", package, *args]
    return ["uvx", *(["--from", package, command] if command else [package]), *args]


def bridged(bridge: str | Sequence[str], command: Sequence[str], port: int, address: str) -> list[str]:
    """The command behind a bridge that listens on `port` of `address`.

    In a list of one's own, {port} becomes the port, an item {command} the command item by item, and {command} inside
    an item the command as one line for a shell.
    """
    line = shlex.join(command)
    if not isinstance(bridge, str):
        made: list[str] = []
        for item in bridge:
            if item == "{command}":
                made += command
            else:
                made.append(item.replace("{port}", str(port)).replace("{command}", line))
        return made
    if bridge.startswith("supergateway"):
        options = ["--outputTransport", "streamableHttp", "--stateful", "--port", str(port), "--logLevel", "info"]
        return ["npx", "--yes", bridge, *options, "--stdio", line]
    options = ["--host", address, "--port", str(port), "--pass-environment"]
    return ["uvx", bridge, *options, "--", *command]


def pinned_package(runtime: str, package: str) -> bool:
    """Whether a package names one exact version: `name@1.2.3`, `name==1.2.3`, or a commit of 40 digits."""
    return _EXACT[runtime].match(package) is not None or _COMMIT.search(package) is not None


def image_name(image: str) -> bool:
    """Whether a text has the form of an image's name, whose only @ stands before a digest."""
    return _IMAGE.match(image) is not None


def pinned_image(image: str) -> bool:
    """Whether an image has a digest, or a tag other than latest."""
    name = image.rpartition("/")[2]
    if "@" in name:
        return True
    tag = name.partition(":")[2]
    return bool(tag) and tag != "latest"
