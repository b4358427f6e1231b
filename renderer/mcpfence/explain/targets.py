"""What a question is about: pods, addresses or a host name, on ports, with the catalog's names looked up."""

from __future__ import annotations

from collections.abc import Iterable

from mcpfence.catalog.inheritance import granted_registries
from mcpfence.catalog.model import Client, Server
from mcpfence.explain.context import View
from mcpfence.explain.questions import METADATA_HOST, BadQuestion, Question
from mcpfence.findings.finding import Collector, path_text, quote
from mcpfence.findings.wording import nearest
from mcpfence.kube.selectors import Selector, labels_of
from mcpfence.net.addresses import format_address, parse_address
from mcpfence.net.intervals import Interval, Intervals, canonical
from mcpfence.net.ports import Ports, canonical_ports, tcp
from mcpfence.plan.callers import client_peers
from mcpfence.plan.fence import Block, Fence, Peer, Pods, peer_text
from mcpfence.plan.remote_servers import remote_destination
from mcpfence.proof.prove import box_of
from mcpfence.reach.flows import label_sets
from mcpfence.reach.flows.label_sets import Box
from mcpfence.structs import Struct

_METADATA = "169.254.169.254"


class PodSet(Struct):
    """Pods of one namespace: all that satisfy the selector, or one that has exactly its labels."""

    namespace: str
    selector: Selector
    exact: bool = False

    def box(self, keys: Iterable[str]) -> Box:
        """Their label sets; an exact pod misses every other key that a policy speaks of."""
        box = box_of(self.selector)
        if not self.exact:
            return box
        missing: Box = tuple((key, label_sets.MISSING) for key in sorted(set(keys) - {key for key, _ in box}))
        return label_sets.intersect(box, missing) or box

    @property
    def text(self) -> str:
        """As people name them."""
        if self.exact:
            return f"a pod {self.selector.text} of namespace {self.namespace}"
        return peer_text(Pods(self.namespace, self.selector))


class Target(Struct):
    """The other end.  `kind` is host, address, pod, or what the catalog calls it: client, server, workload, service."""

    kind: str
    said: str
    ports: Ports
    addresses: Intervals = ()
    pods: tuple[PodSet, ...] = ()
    host: str = ""
    name: str = ""
    shown: str = ""
    """What a name of the catalog stands for, in words."""


def target_to(view: View, fence: Fence, question: Question) -> Target:
    """What `--to` asks about; raises BadQuestion."""
    if question.host == METADATA_HOST:
        behind = _address(parse_address(_METADATA), question.ports or tcp(443))
        return behind._replace(said=METADATA_HOST, shown=_METADATA)
    if question.host:
        return Target("host", question.host, question.ports or tcp(443), host=question.host)
    if question.address is not None:
        return _address(question.address, question.ports or tcp(443))
    if question.pod is not None:
        if question.ports is None:
            raise BadQuestion(f"{quote(question.text)} has no port: pods have no default; write {question.text}:PORT.")
        return _pod(question.pod, question.ports)
    return _named_to(view, fence, question)


def target_from(view: View, fence: Fence, question: Question, ports: Ports | None) -> Target:
    """What `--from` asks about, on the fence's own ports unless others are given; raises BadQuestion."""
    if question.ports is not None:
        raise BadQuestion(
            f"{quote(question.text)} has a port: a caller's own port is no matter; --port is the one called."
        )
    if question.host:
        raise BadQuestion(f"{quote(question.text)} is a host name: callers are clients, NAMESPACE/POD or addresses.")
    called = ports or _own_ports(view, fence)
    if question.address is not None:
        return _address(question.address, called)
    if question.pod is not None:
        return _pod(question.pod, called)
    client = view.catalog.clients.get(question.name)
    if client is not None:
        return _client(client, called)
    for kind in ("workload", "server"):
        for other in view.fences:
            if (other.kind, other.name) == (kind, question.name):
                return _fenced(other, called)
    known = [*view.catalog.clients, *view.catalog.workloads, *view.catalog.servers]
    raise BadQuestion(_unknown(question.name, "client", known, "write NAMESPACE/POD, an address or a declared client"))


