"""Which servers and workloads of a catalog hang together, and which shard each such group is put in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mcpfence.catalog.model import Catalog
from mcpfence.plan.fence import Fence, Peer, Pods, peer_text
from mcpfence.structs import Struct

Member = tuple[str, str]
"""`servers` or `workloads`, and a name."""


class Group(Struct):
    """Members that only work in one namespace, in order, and what ties them, as messages call it."""

    members: tuple[Member, ...]
    ties: tuple[str, ...]

    @property
    def servers(self) -> int:
        """How many of them are servers."""
        return sum(kind == "servers" for kind, _ in self.members)


def groups_of(catalog: Catalog, fences: Iterable[Fence]) -> list[Group]:
    """The groups, those with the most servers first.

    Two fences hang together where one names pods of the servers' namespace that are the other's, or both name the
    same pods there; a composite server hangs together with its components.
    """
    owner: dict[Member, Member] = {}
    for server in catalog.servers.values():
        for name in server.components:
            _join(owner, ("servers", server.name), ("servers", name))
    named: dict[Pods, list[Member]] = {}
    for fence in fences:
        for pods in _pods_inside(fence, catalog.namespace):
            named.setdefault(pods, []).append((f"{fence.kind}s", fence.name))
    for found in named.values():
        for other in found[1:]:
            _join(owner, found[0], other)
    return _gathered(catalog, owner, named)


def _gathered(catalog: Catalog, owner: dict[Member, Member], named: Mapping[Pods, list[Member]]) -> list[Group]:
    gathered: dict[Member, list[Member]] = {}
    names: dict[str, Iterable[str]] = {"servers": catalog.servers, "workloads": catalog.workloads}
    for kind, found in names.items():
        for name in sorted(found):
            gathered.setdefault(_root(owner, (kind, name)), []).append((kind, name))
    ties: dict[Member, list[str]] = {}
    for pods, sharing in named.items():
        if len(set(sharing)) > 1:
            ties.setdefault(_root(owner, sharing[0]), []).append(peer_text(pods))
    for root, members in gathered.items():
        others = [f"workload {name}" for kind, name in members if kind == "workloads"]
        others += [f"server {name}" for kind, name in members if kind == "servers" and catalog.servers[name].components]
        ties[root] = [*others, *sorted(ties.get(root, ()))]
    groups = [Group(tuple(members), tuple(ties[root])) for root, members in gathered.items()]
    return sorted(groups, key=lambda group: (-group.servers, group.members))


def _pods_inside(fence: Fence, namespace: str) -> set[Pods]:
    """The pods of the servers' namespace that a fence is about or names."""
    peers: list[Peer] = [peer for allow in (*fence.ingress, *fence.egress) for peer in allow.peers]
    own = [Pods(fence.namespace, selector) for selector in fence.selectors]
    return {peer for peer in (*own, *peers) if isinstance(peer, Pods) and peer.namespace == namespace}


def _root(owner: dict[Member, Member], member: Member) -> Member:
    while (above := owner.get(member, member)) != member:
        owner[member] = owner.get(above, above)
        member = above
    return member


def _join(owner: dict[Member, Member], one: Member, other: Member) -> None:
    owner[_root(owner, one)] = _root(owner, other)


class ShardPlaces(Struct):
    """The members of each shard, by its number in figures, and the servers that had to leave an earlier one."""

    shards: Mapping[str, tuple[Member, ...]]
    moved: Mapping[Member, tuple[str, str]]


def places_of(groups: Iterable[Group], size: int, earlier: Mapping[str, frozenset[Member]]) -> ShardPlaces:
    """Put each group where most of its members were; new ones where there is room, else into a new shard.

    A shard of an earlier cut keeps its members also where it has more than `size` now.
    """
    before = {member: number for number, members in sorted(earlier.items()) for member in members}
    shards: dict[str, list[Member]] = {number: [] for number in sorted(earlier)}
    moved: dict[Member, tuple[str, str]] = {}
    new: list[Group] = []
    for group in groups:
        homes = [before[member] for member in group.members if member in before]
        if not homes:
            new.append(group)
            continue
        home = max(sorted(set(homes)), key=homes.count)
        shards[home] += group.members
        moved |= {m: (before[m], home) for m in group.members if m[0] == "servers" and before.get(m, home) != home}
    servers = {number: _servers(members) for number, members in shards.items()}
    for group in new:
        room = (number for number in servers if servers[number] + group.servers <= size)
        number = next(room, None) or _next(servers)
        shards.setdefault(number, []).extend(group.members)
        servers[number] = servers.get(number, 0) + group.servers
    return ShardPlaces({number: tuple(sorted(members)) for number, members in shards.items() if members}, moved)


def _servers(members: Iterable[Member]) -> int:
    return sum(kind == "servers" for kind, _ in members)


def _next(numbers: Iterable[str]) -> str:
    """The first number that is not taken, in two figures at least: a shard's name never gets longer by itself."""
    taken = {int(number) for number in numbers}
    return f"{next(number for number in range(1, len(taken) + 2) if number not in taken):02}"
