"""ToolHive's operator: MCPServer, MCPRemoteProxy, MCPServerEntry and VirtualMCPServer resources, and their profiles.

    kind: MCPServer                          servers:
    metadata: {name: fetch}                    fetch:
    spec:                                        runtime: containerized
      image: ghcr.io/example/fetch:1               containerizedConfig:
      permissionProfile: {type: builtin,             image: ghcr.io/example/fetch:1
                          name: none}                denyAllEgress: true

The workload's pods carry app=<name>; the proxy in front of it carries app=mcpserver and app.kubernetes.io/instance=
<name>, and is what calls the workload (stacklok/toolhive, cmd/thv-operator).  The operator itself enforces no profile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mcpfence.documents.reader import BadDocument, load_values
from mcpfence.imports.shared.destinations import egress_keys, merged, shown
from mcpfence.imports.shared.dns_labels import label
from mcpfence.imports.shared.format import (
    Entry,
    FieldRow,
    FormatResult,
    ImportContext,
    State,
    Table,
    report_unknown,
)
from mcpfence.imports.shared.hints import env_hint
from mcpfence.imports.shared.packages import image
from mcpfence.imports.shared.permissions import Granted, read_permissions
from mcpfence.imports.shared.permissions import rows as permission_rows
from mcpfence.imports.shared.remote import Variable, environment, remote_config
from mcpfence.imports.shared.source import BadEntry, Document, Node, is_of, objects
from mcpfence.imports.toolhive.proxies import PROXY, Resource, proxies, proxy_port

_GROUP = "toolhive.stacklok.dev"
_KINDS = ("MCPServer", "MCPRemoteProxy", "MCPServerEntry", "VirtualMCPServer")
_CONFIG = "containerizedConfig"

_UNUSED = (
    *("args", "transport", "proxyMode", "proxyPort", "volumes", "resources", "serviceAccount"),
    *("resourceOverrides", "oidcConfig", "oidcConfigRef", "authzConfig", "audit", "tools", "toolConfigRef", "replicas"),
    *("externalAuthConfigRef", "authServerRef", "telemetry", "telemetryConfigRef", "trustProxyHeaders", "metadata"),
    *("endpointPrefix", "sessionAffinity", "backendReplicas", "sessionStorage", "rateLimiting", "caBundleRef"),
    *("headerForward", "groupRef", "imagePullSecrets", "maxRequestBodySize", "proxyReadTimeout"),
    *("allowPrivateEndpoint", "authzConfigRef"),
)
_PORT = 8080
"""mcpPort where a resource names none (GetMCPPort of the operator)."""
_BESIDE = {
    "EmbeddingServer": "app.kubernetes.io/name: embeddingserver, which fetch their model",
    "MCPRegistry": "app.kubernetes.io/name: toolhive-registry-api, which read their sources",
}
"""Further kinds whose pods run in the namespace, by the labels of these."""

RESOURCES = Table(
    "MCPServer, MCPRemoteProxy, MCPServerEntry of the operator",
    (
        FieldRow("metadata.name", "servers.NAME", "its pods carry app: NAME, which is the catalog's default"),
        FieldRow("metadata.namespace", "mcpNamespace.name", "a catalog is for one namespace; others are refused"),
        *(FieldRow(f"metadata.{key}", "", "") for key in ("labels", "annotations", "finalizers", "uid", "generation")),
        *(FieldRow(f"metadata.{key}", "", "") for key in ("creationTimestamp", "resourceVersion", "managedFields")),
        FieldRow("spec.image", "containerizedConfig.image", ""),
        *(FieldRow(f"spec.{key}", "remoteConfig.fixedURL", "") for key in ("remoteURL", "remoteUrl", "externalURL")),
        FieldRow(
            "spec.mcpPort", "containerizedConfig.port", "absent: 8080, the operator's default, for what speaks HTTP"
        ),
        FieldRow("spec.targetPort", "containerizedConfig.port", "the older name of mcpPort"),
        FieldRow("spec.port", "", "the proxy's port"),
        FieldRow("spec.podTemplateSpec", "", "hostNetwork: refused, since no policy holds there; the rest is left out"),
        FieldRow("spec.webhookConfigRef", "", "a warning: the proxy calls the webhooks, not the server"),
        FieldRow("spec.env", "env", "the variables' names; never a value"),
        FieldRow("spec.secrets", "env", "the variables' names, marked sensitive"),
        FieldRow(
            "spec.permissionProfile",
            "egressDomains, denyAllEgress",
            "builtin none: denyAllEgress; builtin network: every host; configmap: the profile, if its ConfigMap is in "
            "the input, else nothing; absent: undeclared",
        ),
        *(FieldRow(f"spec.{key}", "", "") for key in _UNUSED),
        *(FieldRow(key, "", "") for key in ("apiVersion", "kind", "status")),
    ),
)
PROFILE = Table("permission profile in a ConfigMap", permission_rows("profile"))
TABLES = (RESOURCES, PROFILE)


def is_ours(document: Document) -> bool:
    """Whether a document holds a resource of the operator that is a server, or has pods beside the servers."""
    return any(is_of(node, _GROUP, (*_KINDS, *_BESIDE)) for node in objects(document))


def read_resources(documents: Sequence[Document], context: ImportContext) -> FormatResult:
    """The servers of the resources, the proxies that call them as a client, and what else runs beside them."""
    every = [node for document in documents for node in objects(document)]
    maps = {_key(node): node for node in every if node.value.get("kind") == "ConfigMap"}
    servers = [node for node in every if is_of(node, _GROUP, _KINDS)]
    found: list[Resource] = []
    for node in servers:
        with context.entry():
            entry, port = _entry(node, servers, maps, context), proxy_port(node)
            found.append(Resource(node, entry, _group_of(node), port))
            if node.value.get("kind") != "VirtualMCPServer":
                report_unknown(node, RESOURCES, context)
    for node in (node for node in every if is_of(node, _GROUP, _BESIDE)):
        sentence = f"is no server, and has pods ({_BESIDE[node.value['kind']]})"
        context.say("import-pods", node, sentence, "the floor denies them everything; write a workload for them")
    home = context.home or next((one.entry.namespace for one in found if one.entry.namespace), "")
    return FormatResult(tuple(one.entry for one in found), tuple(proxies(found, home, context)))


def _key(node: Node) -> tuple[str, str]:
    """Namespace and name of an object, as far as they are words."""
    metadata = node.value.get("metadata")
    found = metadata if isinstance(metadata, Mapping) else {}
    return str(found.get("namespace") or ""), str(found.get("name") or "")


def _entry(node: Node, servers: Sequence[Node], maps: Mapping[tuple[str, str], Node], context: ImportContext) -> Entry:
    metadata, spec = node.mapping("metadata"), node.mapping("spec")
    if metadata is None or spec is None or not metadata.text("name"):
        raise BadEntry(node, "has no metadata.name or no spec", "mend the source")
    name, namespace = metadata.text("name"), metadata.text("namespace")
    if namespace and label(namespace) != namespace:
        raise BadEntry(metadata.get("namespace") or metadata, f"{shown(namespace)} is no namespace", "mend the source")
    if node.text("kind") == "VirtualMCPServer":
        group = _group(spec)
        members = [_key(other)[1] for other in servers if other is not node and group and _group_of(other) == group]
        server: dict[str, Any] = {"runtime": "composite", "compositeConfig": {"componentServers": members}}
        told = (f"groups the servers of MCPGroup {group}",)
        return Entry(node, name, server, State.ELSEWHERE, told, namespace=namespace)
    _check_pods(spec, context)
    env = environment(_variables(spec), context)
    more: dict[str, Any] = {"env": env} if env else {}
    url = next((spec.get(key) for key in ("remoteURL", "remoteUrl", "externalURL") if spec.get(key)), None)
    if url is not None:
        remote = {"runtime": "remote", "remoteConfig": remote_config(url, context), **more}
        runs = node.text("kind") == "MCPRemoteProxy"  # as a proxy; an MCPServerEntry has no pods
        return Entry(node, name, remote, State.ELSEWHERE, namespace=namespace if runs else "")
    if spec.get("image") is None:
        raise BadEntry(node, "has neither an image nor a remote URL", "add it")
    config: dict[str, Any] = {"image": image(spec.text("image"), "", spec.get("image") or spec, context)}
    if port := spec.port("mcpPort") or spec.port("targetPort"):
        config["port"] = port
    elif (transport := spec.get("transport")) is not None and transport.value in ("sse", "streamable-http"):
        config["port"] = _PORT
        sentence = f"listens ({transport.value}), and no mcpPort says where"
        context.say("import-default", transport, sentence, f"imported {_PORT}, the operator's default")
    granted = _granted(spec, namespace, maps, context)
    if granted.state is State.NOTHING:
        _check_export(node, spec, context)
    server = merged({"runtime": "containerized", _CONFIG: config, **more}, granted.keys)
    hints = env_hint(item["key"] for item in env) if granted.state is State.UNDECLARED else ()
    return Entry(node, name, server, granted.state, granted.told, hints, namespace=namespace)


def _check_pods(spec: Node, context: ImportContext) -> None:
    """Raises BadEntry for pods on their node's network, where no policy holds."""
    template = spec.mapping("podTemplateSpec")
    pod = template.mapping("spec") if template else None
    if pod is not None and pod.flag("hostNetwork"):
        where = pod.get("hostNetwork") or pod
        raise BadEntry(where, "puts its pods on their node's network, where no policy holds", "fence the node instead")
    if (webhook := spec.get("webhookConfigRef")) is not None:
        sentence = "names webhooks, which the proxy in front of the server calls, and not the server"
        context.say("import-narrowed", webhook, sentence, f"list their hosts under workloads.{PROXY}.egress")


