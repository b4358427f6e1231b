"""Keys that people write beside the place where they belong: where that is, and what to write.

servers.x.package                     npxConfig.package, uvxConfig.package
servers.x.image                       containerizedConfig.image
servers.x.url                         remoteConfig.fixedURL
servers.x.domains                     egress.domains
clients.x.labels                      podSelector
services[].port                       ports, as a list
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mcpfence.catalog.model import CONFIGS
from mcpfence.findings.finding import Path, quote
from mcpfence.text.secret_detection import secret_text

_PACKAGE = ("package", "args", "egressDomains", "denyAllEgress")
CONFIG_KEYS: Mapping[str, tuple[str, ...]] = {
    "npx": _PACKAGE,
    "uvx": (*_PACKAGE, "command"),
    "containerized": ("image", "port", "path", "command", "args", "egressDomains", "denyAllEgress"),
    "remote": ("fixedURL", "urlTemplate", "hostname", "headers"),
}
"""What a server of each runtime has in its own mapping."""
_EGRESS = ("domains", "cidrs", "services", "registries", "kubernetesAPI", "cloudIdentity", "dns")
_LABELS = ("labels", "matchLabels", "selector")
_ALIKE = {"url": "fixedURL"}
_TELLING = {"image": "containerized", "url": "remote", "fixedURL": "remote", "urlTemplate": "remote"}
"""Keys that only one runtime has."""
_PATH = re.compile(r"://[^/]*@|://[^/]+/.|[?#]")
"""What of a URL may be a secret: a user, a path, a query."""
_BARE = re.compile(r"[A-Za-z][A-Za-z0-9./-]*\Z|[0-9]+(?:\.[0-9]+)*/[0-9]+\Z")


def runtime_of(server: Mapping[str, Any]) -> str:
    """The runtime that a server says, or that its other keys tell; empty where nothing does, or several are told."""
    said = server.get("runtime")
    if isinstance(said, str):
        return said if said in CONFIGS else ""
    told = {name for name, key in CONFIGS.items() if key in server}
    told |= {name for key, name in _TELLING.items() if key in server}
    return told.pop() if len(told) == 1 else ""


def home_of(path: Path, holder: Mapping[str, Any]) -> tuple[str, ...]:
    """Where a key that `holder` must not have belongs, from there; empty where that is not known, or taken."""
    key = str(path[-1])
    home: tuple[str, ...] = ()
    if len(path) == 3 and path[0] == "servers":
        home = _home_in_server(key, holder)
    elif key in _LABELS and ((len(path) == 3 and path[0] in ("clients", "workloads")) or "services" in path):
        home = ("podSelector",)
    elif key == "port" and len(path) > 2 and path[-3] in ("services", "domains", "cidrs"):
        home = ("ports",)
    beside: Any = holder.get(home[0]) if home else None
    taken = beside is not None and (len(home) == 1 or not isinstance(beside, Mapping) or home[1] in beside)
    return () if taken else home


def _home_in_server(key: str, server: Mapping[str, Any]) -> tuple[str, ...]:
    if key in _LABELS:
        return ("podSelector",)
    if key in _EGRESS:
        return ("egress", key)
    runtime, name = runtime_of(server), _ALIKE.get(key, key)
    return (CONFIGS[runtime], name) if name in CONFIG_KEYS.get(runtime, ()) else ()


def misplaced(path: Path, holder: Mapping[str, Any]) -> str:
    """What to write instead of a key that is not known there; empty where that is not known."""
    home = home_of(path, holder)
    if not home:
        return ""
    pair = f"{home[-1]}: {_shown(_value(home, holder[str(path[-1])]))}"
    if len(home) == 1:
        return f"write {pair}"
    return f"write {pair} under {home[0]}" if home[0] in holder else f"write {home[0]}: {{{pair}}}"


def _value(home: tuple[str, ...], value: Any) -> Any:
    return [value] if home[-1] == "ports" and not isinstance(value, list) else value


def moved(path: Path, holder: Mapping[str, Any]) -> dict[str, Any]:
    """The holder with a misplaced key where it belongs."""
    home = home_of(path, holder)
    found = {key: value for key, value in holder.items() if key != path[-1]}
    value = _value(home, holder[str(path[-1])])
    if len(home) == 1:
        return {**found, home[0]: value}
    return {**found, home[0]: {**(found.get(home[0]) or {}), home[1]: value}}


def _shown(value: Any) -> str:
    """A value in YAML, `...` for what may be a secret or is long."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        if len(value) > 100 or secret_text(value) or (value.partition("://")[1] and _PATH.search(value)):
            return "..."
        return value if _BARE.match(value) else quote(value)
    if isinstance(value, list) and 0 < len(value) < 9 and all(isinstance(item, (str, int)) for item in value):
        shown = [_shown(item) for item in value]
        return "..." if "..." in shown else f"[{', '.join(shown)}]"
    if isinstance(value, Mapping) and 0 < len(value) < 9 and all(isinstance(item, str) for item in value.values()):
        pairs = [f"{_shown(str(key))}: {_shown(item)}" for key, item in value.items()]
        return "..." if any("..." in pair for pair in pairs) else f"{{{', '.join(pairs)}}}"
    return "..."
