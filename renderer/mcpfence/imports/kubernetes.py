"""Running workloads and their NetworkPolicies as a first catalog, compared with what they may reach today.

    kubectl get deploy,sts,ds,svc,netpol,ns -A -o yaml > cluster.yaml
    mcpfence import kubernetes cluster.yaml -o values.yaml

The workloads that are MCP servers (see `kubernetes_pods`) become servers of one namespace, the others of that
namespace workloads.  Nothing is taken for this format by `auto`: any manifest would be of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mcpfence.imports.entry import Desk, Entry, Format, Found, Row, Setting, State, Table
from mcpfence.imports.kubernetes_fences import Clients, callers, egress, ingress, policies_of
from mcpfence.imports.kubernetes_peers import Ground, services_by_selector
from mcpfence.imports.kubernetes_pods import MARK, Running, mapping, running, servers, strings
from mcpfence.imports.kubernetes_reach import comparison, render_catalog, words
from mcpfence.imports.labels import label
from mcpfence.imports.packages import image
from mcpfence.imports.source import BadEntry, Document, Node, objects
from mcpfence.reach import flows
from mcpfence.reach.policyset import read_policies

_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod", "Service", "NetworkPolicy", "Namespace")
_CONFIG = "containerizedConfig"

WORKLOAD = Table(
    "Deployment, StatefulSet, DaemonSet, ReplicaSet, Pod",
    (
        Row(
            "metadata.name",
            "servers.NAME, workloads.NAME",
            "servers: named by --only, else labelled " + MARK + ", else with the word mcp",
        ),
        Row("metadata.namespace", "mcpNamespace.name", "the one with most servers; others are imported by themselves"),
        Row("spec.selector.matchLabels", "podSelector", "the template's labels where it has matchExpressions"),
        Row("spec.template.spec.containers[].image", "containerizedConfig.image", "of the first container"),
        Row("spec.template.spec.containers[].ports", "containerizedConfig.port", "the first TCP port by number"),
        Row("spec.template.spec.hostNetwork", "", "true: refused, for no policy holds there"),
    ),
)
POLICY = Table(
    "NetworkPolicy",
    (
        Row("spec.policyTypes", "", "a direction that no policy limits: nothing is opened, with a warning"),
        Row(
            "spec.egress[].to[].ipBlock",
            "egress.cidrs",
            "all public or all private; of one that is both the public part",
        ),
        Row(
            "spec.egress[].to[].podSelector",
            "egress.services",
            "by the namespaces' names; a whole namespace: mode namespace",
        ),
        Row(
            "spec.egress[].to",
            "egress.cidrs",
            "absent: the public IPv4 addresses on these ports, with a warning; port 53: kube-dns alone",
        ),
        Row(
            "spec.egress[].ports",
            "egress.services[].ports, egress.cidrs[].ports",
            "names through the containers' ports",
        ),
        Row(
            "spec.ingress[].from",
            "clients, ingress.from",
            "pods or addresses as clients; everybody: nobody, with a warning",
        ),
        Row(
            "spec.ingress[].ports",
            "ingress.ports",
            "one set of ports for all callers: with the server's first port, then that of most callers",
        ),
    ),
)


def accepts(document: Document) -> bool:
    """Objects of a cluster."""
    return any(node.value.get("kind") in _KINDS for node in objects(document))


def read(documents: Sequence[Document], desk: Desk) -> Found:
    """Servers, clients and workloads of the namespace with most servers."""
    nodes = [node for document in documents for node in objects(document)]
    every = running(nodes)
    chosen = servers(every, desk)
    if not chosen:
        if every and not desk.only:
            sentence = f"none of {len(every)} workloads looks like an MCP server"
            desk.refuse(every[0].node, sentence, f'name them with --only, or label them {MARK}: "true"')
        return Found(())
    desk.chosen = bool(desk.only)
    return _Import(nodes, every, chosen, desk).found()


class _Import:
    """What one import holds while it is made."""

    def __init__(self, nodes: Sequence[Node], every: Sequence[Running], chosen: Sequence[Running], desk: Desk) -> None:
        self.nodes, self.servers, self.desk = nodes, chosen, desk
        self.namespace = chosen[0].namespace
        self.others = [one for one in every if one.namespace == self.namespace and one not in chosen]
        self.ground = Ground(self.namespace, tuple(every), _namespaces(nodes), services_by_selector(nodes))
        self.clients = Clients()
        self.policies = list(self._policies())
        self.limited: dict[str, tuple[bool, bool]] = {}
        """By title: whether a policy limits egress, and ingress."""

    def found(self) -> Found:
        """Entries and settings, those left out that a catalog cannot have, all compared with today."""
        entries: list[tuple[Running, Entry]] = []
        for one in self.servers:
            with self.desk.entry():
                entries.append((one, self._server(one)))
        workloads: dict[str, tuple[Running, dict[str, Any]]] = {}
        for one in self.others:
            with self.desk.entry():
                fence = self._workload(one)
                if fence:
                    workloads[label(one.name)] = (one, fence)
        catalog = {
            "mcpNamespace": {"name": self.namespace, "create": False},
            "clients": {name: client for name, (client, _) in self.clients.found.items()},
            "servers": {label(entry.name): dict(entry.server) for _, entry in entries},
            "workloads": {name: fence for name, (_, fence) in workloads.items()},
        }
        rendered = render_catalog(catalog, self.namespace)
        for (key, name), sentence in rendered.refused.items():
            if key == "workloads":
                one, _ = workloads.pop(name)
                self._say_pods(one, f"is no workload that a catalog can have: {sentence}")
        if self.policies:
            sentence = f"stays beside the catalog's policies, and so does every other one of {self.namespace}"
            todo = "policies add up: delete them once the catalog's are applied"
            self.desk.say("import-reach", self.policies[0], sentence, todo)
        kept = self._compared(entries, workloads, rendered.documents)
        settings = [
            Setting(one.node, ("workloads", name), fence, ("it runs beside the servers",))
            for name, (one, fence) in workloads.items()
        ]
        return Found(tuple(kept), (*self.clients.settings(), *settings))

    def _policies(self) -> Iterator[Node]:
        """The namespace's NetworkPolicies that can be read; of the others is said that they cannot."""
        found = read_policies([node.value for node in self.nodes])
        bad = {problem.document for problem in found.problems}
        for node in self.nodes:
            kind, metadata = node.value.get("kind"), mapping(node.value.get("metadata"))
            if kind != "NetworkPolicy" or (metadata.get("namespace") or "default") != self.namespace:
                continue
            if {
                f"NetworkPolicy {self.namespace}/{metadata.get('name')}",
                f"NetworkPolicy {metadata.get('name')}",
            } & bad:
                sentence = "cannot be read, so what it lets through is not known"
                self.desk.say("import-guess", node, sentence, "imported as if it opened nothing; mend it")
            else:
                yield node
        for other in found.not_evaluated:
            if other.namespace in (None, self.namespace):
                sentence = f"{other.text} beside the NetworkPolicies, and what it lets through is not read"
                self.desk.say("import-guess", self.servers[0].node, sentence, "compare by hand")

    # --- servers ---

    def _server(self, one: Running) -> Entry:
        if one.host_network:
            raise BadEntry(one.node, "is on its node's network, where no policy holds", "fence the node instead")
        if not one.selector:
            raise BadEntry(one.node, "has no labels by which its pods could be selected", "give its pods a label")
        config: dict[str, Any] = {}
        if one.image is not None:
            config["image"] = image(str(one.image.value), "", one.image, self.desk)
        if ports := one.numbers():
            config["port"] = ports[0]
        server: dict[str, Any] = {"runtime": "containerized", _CONFIG: config, "podSelector": dict(one.selector)}
        state, told = self._reaches(one, server)
        return Entry(one.node, one.name, server, state, told, namespace=one.namespace)

    def _reaches(self, one: Running, server: dict[str, Any]) -> tuple[State, tuple[str, ...]]:
        """Add egress and ingress to a server; returns its state and what was decided."""
        out = egress(one, self.policies, self.servers, self.ground, self.desk)
        called = callers(one, self.policies, self.clients, self.ground, self.desk)
        self.limited[one.title] = (out.open is None, not called.open)
        if called.open:
            sentence = f"no NetworkPolicy limits who calls {one.title}"
            self.desk.say(
                "import-narrowed", one.node, sentence, "imported the clients of this catalog; say who calls it"
            )
        else:
            server["ingress"] = ingress(one, called, self.desk)
        if out.open is not None:
            what = "allows everything" if out.open is not one.node else "is limited by no NetworkPolicy"
            self.desk.say_open(out.open, what)
            return State.OPEN, ()
        if out.keys == {"services": []} and not policies_rules(one, self.policies):
            server[_CONFIG] = {**server[_CONFIG], "denyAllEgress": True}
            return State.NOTHING, ("its policies let it reach nothing",)
        server["egress"] = dict(out.keys)
        return State.LISTED, ("as its NetworkPolicies say",)

    # --- the other workloads of the namespace ---

    def _workload(self, one: Running) -> dict[str, Any]:
        """The fence of a workload; empty where the floor alone is what it has today."""
        out = egress(one, self.policies, self.servers, self.ground, self.desk)
        called = callers(one, self.policies, self.clients, self.ground, self.desk)
        self.limited[one.title] = (out.open is None, not called.open)
        if one.host_network:
            return {}
        if out.open is not None or called.open:
            self._say_pods(one, "is no server, and no policy limits what it does")
        if not one.selector:
            return {}
        fence: dict[str, Any] = {"podSelector": dict(one.selector)}
        if out.open is None and (out.keys.get("services") or out.keys.get("cidrs")):
            fence["egress"] = dict(out.keys)
        if called.ports:
            fence["ingress"] = ingress(one, called, self.desk)
        return fence if len(fence) > 1 else {}

    def _say_pods(self, one: Running, sentence: str) -> None:
        todo = "the floor denies it everything that is not written; write a workload for it"
        self.desk.say("import-pods", one.node, f"{one.title} {sentence}", todo)

    # --- the comparison ---

    def _compared(
        self,
        entries: Sequence[tuple[Running, Entry]],
        workloads: Mapping[str, tuple[Running, dict[str, Any]]],
        rendered: Sequence[Any],
    ) -> list[Entry]:
        """The entries that gain nothing over today; how each compares is said."""
        compare = comparison(self.nodes, rendered, self.namespace, self.ground.namespaces)
        kept = []
        for one, entry in entries:
            if self._compare(one, compare):
                kept.append(entry)
        for one, _ in workloads.values():
            self._compare(one, compare)
        return kept

    def _compare(self, one: Running, compare: Any) -> bool:
        equal = []
        for direction, limited in zip(("egress", "ingress"), self.limited[one.title], strict=True):
            found = compare(one.title, direction)
            verb = "may reach" if direction == "egress" else "may be called by"
            if found is None or not limited:
                continue
            if not flows.same(found.gained, flows.NOTHING):
                sentence = f"{one.title} {verb} more than today: {words(found.gained)}"
                self.desk.refuse(one.node, sentence, "write it by hand, and please report it")
                return False
            if not flows.same(found.lost, flows.NOTHING):
                sentence = f"{one.title} {verb} less than today: {words(found.lost)}"
                self.desk.say("import-narrowed", one.node, sentence, "write what of it is needed")
            else:
                equal.append(direction)
        if equal:
            sentence = f"{one.title}: {' and '.join(equal)} equal to today's, read back and compared"
            self.desk.say("import-reach", one.node, sentence, "nothing to do")
        return True


def policies_rules(one: Running, policies: Sequence[Node]) -> bool:
    """Whether a policy that limits the egress of a workload has any rule for it."""
    return any(spec.items("egress") for spec in policies_of(one, policies, "Egress"))


def _namespaces(nodes: Sequence[Node]) -> dict[str, dict[str, str]]:
    found = {}
    for node in nodes:
        metadata = mapping(node.value.get("metadata"))
        if node.value.get("kind") == "Namespace" and isinstance(metadata.get("name"), str):
            found[str(metadata["name"])] = strings(metadata.get("labels"))
    return found


FORMAT = Format(
    name="kubernetes",
    summary="Running workloads and their NetworkPolicies (kubectl get ... -o yaml); name it, auto never takes it.",
    recognises=lambda _: False,
    read=read,
    tables=(WORKLOAD, POLICY),
    accepts=accepts,
)
