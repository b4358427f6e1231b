"""The contract of engines: a skeleton provider goes all the way in each composition, and no fault of it leaves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

import acme
import gen_docs
import guarding
from helpers import catalog, run_cli
from mcpfence import providers
from mcpfence.check.audit import audit
from mcpfence.diff.compare import compare
from mcpfence.diff.side import Manifests
from mcpfence.findings.finding import McpfenceError
from mcpfence.findings.table import TABLE, Severity
from mcpfence.kube.manifest import Manifest
from mcpfence.kube.services import index
from mcpfence.plan.fence import ClusterNetwork, Fence
from mcpfence.providers import Composition
from mcpfence.reach.connectivity.connections import connections
from mcpfence.reach.connectivity.json_form import as_json
from mcpfence.render.objects import Rendering
from mcpfence.render.pipeline import render
from mcpfence.streams.folder_layout import folder_layout, kustomization

pytestmark = pytest.mark.parametrize("composition", acme.COMPOSITIONS, ids=lambda one: one.value)

SERVERS: dict[str, Any] = {
    "a": {
        "runtime": "containerized",
        "egress": {
            "domains": ["api.example.com", {"name": "*.example.net", "ports": [8443]}],
            "cidrs": [{"cidr": "203.0.113.0/24", "ports": [443], "except": ["203.0.113.7/32"]}],
            "services": [{"name": "redis", "namespace": "data", "podSelector": {"app": "redis"}, "ports": [6379]}],
        },
    },
    "closed": {"runtime": "containerized", "containerizedConfig": {"image": "x:1", "denyAllEgress": True}},
    "open": {"runtime": "containerized", "egress": {"default": "internet"}},
}
RAW = catalog(SERVERS, egress={"provider": "acme", "acme": {"loud": True}}, cluster={"ipFamilies": ["IPv4"]})


def rendered(raw: Any = RAW, **named: Any) -> Rendering:
    """The catalog through the whole pipeline."""
    return render(raw, release="demo", namespace="home", services=index((), "home"), **named)


def documents(rendering: Rendering) -> list[Any]:
    """What the objects say."""
    return [yaml.safe_load(item.text) for item in rendering.objects]


def test_it_is_emitted_and_proven(composition: Composition, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its objects stand before the NetworkPolicies, each fence is proven, and the report says what acme has to say."""
    acme.register(monkeypatch, composition, tmp_path / "acme")

    found = rendered()

    kinds = [item.kind for item in found.objects]
    assert kinds == ["AcmePolicy"] * 3 + ["NetworkPolicy"] * 6 + ["ConfigMap"]
    report = documents(found)[-1]["data"]
    assert report["provider"] == "acme"
    assert report["proof"].startswith("3 fences proven")
    assert "acme: it is only a skeleton" in report["residualRisk"]
    assert "note: egress.acme: acme is only a skeleton [acme-note]" in report["findings"]
    public = [doc for doc in documents(found) if "0.0.0.0/0" in json.dumps(doc) and doc["kind"] == "NetworkPolicy"]
    opened = {"mcp-server-open-egress"} | ({"mcp-server-a-egress"} if composition is Composition.LAYERED else set())
    assert {doc["metadata"]["name"] for doc in public} == opened


