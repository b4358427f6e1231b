"""Kuadrant's MCP Gateway: each MCPServerRegistration with its HTTPRoute and, if given, its Service.

    kind: MCPServerRegistration                        servers:
    metadata: {name: notes, namespace: mcp}              notes:
    spec: {prefix: notes_, path: /mcp, ...}                runtime: containerized
    ---                                                    containerizedConfig: {port: 8080, path: /mcp}
    kind: HTTPRoute                                        podSelector: {app: notes}
    spec:                                                  gateway:
      hostnames: [notes.mcp.local]                           {prefix: notes_, path: /mcp, hostname: notes.mcp.local,
      rules: [{backendRefs: [{name: notes, port: 80}]}]       service: {name: notes, port: 80}}

A back-end outside the cluster becomes a remote server.  Nothing says what runs, nor what it may reach; who may call at
the gateway (AuthPolicy) is not imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mcpfence.imports.kuadrant.gateway_settings import (
    EXTENSION,
    GATEWAY,
    extension_settings,
    listener_settings,
    parent_settings,
)
from mcpfence.imports.kuadrant.routes import RoutedTo, backend_of, behind, hostname_of, is_route, named, route_of
from mcpfence.imports.shared.destinations import shown
from mcpfence.imports.shared.dns_labels import label
from mcpfence.imports.shared.format import (
    Entry,
    FieldRow,
    Format,
    FormatResult,
    ImportContext,
    Setting,
    State,
    Table,
    report_unknown,
)
from mcpfence.imports.shared.remote import remote_config
from mcpfence.imports.shared.source import BadEntry, Document, Node, objects
from mcpfence.kube.services import ServiceIndex, index

_GROUP = "mcp.kuadrant.io/"
_ALONG = ("HTTPRoute", "Service", "Deployment", "StatefulSet", "DaemonSet", "AuthPolicy", "Gateway")
_META = ("labels", "annotations", "finalizers", "uid", "generation", "creationTimestamp", "resourceVersion")
_WORDS = ("state", "userSpecificList", "hint")
_LISTS = ("category", "tags")
_SECRETS = ("credentialRef", "caCertSecretRef")

REGISTRATION = Table(
    "MCPServerRegistration, with its HTTPRoute",
    (
        FieldRow("metadata.name", "servers.NAME", "route and registration are rendered under this name"),
        FieldRow("metadata.namespace", "mcpNamespace.name", "a catalog is for one namespace; others are refused"),
        *(FieldRow(f"metadata.{key}", "", "") for key in (*_META, "managedFields", "ownerReferences")),
        FieldRow(
            "spec.targetRef",
            "gateway.hostname, gateway.service, containerizedConfig.port, podSelector, remoteConfig.fixedURL",
            "the HTTPRoute of the input: its first hostname, its one back-end, and the pods of its Service; "
            "its parent: gateway.name, .namespace, .serverSectionName of the catalog",
        ),
        *(
            FieldRow(f"spec.{key}", "gateway.prefix", "absent: a warning, since a catalog gives every server one")
            for key in ("prefix", "toolPrefix")
        ),
        FieldRow("spec.path", "gateway.path, containerizedConfig.path", "absent: /mcp"),
        *(FieldRow(f"spec.{key}", f"gateway.{key}", "") for key in (*_WORDS, *_LISTS)),
        *(FieldRow(f"spec.{key}", f"gateway.{key}", "the names of Secret and key") for key in _SECRETS),
        FieldRow("spec.tokenURLElicitation", "gateway.tokenURLElicitation", ""),
        *(FieldRow(key, "", "") for key in ("apiVersion", "kind", "status")),
    ),
)


def recognises(document: Document) -> bool:
    """A registration at the gateway."""
    return any(_kind(node) == "MCPServerRegistration" for node in objects(document))


def reads_along(document: Document) -> bool:
    """Routes and Services tell where the gateway sends its calls."""
    return any(node.value.get("kind") in _ALONG or _kind(node) for node in objects(document))


def _kind(node: Node) -> str:
    version = node.value.get("apiVersion")
    return str(node.value.get("kind")) if isinstance(version, str) and version.startswith(_GROUP) else ""


def read(documents: Sequence[Document], context: ImportContext) -> FormatResult:
    """One entry for each registration, and what they say of the Gateway."""
    every = [node for document in documents for node in objects(document)]
    known = index([node.value for node in every], "")
    routes = [node for node in every if is_route(node)]
    listeners = listener_settings(every, context)
    sections = tuple(str(item["name"]) for setting in listeners for item in setting.value)
    entries: list[Entry] = []
    settings: list[Setting] = [*listeners]
    for node in every:
        with context.entry():
            if _kind(node) == "MCPServerRegistration":
                entry, route = _entry(node, routes, known, context)
                report_unknown(node, REGISTRATION, context)
                settings += [
                    Setting(node, ("gateway", "provider"), "kuadrant"),
                    *parent_settings(route, sections, context),
                ]
                entries.append(entry)
            elif _kind(node) == "MCPGatewayExtension":
                settings += extension_settings(node, sections, context)
            elif _kind(node) == "MCPVirtualServer":
                sentence = "hides tools and forbids none, so no policy depends on it"
                context.say("import-ignored", node, sentence, "left out; write gateway.virtualServers to keep it")
            elif node.value.get("kind") == "AuthPolicy":
                sentence = "says who may call at the gateway, which is not imported"
                context.say("import-guess", node, sentence, "write gateway.auth: docs/gateways.md")
    return FormatResult(tuple(entries), tuple(settings))


def _entry(node: Node, routes: Sequence[Node], known: ServiceIndex, context: ImportContext) -> tuple[Entry, Node]:
    spec = node.mapping("spec")
    namespace, name = named(node)
    if spec is None or label(name) != name:
        raise BadEntry(node, "has no spec, or no metadata.name that a server can have", "mend the source")
    route = route_of(spec, namespace, routes, context)
    if named(route)[1] != name:
        sentence = f"has the HTTPRoute {named(route)[1]}; the rendered one is called {name}"
        context.say("import-ignored", node, sentence, "delete the old one once the rendered ones are applied")
    backend = backend_of(route, namespace, known)
    path = spec.text("path") or "/mcp"
    gateway = _gateway(spec, name, context) | {"path": path}
    if hostname := hostname_of(route, context):
        gateway["hostname"] = hostname
    if backend.host:
        return _remote(node, name, backend, gateway, context), route
    gateway["service"] = {"name": backend.service} | ({"port": backend.port} if backend.port else {})
    pods = behind(backend, namespace, known)
    server: dict[str, Any] = {"runtime": "containerized"}
    if pods is None:
        _refuse_stranger(backend, namespace, known)
        server["containerizedConfig"] = {"path": path} | ({"port": backend.port} if backend.port else {})
        sentence = f"is Service {shown(backend.service)}, which is not in the input, so its pods are not known"
        where = f" -n {namespace}" if namespace else ""
        taken = f"taken for those with the label app: {name} on port {backend.port or 80}"
        todo = f"{taken}; import with kubectl get services{where} -o yaml beside it"
        context.say("import-guess", backend.node, sentence, todo)
    else:
        server |= {"containerizedConfig": {"port": pods.port, "path": path}, "podSelector": pods.labels}
    server["gateway"] = gateway
    return Entry(node, name, server, State.UNDECLARED, namespace=namespace), route


def _refuse_stranger(backend: RoutedTo, namespace: str, known: ServiceIndex) -> None:
    """Raise BadEntry where the input has Services, and this one is not among them: then nothing is guessed."""
    if known.services:
        where = f" -n {namespace}" if namespace else ""
        todo = f"add it: kubectl get services{where} -o yaml"
        raise BadEntry(backend.node, f"is Service {shown(backend.service)}, which is not in the input", todo)


def _remote(node: Node, name: str, backend: RoutedTo, gateway: dict[str, Any], context: ImportContext) -> Entry:
    """A server outside: the gateway calls a Hostname back-end over https always."""
    port = "" if backend.port == 443 else f":{backend.port}"
    url = f"https://{backend.host}{port}{gateway['path']}"
    config = remote_config(backend.node._replace(value=url), context)
    server = {"runtime": "remote", "remoteConfig": config, "gateway": gateway}
    return Entry(node, name, server, State.ELSEWHERE)


def _gateway(spec: Node, name: str, context: ImportContext) -> dict[str, Any]:
    """The gateway key of a server, but for where its calls go."""
    found: dict[str, Any] = {}
    if prefix := spec.text("prefix") or spec.text("toolPrefix"):
        found["prefix"] = prefix
    else:
        sentence = f"gives its tools no prefix, and a catalog gives them {name.replace('-', '_')}_"
        context.say("import-guess", spec, sentence, "tell whoever calls them by name, or write gateway.prefix")
    found |= {key: text for key in _WORDS if (text := spec.text(key))}
    for key in _LISTS:
        if items := spec.items(key):
            found[key] = [item.as_text() for item in items]
    for key in _SECRETS:
        if (secret := spec.mapping(key)) is not None:
            found[key] = {part: text for part in ("name", "key") if (text := secret.text(part))}
    if (asked := spec.mapping("tokenURLElicitation")) is not None:
        found["tokenURLElicitation"] = {"url": asked.text("url")} if asked.text("url") else {}
    return found


FORMAT = Format(
    name="kuadrant",
    summary="Kuadrant's MCPServerRegistration with its HTTPRoute: the gateway keys of servers, and their back-ends.",
    recognises=recognises,
    read=read,
    tables=(REGISTRATION, EXTENSION, GATEWAY),
    reads_along=reads_along,
)
