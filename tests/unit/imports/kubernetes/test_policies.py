"""Rules that clusters really have: everywhere, IPv6, DNS among other ports, namespaces as a list of names."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from mcpfence.imports.run import Imported, Request, import_texts
from mcpfence.imports.shared.source import Text


def _workload(name: str, image: str = "example/x:1", **metadata: Any) -> dict[str, Any]:
    pod = {"containers": [{"image": image, "ports": [{"containerPort": 8080}]}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "tools", **metadata},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod},
        },
    }


def _policy(app: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": f"{app}-{len(spec)}", "namespace": "tools"},
        "spec": {"podSelector": {"matchLabels": {"app": app}}, **spec},
    }


def _imported(*items: dict[str, Any]) -> Imported:
    return import_texts(
        [Text("c.json", json.dumps({"kind": "List", "apiVersion": "v1", "items": items}))], Request(format="kubernetes")
    )


def _egress(*rules: dict[str, Any], more: tuple[dict[str, Any], ...] = ()) -> tuple[Imported, dict[str, Any]]:
    found = _imported(_workload("notes-mcp"), _policy("notes-mcp", policyTypes=["Egress"], egress=list(rules)), *more)
    assert [one.message for one in found.findings if one.severity.value == "error"] == []
    return found, yaml.safe_load(found.text)["servers"]["notes-mcp"]["egress"]


def _said(found: Imported, id: str) -> list[str]:
    return [one.message.partition(": ")[2] for one in found.findings if one.id == id]


# --- IPv6 ---


@pytest.mark.parametrize("cidr", ["::/0", "::/1", "::/2", "2000::/3", "2a00::/8"])
@pytest.mark.parametrize("excepts", [[], ["fc00::/7"], ["fe80::/10", "2a00:1::/32"]])
def test_every_ipv6_block_becomes_its_public_part(cidr: str, excepts: list[str]) -> None:
    """The server is imported with the public addresses of the block, whatever is cut out of it."""
    import ipaddress

    whole = ipaddress.IPv6Network(cidr)
    inside = [text for text in excepts if ipaddress.IPv6Network(text).subnet_of(whole)]
    _, egress = _egress({"to": [{"ipBlock": {"cidr": cidr, "except": inside}}], "ports": [{"port": 443}]})
    (entry,) = egress["cidrs"]

    assert ipaddress.IPv6Network(entry["cidr"]).subnet_of(ipaddress.IPv6Network("2000::/3"))
    assert ("2a00:1::/32" in entry.get("except", [])) == ("2a00:1::/32" in inside)


# --- DNS ---

_RESOLVER = {"name": "kube-dns", "namespace": "kube-system", "podSelector": {"k8s-app": "kube-dns"}}
_BOTH = [{"port": 53}, {"port": 53, "protocol": "UDP"}]


@pytest.mark.parametrize(
    ("ports", "dns", "public", "said"),
    [
        ([*_BOTH, {"port": 443}], [53, "53/UDP"], [443], "alone"),
        ([{"port": 443}, {"port": 53, "protocol": "UDP"}], ["53/UDP"], [443], "alone"),
        (_BOTH, [53, "53/UDP"], None, "alone"),
        ([{"port": 1, "endPort": 1000}], [53], ["1-1000"], "beside the public addresses"),
        ([{"protocol": "UDP"}, {"port": 443}], ["53/UDP"], ["1-65535/UDP", 443], "beside the public addresses"),
        ([{"port": 443}], None, [443], None),
        ([{"port": 53, "protocol": "SCTP"}], None, ["53/SCTP"], None),
    ],
)
def test_the_resolver_stays_where_port_53_is_open_everywhere(ports: Any, dns: Any, public: Any, said: Any) -> None:
    """Among whatever ports 53 stands, the resolver is reached on it, and it is not opened to public addresses."""
    found, egress = _egress({"ports": ports})
    (cidrs,) = egress.get("cidrs", [{"ports": None}])

    assert egress.get("services") == ([{**_RESOLVER, "ports": dns}] if dns else None)
    assert cidrs["ports"] == public
    sentence = f"opens port 53 everywhere; imported kube-dns of kube-system {said}"
    assert (sentence in _said(found, "import-narrowed")) == bool(said)


@pytest.mark.parametrize(("ports", "lost"), [([*_BOTH, {"port": 443}], True), ([{"port": 443}], False), ([], True)])
def test_port_53_to_addresses_is_no_dns(ports: list[Any], *, lost: bool) -> None:
    """Blocks are taken for addresses, so what is kept resolves no name, and a warning says so."""
    rule = {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]} | ({"ports": ports} if ports else {})
    found, _ = _egress(rule)

    sentence = (
        "opens port 53 to addresses, among which the cluster's resolver may be; imported the public ones alone, so names do "
        "not resolve; write egress.dns: true if they should"
    )
    assert (sentence in _said(found, "import-narrowed")) == lost


@pytest.mark.parametrize("pods", [{}, {"podSelector": {}}])
@pytest.mark.parametrize(
    ("ports", "dns"),
    [(_BOTH, [53, "53/UDP"]), ([{"port": 443}, {"port": 53}], [53]), ([{"port": 443}], None), ([], [53, "53/UDP"])],
)
def test_the_resolver_stays_where_every_namespace_is_open(pods: dict[str, Any], ports: Any, dns: Any) -> None:
    """Every pod of every namespace is left out, and the resolver, which is among them, is imported on port 53."""
    peer = {"namespaceSelector": {}, **pods}
    found, egress = _egress({"to": [peer]} | ({"ports": ports} if ports else {}))

    assert egress["services"] == ([{**_RESOLVER, "ports": dns}] if dns else [])
    sentence = "opens port 53 in every namespace; imported kube-dns of kube-system alone"
    assert (sentence in _said(found, "import-narrowed")) == bool(dns)


# --- namespaces ---

_SPACES = tuple(
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"team": "x", "at": name}}}
    for name in ("one", "two")
)
_NAME = "kubernetes.io/metadata.name"


@pytest.mark.parametrize(
    ("selector", "spaces"),
    [
        ({"matchExpressions": [{"key": _NAME, "operator": "In", "values": ["one"]}]}, ["one"]),
        ({"matchExpressions": [{"key": _NAME, "operator": "In", "values": ["two", "one"]}]}, ["one", "two"]),
        ({"matchLabels": {_NAME: "one"}}, ["one"]),
        ({"matchExpressions": [{"key": _NAME, "operator": "In", "values": ["one", "elsewhere"]}]}, ["elsewhere", "one"]),
    ],
)  # fmt: skip
def test_namespaces_by_name_are_equal_to_todays(selector: dict[str, Any], spaces: list[str]) -> None:
    """However names are written, a Namespace with further labels in the input makes no loss of them."""
    rule = {
        "to": [{"namespaceSelector": selector, "podSelector": {"matchLabels": {"app": "db"}}}],
        "ports": [{"port": 5432}],
    }
    found, egress = _egress(rule, more=_SPACES)

    assert [entry["namespace"] for entry in egress["services"]] == spaces
    assert _said(found, "import-narrowed") == [
        "no NetworkPolicy limits who calls Deployment tools/notes-mcp; imported the clients of this catalog; say who calls it"
    ]
    assert any(text.startswith("Deployment tools/notes-mcp: egress equal") for text in _said(found, "import-reach"))


# --- what nothing limits today ---


def test_a_workload_that_is_written_is_not_asked_for() -> None:
    """A back-end with a policy for one direction is written, and what the other one loses is said of it and its caller."""
    rule = {"from": [{"podSelector": {"matchLabels": {"app": "notes-mcp"}}}], "ports": [{"port": 8080}]}
    found = _imported(
        _workload("notes-mcp"), _workload("redis"), _policy("redis", policyTypes=["Ingress"], ingress=[rule])
    )

    assert set(yaml.safe_load(found.text)["workloads"]) == {"redis"}
    assert _said(found, "import-pods") == [
        "Deployment tools/redis is written as workloads.redis: what it reaches is limited by no policy today, and here it "
        "reaches nothing; list it in its egress"
    ]
    assert (
        "Deployment tools/notes-mcp may call Deployment tools/redis today, and its egress is not written; it may call it no "
        "longer; list {name: redis, podSelector: {app: redis}, ports: [8080]} there"
    ) in _said(found, "import-narrowed")


def test_a_workload_that_nobody_limits_on_the_way_in() -> None:
    """The other way round: its egress is written, and nobody may call it any more."""
    rule = {"to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}], "ports": [{"port": 443}]}
    found = _imported(
        _workload("notes-mcp"), _workload("redis"), _policy("redis", policyTypes=["Egress"], egress=[rule])
    )

    assert _said(found, "import-pods") == [
        "Deployment tools/redis is written as workloads.redis: who calls it is limited by no policy today, and here nobody "
        "may; list them in its ingress"
    ]


def test_a_policy_of_another_engine_that_cannot_be_read() -> None:
    """It is named, whatever it takes or gives, and nothing is said to be equal to what is allowed today."""
    unread = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "several", "namespace": "tools"},
        "specs": [{"endpointSelector": {}, "egress": [{"toEntities": ["all"]}]}],
    }
    rule = {"to": [{"ipBlock": {"cidr": "10.30.0.0/24"}}]}
    found = _imported(_workload("notes-mcp"), _policy("notes-mcp", egress=[rule], policyTypes=["Egress"]), unread)

    assert [text for text in _said(found, "import-guess") if "several" in text] == [
        "CiliumNetworkPolicy tools/several cannot be read (specs is not read: write one object for each entry), so what it "
        "lets through, or takes, is not known; nothing that it could take was imported; mend it, and import again"
    ]
    assert not [text for text in _said(found, "import-reach") if "equal to today" in text]
