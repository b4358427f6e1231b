"""Which bridge stands before the servers of a runtime, as `mcpServerDefaults.bridge` says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mcpfence.catalog.run.bridges import (
    COMMAND,
    DEFAULTS,
    PORT,
    Bridge,
    known_bridge,
    parted_by_sdk,
    pinned_bridge,
    refuses_large_bodies,
    reserved_variable,
)
from mcpfence.catalog.run.environment_reader import check_text
from mcpfence.catalog.run.model import EnvVar
from mcpfence.findings.finding import Collector, Path, quote

Raw = Mapping[str, Any]

_REGISTRIES = {"npx": "the npm registry", "uvx": "PyPI"}
_LARGER = {"npx": "mcp-proxy@6.7.19, which takes 10 MiB", "uvx": "mcp-proxy==0.13.0, which takes 4 MiB"}
_FORMS = {
    "npx": "mcp-proxy@VERSION or supergateway@VERSION, which npx starts",
    "uvx": "mcp-proxy==VERSION or fastmcp==VERSION, which uvx starts",
}


def read_bridge(defaults: Raw, runtime: str, out: Collector) -> Bridge | None:
    """The bridge, or None after an error. Secrets in a command of the user's own are refused."""
    path = ("mcpServerDefaults", "bridge", runtime)
    written = (defaults.get("bridge") or {}).get(runtime)
    if written is None:
        return DEFAULTS[runtime]
    if not isinstance(written, str):
        return _read_own(written, path, out)
    bridge = known_bridge(written, runtime)
    if bridge is None:
        todo = f"write {_FORMS[runtime]}, or a command as a list with {PORT} and {COMMAND}"
        out.add("run-bridge", path, f"{quote(written)} is no bridge that is known for {runtime}", todo)
        return None
    if not pinned_bridge(bridge):
        sign = "@" if bridge.starter == "npx" else "=="
        sentence = f"{quote(written)} can be another version at every start, written by whoever owns the package"
        out.add("run-floating", path, sentence, f"write an exact version: {bridge.name}{sign}1.2.3")
    if bridge.starter != runtime:
        starter, registry = bridge.starter, _REGISTRIES[bridge.starter]
        sentence = f"{starter} starts {quote(written)}, fetched from {registry}; servers of {runtime} need neither"
        todo = f"write {_FORMS[runtime]}; or give an image with {starter}, and list {registry} for {runtime}"
        out.add("run-bridge-runtime", path, sentence, todo)
    if refuses_large_bodies(bridge):
        sentence = f"{bridge.package} refuses requests of more than 100 KiB, with status 413 and a page of HTML"
        out.add("run-bridge-body", path, sentence, f"where tools take more, write {_LARGER[runtime]}")
    return bridge


def _read_own(items: Sequence[str], path: Path, out: Collector) -> Bridge | None:
    for i, item in enumerate(items):
        check_text(item, (*path, i), out)
    text = " ".join(items)
    if PORT in text and COMMAND in text:
        return Bridge("", own=tuple(items))
    todo = "write both where the bridge takes its port and the server's command"
    out.add("run-bridge", path, f"the command of a bridge has no {PORT} or no {COMMAND} in it", todo)
    return None


def check_environment(bridge: Bridge, package: str, path: Path, out: Collector) -> None:
    """Say it where an image of the user's own cannot hold bridge and server in one environment of Python."""
    if parted_by_sdk(bridge, package):
        sentence = f"{quote(package)} needs the SDK mcp>=2.3 and {bridge.package} mcp<2: no one environment holds both"
        todo = "let mcpServerDefaults.image hold an environment for each of them, as uvx makes one for each"
        out.add("run-bridge-environment", path, sentence, todo)


def check_variables(bridge: Bridge, env: Sequence[EnvVar], path: Path, out: Collector) -> None:
    """Refuse variables that the bridge would take for options of its own: bridge and server share an environment."""
    for variable in env:
        if reserved_variable(bridge, variable.key):
            sentence = f"{variable.key} would set an option of {bridge.package}, which gets these variables, too"
            out.add("run-bridge-env", path, sentence, "remove it, or write a bridge with its options as a list")
