"""AuthPolicies: who may call the broker, who may call a server, and what the server learns of the caller.

The shapes are Kuadrant's (facts on gateways, A4), with these differences, each of them narrower:

- A server's own name stands in its policy as text.  Kuadrant's samples take it from a header of the request.
- A call of a tool or prompt whose name header is missing is denied, not passed by; so is the reading of resources,
  for which there are no roles.
- The exemption for OAuth's discovery holds for paths that begin with it.  `contains` would exempt any query too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from mcpfence.catalog.gateway.model import Auth, Exchange, Gateway, Registration, ToolsList
from mcpfence.documents.writer import Document
from mcpfence.gateways.kuadrant.routes import GATEWAY_API
from mcpfence.kube.manifest import Manifest, make_manifest
from mcpfence.kube.object_names import limited

_API = "kuadrant.io/v1"
_DISCOVERY = "/.well-known/oauth-protected-resource"
_IDENTITY = "auth.identity"
_EXCHANGED = "auth.authorization.token.claims"


def policies(gateway: Gateway, registrations: list[Registration]) -> Iterator[tuple[Registration | None, Manifest]]:
    """The policies, each with the registration that it belongs to; None: the Gateway's own."""
    if gateway.auth.checks_tokens:
        yield None, _of_clients(gateway)
    for item in registrations:
        if item.auth.type != "none":
            yield item, _of_server(gateway, item)


# --- clients at the broker ---


def _of_clients(gateway: Gateway) -> Manifest:
    """Whoever talks to the broker shows a token; what it may list follows from its roles, if there is a key pair."""
    target = {"group": GATEWAY_API, "kind": "Gateway", "name": gateway.name, "sectionName": gateway.section}
    rules: Document = {"authentication": _token(gateway.auth)}
    response: Document = {}
    if gateway.tools_list is not None:
        rules["authorization"] = {"authorized-capabilities": {"opa": {"rego": _CAPABILITIES, "allValues": True}}}
        response["success"] = {"headers": {"x-mcp-authorized": {"wristband": _wristband(gateway.tools_list)}}}
    if gateway.auth.audience:
        rules.setdefault("authorization", {})["audience-check"] = _patterns(_holds_audience(gateway.auth.audience))
    rules["response"] = {**response, **_refusals(gateway)}
    when = [{"predicate": f"!request.path.startsWith('{_DISCOVERY}')"}]
    spec = {"targetRef": target, "defaults": {"when": when, "rules": rules}}
    name = limited(f"{gateway.name}-{gateway.section}")
    labels = {"mcpfence.io/gateway": gateway.name}
    return make_manifest(_API, "AuthPolicy", gateway.namespace, name, labels, {"spec": spec})


# Comprehensions and no bodies: valid in old and new Rego alike.  Authorino puts the package and a default before it.
_CAPABILITIES = """\
allow = true
access := object.get(input.auth.identity, "resource_access", {})
tools := {server: names |
roles := access[server].roles
names := [substring(role, 5, -1) | role := roles[_]; startswith(role, "tool:")]
}
capabilities := {"tools": tools}
"""


def _wristband(keys: ToolsList) -> Document:
    """What the broker checks with the public key before it believes who may see what."""
    return {
        "issuer": "authorino",
        "customClaims": {
            "allowed-capabilities": {"selector": "auth.authorization.authorized-capabilities.capabilities.@tostr"}
        },
        "tokenDuration": 300,
        "signingKeyRefs": [{"name": keys.private_key, "algorithm": "ES256"}],
    }


# --- callers of a server ---


def _of_server(gateway: Gateway, item: Registration) -> Manifest:
    rules: Document
    if item.auth.type == "anonymous":
        rules = {"authentication": {"public": {"anonymous": {}}}}
    else:
        rules = {"authentication": _token(item.auth)}
        claims, success = _IDENTITY, {}
        checks: Document = {}
        if item.auth.type == "tokenExchange" and item.auth.exchange is not None:
            claims = _EXCHANGED
            rules["metadata"] = {"oauth-token-exchange": _exchange(item.auth.exchange, item.identity)}
            checks["token"] = {"opa": {"rego": _SCOPED, "allValues": True}, "priority": 0}
            checks["scoped-audience-check"] = _after(_patterns(_is_audience(claims, item.identity)))
            success = {"success": {"headers": {"authorization": {"plain": {"expression": _NEW_HEADER}}}}}
        elif item.auth.audience:
            checks["audience-check"] = _after(_patterns(_holds_audience(item.auth.audience)))
        if item.auth.tool_roles:
            checks.update(_role_checks(claims, item.identity))
        if checks:
            rules["authorization"] = checks
        rules["response"] = {**success, **_refusals(gateway)}
    target = {"group": GATEWAY_API, "kind": "HTTPRoute", "name": item.name}
    labels = {"mcpfence.io/server": item.name}
    spec = {"targetRef": target, "rules": rules}
    return make_manifest(_API, "AuthPolicy", item.namespace, item.name, labels, {"spec": spec})


