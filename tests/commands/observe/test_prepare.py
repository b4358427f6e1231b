"""`mcpfence observe --prepare`: the step before enforcing, for the engines that have one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers import Raw, run_cli
from mcpfence.cli import prepare as module
from mcpfence.net.addresses import parse_address
from mcpfence.observe.prepare import audit_form
from mcpfence.providers import TABLE
from mcpfence.reach.evaluation.evaluator import Evaluator, Pod
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import flows
from mcpfence.reach.flows.flows import Packet

SETTINGS: dict[str, Any] = {
    "calico": {"edition": "enterprise"},
    "cilium": {"sni": True},
    "clusternetworkpolicy": {"channel": "experimental", "priorities": [100, 200]},
}
OFFERED = ("antrea", "aviatrix", "calico", "cilium")
HEAD = "# Nothing is fenced by these objects: they show what mcpfence's policies would deny.\n"
NAMES: Raw = {"egress": {"domains": ["api.example.com"]}}


def catalog(provider: str, server: Raw = NAMES) -> str:
    """One server."""
    settings = {provider: SETTINGS[provider]} if provider in SETTINGS else {}
    own = {"runtime": "containerized", "containerizedConfig": {"image": "x", "port": 8080}}
    found: Raw = {
        "mcpNamespace": {"name": "mcp"},
        "cluster": {"ipFamilies": ["IPv4"]},
        "dns": {"clusterIP": ["10.200.0.10"]},
        "egress": {"provider": provider, **settings},
        "clients": {"gateway": {"namespace": "ai", "podSelector": {"app": "gateway"}}},
        "servers": {"github": {**own, **server}},
    }
    return json.dumps(found)


def prepared(provider: str) -> list[Any]:
    """The objects that are printed."""
    done = run_cli("observe", "--prepare", "-f", "-", stdin=catalog(provider).encode())
    assert done.code == 0, done.stderr
    assert done.stdout.startswith(HEAD)
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def enforced(provider: str, *kinds: str) -> list[Any]:
    """The objects of these kinds that a render prints."""
    done = run_cli("render", "--policies-only", "-f", "-", stdin=catalog(provider).encode())
    assert done.code == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one and one["kind"] in kinds]


def test_cilium() -> None:
    """Allows that isolate nothing: no denials, no names in the handshake, and DNS through the proxy for every name."""
    (found,) = prepared("cilium")
    spec = found["spec"]

    assert (found["kind"], found["metadata"]["name"]) == ("CiliumNetworkPolicy", "mcp-server-github")
    assert found["metadata"]["labels"]["mcpfence.io/audit"] == "true"
    assert spec["enableDefaultDeny"] == {"egress": False, "ingress": False}
    assert set(spec) == {"endpointSelector", "enableDefaultDeny", "egress"}
    assert spec["egress"][0]["toPorts"][0]["rules"] == {"dns": [{"matchPattern": "*"}]}
    assert spec["egress"][-1] == {
        "toFQDNs": [{"matchName": "api.example.com"}],
        "toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}],
    }


def test_antrea() -> None:
    """Every rule passes on; those that would drop are logged, and nothing else is changed."""
    (found,) = prepared("antrea")
    (whole,) = [one for one in enforced("antrea", "NetworkPolicy") if one["apiVersion"].startswith("crd.antrea.io")]
    logged = {"enableLogging": True, "logLabel": "mcpfence-would-drop"}

    assert [rule["action"] for rule in whole["spec"]["egress"]].count("Drop") == 2
    assert found["spec"]["egress"] == [
        {**rule, "action": "Pass", **(logged if rule["action"] == "Drop" else {})} for rule in whole["spec"]["egress"]
    ]


def test_calico() -> None:
    """Each policy, Kubernetes' own among them, as a staged one of the same name and rules."""
    found = prepared("calico")

    assert [(one["kind"], one["metadata"]["name"]) for one in found] == [
        ("StagedNetworkPolicy", "mcp-server-github-names"),
        ("StagedKubernetesNetworkPolicy", "mcp-server-github-egress"),
        ("StagedKubernetesNetworkPolicy", "mcp-server-github-ingress"),
    ]
    assert {one["apiVersion"] for one in found} == {"projectcalico.org/v3"}
    assert [one["spec"] for one in found] == [
        {"stagedAction": "Set", **one["spec"]} for one in enforced("calico", "NetworkPolicy")
    ]


def test_aviatrix() -> None:
    """Denies are watched, everything is logged, groups and order stay."""
    (found,) = prepared("aviatrix")
    (whole,) = enforced("aviatrix", "FirewallPolicy")

    assert [rule["action"] for rule in whole["spec"]["rules"]][-1] == "deny"
    assert found["spec"] == {
        **whole["spec"],
        "rules": [
            {**rule, "logging": True, **({"watch": True} if rule["action"] == "deny" else {})}
            for rule in whole["spec"]["rules"]
        ],
    }


