"""AuthPolicies: their shape, and what their predicates let through."""

from __future__ import annotations

from typing import Any

import pytest

from cel_programs import celpy, program_of
from gateways.shapes import EXCHANGE, EXCHANGED, ISSUER, OIDC, SHAPES, catalog, hosted
from helpers import objects

Raw = dict[str, Any]

CLIENTS = "AuthPolicy mcp-gateway-mcp"


def _policy(raw: Raw, title: str = "AuthPolicy a") -> Raw:
    found: Raw = objects(raw)[title]
    return found


# --- shape ---


def test_no_policy_without_auth() -> None:
    """Nothing is emitted where nothing is asked for; the warning says that the server is open."""
    assert not [title for title in objects(catalog()) if title.startswith("AuthPolicy")]


def test_anonymous_is_a_policy_of_its_own() -> None:
    """Under a policy of the whole Gateway a server that everybody may call needs one that says so."""
    assert _policy(SHAPES["anonymous"])["spec"]["rules"] == {"authentication": {"public": {"anonymous": {}}}}


def test_policies_stand_beside_their_targets() -> None:
    """An AuthPolicy has no targetRef.namespace: the server's is in the servers' namespace, the clients' in the Gateway's."""
    found = objects(SHAPES["oidc"])

    assert found[CLIENTS]["metadata"]["namespace"] == "gateway-system"
    assert found[CLIENTS]["spec"]["targetRef"] == {
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "name": "mcp-gateway",
        "sectionName": "mcp",
    }
    assert found["AuthPolicy a"]["metadata"]["namespace"] == "mcp"
    assert found["AuthPolicy a"]["spec"]["targetRef"] == {
        "group": "gateway.networking.k8s.io",
        "kind": "HTTPRoute",
        "name": "a",
    }


def test_clients_show_a_token_but_for_discovery() -> None:
    """Everything at the broker needs a token, except where OAuth tells clients how to get one."""
    defaults = _policy(SHAPES["oidc"], CLIENTS)["spec"]["defaults"]

    assert defaults["when"] == [{"predicate": "!request.path.startsWith('/.well-known/oauth-protected-resource')"}]
    assert defaults["rules"]["authentication"] == {"oidc": {"jwt": {"issuerUrl": ISSUER}}}
    refusal = defaults["rules"]["response"]["unauthenticated"]
    assert refusal["code"] == 401
    assert refusal["headers"]["WWW-Authenticate"]["value"] == (
        "Bearer resource_metadata=http://mcp.example.com/.well-known/oauth-protected-resource/mcp"
    )


def test_metadata_url_has_the_listeners_scheme() -> None:
    """With TLS at the listener clients are sent to https."""
    raw = SHAPES["TLS"] | {"gateway": SHAPES["TLS"]["gateway"] | {"auth": OIDC}}
    refusal = _policy(raw)["spec"]["rules"]["response"]["unauthenticated"]

    assert "=https://tools.mcp.example.com/" in refusal["headers"]["WWW-Authenticate"]["value"]


def test_list_of_tools_is_signed() -> None:
    """The broker believes only what Authorino signed with the private key; roles of tools alone are taken over."""
    rules = _policy(SHAPES["filtered list of tools"], CLIENTS)["spec"]["defaults"]["rules"]
    wristband = rules["response"]["success"]["headers"]["x-mcp-authorized"]["wristband"]
    extension = objects(SHAPES["filtered list of tools"])["MCPGatewayExtension mcp-gateway"]["spec"]

    assert wristband["signingKeyRefs"] == [{"name": "private", "algorithm": "ES256"}]
    assert extension["trustedHeadersKey"] == {"secretName": "public", "generate": "Disabled"}
    assert rules["authorization"]["authorized-capabilities"]["opa"]["allValues"] is True
    assert 'startswith(role, "tool:")' in rules["authorization"]["authorized-capabilities"]["opa"]["rego"]


