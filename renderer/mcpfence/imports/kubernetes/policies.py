"""What a cluster's NetworkPolicies let a workload reach, and who may call it, in the words of a catalog.

Exact where a catalog has the words, narrower elsewhere: a finding says what was left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mcpfence.imports.kubernetes.peers import EVERYWHERE, RESOLVER, KnownCluster, PeerPods, name_of, peers, ports
from mcpfence.imports.kubernetes.pods import Running
from mcpfence.imports.kubernetes.resolver import DNS_TOKENS, has_block, resolved, resolver_ports, say_resolver
from mcpfence.imports.shared.cidr_blocks import ImportedBlock
from mcpfence.imports.shared.dns_labels import label
from mcpfence.imports.shared.format import ImportContext, Setting
from mcpfence.imports.shared.source import Node
from mcpfence.net.addresses import cidrs, parse_cidr
from mcpfence.net.intervals import canonical, subtract
from mcpfence.net.special_ranges import GLOBAL_V6
from mcpfence.reach.documents.fields import Unreadable
from mcpfence.reach.documents.label_selectors import read_selector
from mcpfence.reach.flows import label_sets
from mcpfence.structs import Struct

_MOST_BLOCKS = 16
Tokens = tuple[int | str, ...]


class ImportedEgress(Struct):
    """`open`: nothing limits it (a rule allows all, or no policy selects it); else what is listed, perhaps nothing."""

    open: Node | None
    keys: Mapping[str, Any]
    rules: bool = False
    """Whether a policy that limits it has any rule."""


class Callers(Struct):
    """Clients by name with the ports on which each may call; `open`: no policy limits who calls."""

    open: bool
    ports: Mapping[str, frozenset[int | str]]


class Clients:
    """The clients of a catalog, each under a name of its own."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[Mapping[str, Any], Node]] = {}

    def name(self, wanted: str, client: Mapping[str, Any], node: Node) -> str:
        """The name of a client; equal ones share it."""
        for name, (known, _) in self.found.items():
            if known == client:
                return name
        name, number = wanted, 2
        while name in self.found:
            name, number = f"{wanted[:60]}-{number}", number + 1
        self.found[name] = (client, node)
        return name

    def settings(self) -> list[Setting]:
        """As settings, by name."""
        return [Setting(node, ("clients", name), client) for name, (client, node) in sorted(self.found.items())]


def policies_of(one: Running, policies: Iterable[Node], direction: str) -> list[Node]:
    """The policies that select a workload and limit a direction (Ingress or Egress)."""
    found = []
    for node in policies:
        spec = node.mapping("spec")
        if spec is None or not _selects(spec, one):
            continue
        types = [item.as_text() for item in spec.items("policyTypes")]
        default = ["Ingress", *(["Egress"] if spec.items("egress") else [])]
        if direction in (types or default):
            found.append(spec)
    return found


def _selects(spec: Node, one: Running) -> bool:
    selector = spec.mapping("podSelector")
    try:
        box = read_selector(selector.value, "podSelector") if selector else label_sets.EVERYTHING
    except Unreadable:
        return False
    return box is not None and label_sets.matches(box, one.labels)


# --- egress ---


def egress(
    one: Running, policies: Sequence[Node], servers: Sequence[Running], cluster: KnownCluster, context: ImportContext
) -> ImportedEgress:
    """What a workload may reach.  Raises BadEntry for policies that cannot be read."""
    chosen = policies_of(one, policies, "Egress")
    if not chosen:
        return ImportedEgress(one.node, {})
    services: dict[tuple[Any, ...], dict[str, Any]] = {}
    blocks: dict[tuple[ImportedBlock, Tokens], dict[str, Any]] = {}
    for rule in (rule for spec in chosen for rule in spec.items("egress")):
        if not rule.items("to") and not rule.items("ports"):
            return ImportedEgress(rule, {})
        for peer, found in _opened(rule, cluster, context):
            if isinstance(peer, PeerPods):
                _service(rule, peer, found, services, servers, cluster, context)
            else:
                blocks[peer, tuple(found or ("all",))] = _block(peer, found)
    keys: dict[str, Any] = {}
    if blocks:
        keys["cidrs"] = [blocks[key] for key in sorted(blocks, key=str)]
    if services or not blocks:
        keys["services"] = [services[key] for key in sorted(services, key=str)]
    return ImportedEgress(None, {**keys, "dns": False} if services or blocks else keys)


def _opened(
    rule: Node, cluster: KnownCluster, context: ImportContext
) -> Iterator[tuple[PeerPods | ImportedBlock, list[int | str] | None]]:
    """Each peer of a rule with its ports: None for those of the rule, which for pods may have names."""
    listed = bool(rule.items("to"))
    found = ports(rule, None, context) if not listed or has_block(rule) else []
    if asked := resolver_ports(rule, found, context):
        yield RESOLVER, asked
    if not listed:
        found = [token for token in found or () if token not in DNS_TOKENS]
        if not found:
            return
    for peer in peers(rule, "to", cluster, context):
        if isinstance(peer, PeerPods):
            yield peer, None
        elif found != []:
            if listed and peer.cidr in (EVERYWHERE, GLOBAL_V6) and resolved(found):
                say_resolver(rule, context)
            yield peer, found


