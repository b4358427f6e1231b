"""Kubescape's NetworkNeighborhood: what its node agent saw the pods of a workload reach, as hints and nothing more.

    kind: NetworkNeighborhood                            (beside whatever declares the server)
    metadata:                                            # notes:
      name: deployment-notes                             #   hint: observed by Kubescape: api.example.com 443/TCP;
      labels: {kubescape.io/workload-name: notes}        #     redis of namespace data (app=redis) 6379/TCP
    spec:
      matchLabels: {app: notes}
      containers:
      - egress:
        - dnsNames: [api.example.com.]
          ports: [{protocol: TCP, port: 443}]

It names no image and no runtime, so it is no server by itself.  What was seen is what a program did, not what it should
be let do: nothing of it is applied.  Source: kubescape/storage, pkg/apis/softwarecomposition/v1beta1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mcpfence.imports.shared.format import (
    FieldRow,
    Format,
    FormatResult,
    ImportContext,
    Sighting,
    Table,
    report_unknown,
)
from mcpfence.imports.shared.source import Document, Node, is_of, objects

_GROUP = "spdx.softwarecomposition.kubescape.io"
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_META = ("annotations", "uid", "generation", "creationTimestamp", "resourceVersion", "managedFields", "finalizers")
_NEIGHBOUR = (
    ("dnsNames", "the names"),
    ("dns", "the same, in older versions"),
    ("ipAddress", "where no name is known"),
    ("ipAddresses", "the same"),
    ("ports", "with the names"),
    ("podSelector", "the pods' labels"),
    ("namespaceSelector", "their namespace"),
    ("identifier", ""),
    ("type", ""),
)

NEIGHBORHOOD = Table(
    "NetworkNeighborhood of spdx.softwarecomposition.kubescape.io",
    (
        FieldRow("metadata.name", "", "what the hint is called where no workload is named"),
        FieldRow("metadata.namespace", "", "that of the server it belongs to"),
        FieldRow(
            "metadata.labels", "", "kubescape.io/workload-name is the server's name, where its labels do not tell"
        ),
        *(FieldRow(f"metadata.{key}", "", "") for key in _META),
        FieldRow("spec.matchLabels", "", "those of the server's podSelector tell which server it is about"),
        FieldRow("spec.matchExpressions", "", ""),
        *(
            FieldRow(f"spec.{kind}[].egress[].{key}", "", f"a hint: {means}" if means else "")
            for kind in _CONTAINERS
            for key, means in _NEIGHBOUR
        ),
        *(FieldRow(f"spec.{kind}[].{key}", "", "") for kind in _CONTAINERS for key in ("name", "ingress")),
        *(FieldRow(key, "", "") for key in ("apiVersion", "kind", "status")),
    ),
)


def recognises(document: Document) -> bool:
    """A NetworkNeighborhood, or a list with one."""
    return any(_is_neighborhood(node) for node in objects(document))


def _is_neighborhood(node: Node) -> bool:
    return is_of(node, _GROUP, ("NetworkNeighborhood",))


def read(documents: Sequence[Document], context: ImportContext) -> FormatResult:
    """No entries: what was seen goes to the entries of others, by `ImportContext.sightings`."""
    for node in (node for document in documents for node in objects(document) if _is_neighborhood(node)):
        with context.entry():
            context.sightings.append(_sighting(node))
            report_unknown(node, NEIGHBORHOOD, context)
    return FormatResult(())


def _sighting(node: Node) -> Sighting:
    metadata, spec = node.mapping("metadata"), node.mapping("spec")
    labels = _labels(metadata.mapping("labels") if metadata else None)
    name = labels.get("kubescape.io/workload-name", "") or (metadata.text("name") if metadata else "")
    containers = [item for kind in _CONTAINERS for item in (spec.items(kind) if spec else ())]
    seen = [line for one in containers for neighbour in one.items("egress") for line in _seen(neighbour)]
    completion = _labels(metadata.mapping("annotations") if metadata else None).get("kubescape.io/completion", "")
    return Sighting(
        node,
        name,
        metadata.text("namespace") if metadata else "",
        _labels(spec.mapping("matchLabels") if spec else None),
        tuple(dict.fromkeys(seen)),
        whole=completion != "partial",
    )


def _labels(node: Node | None) -> dict[str, str]:
    found = node.value if node is not None and isinstance(node.value, Mapping) else {}
    return {str(key): value for key, value in found.items() if isinstance(value, str)}


def _seen(neighbour: Node) -> Iterator[str]:
    """What one neighbour is called, with its ports."""
    names = [item.as_text().rstrip(".") for item in neighbour.items("dnsNames")] or [neighbour.text("dns").rstrip(".")]
    pods = neighbour.mapping("podSelector")
    addresses = [neighbour.text("ipAddress"), *(item.as_text() for item in neighbour.items("ipAddresses"))]
    found = [name for name in names if name] or ([_pods(neighbour, pods)] if pods else list(filter(None, addresses)))
    ports = ", ".join(f"{item.port('port')}/{item.text('protocol') or 'TCP'}" for item in neighbour.items("ports"))
    for name in found:
        yield f"{name} {ports}".strip()


def _pods(neighbour: Node, pods: Node) -> str:
    labels = _labels(pods.mapping("matchLabels"))
    space = neighbour.mapping("namespaceSelector")
    where = _labels(space.mapping("matchLabels") if space else None).get("kubernetes.io/metadata.name", "")
    words = ", ".join(f"{key}={value}" for key, value in sorted(labels.items()))
    return f"pods {words}" + (f" of namespace {where}" if where else "")


FORMAT = Format(
    name="kubescape",
    summary="Kubescape's NetworkNeighborhood: what pods were seen to reach, as hints beside another format's servers.",
    recognises=recognises,
    read=read,
    tables=(NEIGHBORHOOD,),
)
