"""What kinds of documents a provider reads, how each is recognised by its content, and the commands that print them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mcpfence.cidrs.document_value import DocumentValue
from mcpfence.cidrs.facts import Gathered, Scope
from mcpfence.findings.finding import Collector, fail, plural
from mcpfence.structs import Struct

NODES, SERVICES, SERVICE_CIDRS = "Node", "Service", "ServiceCIDR"
ENDPOINTS, CONFIG_MAPS, PODS, POOLS = "EndpointSlice", "ConfigMap", "Pod", "IPPool"
NETWORKS, ENI_CONFIGS, OTHERS = "OpenShift network", "ENIConfig", "other object"
KUBECTL = frozenset(
    {NODES, SERVICES, SERVICE_CIDRS, ENDPOINTS, CONFIG_MAPS, PODS, POOLS, NETWORKS, ENI_CONFIGS, OTHERS}
)
"""Kinds that kubectl prints, which every provider reads."""

Objects = Mapping[str, Sequence[DocumentValue]]
"""Name of a kind: the documents of that kind."""


class DocumentKind(Struct):
    """A kind of document: its name, and whether an object (a mapping) is one."""

    name: str
    fits: Callable[[Mapping[str, Any]], bool]


class Command(Struct):
    """A command that only reads.  `{NAME}` is filled in; a tuple is a part that goes when its name is not known."""

    file: str
    argv: tuple[str | tuple[str, ...], ...]
    required: bool = False
    """Whether nothing can be said without its output."""
    run: bool = True
    """Whether `--run` runs it: what kubectl talks to is another cluster, unless --context says so."""


class CloudProvider(Struct):
    """One cloud: its command line, what is read of it, and how."""

    name: str
    cli: str
    install: str
    kinds: tuple[DocumentKind, ...]
    commands: tuple[Command, ...]
    read: Callable[[Objects, Gathered], None]
    clues: Callable[[Objects, Scope], Mapping[str, str]]
    """What earlier outputs tell for the placeholders of later commands."""
    tells: Mapping[str, str]
    """List of cluster.cidrs: the file of the command that tells it."""


def has(*keys: str) -> Callable[[Mapping[str, Any]], bool]:
    """Whether an object has all of these keys."""
    return lambda data: all(key in data for key in keys)


def resource(*kinds: str, group: str = "") -> Callable[[Mapping[str, Any]], bool]:
    """Whether an object is a Kubernetes one of these kinds and this API group."""

    def fits(data: Mapping[str, Any]) -> bool:
        version = data.get("apiVersion")
        return data.get("kind") in kinds and isinstance(version, str) and version.rpartition("/")[0] == group

    return fits


# --- sorting ---


def unfold(node: DocumentValue) -> Iterator[DocumentValue]:
    """The objects of a document: the entries of a list, and the items of Kubernetes' lists."""
    for item in node.items() if isinstance(node.data, list) else [node]:
        data = item.data
        if isinstance(data, Mapping) and str(data.get("kind", "")).endswith("List") and "items" in data:
            for part in item.at("items").items():
                yield _with_kind(part, data)
        else:
            yield item


def _with_kind(item: DocumentValue, parent: Mapping[str, Any]) -> DocumentValue:
    """The items of a NodeList have no kind of their own where an API client printed it."""
    if not isinstance(item.data, Mapping) or "kind" in item.data or parent["kind"] == "List":
        return item
    kind = {"kind": str(parent["kind"]).removesuffix("List"), "apiVersion": parent.get("apiVersion", "v1")}
    return DocumentValue(item.file, item.path, {**kind, **item.data})


def sort(
    documents: Sequence[DocumentValue], provider: CloudProvider, others: Sequence[CloudProvider], out: Collector
) -> dict[str, list[DocumentValue]]:
    """The objects by kind; each file's kinds as a note, and an error for what belongs to nothing of this provider."""
    sorted_: dict[str, list[DocumentValue]] = {}
    files: dict[str, dict[str, int]] = {}
    for node in (item for document in documents for item in unfold(document)):
        kind = _kind(node, provider)
        if kind is None:
            foreign = next((other for other in others if _kind(node, other)), None)
            out.take(_misplaced(node, provider, foreign))
            continue
        sorted_.setdefault(kind, []).append(node)
        counts = files.setdefault(node.file, {})
        counts[kind] = counts.get(kind, 0) + 1
    for name in dict.fromkeys(document.file for document in documents):
        words = [f"{plural(count, kind)}" for kind, count in files.get(name, {}).items()]
        out.add("cidrs-read", (), f"holds {', '.join(words) or 'an empty list'}", document=name)
    return sorted_


def _kind(node: DocumentValue, provider: CloudProvider) -> str | None:
    if not isinstance(node.data, Mapping):
        return None
    return next((kind.name for kind in provider.kinds if kind.fits(node.data)), None)


def _misplaced(node: DocumentValue, provider: CloudProvider, foreign: CloudProvider | None) -> Any:
    place = f"{node.file} {node.place}".strip()
    if foreign is not None:
        sentence = f"is the output of {foreign.cli}, and the provider is {provider.name}"
        todo = f"run mcpfence cidrs {foreign.name}, or leave the file out"
    else:
        sentence = f"is nothing that {provider.name} reads"
        own = [kind.name for kind in provider.kinds if kind.name not in KUBECTL]
        wanted = f"{', '.join(own)}, or what kubectl prints" if own else "what kubectl prints"
        todo = f"it expects: {wanted}; mcpfence cidrs {provider.name} --commands lists the commands"
    return fail("cidrs-input", sentence, todo, document=place).findings


# --- commands ---


class Filled(Struct):
    """A command with its placeholders filled in; `lacking` are those that are not known."""

    command: Command
    argv: tuple[str, ...]
    lacking: tuple[str, ...]

    @property
    def line(self) -> str:
        """The command as a shell takes it, placeholders in capitals."""
        return shlex.join(self.argv)


def fill(command: Command, known: Mapping[str, str]) -> Filled:
    """Fill the placeholders of a command from what is known."""
    argv: list[str] = []
    lacking: list[str] = []
    for part in command.argv:
        words = (part,) if isinstance(part, str) else part
        names = [name for word in words for name in _names(word)]
        unknown = [name for name in names if not known.get(name)]
        if unknown and not isinstance(part, str):
            continue
        lacking += unknown
        argv += [word.format_map({name: known.get(name) or name for name in _names(word)}) for word in words]
    return Filled(command, tuple(argv), tuple(lacking))


def _names(word: str) -> list[str]:
    return [piece.partition("}")[0] for piece in word.split("{")[1:]]


def line_of(commands: Sequence[Command], file: str, known: Mapping[str, str]) -> str:
    """The command that writes `file`, in one line."""
    return next(fill(command, known).line for command in commands if command.file == file)


def known_of(scope: Scope) -> dict[str, str]:
    """The placeholders that the user's options fill."""
    return {
        "CLUSTER": scope.cluster,
        "REGION": scope.region,
        "PROJECT": scope.project,
        "RESOURCE_GROUP": scope.resource_group,
        "CONTEXT": scope.context,
    }
