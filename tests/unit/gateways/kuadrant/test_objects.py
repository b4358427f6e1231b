"""What is emitted for each shape, held to the rules by which Kuadrant's controller reads it."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import Any

import pytest
import yaml

from edges import environment
from gateways.shapes import EXCHANGED, LEGACY_LISTENERS, OIDC, SHAPES, catalog, hosted, remote
from helpers import objects, rendered
from mcpfence.catalog.digest import digest
from mcpfence.findings.finding import Collector
from mcpfence.gateways.kuadrant.defects import defects
from mcpfence.gateways.kuadrant.proof import prove_registered
from mcpfence.kube.manifest import Manifest

Raw = dict[str, Any]


def _kinds(raw: Raw) -> list[str]:
    return sorted(title for title in objects(raw) if not title.startswith(("NetworkPolicy", "ConfigMap")))


def _route(raw: Raw) -> Raw:
    spec: Raw = objects(raw)["HTTPRoute a"]["spec"]
    return spec


# --- the three shapes ---


def test_kinds_of_an_in_cluster_server() -> None:
    """A route and a registration; the mesh needs to know nothing, and no grant is needed."""
    assert _kinds(SHAPES["in-cluster"]) == ["HTTPRoute a", "MCPServerRegistration a"]


def test_kinds_of_an_external_server() -> None:
    """The mesh learns the host and that TLS is spoken to it; no Service, no listener, no policy."""
    found = rendered(SHAPES["external https"])

    assert _kinds(SHAPES["external https"]) == [
        *("DestinationRule mcp.example.net", "HTTPRoute a", "MCPServerRegistration a"),
        "ServiceEntry mcp.example.net",
    ]
    assert [item.kind for item in found.objects if item.kind == "NetworkPolicy"] == []


def test_kinds_of_a_legacy_server() -> None:
    """Plain HTTP takes an ExternalName Service and a listener of its own, in a Gateway that is emitted whole."""
    assert _kinds(SHAPES["external plain http"]) == [
        *("Gateway mcp-gateway", "HTTPRoute a", "MCPServerRegistration a", "Service a-external"),
        "ServiceEntry old.example.net",
    ]


def test_route_to_a_service() -> None:
    """Attached to the listener of servers; one hostname below its wildcard; the Service and its port."""
    assert _route(SHAPES["in-cluster"]) == {
        "parentRefs": [
            {
                "group": "gateway.networking.k8s.io",
                "kind": "Gateway",
                "name": "mcp-gateway",
                "namespace": "gateway-system",
                "sectionName": "mcps",
            }
        ],
        "hostnames": ["a.mcp.local"],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/mcp"}}],
                "backendRefs": [{"group": "", "kind": "Service", "name": "svc", "port": 8000, "weight": 1}],
            }
        ],
    }


def test_route_of_a_server_that_mcpfence_runs() -> None:
    """Its Service is called like it and has port 80, as the Service that is emitted beside it says."""
    server = {
        "runtime": "containerized",
        "containerizedConfig": {"image": "ghcr.io/example/x:1.0.0", "port": 9000, "denyAllEgress": True},
        "run": True,
        "gateway": {},
    }
    found = objects(catalog({"a": server}))
    (reference,) = found["HTTPRoute a"]["spec"]["rules"][0]["backendRefs"]
    service = found["Service a"]

    assert (reference["name"], service["metadata"]["namespace"]) == ("a", "mcp")
    assert [port["port"] for port in service["spec"]["ports"]] == [reference["port"]]
    # On main of the gateway a port that is merely called https makes the broker speak TLS.
    assert [port["name"] for port in service["spec"]["ports"]] != ["https"]


def test_route_to_an_external_host() -> None:
    """Envoy puts the server's own host into the request, and calls it by a Hostname back-end on the URL's port."""
    (rule,) = _route(SHAPES["external https on another port"])["rules"]

    assert rule["filters"] == [{"type": "URLRewrite", "urlRewrite": {"hostname": "mcp.example.net"}}]
    assert rule["backendRefs"] == [
        {"group": "networking.istio.io", "kind": "Hostname", "name": "mcp.example.net", "port": 8443, "weight": 1}
    ]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/v1/mcp"}}]


def test_mesh_entries_of_an_external_host() -> None:
    """TLS with the host's name and for its certificate alone; seen beside the route, at the Gateway and at the broker."""
    found = objects(SHAPES["external https on another port"])
    entry, rule = found["ServiceEntry mcp.example.net"]["spec"], found["DestinationRule mcp.example.net"]["spec"]

    assert entry == {
        "hosts": ["mcp.example.net"],
        "exportTo": [".", "gateway-system", "mcp-system"],
        "location": "MESH_EXTERNAL",
        "ports": [{"number": 8443, "name": "https", "protocol": "HTTPS"}],
        "resolution": "DNS",
    }
    assert rule == {
        "host": "mcp.example.net",
        "exportTo": [".", "gateway-system", "mcp-system"],
        "trafficPolicy": {"tls": {"mode": "SIMPLE", "sni": "mcp.example.net", "subjectAltNames": ["mcp.example.net"]}},
    }


