"""What is said of the Gateway: by the parents of routes, the MCPGatewayExtension, the Gateway itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mcpfence.imports.kuadrant.routes import GATEWAY_API, named
from mcpfence.imports.shared.destinations import shown
from mcpfence.imports.shared.format import FieldRow, ImportContext, Setting, Table, report_unknown
from mcpfence.imports.shared.source import Node, is_of

_DEFAULTS = ("mcp", "mcps")
"""The listeners that a catalog has where it lists none."""
_KEPT = ("privateHost", "backendPingIntervalSeconds", "logLevel")
_META = ("labels", "annotations", "finalizers", "uid", "generation", "creationTimestamp", "resourceVersion")

EXTENSION = Table(
    "MCPGatewayExtension",
    (
        FieldRow("metadata.name", "gateway.extension.name", ""),
        FieldRow("metadata.namespace", "gateway.extension.namespace", "where the broker runs, which calls the servers"),
        *(FieldRow(f"metadata.{key}", "", "") for key in (*_META, "managedFields", "ownerReferences")),
        FieldRow("spec.targetRef.sectionName", "gateway.sectionName", ""),
        *(FieldRow(f"spec.targetRef.{key}", "", "") for key in ("group", "kind", "name", "namespace")),
        FieldRow("spec.publicHost", "gateway.publicHost", ""),
        *(FieldRow(f"spec.{key}", f"gateway.extension.{key}", "") for key in _KEPT),
        FieldRow("spec.sessionStore.secretName", "gateway.extension.sessionStore", "the Secret's name"),
        *(
            FieldRow(f"spec.{key}", "", "a warning: write gateway.auth or gateway.toolsList")
            for key in ("oauthProtectedResource", "trustedHeadersKey")
        ),
        *(
            FieldRow(f"spec.{key}", "", "")
            for key in ("httpRouteManagement", "urlElicitation", "caCertBundleRef", "maxBodyBytes")
        ),
        *(FieldRow(key, "", "") for key in ("apiVersion", "kind", "status")),
    ),
)


GATEWAY = Table(
    "Gateway, with the listeners that routes and extension name",
    (
        *(FieldRow(f"spec.listeners[].{key}", f"gateway.listeners[].{key}", "") for key in ("name", "port")),
        FieldRow("spec.listeners[].hostname", "gateway.listeners[].hostname", "absent: the listener is left out"),
        FieldRow("spec.listeners[].protocol", "gateway.listeners[].protocol", "HTTP and HTTPS"),
        FieldRow("spec.listeners[].tls.certificateRefs[].name", "gateway.listeners[].certificates", "the names"),
    ),
)


def listener_settings(every: Sequence[Node], context: ImportContext) -> list[Setting]:
    """The listeners of the one Gateway of the input that a catalog can have; none where there are several Gateways."""
    gateways = [node for node in every if is_of(node, GATEWAY_API, ("Gateway",))]
    if len(gateways) != 1:
        for node in gateways[1:]:
            sentence = f"is the second of {len(gateways)} Gateways, and a catalog is for one"
            context.say("import-guess", node, sentence, "listeners left out; import with one of them")
        return []
    spec = gateways[0].mapping("spec")
    found = [item for node in (spec.items("listeners") if spec else ()) if (item := _listener(node, context))]
    return [Setting(gateways[0], ("gateway", "listeners"), found)] if found else []


def _listener(node: Node, context: ImportContext) -> dict[str, Any] | None:
    protocol, hostname = node.text("protocol"), node.text("hostname")
    if protocol not in ("HTTP", "HTTPS") or not hostname:
        sentence = f"the listener {shown(node.text('name'))} has no hostname, or is neither HTTP nor HTTPS"
        context.say("import-ignored", node, sentence, "left out")
        return None
    tls = node.mapping("tls")
    names = [item.text("name") for item in tls.items("certificateRefs")] if tls else []
    found: dict[str, Any] = {"name": node.text("name"), "hostname": hostname, "port": node.port("port") or 80}
    return found | {"protocol": protocol} | ({"certificates": names} if names else {})


def _section(node: Node, key: str, text: str, sections: Sequence[str], context: ImportContext) -> Iterator[Setting]:
    """The name of a listener, where the catalog has that listener."""
    if not text or text in (sections or _DEFAULTS):
        yield from [Setting(node, ("gateway", key), text)] if text else []
        return
    sentence = f"names the listener {shown(text)} of a Gateway that is not in the input"
    todo = f"left out; add it (kubectl get gateways -A -o yaml), or write gateway.listeners and gateway.{key}"
    context.say("import-guess", node, sentence, todo)


def parent_settings(route: Node, sections: Sequence[str], context: ImportContext) -> Iterator[Setting]:
    """The Gateway, its namespace and the listener for servers, from a route's first parent."""
    spec = route.mapping("spec")
    parents = spec.items("parentRefs") if spec else []
    if not parents:
        return
    first = parents[0]
    if len(parents) > 1:
        sentence = f"is the second of {len(parents)} parents"
        context.say("import-ignored", parents[1], sentence, "imported the first one")
    found = {"name": first.text("name"), "namespace": first.text("namespace") or named(route)[0]}
    for key, value in found.items():
        if value:
            yield Setting(first, ("gateway", key), value)
    yield from _section(first, "serverSectionName", first.text("sectionName"), sections, context)


def extension_settings(node: Node, sections: Sequence[str], context: ImportContext) -> Iterator[Setting]:
    """What an MCPGatewayExtension says; who may call is said to be missing."""
    spec = node.mapping("spec")
    target = spec.mapping("targetRef") if spec else None
    report_unknown(node, EXTENSION, context)
    namespace, name = named(node)
    values: list[tuple[tuple[str, ...], str]] = [
        (("gateway", "extension", "name"), name),
        (("gateway", "extension", "namespace"), namespace),
    ]
    if spec is None:
        return
    yield from _section(node, "sectionName", target.text("sectionName") if target else "", sections, context)
    values += [(("gateway", "publicHost"), spec.text("publicHost"))]
    store = spec.mapping("sessionStore")
    values += [(("gateway", "extension", "sessionStore"), store.text("secretName") if store else "")]
    for path, value in values:
        if value:
            yield Setting(node, path, value)
    for key in _KEPT:
        if (found := spec.get(key)) is not None:
            yield Setting(found, ("gateway", "extension", key), found.value)
    for key in ("oauthProtectedResource", "trustedHeadersKey"):
        if (found := spec.get(key)) is not None:
            sentence = "is about who may call, which is not imported"
            context.say("import-guess", found, sentence, "write gateway.auth and gateway.toolsList: docs/gateways.md")
