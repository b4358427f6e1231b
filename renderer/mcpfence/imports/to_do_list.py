"""The work that an import leaves: a comment at the catalog's end on servers that declare nothing, with hints."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mcpfence.imports.shared.format import Named
from mcpfence.imports.shared.hints import hosts_of
from mcpfence.imports.writer import comment

_BEGIN = "# --- left to do, by mcpfence import ---"
_END = "# --- end of what is left to do ---"
_OLD = re.compile(rf"(?:\r?\n)?^{re.escape(_BEGIN)}\r?$(.*?)^{re.escape(_END)}\r?$\n?", re.MULTILINE | re.DOTALL)
_ITEM = re.compile(r"^#   ([a-z0-9-]+):\r?\n((?:#     .*\n)*)", re.MULTILINE)


def left_to_do(servers: Sequence[Named], stance: str, before: Mapping[str, str]) -> str:
    """The comment for undeclared servers; `before` are those of earlier imports, by name, as they stood there."""
    items = {item.label: "".join(_deeper(f"hint: {hint}", 4) for hint in item.entry.hints) for item in servers}
    items = {**before, **items}
    if not items:
        return ""
    intro = (
        f"These servers declare nothing of what they reach: egress.default of the catalog ({stance}) holds for them.",
        "List their hosts under egressDomains. A hint is where to look: nothing of it was applied.",
    )
    lines = [_deeper(f"{label}:", 2) + hints for label, hints in sorted(items.items())]
    return f"\n{_BEGIN}\n{comment(intro)}{''.join(lines)}{_END}\n"


def _deeper(sentence: str, steps: int) -> str:
    """A comment whose words stand further in."""
    return "".join(f"#{' ' * steps}{line[1:]}" for line in comment([sentence]).splitlines(keepends=True))


def without(text: str) -> str:
    """The text of a catalog without the comment of an earlier import."""
    return _OLD.sub("", text)


def earlier(text: str, base: Mapping[str, Any]) -> dict[str, str]:
    """What an earlier import left to do and is still to be done: by name, the lines of its hints."""
    found = _OLD.search(text)
    servers = base.get("servers")
    if found is None or not isinstance(servers, Mapping):
        return {}
    items = {name: hints.replace("\r", "") for name, hints in _ITEM.findall(found[1])}
    return {name: hints for name, hints in items.items() if _silent(servers.get(name))}


def _silent(server: Any) -> bool:
    """Whether a server of the user's file still says nothing of its egress."""
    if not isinstance(server, Mapping):
        return False
    configs = [value for key, value in server.items() if key.endswith("Config") and isinstance(value, Mapping)]
    said = any(key in config for config in configs for key in ("egressDomains", "denyAllEgress"))
    return not said and not server.get("egress") and not any(hosts_of(server))
