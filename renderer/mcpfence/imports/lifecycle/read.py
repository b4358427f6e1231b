"""MCPServer of kubernetes-sigs' lifecycle operator: image, port, and who may reach and be reached by it.

    kind: MCPServer                                      servers:
    metadata: {name: notes, namespace: tools}              notes:
    spec:                                                    runtime: containerized
      source: {containerImage: {ref: "example/notes:1"}}     containerizedConfig: {image: "example/notes:1", port: 8080}
      config: {port: 8080}                                   podSelector: {app: mcp-server, mcp-server: notes}
      network:                                               egress:
        egressTo: [{ipBlock: {cidr: 10.0.0.0/8}}]              cidrs: [{cidr: 10.0.0.0/8, ports: [443]}]
        egressPorts: [{port: 443}]

The operator makes a Deployment and a NetworkPolicy of it.  Both are put together here as it does (api/v1beta1,
internal/controller: peers and ports in one rule, port 53 beside them; without either everything is open), and go the
way of the format kubernetes: what is imported is compared with that policy, and what is more is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mcpfence.findings.finding import Path
from mcpfence.imports.kubernetes.cluster_import import Import
from mcpfence.imports.kubernetes.owners import space_of
from mcpfence.imports.kubernetes.pods import Running, plain, running
from mcpfence.imports.shared.format import (
    Entry,
    FieldRow,
    Format,
    FormatResult,
    ImportContext,
    Table,
    report_unknown,
)
from mcpfence.imports.shared.remote import Variable, environment
from mcpfence.imports.shared.source import BadEntry, Document, Node, is_of, objects

_GROUP = "mcp.x-k8s.io"
_ALONG = ("Namespace", "Service")
_CONFIG = "containerizedConfig"
_META = ("labels", "annotations", "finalizers", "uid", "generation", "creationTimestamp", "resourceVersion")

SERVER = Table(
    "MCPServer of mcp.x-k8s.io",
    (
        FieldRow(
            "metadata.name",
            "servers.NAME",
            "its pods carry app: mcp-server and mcp-server: NAME, which become podSelector",
        ),
        FieldRow("metadata.namespace", "mcpNamespace.name", "the one with most servers; others are refused"),
        *(FieldRow(f"metadata.{key}", "", "") for key in (*_META, "managedFields")),
        FieldRow("spec.source.containerImage.ref", "containerizedConfig.image", ""),
        FieldRow("spec.source.type", "", "ContainerImage, the one kind that there is"),
        FieldRow("spec.image", "containerizedConfig.image", "the older form of source"),
        FieldRow("spec.config.port", "containerizedConfig.port", ""),
        FieldRow("spec.port", "containerizedConfig.port", "the older form of config.port"),
        FieldRow("spec.config.env", "env", "the variables' names; never a value"),
        FieldRow("spec.env", "env", "the variables' names; never a value"),
        FieldRow(
            "spec.network.egressTo",
            "egress.cidrs, egress.services",
            "on the ports of egressPorts, as the format kubernetes reads them",
        ),
        FieldRow(
            "spec.network.egressPorts", "egress.cidrs[].ports, egress.services[].ports", "without egressTo: public"
        ),
        FieldRow("spec.network.dnsEgressPeer", "egress.services", "absent: kube-dns of kube-system, on port 53"),
        FieldRow("spec.network.ingressFrom", "clients, ingress.from", "absent: everybody, so nobody, with a warning"),
        *(FieldRow(f"spec.config.{key}", "", "") for key in ("arguments", "path", "envFrom", "storage", "command")),
        *(FieldRow(f"spec.{key}", "", "") for key in ("args", "envFrom", "runtime", "transport", "health", "path")),
        *(FieldRow(f"spec.{key}", "", "") for key in ("replicas", "resources", "serviceAccountName", "security")),
        *(FieldRow(key, "", "") for key in ("apiVersion", "kind", "status")),
    ),
)

_PLACES: tuple[tuple[Path, Path], ...] = (
    (("spec", "egress", 1, "to"), ("spec", "network", "egressTo")),
    (("spec", "egress", 1, "ports"), ("spec", "network", "egressPorts")),
    (("spec", "egress", 0, "to", 0), ("spec", "network", "dnsEgressPeer")),
    (("spec", "egress", 0), ("spec", "network")),
    (("spec", "egress", 1), ("spec", "network")),
    (("spec", "egress"), ("spec", "network")),
    (("spec", "ingress", 0, "from"), ("spec", "network", "ingressFrom")),
    (("spec", "ingress", 0), ("spec", "network")),
    (("spec", "ingress"), ("spec", "network")),
    (("spec", "template", "spec", "containers", 0, "image"), ("spec", "source")),
)
"""Where a part of the objects that the operator makes comes from."""


class _Made(Document):
    """A document whose resources stand for the objects that are made of them: places are those of the resource."""

    __slots__ = ()

    def place(self, path: Path = ()) -> str:
        """File and line of what the made value comes from."""
        return super().place(_origin(path))

    def where(self, path: Path) -> str:
        """File, line and path of what the made value comes from."""
        return super().where(_origin(path))


def _origin(path: Path) -> Path:
    at = path.index("spec") if "spec" in path else len(path)
    for made, source in _PLACES:
        if path[at : at + len(made)] == made:
            return (*path[:at], *source, *path[at + len(made) :])
    return path


def recognises(document: Document) -> bool:
    """A resource of the operator."""
    return any(_is_server(node) for node in objects(document))


def _is_server(node: Node) -> bool:
    return is_of(node, _GROUP, ("MCPServer",))


def read(documents: Sequence[Document], context: ImportContext) -> FormatResult:
    """The servers of the namespace with most of them, their clients, and what they may reach."""
    nodes: list[Node] = []
    resources: dict[tuple[str, str], Node] = {}
    for document in documents:
        made = _Made(*document)
        for node in (found._replace(document=made) for found in objects(document)):
            if not _is_server(node):
                nodes.append(node)
                continue
            with context.entry():
                report_unknown(node._replace(document=document), SERVER, context)
                deployment, policy = _made_of(node)
                resources[space_of(deployment.value), str(deployment.value["metadata"]["name"])] = node
                nodes += (deployment, policy)
    every = running([node for node in nodes if node.value.get("kind") != "Service"], context)
    chosen = _of_one_namespace([one for one in every if (one.namespace, one.name) in resources], context)
    if not chosen:
        return FormatResult(())
    result = Import(nodes, [one for one in every if one in chosen], chosen, context).found()
    entries = [_with_env(entry, resources[entry.namespace, entry.name], context) for entry in result.entries]
    return result._replace(entries=tuple(entries))


def _of_one_namespace(found: Sequence[Running], context: ImportContext) -> list[Running]:
    counts = Counter(one.namespace for one in found)
    space = context.home if context.home in counts else min(counts, key=lambda name: (-counts[name], name), default="")
    for one in found:
        if one.namespace != space:
            sentence = f"runs in namespace {plain(one.namespace)}, and this catalog is for {plain(space)}"
            context.refuse(one.node, sentence, "import the servers of each namespace into a catalog of their own")
    return [one for one in found if one.namespace == space]


def _made_of(node: Node) -> Iterator[Node]:
    """The Deployment and the NetworkPolicy that the operator makes of a resource.  Raises BadEntry."""
    metadata, spec = node.mapping("metadata"), node.mapping("spec")
    if metadata is None or spec is None or not metadata.text("name"):
        raise BadEntry(node, "has no metadata.name or no spec", "mend the source")
    name = metadata.text("name")
    source, config = spec.mapping("source"), spec.mapping("config")
    container = source.mapping("containerImage") if source else None
    image = container.text("ref") if container else spec.text("image")
    port = (config.port("port") if config else None) or spec.port("port")
    if not image or port is None:
        raise BadEntry(spec, f"has no {'image' if not image else 'port'}", "add it")
    space = metadata.get("namespace")
    place = {"namespace": space.as_text()} if space else {}
    labels = {"app": "mcp-server", "mcp-server": name}
    pod = {"containers": [{"name": "mcp-server", "image": image, "ports": [{"name": "mcp", "containerPort": port}]}]}
    yield node._replace(
        value={
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, **place},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        }
    )
    owner = {"apiVersion": node.text("apiVersion"), "kind": "MCPServer", "name": name, "controller": True}
    yield node._replace(
        value={
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": name, **place, "ownerReferences": [owner]},
            "spec": {
                "podSelector": {"matchLabels": {"mcp-server": name}},
                "policyTypes": ["Ingress", "Egress"],
                **_rules(spec.mapping("network"), port),
            },
        }
    )


def _rules(network: Node | None, port: int) -> Mapping[str, Any]:
    """The rules of the operator's policy: one list of ports for all peers, and DNS beside them."""
    lists = {key: network.get(key) if network else None for key in ("ingressFrom", "egressTo", "egressPorts")}
    for node in lists.values():
        if node is not None:
            node.entries()
    callers, to, ports = ((node.value if node is not None else []) for node in lists.values())
    ingress = {"ports": [{"port": port, "protocol": "TCP"}]} | ({"from": callers} if callers else {})
    if not to and not ports:
        return {"ingress": [ingress], "egress": [{}]}
    resolver = network.mapping("dnsEgressPeer") if network else None
    dns = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
    dns |= {"to": [resolver.value]} if resolver else {}
    return {
        "ingress": [ingress],
        "egress": [dns, ({"to": to} if to else {}) | ({"ports": ports} if ports else {})],
    }


def _with_env(entry: Entry, node: Node, context: ImportContext) -> Entry:
    """The entry with the names of its variables."""
    spec = node.get("spec")
    config = spec.get("config") if spec else None
    listed = [item for holder in (spec, config) if holder for item in _listed(holder)]
    found = environment(
        (Variable(item, item.text("name"), None, secret=bool(item.get("valueFrom"))) for item in listed), context
    )
    return entry._replace(server={**entry.server, **({"env": found} if found else {})})


def _listed(holder: Node) -> list[Node]:
    env = holder.get("env")
    items = env.entries() if env is not None and isinstance(env.value, list) else []
    return [item for item in items if isinstance(item.value, Mapping) and isinstance(item.value.get("name"), str)]


def reads_along(document: Document) -> bool:
    """Namespaces, by whose labels peers are found, and Services, after which back-ends are called."""
    return any(node.value.get("kind") in _ALONG for node in objects(document))


FORMAT = Format(
    name="mcp-lifecycle",
    summary="MCPServer of kubernetes-sigs' lifecycle operator (mcp.x-k8s.io), with what it may reach.",
    recognises=recognises,
    read=read,
    tables=(SERVER,),
    reads_along=reads_along,
)
