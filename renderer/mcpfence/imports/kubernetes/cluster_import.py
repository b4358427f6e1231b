"""One import of a cluster: fences for the servers of a namespace and what runs beside them, compared with today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mcpfence.imports.kubernetes.beside import say_cut_callers, say_written
from mcpfence.imports.kubernetes.comparison import comparison, render_catalog
from mcpfence.imports.kubernetes.engines import CORE, SETTINGS, OtherEngines
from mcpfence.imports.kubernetes.owners import mapping, owner_of
from mcpfence.imports.kubernetes.peers import KnownCluster, PeerPods, services_by_selector
from mcpfence.imports.kubernetes.pods import Running, batch, plain, strings
from mcpfence.imports.kubernetes.policies import Callers, Clients, ImportedEgress, callers, egress, ingress, policies_of
from mcpfence.imports.kubernetes.resolver import shared_resolver, with_dns, without_metadata
from mcpfence.imports.shared.dns_labels import label
from mcpfence.imports.shared.format import Entry, FormatResult, ImportContext, Setting, State
from mcpfence.imports.shared.packages import image
from mcpfence.imports.shared.source import BadEntry, Node
from mcpfence.reach.engines import by_kind
from mcpfence.reach.evaluation.policy_set import read_policies

_CONFIG = "containerizedConfig"
_GROUPS = ("networking.k8s.io", "extensions")
"""API groups of NetworkPolicy, today's and that before Kubernetes 1.16."""
_OTHERS = frozenset(kind for kind in by_kind() if kind[0] not in _GROUPS)
"""The kinds of other engines that can be read."""


