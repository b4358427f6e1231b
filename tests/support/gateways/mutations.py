"""What somebody may put beside the gateway's objects of a catalog, or change in them, so that callers pass unchecked.

RIVALS and CHANGES are tables: a row more is a case more, on every path that the tests take.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateways.shapes import OIDC, catalog, hosted, remote

Raw = dict[str, Any]

GUARDED: Raw = catalog(
    {
        "a": hosted(kubernetesUsers={"namespaces": ["shop"], "groups": ["oidc:ops"]}),
        "b": hosted(service={"name": "wiki", "port": 80}, auth={"type": "anonymous"}),
        "r": remote(),
    },
    auth=OIDC,
    create=True,
    extension={"create": True},
)
"""Two servers behind Services of others and a remote one; tokens are asked for at the Gateway and on each route."""

ROUTE, GATEWAY = "gateway.networking.k8s.io/v1", {"name": "mcp-gateway", "namespace": "gateway-system"}


def made(api: str, kind: str, name: str, spec: Any = None, namespace: str = "mcp", **body: Any) -> Raw:
    """An object of somebody else's."""
    rest = body if spec is None else {"spec": spec, **body}
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": namespace}, **rest}


def policy(kind: str, name: str, namespace: str = "mcp", how: str = "", **target: Any) -> Raw:
    """An AuthPolicy that lets everybody in; `how` is `defaults` or `overrides`."""
    rules: Raw = {"rules": {"authentication": {"public": {"anonymous": {}}}}}
    reference = {"group": "gateway.networking.k8s.io", "kind": kind, "name": name, **target}
    return made(
        "kuadrant.io/v1", "AuthPolicy", "other", {"targetRef": reference, **({how: rules} if how else rules)}, namespace
    )


def route(*back_ends: Raw, kind: str = "HTTPRoute", namespace: str = "mcp", parent: Raw = GATEWAY, **rule: Any) -> Raw:
    """A route to some back-ends."""
    rules = [{"backendRefs": list(back_ends), **rule}]
    spec = {"parentRefs": [parent], "hostnames": ["x.mcp.local"], "rules": rules}
    return made(ROUTE, kind, "past", spec, namespace)


def service(name: str, namespace: str = "mcp", **spec: Any) -> Raw:
    """A Service."""
    return made("v1", "Service", name, {"ports": [{"port": 80}], **spec}, namespace)


def _virtual(host: str, **spec: Any) -> Raw:
    http = [{"route": [{"destination": {"host": host}}]}]
    return made("networking.istio.io/v1", "VirtualService", "past", {"http": http, **spec})


PAST_A = "a server whose callers AuthPolicy mcp/a checks, past that policy"
ONE_WAY = "remove it: the catalog's own route is the one way to a registered server [gateway-rival]"
MAYBE = "which may be a server's too, whose callers AuthPolicy mcp/a checks, past that policy"
ON_GATEWAY = (
    "AuthPolicy gateway-system/other: it is for Gateway gateway-system/mcp-gateway, where it may hold instead of "
    "AuthPolicy gateway-system/mcp-gateway-mcp or add to it; remove it, or give the servers a Gateway of their own "
    "[gateway-rival]"
)
ON_ROUTE = (
    "AuthPolicy mcp/other: it is for HTTPRoute mcp/a as AuthPolicy mcp/a is, and only one of them holds; remove it "
    "[gateway-rival]"
)


def _on_broker(name: str) -> str:
    return (
        f"AuthPolicy mcp-system/other: it is for HTTPRoute mcp-system/{name}, a route of the listener of "
        "AuthPolicy gateway-system/mcp-gateway-mcp, and holds there instead; "
        "remove it, or attach that route to another listener [gateway-rival]"
    )


HOST = "mcp.example.net"
"""Of the remote server."""