def _check_export(node: Node, spec: Node, context: ImportContext) -> None:
    """`thv export --format k8s` wrote the profile none for every server, and leaves marks that nobody else leaves."""
    resources = spec.get("resources")
    empty = resources is not None and not any(
        resources.value.values() if isinstance(resources.value, Mapping) else (1,)
    )
    if node.get("status") is not None and not node.value["status"] and empty and not _key(node)[0]:
        where = spec.get("permissionProfile") or spec
        sentence = "is in a file that thv export made, some versions of which write none whatever the profile is"
        todo = "imported as nothing allowed; import the RunConfig (thv export without --format) or the registry's entry"
        context.say("import-guess", where, sentence, todo)


def _group(spec: Node) -> str:
    reference = spec.get("groupRef")
    if reference is None:
        config = spec.get("config")
        reference = config.get("groupRef") if config else None
    if reference is None:
        return ""
    return reference.text("name") if isinstance(reference.value, Mapping) else reference.as_text()


def _group_of(node: Node) -> str:
    spec = node.mapping("spec")
    return _group(spec) if spec else ""


def _variables(spec: Node) -> Iterator[Variable]:
    for item in spec.items("env"):
        yield Variable(item, item.text("name"), None, secret=False)
    for item in spec.items("secrets"):
        yield Variable(item, item.text("targetEnvName") or item.text("key"), None, secret=True)


