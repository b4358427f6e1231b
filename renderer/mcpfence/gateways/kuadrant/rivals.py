"""Objects of others that decide beside ours: a second policy, a way past a policy, another meaning of a host.

What they are told by is what ours target, lead to and name, so this works on documents alone: on those of a render and
what stands around it, on manifests in Git, on a cluster.  Where it cannot be told, they are rivals.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mcpfence.findings.finding import Finding
from mcpfence.gateways.kuadrant.back_ends import RouteTarget, ServiceAliases, back_ends, hosts_of
from mcpfence.gateways.kuadrant.objects import GatewayObject, GatewayObjects, find, items, mapping, text
from mcpfence.structs import Struct

_POLICIES = ("AuthPolicy", "OIDCPolicy")
"""OIDCPolicy makes an AuthPolicy for its target."""
_ROUTES = ("GRPCRoute", "HTTPRoute", "TCPRoute", "TLSRoute")
_FILTERS = ("EnvoyExtensionPolicy", "EnvoyFilter", "EnvoyPatchPolicy", "WasmPlugin")
_ISTIO_ROOT = "istio-system"
"""Istio's root namespace by default: what stands there holds for every Envoy."""
_BROKER_ROUTES = ("mcp-gateway-route", "mcp-gateway-tokens-route")
"""Routes that the gateway's controller makes to its broker (facts on gateways, A5)."""
_BROKER = "mcp-gateway"
"""The broker's Service."""

_Place = tuple[str, str]
"""Namespace and name."""


class _Ours(Struct):
    """What our own objects protect, each with the title of the policy that protects it."""

    gateways: frozenset[_Place]
    sections: Mapping[tuple[str, str, object], str]
    """Listeners of Gateways, by namespace, Gateway and listener."""
    routes: Mapping[_Place, str]
    back_ends: Mapping[RouteTarget, str]


def rivals(ours: Iterable[object], documents: Iterable[object], namespace: str) -> list[Finding]:
    """A finding for each rival among documents, of which those that are called as ours are left out.

    `namespace` is that of objects which name none.
    """
    mine = find(ours, namespace)
    known = mine.named.keys()
    every = find(documents, namespace)
    others = GatewayObjects(
        {
            kind: tuple(one for one in found if (kind, one.namespace, one.name) not in known)
            for kind, found in every.by_kind.items()
        },
        every.named,
    )
    protected = _protected(mine)
    services = ServiceAliases((*mine.of("Service"), *every.of("Service")), protected.back_ends)
    found = [
        *(finding for one in others.of(*_POLICIES) for finding in _policy(one, others, protected)),
        *(finding for one in others.of(*_ROUTES) for finding in _route(one, protected, services)),
        *(finding for one in others.of("VirtualService") for finding in _virtual(one, services)),
        *(finding for kind in ("DestinationRule", "ServiceEntry") for finding in _mesh(kind, mine, others)),
        *(finding for one in others.of("ClusterRoleBinding", "RoleBinding") for finding in _binding(one, mine)),
        *(finding for one in others.of("ReferenceGrant") for finding in _grant(one, protected)),
        *(finding for one in others.of(*_FILTERS) for finding in _filter(one, protected)),
    ]
    return list(dict.fromkeys(found))


def _protected(mine: GatewayObjects) -> _Ours:
    sections: dict[tuple[str, str, object], str] = {}
    routes: dict[_Place, str] = {}
    for policy in mine.of("AuthPolicy"):
        target = mapping(policy.spec.get("targetRef"))
        name = text(target.get("name"))
        if target.get("kind") == "Gateway":
            sections[policy.namespace, name, target.get("sectionName")] = policy.title
        else:
            routes[policy.namespace, name] = policy.title
    gateways = {(namespace, name) for namespace, name, _ in sections}
    reached: dict[RouteTarget, str] = {}
    for route in mine.of("HTTPRoute"):
        parents = list(_parents(route))
        gateways |= {place for place, _ in parents}
        by_section = (sections.get((*place, section)) for place, section in parents)
        policy_of = routes.get((route.namespace, route.name)) or next(filter(None, by_section), None)
        if policy_of is not None:
            routes[route.namespace, route.name] = policy_of
            reached.update((one, policy_of) for one in back_ends(route))
    return _Ours(frozenset(gateways), sections, routes, reached)


