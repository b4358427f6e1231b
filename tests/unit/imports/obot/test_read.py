"""Obot: what its entries, chart values, policies and running pods become; closed wherever Obot leaves it open."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers import run_cli
from mcpfence.imports.run import Imported, Request, import_texts
from mcpfence.imports.shared.format import State
from mcpfence.imports.shared.source import Text
from tooling import TESTS

CASES = TESTS / "commands" / "imports" / "cases" / "obot"


def _imported(*documents: Any, pods: Any = None) -> Imported:
    texts = [Text(f"{i}.json", json.dumps(document)) for i, document in enumerate(documents)]
    more = (Text("pods.json", json.dumps(pods)),) if pods is not None else ()
    return import_texts(texts, Request(format="obot", pods=more))


def _server(found: Imported) -> dict[str, Any]:
    (server,) = yaml.safe_load(found.text)["servers"].values()
    return dict(server)


def _messages(found: Imported, id: str) -> list[str]:
    return [finding.message for finding in found.findings if finding.id == id]


def _entry(**config: Any) -> dict[str, Any]:
    return {"name": "X", "runtime": "uvx", "uvxConfig": {"package": "x==1.0", **config}}


DENY = {
    "config": {"OBOT_SERVER_MCPDEFAULT_DENY_ALL_EGRESS": "true"},
    "mcpNamespace": {"networkPolicy": {"enabled": False}},
}
OPEN = {
    "config": {"OBOT_SERVER_MCPDEFAULT_DENY_ALL_EGRESS": False},
    "mcpNamespace": {"networkPolicy": {"enabled": False}},
}


@pytest.mark.parametrize(
    ("config", "chart", "state", "written"),
    [
        ({}, None, State.UNDECLARED, {}),
        ({}, OPEN, State.UNDECLARED, {}),
        ({}, DENY, State.NOTHING, {"denyAllEgress": True}),
        ({"denyAllEgress": False}, None, State.OPEN, {}),
        ({"denyAllEgress": False}, DENY, State.OPEN, {}),
        ({"denyAllEgress": True}, None, State.NOTHING, {"denyAllEgress": True}),
        ({"denyAllEgress": None, "egressDomains": None}, None, State.UNDECLARED, {}),
        ({"egressDomains": []}, None, State.LISTED, {"egressDomains": []}),
        ({"egressDomains": []}, DENY, State.NOTHING, {"denyAllEgress": True}),
        ({"egressDomains": ["", " "]}, None, State.LISTED, {"egressDomains": []}),
        ({"egressDomains": ["localhost"]}, None, State.LISTED, {"egressDomains": []}),
        ({"egressDomains": ["10.0.0.1"]}, None, State.LISTED, {"egressDomains": []}),
        ({"egressDomains": ["A.Example.com"]}, None, State.LISTED, {"egressDomains": ["a.example.com"]}),
        ({"denyAllEgress": True, "egressDomains": ["a.example.com"]}, None, State.NOTHING, {"denyAllEgress": True}),
        ({"DENYALLEGRESS": True}, None, State.NOTHING, {"denyAllEgress": True}),
        ({"egressdomains": ["a.example.com"]}, DENY, State.LISTED, {"egressDomains": ["a.example.com"]}),
    ],
)
def test_egress_of_an_entry(config: dict[str, Any], chart: Any, state: State, written: dict[str, Any]) -> None:
    """Each way in which Obot says or does not say what a server may reach, with and without its deny default."""
    found = _imported(_entry(**config), *([chart] if chart else []))

    assert [item.entry.state for item in found.servers] == [state]
    assert _server(found)["uvxConfig"] == {"package": "x==1.0", **written}
    assert "egress" not in _server(found)


def test_false_is_said_to_be_open_in_obot() -> None:
    """denyAllEgress: false is no list: nothing is opened, and the sentence says what keeps it."""
    found = _imported(_entry(denyAllEgress=False))

    assert _messages(found, "import-allow-all") == [
        "0.json:1 uvxConfig.denyAllEgress: is false and nothing is listed: Obot allows every host; imported as "
        "egress.default of the catalog (deny); write egress: {default: internet} to keep it"
    ]


def test_the_deny_default_of_two_values_files_holds_if_one_has_it() -> None:
    """Where one of several values files denies by default, what declares nothing is denied."""
    found = _imported(_entry(), OPEN, DENY)

    assert [item.entry.state for item in found.servers] == [State.NOTHING]


@pytest.mark.parametrize("policy", [{}, {"networkPolicy": {}}, {"networkPolicy": {"enabled": True}}])
def test_obots_own_policy_is_a_warning_unless_it_is_off(policy: dict[str, Any]) -> None:
    """Obot's policy opens every public address beside the fences; its switch never becomes the switch of our floor."""
    found = _imported({"config": {"OBOT_SERVER_MCPBASE_IMAGE": "x/y:1"}, "mcpNamespace": policy})

    (said,) = _messages(found, "import-obot-policy")
    assert said.endswith(
        "leaves Obot's policy mcp-egress-restrictions on, which opens every public address to every server; set "
        "mcpNamespace.networkPolicy.enabled: false in Obot's values, or the fences are void"
    )
    assert "networkPolicy" not in found.text


