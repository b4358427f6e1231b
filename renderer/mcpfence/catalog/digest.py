"""The digest of a catalog: what the objects depend on, the same for any order of keys and on every way in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mcpfence.catalog.model import CONFIGS, HOSTED
from mcpfence.documents.digests import sha256
from mcpfence.patterns import regex

Raw = Mapping[str, Any]

_SERVER_KEYS = ("egress", "gateway", "ingress", "podSelector", "runtime")
_READ = ("componentServers", "denyAllEgress", "egressDomains", "hostname", "port")
_RUN_DEFAULTS = (
    "affinity",
    "bridge",
    "image",
    "imagePullPolicy",
    "imagePullSecrets",
    "nodeSelector",
    "resources",
    "runtimeClassName",
    "tolerations",
    "volumeSizeLimit",
)
_ENV = ("file", "key", "name", "required", "secretKeyRef", "sensitive", "value")
_ORIGIN = regex(r"([A-Za-z]+://)?(?:[^/?#]*@)?([^/?#]*)")


def digest(raw: Raw) -> str:
    """SHA-256 of what policies depend on: the same for any order of keys, and on every way in.

    The chart's carrier leaves out what no policy needs (env, arguments, the path of a URL), so it is left out here.
    """
    relevant = {key: raw[key] for key in ("cluster", "dns", "egress", "clients", "workloads") if raw.get(key)}
    relevant["port"] = (raw.get("mcpServerDefaults") or {}).get("port")
    relevant["servers"] = {name: _relevant(server) for name, server in (raw.get("servers") or {}).items()}
    if something_runs(raw):
        relevant["run"] = _running(raw)
    if something_is_registered(raw):
        relevant["gateway"] = raw.get("gateway")
    if is_guarded(raw):
        relevant["guard"] = raw.get("guard")
    text = json.dumps(relevant, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode()).hexdigest()


def something_runs(raw: Raw) -> bool:
    """Whether the catalog asks for running any server."""
    enabled = (raw.get("run") or {}).get("enabled", False)
    return enabled or any(server.get("run", False) is not False for server in (raw.get("servers") or {}).values())


def something_is_registered(raw: Raw) -> bool:
    """Whether the catalog has a gateway, or a server that wants one."""
    provider = (raw.get("gateway") or {}).get("provider", "none")
    return provider != "none" or any("gateway" in server for server in (raw.get("servers") or {}).values())


def is_guarded(raw: Raw) -> bool:
    """Whether the catalog asks for a guard."""
    return bool((raw.get("guard") or {}).get("enabled", False))


def _running(raw: Raw) -> Raw:
    """What the objects of running servers depend on; of servers that do not run the carrier brings nothing.

    Where the carrier withholds a value of a variable the catalog is refused, so there is no digest to agree on.
    """
    defaults = {key: value for key, value in (raw.get("mcpServerDefaults") or {}).items() if key in _RUN_DEFAULTS}
    found: dict[str, Any] = {"enabled": (raw.get("run") or {}).get("enabled", False), "defaults": defaults}
    for name, server in (raw.get("servers") or {}).items():
        if not runs(raw, server):
            continue
        config = server.get(CONFIGS[server["runtime"]]) or {}
        found[f"servers.{name}"] = {
            "run": server.get("run"),
            "env": [{key: entry[key] for key in _ENV if key in entry} for entry in server.get("env") or ()],
            "config": {key: config[key] for key in ("image", "package", "command", "args") if key in config},
        }
    return found


def runs(raw: Raw, server: Raw) -> bool:
    """Whether mcpfence runs this server."""
    written = server.get("run")
    if isinstance(written, Mapping):
        return bool(written.get("enabled", True))
    if written is None:
        return bool((raw.get("run") or {}).get("enabled", False)) and server.get("runtime") in HOSTED
    return bool(written)


def _relevant(server: Raw) -> Raw:
    found = {key: server[key] for key in _SERVER_KEYS if key in server}
    config = server.get(CONFIGS[server["runtime"]]) or {}
    found["config"] = {key: config[key] for key in _READ if key in config}
    for key in ("fixedURL", "urlTemplate"):
        if key in config:
            found["url"] = "".join(_origin(config[key]))
    return found


def _origin(url: str) -> tuple[str, str]:
    match = _ORIGIN.match(url)
    return (match[1] or "", match[2]) if match else ("", "")
