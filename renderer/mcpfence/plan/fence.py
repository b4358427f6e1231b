"""The fence: provider-neutral intent for the pods of one server, workload or back-end.

A fence says who may call the pods and what they may reach, with every default filled in and every address decided.
Providers turn fences into manifests; the proof compares what the manifests allow with the fence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal

from mcpfence.findings.finding import Path
from mcpfence.kube.selectors import Selector
from mcpfence.net.addresses import cidrs
from mcpfence.net.intervals import Interval, Intervals, subtract, union
from mcpfence.net.ports import Ports
from mcpfence.structs import Struct

FenceKind = Literal["server", "workload", "service"]


class Pods(Struct):
    """Pods of one namespace; an empty selector stands for all of them."""

    namespace: str
    selector: Selector


class Block(Struct):
    """The addresses of one CIDR block less some blocks inside it."""

    block: Interval
    excepts: Intervals = ()

    @property
    def addresses(self) -> Intervals:
        """What is left of the block."""
        return subtract((self.block,), self.excepts)

    @property
    def text(self) -> str:
        """`203.0.113.0/24`, or with ` except ...`."""
        base = cidrs((self.block,))[0]
        return f"{base} except {', '.join(cidrs(self.excepts))}" if self.excepts else base


Peer = Pods | Block


def peer_text(peer: Peer) -> str:
    """A peer as people name it."""
    if isinstance(peer, Block):
        return cidrs((peer.block,))[0]
    return f"pods {peer.selector.text or '(all)'} of namespace {peer.namespace}"


class Allow(Struct):
    """Some peers on some ports, in one direction; `kind` tells why in one word, `source` where that comes from."""

    kind: str
    """client, workload, gateway, backend; dns, service, registry, callback, server, cidr, address, kubernetesAPI,
    cloudIdentity, internet, unenforced."""
    peers: tuple[Peer, ...]
    ports: Ports
    source: str

    def __eq__(self, other: object) -> bool:
        """Where it comes from does not matter to what it allows."""
        return isinstance(other, Allow) and self[:3] == other[:3]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:3])


class Name(Struct):
    """A name pattern on TCP ports, at whatever public address it resolves to."""

    pattern: str
    ports: Ports
    source: str
    registry: bool = False
    least: int = 1
    most: int = 0
    """The fewest and the most labels that the `*` of a wildcard stands for (0: no end)."""

    @property
    def text(self) -> str:
        """`*.x` as it is written; a `?` is exactly one label where the number of labels is limited."""
        if not self.pattern.startswith("*."):
            return self.pattern
        base = self.pattern.removeprefix("*.")
        if self.most:
            return ", ".join(".".join([*["?"] * depth, base]) for depth in range(self.least, self.most + 1))
        return ".".join([*["?"] * (self.least - 1), "*", base])


class CatalogKeys(Struct):
    """Keys of the catalog that stand behind the rules of each direction, such as `servers.github.egress.cidrs`."""

    egress: tuple[str, ...] = ()
    ingress: tuple[str, ...] = ()


class Fence(Struct):
    """The intent for one set of pods; tuples are sorted, so that equal fences are equal values."""

    kind: FenceKind
    name: str
    namespace: str
    selectors: tuple[Selector, ...]
    ingress: tuple[Allow, ...]
    egress: tuple[Allow, ...] = ()
    names: tuple[Name, ...] = ()
    public: tuple[Block, ...] = ()
    """Where the names may resolve to; empty without names."""
    runtime: str = ""
    path: Path = ()
    endings: tuple[str, ...] = ("",)
    """What the names of each selector's objects end in: nothing for a single selector, else its digest."""
    ranks: tuple[str, ...] = ()
    """A number for each selector's objects, in figures, where the engine wants one that no other fence has."""
    keys: CatalogKeys = CatalogKeys()
    """What its objects say that they stand for; whoever makes them fills it in."""

    @property
    def title(self) -> str:
        """How messages name it: `server github`."""
        return f"{self.kind} {self.name}"

    @property
    def internet(self) -> bool:
        """Whether its stance is every public address."""
        return any(allow.kind == "internet" for allow in self.egress)


class Narrowing(Struct):
    """What one fence loses under an engine: the destinations (names at the addresses in an allow of kind `name`)."""

    fence: str
    lost: tuple[Allow, ...]
    why: str
    names: tuple[Name, ...] = ()
    """The names that are lost, where not all of the fence's are: at the addresses of an allow of kind `name`."""

    @property
    def text(self) -> str:
        """One line for people."""
        gone = "; ".join(self._said(allow) for allow in self.lost)
        return f"{self.fence} loses {gone}: {self.why}"

    def _said(self, allow: Allow) -> str:
        if allow.kind == "name" and self.names:
            return f"names {', '.join(name.text for name in self.names)}"
        return f"{allow.kind} {', '.join(peer_text(peer) for peer in allow.peers)}"


class ClusterNetwork(Struct):
    """What all fences of a render share: whose they are, and which addresses are public, pods' or Services'."""

    namespace: str
    release: str
    families: frozenset[int]
    public: tuple[Block, ...]
    """0.0.0.0/0 and 2000::/3 (of the families in use), and NAT64 where asked, less the blocked ranges."""
    inside: Intervals
    """Addresses of the cluster itself: cluster.cidrs and the DNS Service."""
    pod_cidrs: tuple[Interval, ...]
    service_cidrs: tuple[Interval, ...]
    api_addresses: Intervals = ()
    """Where the API server may be: cluster.cidrs.controlPlane less the metadata endpoints; empty: unknown."""
    provider_settings: Mapping[str, Any] = {}
    """What the catalog says to its provider, which alone knows what it means."""
    cni: str = "generic"
    """The cluster's network plugin, as `cluster.cni` has it: its oddities may count."""


def addresses_among(peers: Iterable[Peer]) -> Intervals:
    """The addresses of those peers that are blocks."""
    return union(*(peer.addresses for peer in peers if isinstance(peer, Block)))


def names_by_ports(names: Iterable[Name]) -> dict[Ports, list[Name]]:
    """Names by the ports that they are granted on, both in the order of the names."""
    found: dict[Ports, list[Name]] = {}
    for name in names:
        found.setdefault(name.ports, []).append(name)
    return found


def dns_then_pods(allows: Iterable[Allow]) -> list[Allow]:
    """DNS, pods, addresses: for who reads a list of rules that all allow."""

    def rank(allow: Allow) -> int:
        return 0 if allow.kind == "dns" else 1 if any(isinstance(peer, Pods) for peer in allow.peers) else 2

    return sorted(allows, key=rank)


@lru_cache(maxsize=1024)
def prefixes(peers: tuple[Peer, ...]) -> tuple[str, ...]:
    """The CIDR blocks that are left of the address peers after their excepts."""
    return tuple(text for peer in peers if isinstance(peer, Block) for text in cidrs(peer.addresses))
