"""Whether what was imported lets each workload reach, and be reached by, what it is today: rendered and read back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from mcpfence.diff.flow_text import lines, ports_text
from mcpfence.diff.side import Manifests, Side
from mcpfence.documents.reader import load_foreign
from mcpfence.findings.finding import Finding, McpfenceError
from mcpfence.imports.kubernetes.peers import NAME
from mcpfence.imports.shared.source import Node
from mcpfence.kube.manifest import floor_policy
from mcpfence.kube.services import index
from mcpfence.net.intervals import Intervals, subtract
from mcpfence.reach.connectivity.connections import Connectivity, connections
from mcpfence.reach.engines import by_kind
from mcpfence.reach.flows import flows
from mcpfence.reach.flows.flows import Reach
from mcpfence.render.pipeline import render
from mcpfence.structs import Struct

_SHOWN = 3


class RenderedCatalog(Struct):
    """The documents of a catalog, and what it could not have (top key, name) with the first error for each."""

    documents: tuple[Any, ...]
    refused: Mapping[tuple[str, str], str]
    fault: str = ""
    """Why there are no documents: an error that is not about one server or workload."""


class GainAndLoss(Struct):
    """What one direction gains and loses against today."""

    gained: Reach
    lost: Reach
    gained_there: tuple[str, ...] = ()
    lost_there: tuple[str, ...] = ()
    """Of single workloads of the input, where ports are known by name."""

    @property
    def is_gain(self) -> bool:
        """Whether anything is gained."""
        return bool(self.gained_there) or not flows.same(self.gained, flows.NOTHING)

    @property
    def is_loss(self) -> bool:
        """Whether anything is lost."""
        return bool(self.lost_there) or not flows.same(self.lost, flows.NOTHING)

    def gain_text(self) -> str:
        """What is gained, in a few words."""
        return words(self.gained) if self.gained != flows.NOTHING else words(flows.NOTHING, self.gained_there)

    def loss_text(self) -> str:
        """What is lost, in a few words."""
        return words(self.lost) if self.lost != flows.NOTHING else words(flows.NOTHING, self.lost_there)


def render_catalog(catalog: Mapping[str, Any], namespace: str) -> RenderedCatalog:
    """Render a catalog, without the servers and workloads that it cannot have; no documents where nothing helps."""
    refused: dict[tuple[str, str], str] = {}
    while True:
        try:
            found = render(
                catalog, release="mcpfence", namespace="default", services=index((), "default"), allow_empty=True
            )
        except McpfenceError as error:
            new = _blamed(error.findings, refused)
            if not new:
                return RenderedCatalog((), refused, error.findings[0].message)
            refused |= new
            catalog = {
                key: {name: item for name, item in value.items() if (key, name) not in refused}
                if key in ("servers", "workloads")
                else value
                for key, value in catalog.items()
            }
            continue
        texts = (item.text for item in found.objects if item.kind != "ConfigMap")
        return RenderedCatalog(
            (*(one for text in texts for one in load_foreign(text)), floor_policy(namespace)), refused
        )


def _blamed(findings: Sequence[Finding], known: Mapping[tuple[str, str], str]) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for finding in findings:
        if finding.severity.value == "error" and len(finding.path) > 1 and finding.path[0] in ("servers", "workloads"):
            found.setdefault((str(finding.path[0]), str(finding.path[1])), finding.sentence)
    return {key: sentence for key, sentence in found.items() if key not in known}


def comparison(
    nodes: Sequence[Node], rendered: Sequence[Any], namespace: str, namespaces: Mapping[str, Mapping[str, str]]
) -> Callable[[Sequence[str], str], GainAndLoss | None]:
    """(a workload's titles, direction) -> what changes if the catalog's policies replace those of the namespace.

    `namespaces` are the labels that namespaces have today.  A port by name, which selectors cannot tell, is that of
    each workload that is there: see `Between`.
    """
    documents = [_with_labels(node.value, namespaces) for node in nodes]
    ours = [_with_labels(document, namespaces) for document in rendered]
    named = {_identity(document) for document in ours}
    others = [one for one in documents if not _is_replaced(one, namespace) and _identity(one) not in named]
    before, after = Side("today", Manifests(documents)), Side("the catalog", Manifests([*others, *ours]))
    between = Between(documents, [*others, *ours])

    def compare(titles: Sequence[str], direction: str) -> GainAndLoss | None:
        places = [place for title in titles for place in before.workloads.get(title, ())]
        if not places:
            return None
        gained, lost = [], []
        for place in (
            one for i, one in enumerate(places) if one not in places[:i]
        ):  # one by one: what one pod may already is no excuse for another
            old, new = before.bounds([place], direction), after.bounds([place], direction)
            gained.append(flows.minus_at_most(new.most, old.most))
            lost.append(flows.minus_at_most(old.least, new.least))
        there = [between.change(title) for title in titles] if direction == "egress" else []
        return GainAndLoss(
            flows.union_of(gained),
            flows.union_of(lost),
            tuple(line for more, _ in there for line in more),
            tuple(line for _, less in there for line in less),
        )

    return compare


def _with_labels(value: Any, namespaces: Mapping[str, Mapping[str, str]]) -> Any:
    """A policy whose namespaces, where it names them, also have the labels that they have today.

    So a namespace by name is within a selector of labels that it has, and no other one of that name is thought of.
    """
    if isinstance(value, list):
        return [_with_labels(one, namespaces) for item in value for one in _by_name(item)]
    if not isinstance(value, Mapping):
        return value
    found = {key: _with_labels(item, namespaces) for key, item in value.items()}
    selector = found.get("namespaceSelector")
    labels = selector.get("matchLabels") if isinstance(selector, Mapping) else None
    name = labels.get(NAME) if isinstance(labels, Mapping) else None
    if isinstance(name, str) and namespaces.get(name) and isinstance(selector, Mapping):
        found["namespaceSelector"] = {**selector, "matchLabels": {**namespaces[name], **dict(labels or {})}}
    return found


def _by_name(peer: Any) -> Iterator[Any]:
    """A peer whose namespaces are a list of names as one peer for each of them; any other as it is."""
    selector = peer.get("namespaceSelector") if isinstance(peer, Mapping) else None
    rules = selector.get("matchExpressions") if isinstance(selector, Mapping) else None
    if not isinstance(rules, list) or not isinstance(selector, Mapping):
        yield peer
        return
    for i, rule in enumerate(rules):
        names = rule.get("values") if isinstance(rule, Mapping) and rule.get("key") == NAME else None
        labels = selector.get("matchLabels") or {}
        if isinstance(names, list) and rule.get("operator") == "In" and isinstance(labels, Mapping):
            rest = {"matchExpressions": [*rules[:i], *rules[i + 1 :]]} if len(rules) > 1 else {}
            for name in names if NAME not in labels else ():
                yield {**peer, "namespaceSelector": {"matchLabels": {**labels, NAME: name}, **rest}}
            if NAME not in labels:
                return
    yield peer


def _space(document: Mapping[str, Any]) -> str:
    metadata = document.get("metadata")
    return str(metadata.get("namespace") or "default") if isinstance(metadata, Mapping) else ""


class Between:
    """What each workload may reach of the others that are there, as far as its own policies go: today and afterwards.

    Selectors stand for pods to come as well, so for a port by name they say at least nothing and at most every port of
    its protocol, and no number would be more than that.  The workloads of the input have numbers.
    """

    def __init__(self, before: Sequence[Any], after: Sequence[Any]) -> None:
        self._before, self._after = before, after

    @cached_property
    def _both(self) -> tuple[Connectivity, Connectivity]:
        return connections(map(_outward, self._before)), connections(map(_outward, self._after))

    def change(self, title: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What a workload (`Deployment ns/name`) gains and loses, in words, one for each other workload.

        Nothing where a policy cannot be read: what that lets through is not known, and `Side` says so.
        """
        kind, _, name = title.partition(" ")
        source = f"{name}[{kind}]"
        unknown = {pair for side in self._both for pair in side.unknown}
        if (source, "egress") in unknown:
            return (), ()
        old, new = (
            {target: points for target, points in side.inside.get(source, ()) if (target, "ingress") not in unknown}
            for side in self._both
        )
        return _beyond(new, old), _beyond(old, new)


def _outward(document: Any) -> Any:
    """A NetworkPolicy without its ingress, which is not asked; anything else as it is."""
    if not isinstance(document, Mapping) or document.get("kind") != "NetworkPolicy":
        return document
    if str(document.get("apiVersion")).partition("/")[0] not in ("networking.k8s.io", "extensions"):
        return document
    spec = document.get("spec")
    if not isinstance(spec, Mapping):
        return document
    types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    kept = {key: value for key, value in spec.items() if key != "ingress"}
    outward = isinstance(types, list) and "Egress" in types
    if outward:
        return {**document, "spec": {**kept, "policyTypes": ["Egress"]}}
    return {"kind": "None", "apiVersion": "v1", "metadata": document.get("metadata")}


def _beyond(one: Mapping[str, Intervals], other: Mapping[str, Intervals]) -> tuple[str, ...]:
    found = ((target, subtract(points, other.get(target, ()))) for target, points in sorted(one.items()))
    return tuple(f"{target} on {ports_text(points)}" for target, points in found if points)


def words(reach: Reach, more: Sequence[str] = ()) -> str:
    """A reach in a few words."""
    found = [*lines(reach), *more]
    return "; ".join(found[:_SHOWN]) + (f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else "")


def _identity(document: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """By which the API server knows an object: what is applied under the same one takes its place."""
    group, metadata = str(document.get("apiVersion")).rpartition("/")[0], document.get("metadata")
    found = metadata if isinstance(metadata, Mapping) else {}
    return group, str(document.get("kind")), str(found.get("namespace") or ""), str(found.get("name"))


def _is_replaced(document: Mapping[str, Any], namespace: str) -> bool:
    """Whether a document is a policy of the namespace that the catalog's stand for: of whichever engine can be read."""
    group, kind = str(document.get("apiVersion")).rpartition("/")[0], document.get("kind")
    metadata = document.get("metadata")
    placed = isinstance(metadata, Mapping) and (kind == "NetworkPolicy" or "namespace" in metadata)
    known = kind == "NetworkPolicy" or (group, str(kind)) in by_kind()
    return known and placed and _space(document) == namespace
