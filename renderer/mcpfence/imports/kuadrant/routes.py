"""The HTTPRoute of a registration: its hostname, its one back-end, the Gateway that it is attached to.

The gateway's controller looks for the route in the registration's own namespace, takes the first hostname, and wants
one rule with one back-end: a Service, or a Hostname of Istio's (Kuadrant/mcp-gateway, internal/controller).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mcpfence.imports.shared.destinations import shown
from mcpfence.imports.shared.dns_labels import label
from mcpfence.imports.shared.format import ImportContext
from mcpfence.imports.shared.source import BadEntry, Node, is_of
from mcpfence.kube.services import ServiceIndex, Unresolved, port_by_name
from mcpfence.structs import Struct

GATEWAY_API = "gateway.networking.k8s.io"
_HTTPS = 443


class RoutedTo(Struct):
    """Where a route leads: a Service (`host` empty), or a host outside; `legacy` where an ExternalName names it."""

    node: Node
    service: str
    port: int
    host: str = ""
    legacy: bool = False


def is_route(node: Node) -> bool:
    """Whether an object is an HTTPRoute of the Gateway API."""
    return is_of(node, GATEWAY_API, ("HTTPRoute",))


def named(node: Node) -> tuple[str, str]:
    """Namespace (empty where it is not said) and name of an object."""
    metadata = node.value.get("metadata")
    found = metadata if isinstance(metadata, Mapping) else {}
    return str(found.get("namespace") or ""), str(found.get("name") or "")


def route_of(spec: Node, namespace: str, routes: Sequence[Node], context: ImportContext) -> Node:
    """The HTTPRoute that a registration's targetRef names; raises BadEntry where it is not in the input."""
    target = spec.mapping("targetRef")
    name = target.text("name") if target else ""
    if target is None or not name:
        raise BadEntry(spec, "has no targetRef.name", "mend the source")
    other = target.text("namespace")
    if other and other != namespace:
        sentence = "is passed over by the gateway, which looks in the registration's own namespace"
        context.say("import-ignored", target.get("namespace") or target, sentence, "looked there, too")
    found = [route for route in routes if named(route)[1] == name and named(route)[0] in (namespace, "")]
    if not found:
        where = f" -n {namespace}" if namespace else ""
        todo = f"add it: kubectl get httproutes{where} -o yaml"
        raise BadEntry(target, f"names the HTTPRoute {shown(name)}, which is not in the input", todo)
    return next((route for route in found if named(route)[0] == namespace), found[0])


def hostname_of(route: Node, context: ImportContext) -> str:
    """The first hostname of a route, by which the gateway calls it; empty where it has none."""
    spec = route.mapping("spec")
    names = spec.items("hostnames") if spec else []
    if len(names) > 1:
        sentence = f"has {len(names)} hostnames, of which the gateway takes the first"
        context.say("import-ignored", names[1], sentence, "imported that one")
    return names[0].as_text() if names else ""


def backend_of(route: Node, namespace: str, known: ServiceIndex) -> RoutedTo:
    """The one back-end of a route; raises BadEntry for what the gateway would refuse, or a catalog cannot say."""
    spec = route.mapping("spec")
    rules = spec.items("rules") if spec else []
    refs = rules[0].items("backendRefs") if len(rules) == 1 else []
    if len(refs) != 1:
        sentence = f"has {len(rules)} rules and {sum(len(rule.items('backendRefs')) for rule in rules)} back-ends"
        raise BadEntry(route, f"{sentence}, and the gateway takes routes with one of each", "mend the source")
    ref = refs[0]
    group, kind, name = ref.text("group"), ref.text("kind") or "Service", ref.text("name")
    if group == "networking.istio.io" and kind == "Hostname" and name:
        return RoutedTo(ref, "", ref.port("port") or _HTTPS, host=name)
    if group or kind != "Service" or label(name) != name:
        raise BadEntry(ref, "is neither a Service nor a Hostname of networking.istio.io", "mend the source")
    other = ref.text("namespace")
    if other and other != namespace:
        sentence = f"is in namespace {shown(other)}, and a catalog registers servers of its own namespace"
        raise BadEntry(ref, sentence, "move route and registration there")
    record = known.services.get((namespace, name)) or known.services.get(("", name))
    if record is not None and record.type == "ExternalName":
        raise BadEntry(ref, f"is the ExternalName Service {name}", "write the server by hand: docs/gateways.md")
    return RoutedTo(ref, name, ref.port("port") or 0)


class Behind(Struct):
    """The pods behind a Service: their labels, and the port on which they listen."""

    labels: dict[str, str]
    port: int


def behind(backend: RoutedTo, namespace: str, known: ServiceIndex) -> Behind | None:
    """What stands behind the Service of a back-end; None where it is not in the input.  Raises BadEntry."""
    found = next((key for key in ((namespace, backend.service), ("", backend.service)) if key in known.services), None)
    if found is None:
        return None
    record = known.services[found]
    if not record.selector:
        raise BadEntry(
            backend.node, f"is the Service {backend.service}, which has no selector", "name its pods by hand"
        )
    targets = [port.target for port in record.ports if port.protocol == "TCP" and port.port == backend.port]
    if not targets:
        sentence = f"names port {backend.port}, which Service {backend.service} does not have"
        raise BadEntry(backend.node, sentence, "mend the source")
    if isinstance(targets[0], int):
        return Behind(dict(sorted(record.selector.items())), targets[0])
    pods = [pod for pod in known.pods.get(found[0], ()) if record.selector.items() <= pod.labels.items()]
    try:
        port = port_by_name("TCP", targets[0], pods).first
    except Unresolved as why:
        todo = why.todo or "add the workload to the input: kubectl get deployments,services -o yaml"
        raise BadEntry(backend.node, f"is Service {backend.service}, which {why}", todo) from None
    return Behind(dict(sorted(record.selector.items())), port)