def test_exchange_is_for_this_server() -> None:
    """RFC 8693 with the registration's name as audience, written down and not taken from a header of the request."""
    rules = _policy(SHAPES["token exchange"])["spec"]["rules"]
    http = rules["metadata"]["oauth-token-exchange"]["http"]

    assert http["bodyParameters"]["audience"] == {"value": "mcp/a"}
    assert http["sharedSecretRef"] == {"name": "token-exchange", "key": "oauth-client-basic-auth"}
    assert http["credentials"] == {"authorizationHeader": {"prefix": "Basic"}}
    assert http["url"] == EXCHANGE["url"]
    assert rules["response"]["success"]["headers"]["authorization"]["plain"]["expression"] == (
        '"Bearer " + auth.authorization.token.jwt'
    )
    assert rules["authorization"]["token"]["priority"] < rules["authorization"]["scoped-audience-check"]["priority"]
    assert "x-mcp-servername" not in str(rules)


def test_keys_of_a_server_go_over_the_gateways() -> None:
    """auth is taken key by key: what a server does not say holds from the root."""
    own = {"tokenExchange": {"scope": "openid groups", "sharedSecretRef": {"key": "other"}}, "toolRoles": False}
    rules = _policy(catalog({"a": hosted(auth=own)}, auth=EXCHANGED))["spec"]["rules"]
    http = rules["metadata"]["oauth-token-exchange"]["http"]

    assert http["sharedSecretRef"] == {"name": "token-exchange", "key": "other"}
    assert http["bodyParameters"]["scope"] == {"value": "openid groups"}
    assert http["url"] == EXCHANGE["url"]
    assert "tool-access-check" not in rules["authorization"]


@pytest.mark.parametrize("raw", SHAPES.values(), ids=SHAPES)
def test_no_secret_value_anywhere(raw: Raw) -> None:
    """Secrets are named, never made."""
    assert not [title for title in objects(raw) if title.startswith("Secret ")]
    assert "Basic " not in str(objects(raw)).replace("word Basic", "").replace("'Basic'", "")


# --- meaning: the predicates, evaluated by an implementation of CEL that knows nothing of us ---


@pytest.fixture(scope="module")
def cel() -> Any:
    """The evaluator."""
    return celpy()


def _true(cel: Any, predicate: str, context: Raw) -> bool:
    """Whether a predicate holds; one that cannot be evaluated does not, as in Authorino."""
    try:
        return bool(program_of(predicate).evaluate({key: cel.json_to_cel(value) for key, value in context.items()}))
    except cel.CELEvalError:
        return False


def _allowed(cel: Any, policy: Raw, headers: Raw, token: Raw) -> bool:
    """Whether every check of a policy lets a request pass whose token has been verified."""
    auth = {"identity": token, "authorization": {"token": {"claims": token}}}
    context = {"request": {"headers": headers, "path": "/mcp", "method": "POST"}, "auth": auth}
    for check in policy["spec"]["rules"].get("authorization", {}).values():
        guards = [guard["predicate"] for guard in check.get("when", [])]
        if "opa" not in check and all(_true(cel, guard, context) for guard in guards):
            predicates = [one["predicate"] for one in check["patternMatching"]["patterns"]]
            if not all(_true(cel, predicate, context) for predicate in predicates):
                return False
    return True


CALL, PROMPT = {"x-mcp-method": "tools/call"}, {"x-mcp-method": "prompts/get"}
ROLES: Raw = {"resource_access": {"mcp/a": {"roles": ["tool:now", "prompt:ask", "later"]}}}

