"""The advice of `mcpfence explain` works: what is refused passes once the catalog has what the advice says."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from edges import container
from explaining import explained, verdict
from mcpfence.prose import explanation_text, shown


def _named(**egress: Any) -> dict[str, Any]:
    return {**_BASE, "servers": {"web": container(egress=egress)}}


_BASE: dict[str, Any] = {
    "cluster": {"profile": "aks", "ipFamilies": ["IPv4"], "cidrs": {"controlPlane": ["10.9.0.4/32"]}},
    "egress": {"provider": "aviatrix"},
    "clients": {
        "gateway": {"namespace": "gateways", "podSelector": {"app": "gateway"}},
        "edge": {"cidrs": ["198.51.100.0/28"]},
    },
    "servers": {"web": container(ingress={"from": ["gateway"]}), "other": container()},
    "workloads": {"agent": {"namespace": "agents", "podSelector": {"app": "agent"}}},
}


def _patched(*steps: Any) -> Callable[[Any], Any]:
    """A change of a catalog: the keys that lead to a place, and what to write there."""
    *path, value = steps

    def change(raw: Any) -> Any:
        made = copy.deepcopy(raw)
        inner = made
        for step in path[:-1]:
            inner = inner.setdefault(step, {})
        if value is None:
            del inner[path[-1]]
        else:
            inner[path[-1]] = value
        return made

    return change


_POD = {"name": "redis", "namespace": "data", "podSelector": {"app": "redis"}, "ports": [6379]}
ADVICE: list[tuple[str, dict[str, str], str, Callable[[Any], Any]]] = [
    (
        "web",
        {"to": "api.example.com"},
        "add api.example.com to servers.web.containerizedConfig.egressDomains",
        _patched("servers", "web", "containerizedConfig", "egressDomains", ["api.example.com"]),
    ),
    (
        "web",
        {"to": "api.example.com:8443"},
        "add {name: api.example.com, ports: [8443]} to servers.web.egress.domains",
        _patched("servers", "web", "egress", "domains", [{"name": "api.example.com", "ports": [8443]}]),
    ),
    (
        "agent",
        {"to": "api.example.com"},
        "add api.example.com to workloads.agent.egress.domains",
        _patched("workloads", "agent", "egress", "domains", ["api.example.com"]),
    ),
    (
        "web",
        {"to": "10.1.2.3:5432"},
        "add {cidr: 10.1.2.3/32, ports: [5432]} to servers.web.egress.cidrs",
        _patched("servers", "web", "egress", "cidrs", [{"cidr": "10.1.2.3/32", "ports": [5432]}]),
    ),
    (
        "web",
        {"to": "8.8.8.8:53/UDP"},
        "add {cidr: 8.8.8.8/32, ports: [53/UDP]} to servers.web.egress.cidrs",
        _patched("servers", "web", "egress", "cidrs", [{"cidr": "8.8.8.8/32", "ports": ["53/UDP"]}]),
    ),
    (
        "web",
        {"to": "10.9.0.4:6443"},
        "write servers.web.egress.kubernetesAPI: true",
        _patched("servers", "web", "egress", {"kubernetesAPI": True}),
    ),
    (
        "web",
        {"to": "kube-system/k8s-app=kube-dns:53/UDP"},
        "write servers.web.egress.dns: true",
        _patched("servers", "web", "egress", {"dns": True}),
    ),
    (
        "web",
        {"to": "data/redis:6379"},
        "add {name: redis, namespace: data, podSelector: {app: redis}, ports: [6379]} to servers.web.egress.services",
        _patched("servers", "web", "egress", "services", [_POD]),
    ),
    (
        "web",
        {"to": "gateway:9000"},
        "write clients.gateway.callbackPort: 9000",
        _patched("clients", "gateway", "callbackPort", 9000),
    ),
    (
        "agent",
        {"to": "web"},
        "add web to workloads.agent.egress.servers",
        _patched("workloads", "agent", "egress", "servers", ["web"]),
    ),
    (
        "web",
        {"caller": "agent"},
        "add web to workloads.agent.egress.servers",
        _patched("workloads", "agent", "egress", "servers", ["web"]),
    ),
    (
        "web",
        {"caller": "edge"},
        "add edge to servers.web.ingress.from",
        _patched("servers", "web", "ingress", "from", ["edge"]),
    ),
    (
        "web",
        {"caller": "198.51.100.3"},
        "add edge to servers.web.ingress.from",
        _patched("servers", "web", "ingress", "from", ["gateway", "edge"]),
    ),
    (
        "web",
        {"caller": "gateway", "port": "9090"},
        "write servers.web.ingress.ports: [8080, 9090]",
        _patched("servers", "web", "ingress", "ports", [8080, 9090]),
    ),
    (
        "other",
        {"caller": "tools/debug"},
        "declare it under clients as NAME: {namespace: tools, podSelector: {app: debug}}",
        _patched("clients", "debug", {"namespace": "tools", "podSelector": {"app": "debug"}}),
    ),
    (
        "other",
        {"caller": "192.0.2.7"},
        "declare it under clients as NAME: {cidrs: [192.0.2.7/32]}",
        _patched("clients", "seven", {"cidrs": ["192.0.2.7/32"]}),
    ),
    (
        "agent",
        {"caller": "gateway", "port": "3000"},
        "write workloads.agent.ingress: {from: [gateway], ports: [3000]}",
        _patched("workloads", "agent", "ingress", {"from": ["gateway"], "ports": [3000]}),
    ),
]


@pytest.mark.parametrize("row", ADVICE, ids=lambda row: f"{row[0]} {' '.join(row[1].values())}")
def test_advice_opens_what_was_asked(row: tuple[str, dict[str, str], str, Callable[[Any], Any]]) -> None:
    """What is refused passes once the catalog has what the advice says."""
    name, question, todo, change = row
    before = verdict(_BASE, name, **question)

    assert before.answer == "denied"
    assert [remedy.todo for remedy in before.remedies] == [todo]
    assert verdict(change(_BASE), name, **question).answer == "allowed"


def test_a_server_that_inherits_the_internet_keeps_it() -> None:
    """Listing something takes the catalog's stance away, so the advice says to write it beside."""
    raw = {**_BASE, "egress": {"default": "internet"}}
    found = verdict(raw, "other", to="10.1.2.3:5432")

    assert found.remedies[0].todo == (
        "add {cidr: 10.1.2.3/32, ports: [5432]} to servers.other.egress.cidrs; "
        "with servers.other.egress.default: internet beside it, or it loses egress.default: internet"
    )