def _address(address: int, ports: Ports) -> Target:
    return Target("address", format_address(address), ports, addresses=((address, address),))


def _pod(pod: tuple[str, tuple[tuple[str, str], ...]], ports: Ports) -> Target:
    namespace, labels = pod
    one = PodSet(namespace, labels_of(dict(labels)), exact=True)
    return Target("pod", one.text, ports, pods=(one,))


def _own_ports(view: View, fence: Fence) -> Ports:
    """Where a fence is called: a server on its own port, others on whatever ports they are opened."""
    if fence.kind == "server":
        return tcp(view.catalog.servers[fence.name].port)
    ports = canonical_ports(item for allow in fence.ingress for item in allow.ports)
    if not ports:
        raise BadQuestion(f"{fence.title} is called on no port: say which one you mean with --port.")
    return ports


def _named_to(view: View, fence: Fence, question: Question) -> Target:
    """A name of the catalog: one of the fence's own services entries, else a server, workload, client, any entry."""
    name, ports = question.name, question.ports
    own = _entry(view, fence, name, ports)
    if own is not None:
        return own
    for other in view.fences:
        if other.kind != "service" and other.name == name:
            return _fenced(other, ports or _own_ports(view, other))
    server = view.catalog.servers.get(name)
    if server is not None:
        return _unhosted(server, ports)
    client = view.catalog.clients.get(name)
    if client is not None:
        if ports is None and client.callback_port is None:
            raise BadQuestion(f"client {name} has no callbackPort: write {name}:PORT.")
        return _client(client, ports or tcp(client.callback_port or 0))
    for other in view.fences:
        found = _entry(view, other, name, ports)
        if found is not None:
            return found
    entries = [entry.name for item in view.catalog.fenced for entry in item.egress.services]
    known = [*entries, *view.catalog.servers, *view.catalog.workloads, *view.catalog.clients]
    todo = "write a full host name, an address or NAMESPACE/POD"
    raise BadQuestion(_unknown(name, "services entry, server, workload or client", known, todo))


def _unknown(name: str, what: str, known: Iterable[str], todo: str) -> str:
    return f"{quote(name)} is no {what} of the catalog: {nearest(name, sorted(set(known)), todo)}."


def _entry(view: View, fence: Fence, name: str, ports: Ports | None) -> Target | None:
    """A services entry of a fence, as the plan has resolved it."""
    egress = view.egress(fence)
    entries = (*egress.services, *granted_registries(view.catalog, fence.runtime, egress).services)
    sources = {path_text(entry.path) for entry in entries if entry.name == name}
    for allow in fence.egress:
        if allow.source in sources:
            return _of_peers("service", name, allow.peers, ports or allow.ports)
    return None


def _fenced(fence: Fence, ports: Ports) -> Target:
    peers = [Pods(fence.namespace, selector) for selector in fence.selectors]
    return _of_peers(fence.kind, fence.name, peers, ports)


def _client(client: Client, ports: Ports) -> Target:
    return _of_peers("client", client.name, client_peers(client), ports)


def _unhosted(server: Server, ports: Ports | None) -> Target:
    """A remote server stands for the host behind its URL."""
    if server.runtime == "composite":
        raise BadQuestion(f"server {server.name} is composite, it only groups others: ask for one of them.")
    found = remote_destination(server, server.path, Collector())
    if found is None or found.pattern.startswith("*."):
        raise BadQuestion(f"server {server.name} is remote, and its URL names no single host: write the host.")
    return Target("host", found.pattern, ports or found.ports, host=found.pattern)


def _of_peers(kind: str, name: str, peers: Iterable[Peer], ports: Ports) -> Target:
    addresses: list[Interval] = []
    pods: list[PodSet] = []
    shown: list[str] = []
    for peer in peers:
        if isinstance(peer, Block):
            addresses += peer.addresses
            shown.append(peer.text)
        else:
            pods.append(PodSet(peer.namespace, peer.selector))
            shown.append(peer_text(peer))
    return Target(kind, f"{kind} {name}", ports, canonical(addresses), tuple(pods), name=name, shown=", ".join(shown))
