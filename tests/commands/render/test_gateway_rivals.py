"""What decides beside the gateway's objects is refused on every path on which it would be applied with them.

Argo CD's is in tests/hosts/argocd, a chart's own templates are in tests/hosts/helm.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from edges import NAMESPACE, RELEASE, carrier
from gateways.mutations import GUARDED, HARMLESS, RIVALS, made, policy, route, service
from helpers import run_cli
from krm import function_config, resource_list
from mcpfence.findings.finding import McpfenceError
from mcpfence.streams.post_render import Given, post_render

Raw = dict[str, Any]
GIVEN = Given(raw=GUARDED, release=RELEASE, namespace=NAMESPACE)
BLOCK = b"".join(post_render(carrier(GUARDED)).chunks)


def _stream(documents: list[Raw]) -> bytes:
    return b"".join(b"---\n" + yaml.safe_dump(document, sort_keys=False).encode() for document in documents)


def _said(stream: bytes, **how: Any) -> set[str]:
    """What the errors of a stream say."""
    try:
        post_render(stream, **how)
    except McpfenceError as error:
        return {f"{one.message} [{one.id}]" for one in error.findings if one.severity.value == "error"}
    return set()


@pytest.mark.parametrize(("beside", "said"), RIVALS.values(), ids=RIVALS)
def test_in_a_stream(beside: list[Raw], said: str) -> None:
    """Before and behind the carrier, with the catalog beside the stream, and beside our own output."""
    assert _said(_stream(beside) + carrier(GUARDED)) == {said}
    assert _said(carrier(GUARDED) + _stream(beside)) == {said}
    assert _said(_stream(beside), given=GIVEN) == {said}
    assert _said(BLOCK + _stream(beside), given=GIVEN) == {said}
    assert _said(_stream(beside) + BLOCK) == {said}


@pytest.mark.parametrize("beside", HARMLESS.values(), ids=HARMLESS)
def test_neighbours_pass(beside: list[Raw]) -> None:
    """On the same ways."""
    assert _said(_stream(beside) + carrier(GUARDED)) == set()
    assert _said(_stream(beside), given=GIVEN) == set()
    assert _said(BLOCK + _stream(beside), given=GIVEN) == set()
    assert _said(BLOCK + _stream(beside)) == set()


@pytest.mark.parametrize(("beside", "said"), RIVALS.values(), ids=RIVALS)
def test_in_a_list_of_items(beside: list[Raw], said: str) -> None:
    """The KRM function refuses them too, with the catalog in its config and in the items."""
    beside = [item for document in beside for item in document.get("items", [document])]  # no item is a List
    inflated = yaml.load_all(carrier(GUARDED), Loader=yaml.CSafeLoader)
    for stdin in (
        resource_list(*beside, config=function_config(GUARDED)),
        resource_list(*beside, *inflated),
    ):
        outcome = run_cli("krm", stdin=stdin)
        lines = {line for line in outcome.stderr.splitlines() if line.startswith("error: ")}

        assert (outcome.code, lines) == (1, {f"error: {said}"})


def test_nothing_is_printed() -> None:
    """On the command line: exit 1, and not a byte on stdout."""
    outcome = run_cli("post-render", stdin=_stream([policy("HTTPRoute", "a")]) + carrier(GUARDED))

    assert (outcome.code, outcome.stdout) == (1, "")
    assert "AuthPolicy mcp/other: it is for HTTPRoute mcp/a as AuthPolicy mcp/a is" in outcome.stderr


def test_objects_of_no_namespace_are_the_releases() -> None:
    """A route without a namespace lies in the release's own."""
    past = route({"name": "svc", "namespace": "mcp", "port": 8000})
    del past["metadata"]["namespace"]

    (said,) = _said(_stream([past]) + carrier(GUARDED))
    assert said.startswith("HTTPRoute home/past: leads to Service mcp/svc, ")


