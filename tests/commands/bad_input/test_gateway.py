"""Bad input of the gateway keys: one clear error each, and nothing is printed."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from gateways.shapes import EXCHANGE, EXCHANGED, ISSUER, LEGACY_LISTENERS, OIDC, SHAPES, catalog, hosted, remote
from helpers import errors_of, run_cli

Raw = dict[str, Any]

TLS: Raw = {"port": 443, "protocol": "HTTPS", "certificates": ["tls"]}

CASES: dict[str, tuple[Raw, str]] = {
    "no gateway": (
        {"servers": {"a": hosted()}},
        "servers.a.gateway: the server is to be registered, and no gateway is declared; "
        "write gateway.provider: kuadrant [gateway-missing]",
    ),
    **{
        f"a Gateway that is created, and no word on who may call: {name}": (
            catalog(create=True, auth=auth),
            "gateway.auth: a Gateway is created, and nothing says who may call the servers behind it; write auth.type: "
            "oidc or tokenExchange, or auth: {type: none} to let everybody call them who reaches it [gateway-auth]",
        )
        for name, auth in (("nothing", {}), ("an issuer alone", {"issuerUrl": ISSUER}))
    },
    # --- what can be registered ---
    "a composite": (
        catalog({"a": {"runtime": "composite", "compositeConfig": {"componentServers": []}, "gateway": {}}}),
        "servers.a.gateway: a composite server only groups others and has no endpoint; "
        "register its components, and make a virtual server of their tools [gateway-url]",
    ),
    "a server that is not hosted and has no URL": (
        catalog(
            {"a": {"runtime": "remote", "remoteConfig": {"hostname": "mcp.example.net"}, "gateway": {"path": "/"}}}
        ),
        "servers.a.gateway: the server does not run here and has no fixed URL, so there is nothing to register; "
        "write remoteConfig.fixedURL, or remove the gateway key [gateway-url]",
    ),
    "a hosted server whose Service is not known": (
        catalog({"a": {"runtime": "containerized", "gateway": {}}}),
        "servers.a.gateway: mcpfence does not run this server, so it does not know its Service; write service: "
        "{name: SERVICE, port: PORT} of the servers' namespace, or let mcpfence run it (run: true) [gateway-service]",
    ),
    "plain HTTP by host name": (
        catalog({"a": remote("http://mcp.example.net/mcp")}),
        "servers.a.remoteConfig.fixedURL: the URL is plain HTTP, and the gateway calls a Hostname back-end over HTTPS "
        "always; write an https URL, or backend: ExternalName for the old way with its own listener "
        "(docs/gateways.md) [gateway-url]",
    ),
    "https by ExternalName": (
        catalog({"a": remote(backend="ExternalName")}),
        "servers.a.gateway.backend: an ExternalName back-end is for plain HTTP, and the URL is https; "
        "remove it [gateway-key]",
    ),
    "a URL that cannot be read": (
        catalog({"a": remote("https://user:hunter2@mcp.example.net/mcp")}),
        "servers.a.remoteConfig.fixedURL: the URL cannot be read or has a user name; "
        "write https://HOST[:PORT]/PATH [gateway-url]",
    ),
    "a remote address": (
        catalog({"a": remote("https://192.0.2.1/mcp")}),
        'servers.a.remoteConfig.fixedURL: its host "192.0.2.1" is an IP address; '
        "write the full host name in fixedURL [gateway-url]",
    ),
    "a host that no route can name": (
        catalog({"a": remote("https://a_b.example.net/mcp")}),
        'servers.a.remoteConfig.fixedURL: its host "a_b.example.net" is none that a route can name; '
        "write the full host name in fixedURL [gateway-url]",
    ),
    "one host by http and by https": (
        catalog(
            {"a": remote("https://old.example.net"), "b": remote("http://old.example.net", backend="ExternalName")},
            listeners=LEGACY_LISTENERS,
        ),
        "servers.b.gateway: old.example.net is called by http here and by https for a, or the other way round; "
        "call one host by https alone [gateway-url]",
    ),
    "a Service of a remote server": (
        catalog({"a": remote(service={"name": "x"})}),
        "servers.a.gateway.service: a remote server is reached by its URL, not by a Service; remove it [gateway-key]",
    ),
    "a back-end of a hosted server": (
        catalog({"a": hosted(backend="Hostname")}),
        "servers.a.gateway.backend: a server that runs here is reached by its Service; remove it [gateway-key]",
    ),
    "the path of a remote server": (
        catalog({"a": {**remote(), "gateway": {}}}),
        "servers.a.gateway: the path of the URL is not taken over, since paths often are credentials; "
        "write path with the HTTP path of the MCP endpoint, such as /mcp [gateway-path]",
    ),
    # --- prefixes, hostnames, paths ---
    "a hyphen in a prefix": (
        catalog({"a": hosted(prefix="my-kube_")}),
        'servers.a.gateway.prefix: "my-kube_" is no prefix that the gateway takes; write my_kube_ [gateway-prefix]',
    ),
    "an empty prefix": (
        catalog({"a": hosted(prefix="")}),
        'servers.a.gateway.prefix: "" is no prefix that the gateway takes; '
        "write 1 to 63 lower-case letters, digits and _, not beginning with _ [gateway-prefix]",
    ),
    "a prefix that is too long": (
        catalog({"a": hosted(prefix="x" * 64)}),
        f'servers.a.gateway.prefix: "{"x" * 64}" is no prefix that the gateway takes; '
        "write 1 to 63 lower-case letters, digits and _, not beginning with _ [gateway-prefix]",
    ),
    "two servers with one prefix": (
        catalog({"a": hosted(prefix="kube_"), "b": hosted(prefix="kube_")}),
        'servers.b.gateway.prefix: "kube_" is the prefix of a already, and the gateway would drop one of them; '
        "write another prefix [gateway-prefix-twice]",
    ),
    "a prefix that is another's default": (
        catalog({"a": hosted(prefix="b_"), "b": hosted()}),
        'servers.b.gateway.prefix: "b_" is the prefix of a already, and the gateway would drop one of them; '
        "write another prefix [gateway-prefix-twice]",
    ),
    "a hostname outside the listener": (
        catalog({"a": hosted(hostname="a.mcp.example.com")}),
        'servers.a.gateway.hostname: "a.mcp.example.com" does not belong to listener mcps with "*.mcp.local" '
        "(* stands for one label); write a hostname of that listener [gateway-hostname]",
    ),
    "a hostname two labels below": (
        catalog({"a": hosted(hostname="x.a.mcp.local")}),
        'servers.a.gateway.hostname: "x.a.mcp.local" does not belong to listener mcps with "*.mcp.local" '
        "(* stands for one label); write a hostname of that listener [gateway-hostname]",
    ),
    "a wildcard as hostname": (
        catalog({"a": hosted(hostname="*.mcp.local")}),
        'servers.a.gateway.hostname: "*.mcp.local" is a wildcard, and the router calls a server by one hostname; '
        "write the whole hostname [gateway-hostname]",
    ),
    "a hostname with a port": (
        catalog({"a": hosted(hostname="a.mcp.local:80")}),
        'servers.a.gateway.hostname: "a.mcp.local:80" is no hostname; '
        "write names such as github.mcp.local, in lower case and without a port [gateway-hostname]",
    ),
    "two servers with one hostname": (
        catalog({"a": hosted(hostname="x.mcp.local"), "b": hosted(hostname="x.mcp.local")}),
        'servers.b.gateway.hostname: "x.mcp.local" is the hostname of a already, so calls would reach either; '
        "write another hostname [gateway-hostname]",
    ),
    "a path with a query": (
        catalog({"a": hosted(path="/mcp?token=x")}),
        "servers.a.gateway.path: is no path that an HTTPRoute can match; write the path alone, "
        "such as /mcp: no query, no escapes, no empty or dotted parts [gateway-path]",
    ),
    "a path upwards": (
        catalog({"a": hosted(path="/a/../mcp")}),
        "servers.a.gateway.path: is no path that an HTTPRoute can match; write the path alone, "
        "such as /mcp: no query, no escapes, no empty or dotted parts [gateway-path]",
    ),
    # --- names ---
    "a name of the Gateway that is too long": (
        catalog(name="g" * 64),
        f'gateway.name: the Gateway\'s name "{"g" * 64}" is 64 characters long; write at most 63 [name-too-long]',
    ),
    "a hostname that is too long": (
        catalog({"a": hosted(hostname=".".join(["x" * 60] * 5))}),
        f'servers.a.gateway.hostname: "{".".join(["x" * 60] * 5)[:80]}..." is 304 characters long; '
        "write at most 253 [gateway-hostname]",
    ),
    "a secret in the URL of the exchange": (
        catalog(
            auth={**EXCHANGED, "tokenExchange": {**EXCHANGE, "url": "https://id.example.com/t?client_secret=hush"}}
        ),
        "gateway.auth.tokenExchange.url: looks as if it held a secret, and would stand in an object in clear; "
        "write it without a key or a password [gateway-auth]",
    ),
    "every pod of the cluster": (
        catalog({"a": hosted(kubernetesUsers={"namespaces": ["x"], "groups": ["system:serviceaccounts"]})}),
        'servers.a.gateway.kubernetesUsers.groups[0]: "system:serviceaccounts" is every pod of the cluster; '
        "name the users or a group of them [gateway-users]",
    ),
    "a Secret whose name is none": (
        catalog({"a": hosted(credentialRef={"name": "Token"})}),
        "servers.a.gateway.credentialRef.name: is no name of a Secret; write lower-case letters, "
        "digits, - and ., with a letter or digit at both ends [name-not-a-label]",
    ),
    "a key of a Secret that is none": (
        catalog({"a": hosted(credentialRef={"name": "x", "key": "a b"})}),
        "servers.a.gateway.credentialRef.key: is no key of a Secret; "
        "write letters, digits, -, _ and . [gateway-secret-key]",
    ),
    "a template": (
        catalog({"a": hosted(hostname="{{ name }}.mcp.local")}),
        'servers.a.gateway.hostname: "{{ name }}.mcp.local" is a template expression that nothing has filled in; '
        "write the value itself [template-left]",
    ),
    "the servers' own namespace": (
        catalog(namespace="mcp"),
        "gateway: namespace mcp is the servers', where everything that is not declared is denied; "
        "name the namespaces of the Gateway and of its broker [gateway-namespace]",
    ),
    "the hostname of the broker": (
        catalog(
            {"tools": hosted()},
            publicHost="tools.mcp.local",
            sectionName="mcps",
            listeners=[{"name": "mcps", "hostname": "*.mcp.local"}],
        ),
        'servers.tools.gateway.hostname: "tools.mcp.local" is where clients call the broker; '
        "write another hostname [gateway-hostname]",
    ),
    # --- listeners ---
    "a listener that is not there": (
        catalog(sectionName="public"),
        'gateway.sectionName: no listener is called "public"; write one of: mcp, mcps [gateway-listener]',
    ),
    "two listeners with one name": (
        catalog(listeners=[*LEGACY_LISTENERS[:2], {"name": "mcp", "hostname": "x.example.com"}]),
        'gateway.listeners[2]: "mcp" is a second listener\'s name; rename one [gateway-listener]',
    ),
    "two listeners with one hostname": (
        catalog(listeners=[*LEGACY_LISTENERS[:2], {"name": "x", "hostname": "mcp.example.com"}]),
        'gateway.listeners[2]: "mcp.example.com" on port 8080 is another listener\'s already; '
        "remove one of them [gateway-listener]",
    ),
    "two ports": (
        catalog(listeners=[LEGACY_LISTENERS[0], {"name": "mcps", "hostname": "*.mcp.local", "port": 8081}]),
        "gateway.serverSectionName: listener mcps has port 8081 and listener mcp port 8080; "
        "give both one port: calls are handed on within it [gateway-listener]",
    ),
    "two listeners with TLS": (
        catalog(
            listeners=[
                {"name": "mcp", "hostname": "mcp.example.com", **TLS},
                {"name": "mcps", "hostname": "*.mcp.local", **TLS},
            ]
        ),
        "gateway.serverSectionName: with TLS clients and servers share one listener, since calls are not handed on to "
        "another; write one listener with a wildcard hostname, and its name as sectionName and serverSectionName "
        "[gateway-listener]",
    ),
    "TLS without a certificate": (
        catalog(
            publicHost="x.mcp.local",
            create=True,
            sectionName="mcps",
            listeners=[{"name": "mcps", "hostname": "*.mcp.local", "protocol": "HTTPS"}],
        ),
        "gateway.listeners[0]: a listener with TLS needs a certificate; "
        "write certificates: [SECRET] of a TLS Secret in namespace gateway-system [gateway-listener]",
    ),
    "certificates without TLS": (
        catalog(listeners=[{**LEGACY_LISTENERS[0], "certificates": ["tls"]}, LEGACY_LISTENERS[1]]),
        "gateway.listeners[0]: a listener without TLS has no certificates; "
        "write protocol: HTTPS, or remove certificates [gateway-listener]",
    ),
    "ExternalName without its listener": (
        catalog({"a": remote("http://old.example.net:9999", backend="ExternalName")}),
        "servers.a.gateway: an ExternalName back-end needs a listener of the Gateway with the hostname "
        "old.example.net; add {name: a, hostname: old.example.net, port: PORT} to gateway.listeners [gateway-listener]",
    ),
    "ExternalName with another hostname": (
        catalog(
            {"a": remote("http://old.example.net", backend="ExternalName", hostname="a.mcp.local")},
            listeners=LEGACY_LISTENERS,
        ),
        "servers.a.gateway.hostname: an ExternalName back-end has the hostname old.example.net at the gateway too; "
        "remove it [gateway-hostname]",
    ),
    "ExternalName on another port of the Gateway": (
        catalog(
            {"a": remote("http://old.example.net", backend="ExternalName")},
            listeners=[*LEGACY_LISTENERS[:2], {**LEGACY_LISTENERS[2], "port": 9999}],
        ),
        "gateway.listeners[2]: listener old has port 9999 and listener mcp port 8080; "
        "give both one port: calls are handed on within it [gateway-listener]",
    ),
    # --- the host that clients call ---
    "a public host that nobody knows": (
        catalog(publicHost="", create=True),
        "gateway: the host that clients call is not known; write publicHost [gateway-public-host]",
    ),
    "a public host outside its listener": (
        catalog(publicHost="other.example.com", listeners=LEGACY_LISTENERS),
        'gateway.publicHost: "other.example.com" does not belong to listener mcp with "mcp.example.com"; '
        "write a hostname of that listener [gateway-hostname]",
    ),
    # --- auth ---
    "oidc without an issuer": (
        catalog({"a": hosted(auth={"type": "oidc"})}),
        "servers.a.gateway.auth: type oidc needs the issuer whose tokens are taken; write issuerUrl [gateway-auth]",
    ),
    "an issuer over plain HTTP": (
        catalog({"a": hosted(auth={"type": "oidc", "issuerUrl": "http://id.example.com/"})}),
        "servers.a.gateway.auth.issuerUrl: is plain HTTP, which anybody on the way can forge; "
        "write an https URL [gateway-auth]",
    ),
    "token exchange without anything": (
        catalog({"a": hosted(auth={"type": "tokenExchange", "issuerUrl": ISSUER})}),
        "servers.a.gateway.auth: type tokenExchange needs a token endpoint and the Secret of the client that may "
        "exchange tokens; write tokenExchange: {url: URL, sharedSecretRef: {name: SECRET}} [gateway-auth]",
    ),
    "token exchange without the client's Secret": (
        catalog(
            {
                "a": hosted(
                    auth={"type": "tokenExchange", "issuerUrl": ISSUER, "tokenExchange": {"url": EXCHANGE["url"]}}
                )
            }
        ),
        "servers.a.gateway.auth.tokenExchange: the token exchange has no client Secret, so the identity provider would "
        "refuse it; write sharedSecretRef: {name: SECRET} of a Secret in the namespace where Authorino runs "
        "[gateway-auth]",
    ),
    "token exchange without a URL": (
        catalog(
            {
                "a": hosted(
                    auth={
                        "type": "tokenExchange",
                        "issuerUrl": ISSUER,
                        "tokenExchange": {"sharedSecretRef": {"name": "x"}},
                    }
                )
            }
        ),
        "servers.a.gateway.auth.tokenExchange: the token exchange has no URL; "
        "write url with the token endpoint of the identity provider [gateway-auth]",
    ),
    "an audience that would end its predicate": (
        catalog(auth={**OIDC, "audience": "x' || true || '"}),
        "gateway.auth.audience: the audience has a character that no predicate can hold; "
        "write it without quotes and backslashes [gateway-auth]",
    ),
    "a filtered list for nobody": (
        catalog(toolsList={"privateKeySecret": "a", "publicKeySecret": "b"}),
        "gateway.toolsList: the list of tools is filtered by the caller's token, and callers show none; "
        "write gateway.auth.type: oidc or tokenExchange [gateway-auth]",
    ),
    "half a key pair": (
        catalog(auth=OIDC, toolsList={"publicKeySecret": "b"}),
        "gateway.toolsList: the list of tools is filtered with a key pair, and one half of it is not named; "
        "write gateway.toolsList.privateKeySecret [gateway-auth]",
    ),
    "rights for nobody": (
        catalog({"a": hosted(kubernetesUsers={"namespaces": ["x"]})}),
        "servers.a.gateway.kubernetesUsers: names nobody; write users or groups as the API server sees them, "
        "with the prefix of its OIDC settings [gateway-users]",
    ),
    "rights for everybody": (
        catalog({"a": hosted(kubernetesUsers={"namespaces": ["x"], "groups": ["system:authenticated"]})}),
        'servers.a.gateway.kubernetesUsers.groups[0]: "system:authenticated" is everybody who can reach the API '
        "server; name the users or a group of them [gateway-users]",
    ),
    # --- small things ---
    "a long hint": (
        catalog({"a": hosted(hint="x" * 257)}),
        "servers.a.gateway.hint: is 257 characters long; write at most 256 [gateway-text]",
    ),
    "many categories": (
        catalog({"a": hosted(category=["a", "b", "c", "d"])}),
        "servers.a.gateway.category: has 4 entries; write at most 3 [gateway-text]",
    ),
    "an empty tag": (
        catalog({"a": hosted(tags=[" "])}),
        "servers.a.gateway.tags[0]: is empty; remove it [text-empty]",
    ),
    "a port of a Service": (
        catalog({"a": hosted(service={"name": "svc", "port": 0})}),
        "servers.a.gateway.service.port: 0 is outside 1 to 65535; write a port of that range [port-bad]",
    ),
    "a ping too often": (
        catalog(extension={"backendPingIntervalSeconds": 5}),
        "gateway.extension.backendPingIntervalSeconds: 5 is outside 10 to 7200; "
        "write a number of that range [gateway-extension]",
    ),
    "a private host with a path": (
        catalog(extension={"privateHost": "gateway:8080/mcp"}),
        "gateway.extension.privateHost: is no host that can be called; "
        "write HOST:PORT, with https:// before it where the listener has TLS [gateway-extension]",
    ),
    "objects with one name": (
        catalog(
            {
                "old": remote("http://old.example.net", backend="ExternalName"),
                "old-external": {
                    "runtime": "containerized",
                    "containerizedConfig": {"image": "example.com/x:1.0", "denyAllEgress": True},
                    "run": True,
                },
            },
            listeners=LEGACY_LISTENERS,
        ),
        "servers.old.gateway: server old and server old-external would both be Service mcp/old-external; "
        "rename one of them [name-taken]",
    ),
}


@pytest.mark.parametrize(("raw", "expected"), CASES.values(), ids=CASES)
def test_refused(raw: Raw, expected: str) -> None:
    """Each fault is said once: where, what is wrong, what to do."""
    assert errors_of(raw) == [expected]


@pytest.mark.parametrize("raw", [case[0] for case in CASES.values()], ids=CASES)
def test_nothing_is_printed(raw: Raw) -> None:
    """Exit 1, an empty stdout and no traceback on the way that people take."""
    outcome = run_cli("render", "--policies-only", "-f", "-", stdin=yaml.safe_dump(raw).encode())

    assert (outcome.code, outcome.stdout) == (1, "")
    assert "Traceback" not in outcome.stderr
    assert "hunter2" not in outcome.stderr


def test_provider_is_one_of_the_table() -> None:
    """What the schema lets through is what there is a module for."""
    from mcpfence.gateways import PROVIDERS

    (said,) = errors_of(catalog(provider="kong"))
    assert said == f'gateway.provider: "kong" is no choice here; write one of: none, {", ".join(PROVIDERS)} [choice]'


def test_a_gateway_of_nobody_says_nothing() -> None:
    """Without a provider the other keys have no effect, however they are written."""
    assert (
        errors_of(catalog({"a": {"runtime": "containerized"}}) | {"gateway": {"provider": "none", "publicHost": "*.x"}})
        == []
    )


ODD: list[Any] = [
    None,
    True,
    -1,
    65536,
    1.5,
    "",
    " ",
    "x" * 300,
    "{{ x }}",
    "ü",
    "a\nb",
    "'",
    [],
    ["", ""],
    {},
    {"x": {}},
]


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        found += _places(below, (*path, key))
    return found


@pytest.mark.slow
def test_nothing_makes_it_stumble() -> None:
    """Whatever stands in the place of whatever: findings or objects, never a traceback, and the text reads back."""
    full = copy.deepcopy(SHAPES["every key of a registration"])
    full["gateway"] |= {
        **SHAPES["everything created"]["gateway"],
        **{key: SHAPES["virtual servers"]["gateway"][key] for key in ("virtualServers",)},
        "auth": {**EXCHANGED, "audience": "x"},
        "toolsList": {"privateKeySecret": "private", "publicKeySecret": "public"},
        "listeners": LEGACY_LISTENERS,
    }
    full["servers"]["c"] = remote()
    full["servers"]["d"] = remote("http://old.example.net", backend="ExternalName")
    assert errors_of(full) == []

    places = [path for path in _places(full) if "gateway" in path or "remoteConfig" in path]
    tried = 0
    for path in places:
        for value in ODD:
            raw = copy.deepcopy(full)
            place: Any = raw
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = value
            errors = errors_of(raw)
            assert not [said for said in errors if "[proof-" in said or "[internal]" in said], (path, value, errors)
            tried += 1

    assert tried > 1000
