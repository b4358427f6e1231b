"""Known defects of gateway manifests: what Kuadrant's controller or Envoy would refuse, pass by, or let through.

Found in published guides (facts on gateways, A2 and A8); docs/gateways.md has the table.  The same checks run over
what mcpfence itself emits: they know nothing of the catalog.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mcpfence.catalog.gateway.fields import fits
from mcpfence.findings.finding import Finding, quote
from mcpfence.gateways.kuadrant.objects import GatewayObject, GatewayObjects, find, items, mapping, text
from mcpfence.gateways.kuadrant.policy_defects import policy_defects, undecided
from mcpfence.patterns import regex

_PREFIX = regex(r"[a-z0-9][a-z0-9_]*\Z")
_PLAIN = ("HTTP", "HTTP2", "GRPC")


def defects(documents: Iterable[object], namespace: str, authorino: str = "kuadrant-system") -> list[Finding]:
    """Every known defect; `namespace` is that of objects which name none, `authorino` where Secrets are read."""
    documents = list(documents)
    found = find(documents, namespace)
    told = _kustomized(documents)
    secured = _hosts_with_tls(found)
    results = [
        *_registrations(found, told),
        *(defect for route in _routes(found) for defect in _route(found, route, secured)),
        *(defect for entry in found.of("ServiceEntry") for defect in _service_entry(entry)),
        *policy_defects(found, authorino, told),
        *(defect for kind in ("ClusterRoleBinding", "RoleBinding") for one in found.of(kind) for defect in _admin(one)),
    ]
    return list(dict.fromkeys(results))


def _kustomized(documents: Iterable[object]) -> str:
    """The namespace that a kustomization among the documents sets; empty without, or where several differ."""
    found = {text(mapping(one).get("namespace")) for one in documents if mapping(one).get("kind") == "Kustomization"}
    return found.pop() if len(found) == 1 else ""


def say(id: str, item: GatewayObject, sentence: str, todo: str) -> Finding:
    """A finding about an object."""
    return Finding(id, (), sentence, todo, item.title)


# --- registrations ---


def _routes(found: GatewayObjects) -> list[GatewayObject]:
    """The routes of registered servers, each once."""
    routes: dict[tuple[str, str], GatewayObject] = {}
    for one in found.of("MCPServerRegistration"):
        route = found.get("HTTPRoute", one.namespace, mapping(one.spec.get("targetRef")).get("name"))
        if route is not None:
            routes[route.namespace, route.name] = route
    return list(routes.values())


def _registrations(found: GatewayObjects, told: str) -> Iterator[Finding]:
    prefixes: dict[str, GatewayObject] = {}
    for one in found.of("MCPServerRegistration"):
        yield from _registration(found, one, told)
        prefix = text(one.spec.get("prefix"))
        other = prefixes.setdefault(prefix, one) if prefix else one
        if other is not one:
            sentence = f"its prefix {quote(prefix)} is that of {other.title} too, and the gateway drops one of them"
            yield say("defect-prefix", one, sentence, "write another prefix; it cannot be changed later")


def _registration(found: GatewayObjects, one: GatewayObject, told: str) -> Iterator[Finding]:
    prefix = one.spec.get("prefix")
    if prefix is not None and not _PREFIX.match(text(prefix)):
        sentence = f"{quote(prefix)} is no prefix that the API takes"
        yield say("defect-prefix", one, sentence, "write lower-case letters, digits and _")
    if "toolPrefix" in one.spec:
        sentence = "toolPrefix was renamed in 2026, so the tools have no prefix"
        yield say("defect-prefix", one, sentence, "write prefix")
    if text(one.document.get("apiVersion")).endswith("/v1alpha1"):
        sentence = "v1alpha1 is served by no release after 0.9"
        yield say("defect-version", one, sentence, "write apiVersion: mcp.kuadrant.io/v1")
    target = mapping(one.spec.get("targetRef"))
    name, elsewhere = text(target.get("name")), text(target.get("namespace"))
    if elsewhere and elsewhere != one.namespace:
        sentence = f"its targetRef names namespace {elsewhere}, and the controller looks in {one.namespace} alone"
        yield say("defect-target", one, sentence, "put route and registration into one namespace")
    elif name and found.get("HTTPRoute", one.namespace, name) is None and found.of("HTTPRoute"):
        if (route := found.unplaced("HTTPRoute", name, one)) is not None:
            yield undecided(one, route, told)
        else:
            sentence = f"its route {quote(name)} is not among the routes of namespace {one.namespace}"
            yield say("defect-target", one, sentence, "put route and registration into one namespace")
    if name and name != one.name:
        sentence = f"tokens and headers call the server {one.namespace}/{one.name}, and its route is called {name}"
        todo = "give both one name: older releases and guides take the route's in aud and resource_access"
        yield say("defect-name", one, sentence, todo)
    for key in ("credentialRef", "caCertSecretRef"):
        secret = found.get("Secret", one.namespace, mapping(one.spec.get(key)).get("name"))
        if secret is None:
            continue
        labels = mapping(mapping(secret.document.get("metadata")).get("labels"))
        if labels.get("mcp.kuadrant.io/secret") != "true":
            sentence = f"{key} of {one.title} names it, and it lacks the label without which it is not read"
            yield say("defect-secret-label", secret, sentence, 'add mcp.kuadrant.io/secret: "true"')


# --- routes of registered servers ---


def _route(found: GatewayObjects, route: GatewayObject, secured: frozenset[str]) -> Iterator[Finding]:
    rules, hostnames = items(route.spec.get("rules")), [text(name) for name in items(route.spec.get("hostnames"))]
    back_ends = [mapping(one) for rule in rules for one in items(mapping(rule).get("backendRefs"))]
    if len(rules) != 1 or len(back_ends) != 1 or not hostnames:
        counts = f"{len(rules)} rules, {len(back_ends)} back-ends and {len(hostnames)} hostnames"
        sentence = f"the route of a registered server has {counts}, and the controller takes one rule and one back-end"
        yield say("defect-route", route, sentence, "write a route of its own for each server, with a hostname")
    for back_end in back_ends:
        yield from _back_end(found, route, hostnames, back_end, secured)
    yield from _attached(found, route, hostnames)


def _back_end(
    found: GatewayObjects, route: GatewayObject, hostnames: list[str], back_end: object, secured: frozenset[str]
) -> Iterator[Finding]:
    fields = mapping(back_end)
    kind, name = text(fields.get("kind")) or "Service", fields.get("name")
    if kind == "Hostname":
        if text(name) not in secured:
            sentence = f"no DestinationRule starts TLS to {quote(name)}, so Envoy would speak plain HTTP to it"
            yield say("defect-tls", route, sentence, "add a DestinationRule with tls {mode: SIMPLE, sni: HOST}")
        return
    if kind != "Service":
        sentence = f"the controller knows back-ends of kind Service and Hostname, not {quote(kind)}"
        yield say("defect-route", route, sentence, "write one of them")
        return
    service = found.get("Service", route.namespace, name)
    if service is None or service.spec.get("type") != "ExternalName":
        return
    external = text(service.spec.get("externalName"))
    if hostnames and external not in hostnames:
        sentence = f"calls go to {external}, past the route with {quote(hostnames[0])} and past its AuthPolicy"
        todo = "write a Hostname back-end with ServiceEntry and DestinationRule, or the external hostname in the route"
        yield say("defect-external-bypass", route, sentence, todo)
    else:
        sentence = f"calls {external} through an ExternalName Service, which needs a listener of its own"
        todo = "write a Hostname back-end with ServiceEntry and DestinationRule, if the server speaks TLS"
        yield say("defect-external-name", route, sentence, todo)


def _hosts_with_tls(found: GatewayObjects) -> frozenset[str]:
    """The hosts to which a DestinationRule starts TLS."""
    rules = [
        (text(one.spec.get("host")), mapping(one.spec.get("trafficPolicy"))) for one in found.of("DestinationRule")
    ]
    return frozenset(host for host, policy in rules if mapping(policy.get("tls")).get("mode"))


def _attached(found: GatewayObjects, route: GatewayObject, hostnames: list[str]) -> Iterator[Finding]:
    """Whether a listener of the Gateway takes the route's hostnames, where the Gateway is among the manifests."""
    for parent in map(mapping, items(route.spec.get("parentRefs"))):
        gateway = found.get("Gateway", text(parent.get("namespace")) or route.namespace, parent.get("name"))
        if gateway is None:
            continue
        listeners = [mapping(one) for one in items(gateway.spec.get("listeners"))]
        section = parent.get("sectionName")
        named = [one for one in listeners if section is None or one.get("name") == section]
        for hostname in hostnames:
            if not any(not one.get("hostname") or fits(hostname, text(one.get("hostname"))) for one in named):
                of = f"listener {section}" if section else "any listener"
                sentence = f"{quote(hostname)} does not belong to {of} of {gateway.title} (* stands for one label)"
                yield say("defect-listener", route, sentence, "write a hostname of that listener")