def _granted(spec: Node, namespace: str, maps: Mapping[tuple[str, str], Node], context: ImportContext) -> Granted:
    reference = spec.mapping("permissionProfile")
    if reference is None:
        return Granted(State.UNDECLARED, {})
    name, kind = reference.text("name"), reference.text("type") or "builtin"
    if kind == "builtin" and name == "none":
        told = "permission profile none, so it reaches nothing at all"
        return Granted(State.NOTHING, {_CONFIG: {"denyAllEgress": True}}, (told,))
    if kind == "builtin" and name == "network":
        context.say_open(reference, "is the profile network, which allows every host")
        return Granted(State.OPEN, {})
    profile = _in_config_map(maps.get((namespace, name)), reference.text("key")) if kind == "configmap" else None
    if profile is None:
        sentence = f"names the profile {shown(name)}, which is not in the input"
        context.say("import-guess", reference, sentence, "imported as no host; add its ConfigMap to the input")
        return Granted(State.LISTED, egress_keys((), _CONFIG), ("its permission profile was not in the input",))
    return read_permissions(profile, _CONFIG, context)


def _in_config_map(config_map: Node | None, key: str) -> Node | None:
    """The profile, JSON inside a ConfigMap; places in it are those of the ConfigMap's key."""
    data = config_map.mapping("data") if config_map else None
    found = data.get(key) if data else None
    if found is None:
        return None
    try:
        profile = load_values(found.as_text())
    except BadDocument as bad:
        raise BadEntry(found, f"is a profile that cannot be read ({bad})", "mend it") from None
    return Node(Document(found.place, profile, ""), profile)