class Import:
    """What one import holds while it is made."""

    def __init__(
        self, nodes: Sequence[Node], every: Sequence[Running], chosen: Sequence[Running], context: ImportContext
    ) -> None:
        self.nodes, self.servers, self.context = nodes, chosen, context
        self.namespace = chosen[0].namespace
        self.others = [one for one in every if one.namespace == self.namespace and one not in chosen]
        self.cluster = KnownCluster(
            self.namespace, (*every, *batch(nodes)), _namespaces(nodes), services_by_selector(nodes)
        )
        self.clients = Clients()
        self.read = read_policies([node.value for node in nodes])
        self.engines = OtherEngines(self.read, nodes)
        self.provider: tuple[str, Node] | None = None
        """The engine that enforces host names today, and a policy of its."""
        self.resolver: list[dict[str, Any]] = []
        """Whom servers with names ask, as `dns.peers` has it; empty: the profile's."""
        self.families: set[int] = set()
        """The IP families in which some workload reaches addresses."""
        self.unread = False
        """Whether a policy of another engine cannot be read, so that nothing is surely equal to today's."""
        self.policies = list(self._policies())
        self.limited: dict[str, tuple[bool, bool]] = {}
        """By title: whether a policy limits egress, and ingress."""

    def found(self) -> FormatResult:
        """Entries and settings, those left out that a catalog cannot have, all compared with today."""
        entries: list[tuple[Running, Entry]] = []
        for one in self.servers:
            with self.context.entry():
                entries.append((one, self._server(one)))
        workloads: dict[str, tuple[Running, dict[str, Any]]] = {}
        for one in self.others:
            with self.context.entry():
                fence = self._workload(one)
                if fence:
                    workloads[label(one.name)] = (one, fence)
        entries, workloads = self._resolved(entries, workloads)
        rendered = self._rendered(entries, workloads)
        while rendered is not None and (gaining := self._gaining(rendered)):
            before = [entry.server for _, entry in entries], {name: fence for name, (_, fence) in workloads.items()}
            entries = [(one, self._closed(one, entry, gaining)) for one, entry in entries]
            for name, (one, fence) in workloads.items():
                workloads[name] = (one, self._without(one, fence, gaining))
            after = [entry.server for _, entry in entries], {name: fence for name, (_, fence) in workloads.items()}
            if before == after:
                self._refuse_all(entries, f"would open {gaining[0].title} to more callers than today")
                return FormatResult(())
            rendered = self._rendered(entries, workloads)
        if rendered is None:
            return FormatResult(())
        if self.policies:
            sentence = f"stays beside the catalog's policies, and so does every other one of {plain(self.namespace)}"
            todo = "policies add up: delete them once the catalog's are applied"
            self.context.say("import-reach", self.policies[0], sentence, todo)
        kept = self._compared(entries, workloads, rendered)
        fences = [*((one, entry.server) for one, entry in entries), *workloads.values()]
        unlimited = [one for one in (*self.servers, *self.others) if not self.limited.get(one.title, (True,))[0]]
        known = {name: client for name, (client, _) in self.clients.found.items()}
        say_cut_callers(fences, known, unlimited, self.context)
        settings = [
            Setting(one.node, ("workloads", name), fence, ("it runs beside the servers",))
            for name, (one, fence) in workloads.items()
        ]
        return FormatResult(tuple(kept), (*self.clients.settings(), *settings, *self._provided()))

    def _resolved(
        self, entries: list[tuple[Running, Entry]], workloads: dict[str, tuple[Running, dict[str, Any]]]
    ) -> tuple[list[tuple[Running, Entry]], dict[str, tuple[Running, dict[str, Any]]]]:
        """Servers and workloads that say `dns` where they open the resolver of those with names."""
        every = [*(entry.server for _, entry in entries), *(fence for _, fence in workloads.values())]
        self.resolver = shared_resolver(keys for one in every if (keys := mapping(one.get("egress"))).get("domains"))
        return (
            [(one, entry._replace(server=self._asking(one, entry.server))) for one, entry in entries],
            {name: (one, self._asking(one, fence)) for name, (one, fence) in workloads.items()},
        )

    def _asking(self, one: Running, fence: Mapping[str, Any]) -> dict[str, Any]:
        if "egress" not in fence:
            return dict(fence)
        keys = with_dns(fence["egress"], self.resolver)
        return {**fence, "egress": without_metadata(keys, one.node, self.context)}

    def _rendered(
        self, entries: Sequence[tuple[Running, Entry]], workloads: dict[str, tuple[Running, dict[str, Any]]]
    ) -> tuple[Any, ...] | None:
        """The policies of the catalog as it is so far; workloads that it cannot have are taken out.

        None, and every server is refused, where nothing can be rendered.
        """
        catalog = {
            "mcpNamespace": {"name": self.namespace, "create": False},
            "clients": {name: client for name, (client, _) in self.clients.found.items()},
            "servers": {label(entry.name): dict(entry.server) for _, entry in entries},
            "workloads": {name: fence for name, (_, fence) in workloads.items()},
            **self._told(),
        }
        rendered = render_catalog(catalog, self.namespace)
        for (key, name), sentence in rendered.refused.items():
            if key == "workloads":
                one, _ = workloads.pop(name)
                self._say_pods(one, f"is no workload that a catalog can have: {sentence}")
        if rendered.fault:
            self._refuse_all(entries, f"cannot be compared with today, for the catalog has an error: {rendered.fault}")
            return None
        return rendered.documents

    def _refuse_all(self, entries: Sequence[tuple[Running, Entry]], sentence: str) -> None:
        for one, _ in entries:
            self.context.refuse(one.node, f"{one.title} {sentence}", "mend the source, or write it by hand")

    def _gaining(self, rendered: Sequence[Any]) -> list[Running]:
        """The workloads beside the servers that more callers reach than today: back-ends that do not let them in."""
        compare = comparison(self.nodes, rendered, self.namespace, self.cluster.namespaces)
        found = [(one, compare(one.keys, "ingress")) for one in self.others if not one.host_network]
        return [one for one, change in found if change and change.is_gain]

    def _closed(self, one: Running, entry: Entry, gaining: Sequence[Running]) -> Entry:
        return entry._replace(server=self._without(one, entry.server, gaining))

    def _without(self, one: Running, fence: Mapping[str, Any], gaining: Sequence[Running]) -> dict[str, Any]:
        """A server or workload without the services that are among these pods."""
        services = mapping(fence.get("egress")).get("services", [])
        bad = [
            item
            for item in services
            if any(
                PeerPods(item.get("namespace", self.namespace), item.get("podSelector")).fits(pods) for pods in gaining
            )
        ]
        if not bad:
            return dict(fence)
        names = ", ".join(sorted({item["name"] for item in bad}))
        sentence = f"{one.title} may call {names} by its own policies, and not by those of {names}"
        self.context.say("import-narrowed", one.node, sentence, "left out; a catalog opens both ends")
        kept = [item for item in services if item not in bad]
        return {**fence, "egress": {**fence["egress"], "services": kept}}

    def _policies(self) -> Iterator[Node]:
        """The namespace's NetworkPolicies that can be read; of the others is said that they cannot."""
        found = self.read
        bad = {problem.document for problem in found.problems}
        for node in self.nodes:
            kind, metadata = node.value.get("kind"), mapping(node.value.get("metadata"))
            if kind != "NetworkPolicy" or (metadata.get("namespace") or "default") != self.namespace:
                continue
            version, name = node.value.get("apiVersion"), metadata.get("name")
            if isinstance(version, str) and (version.rpartition("/")[0], kind) in _OTHERS:
                continue  # what it lets through is taken together with all others
            if not isinstance(version, str) or version.rpartition("/")[0] not in _GROUPS:
                sentence = "is a NetworkPolicy of no known apiVersion, which no cluster would take"
                self.context.say("import-guess", node, sentence, "left out; write networking.k8s.io/v1")
            elif {f"NetworkPolicy {self.namespace}/{name}", f"NetworkPolicy {name}"} & bad:
                sentence = "cannot be read, so what it lets through is not known"
                self.context.say("import-guess", node, sentence, "what it allows was not imported; mend it")
            else:
                self._say_owner(node)
                yield node
        for policy in found.policies:
            if policy.problems and policy.namespace in (None, self.namespace) and policy.engine != CORE:
                self.unread = True
                fault = policy.problems[0]
                why = f"{fault.field} {fault.reason}".strip()
                sentence = f"{policy.title} cannot be read ({why}), so what it lets through, or takes, is not known"
                todo = "nothing that it could take was imported; mend it, and import again"
                self.context.say("import-guess", self.engines.node(policy, self.servers[0].node), sentence, todo)
        for other in found.not_evaluated:
            if other.namespace in (None, self.namespace):
                sentence = f"{other.text} beside the NetworkPolicies, and what it lets through is not read"
                self.context.say("import-guess", self.servers[0].node, sentence, "compare by hand")

    def _say_owner(self, policy: Node) -> None:
        """A policy that an operator made comes back when it is deleted, and adds to what the catalog's allow."""
        owner = owner_of(policy.value)
        if owner is not None:
            title = f"{plain(owner.kind)} {plain(self.namespace)}/{plain(owner.name)}"
            sentence = f"belongs to {title}, whose operator makes it again when it is deleted, and policies add up"
            todo = "narrow it or turn it off where its owner is declared"
            self.context.say("import-owned-policy", policy, sentence, todo)

    # --- servers ---

    def _server(self, one: Running) -> Entry:
        if one.host_network:
            raise BadEntry(one.node, "is on its node's network, where no policy holds", "fence the node instead")
        if not one.selector:
            raise BadEntry(one.node, "has no labels by which its pods could be selected", "give its pods a label")
        config: dict[str, Any] = {}
        if one.image is not None:
            config["image"] = image(str(one.image.value), "", one.image, self.context)
        if ports := one.numbers():
            config["port"] = ports[0]
        server: dict[str, Any] = {"runtime": "containerized", _CONFIG: config, "podSelector": dict(one.selector)}
        state, told = self._reaches(one, server)
        return Entry(one.node, one.name, server, state, told, namespace=one.namespace)

    def _reaches(self, one: Running, server: dict[str, Any]) -> tuple[State, tuple[str, ...]]:
        """Add egress and ingress to a server; returns its state and what was decided."""
        out = self._egress(one)
        called = self._callers(one)
        self.limited[one.title] = (out.open is None, not called.open)
        if called.open:
            sentence = f"no NetworkPolicy limits who calls {one.title}"
            self.context.say(
                "import-narrowed", one.node, sentence, "imported the clients of this catalog; say who calls it"
            )
        else:
            server["ingress"] = ingress(one, called, self.context)
        if out.open is not None:
            what = "allows everything" if out.open is not one.node else "is limited by no NetworkPolicy"
            self.context.say_open(out.open, what)
            return State.OPEN, ()
        if out.keys == {"services": []} and not out.rules:
            server[_CONFIG] = {**server[_CONFIG], "denyAllEgress": True}
            return State.NOTHING, ("its policies let it reach nothing",)
        server["egress"] = dict(out.keys)
        return State.LISTED, ("as its NetworkPolicies say",)

    def _egress(self, one: Running) -> ImportedEgress:
        """What a workload may reach, by all policies together where engines beside Kubernetes' own have some."""
        effective = self.engines.effective(one)
        if effective is None:
            out = egress(one, self.policies, self.servers, self.cluster, self.context)
            if out.open is not None or any(":" in block["cidr"] for block in out.keys.get("cidrs", ())):
                self.families.add(6)
            return out._replace(rules=policies_rules(one, self.policies))
        self.families |= effective.families
        if effective.left_out:
            sentence = f"lets {one.title} reach what no catalog has words for"
            self.context.say("import-narrowed", effective.policy, sentence, "left out; write what of it is needed")
        out = egress(one, [effective.policy], self.servers, self.cluster, self.context)
        rules = bool(effective.policy.value["spec"]["egress"] or effective.domains)
        if not effective.domains or out.open is not None:
            return out._replace(rules=rules)
        if not effective.provider:
            sentence = f"lets {one.title} reach host names, and mcpfence has no provider for its engine"
            self.context.say("import-narrowed", effective.policy, sentence, "left out")
            return out._replace(rules=rules)
        self.provider = self.provider or (effective.provider, effective.policy)
        keys = out.keys if out.keys.get("services") or out.keys.get("cidrs") else {}
        return ImportedEgress(None, {**keys, "domains": list(effective.domains)}, rules)

    def _callers(self, one: Running) -> Callers:
        """Who may call a workload, by all policies together where engines beside Kubernetes' own have some."""
        effective = self.engines.effective(one, "ingress")
        if effective is None:
            return callers(one, self.policies, self.clients, self.cluster, self.context)
        if effective.everything:
            return Callers(open=True, ports={})
        if effective.left_out:
            sentence = f"lets {one.title} be called in ways that no catalog has words for"
            self.context.say("import-narrowed", effective.policy, sentence, "left out; write what of it is needed")
        return callers(one, [effective.policy], self.clients, self.cluster, self.context)

    def _provided(self) -> list[Setting]:
        """The provider of the names, with what it must be told."""
        if self.provider is None:
            return []
        name, node = self.provider
        told = [Setting(node, ("egress", name), dict(SETTINGS[name]))] if name in SETTINGS else []
        if self.resolver:
            told.append(Setting(node, ("dns", "peers"), self.resolver, ("the resolver that its policies open, alone",)))
        if self.families == {4}:  # else a name would be open at IPv6 addresses, too
            reason = "its policies open no IPv6 address"
            told.append(Setting(node, ("cluster", "ipFamilies"), ["IPv4"], (reason,)))
        return [Setting(node, ("egress", "provider"), name, ("its policies name hosts",)), *told]

    def _told(self) -> dict[str, dict[str, Any]]:
        """These settings as a part of a catalog."""
        found: dict[str, dict[str, Any]] = {}
        for setting in self._provided():
            found.setdefault(setting.path[0], {})[setting.path[1]] = setting.value
        return found

    # --- the other workloads of the namespace ---

    def _workload(self, one: Running) -> dict[str, Any]:
        """The fence of a workload; empty where the floor alone is what it has today."""
        out = self._egress(one)
        called = self._callers(one)
        self.limited[one.title] = (out.open is None, not called.open)
        if one.host_network:
            return {}
        fence: dict[str, Any] = {"podSelector": dict(one.selector)}
        if out.open is None and (out.keys.get("services") or out.keys.get("cidrs")):
            fence["egress"] = dict(out.keys)
        if called.ports:
            fence["ingress"] = ingress(one, called, self.context)
        written = len(fence) > 1 and bool(one.selector)
        if out.open is not None or called.open:
            if written:
                say_written(one, reaches=out.open is not None, context=self.context)
            else:
                self._say_pods(one, "is no server, and no policy limits what it does")
        return fence if written else {}

    def _say_pods(self, one: Running, sentence: str) -> None:
        todo = "the floor denies it everything that is not written; write a workload for it"
        self.context.say("import-pods", one.node, f"{one.title} {sentence}", todo)

    # --- the comparison ---

    def _compared(
        self,
        entries: Sequence[tuple[Running, Entry]],
        workloads: dict[str, tuple[Running, dict[str, Any]]],
        rendered: Sequence[Any],
    ) -> list[Entry]:
        """The entries that gain nothing over today; how each compares is said."""
        compare = comparison(self.nodes, rendered, self.namespace, self.cluster.namespaces)
        kept = []
        for one, entry in entries:
            if self._compare(one, compare):
                kept.append(entry)
        for name, (one, _) in list(workloads.items()):
            if not self._compare(one, compare):
                del workloads[name]
        return kept

    def _compare(self, one: Running, compare: Any) -> bool:
        equal = []
        for direction, limited in zip(("egress", "ingress"), self.limited[one.title], strict=True):
            found = compare(one.keys, direction)
            verb = "may reach" if direction == "egress" else "may be called by"
            if found is None or not limited:
                continue
            if found.is_gain:
                sentence = f"{one.title} {verb} more than today: {found.gain_text()}"
                self.context.refuse(one.node, sentence, "write it by hand, and please report it")
                return False
            if found.is_loss:
                sentence = f"{one.title} {verb} less than today: {found.loss_text()}"
                self.context.say("import-narrowed", one.node, sentence, "write what of it is needed")
            else:
                equal.append(direction)
        if equal and not self.unread:
            sentence = f"{one.title}: {' and '.join(equal)} equal to today's, read back and compared"
            self.context.say("import-reach", one.node, sentence, "nothing to do")
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