@pytest.mark.parametrize("provider", ["antrea", "cilium"])
def test_nothing_is_denied(provider: str) -> None:
    """By the judge of every render: with these objects alone a pod reaches what the enforced ones deny."""
    pod = Pod("mcp", (("app", "github"),), {})
    metadata = Packet(address=parse_address("169.254.169.254"), protocol="TCP", port=80)
    elsewhere = Packet(address=parse_address("8.8.8.8"), protocol="TCP", port=22, name="other.test")
    kinds = {"antrea": "NetworkPolicy", "cilium": "CiliumNetworkPolicy"}
    open_now = Evaluator(read_policies(prepared(provider))).reach(pod, "egress")
    later = Evaluator(read_policies(enforced(provider, kinds[provider]))).reach(pod, "egress")

    for packet in (metadata, elsewhere):
        assert flows.includes(open_now.least, packet)
        assert not flows.includes(later.most, packet)


@pytest.mark.parametrize("provider", OFFERED)
def test_a_form_that_denies_is_not_printed(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed has been judged: objects that still deny, as the enforced ones do, are refused."""
    monkeypatch.setattr(module, "audit_form", lambda view: audit_form(view)._replace(convert=lambda document: document))
    done = run_cli("observe", "--prepare", "-f", "-", stdin=catalog(provider).encode())

    assert (done.code, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].endswith(
        "egress.provider: server github would be denied something by the objects of this step, and nothing was printed; "
        "please report it [observe-prepare]"
    )


def test_check_sees_what_is_left_of_it(tmp_path: Path) -> None:
    """An object of this step in the place of the enforced one is no fence, and check says so."""
    values = tmp_path / "values.yaml"
    values.write_text(catalog("cilium"), encoding="utf-8")
    items = [*enforced("cilium", "NetworkPolicy"), *prepared("cilium")]
    stream = json.dumps({"apiVersion": "v1", "kind": "List", "items": items}).encode()
    done = run_cli("check", "-f", str(values), "--format", "json", "-", stdin=stream)

    assert done.code == 1
    assert "proof-wider" in {one["id"] for one in json.loads(done.stdout)["findings"]}


def test_where_it_is_shown_is_said() -> None:
    """Behind the objects, on stderr."""
    done = run_cli("observe", "--prepare", "-f", "-", stdin=catalog("antrea").encode())

    assert done.stderr.splitlines()[-1] == (
        "mcpfence: 1 object that denies nothing: np.log on the nodes has a line with the action Pass and the label "
        "mcpfence-would-drop for what would be dropped, of servers that list host names; "
        "NetworkPolicies have no such form and are left out"
    )


@pytest.mark.parametrize("provider", sorted(set(TABLE) - set(OFFERED)))
def test_engines_without_such_a_step(provider: str) -> None:
    """They are refused, with what to do instead."""
    server: Raw = NAMES if provider != "none" else {"egress": {"cidrs": [{"cidr": "203.0.113.0/24", "ports": [443]}]}}
    done = run_cli("observe", "--prepare", "-f", "-", stdin=catalog(provider, server).encode())

    assert (done.code, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].endswith(
        f"egress.provider: {provider} has no form of a policy that shows what it would deny and denies nothing; collect "
        "flows of today (docs/observe.md), then enforce one server after the other, each in the catalog once "
        "mcpfence observe has nothing against it, and read what is denied already [observe-prepare]"
    )


def test_no_object_of_the_engine() -> None:
    """A catalog that needs NetworkPolicies alone has nothing to prepare."""
    server: Raw = {"egress": {"cidrs": [{"cidr": "203.0.113.0/24", "ports": [443]}]}}
    done = run_cli("observe", "--prepare", "-f", "-", stdin=catalog("antrea", server).encode())

    assert (done.code, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].endswith(
        "servers: no server or workload has an object of antrea, and NetworkPolicies have no audit form; "
        "enforce these servers one after the other [observe-prepare]"
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("flows.json",), "--prepare prints manifests and reads no log: give -f alone."),
        (("--gate",), "--prepare prints manifests and reads no log: give -f alone."),
        ((), "Nothing to prepare: name a values file with -f."),
    ],
)
def test_usage(arguments: tuple[str, ...], sentence: str) -> None:
    """What does not go together, and what is missing."""
    files = ("-f", "values.yaml") if arguments else ()
    done = run_cli("observe", "--prepare", *arguments, *files)

    assert (done.code, done.stdout) == (2, "")
    assert sentence in done.stderr
