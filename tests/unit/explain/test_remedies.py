"""The advice of `mcpfence explain` works: what is refused passes once the catalog has what the advice says."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import golden
from advice import follow
from edges import container
from explaining import EXAMPLES, asked, explained, verdict, view_of
from mcpfence.explain.explanation import Asked, Explanation, answer, explain
from mcpfence.explain.questions import BadQuestion
from mcpfence.explain.text_form import explanation_text, shown
from mcpfence.kube.services import index
from mcpfence.system.inputs import read_inputs
from tooling import ROOT

BASE: dict[str, Any] = {
    "cluster": {"profile": "aks", "ipFamilies": ["IPv4"], "cidrs": {"controlPlane": ["10.9.0.4/32"]}},
    "egress": {"provider": "aviatrix"},
    "clients": {
        "gateway": {"namespace": "gateways", "podSelector": {"app": "gateway"}},
        "edge": {"cidrs": ["198.51.100.0/28"]},
        "ops": {"namespace": "ops", "podSelector": {"app": "ops"}, "callbackPort": 9000},
    },
    "servers": {
        "web": container(ingress={"from": ["gateway"]}),
        "other": container(),
        "closed": container(egress={"denyAllEgress": True}),
    },
    "workloads": {"agent": {"namespace": "agents", "podSelector": {"app": "agent"}}},
}
_REDIS = "{name: redis, namespace: data, podSelector: {app: redis}, ports: [6379]}"
ADVICE: list[tuple[str, dict[str, str], str]] = [
    ("web", {"to": "a.example.com"}, "add a.example.com to servers.web.containerizedConfig.egressDomains"),
    ("web", {"to": "a.example.com:8443"}, "add {name: a.example.com, ports: [8443]} to servers.web.egress.domains"),
    ("agent", {"to": "a.example.com"}, "add a.example.com to workloads.agent.egress.domains"),
    ("web", {"to": "10.1.2.3:5432"}, "add {cidr: 10.1.2.3/32, ports: [5432]} to servers.web.egress.cidrs"),
    ("web", {"to": "8.8.8.8:53/UDP"}, "add {cidr: 8.8.8.8/32, ports: [53/UDP]} to servers.web.egress.cidrs"),
    ("web", {"to": "10.9.0.4:6443"}, "write servers.web.egress.kubernetesAPI: true"),
    ("web", {"to": "kube-system/k8s-app=kube-dns:53/UDP"}, "write servers.web.egress.dns: true"),
    ("web", {"to": "data/redis:6379"}, f"add {_REDIS} to servers.web.egress.services"),
    ("web", {"to": "gateway:9000"}, "write clients.gateway.callbackPort: 9000"),
    ("web", {"to": "ops"}, "add ops to servers.web.ingress.from"),
    (
        "closed",
        {"to": "data/redis:6379"},
        f"remove servers.closed.egress.denyAllEgress, then add {_REDIS} to servers.closed.egress.services",
    ),
    ("agent", {"to": "web"}, "add web to workloads.agent.egress.servers"),
    ("web", {"caller": "agent"}, "add web to workloads.agent.egress.servers"),
    ("web", {"caller": "edge"}, "add edge to servers.web.ingress.from"),
    ("web", {"caller": "198.51.100.3"}, "add edge to servers.web.ingress.from"),
    ("web", {"caller": "gateway", "port": "9090"}, "write servers.web.ingress.ports: [8080, 9090]"),
    (
        "other",
        {"caller": "tools/debug"},
        "declare it under clients as NAME: {namespace: tools, podSelector: {app: debug}}",
    ),
    ("other", {"caller": "192.0.2.7"}, "declare it under clients as NAME: {cidrs: [192.0.2.7/32]}"),
    (
        "web",
        {"caller": "192.0.2.7", "port": "9090"},
        "declare it under clients as NAME: {cidrs: [192.0.2.7/32]}, and add NAME to servers.web.ingress.from, "
        "and write servers.web.ingress.ports: [8080, 9090]",
    ),
    (
        "agent",
        {"caller": "gateway", "port": "3000"},
        "write workloads.agent.ingress: {from: [gateway], ports: [3000]}",
    ),
]


@pytest.mark.parametrize("row", ADVICE, ids=lambda row: f"{row[0]} {' '.join(row[1].values())}")
def test_advice_opens_what_was_asked(row: tuple[str, dict[str, str], str]) -> None:
    """The sentence, and that whoever follows it gets what was refused before."""
    name, question, todo = row
    before, raw = verdict(BASE, name, **question), copy.deepcopy(BASE)

    assert before.answer == "denied"
    assert [remedy.todo for remedy in before.remedies] == [todo]
    assert follow(raw, before.remedies[0])
    assert verdict(raw, name, **question).answer == "allowed"


def test_a_workload_opens_its_port_too() -> None:
    """A client that is not listed, on a port that is not open: both are said."""
    fenced = {"podSelector": {"app": "agent"}, "ingress": {"from": ["gateway"], "ports": [3000]}}
    raw = {**copy.deepcopy(BASE), "workloads": {"agent": {"namespace": "agents", **fenced}}}
    before = verdict(raw, "agent", caller="ops", port="9099")

    assert [remedy.todo for remedy in before.remedies] == [
        "add ops to workloads.agent.ingress.from, and write workloads.agent.ingress.ports: [3000, 9099]"
    ]
    assert follow(raw, before.remedies[0])
    assert verdict(raw, "agent", caller="ops", port="9099").answer == "allowed"


_TARGETS = (
    *("api.example.com", "a.dev.azure.com:8443", "10.50.1.2:5432", "8.8.8.8", "8.8.8.8:53/UDP", "11.1.1.1"),
    *("169.254.170.23:80", "172.20.0.10:53", "kube-system/k8s-app=kube-dns:53/UDP", "data/redis:6379", "mcp/new:80"),
)
_CALLERS = ("10.9.9.9", "tools/debug")


@given(data=st.data())
@settings(max_examples=100)
def test_advice_works_on_the_examples(data: st.DataObject) -> None:
    """Whatever is refused, on any example: if the advice leaves no choice, following it opens what was asked."""
    example = data.draw(st.sampled_from([name for name in EXAMPLES if name != "fleet"]))
    view = view_of(example)
    fence = data.draw(st.sampled_from(view.fences))
    names = (*view.catalog.clients, *view.catalog.servers, *view.catalog.workloads)
    if data.draw(st.booleans()):
        question = {"to": data.draw(st.sampled_from((*_TARGETS, *names)))}
    else:
        question = {"caller": data.draw(st.sampled_from((*_CALLERS, *names)))}
        question |= data.draw(st.sampled_from([{}, {"port": "9099"}]))
    try:
        before = asked(view, fence, **question)
    except BadQuestion:
        return
    raw = copy.deepcopy(dict(view.raw))
    if before.allowed or not all(remedy.key and follow(raw, remedy) for remedy in before.remedies):
        return

    services = index(read_inputs([str(ROOT / name) for name in golden.input_files(example)]).documents, "default")
    found = explain(raw, f"{fence.kind}/{fence.name}", release="mcpfence", namespace="default", services=services)
    assert isinstance(found, Explanation)
    assert answer(found, Asked(**question))[0].allowed, before.remedies


def _web(**egress: Any) -> dict[str, Any]:
    return {**BASE, "servers": {"web": container(egress=egress)}}


def test_a_server_that_inherits_the_internet_keeps_it() -> None:
    """Listing something takes the catalog's stance away, so the advice says to write it beside."""
    raw = {**BASE, "egress": {"default": "internet"}}
    found = verdict(raw, "other", to="10.1.2.3:5432")

    assert found.remedies[0].todo == (
        "add {cidr: 10.1.2.3/32, ports: [5432]} to servers.other.egress.cidrs; "
        "with servers.other.egress.default: internet beside it, or it loses egress.default: internet"
    )