def test_check_of_what_is_there(composition: Composition, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its own manifests allow exactly what the catalog says; a host more, a rule less and a leftover are seen."""
    acme.register(monkeypatch, composition, tmp_path / "acme")
    whole = documents(rendered())

    def ids(changed: list[Any], raw: Any = RAW) -> set[str]:
        found = audit(raw, changed, release="demo", namespace="home", services=index((), "home"))
        return {item.id for item in found if item.id.startswith(("proof", "leftover", "policy"))}

    assert ids(whole) == set()
    assert ids(edited(whole, lambda rules: rules[-2].update(names=["evil.example"]))) >= {"proof-wider"}
    assert ids(edited(whole, lambda rules: rules.pop(0))) == {"proof-narrower"}
    assert ids(edited(whole, lambda rules: rules.__setitem__(0, "x"))) >= {"policy-unreadable", "proof-narrower"}
    fewer = {**RAW, "servers": {name: one for name, one in SERVERS.items() if name != "open"}}
    assert ids(whole, fewer) == {"leftover"}


def edited(whole: list[Any], edit: Callable[[Any], Any]) -> list[Any]:
    """The documents with the rules of server a's AcmePolicy edited."""
    copy = json.loads(json.dumps(whole))
    (mine,) = (doc for doc in copy if doc["kind"] == acme.KIND and doc["metadata"]["name"] == "mcp-server-a")
    edit(mine["spec"]["rules"])
    return list(copy)


def test_diff_reach_and_explain(composition: Composition, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A host more is a gain in a diff; reach shows the pods and addresses; explain names acme's rule."""
    acme.register(monkeypatch, composition, tmp_path / "acme")
    old = documents(rendered())
    more = {**SERVERS, "a": {**SERVERS["a"], "egress": {**SERVERS["a"]["egress"], "domains": ["more.example.com"]}}}
    new = documents(rendered({**RAW, "servers": more}))

    found = compare(Manifests(old), Manifests(new))
    said = [change for change in found.changes if change.egress.gained]

    assert [subject.title for change in said for subject in change.subjects] == ["server a"]
    assert found.doubts == ()
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a", "namespace": "demo-mcp", "labels": {"app": "a"}},
    }
    listed = json.loads(as_json(connections([*old, pod])))
    assert "api.example.com" in json.dumps(listed)
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump(RAW), encoding="utf-8")
    arguments = ("--release", "demo", "-n", "home", "-f", str(values))
    done = run_cli("explain", "a", "--to", "api.example.com", *arguments)
    assert (done.code, "AcmePolicy demo-mcp/mcp-server-a spec.rules[" in done.stdout) == (0, True), done.stderr
    assert run_cli("explain", "a", "--to", "other.example.com", *arguments).code == 1