RIVALS: dict[str, tuple[list[Raw], str]] = {
    # what: (documents beside ours, what is said)
    "a route to the mesh's name of a Service": (
        [
            route(
                {"group": "networking.istio.io", "kind": "Hostname", "name": "svc.mcp.svc.cluster.local", "port": 8000}
            )
        ],
        "HTTPRoute mcp/past: leads to Hostname svc.mcp.svc.cluster.local, a server whose callers AuthPolicy mcp/a checks, "
        "past that policy; remove it: the catalog's own route is the one way to a registered server [gateway-rival]",
    ),
    "a route to a Service of many clusters": (
        [route({"group": "multicluster.x-k8s.io", "kind": "ServiceImport", "name": "svc", "port": 8000})],
        "HTTPRoute mcp/past: leads to ServiceImport mcp/svc, which may be a server's too, whose callers AuthPolicy mcp/a "
        "checks, past that policy; remove it: the catalog's own route is the one way to a registered server "
        "[gateway-rival]",
    ),
    "a second policy on a route": ([policy("HTTPRoute", "a")], ON_ROUTE),
    "a second policy on a rule of a route": ([policy("HTTPRoute", "a", sectionName="rule-1")], ON_ROUTE),
    "a second policy with overrides on a route": ([policy("HTTPRoute", "a", how="overrides")], ON_ROUTE),
    "a policy that makes one": (
        [
            made(
                "extensions.kuadrant.io/v1alpha1",
                "OIDCPolicy",
                "other",
                {"targetRef": {"kind": "HTTPRoute", "name": "a"}},
            )
        ],
        "OIDCPolicy mcp/other: it is for HTTPRoute mcp/a as AuthPolicy mcp/a is, and only one of them holds; remove it "
        "[gateway-rival]",
    ),
    "overrides on the Gateway": ([policy("Gateway", "mcp-gateway", "gateway-system", "overrides")], ON_GATEWAY),
    "defaults on the Gateway": ([policy("Gateway", "mcp-gateway", "gateway-system", "defaults")], ON_GATEWAY),
    "a policy on the clients' listener": (
        [policy("Gateway", "mcp-gateway", "gateway-system", sectionName="mcp")],
        ON_GATEWAY,
    ),
    "a policy on the servers' listener": (
        [policy("Gateway", "mcp-gateway", "gateway-system", sectionName="mcps")],
        ON_GATEWAY,
    ),
    "a policy on the broker's route": (
        [policy("HTTPRoute", "mcp-gateway-route", "mcp-system")],
        _on_broker("mcp-gateway-route"),
    ),
    "a policy on another route of the clients' listener": (
        [
            policy("HTTPRoute", "past", "mcp-system"),
            route({"name": "x", "port": 80}, namespace="mcp-system", parent={**GATEWAY, "sectionName": "mcp"}),
        ],
        _on_broker("past"),
    ),
    "a policy in a List": ([{"apiVersion": "v1", "kind": "List", "items": [policy("HTTPRoute", "a")]}], ON_ROUTE),
    "a second route": (
        [route({"name": "svc", "port": 8000})],
        f"HTTPRoute mcp/past: leads to Service mcp/svc, {PAST_A}; {ONE_WAY}",
    ),
    "a second route with kinds written": (
        [route({"group": "", "kind": "Service", "name": "svc", "namespace": "mcp", "port": 8000}, namespace="dev")],
        f"HTTPRoute dev/past: leads to Service mcp/svc, {PAST_A}; {ONE_WAY}",
    ),
    "a second back-end of another route": (
        [route({"name": "x", "namespace": "dev", "port": 80}, {"name": "svc", "port": 8000, "weight": 0})],
        f"HTTPRoute mcp/past: leads to Service mcp/svc, {PAST_A}; {ONE_WAY}",
    ),
    "a mirror": (
        [
            route(
                filters=[
                    {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "svc", "port": 8000}}},
                ]
            )
        ],
        f"HTTPRoute mcp/past: leads to Service mcp/svc, {PAST_A}; {ONE_WAY}",
    ),
    "a route of gRPC": (
        [route({"name": "svc", "port": 8000}, kind="GRPCRoute")],
        f"GRPCRoute mcp/past: leads to Service mcp/svc, {PAST_A}; {ONE_WAY}",
    ),
    "a route by a set of listeners": (
        [route({"name": "svc", "port": 8000}, parent={"kind": "ListenerSet", "name": "more"})],
        f"HTTPRoute mcp/past: leads to Service mcp/svc, {PAST_A}; {ONE_WAY}",
    ),
    "a second route to the remote server": (
        [route({"group": "networking.istio.io", "kind": "Hostname", "name": HOST, "port": 443}, namespace="dev")],
        f"HTTPRoute dev/past: leads to Hostname {HOST}, a server whose callers AuthPolicy mcp/r checks, "
        f"past that policy; {ONE_WAY}",
    ),
    "another Service of the same pods": (
        [
            route({"name": "svc2", "port": 80}),
            service("svc2", selector={"app": "a"}),
            service("svc", selector={"app": "a"}),
        ],
        f"HTTPRoute mcp/past: leads to Service mcp/svc2, {MAYBE}; {ONE_WAY}",
    ),
    "another Service that nobody knows": (
        [route({"name": "svc2", "port": 80})],
        f"HTTPRoute mcp/past: leads to Service mcp/svc2, {MAYBE}; {ONE_WAY}",
    ),
    "a Service that is another name of the Service": (
        [
            route({"name": "svc3", "port": 80}, namespace="dev"),
            service("svc3", "dev", type="ExternalName", externalName="svc.mcp.svc.cluster.local"),
        ],
        f"HTTPRoute dev/past: leads to Service dev/svc3, {PAST_A}; {ONE_WAY}",
    ),
    "a Service that is another name of the remote server": (
        [
            route({"name": "svc4", "port": 80}, namespace="dev"),
            service("svc4", "dev", type="ExternalName", externalName=f"{HOST.upper()}."),
        ],
        "HTTPRoute dev/past: leads to Service dev/svc4, a server whose callers AuthPolicy mcp/r checks, "
        f"past that policy; {ONE_WAY}",
    ),
    "a route to the broker": (
        [route({"name": "mcp-gateway", "port": 8080}, namespace="mcp-system")],
        "HTTPRoute mcp-system/past: leads to Service mcp-system/mcp-gateway, the broker's by its name, past "
        "AuthPolicy gateway-system/mcp-gateway-mcp; remove it: the gateway's controller makes the route to the broker "
        "[gateway-rival]",
    ),
    "a VirtualService": (
        [_virtual("svc.mcp.svc.cluster.local", gateways=["gateway-system/x"], hosts=["*"])],
        f"VirtualService mcp/past: leads to svc.mcp.svc.cluster.local, {PAST_A}; {ONE_WAY}",
    ),
    "a part of a VirtualService": ([_virtual("svc")], f"VirtualService mcp/past: leads to svc, {PAST_A}; {ONE_WAY}"),
    "a second entry for the remote server's host": (
        [
            made(
                "networking.istio.io/v1",
                "ServiceEntry",
                "other",
                {"hosts": [HOST], "resolution": "STATIC", "endpoints": [{"address": "192.0.2.1"}]},
                "dev",
            )
        ],
        f"ServiceEntry dev/other: says what {HOST} is, as ServiceEntry mcp/{HOST} does, and which of them counts is "
        "Istio's choice; remove it, or do not export it to the Gateway's namespace [gateway-rival]",
    ),
    "a second rule for the remote server's host": (
        [
            made(
                "networking.istio.io/v1beta1",
                "DestinationRule",
                "other",
                {"host": HOST, "trafficPolicy": {"tls": {"mode": "DISABLE"}}},
                "gateway-system",
            )
        ],
        f"DestinationRule gateway-system/other: says what {HOST} is, as DestinationRule mcp/{HOST} does, and which of "
        "them counts is Istio's choice; remove it, or do not export it to the Gateway's namespace [gateway-rival]",
    ),
    "several targets of one policy": (
        [
            made(
                "kuadrant.io/v2",
                "AuthPolicy",
                "other",
                {"targetRefs": [{"kind": "HTTPRoute", "name": "x"}, {"kind": "HTTPRoute", "name": "a"}]},
            )
        ],
        ON_ROUTE,
    ),
    "a grant to routes elsewhere": (
        [
            made(
                "gateway.networking.k8s.io/v1beta1",
                "ReferenceGrant",
                "other",
                {
                    "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "dev"}],
                    "to": [{"group": "", "kind": "Service", "name": "svc"}],
                },
            )
        ],
        "ReferenceGrant mcp/other: lets routes of namespace dev lead to Service mcp/svc, past AuthPolicy mcp/a; "
        "remove it, or name the Services that are no registered server's [gateway-rival]",
    ),
    "a second binding of a Role": (
        [
            made(
                "rbac.authorization.k8s.io/v1",
                "RoleBinding",
                "other",
                namespace="shop",
                roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "mcp-gateway-a-read"},
                subjects=[{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:authenticated"}],
            )
        ],
        "RoleBinding shop/other: gives Role shop/mcp-gateway-a-read to others than the catalog does; remove it, or bind a "
        "Role of your own [gateway-rival]",
    ),
}