def test_servers_on_one_host_share_its_entries() -> None:
    """The mesh knows a host once, whatever servers are there: two entries would leave it to Istio which counts."""
    servers = {"a": remote(), "b": remote("https://mcp.example.net:8443/other"), "c": remote(hostname="x.mcp.local")}
    found = objects(catalog(servers))

    assert found["ServiceEntry mcp.example.net"]["spec"]["ports"] == [
        {"number": 443, "name": "https-443", "protocol": "HTTPS"},
        {"number": 8443, "name": "https-8443", "protocol": "HTTPS"},
    ]
    assert len([title for title in found if title.startswith(("ServiceEntry", "DestinationRule"))]) == 2
    assert [title for title in found if title.startswith("HTTPRoute")] == ["HTTPRoute a", "HTTPRoute b", "HTTPRoute c"]


def test_legacy_route_has_the_external_hostname() -> None:
    """With any other hostname calls would pass by the route and its policy (Kuadrant's issue 389)."""
    raw = SHAPES["external plain http"]
    found = objects(raw)

    assert _route(raw)["hostnames"] == ["old.example.net"]
    assert _route(raw)["parentRefs"][0]["sectionName"] == "old"
    assert found["Service a-external"]["spec"]["externalName"] == "old.example.net"
    assert found["ServiceEntry old.example.net"]["spec"]["ports"] == [
        {"number": 9999, "name": "http", "protocol": "HTTP"}
    ]
    assert [one["name"] for one in found["Gateway mcp-gateway"]["spec"]["listeners"]] == ["mcp", "mcps", "old"]


@pytest.mark.parametrize("raw", SHAPES.values(), ids=SHAPES)
def test_hard_rules_of_routes(raw: Raw) -> None:
    """One hostname, one rule, one back-end; registration and route in one namespace, under one name."""
    found = objects(raw)
    for title, document in found.items():
        if title.startswith("MCPServerRegistration"):
            route = found[f"HTTPRoute {document['spec']['targetRef']['name']}"]
            assert route["metadata"]["namespace"] == document["metadata"]["namespace"]
            assert route["metadata"]["name"] == document["metadata"]["name"]
            assert "namespace" not in document["spec"]["targetRef"]
            (rule,), (_,) = route["spec"]["rules"], route["spec"]["hostnames"]
            assert len(rule["backendRefs"]) == 1


# --- registrations ---


def test_registration_by_default() -> None:
    """The prefix is the server's name; what is not written is left to the controller."""
    spec = objects(catalog({"my-kube": hosted()}))["MCPServerRegistration my-kube"]["spec"]

    assert spec == {
        "targetRef": {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "my-kube"},
        "prefix": "my_kube_",
        "path": "/mcp",
        "state": "Enabled",
        "userSpecificList": "Disabled",
    }


def test_registration_with_every_key() -> None:
    """Kuadrant's own names, lists in order, references without values."""
    spec = objects(SHAPES["every key of a registration"])["MCPServerRegistration a"]["spec"]

    assert spec == {
        "targetRef": {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "a"},
        "prefix": "kube_",
        "path": "/api/mcp",
        "state": "Disabled",
        "userSpecificList": "Enabled",
        "credentialRef": {"name": "token", "key": "token"},
        "caCertSecretRef": {"name": "ca", "key": "bundle.pem"},
        "category": ["docs", "ops"],
        "hint": "Looks at clusters",
        "tags": ["beta", "k8s"],
        "tokenURLElicitation": {"url": "https://vault.example.com/token"},
    }