def _parents(route: GatewayObject) -> Iterator[tuple[_Place, object]]:
    """The Gateways that a route is attached to, each with the listener that it names."""
    for parent in map(mapping, items(route.spec.get("parentRefs"))):
        if parent.get("kind", "Gateway") == "Gateway":
            yield (
                (text(parent.get("namespace")) or route.namespace, text(parent.get("name"))),
                parent.get("sectionName"),
            )


def _attached(route: GatewayObject, ours: _Ours) -> bool:
    """Whether a route may be attached to a Gateway of ours; a set of listeners may belong to any."""
    kinds = {mapping(parent).get("kind", "Gateway") for parent in items(route.spec.get("parentRefs"))}
    return bool(kinds - {"Gateway", "Service", "ServiceEntry"}) or any(
        place in ours.gateways for place, _ in _parents(route)
    )


def _say(one: GatewayObject, sentence: str, todo: str) -> Finding:
    return Finding("gateway-rival", (), sentence, todo, one.title)


# --- policies ---


def _policy(policy: GatewayObject, others: GatewayObjects, ours: _Ours) -> Iterator[Finding]:
    """A policy on a route of ours, on our Gateway, or on a route of the listener that ours is on."""
    for target in map(mapping, (policy.spec.get("targetRef"), *items(policy.spec.get("targetRefs")))):
        yield from _targeting(policy, text(target.get("kind")), text(target.get("name")), others, ours)


def _targeting(policy: GatewayObject, kind: str, name: str, others: GatewayObjects, ours: _Ours) -> Iterator[Finding]:
    place = policy.namespace, name
    what = f"it is for {kind} {policy.namespace}/{name}"
    if kind == "Gateway" and place in ours.gateways:
        held = next(iter([*ours.sections.values(), *ours.routes.values()]), None)
        if held is not None:
            sentence = f"{what}, where it may hold instead of {held} or add to it"
            yield _say(policy, sentence, "remove it, or give the servers a Gateway of their own")
    elif kind == "HTTPRoute" and place in ours.routes:
        yield _say(policy, f"{what} as {ours.routes[place]} is, and only one of them holds", "remove it")
    elif kind in _ROUTES and ours.sections:
        route = others.get(kind, policy.namespace, name)
        sections = [(*where, section) for where, section in _parents(route)] if route is not None else []
        on_ours = (ours.sections.get(one) for one in sections)
        whole = (held for one in sections for at, held in ours.sections.items() if one[2] is None and one[:2] == at[:2])
        held = next(filter(None, (*on_ours, *whole)), None)
        if held is None and name in _BROKER_ROUTES:
            held = next(iter(ours.sections.values()))
        if held is not None:
            sentence = f"{what}, a route of the listener of {held}, and holds there instead"
            yield _say(policy, sentence, "remove it, or attach that route to another listener")


# --- ways past a policy ---


def _route(route: GatewayObject, ours: _Ours, services: ServiceAliases) -> Iterator[Finding]:
    if not _attached(route, ours):
        return
    for one in back_ends(route):
        held = services.leads_to(one)
        if held is not None:
            sentence = f"leads to {one.title}, {held.as_words} whose callers {held.policy} checks, past that policy"
            yield _say(route, sentence, "remove it: the catalog's own route is the one way to a registered server")
        elif one.name == _BROKER and one.kind == "Service" and ours.sections and route.name not in _BROKER_ROUTES:
            policy = next(iter(ours.sections.values()))
            sentence = f"leads to {one.title}, the broker's by its name, past {policy}"
            yield _say(route, sentence, "remove it: the gateway's controller makes the route to the broker")


