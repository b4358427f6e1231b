"""KubeMCP (atippey/kube-mcp): MCPServer resources, and the services that their tools and resources call.

    kind: MCPServer                          servers:
    metadata: {name: main}                     main:
    spec:                                        runtime: containerized
      redis: {serviceName: mcp-redis}            podSelector: {app.kubernetes.io/name: mcp-server, ...instance: main}
      toolSelector:                              egress:
        matchLabels: {mcp-server: main}            services:
    ---                                            - {name: mcp-redis, podSelector: {...}, ports: [6379]}
    kind: MCPTool                                  - {name: search, podSelector: {app: search}, ports: [8000]}
    spec: {service: {name: search, port: 80}}

What the operator itself writes is in `targets`.  Its group was mcp.k8s.turd.ninja until 2026.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mcpfence.imports.kubemcp.service_references import (
    GROUPS,
    Known,
    ServiceTarget,
    known_services,
    services_of,
    target_of,
)
from mcpfence.imports.shared.destinations import shown
from mcpfence.imports.shared.dns_labels import label
from mcpfence.imports.shared.format import (
    Entry,
    FieldRow,
    Format,
    FormatResult,
    ImportContext,
    State,
    Table,
    report_unknown,
)
from mcpfence.imports.shared.packages import image
from mcpfence.imports.shared.source import BadEntry, Document, Node, objects

_PORT = 8080
_REDIS = {"app.kubernetes.io/name": "mcp-redis", "app.kubernetes.io/component": "cache"}
_OPERATOR = {"app.kubernetes.io/name": "mcp-operator"}
_KINDS = ("MCPServer", "MCPTool", "MCPResource", "MCPPrompt")
_ALONG = ("Service", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod", "NetworkPolicy")

_METADATA = (
    *("labels", "annotations", "finalizers", "uid", "generation", "creationTimestamp", "resourceVersion"),
    *("managedFields", "ownerReferences"),
)
_ANNOTATIONS = "metadata.annotations.kubemcp.io/"
_ABOUT = (
    *(FieldRow(f"metadata.{key}", "", "") for key in _METADATA),
    *(FieldRow(key, "", "") for key in ("apiVersion", "kind", "status")),
)

SERVER = Table(
    "MCPServer",
    (
        FieldRow("metadata.name", "servers.NAME, podSelector", "the labels that the operator gives the server's pods"),
        FieldRow("metadata.namespace", "mcpNamespace.name", "a catalog is for one namespace; others are refused"),
        FieldRow("spec.image", "containerizedConfig.image", "the port is 8080, which the operator fixes"),
        FieldRow("spec.redis.serviceName", "egress.services", "the operator's own redis pods on 6379"),
        FieldRow("spec.toolSelector", "egress.services", "the MCPTools and MCPResources of its namespace; empty: none"),
        FieldRow("spec.ingress", "", "a warning: say under clients who calls the server"),
        *(FieldRow(f"spec.{key}", "", "") for key in ("replicas", "config", "command", "args", "env")),
        *_ABOUT,
    ),
)
TOOL = Table(
    "MCPTool and MCPResource",
    (
        FieldRow(
            "spec.service.name", "egress.services[].name, .podSelector", "the pods of the Service, from the input"
        ),
        FieldRow("spec.service.namespace", "egress.services[].namespace", "absent: that of the tool"),
        FieldRow(
            "spec.service.port",
            "egress.services[].ports",
            "the pod port behind it, from the Service of the input; KubeMCP itself opens the Service's own port",
        ),
        *(
            FieldRow(f"spec.operations[].service.{key}", "egress.services", "as in a tool")
            for key in ("name", "namespace", "port")
        ),
        FieldRow(
            f"{_ANNOTATIONS}egress-mode",
            "egress.services[].mode",
            "selector, namespace or cidr; namespace on the servers' own namespace is refused",
        ),
        FieldRow(f"{_ANNOTATIONS}egress-ports", "egress.services[].ports", "instead of the Service's"),
        FieldRow(f"{_ANNOTATIONS}egress-cidrs", "egress.services[].cidrs", "for mode cidr"),
        FieldRow("metadata.name", "", ""),
        FieldRow("metadata.namespace", "", "a tool belongs to the servers of its namespace"),
        *(
            FieldRow(f"spec.{key}", "", "")
            for key in ("name", "description", "inputSchema", "method", "ingressPath", "content")
        ),
        *(FieldRow(f"spec.tools[].{key}", "", "") for key in ("name", "path", "description", "inputSchema", "method")),
        *(
            FieldRow(f"spec.operations[].{key}", "", "")
            for key in ("method", "ingressPath", "parameters", "service.path")
        ),
        FieldRow("spec.service.path", "", ""),
        *_ABOUT,
    ),
)


def recognises(document: Document) -> bool:
    """Whether a document holds a resource of KubeMCP."""
    return any(_kind(node) for node in objects(document))


def reads_along(document: Document) -> bool:
    """Services and workloads tell pods and pod ports."""
    return any(node.value.get("kind") in _ALONG for node in objects(document))


def _kind(node: Node) -> str:
    version, kind = node.value.get("apiVersion"), node.value.get("kind")
    ours = isinstance(version, str) and version.rpartition("/")[0] in GROUPS
    return str(kind) if ours and kind in _KINDS else ""


def read(documents: Sequence[Document], context: ImportContext) -> FormatResult:
    """One entry for each MCPServer."""
    every = [node for document in documents for node in objects(document)]
    known = known_services(every)
    selected: set[int] = set()
    tools = [node for node in every if _kind(node) in ("MCPTool", "MCPResource")]
    targets = {id(node.value): found for node in tools if (found := _targets(node, context)) is not None}
    entries = []
    for node in every:
        if _kind(node) == "MCPServer":
            with context.entry():
                entries.append(_entry(node, tools, targets, selected, known, context))
                report_unknown(node, SERVER, context)
    for node in tools:
        if id(node.value) in targets and id(node.value) not in selected:
            context.say("import-ignored", node, "is selected by no MCPServer of the input", "nothing to open: left out")
    _say_operator(every, {entry.namespace for entry in entries}, context)
    return FormatResult(tuple(entries))


def _targets(node: Node, context: ImportContext) -> tuple[ServiceTarget, ...] | None:
    """What a tool or a resource calls; None, with a finding, where it cannot be read."""
    with context.entry():
        spec = node.mapping("spec")
        report_unknown(node, TOOL, context)
        if spec is None:
            raise BadEntry(node, "has no spec", "mend the source")
        if _kind(node) == "MCPTool":
            if spec.get("service") is None:
                raise BadEntry(spec, "has no service", "a tool has its service at spec.service, not below tools")
            holders = [spec]
        else:
            holders = spec.items("operations")
        return tuple(target_of(node, service) for holder in holders if (service := holder.mapping("service")))
    return None


def _entry(
    node: Node,
    tools: Sequence[Node],
    targets: Mapping[int, tuple[ServiceTarget, ...]],
    selected: set[int],
    known: Known,
    context: ImportContext,
) -> Entry:
    metadata, spec = node.mapping("metadata"), node.mapping("spec")
    if metadata is None or spec is None or not metadata.text("name"):
        raise BadEntry(node, "has no metadata.name or no spec", "mend the source")
    name, namespace = metadata.text("name"), metadata.text("namespace") or "default"
    if label(name) != name:
        raise BadEntry(metadata.get("name") or metadata, f"{shown(name)} is no name of a resource", "mend the source")
    config: dict[str, Any] = {"port": _PORT}
    if (where := spec.get("image")) is not None:
        config["image"] = image(where.as_text(), "", where, context)
    services = list(_redis(spec))
    mine = [tool for tool in _selected(spec, namespace, tools, context) if id(tool.value) in targets]
    selected.update(id(tool.value) for tool in mine)
    services += services_of([one for tool in mine for one in targets[id(tool.value)]], namespace, known, context)
    if (ingress := spec.get("ingress")) is not None:
        sentence = "is called through an Ingress, and which pods serve that is not in the source"
        context.say("import-guess", ingress, sentence, "nobody may call it; write clients with the ingress controller")
    server = {
        "runtime": "containerized",
        "containerizedConfig": config,
        "podSelector": {"app.kubernetes.io/name": "mcp-server", "app.kubernetes.io/instance": name},
        "egress": {"services": services},
    }
    told = f"tools and resources: {len(mine)}; services, redis included: {len(services)}"
    return Entry(node, name, server, State.LISTED, (told,), namespace=namespace)


def _redis(spec: Node) -> Iterator[dict[str, Any]]:
    """The operator opens its own redis pods in the server's namespace, whatever the Service selects."""
    redis = spec.mapping("redis")
    where = redis.get("serviceName") if redis else None
    if where is None:
        return
    if label(where.as_text()) != where.as_text():
        raise BadEntry(where, f"{shown(where.as_text())} is no name of a Service", "mend the source")
    yield {"name": where.as_text(), "podSelector": dict(_REDIS), "ports": [6379]}