def test_rights_of_users_are_to_read_one_namespace() -> None:
    """A Role where the guide has cluster-admin: get, list and watch, no Secrets, nothing that is not namespaced."""
    found = objects(SHAPES["every key of a registration"])
    role, binding = found["Role mcp-gateway-a-read"], found["RoleBinding mcp-gateway-a-read"]

    assert role["metadata"]["namespace"] == binding["metadata"]["namespace"] == "shop"
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"get", "list", "watch"}
    resources = {resource for rule in role["rules"] for resource in rule["resources"]}
    assert not resources & {"secrets", "*", "nodes", "serviceaccounts/token", "pods/exec"}
    assert binding["roleRef"] == {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "Role",
        "name": role["metadata"]["name"],
    }
    assert [(one["kind"], one["name"]) for one in binding["subjects"]] == [
        ("Group", "oidc:ops"),
        ("User", "https://id.example.com/realms/mcp#ada"),
    ]
    assert not [title for title in found if title.startswith("Cluster")]


# --- the Gateway and its broker ---


def test_gateway_takes_routes_of_those_who_have_some() -> None:
    """The broker's namespace at the clients' listener, the servers' at theirs, and whoever is named at both."""
    listeners = objects(SHAPES["everything created"])["Gateway mcp-gateway"]["spec"]["listeners"]
    allowed = {
        one["name"]: one["allowedRoutes"]["namespaces"]["selector"]["matchExpressions"][0]["values"]
        for one in listeners
    }

    assert allowed == {"mcp": ["mcp-system", "other"], "mcps": ["mcp", "other"]}


def test_extension_names_the_namespace_of_its_gateway() -> None:
    """The controller takes targetRef.namespace as it is; across namespaces the Gateway's side must grant it."""
    found = objects(SHAPES["everything created"])
    spec, grant = found["MCPGatewayExtension mcp-gateway"]["spec"], found["ReferenceGrant mcp-system-to-mcp-gateway"]

    assert (spec["targetRef"]["namespace"], spec["targetRef"]["sectionName"]) == ("gateway-system", "mcp")
    assert spec["sessionStore"] == {"secretName": "redis"}
    assert grant["apiVersion"] == "gateway.networking.k8s.io/v1beta1"
    assert grant["metadata"]["namespace"] == "gateway-system"
    assert grant["spec"] == {
        "from": [{"group": "mcp.kuadrant.io", "kind": "MCPGatewayExtension", "namespace": "mcp-system"}],
        "to": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "mcp-gateway"}],
    }


def test_no_grant_within_a_namespace() -> None:
    """Gateway and extension side by side need none."""
    found = _kinds(SHAPES["one namespace for gateway and broker"])

    assert not [title for title in found if title.startswith("ReferenceGrant")]


def test_nothing_is_created_that_nobody_asked_for() -> None:
    """By default Gateway and extension are there already: overwriting somebody's listeners would cut them off."""
    kinds = {title.split()[0] for title in _kinds(SHAPES["oidc with an audience"])}

    assert kinds == {"AuthPolicy", "HTTPRoute", "MCPServerRegistration"}


def test_extension_publishes_every_issuer() -> None:
    """Clients find out where to get a token: from each issuer whose tokens a policy takes."""
    other = {"type": "oidc", "issuerUrl": "https://other.example.com/"}
    spec = objects(catalog({"a": hosted(auth=other)}, auth=OIDC, extension={"create": True}))[
        "MCPGatewayExtension mcp-gateway"
    ]["spec"]

    assert spec["oauthProtectedResource"] == {
        "authorizationServers": ["https://id.example.com/realms/mcp", "https://other.example.com/"],
        "resource": "http://mcp.example.com/mcp",
        "bearerMethodsSupported": ["header"],
    }


def test_older_api() -> None:
    """One key for releases that know no v1."""
    raw = catalog(apiVersion="v1alpha1", extension={"create": True}, virtualServers={"x": {"tools": ["a_x"]}})
    versions = {
        document["kind"]: document["apiVersion"]
        for document in objects(raw).values()
        if "mcp.kuadrant" in str(document)
    }

    assert {kind: version for kind, version in versions.items() if kind.startswith("MCP")} == dict.fromkeys(
        ("MCPGatewayExtension", "MCPServerRegistration", "MCPVirtualServer"), "mcp.kuadrant.io/v1alpha1"
    )


def test_virtual_server_names_tools_by_prefix() -> None:
    """A tool that no registered server can have is a slip: it would be hidden without a word."""
    raw = catalog(virtualServers={"x": {"tools": ["a_x", "b_y"]}})
    said = [item.message for item in rendered(raw).findings if item.id == "gateway-virtual-tool"]

    assert said == [
        'gateway.virtualServers.x: "b_y" begins with no prefix of a registered server; '
        "write PREFIX and the tool's name; tools of other catalogs may stand here too"
    ]


# --- findings ---