def _token(auth: Auth) -> Document:
    return {"oidc": {"jwt": {"issuerUrl": auth.issuer}}}


_SCOPED = """\
allow = true
answer := object.get(object.get(input.auth, "metadata", {}), "oauth-token-exchange", {})
exchanged := object.get(answer, "access_token", "")
presented := split(input.request.headers["authorization"], "Bearer ")[1]
jwt := [token | token := [exchanged, presented][_]; token != ""][0]
claims := io.jwt.decode(jwt)[1]
"""
"""The token that goes to the server: the exchanged one, or the caller's own if it is for this server already.

Nothing is allowed by it alone: the audience is checked after it, and a caller's own token for anything else fails
there, also when the exchange failed.
"""

_NEW_HEADER = '"Bearer " + auth.authorization.token.jwt'


def _exchange(exchange: Exchange, identity: str) -> Document:
    """RFC 8693 for the audience of this one server; `prefix` adds the word Basic to what the Secret holds."""
    aud = f"{_IDENTITY}.aud"
    unless = f"!has({aud}) || type({aud}) != string || {aud} != '{identity}'"
    parameters: Document = {
        "grant_type": {"value": "urn:ietf:params:oauth:grant-type:token-exchange"},
        "subject_token": {"expression": "request.headers['authorization'].split('Bearer ')[1]"},
        "subject_token_type": {"value": "urn:ietf:params:oauth:token-type:access_token"},
        "audience": {"value": identity},
        "scope": {"value": exchange.scope},
    }
    http = {
        "url": exchange.url,
        "method": "POST",
        "contentType": "application/x-www-form-urlencoded",
        "credentials": {"authorizationHeader": {"prefix": "Basic"}},
        "sharedSecretRef": {"name": exchange.secret.name, "key": exchange.secret.key},
        "bodyParameters": parameters,
    }
    return {"when": [{"predicate": unless}], "http": http}


def _is_audience(claims: str, identity: str) -> str:
    """The token is for this server and for nothing else."""
    return f"has({claims}.aud) && type({claims}.aud) == string && {claims}.aud == '{identity}'"


def _holds_audience(audience: str) -> str:
    """The token is for this audience, perhaps among others."""
    aud = f"{_IDENTITY}.aud"
    return f"has({aud}) && (type({aud}) == string ? {aud} == '{audience}' : '{audience}' in {aud})"


def _role_checks(claims: str, identity: str) -> Document:
    """Each tool and prompt needs its role; what has no roles is denied."""
    tools = _role_check("x-mcp-toolname", "tools/call", "tool:", claims, identity)
    prompts = _role_check("x-mcp-promptname", "prompts/get", "prompt:", claims, identity)
    method = "request.headers['x-mcp-method']"
    resources = {
        "when": [{"predicate": "request.headers.exists(h, h == 'x-mcp-method')"}],
        **_patterns(f"!{method}.startsWith('resources/')"),
    }
    return {
        "tool-access-check": _after(tools),
        "prompt-access-check": _after(prompts),
        "resource-access-check": _after(resources),
    }


def _role_check(header: str, method: str, kind: str, claims: str, identity: str) -> Document:
    """The caller's roles for this server hold `kind` and the name.

    The guard lets requests by that call nothing, such as the router's own `initialize`; a call whose name header is
    missing meets the guard by its method, and fails.
    """
    named = f"request.headers.exists(h, h == '{header}')"
    calls = f"request.headers.exists(h, h == 'x-mcp-method') && request.headers['x-mcp-method'] == '{method}'"
    access = f"{claims}.resource_access"
    roles = f"has({access}) && '{identity}' in {access} ? {access}['{identity}'].roles : []"
    return {
        "when": [{"predicate": f"{named} || ({calls})"}],
        **_patterns(f"{named} && ('{kind}' + request.headers['{header}']) in ({roles})"),
    }


def _patterns(predicate: str) -> Document:
    return {"patternMatching": {"patterns": [{"predicate": predicate}]}}


def _after(check: Document) -> Document:
    """A check that is made after those of priority 0."""
    return {**check, "priority": 1}


def _refusals(gateway: Gateway) -> Document:
    """401 tells an MCP client where to get a token, 403 that its token does not do."""
    metadata = f"Bearer resource_metadata={gateway.origin}{_DISCOVERY}/mcp"
    unauthenticated = {"error": "Unauthorized", "message": "A token of the identity provider is needed."}
    unauthorized = {"error": "Forbidden", "message": "The token does not allow this call."}
    return {
        "unauthenticated": {
            "code": 401,
            "headers": {"WWW-Authenticate": {"value": metadata}},
            "body": {"value": json.dumps(unauthenticated)},
        },
        "unauthorized": {"code": 403, "body": {"value": json.dumps(unauthorized)}},
    }
