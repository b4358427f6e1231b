"""Faulty emitters: what a slip in a provider, in the templates or in the writer would look like.

Each fault is planted into the running renderer and leaves everything else as it is, so that only the proof stands
between it and the output.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from mcpfence import providers
from mcpfence.documents import writer
from mcpfence.documents.writer import Document, Writer
from mcpfence.kube.manifest import Manifest
from mcpfence.net.ports import PortRange
from mcpfence.plan.fence import Allow, Block, ClusterNetwork, Fence, Narrowing
from mcpfence.providers.aviatrix import emit as aviatrix
from mcpfence.providers.networkpolicy import emit as networkpolicy
from mcpfence.render import assembly, objects, template

Patch = pytest.MonkeyPatch
Fault = Callable[[Patch], None]

FAULTS: dict[str, Fault] = {}
"""By what goes wrong."""


def fault(name: str) -> Callable[[Fault], Fault]:
    """Enter a fault."""

    def enter(plant: Fault) -> Fault:
        assert name not in FAULTS
        FAULTS[name] = plant
        return plant

    return enter


def _changed(patch: Patch, module: Any, name: str, change: Callable[[Any], Any]) -> None:
    """Plant a function that gives what the real one gives, changed."""
    real = getattr(module, name)
    patch.setattr(module, name, lambda *given, **named: change(real(*given, **named)))


# --- NetworkPolicy ---


@fault("the last except is forgotten")
def _(patch: Patch) -> None:
    def cut(document: Document) -> Document:
        return {**document, "except": document["except"][:-1]} if document.get("except") else document

    _changed(patch, networkpolicy, "_ip_block", cut)


@fault("ports are off by one")
def _(patch: Patch) -> None:
    _changed(patch, networkpolicy, "port_document", lambda document: {**document, "port": document["port"] + 1})


@fault("ranges end one too late")
def _(patch: Patch) -> None:
    def late(document: Document) -> Document:
        return {**document, "endPort": document["endPort"] + 1} if "endPort" in document else document

    _changed(patch, networkpolicy, "port_document", late)


@fault("ranges lose their end")
def _(patch: Patch) -> None:
    def cut(document: Document) -> Document:
        return {key: value for key, value in document.items() if key != "endPort"}

    _changed(patch, networkpolicy, "port_document", cut)


@fault("every port is TCP")
def _(patch: Patch) -> None:
    _changed(patch, networkpolicy, "port_document", lambda document: {**document, "protocol": "TCP"})


@fault("ports are forgotten")
def _(patch: Patch) -> None:
    _changed(patch, networkpolicy, "_rule", lambda rule: {key: value for key, value in rule.items() if key != "ports"})


@fault("the namespace's label is another one")
def _(patch: Patch) -> None:
    patch.setattr(networkpolicy, "NAMESPACE_LABEL", "name")


@fault("peers are looked for in the policy's own namespace")
def _(patch: Patch) -> None:
    def own(document: Document) -> Document:
        return {"podSelector": document.get("podSelector", {})}

    _changed(patch, networkpolicy, "_pods_document", own)


@fault("namespace and pods stand in two peers")
def _(patch: Patch) -> None:
    def split(documents: Iterator[Document]) -> Iterator[Document]:
        for document in documents:
            for key, value in document.items():
                yield {key: value}

    _changed(patch, networkpolicy, "_peer_documents", split)


@fault("only the first value of a label gets in")
def _(patch: Patch) -> None:
    def first(documents: Iterator[Document]) -> Iterator[Document]:
        for document in documents:
            for item in document.get("podSelector", {}).get("matchExpressions", ()):
                item["values"] = item["values"][:1] if "values" in item else []
            yield document

    _changed(patch, networkpolicy, "_peer_documents", first)


@fault("key and value of labels are swapped")
def _(patch: Patch) -> None:
    def swapped(document: Document) -> Document:
        return {**document, "matchLabels": {value: key for key, value in document.get("matchLabels", {}).items()}}

    _changed(patch, networkpolicy, "selector_document", swapped)


@fault("expressions of selectors are forgotten")
def _(patch: Patch) -> None:
    def cut(document: Document) -> Document:
        return {key: value for key, value in document.items() if key != "matchExpressions"}

    _changed(patch, networkpolicy, "selector_document", cut)


@fault("only the first selector gets policies")
def _(patch: Patch) -> None:
    real = networkpolicy.network_policies

    def first(fence: Fence, *given: Any) -> Iterator[Manifest]:
        return real(fence._replace(selectors=fence.selectors[:1], endings=fence.endings[:1]), *given)

    patch.setattr(assembly, "network_policies", first)


@fault("there is no egress policy")
def _(patch: Patch) -> None:
    def without(manifests: Iterator[Manifest]) -> list[Manifest]:
        return [item for item in manifests if item.document["spec"]["policyTypes"] != ["Egress"]]

    _changed(patch, assembly, "network_policies", without)


@fault("policyTypes are left to their default")
def _(patch: Patch) -> None:
    def cut(item: Manifest) -> Manifest:
        spec = {key: value for key, value in item.document["spec"].items() if key != "policyTypes"}
        return item._replace(document={**item.document, "spec": spec})

    _changed(patch, networkpolicy, "_policy", cut)


@fault("policies lie in another namespace")
def _(patch: Patch) -> None:
    def moved(item: Manifest) -> Manifest:
        metadata = {**item.document["metadata"], "namespace": "default"}
        return item._replace(document={**item.document, "metadata": metadata})

    _changed(patch, networkpolicy, "_policy", moved)


@fault("ingress rules stand in the egress policy too")
def _(patch: Patch) -> None:
    real = networkpolicy._egress

    def both(fence: Fence, *how: Any) -> Iterator[Any]:
        yield from real(fence, *how)
        yield from ((allow.peers, allow.ports) for allow in fence.ingress)

    patch.setattr(networkpolicy, "_egress", both)


@fault("IPv6 is dropped without a word")
def _(patch: Patch) -> None:
    def narrower(fence: Fence, _network: ClusterNetwork) -> tuple[Fence, tuple[Narrowing, ...]]:
        return fence._replace(egress=tuple(filter(None, map(_ipv4, fence.egress)))), ()

    for name in providers.TABLE:
        patch.setitem(providers._LOADED, name, providers.provider_of(name)._replace(prepare=narrower))


def _ipv4(allow: Allow) -> Allow | None:
    peers = tuple(peer for peer in allow.peers if not (isinstance(peer, Block) and ":" in peer.text))
    return allow._replace(peers=peers) if peers else None


# --- Aviatrix ---


@fault("the firewall does not end in a deny")
def _(patch: Patch) -> None:
    patch.setattr(aviatrix, "_deny", lambda *_: None)


@fault("the firewall denies one family only")
def _(patch: Patch) -> None:
    def once(draft: Any, _network: ClusterNetwork) -> None:
        draft.smart_groups.setdefault(draft.named("any"), [{"cidr": "0.0.0.0/0"}])
        draft.rules.append(aviatrix._Rule(draft.named("deny"), "deny", "any", draft.named("any")))

    patch.setattr(aviatrix, "_deny", once)


@fault("the firewall denies first")
def _(patch: Patch) -> None:
    def first(spec: Document) -> Document:
        return {**spec, "rules": spec["rules"][-1:] + spec["rules"][:-1]}

    _changed(patch, aviatrix, "_spec", first)


@fault("rules forget their web group")
def _(patch: Patch) -> None:
    _changed(patch, aviatrix, "_permit", lambda rule: rule._replace(web_group=""))


@fault("wildcards lose their star")
def _(patch: Patch) -> None:
    def bare(found: Any) -> Any:
        return [(first, last, tuple(name.removeprefix("*.") for name in names)) for first, last, names in found]

    _changed(patch, aviatrix, "segments", bare)


@fault("every name stands on every port")
def _(patch: Patch) -> None:
    def mixed(found: Any) -> Any:
        every = tuple(sorted({name for _, _, names in found for name in names}))
        return [(first, last, every) for first, last, _ in found]

    _changed(patch, aviatrix, "segments", mixed)


@fault("ports of firewall rules are off by one")
def _(patch: Patch) -> None:
    real = aviatrix._permit

    def off(draft: Any, purpose: str, group: str, item: PortRange, web_group: str = "") -> Any:
        moved = item if item.protocol == "ALL" else item._replace(first=item.first + 1, last=item.last + 1)
        return real(draft, purpose, group, moved, web_group)

    patch.setattr(aviatrix, "_permit", off)


@fault("smart groups ask for tags that no pod has")
def _(patch: Patch) -> None:
    def wrong(selectors: list[Document]) -> list[Document]:
        return [{**item, "tags": {"name": "x"}} if "tags" in item else item for item in selectors]

    _changed(patch, aviatrix, "_pods", wrong)


@fault("the firewall speaks of other pods")
def _(patch: Patch) -> None:
    _changed(patch, aviatrix, "_rule_document", lambda rule: {**rule, "selector": {"matchLabels": {"name": "x"}}})


@fault("what the firewall cannot do is not listed")
def _(patch: Patch) -> None:
    real = providers.provider_of("aviatrix")
    silent = real._replace(prepare=lambda fence, network: (real.prepare(fence, network)[0], ()))
    patch.setitem(providers._LOADED, "aviatrix", silent)


@fault("the vendor's guide is believed: a list of ports")
def _(patch: Patch) -> None:
    def listed(rule: Document) -> Document:
        port = rule.pop("port", None)
        return {**rule, "ports": [str(port)]} if port else rule

    _changed(patch, aviatrix, "_rule_document", listed)


# --- names, templates and writer ---


@fault("long names are cut without a digest")
def _(patch: Patch) -> None:
    for module in (aviatrix, networkpolicy):
        patch.setattr(module, "limited", lambda name: name[:63])


@fault("words are filled in in reverse")
def _(patch: Patch) -> None:
    for module in (assembly, objects):
        patch.setattr(module, "fill", lambda parts, words: template.fill(parts, words[::-1]))


@fault("the first word is filled in everywhere")
def _(patch: Patch) -> None:
    def same(parts: Any, words: tuple[str, ...]) -> str:
        return template.fill(parts, (words[0],) * len(words) if words else ())

    for module in (assembly, objects):
        patch.setattr(module, "fill", same)


@fault("a row has its first name alone")
def _(patch: Patch) -> None:
    _rows_changed(patch, lambda names: names[:1])


@fault("a row has its last name again and again")
def _(patch: Patch) -> None:
    _rows_changed(patch, lambda names: names[-1:] * len(names))


def _rows_changed(patch: Patch, change: Callable[[list[str]], list[str]]) -> None:
    """Fill in something else than the names of a row."""

    def changed(parts: Any, words: tuple[str, ...]) -> str:
        return template.fill(parts, tuple("\n".join(change(word.split("\n"))) for word in words))

    for module in (assembly, objects):
        patch.setattr(module, "fill", changed)


@fault("templates lose what stands behind their last mark")
def _(patch: Patch) -> None:
    def cut(parts: Any) -> Any:
        last = max((place for place, part in enumerate(parts) if isinstance(part, int)), default=len(parts))
        return parts[: last + 1]

    _changed(patch, template, "split", cut)


@fault("the writer drops the last item of lists")
def _(patch: Patch) -> None:
    real = Writer._items
    patch.setattr(
        Writer, "_items", lambda self, items, indent: real(self, items[:-1] if len(items) > 1 else items, indent)
    )


@fault("the writer drops a line")
def _(patch: Patch) -> None:
    def drop(text: str) -> str:
        return "".join(line for line in text.splitlines(keepends=True) if "policyTypes" not in line)

    _changed(patch, Writer, "write", drop)


@fault("the writer never quotes")
def _(patch: Patch) -> None:
    for module in (writer, template):
        patch.setattr(module, "is_plain", lambda _text: True)


@fault("the writer takes one block for another")
def _(patch: Patch) -> None:
    first: dict[int, str] = {}
    real = Writer._list

    def same(self: Writer, items: list[Any], indent: int) -> str:
        text = real(self, items, indent)
        return first.setdefault(indent, text) if type(items) is writer.Shared else text

    patch.setattr(Writer, "_list", same)


@fault("the writer indents too little")
def _(patch: Patch) -> None:
    real = Writer._mapping
    patch.setattr(Writer, "_mapping", lambda self, mapping, indent: real(self, mapping, max(indent - 1, 0)))


@fault("there is one policy for all fences")
def _(patch: Patch) -> None:
    def nobody(_: Iterable[Manifest]) -> list[Manifest]:
        return []

    _changed(patch, assembly, "network_policies", nobody)
