"""What a command starts: a package through npx or uvx, an image through docker run, or a bridge to a remote server."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from mcpfence.imports.mcp_json.docker_run import DockerRun, read_docker_run
from mcpfence.imports.shared.destinations import shown
from mcpfence.imports.shared.source import BadEntry, Node
from mcpfence.structs import Struct

_WRAPPED = {
    "npx": (("npx",), "npx"),
    "bunx": (("bunx",), "npx"),
    "pnpx": (("pnpx",), "npx"),
    "npm": (("npm", "exec"), "npx"),
    "pnpm": (("pnpm", "dlx"), "npx"),
    "yarn": (("yarn", "dlx"), "npx"),
    "bun": (("bun", "x"), "npx"),
    "uvx": (("uvx",), "uvx"),
    "uv": (("uv", "tool", "run"), "uvx"),
    "pipx": (("pipx", "run"), "uvx"),
}
"""By the first word: all that begin a package's run, and the runtime that runs it here."""
_VALUES = {
    "npx": frozenset({"-p", "--package", "-w", "--workspace", "--node-options", "--cache", "--prefix", "--userconfig"}),
    "uvx": frozenset(
        {
            *("--from", "--with", "--with-editable", "--with-requirements", "--python", "-p", "--cache-dir"),
            *("--constraints", "-c", "--overrides", "--directory", "--project", "--env-file", "--refresh-package"),
            *(
                "--link-mode",
                "--resolution",
                "--prerelease",
                "--exclude-newer",
                "--color",
                "--spec",
                "--upgrade-package",
            ),
        }
    ),
}
_REGISTRY = frozenset({"--registry", "--index", "--index-url", "-i", "--default-index", "--extra-index-url", "-f"})
_REGISTRY_ENV = re.compile(
    r"(?i)(?:npm_config_registry|uv_(?:default_)?index(?:_url)?|uv_extra_index_url|pip_index_url)\Z"
)
_PACKAGE = {"npx": ("-p", "--package"), "uvx": ("--from", "--spec")}
_BRIDGES = re.compile(r"(?:mcp-remote|mcp-proxy)(?:(?:@|==)[A-Za-z0-9.+-]+)?\Z")
_URL = re.compile(r"(?i)https?://")


class Started(Struct):
    """A package (runtime npx or uvx), an image (containerized) or a URL (remote), with the word that it begins with."""

    runtime: str
    what: str
    word: str
    command: str = ""
    """Of uvx, where the package's command has another name."""
    container: DockerRun | None = None


def started(words: Sequence[str], variables: Mapping[str, object], node: Node) -> Started:
    """What a command with its arguments starts; raises BadEntry for what no catalog can run."""
    words = _unwrapped(words)
    if not words:
        raise BadEntry(node, "has neither a command nor a url", "add what the server runs, or where")
    first = _program(words[0])
    if first in ("docker", "podman", "nerdctl"):
        if words[1:2] != ["run"] and words[1:3] != ["container", "run"]:
            todo = "write a containerized server by hand"
            raise BadEntry(node, f"calls {first} for something else than run", todo)
        found = read_docker_run(words[2 if words[1] == "run" else 3 :], node)
        return Started("containerized", found.image, first, container=found)
    if first in _WRAPPED:
        begin, runtime = _WRAPPED[first]
        if tuple(words[1 : len(begin)]) == begin[1:]:
            return _package(runtime, words[len(begin) :], " ".join(begin), variables, node)
    todo = "build an image of it and write a containerized server by hand"
    raise BadEntry(node, f"starts {shown(first)} of a developer's machine, which no catalog can run", todo)


def runs_packages(command: str) -> bool:
    """Whether a command is npx, uvx or one of their like."""
    return _program(command) in _WRAPPED


def _program(text: str) -> str:
    """The program of a path, without its ending: npx of nodejs/npx.cmd."""
    name = text.replace("\\", "/").rpartition("/")[2].lower()
    return re.sub(r"\.(?:cmd|exe|bat|ps1)\Z", "", name)


def _unwrapped(words: Sequence[str]) -> list[str]:
    """The words without what only starts them: cmd /c, env NAME=VALUE."""
    left = [word for word in words if word]
    if left and _program(left[0]) == "cmd":
        left = left[1:]
        while left and left[0].startswith("/"):
            left = left[1:]
    if left and _program(left[0]) == "env":
        left = left[1:]
        while left and re.match(r"[A-Za-z_][A-Za-z0-9_]*=", left[0]):
            left = left[1:]
    return left


def _package(runtime: str, args: Sequence[str], word: str, variables: Mapping[str, object], node: Node) -> Started:
    """The package behind the options of npx or uvx, and what a bridge among them leads to."""
    given, rest = "", list(args)
    if any(_REGISTRY_ENV.match(name) for name in variables):
        raise _elsewhere(runtime, node)
    while rest and rest[0].startswith("-"):
        option, joined, value = rest.pop(0).partition("=")
        if option in _REGISTRY:
            raise _elsewhere(runtime, node)
        if option == "--":
            break
        if option in _VALUES[runtime] and not joined:
            value = rest.pop(0) if rest else ""
        if option in _PACKAGE[runtime]:
            given = value
        elif option in ("-c", "--call") and runtime == "npx":
            raise BadEntry(node, f"hands a command line to {word}", "write the server by hand")
    name, command = (given, rest[0] if rest else "") if given else (rest[0] if rest else "", "")
    if not name:
        raise BadEntry(node, f"names no package behind {word}", "mend the source")
    if re.match(r"(?:tsx|ts-node|nodemon|node)(?:@|\Z)", name):
        todo = "build an image of it and write a containerized server by hand"
        raise BadEntry(node, f"runs a file of a developer's machine with {shown(name)}", todo)
    if _BRIDGES.match(name) and (urls := [text for text in rest[0 if given else 1 :] if _URL.match(text)]):
        return Started("remote", urls[0], name)
    return Started(runtime, name, word, command)


def _elsewhere(runtime: str, node: Node) -> BadEntry:
    sentence = f"takes the package from a registry that {runtime} does not ask by itself"
    todo = "build an image that is set to it, and write the server by hand with its host in egress.registries"
    return BadEntry(node, sentence, todo)
