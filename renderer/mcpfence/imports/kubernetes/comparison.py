"""Whether what was imported lets each workload reach, and be reached by, what it is today: rendered and read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from mcpfence.diff.flow_text import lines
from mcpfence.diff.side import Manifests, Side
from mcpfence.documents.reader import load_foreign
from mcpfence.findings.finding import Finding, McpfenceError
from mcpfence.imports.kubernetes.peers import NAME
from mcpfence.imports.shared.source import Node
from mcpfence.kube.manifest import floor_policy
from mcpfence.kube.services import index
from mcpfence.reach.flows import flows
from mcpfence.reach.flows.flows import Reach
from mcpfence.render.pipeline import render

_SHOWN = 3


class RenderedCatalog(NamedTuple):
    """The documents of a catalog, and what it could not have (top key, name) with the first error for each."""

    documents: tuple[Any, ...]
    refused: Mapping[tuple[str, str], str]
    fault: str = ""
    """Why there are no documents: an error that is not about one server or workload."""


class GainAndLoss(NamedTuple):
    """What one direction gains and loses against today."""

    gained: Reach
    lost: Reach


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
) -> Callable[[str, str], GainAndLoss | None]:
    """(workload's title, direction) -> what changes if the catalog's policies replace those of the namespace.

    `namespaces` are the labels that namespaces have today.
    """
    documents = [_with_labels(node.value, namespaces) for node in nodes]
    others = [one for one in documents if one.get("kind") != "NetworkPolicy" or _space(one) != namespace]
    ours = [_with_labels(document, namespaces) for document in rendered]
    before, after = Side("today", Manifests(documents)), Side("the catalog", Manifests([*others, *ours]))

    def compare(title: str, direction: str) -> GainAndLoss | None:
        places = before.workloads.get(title)
        if places is None:
            return None
        old, new = before.bounds(places, direction), after.bounds(places, direction)
        return GainAndLoss(flows.minus_at_most(new.most, old.most), flows.minus_at_most(old.least, new.least))

    return compare


def _with_labels(value: Any, namespaces: Mapping[str, Mapping[str, str]]) -> Any:
    """A policy whose namespaces, where it names them, also have the labels that they have today.

    So a namespace by name is within a selector of labels that it has.
    """
    if isinstance(value, list):
        return [_with_labels(item, namespaces) for item in value]
    if not isinstance(value, Mapping):
        return value
    found = {key: _with_labels(item, namespaces) for key, item in value.items()}
    selector = found.get("namespaceSelector")
    labels = selector.get("matchLabels") if isinstance(selector, Mapping) else None
    name = labels.get(NAME) if isinstance(labels, Mapping) else None
    if isinstance(name, str) and namespaces.get(name) and isinstance(selector, Mapping):
        found["namespaceSelector"] = {**selector, "matchLabels": {**namespaces[name], **dict(labels or {})}}
    return found


def _space(document: Mapping[str, Any]) -> str:
    metadata = document.get("metadata")
    return str(metadata.get("namespace") or "default") if isinstance(metadata, Mapping) else ""


def words(reach: Reach) -> str:
    """A reach in a few words."""
    found = lines(reach)
    return "; ".join(found[:_SHOWN]) + (f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else "")