REQUESTS: dict[str, tuple[Raw, Raw, bool]] = {
    # what: (headers, token, whether it may pass)
    "a tool of its roles": ({**CALL, "x-mcp-toolname": "now"}, ROLES, True),
    "another tool": ({**CALL, "x-mcp-toolname": "delete"}, ROLES, False),
    "a tool by the bare name of a role": ({**CALL, "x-mcp-toolname": "later"}, ROLES, False),
    "a tool by the name of a prompt's role": ({**CALL, "x-mcp-toolname": "ask"}, ROLES, False),
    "a tool whose name was lost": (CALL, ROLES, False),
    "a tool without its method": ({"x-mcp-toolname": "delete"}, ROLES, False),
    "no roles at all": ({**CALL, "x-mcp-toolname": "now"}, {}, False),
    "roles at another server": (
        {**CALL, "x-mcp-toolname": "now"},
        {"resource_access": {"mcp/b": {"roles": ["tool:now"]}}},
        False,
    ),
    "roles at another server that a header claims": (
        {**CALL, "x-mcp-toolname": "now", "x-mcp-servername": "mcp/b"},
        {"resource_access": {"mcp/b": {"roles": ["tool:now"]}}},
        False,
    ),
    "an entry without roles": ({**CALL, "x-mcp-toolname": "now"}, {"resource_access": {"mcp/a": {}}}, False),
    "a prompt of its roles": ({**PROMPT, "x-mcp-promptname": "ask"}, ROLES, True),
    "another prompt": ({**PROMPT, "x-mcp-promptname": "now"}, ROLES, False),
    "a prompt whose name was lost": (PROMPT, ROLES, False),
    "the reading of a resource": ({"x-mcp-method": "resources/read"}, ROLES, False),
    "the router's own initialize": ({"x-mcp-method": "initialize"}, {}, True),
    "initialize on behalf of a call": ({"x-mcp-method": "initialize", "x-mcp-toolname": "now"}, ROLES, True),
    "the end of a session": ({}, {}, True),
}


@pytest.mark.parametrize(("headers", "token", "allowed"), REQUESTS.values(), ids=REQUESTS)
def test_roles(cel: Any, headers: Raw, token: Raw, allowed: bool) -> None:
    """A call needs the role of its tool or prompt at this server; what calls nothing needs none."""
    exchanged = {**token, "aud": "mcp/a"}

    assert _allowed(cel, _policy(SHAPES["oidc"]), headers, token) is allowed
    assert _allowed(cel, _policy(SHAPES["token exchange"]), headers, exchanged) is allowed


@pytest.mark.parametrize(
    ("audience", "allowed"),
    [("mcp/a", True), ("mcp/b", False), (["mcp/a"], False), (["mcp/a", "mcp/b"], False), (None, False)],
)
def test_token_is_for_this_server_alone(cel: Any, audience: Any, allowed: bool) -> None:
    """After the exchange a token for anything else is refused, the caller's own after a failed exchange included."""
    token = {} if audience is None else {"aud": audience}
    policy = _policy(SHAPES["token exchange without roles"])

    assert _allowed(cel, policy, {**CALL, "x-mcp-toolname": "x"}, token) is allowed
    guard = policy["spec"]["rules"]["metadata"]["oauth-token-exchange"]["when"][0]["predicate"]
    assert _true(cel, guard, {"auth": {"identity": token}}) is not allowed, "only what is not yet for it is exchanged"


@pytest.mark.parametrize(
    ("audience", "allowed"),
    [("gateway", True), (["other", "gateway"], True), ("other", False), (["other"], False), (None, False)],
)
def test_audience_of_the_callers_token(cel: Any, audience: Any, allowed: bool) -> None:
    """A token that was issued for another application of the same issuer does not do."""
    raw = catalog(auth={**OIDC, "audience": "gateway", "toolRoles": False})
    token = {} if audience is None else {"aud": audience}

    assert _allowed(cel, _policy(raw), CALL, token) is allowed
    rules = _policy(raw, CLIENTS)["spec"]["defaults"]["rules"]
    assert _allowed(cel, {"spec": {"rules": rules}}, {}, token) is allowed


@pytest.mark.parametrize(
    ("path", "checked"),
    [
        ("/mcp", True),
        ("/mcp?x=/.well-known", True),
        ("/status/.well-known/oauth-protected-resource", True),
        ("/.well-known/openid-configuration", True),
        ("/.well-known/oauth-protected-resource", False),
        ("/.well-known/oauth-protected-resource/mcp", False),
    ],
)
def test_exemption_of_discovery(cel: Any, path: str, checked: bool) -> None:
    """Only a path that begins with OAuth's metadata is let through without a token."""
    (guard,) = _policy(SHAPES["oidc"], CLIENTS)["spec"]["defaults"]["when"]

    assert _true(cel, guard["predicate"], {"request": {"path": path}}) is checked