HARMLESS: dict[str, list[Raw]] = {
    "a route to the mesh's name of another Service": [
        route({"group": "networking.istio.io", "kind": "Hostname", "name": "docs.web.svc.cluster.local", "port": 80})
    ],
    "a route to another Service of many clusters": [
        route(
            {"group": "multicluster.x-k8s.io", "kind": "ServiceImport", "name": "docs", "namespace": "web", "port": 80}
        )
    ],
    "a grant to another Service": [
        made(
            "gateway.networking.k8s.io/v1beta1",
            "ReferenceGrant",
            "other",
            {"from": [{"kind": "HTTPRoute", "namespace": "dev"}], "to": [{"kind": "Service", "name": "docs"}]},
        )
    ],
    "a policy on a route of another Gateway": [
        policy("HTTPRoute", "past", "dev"),
        route({"name": "x", "port": 80}, namespace="dev", parent={"name": "edge", "namespace": "edge"}),
    ],
    "a policy on another Gateway of that name": [policy("Gateway", "mcp-gateway", "dev")],
    "a policy on a route of that name elsewhere": [policy("HTTPRoute", "a", "dev")],
    "a route of another Gateway to a server": [route({"name": "svc", "port": 8000}, parent={"name": "edge"})],
    "a route in the mesh": [
        route({"name": "svc", "port": 8000}, parent={"group": "", "kind": "Service", "name": "svc"})
    ],
    "a route of our Gateway to somebody else's Service": [route({"name": "svc", "port": 80}, namespace="dev")],
    "a route to other pods of the namespace": [
        route({"name": "docs", "port": 80}),
        *(service(name, selector={"app": name}) for name in ("svc", "wiki", "docs")),
    ],
    "the routes of the gateway's controller": [
        {
            **route({"name": "mcp-gateway", "port": 8080}, namespace="mcp-system"),
            "metadata": {"name": "mcp-gateway-route", "namespace": "mcp-system"},
        }
    ],
    "a VirtualService of the mesh": [_virtual("svc", hosts=["svc"], gateways=["mesh"])],
    "an entry for that host which the Gateway does not see": [
        made("networking.istio.io/v1", "ServiceEntry", "other", {"hosts": [HOST], "exportTo": ["."]}, "dev")
    ],
    "a kind of that name in another group": [{**policy("HTTPRoute", "a"), "apiVersion": "example.com/v1"}],
}
"""What may stand beside ours and opens nothing of theirs."""