def _virtual(one: GatewayObject, services: ServiceAliases) -> Iterator[Finding]:
    """Istio's own routes, where they hold at a gateway; one without gateways and hosts is a part of another one."""
    gateways = items(one.spec.get("gateways"))
    part = not gateways and not items(one.spec.get("hosts"))
    if not part and not [name for name in gateways if name != "mesh"]:
        return
    for host in hosts_of(one):
        held = services.leads_to_host(host, one.namespace)
        if held is not None:
            sentence = f"leads to {host}, {held.as_words} whose callers {held.policy} checks, past that policy"
            yield _say(one, sentence, "remove it: the catalog's own route is the one way to a registered server")


def _grant(grant: GatewayObject, ours: _Ours) -> Iterator[Finding]:
    """A grant by which routes of other namespaces, which nobody need show us, may lead to a registered server."""
    from_ = {text(mapping(one).get("namespace")) for one in items(grant.spec.get("from")) if _is_route(mapping(one))}
    for reference in map(mapping, items(grant.spec.get("to"))):
        if text(reference.get("kind")) not in ("Service", "*"):
            continue
        name = reference.get("name")
        for one, policy in ours.back_ends.items():
            if from_ and one.kind == "Service" and one.namespace == grant.namespace and name in (None, "", one.name):
                sentence = f"lets routes of namespace {', '.join(sorted(from_))} lead to {one.title}, past {policy}"
                yield _say(grant, sentence, "remove it, or name the Services that are no registered server's")


def _is_route(reference: Mapping[str, Any]) -> bool:
    return text(reference.get("kind")).endswith("Route")


def _filter(one: GatewayObject, ours: _Ours) -> Iterator[Finding]:
    """What rewrites Envoy's configuration where the Gateway is; what it does is not ours to evaluate."""
    homes = {namespace for namespace, _ in ours.gateways}
    policies = [*ours.sections.values(), *ours.routes.values()]
    if policies and (one.namespace in homes or one.namespace == _ISTIO_ROOT):
        sentence = f"changes what Envoy does, where it may take away what {policies[0]} checks"
        yield Finding(
            "gateway-filter", (), sentence, "make sure that it holds for other pods, or leaves checks alone", one.title
        )


# --- what a host means, and who is bound to a Role ---


def _mesh(kind: str, mine: GatewayObjects, others: GatewayObjects) -> Iterator[Finding]:
    """A second entry or rule for a host of ours that the Gateway or the broker can see."""
    hosts = {host: one for one in mine.of(kind) for host in _named_hosts(one)}
    seeing = {name for one in mine.of(kind) for name in (one.namespace, *map(text, items(one.spec.get("exportTo"))))}
    for one in others.of(kind):
        visible = one.spec.get("exportTo")
        names = items(visible) or ["*"]
        if one.namespace not in seeing and not any(name == "*" or name in seeing - {"."} for name in names):
            continue
        for host in _named_hosts(one):
            if host in hosts:
                sentence = (
                    f"says what {host} is, as {hosts[host].title} does, and which of them counts is Istio's choice"
                )
                yield _say(one, sentence, "remove it, or do not export it to the Gateway's namespace")


def _named_hosts(one: GatewayObject) -> Iterator[str]:
    for host in (*items(one.spec.get("hosts")), one.spec.get("host")):
        if isinstance(host, str):
            yield host.lower()


def _binding(binding: GatewayObject, mine: GatewayObjects) -> Iterator[Finding]:
    reference: Mapping[str, Any] = mapping(binding.document.get("roleRef"))
    role = mine.get("Role", binding.namespace, reference.get("name")) if reference.get("kind") == "Role" else None
    if role is not None:
        sentence = f"gives {role.title} to others than the catalog does"
        yield _say(binding, sentence, "remove it, or bind a Role of your own")
