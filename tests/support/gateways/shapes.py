"""Catalogs with a gateway: one for every shape that is emitted, and short ways to them."""

from __future__ import annotations

from typing import Any

Raw = dict[str, Any]

ISSUER = "https://id.example.com/realms/mcp"
EXCHANGE: Raw = {"url": f"{ISSUER}/protocol/openid-connect/token", "sharedSecretRef": {"name": "token-exchange"}}
OIDC: Raw = {"type": "oidc", "issuerUrl": ISSUER}
EXCHANGED: Raw = {"type": "tokenExchange", "issuerUrl": ISSUER, "tokenExchange": EXCHANGE}


def hosted(**gateway: Any) -> Raw:
    """A hosted server of somebody else's, registered by its Service."""
    return {
        "runtime": "containerized",
        "containerizedConfig": {"image": "x:1", "port": 8080, "denyAllEgress": True},
        "gateway": {"service": {"name": "svc", "port": 8000}, **gateway},
    }


def remote(url: str = "https://mcp.example.net/v1/mcp", **gateway: Any) -> Raw:
    """A remote server, registered by its URL."""
    return {"runtime": "remote", "remoteConfig": {"fixedURL": url}, "gateway": {"path": "/v1/mcp", **gateway}}


def catalog(servers: Raw | None = None, **gateway: Any) -> Raw:
    """A catalog of these servers (one hosted `a` by default) with keys of the root's gateway.

    A Gateway that is created lets everybody in, unless these say otherwise: that must be written.
    """
    if gateway.get("create"):
        gateway.setdefault("auth", {"type": "none"})
    return {
        "mcpNamespace": {"name": "mcp"},
        "gateway": {"provider": "kuadrant", "publicHost": "mcp.example.com", **gateway},
        "servers": {"a": hosted()} if servers is None else servers,
    }


LEGACY_LISTENERS: list[Raw] = [
    {"name": "mcp", "hostname": "mcp.example.com"},
    {"name": "mcps", "hostname": "*.mcp.local"},
    {"name": "old", "hostname": "old.example.net"},
]

SHAPES: dict[str, Raw] = {
    "in-cluster": catalog(),
    "external https": catalog({"a": remote()}),
    "external https on another port": catalog({"a": remote("https://mcp.example.net:8443")}),
    "external plain http": catalog(
        {"a": remote("http://old.example.net:9999", backend="ExternalName")}, listeners=LEGACY_LISTENERS, create=True
    ),
    "everything created": catalog(
        create=True,
        allowedNamespaces=["other"],
        extension={
            "create": True,
            "privateHost": "mcp-gateway-istio.gateway-system.svc.cluster.local:8080",
            "backendPingIntervalSeconds": 30,
            "logLevel": "debug",
            "sessionStore": "redis",
        },
    ),
    "one namespace for gateway and broker": catalog(
        create=True, extension={"create": True, "namespace": "gateway-system"}
    ),
    "TLS": catalog(
        create=True,
        extension={"create": True},
        publicHost="tools.mcp.example.com",
        sectionName="all",
        serverSectionName="all",
        listeners=[
            {"name": "all", "hostname": "*.mcp.example.com", "port": 443, "protocol": "HTTPS", "certificates": ["tls"]}
        ],
    ),
    "oidc": catalog(auth=OIDC, extension={"create": True}),
    "oidc with an audience": catalog(auth={**OIDC, "audience": "gateway"}),
    "oidc without roles": catalog(auth={**OIDC, "toolRoles": False}),
    "oidc for one server alone": catalog({"a": hosted(auth=OIDC), "b": hosted()}),
    "token exchange": catalog(auth=EXCHANGED, extension={"create": True}),
    "token exchange without roles": catalog(auth={**EXCHANGED, "toolRoles": False}),
    "anonymous": catalog({"a": hosted(auth={"type": "anonymous"})}, auth=OIDC),
    "filtered list of tools": catalog(
        auth=OIDC, extension={"create": True}, toolsList={"privateKeySecret": "private", "publicKeySecret": "public"}
    ),
    "virtual servers": catalog(
        virtualServers={
            "few": {"description": "A few", "tools": ["a_x", "a_y"], "prompts": ["a_z"]},
            "b": {"tools": ["a_x"]},
        }
    ),
    "every key of a registration": catalog(
        {
            "a": hosted(
                prefix="kube_",
                path="/api/mcp",
                hostname="kube.mcp.local",
                credentialRef={"name": "token"},
                caCertSecretRef={"name": "ca", "key": "bundle.pem"},
                state="Disabled",
                userSpecificList="Enabled",
                category=["ops", "docs"],
                hint="Looks at clusters",
                tags=["k8s", "beta"],
                tokenURLElicitation={"url": "https://vault.example.com/token"},
                kubernetesUsers={"namespaces": ["shop"], "users": [f"{ISSUER}#ada"], "groups": ["oidc:ops"]},
            ),
            "b": hosted(tokenURLElicitation={}),
        },
        extension={"create": True},
    ),
}
"""Every shape that is emitted, by what it shows."""
