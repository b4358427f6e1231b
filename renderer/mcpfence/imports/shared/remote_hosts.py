"""Where a server that runs elsewhere can be called: the one host and port of its URL."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mcpfence.imports.shared.destinations import Destination, read_destination
from mcpfence.imports.shared.format import Entry, ImportContext

_URL = re.compile(r"(https?)://([^/:]+)(?::([0-9]+))?(?:/.*)?\Z")
_PORTS = {"http": 80, "https": 443}


def host_of(entry: Entry) -> Destination | None:
    """Where a remote server runs; None for composites, for URLs with variables, and for hosts that none may list."""
    config = entry.server.get("remoteConfig")
    if not isinstance(config, Mapping):
        return None
    match = _URL.match(config.get("fixedURL", ""))
    if match is not None:
        return read_destination(match[2], (int(match[3] or _PORTS[match[1]]),), entry.node, ImportContext())
    name = config.get("hostname")
    return read_destination(name, (443,), entry.node, ImportContext()) if name else None