def test_names_without_an_engine() -> None:
    """Under provider none a name alone opens nothing, or more than the name: the advice says so."""
    raw = {**BASE, "egress": {}}
    open_ = {**BASE, "egress": {"unenforcedDomains": "internet"}}

    assert verdict(raw, "other", to="a.example.com").remedies[0].todo == (
        "add a.example.com to servers.other.containerizedConfig.egressDomains, which needs an egress.provider too"
    )
    assert verdict(open_, "other", to="a.example.com").remedies[0].todo == (
        "add a.example.com to servers.other.containerizedConfig.egressDomains, "
        "which opens every public address on that port"
    )


def test_what_the_engine_takes_away_is_web() -> None:
    """A destination that is lost under the provider is no gap of the catalog: the provider's key is named."""
    raw = {**_web(cidrs=[{"cidr": "2606:4700::/32", "ports": [443]}]), "cluster": {"profile": "aks"}}
    found = verdict(raw, "web", to="2606:4700::1")

    assert (found.answer, found.remedies[0].todo) == ("denied", "change egress.aviatrix.ipv6")
    assert explained(raw, "web").loses[0].text in " ".join(
        " ".join(shown(explanation_text(explained(raw, "web")))).split()
    )


def test_a_name_over_one_family_only() -> None:
    """A name is granted at public addresses of the families that the engine covers, and the other one is said."""
    raw = {**_web(domains=["api.example.com"]), "cluster": {"profile": "aks"}}
    found = verdict(raw, "web", to="api.example.com")

    assert found.sentence == "server web may reach api.example.com on 443/TCP, at public IPv4 addresses"
    assert found.notes == ("not over IPv6",)


def test_a_name_where_only_some_addresses_are_open() -> None:
    """A listed public cidr is open under any name, and nothing else is."""
    raw = _web(cidrs=[{"cidr": "104.16.0.0/13", "ports": [443]}])
    found = verdict(raw, "web", to="api.example.com")

    assert (found.answer, found.allowed) == ("partly", False)
    assert found.sentence == ("server web may reach api.example.com on 443/TCP only where it resolves to 104.16.0.0/13")


def test_a_part_of_a_client() -> None:
    """A client of which one address is listed elsewhere is answered as a whole, with an example of what fails."""
    raw = {**BASE, "clients": {**BASE["clients"], "wide": {"cidrs": ["198.51.100.0/24"]}}}
    raw["servers"] = {"web": container(ingress={"from": ["edge"]})}
    found = verdict(raw, "web", caller="wide")

    assert found.answer == "partly"
    assert found.sentence == "only a part of client wide (198.51.100.0/24) may call server web on 8080/TCP"
    assert found.notes[0] == "does not pass: 198.51.100.16 TCP 8080"