def _set(path: str, value: Any) -> Callable[[Raw], None]:
    def change(document: Raw) -> None:
        *steps, last = [int(step) if step.isdigit() else step for step in path.split("/")]
        place: Any = document
        for step in steps:
            place = place[step]
        if isinstance(last, int) and last == len(place):
            place.append(value)
        else:
            place[last] = value

    return change


def _without(path: str) -> Callable[[Raw], None]:
    def change(document: Raw) -> None:
        *steps, last = path.split("/")
        place: Any = document
        for step in steps:
            place = place[step]
        del place[last]

    return change


CHECK = "spec/rules/authorization/tool-access-check"
NEVER = [{"predicate": "false"}]

CHANGES: dict[str, tuple[str, Callable[[Raw], None], str]] = {
    # what: (object, change, which place is named)
    "everybody is somebody": (
        "AuthPolicy a",
        _set("spec/rules/authentication/public", {"anonymous": {}}),
        "spec.rules.authentication.public is added",
    ),
    "a key does too": (
        "AuthPolicy a",
        _set("spec/rules/authentication/key", {"apiKey": {"selector": {"matchLabels": {"app": "x"}}}}),
        "spec.rules.authentication.key is added",
    ),
    "another issuer": (
        "AuthPolicy a",
        _set("spec/rules/authentication/oidc/jwt/issuerUrl", "https://id.example.org"),
        "spec.rules.authentication.oidc.jwt.issuerUrl is another one",
    ),
    "a token in the address": (
        "AuthPolicy a",
        _set("spec/rules/authentication/oidc/credentials", {"queryString": {"name": "token"}}),
        "spec.rules.authentication.oidc.credentials is added",
    ),
    "never on a policy": ("AuthPolicy a", _set("spec/when", NEVER), "spec.when is added"),
    "never on a way to show who one is": (
        "AuthPolicy a",
        _set("spec/rules/authentication/oidc/when", NEVER),
        "spec.rules.authentication.oidc.when is added",
    ),
    "never on a check": (
        "AuthPolicy a",
        _set(f"{CHECK}/when/0/predicate", "false"),
        "spec.rules.authorization.tool-access-check.when[0].predicate is another one",
    ),
    "a pattern of its own": (
        "AuthPolicy a",
        _set("spec/patterns", {"x": {"allOf": NEVER}}),
        "spec.patterns is added",
    ),
    "a rule of the route alone": (
        "AuthPolicy a",
        _set("spec/targetRef/sectionName", "rule-1"),
        "spec.targetRef.sectionName is added",
    ),
    "another route": ("AuthPolicy a", _set("spec/targetRef/name", "b"), "spec.targetRef.name is another one"),
    "a check less": (
        "AuthPolicy a",
        _without(CHECK),
        "spec.rules.authorization.tool-access-check is missing",
    ),
    "a check that is kept for a while": (
        "AuthPolicy a",
        _set(f"{CHECK}/cache", {"key": {"value": "x"}, "ttl": 60}),
        "spec.rules.authorization.tool-access-check.cache is added",
    ),
    "a policy of defaults that are merged": (
        "AuthPolicy mcp-gateway-mcp",
        _set("spec/defaults/strategy", "merge"),
        "spec.defaults.strategy is added",
    ),
    "an exemption more": (
        "AuthPolicy mcp-gateway-mcp",
        _set("spec/defaults/when/1", {"predicate": "request.path != '/'"}),
        "spec.defaults.when[1] is added",
    ),
    "every listener": (
        "AuthPolicy mcp-gateway-mcp",
        _without("spec/targetRef/sectionName"),
        "spec.targetRef.sectionName is missing",
    ),
    "a back-end more": (
        "HTTPRoute a",
        _set("spec/rules/0/backendRefs/1", {"name": "x", "port": 80}),
        "spec.rules[0].backendRefs[1] is added",
    ),
    "a rule more": ("HTTPRoute a", _set("spec/rules/1", {}), "spec.rules[1] is added"),
    "every path": (
        "HTTPRoute a",
        _set("spec/rules/0/matches/0/path/value", "/"),
        "spec.rules[0].matches[0].path.value is another one",
    ),
    "a filter": (
        "HTTPRoute a",
        _set("spec/rules/0/filters", [{"type": "RequestHeaderModifier"}]),
        "spec.rules[0].filters is added",
    ),
    "a Gateway more": (
        "HTTPRoute a",
        _set("spec/parentRefs/1", {"name": "edge", "namespace": "edge"}),
        "spec.parentRefs[1] is added",
    ),
    "a hostname more": ("HTTPRoute a", _set("spec/hostnames/1", "x.mcp.local"), "spec.hostnames[1] is added"),
    "another route of a registration": (
        "MCPServerRegistration a",
        _set("spec/targetRef/name", "b"),
        "spec.targetRef.name is another one",
    ),
    "a credential of a registration": (
        "MCPServerRegistration a",
        _set("spec/credentialRef", {"name": "x", "key": "token"}),
        "spec.credentialRef is added",
    ),
    "a page that asks for tokens": (
        "MCPServerRegistration a",
        _set("spec/tokenURLElicitation", {"url": "https://x.example.org"}),
        "spec.tokenURLElicitation is added",
    ),
    "another host of an entry": (
        f"ServiceEntry {HOST}",
        _set("spec/hosts/1", "*.example.org"),
        "spec.hosts[1] is added",
    ),
    "addresses of an entry": (
        f"ServiceEntry {HOST}",
        _set("spec/endpoints", [{"address": "192.0.2.1"}]),
        "spec.endpoints is added",
    ),
    "an entry for everybody": (f"ServiceEntry {HOST}", _without("spec/exportTo"), "spec.exportTo is missing"),
    "any certificate": (
        f"DestinationRule {HOST}",
        _set("spec/trafficPolicy/tls/insecureSkipVerify", value=True),
        "spec.trafficPolicy.tls.insecureSkipVerify is added",
    ),
    "no TLS": (
        f"DestinationRule {HOST}",
        _set("spec/trafficPolicy/portLevelSettings", [{"port": {"number": 443}, "tls": {"mode": "DISABLE"}}]),
        "spec.trafficPolicy.portLevelSettings is added",
    ),
    "a verb more": ("Role mcp-gateway-a-read", _set("rules/0/verbs/3", "delete"), "rules[0].verbs[3] is added"),
    "a rule of a Role more": (
        "Role mcp-gateway-a-read",
        _set("rules/6", {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}),
        "rules[6] is added",
    ),
    "somebody more": (
        "RoleBinding mcp-gateway-a-read",
        _set("subjects/1", {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "everybody"}),
        "subjects[1] is added",
    ),
    "another Role": ("RoleBinding mcp-gateway-a-read", _set("roleRef/name", "x"), "roleRef.name is another one"),
    "routes of every namespace": (
        "Gateway mcp-gateway",
        _set("spec/listeners/1/allowedRoutes/namespaces", {"from": "All"}),
        "spec.listeners[1].allowedRoutes.namespaces.from is another one",
    ),
    "a listener more": (
        "Gateway mcp-gateway",
        _set("spec/listeners/2", {"name": "x", "port": 80, "protocol": "HTTP"}),
        "spec.listeners[2] is added",
    ),
    "a grant to everything": (
        "ReferenceGrant mcp-system-to-mcp-gateway",
        _set("spec/to/0", {"group": "gateway.networking.k8s.io", "kind": "Gateway"}),
        "spec.to[0].name is missing",
    ),
    "another issuer for clients": (
        "MCPGatewayExtension mcp-gateway",
        _set("spec/oauthProtectedResource/authorizationServers/1", "https://x.example.org"),
        "spec.oauthProtectedResource.authorizationServers[1] is added",
    ),
}