def test_switched_off_policy_does_not_switch_off_the_floor() -> None:
    """networkPolicy.enabled: false of Obot is not copied: here that key is the default-deny of the namespace."""
    found = _imported({"mcpNamespace": {"name": "m", "networkPolicy": {"enabled": False}}, "config": {"OBOT_X": 1}})

    assert _messages(found, "import-obot-policy") == []
    assert yaml.safe_load(found.text) == {"mcpNamespace": {"name": "m", "create": False}}


def test_provider_option_wins_over_the_engine_of_the_chart() -> None:
    """--provider is written where Obot's values name another engine."""
    chart = {"config": {"OBOT_SERVER_MCPNETWORK_POLICY_PROVIDER_CHART_NAME": "aviatrix-network-policy-controller"}}
    text = Text("values.json", json.dumps(chart))

    written = [import_texts([text], Request(format="obot", provider=name)).text for name in ("", "none")]

    assert [yaml.safe_load(text)["egress"]["provider"] for text in written] == ["aviatrix", "none"]


def test_a_key_in_two_spellings_refuses_the_entry() -> None:
    """Go would take one of the two; which one is not for us to say."""
    found = _imported([_entry(denyAllEgress=True, denyallegress=False), _entry()])

    assert _messages(found, "import-refused") == [
        "0.json:1 [0]: has the key denyAllEgress twice, in different spellings; keep one of them"
    ]
    assert len(found.servers) == 1


def _deployment(name: str, display: str, port: int = 0, labels: dict[str, str] | None = None) -> dict[str, Any]:
    containers = [{"name": "shim", "ports": [{"name": "http", "containerPort": port}]}] if port else []
    notes = {"mcp-server-display-name": display, "mcp-server-scope": name}
    meta = {"labels": labels or {"app": name}, "annotations": notes}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "obot-mcp", **meta},
        "spec": {"template": {"metadata": meta, "spec": {"containers": containers}}},
    }


