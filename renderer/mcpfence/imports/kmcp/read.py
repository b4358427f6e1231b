"""kagent's MCPServer, which kmcp's controller runs, and its RemoteMCPServer.

    kind: MCPServer                                      servers:
    metadata: {name: notes, namespace: kagent}             notes:
    spec:                                                    runtime: npx
      deployment:                                            npxConfig: {package: "@example/notes@1.2.0"}
        cmd: npx                                             podSelector: {app.kubernetes.io/name: notes, ...}
        args: ["@example/notes@1.2.0"]                       ingress: {ports: [3000]}
        port: 3000

Its pods carry app.kubernetes.io/name and /instance, both the resource's name (kagent-dev/kmcp, pkg/controller).  Where
the server speaks stdio an adapter in the same container listens on deployment.port.  Nothing says what it may reach.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mcpfence.imports.mcp_json.commands import runs_packages, started
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
from mcpfence.imports.shared.hints import env_hint
from mcpfence.imports.shared.packages import CONFIGS, image, package
from mcpfence.imports.shared.remote import Variable, environment, headers, remote_config
from mcpfence.imports.shared.source import BadEntry, Document, Node, is_of, objects
from mcpfence.text.secret_detection import secret_name

_GROUP = "kagent.dev"
_KINDS = ("MCPServer", "RemoteMCPServer")
_PORT = 3000
"""deployment.port where a resource names none (the CRD's default)."""
_META = ("labels", "annotations", "finalizers", "uid", "generation", "creationTimestamp", "resourceVersion")
_UNUSED = (
    *("imagePullPolicy", "secretRefs", "configMapRefs", "volumeMounts", "volumes", "initContainer", "serviceAccount"),
    *("serviceAccountName", "labels", "annotations", "resources", "securityContext", "podSecurityContext"),
    *("tolerations", "affinity", "nodeSelector", "replicas", "imagePullSecrets"),
)
_REMOTE = (
    *("description", "protocol", "timeout", "sseReadTimeout", "terminateOnClose", "allowedNamespaces", "tls", "ui"),
)

SERVER = Table(
    "MCPServer and RemoteMCPServer of kagent.dev",
    (
        FieldRow(
            "metadata.name", "servers.NAME, podSelector", "its pods carry it as app.kubernetes.io/name, /instance"
        ),
        FieldRow("metadata.namespace", "mcpNamespace.name", "a catalog is for one namespace; others are refused"),
        *(FieldRow(f"metadata.{key}", "", "") for key in (*_META, "managedFields")),
        FieldRow("spec.deployment.image", "containerizedConfig.image", "where the command is not npx or uvx alone"),
        FieldRow("spec.deployment.cmd", "runtime", "npx or uvx without an image: that runtime; else containerized"),
        FieldRow("spec.deployment.args", "npxConfig.package, uvxConfig.package", "the package; nothing else of them"),
        FieldRow("spec.deployment.port", "containerizedConfig.port, ingress.ports", "absent: 3000, the CRD's default"),
        FieldRow("spec.deployment.env", "env", "the variables' names; never a value"),
        FieldRow("spec.deployment.sidecars", "", "a warning: they share the server's fence"),
        *(FieldRow(f"spec.deployment.{key}", "", "") for key in _UNUSED),
        FieldRow("spec.httpTransport.targetPort", "containerizedConfig.port, ingress.ports", "before deployment.port"),
        FieldRow("spec.httpTransport.path", "containerizedConfig.path", ""),
        FieldRow("spec.httpTransport.tls", "", ""),
        *(FieldRow(f"spec.{key}", "", "") for key in ("transportType", "stdioTransport")),
        FieldRow("spec.url", "remoteConfig.fixedURL, .urlTemplate", "without user name and query"),
        FieldRow("spec.headersFrom", "remoteConfig.headers", "the names; never a value"),
        *(FieldRow(f"spec.{key}", "", "") for key in _REMOTE),
        *(FieldRow(key, "", "") for key in ("apiVersion", "kind", "status")),
    ),
)


def recognises(document: Document) -> bool:
    """A resource of kagent that is a server."""
    return any(_is_server(node) for node in objects(document))


def _is_server(node: Node) -> bool:
    return is_of(node, _GROUP, _KINDS)


def read(documents: Sequence[Document], context: ImportContext) -> FormatResult:
    """One entry for each resource."""
    entries = []
    for node in (node for document in documents for node in objects(document) if _is_server(node)):
        with context.entry():
            entries.append(_entry(node, context))
            report_unknown(node, SERVER, context)
    return FormatResult(tuple(entries))


def _entry(node: Node, context: ImportContext) -> Entry:
    metadata, spec = node.mapping("metadata"), node.mapping("spec")
    if metadata is None or spec is None or not metadata.text("name"):
        raise BadEntry(node, "has no metadata.name or no spec", "mend the source")
    name, namespace = metadata.text("name"), metadata.text("namespace")
    if label(name) != name:
        raise BadEntry(metadata.get("name") or metadata, "is no name of a resource", "mend the source")
    if node.text("kind") == "RemoteMCPServer":
        return Entry(node, name, _remote(spec, context), State.ELSEWHERE)
    deployment = spec.mapping("deployment")
    if deployment is None:
        raise BadEntry(spec, "has no deployment", "add it")
    if (sidecars := deployment.get("sidecars")) is not None and sidecars.value:
        sentence = "run in the server's pods, so they may reach what it may, and nothing else"
        context.say("import-narrowed", sidecars, sentence, "list what they need as the server's")
    env = environment(_variables(deployment), context)
    http = spec.mapping("httpTransport")
    server = _hosted(deployment, http, context)
    server["podSelector"] = {"app.kubernetes.io/instance": name, "app.kubernetes.io/name": name}
    server |= {"env": env} if env else {}
    hints = env_hint(item["key"] for item in env)
    return Entry(node, name, server, State.UNDECLARED, (), hints, namespace=namespace)


def _hosted(deployment: Node, http: Node | None, context: ImportContext) -> dict[str, Any]:
    """The server's runtime and port."""
    port = (http.port("targetPort") if http else None) or deployment.port("port")
    if port is None:
        context.say("import-default", deployment, "names no port", f"imported {_PORT}, the CRD's default")
        port = _PORT
    named = deployment.text("image")
    if named:
        where = deployment.get("image") or deployment
        config: dict[str, Any] = {"image": image(named, "", where, context), "port": port}
        path = http.text("path") if http else ""
        return {"runtime": "containerized", "containerizedConfig": config | ({"path": path} if path else {})}
    words = [deployment.text("cmd"), *(item.as_text() for item in deployment.items("args"))]
    if not runs_packages(words[0]):
        raise BadEntry(deployment, "has no image, and starts neither npx nor uvx", "write the server by hand")
    env = deployment.get("env")
    found = started(words, env.value if env is not None and isinstance(env.value, Mapping) else {}, deployment)
    if found.runtime == "remote":
        raise BadEntry(deployment, f"is a bridge ({found.word}) to a remote server", "write that one by hand")
    where = deployment.get("args") or deployment
    config = {"package": package(found.runtime, found.what, where, context)}
    config |= {"command": found.command} if found.command and found.runtime == "uvx" else {}
    return {"runtime": found.runtime, CONFIGS[found.runtime]: config, "ingress": {"ports": [port]}}


def _variables(deployment: Node) -> Iterator[Variable]:
    found = deployment.get("env")
    if found is not None and isinstance(found.value, Mapping):
        for key in found.keys():  # noqa: SIM118
            yield Variable(Node(found.document, key, (*found.path, key)), key, None, secret=secret_name(key))
    elif found is not None:
        for item in found.entries():
            yield Variable(item, item.text("name"), None, secret=secret_name(item.text("name")))


def _remote(spec: Node, context: ImportContext) -> dict[str, Any]:
    url = spec.get("url")
    if url is None:
        raise BadEntry(spec, "has no url", "add it")
    named = headers(((item, item.text("name")) for item in spec.items("headersFrom")), context)
    return {"runtime": "remote", "remoteConfig": remote_config(url, context) | ({"headers": named} if named else {})}


FORMAT = Format(
    name="kmcp",
    summary="kagent's MCPServer (kmcp) and RemoteMCPServer.",
    recognises=recognises,
    read=read,
    tables=(SERVER,),
)