def test_secrets_to_be_made_are_said() -> None:
    """Each Secret that is referred to: which key, in whose namespace, and what its value looks like."""
    raw = catalog(
        {"a": hosted(credentialRef={"name": "tok"}, caCertSecretRef={"name": "ca"}), "b": hosted(auth=EXCHANGED)},
        auth=OIDC,
        toolsList={"privateKeySecret": "private", "publicKeySecret": "public"},
        extension={"create": True, "sessionStore": "redis"},
    )
    said = [item.message for item in rendered(raw).findings if item.id == "gateway-secret"]

    assert said == [
        "gateway.extension.sessionStore: the broker reads key CACHE_CONNECTION_STRING of Secret mcp-system/redis; "
        'make it with the label mcp.kuadrant.io/secret: "true"',
        "gateway.toolsList: Authorino signs with key.pem of Secret kuadrant-system/private, and the broker checks with "
        "key of Secret mcp-system/public; make both from one ECDSA P-256 key pair",
        "servers.a.gateway.caCertSecretRef: the broker reads key ca.crt of Secret mcp/ca; "
        'make it with the label mcp.kuadrant.io/secret: "true"; PEM, 64 KiB at most',
        "servers.a.gateway.credentialRef: the broker reads key token of Secret mcp/tok; "
        'make it with the label mcp.kuadrant.io/secret: "true"; its value is a whole header, such as Bearer TOKEN',
        "servers.b.gateway.auth: Authorino reads key oauth-client-basic-auth of Secret kuadrant-system/token-exchange; "
        "make it there, not beside the servers; its value is base64 of ID:SECRET, without the word Basic",
    ]


def test_open_servers_are_said_at_once() -> None:
    """One warning for all servers that anybody at the gateway may call."""
    b = hosted(auth=OIDC, service={"name": "b", "port": 80})
    raw = catalog({"a": hosted(), "b": b, "c": hosted(auth={"type": "anonymous"})})
    said = [item.message for item in rendered(raw).findings if item.severity.value == "warning"]

    assert said == [
        "gateway.auth: whoever reaches the gateway may call these without a token: a, c; "
        "write auth.type: oidc or tokenExchange"
    ]


def test_a_shared_listener_protects_what_has_no_policy_of_its_own() -> None:
    """Its policy holds for every route on it, so only a server with a policy for everybody is open."""
    shared = {
        "sectionName": "all",
        "serverSectionName": "all",
        "listeners": [{"name": "all", "hostname": "*.x.example.com"}],
    }
    servers = {"a": hosted(auth={"type": "none"}), "b": hosted(auth={"type": "anonymous"})}
    raw = catalog(servers, auth=OIDC, **{**shared, "publicHost": "tools.x.example.com"})
    said = [item.message for item in rendered(raw).findings if item.id == "gateway-open"]

    assert [text.partition(": ")[2].partition(";")[0] for text in said] == [
        "whoever reaches the gateway may call these without a token: b"
    ]


def test_legacy_and_forwarded_tokens_are_said() -> None:
    """Plain HTTP on the way out is a warning, the caller's token in a server's hands a note."""
    raw = catalog(
        {"a": remote("http://old.example.net", backend="ExternalName", auth=OIDC)}, listeners=LEGACY_LISTENERS
    )
    said = {item.id: item.message for item in rendered(raw).findings}

    assert said == {
        "gateway-external-name": "servers.a.gateway.backend: calls to old.example.net go out as plain HTTP through an "
        "ExternalName Service; put TLS before the server and write its https URL",
        "gateway-token-forwarded": "servers.a.gateway.auth: the server gets the caller's own token, and could use it "
        "elsewhere in the caller's name; write auth.type: tokenExchange, which gives it a token for this server alone",
    }


# --- what holds for all of it ---


def test_report_lists_the_registrations() -> None:
    """What people have to write into the identity provider stands in the report: the name in tokens, the prefix."""
    report = objects(SHAPES["token exchange"])["ConfigMap demo-mcpfence"]["data"]

    assert report["gateway"] == ("a: mcp/a, tools a_*, a.mcp.local/mcp -> Service svc:8000, tokenExchange with roles")
    assert "virtual server" in report["residualRisk"]


@pytest.mark.parametrize("raw", SHAPES.values(), ids=SHAPES)
def test_objects_carry_our_labels(raw: Raw) -> None:
    """Ours are told from other people's by the same labels as everywhere."""
    for document in objects(raw).values():
        labels = document["metadata"]["labels"]
        assert labels["app.kubernetes.io/part-of"] == labels["app.kubernetes.io/managed-by"] == "mcpfence"
        assert len([key for key in labels if key.startswith("mcpfence.io/")]) == 1