def test_names_without_an_engine() -> None:
    """Under provider none a name alone opens nothing, or more than the name: the advice says so."""
    raw = {**_BASE, "egress": {}}
    open_ = {**_BASE, "egress": {"unenforcedDomains": "internet"}}

    assert verdict(raw, "other", to="a.example.com").remedies[0].todo == (
        "add a.example.com to servers.other.containerizedConfig.egressDomains, which needs an egress.provider too"
    )
    assert verdict(open_, "other", to="a.example.com").remedies[0].todo == (
        "add a.example.com to servers.other.containerizedConfig.egressDomains, "
        "which opens every public address on that port"
    )


def test_what_the_engine_takes_away_is_named() -> None:
    """A destination that is lost under the provider is no gap of the catalog: the provider's key is named."""
    raw = {**_named(cidrs=[{"cidr": "2606:4700::/32", "ports": [443]}]), "cluster": {"profile": "aks"}}
    found = verdict(raw, "web", to="2606:4700::1")

    assert (found.answer, found.remedies[0].todo) == ("denied", "change egress.aviatrix.ipv6")
    assert explained(raw, "web").loses[0].text in " ".join(
        " ".join(shown(explanation_text(explained(raw, "web")))).split()
    )


def test_a_name_over_one_family_only() -> None:
    """A name is granted at public addresses of the families that the engine covers, and the other one is said."""
    raw = {**_named(domains=["api.example.com"]), "cluster": {"profile": "aks"}}
    found = verdict(raw, "web", to="api.example.com")

    assert found.sentence == "server web may reach api.example.com on 443/TCP, at public IPv4 addresses"
    assert found.notes == ("not over IPv6",)


def test_a_name_where_only_some_addresses_are_open() -> None:
    """A listed public cidr is open under any name, and nothing else is."""
    raw = _named(cidrs=[{"cidr": "104.16.0.0/13", "ports": [443]}])
    found = verdict(raw, "web", to="api.example.com")

    assert (found.answer, found.allowed) == ("partly", False)
    assert found.sentence == ("server web may reach api.example.com on 443/TCP only where it resolves to 104.16.0.0/13")


def test_a_part_of_a_client() -> None:
    """A client of which one address is listed elsewhere is answered as a whole, with an example of what fails."""
    raw = {**_BASE, "clients": {**_BASE["clients"], "wide": {"cidrs": ["198.51.100.0/24"]}}}
    raw["servers"] = {"web": container(ingress={"from": ["edge"]})}
    found = verdict(raw, "web", caller="wide")

    assert found.answer == "partly"
    assert found.sentence == "only a part of client wide (198.51.100.0/24) may call server web on 8080/TCP"
    assert found.notes[0] == "does not pass: 198.51.100.16 TCP 8080"