def _block(peer: ImportedBlock, found: list[int | str] | None) -> dict[str, Any]:
    excepts = {"except": list(peer.excepts)} if peer.excepts else {}
    return {"cidr": peer.cidr, **excepts, "ports": found or "all"}


def _service(
    rule: Node,
    peer: PeerPods,
    found: list[int | str] | None,
    services: dict[tuple[Any, ...], dict[str, Any]],
    servers: Sequence[Running],
    cluster: KnownCluster,
    context: ImportContext,
) -> None:
    """Add the pods of a peer to the services: on the ports that are given, else on those of the rule."""
    if peer.namespace == cluster.namespace and peer.selector is None:
        sentence = f"opens every pod of {peer.namespace}, and with them every server"
        context.say("import-narrowed", rule, sentence, "left out; list the back-ends that are needed")
        return
    behind = [one for one in servers if peer.fits(one)]
    if behind:
        sentence = f"opens {behind[0].title}, which is a server of this catalog"
        context.say("import-narrowed", rule, sentence, "left out; declare the caller as a client of that server")
        return
    if found is None:
        found = ports(rule, [one for one in cluster.workloads if peer.fits(one)], context)
    if found == []:
        return
    space = {"namespace": peer.namespace} if peer.namespace != cluster.namespace else {}
    pods = {"podSelector": dict(peer.selector)} if peer.selector else {"mode": "namespace"}
    entry = {"name": name_of(peer, cluster), **space, **pods, "ports": found or "all"}
    key = peer.namespace, str(peer.selector)
    known = services.setdefault(key, entry)
    if "all" in (known["ports"], entry["ports"]):
        known["ports"] = "all"
    else:
        known["ports"] = list(dict.fromkeys([*known["ports"], *entry["ports"]]))


# --- ingress ---


def callers(
    one: Running, policies: Sequence[Node], clients: Clients, cluster: KnownCluster, context: ImportContext
) -> Callers:
    """Who may call a workload.  Raises BadEntry for policies that cannot be read."""
    chosen = policies_of(one, policies, "Ingress")
    found: dict[str, set[int | str]] = {}
    for rule in (rule for spec in chosen for rule in spec.items("ingress")):
        tokens = ports(rule, [one], context)
        if tokens is None:
            tokens = list(one.numbers())
            told = f"imported its container ports ({', '.join(map(str, tokens))})" if tokens else "imported none"
            context.say("import-narrowed", rule, f"opens every port of {one.title}", told)
        if not tokens:
            continue
        for peer in peers(rule, "from", cluster, context):
            client, wanted = _client(peer, cluster)
            if client is None:
                sentence = f"lets {peer.cidr if isinstance(peer, ImportedBlock) else 'pods'} call"
                context.say(
                    "import-narrowed", rule, sentence, "left out: too wide to be a client; write clients by hand"
                )
                continue
            found.setdefault(clients.name(wanted, client, rule), set()).update(tokens)
    return Callers(not chosen, {name: frozenset(tokens) for name, tokens in sorted(found.items())})


def _client(peer: PeerPods | ImportedBlock, cluster: KnownCluster) -> tuple[dict[str, Any] | None, str]:
    if isinstance(peer, PeerPods):
        selector = {"podSelector": dict(peer.selector)} if peer.selector else {}
        wanted = label(f"{peer.namespace}-{name_of(peer, cluster)}") if peer.selector else peer.namespace
        return {"namespace": peer.namespace, **selector}, wanted
    granted = subtract((parse_cidr(peer.cidr),), canonical(parse_cidr(hole) for hole in peer.excepts))
    found = cidrs(granted)
    fits = found and len(found) <= _MOST_BLOCKS and not peer.cidr.endswith("/0")
    return ({"cidrs": list(found)} if fits else None), label(peer.cidr)


def ingress(one: Running, found: Callers, context: ImportContext) -> dict[str, Any]:
    """The ingress of a workload: one set of ports for all of its callers: with its first port, then that of most."""
    sets = sorted(set(found.ports.values()), key=lambda tokens: (len(tokens), sorted(map(str, tokens))), reverse=True)
    if not sets:
        return {"from": []}
    own = one.numbers()[:1]
    best = max(sets, key=lambda tokens: (tokens >= set(own), sum(tokens <= theirs for theirs in found.ports.values())))
    kept = [name for name, theirs in found.ports.items() if best <= theirs]
    lost = [name for name, theirs in found.ports.items() if theirs != best]
    if lost:
        sentence = f"{one.title} is called on different ports by different callers, which a catalog cannot say"
        todo = f"imported ports {', '.join(map(str, sorted(best, key=str)))} for {', '.join(kept)} alone"
        context.say("import-narrowed", one.node, sentence, todo)
    return {"from": kept, "ports": sorted(best, key=str)}