def test_a_second_catalog_is_a_rival_too() -> None:
    """Two releases in one stream: a route of the second to a server of the first."""
    second = {
        "mcpNamespace": {"name": "second"},
        "gateway": {"provider": "kuadrant", "publicHost": "mcp.example.com"},
        "servers": {
            "z": {
                "runtime": "containerized",
                "containerizedConfig": {"image": "x:1", "port": 8080, "denyAllEgress": True},
                "gateway": {"service": {"name": "other", "port": 80}},
            }
        },
    }
    alias = service("other", "second", type="ExternalName", externalName="svc.mcp.svc.cluster.local")
    stream = carrier(GUARDED) + carrier(second, release="two")

    assert _said(stream) == set()
    assert _said(stream + _stream([alias])) == {
        "HTTPRoute second/z: leads to Service second/other, a server whose callers AuthPolicy mcp/a checks, "
        "past that policy; remove it: the catalog's own route is the one way to a registered server [gateway-rival]"
    }


@pytest.mark.parametrize(
    "text",
    [
        "{kind: HTTPRoute, apiVersion: gateway.networking.k8s.io/v1, metadata: {name: x, namespace: mcp}, spec: "
        "{parentRefs: [{name: mcp-gateway, namespace: gateway-system}], rules: [{backendRefs: "
        "[{name: harmless, <<: {name: svc}, port: 8000}]}]}}\n",
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: x, namespace: mcp}\nspec:\n"
        "  rules: []\n  rules: [{backendRefs: [{name: svc, port: 8000}]}]\n"
        "  parentRefs: [{name: mcp-gateway, namespace: gateway-system}]\n",
    ],
)
def test_what_readers_read_differently(text: str) -> None:
    """A route is as important as a policy where a catalog has a gateway: one meaning, or none passes."""
    (said,) = _said(b"---\n" + text.encode() + carrier(GUARDED))

    assert said.startswith("document 1 of the stream: could hold a policy and is no YAML that all readers read alike (")
    assert said.endswith("; mend it, or remove it [policy-unreadable]")


@pytest.mark.parametrize(("namespace", "warned"), [("gateway-system", True), ("istio-system", True), ("dev", False)])
@pytest.mark.parametrize(
    ("api", "kind"),
    [
        ("networking.istio.io/v1alpha3", "EnvoyFilter"),
        ("extensions.istio.io/v1alpha1", "WasmPlugin"),
        ("gateway.envoyproxy.io/v1alpha1", "EnvoyPatchPolicy"),
    ],
)
def test_what_rewrites_envoy_is_a_warning(api: str, kind: str, namespace: str, warned: bool) -> None:
    """What it does is not evaluated, so it is named where it may hold for the Gateway."""
    result = post_render(_stream([made(api, kind, "other", {}, namespace)]) + carrier(GUARDED))
    said = [one.message for one in result.findings if one.id == "gateway-filter"]

    assert (
        said
        == [
            f"{kind} {namespace}/other: changes what Envoy does, where it may take away what AuthPolicy "
            "gateway-system/mcp-gateway-mcp checks; make sure that it holds for other pods, or leaves checks alone"
        ]
        * warned
    )


@pytest.mark.parametrize("kind", ["AuthPolicy", "HTTPRoute", "Role", "ReferenceGrant"])
def test_another_object_of_one_of_our_names(kind: str) -> None:
    """Beside our own output the last one of a name would hold, whatever it says and whoever it says made it."""
    ours = next(one for one in yaml.safe_load_all(BLOCK) if one and one["kind"] == kind)
    both: list[Raw] = [{}, ours["metadata"]["labels"]]
    for labels in both:
        other = {**ours, "metadata": {**ours["metadata"], "labels": labels}, "more": 1}
        for stream in (BLOCK + _stream([other]), _stream([other]) + BLOCK):
            assert any("[rendered-changed]" in said for said in _said(stream))
            assert _said(stream, given=GIVEN)