def _pods(*items: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": list(items)}


def test_each_user_has_a_deployment() -> None:
    """Several Deployments of one server become a list of selectors, in order, whatever their order in the file."""
    items = [_deployment(name, "X") for name in ("ms1b", "ms1a")]
    found = [_imported(_entry(), pods=_pods(*order)) for order in (items, items[::-1])]

    assert [_server(one)["podSelector"] for one in found] == [[{"app": "ms1a"}, {"app": "ms1b"}]] * 2
    assert "ingress" not in _server(found[0])


def test_the_port_that_obot_calls_is_the_shims() -> None:
    """A container port named http that is not the server's own becomes ingress.ports; the own one is not repeated."""
    assert _server(_imported(_entry(), pods=_pods(_deployment("m", "X", 8100))))["ingress"] == {"ports": [8100]}
    assert "ingress" not in _server(_imported(_entry(), pods=_pods(_deployment("m", "X", 8099))))


@pytest.mark.parametrize(
    ("config", "domain"),
    [
        ({"fixedURL": "https://mcp.example.com/mcp"}, {"name": "mcp.example.com", "ports": [443]}),
        ({"fixedURL": "http://mcp.example.com:8080"}, {"name": "mcp.example.com", "ports": [8080]}),
        ({"hostname": "*.mcp.example.net"}, {"name": "*.mcp.example.net", "ports": [443]}),
        ({"urlTemplate": "https://${HOST}/mcp"}, None),
        ({"hostname": "*.com"}, None),
    ],
)
def test_pods_in_front_of_a_remote_server(config: dict[str, str], domain: dict[str, Any] | None) -> None:
    """They become a workload that reaches the server's host alone, or are listed where that is not known."""
    entry = {"name": "R", "runtime": "remote", "remoteConfig": config}
    found = _imported(entry, pods=_pods(_deployment("ms1a", "R", 8100)))
    workloads = (yaml.safe_load(found.text) or {}).get("workloads", {})

    assert [fence["egress"] for fence in workloads.values()] == ([{"domains": [domain]}] if domain else [])
    assert len(_messages(found, "import-pods")) == (0 if domain else 1)


def test_policies_claim_their_pods() -> None:
    """Pods that an MCPNetworkPolicy selects are its server's alone, though a catalog entry has their name."""
    policy = {
        "apiVersion": "obot.obot.ai/v1",
        "kind": "MCPNetworkPolicy",
        "metadata": {"name": "ms1a"},
        "spec": {"mcpServerName": "ms1a", "podSelector": {"app": "ms1a"}, "egressDomains": ["a.example.com"]},
    }
    found = _imported(_entry(), policy, pods=_pods(_deployment("ms1a", "X"), _deployment("ms1b", "X")))
    servers = yaml.safe_load(found.text)["servers"]

    assert {name: server.get("podSelector") for name, server in servers.items()} == {
        "ms1a": {"app": "ms1a"},
        "x": {"app": "ms1b"},
    }


def test_two_installations_of_obot_are_no_client() -> None:
    """Which Obot calls the servers is not guessed."""
    obots = [_deployment("obot", "", labels={"app.kubernetes.io/name": "obot"}) for _ in range(2)]
    obots[1] = copy.deepcopy(obots[1])
    obots[1]["metadata"]["namespace"] = "other"
    found = _imported(_entry(), pods=_pods(*obots, _deployment("m", "X")))

    assert "clients" not in yaml.safe_load(found.text)
    (said,) = _messages(found, "import-guess")
    assert said.endswith(
        "is one of 2 installations of Obot (obot-mcp, other); no client was written; write clients.obot with its "
        "namespace"
    )


def test_pods_are_for_obot_alone() -> None:
    """--pods with another format is wrong usage."""
    outcome = run_cli("import", "docker", ".", "--pods", "x.json")

    assert outcome.code == 2
    assert "The format docker has no use for --pods; obot has." in outcome.stderr


_WRONG: tuple[Any, ...] = (5, True, "", "x\ny: {}", [], {}, [5], None, "\u202e\u0430\x07")


def _mutations(value: Any) -> Iterator[Any]:
    """The document with each of its values, one after the other, replaced by a wrong one."""
    yield from _WRONG
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in list(pairs):
        for number, changed in enumerate(_mutations(below)):
            if number < len(_WRONG) and number % 3:  # three of nine at each place
                continue
            copied = copy.copy(value)
            copied[key] = changed
            yield copied


def test_any_value_of_the_pods_may_be_anything() -> None:
    """Whatever stands in --pods: no fault, and selectors of app labels that stand in it alone."""
    entry = _entry(egressDomains=["a.example.com"])
    for pods in _mutations(_pods(_deployment("ms1a", "X", 8100))):
        found = _imported(entry, pods=pods)
        assert "internal" not in {finding.id for finding in found.findings}
        selector = _server(found).get("podSelector") if found.servers else None
        assert selector is None or f'"app": "{selector["app"]}"' in json.dumps(pods)


def test_first_path_of_an_obot_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One import command and one render command: policies for the pods that run, and Obot may call them."""
    monkeypatch.chdir(CASES / "running")
    values = tmp_path / "values.yaml"
    imported = run_cli("import", "obot", "input", "--pods", "pods.json", "-o", str(values))
    rendered = run_cli("render", "-f", str(values), "--policies-only")
    policies = [item for item in yaml.safe_load_all(rendered.stdout) if item and item["kind"] == "NetworkPolicy"]

    assert (imported.code, rendered.code) == (0, 0), imported.stderr + rendered.stderr
    selected = {item["spec"]["podSelector"]["matchLabels"]["app"] for item in policies}
    shims = {"ms1dddd", "ms1gggg", "ms1hhhh"}
    assert selected == {"ms1aaaa", "ms1bbbb", "ms1cccc", "idle", "twin-a", "twin-b"} | shims
    (ingress,) = [item["spec"]["ingress"] for item in policies if item["metadata"]["name"].endswith("wiki-ingress")]
    assert ingress[0]["from"][0]["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "obot"}


def test_keys_of_today_are_known() -> None:
    """Keys without effect on the network are left out without a word, at the place where Obot has them."""
    entry = {
        "name": "X",
        "runtime": "containerized",
        "containerizedConfig": {
            "image": "example/x:1",
            "healthzPath": "/healthz",
            "startupTimeoutSeconds": 9,
            "egressDomains": [],
        },
    }
    chart = {"config": {"OBOT_X": "1"}, "tunnelPeer": {}, "topologySpreadConstraints": [], "runtimeClassName": "g"}
    found = _imported(entry, _entry(startupTimeoutSeconds=3), chart)

    assert _messages(found, "import-unknown-key") == []


def test_a_tunnel_is_said() -> None:
    """What calls a server behind a tunnel does not go to its URL."""
    found = _imported(
        {
            "name": "X",
            "runtime": "remote",
            "remoteConfig": {"fixedURL": "https://a.example.com/mcp", "tunnelName": "corp"},
        }
    )

    assert _messages(found, "import-ignored") == [
        '0.json:1 remoteConfig.tunnelName: is reached through the tunnel "corp", from where that ends; imported the URL; '
        "what calls it here goes to Obot's tunnel"
    ]


def test_hosted_agents_are_under_the_floor() -> None:
    """They run in the servers' namespace, and the chart's values tell that they are there."""
    found = _imported(_entry(), {"config": {"OBOT_X": "1"}, "hostedAgentDefaults": {"image": "x"}})

    assert _messages(found, "import-pods") == [
        "1.json:1 hostedAgentDefaults: is for hosted agents, whose sandboxes and jobs run in the servers' namespace; the "
        "floor denies their pods everything; write workloads for them (--pods lists those that run)"
    ]
