"""What the report calls things: classes of destinations, kinds of enforcement, marks, and grants in a few words."""

from __future__ import annotations

from collections.abc import Mapping

from mcpfence.providers import Provider
from mcpfence.report.destinations import Destination, Enforcement
from mcpfence.report.overview import Grant, Mark, Party

DESTINATIONS: Mapping[Destination, str] = {
    "names": "host names",
    "registries": "package registries",
    "unenforced": "host names that nothing enforces",
    "internet": "every public address",
    "public": "public addresses",
    "private": "private addresses",
    "services": "back-ends in the cluster",
    "servers": "MCP servers",
    "callbacks": "callbacks to clients",
    "platform": "API server, cloud identity",
    "dns": "DNS",
    "nothing": "nothing",
}
"""In the order in which they are shown."""

ENFORCEMENTS: Mapping[Enforcement, str] = {
    "name": "by name, at public addresses alone",
    "anywhere": "by name, wherever it resolves to",
    "unenforced": "NOT ENFORCED: no engine compares these names, so every public address is open on their ports",
    "address": "by address and port",
    "pods": "by pod labels and port",
}

MARKS: Mapping[Mark, str] = {
    "unenforced": "names not enforced",
    "undeclared": "undeclared",
    "internet": "every public address",
    "lost": "less than the catalog grants",
    "nothing": "reaches nothing",
    "elsewhere": "not fenced: no pods here",
    "changed": "changed since the base",
}

_SHORT = {"kubernetesAPI": "API server", "cloudIdentity": "cloud identity", "dns": "DNS"}


def short(grant: Grant) -> list[str]:
    """What may be reached, each in a few words: `api.github.com`, `redis`, `client obot`."""
    line = grant.line
    if grant.called:
        return [grant.called]
    if line.kind == "callback":
        return [f"client {line.key[1]}"]
    if line.kind == "server":
        return line.why.partition(" ")[2].split(", ")
    return [_SHORT[line.kind]] if line.kind in _SHORT else list(line.what)


def caller(grant: Grant) -> str:
    """Who may call: `obot` for a client, `workload agent` for everybody else."""
    return grant.line.name if grant.line.kind == "client" else f"{grant.line.kind} {grant.line.name}"


def kinds_of(entry: Party) -> list[str]:
    """The kinds of the manifests that enforce a fence."""
    return list(dict.fromkeys(title.partition(" ")[0] for title in entry.manifests))


def enforcers(entry: Party, provider: Provider) -> str:
    """`KIND (ENGINE) and NetworkPolicy`: the kinds, those of an engine with its name."""
    own = {kind.called for kind in provider.kinds}
    return " and ".join(f"{kind} ({provider.name})" if kind in own else kind for kind in kinds_of(entry))


def some(texts: list[str], limit: int) -> str:
    """As many of them as are read, and how many more there are."""
    more = f" and {len(texts) - limit:,} more" if len(texts) > limit else ""
    return ", ".join(texts[:limit]) + more