def test_lists_are_derived(composition: Composition, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Files, docs, findings and settings follow from the row: nothing else names acme."""
    acme.register(monkeypatch, composition, tmp_path / "acme")

    names = list(folder_layout(rendered().objects, ()))
    index_ = kustomization(names, "mcpfence render").splitlines()

    first, second = "acmepolicy-demo-mcp-mcp-server-a.yaml", "networkpolicy-demo-mcp-mcp-server-a-egress.yaml"
    assert index_.index(f"- {first}") < index_.index(f"- {second}")
    assert f"| `acme` | {composition.value} | AcmePolicy (policy.acme.example) |" in gen_docs.providers(Path())
    assert TABLE["acme-note"].meaning == "Acme is only a skeleton."
    with pytest.raises(McpfenceError) as refused:
        rendered({**RAW, "egress": {"provider": "acme", "acme": {"lout": True}}})
    assert [item.message for item in refused.value.findings] == [
        "egress.acme.lout: is no known key; write loud, or remove it"
    ]


# --- what must not leave ---


WIDER, NARROWER = "proof-wider", "proof-narrower"
FAULTS: dict[str, tuple[str, str, str]] = {
    # layered, union, ordered; nothing: the NetworkPolicies close it all the same, or there is nothing to break
    "no closing deny": (WIDER, "", ""),
    "open to all": (WIDER, WIDER, WIDER),
    "another name": (WIDER, WIDER, WIDER),
    "no objects": (WIDER, NARROWER, NARROWER),
    "public ranges in the NetworkPolicy": ("", WIDER, ""),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_emitter_is_refused(
    composition: Composition, fault: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever a slip in acme lets through or takes away, nothing is printed and a packet says why."""
    row = acme.register(monkeypatch, composition, tmp_path / "acme")
    monkeypatch.setitem(providers._LOADED, "acme", faulty(row, fault))
    expected = FAULTS[fault][acme.COMPOSITIONS.index(composition)]
    if not expected:
        assert rendered().objects
        return

    with pytest.raises(McpfenceError) as refused:
        rendered()

    errors = [item for item in refused.value.findings if item.severity is Severity.ERROR]
    assert expected in {item.id for item in errors}
    assert all(item.id in (WIDER, NARROWER) for item in errors)
    assert all(" TCP " in item.sentence or " UDP " in item.sentence for item in errors)


def faulty(row: providers.Provider, fault: str) -> providers.Provider:
    """Acme with a slip in its emitter."""

    def emit(fence: Fence, network: ClusterNetwork) -> Iterable[Manifest]:
        for manifest in row.emit(fence, network):
            rules = manifest.document["spec"]["rules"]
            if fault == "no closing deny":
                rules[:] = [rule for rule in rules if rule["action"] != "deny"]
            elif fault == "open to all":
                rules.insert(0, {"action": "allow"})
            elif fault == "another name":
                for rule in rules:
                    if rule.get("names"):
                        rule["names"] = ["evil.example"]
            if fault != "no objects":
                yield manifest

    composition = Composition.LAYERED if fault == "public ranges in the NetworkPolicy" else row.composition
    return row._replace(emit=emit, composition=composition)


def test_a_provider_without_a_judge_is_refused(
    composition: Composition, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What nobody reads back is not printed, not even for a catalog without names."""
    acme.register(monkeypatch, composition, tmp_path / "acme", judge=False)

    with pytest.raises(McpfenceError) as refused:
        rendered()

    assert [item.message for item in refused.value.findings] == [
        "egress.provider: nothing reads AcmePolicy of policy.acme.example back, so what provider acme gives is unknown; "
        "this is a fault of mcpfence, and nothing was printed: please report it with the catalog"
    ]


@pytest.mark.parametrize("way", ["post-render", "post-render --catalog", "render", "render -o", "krm"])
def test_a_kind_that_no_row_has_is_refused(
    composition: Composition, way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An object of a kind without a place in the order would be proven and never printed: nothing leaves."""
    row = acme.register(monkeypatch, composition, tmp_path / "acme")
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump(RAW), encoding="utf-8")
    arguments, stdin = ways(str(values), tmp_path)[way]
    assert run_cli(*arguments, stdin=stdin).code == 0
    monkeypatch.setitem(providers._LOADED, "acme", row._replace(kinds=()))
    before = sorted(tmp_path.rglob("*"))

    done = run_cli(*arguments, stdin=stdin)

    assert (done.code, sorted(tmp_path.rglob("*"))) == (1, before)
    assert "AcmePolicy" not in done.stdout.replace("of kind AcmePolicy", "")
    assert (
        "3 objects of kind AcmePolicy would not be printed: the provider has no such kind; "
        "this is a fault of mcpfence, and nothing was printed: please report it with the catalog" in done.stderr
    )


def ways(values: str, folder: Path) -> dict[str, tuple[list[str], bytes]]:
    """Arguments and stdin of each path that prints objects."""
    named = ["--release", "demo", "--namespace", "home"]
    data = {"version": "0.1.0", "release": "demo", "namespace": "home", "catalog": RAW}
    metadata = {"name": "demo-mcpfence-catalog", "namespace": "home", "labels": {"mcpfence.io/carrier": "catalog"}}
    carrier = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"catalog": json.dumps(data)}}
    spec = {"release": "demo", "namespace": "home", "catalog": RAW}
    config = {
        "apiVersion": "mcpfence.io/v1alpha1",
        "kind": "McpfenceCatalog",
        "metadata": {"name": "demo"},
        "spec": spec,
    }
    resources = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "functionConfig": config, "items": []}
    stream = b"apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n"
    return {
        "post-render": (["post-render"], yaml.safe_dump(carrier).encode()),
        "post-render --catalog": (["post-render", "--catalog", values, *named], stream),
        "render": (["render", "-f", values, "--policies-only", *named], b""),
        "render -o": (["render", "-f", values, "--policies-only", *named, "-o", str(folder / "manifests")], b""),
        "krm": (["krm"], yaml.safe_dump(resources).encode()),
    }


def test_the_guard_knows_it(composition: Composition, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its kind is guarded by itself; of an engine that tells no shape every object counts as one that opens."""
    acme.register(monkeypatch, composition, tmp_path / "acme")
    writers = [{"kind": "User", "name": "helm"}]
    guard = documents(rendered({**RAW, "guard": {"enabled": True, "writers": writers}}))
    document = {"apiVersion": f"{acme.GROUP}/v1", "kind": acme.KIND, "metadata": {"name": "x"}, "spec": {"rules": []}}
    asked = guarding.Request("CREATE", acme.GROUP, acme.KIND, "acmepolicies", "demo-mcp", "x", document)

    assert "could open pods of namespace demo-mcp" in guarding.refused(guard, asked)
    assert guarding.refused(guard, asked._replace(namespace="other")) == ""
