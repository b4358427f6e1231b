"""What the container of a server executes: its image, and the package through npx or uvx.

    npx     npx --yes PACKAGE ARGS
    uvx     uvx PACKAGE ARGS, or uvx --from PACKAGE COMMAND ARGS

Where the package speaks stdio a bridge stands before it (`bridges`), which comes from the registry that the package
comes from, so a server needs no further destination for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

IMAGES = {
    "npx": "docker.io/library/node:22-bookworm-slim",
    "uvx": "ghcr.io/astral-sh/uv:python3.12-bookworm-slim",
}
"""Official images with the runtime and nothing else; a cluster of one's own pins them by digest."""

_EXACT = {
    "npx": re.compile(r"@?[^@]+@v?[0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.+-]*\Z"),
    "uvx": re.compile(r"[^=@]+(?:==|@)v?[0-9][0-9A-Za-z.!+-]*\Z"),
}
_IMAGE = re.compile(r"(?=.{1,1024}\Z)[A-Za-z0-9][A-Za-z0-9._:/-]*(?:@sha(?:256|512):[0-9a-f]+)?\Z")
_COMMIT = re.compile(r"[@#][0-9a-f]{40}\b")


def package_command(runtime: str, package: str, args: Sequence[str], command: str = "") -> list[str]:
    """`npx --yes PACKAGE ARGS`, `uvx PACKAGE ARGS` or `uvx --from PACKAGE COMMAND ARGS`."""
    if runtime == "npx":
        return ["npx", "--yes", package, *args]
    return ["uvx", *(["--from", package, command] if command else [package]), *args]


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