def _shuffled(value: Any, dice: random.Random) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        dice.shuffle(keys)
        return {key: _shuffled(value[key], dice) for key in keys}
    return value


@pytest.mark.parametrize("raw", SHAPES.values(), ids=SHAPES)
def test_same_catalog_same_bytes(raw: Raw) -> None:
    """The order of keys makes no difference to text, findings or digest."""
    once = rendered(raw)
    again = rendered(_shuffled(raw, random.Random(7)))  # noqa: S311 - an order, no secret

    assert [item.text for item in again.objects] == [item.text for item in once.objects]
    assert again.findings == once.findings


def test_digest_tells_gateways_apart() -> None:
    """Whatever changes an object of the gateway changes the digest; a catalog without one keeps its own."""
    digests = {digest(raw) for raw in SHAPES.values()}

    assert len(digests) == len(SHAPES)
    assert digest({"servers": {}, "gateway": {"provider": "none", "name": "x"}}) == digest({"servers": {}})


def test_a_catalog_without_a_gateway_does_not_import_it() -> None:
    """Start-up time is for everybody; what a few use is imported by them."""
    program = (
        "import sys; from mcpfence.render.pipeline import render; from mcpfence.kube.services import ServiceIndex;"
        "render({'servers': {'a': {'runtime': 'containerized'}}}, release='r', namespace='n', services=ServiceIndex());"
        "print([name for name in sys.modules if name.startswith('mcpfence.gateways')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment()
    )

    assert done.stdout == "[]\n"


def test_own_output_has_no_known_defect() -> None:
    """What `check` would say of other people's manifests it cannot say of ours."""
    for title, raw in SHAPES.items():
        found = {item.id for item in defects(list(objects(raw).values()), "mcp")}
        assert found == ({"defect-external-name"} if title == "external plain http" else set()), title


def _written(raw: Raw) -> list[tuple[str, Manifest, tuple[str, ...]]]:
    return [
        (item.text, Manifest(item.kind, item.namespace, item.name, yaml.safe_load(item.text)), ())
        for item in rendered(raw).objects
        if item.kind not in ("NetworkPolicy", "ConfigMap")
    ]


def _proof(raw: Raw, written: Any) -> list[str]:
    out = Collector()
    prove_registered(rendered(raw).catalog, written, out)
    return [finding.id for finding in out.findings()]


def test_proof_of_what_is_written() -> None:
    """Text that is another document, a missing policy and a known defect are each an error."""
    raw = SHAPES["oidc for one server alone"]
    written = _written(raw)
    policies = [entry for entry in written if entry[1].kind == "AuthPolicy"]
    weaker = [
        (text.replace("https://id.example.com", "https://evil.example.com"), manifest, path)
        for text, manifest, path in written
    ]
    doubled = [(text.replace("prefix: b_", "prefix: a_"), manifest, path) for text, manifest, path in written]

    assert _proof(raw, written) == []
    assert _proof(raw, [entry for entry in written if entry not in policies]) == ["proof-gateway"]
    assert sorted(_proof(raw, weaker)) == ["proof-gateway", "proof-text"]
    assert sorted(_proof(raw, doubled)) == ["proof-gateway", "proof-text"]
    assert "proof-text" in _proof(raw, [("a: [", written[0][1], ()), *written[1:]])


@pytest.mark.parametrize(
    ("path", "other", "said"),
    [
        ("/mcp", {}, True),
        ("/mcp", {"path": "/"}, True),
        ("/mcp/private", {"path": "/mcp"}, True),
        ("/mcp", {"path": "/mcp/public"}, False),
        ("/mcpx", {"path": "/mcp"}, False),
        ("/mcp", {"service": {"name": "other", "port": 8000}}, False),
        ("/mcp", {"auth": OIDC}, False),
    ],
)
def test_one_back_end_with_and_without_a_token(path: str, other: Raw, said: bool) -> None:
    """Whoever is refused as one server calls it as the other: by the same Service, on a path at or above its own."""
    raw = catalog({"a": hosted(auth=OIDC, path=path), "b": hosted(**{"auth": {"type": "none"}, **other})})
    found = [item.message for item in rendered(raw).findings if item.id == "gateway-shared"]
    above = other.get("path", "/mcp")

    assert (
        found
        == [
            f"servers.a.gateway: may be called without a token as b too: both are Service svc:8000, and {path} is below "
            f"{above}; give them one auth, or back-ends or paths of their own"
        ]
        * said
    )