# --- the mesh, and rights ---


def _service_entry(entry: GatewayObject) -> Iterator[Finding]:
    for port in map(mapping, items(entry.spec.get("ports"))):
        name, protocol = text(port.get("name")).partition("-")[0].lower(), text(port.get("protocol")).upper()
        if (name in ("https", "tls") and protocol in _PLAIN) or (name == "http" and protocol in ("HTTPS", "TLS")):
            sentence = f"port {port.get('number')} is called {quote(port.get('name'))} and speaks {protocol}"
            yield say("defect-port-name", entry, sentence, "name the port by its protocol: Istio goes by both")


def _admin(binding: GatewayObject) -> Iterator[Finding]:
    if mapping(binding.document.get("roleRef")).get("name") != "cluster-admin":
        return
    people = [mapping(one) for one in items(binding.document.get("subjects"))]
    names = [text(one.get("name")) for one in people if one.get("kind") in ("User", "Group")]
    if names and binding.name != "cluster-admin":  # the one that every cluster has, for system:masters
        sentence = f"gives {', '.join(map(quote, names))} every right, and tools use them as the model is told to"
        todo = "bind a Role that reads what the tools need; servers.X.gateway.kubernetesUsers makes one"
        yield say("defect-cluster-admin", binding, sentence, todo)