def _selected(spec: Node, namespace: str, tools: Sequence[Node], context: ImportContext) -> list[Node]:
    """The tools and resources of the namespace that a toolSelector selects."""
    selector = spec.mapping("toolSelector")
    labels = selector.mapping("matchLabels") if selector else None
    wanted = {key: labels.text(key) for key in labels.keys()} if labels else {}  # noqa: SIM118
    rules = selector.items("matchExpressions") if selector else []
    if not wanted and not rules:
        where = selector or spec
        context.say("import-guess", where, "selects tools by nothing", "imported without tools; write which ones")
        return []
    return [
        tool
        for tool in tools
        if _space(tool) == namespace
        and wanted.items() <= _labels(tool).items()
        and all(_meets(rule, _labels(tool)) for rule in rules)
    ]


def _meets(rule: Node, labels: Mapping[str, str]) -> bool:
    key, operator = rule.text("key"), rule.text("operator")
    values = [item.as_text() for item in rule.items("values")]
    if operator == "In":
        return labels.get(key) in values
    if operator == "NotIn":
        return labels.get(key) not in values
    if operator in ("Exists", "DoesNotExist"):
        return (key in labels) == (operator == "Exists")
    raise BadEntry(rule, f"{shown(operator)} is no operator", "mend the source")


def _metadata(node: Node) -> Mapping[str, Any]:
    found = node.value.get("metadata")
    return found if isinstance(found, Mapping) else {}


def _space(node: Node) -> str:
    return str(_metadata(node).get("namespace") or "default")


def _labels(node: Node) -> dict[str, str]:
    found = _metadata(node).get("labels")
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, Mapping) else {}


def _say_operator(every: Sequence[Node], namespaces: set[str], context: ImportContext) -> None:
    """The floor denies the operator the API server, if it runs in the servers' namespace."""
    for node in every:
        if node.value.get("kind") == "Deployment" and _space(node) in namespaces:
            spec = node.get("spec")
            template = spec.get("template") if spec else None
            labels = _labels(template) if template and isinstance(template.value, Mapping) else {}
            if labels.items() >= _OPERATOR.items():
                sentence = "is KubeMCP's operator in the servers' own namespace, where the floor denies it everything"
                todo = "write workloads.mcp-operator with egress.kubernetesAPI: true, or move it"
                context.say("import-pods", node, sentence, todo)


FORMAT = Format(
    name="kubemcp",
    summary="KubeMCP's MCPServer, MCPTool and MCPResource, with the Services that they name.",
    recognises=recognises,
    read=read,
    tables=(SERVER, TOOL),
    reads_along=reads_along,
)
