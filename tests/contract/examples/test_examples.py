"""Every example renders to its golden, is accepted by the API's and the vendor's rules, and is the same on every way."""

from __future__ import annotations

import copy
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import golden
from apirules import firewall_policy_faults, network_policy_faults
from edges import Host, carrier, environment, make_host, mcpfence, rendered
from find_helm import Helm
from mcpfence.kube.services import index
from mcpfence.render.objects import Rendering
from mcpfence.render.pipeline import render
from mcpfence.streams.stream import split
from mcpfence.system.inputs import read_inputs
from tooling import ROOT

EXAMPLES = golden.examples()
PROVIDERS = {"aks-aviatrix", "fleet", "obot", "run-fleet"}

Document = dict[str, Any]


@pytest.fixture(scope="module", params=EXAMPLES)
def example(request: pytest.FixtureRequest) -> str:
    """Each example in turn."""
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def rendering(example: str) -> Rendering:
    """The example rendered as its golden is."""
    return golden.rendering_of(example)[0]


@pytest.fixture(scope="module")
def documents(rendering: Rendering) -> list[Document]:
    """Its objects, read back from their text."""
    return [yaml.load(item.text, Loader=yaml.CSafeLoader) for item in rendering.objects]


@pytest.fixture(scope="module")
def crd(shared: Path) -> Document:
    """The vendor's FirewallPolicy CRD."""
    text = (shared / "crds" / "aviatrix" / "networking.aviatrix.com_firewallpolicies.yaml").read_text(encoding="utf-8")
    found: Document = yaml.load(text, Loader=yaml.CSafeLoader)
    return found


def test_examples_are_there() -> None:
    """The list of examples that the documentation speaks of."""
    assert set(EXAMPLES) >= {
        *("minimal", "obot", "services", "gateway-callers", "aks-aviatrix", "gke", "dual-stack-eks", "fleet"),
        *("run-minimal", "run-fleet"),
    }


# --- goldens ---


@pytest.mark.golden
def test_golden(example: str, update_golden: bool) -> None:
    """The whole output, to the last byte; after a change of the renderer read the difference before you store it."""
    if update_golden:
        golden.write(example)

    assert golden.golden_files(example) == golden.stored_files(example)


def test_no_golden_without_an_example() -> None:
    """A golden that nothing compares with is worse than none."""
    assert sorted(folder.name for folder in golden.GOLDEN.iterdir()) == EXAMPLES


def test_golden_tool_finds_a_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `make golden` uses says what differs, mends it, and removes what has no example."""
    monkeypatch.setattr(golden, "GOLDEN", tmp_path)
    monkeypatch.setattr(golden, "examples", lambda: ["minimal"])
    (tmp_path / "gone").mkdir()
    codes = []
    for flags in (["--check"], [], ["--check"]):
        monkeypatch.setattr(sys, "argv", ["golden.py", *flags])
        codes.append(golden.main())

    assert codes == [1, 0, 0]
    assert [folder.name for folder in tmp_path.iterdir()] == ["minimal"]
    assert golden.stored_files("minimal") == golden.golden_files("minimal")


def test_golden_is_what_the_command_prints(example: str) -> None:
    """`mcpfence render --policies-only` in the checkout gives the goldens' objects, and `check` their findings."""
    arguments = [flag for file in golden.input_files(example) for flag in ("-f", file)]
    done = mcpfence("render", *arguments, "--policies-only", cwd=ROOT)
    checked = mcpfence("check", *arguments, cwd=ROOT)
    stored = golden.stored_files(example)
    findings = checked.stderr.decode().splitlines(keepends=True)[:-1]

    assert (done.returncode, checked.returncode) == (0, 0)
    assert sorted(piece.decode().removeprefix("---\n") for piece in split(done.stdout)) == sorted(
        text.removeprefix("---\n")
        for name, content in stored.items()
        if name.endswith(".yaml")
        for text in (part.decode() for part in split(content.encode()))
    )
    assert "".join(findings) == stored["findings.txt"]


# --- the same objects whatever the order, the way and the host ---


def _shuffled(value: Any, dice: random.Random) -> Any:
    """The value with every map's keys in another order; lists are left alone."""
    if isinstance(value, dict):
        keys = list(value)
        dice.shuffle(keys)
        return {key: _shuffled(value[key], dice) for key in keys}
    return [_shuffled(item, dice) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_order_gives_the_same_bytes(example: str, rendering: Rendering, seed: int) -> None:
    """Servers, clients and all other maps may stand in any order."""
    inputs = read_inputs([str(ROOT / name) for name in golden.input_files(example)])
    raw = _shuffled(inputs.values, random.Random(seed))  # noqa: S311  no secret hangs on it
    services = index(reversed(inputs.documents), golden.NAMESPACE)
    again = render(raw, release=golden.RELEASE, namespace=golden.NAMESPACE, services=services)

    assert list(raw) != list(inputs.values) or seed != 1
    assert [item.text for item in again.objects] == [item.text for item in rendering.objects]
    assert again.findings == rendering.findings


def test_rendering_own_output_changes_nothing(example: str) -> None:
    """The output as the input of a second run comes out as it went in."""
    inputs = read_inputs([str(ROOT / name) for name in golden.input_files(example)])
    once = rendered(carrier(inputs.values, release="mcpfence", namespace="default"), more=inputs.documents)

    assert rendered(once) == once


@pytest.fixture(scope="module")
def host(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Host:
    """Each helm with mcpfence as its post-renderer."""
    return make_host(helm.path, helm.major, tmp_path_factory.mktemp("examples"))


@pytest.mark.xdist_group("examples-in-helm")
def test_same_objects_in_helm(host: Host, example: str, rendering: Rendering, tmp_path: Path) -> None:
    """Helm with the post-renderer, `render` with that helm, and `render --policies-only`: each object byte for byte."""
    files = [flag for name in golden.input_files(example) for flag in ("-f", str(ROOT / name))]
    values, beside = files[:2], files[3::2]
    chart = str(ROOT / "chart")
    flags = host.flags(*(f"--services={file}" for file in beside))
    hosted = host.run("template", golden.RELEASE, chart, "-n", golden.NAMESPACE, *values, *flags)
    render_folder = tmp_path / "out"
    own = mcpfence("render", *files, "-o", render_folder, "-q", HELM_BIN=str(host.helm))
    expected = {item.text for item in rendering.objects}

    assert hosted.returncode == 0, hosted.stderr.decode()
    assert own.returncode == 0, own.stderr.decode()
    assert {_plain(piece) for piece in split(hosted.stdout) if _ours(piece)} == expected
    written = [path.read_bytes() for path in render_folder.glob("*.yaml")]
    assert {_plain(text) for text in written if _ours(text)} == expected
    assert len(written) > len(expected)


def _ours(piece: bytes) -> bool:
    return b"\n    app.kubernetes.io/managed-by: mcpfence\n" in piece


def _plain(piece: bytes) -> str:
    """An object's own text: without separator, and without the two lines that Helm 4 puts around each document."""
    lines = piece.decode().removeprefix("---\n").splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("# Source: ")).rstrip("\n") + "\n"


def _is_kubernetes_own(document: Document) -> bool:
    """Whether it is a NetworkPolicy of Kubernetes: other engines have kinds that are called so, too."""
    return (document["apiVersion"], document["kind"]) == ("networking.k8s.io/v1", "NetworkPolicy")


# --- valid by rules that are not ours ---


def test_network_policies_are_valid(documents: list[Document]) -> None:
    """The API server accepts each of them with strict field validation."""
    policies = [document for document in documents if _is_kubernetes_own(document)]

    assert {d["metadata"]["name"]: network_policy_faults(d) for d in policies if network_policy_faults(d)} == {}
    assert policies


def test_firewall_policies_are_valid(
    example: str, rendering: Rendering, documents: list[Document], crd: Document
) -> None:
    """The vendor's CRD accepts each of them, with its CEL rules, and fields that the oldest CRD lacks only if asked."""
    policies = [document for document in documents if document["kind"] == "FirewallPolicy"]
    newest = rendering.catalog.provider_settings.get("crd") == "10.1"
    faults = {d["metadata"]["name"]: firewall_policy_faults(d, crd, newest=newest) for d in policies}

    assert {name: found for name, found in faults.items() if found} == {}
    assert bool(policies) == (example in PROVIDERS)


def test_every_server_has_both_policies(example: str, rendering: Rendering, documents: list[Document]) -> None:
    """Egress and ingress, each with its own policyTypes, for each selector of each hosted server and workload."""
    found = [
        (d["metadata"]["namespace"], d["spec"]["podSelector"], tuple(d["spec"]["policyTypes"]))
        for d in documents
        if _is_kubernetes_own(d)
    ]
    wanted = []
    for kind in ("servers", "workloads"):
        for item in getattr(rendering.catalog, kind).values():
            if kind == "workloads" or item.hosted:
                namespace = rendering.catalog.namespace if kind == "servers" else item.namespace
                wanted += [(namespace, dict(selector.labels)) for selector in item.selectors]

    assert wanted, example
    for namespace, labels in wanted:
        matching = [
            types
            for space, selector, types in found
            if space == namespace and selector.get("matchLabels", {}) == labels
        ]
        assert {("Egress",), ("Ingress",)} <= set(matching), labels


def test_names_and_labels_tell_what_belongs_to_what(documents: list[Document]) -> None:
    """No two objects share a name; each carries the labels by which people and tools find it."""
    keys = [(d["kind"], d["metadata"].get("namespace"), d["metadata"]["name"]) for d in documents]

    assert len(keys) == len(set(keys))
    for document in documents:
        labels = document["metadata"]["labels"]
        assert labels["app.kubernetes.io/managed-by"] == labels["app.kubernetes.io/part-of"] == "mcpfence"
        ours = {key for key in labels if key.startswith("mcpfence.io/")}
        assert len(ours - {"mcpfence.io/namespace"}) == 1
        assert ("mcpfence.io/namespace" in ours) == ("namespace" not in document["metadata"])


# --- the rules themselves: a twin of a good object with one thing wrong is refused ---


def _edit(path: str, value: Any) -> Callable[[Document], None]:
    """Sets the value at a path such as spec.egress.0.ports, or deletes it where the value is `...`."""

    def change(document: Document) -> None:
        *steps, last = [int(step) if step.isdigit() else step for step in path.split("/")]
        place: Any = document
        for step in steps:
            place = place[step]
        if value is ...:
            del place[last]
        else:
            place[last] = value

    return change


def _first(name: str, kind: str, part: str) -> Document:
    rendering, _ = golden.rendering_of(name)
    return next(
        found
        for item in rendering.objects
        if item.kind == kind and part in item.name
        for found in [yaml.load(item.text, Loader=yaml.CSafeLoader)]
    )


POLICY_TWINS: list[tuple[str, Any, str]] = [
    ("metadata/name", "x" * 254, "metadata.name"),
    ("metadata/name", "Upper", "metadata.name"),
    ("metadata/namespace", "a.b", "metadata.namespace"),
    ("metadata/labels/x", "y" * 64, "metadata.labels"),
    ("metadata/labels/-x", "y", "metadata.labels"),
    ("metadata/labels/x", "*.example.com", "metadata.labels"),
    ("metadata/annotations", {"x": True}, "metadata.annotations"),
    ("metadata/uid", "x", "metadata.uid: unknown field"),
    ("kind", "NetworkPolice", "kind"),
    ("spec", ..., "spec: missing"),
    ("spec/podSelector", ..., "spec.podSelector"),
    ("spec/podSelector/matchLabel", {}, "spec.podSelector.matchLabel: unknown field"),
    ("spec/policyTypes", [], "spec.policyTypes"),
    ("spec/policyTypes", ["egress"], "spec.policyTypes"),
    ("spec/policyTypes", ["Ingress"], "spec.egress: not among"),
    ("spec/egres", [], "spec.egres: unknown field"),
    ("spec/egress/0/too", [], "spec.egress[0].too: unknown field"),
    ("spec/egress/0/to", [], "an absent or empty to"),
    ("spec/egress/0/to", ..., "an absent or empty to"),
    ("spec/egress/0/ports", [], "empty ports"),
    ("spec/egress/0/ports/0/protocol", "tcp", "protocol"),
    ("spec/egress/0/ports/0/port", 0, "port: 0"),
    ("spec/egress/0/ports/0/port", 65536, "port: 65536"),
    ("spec/egress/0/ports/0/port", True, "port: True"),
    ("spec/egress/0/ports/0/port", "a-name-too-long-x", "port: 'a-name"),
    ("spec/egress/0/ports/0/endPort", 52, "endPort: 52"),
    ("spec/egress/0/ports/0/endPort", 65536, "endPort: 65536"),
    ("spec/egress/0/to/0", {}, "a peer must select something"),
    ("spec/egress/0/to/0/ipBlock", {"cidr": "10.0.0.0/8"}, "ipBlock stands alone"),
    ("spec/egress/0/to/1/ipBlock/cidr", "169.254.20.10/24", "is not canonical"),
    ("spec/egress/0/to/1/ipBlock/cidr", "169.254.020.010/32", "is not canonical"),
    ("spec/egress/0/to/1/ipBlock/except", ["169.254.20.10/32"], "no strict subset"),
    ("spec/egress/1/to/0/ipBlock/except/0", "2001:db8::/32", "no strict subset"),
    ("spec/egress/1/to/0/ipBlock/except/0", "0.0.0.0/0", "no strict subset"),
    ("spec/egress/1/to/0/ipBlock", {"cidr": "::/0", "except": ["::ffff:0:0/96"]}, "is IPv4-mapped"),
    ("spec/egress/1/to/0/ipBlock/except/0", "10.0.0.1/8", "is not canonical"),
    ("spec/podSelector/matchExpressions", [{"key": "a", "operator": "In"}], "matchExpressions[0]"),
    ("spec/podSelector/matchExpressions", [{"key": "a", "operator": "Is", "values": ["b"]}], "matchExpressions[0]"),
    ("spec/podSelector/matchExpressions", [{"key": "/a", "operator": "Exists"}], "the key '/a'"),
]


@pytest.mark.parametrize(("path", "value", "fault"), POLICY_TWINS)
def test_bad_twin_of_a_network_policy(path: str, value: Any, fault: str) -> None:
    """One edit makes a good policy one that the rules refuse; without it they say nothing."""
    document = _first("minimal", "NetworkPolicy", "fetch-egress")
    twin = copy.deepcopy(document)
    _edit(path, value)(twin)

    assert network_policy_faults(document) == []
    assert any(fault in found for found in network_policy_faults(twin)), network_policy_faults(twin)


FIREWALL_TWINS: list[tuple[str, Any, str]] = [
    ("spec", ..., "'spec' is a required property"),
    ("spec/rule", [], "Additional properties are not allowed ('rule' was unexpected)"),
    ("spec/rules", [], "$.spec.rules"),
    ("spec/rules/0/destinationSmartGroup", [], "('destinationSmartGroup' was unexpected)"),
    ("spec/rules/0/ports", ["443"], "('ports' was unexpected)"),
    ("spec/rules/0/action", "allow", "'allow' is not one of"),
    ("spec/rules/0/protocol", "TCP", "'TCP' is not one of"),
    ("spec/rules/0/protocol", "any", "port 53 of protocol any"),
    ("spec/rules/0/port", "53", "'53' is not of type 'integer'"),
    ("spec/rules/0/port", 0, "port 0"),
    ("spec/rules/0/endPort", 53, "endPort 53"),
    ("spec/rules/0/destinationSmartGroups", [], "$.spec.rules[0].destinationSmartGroups"),
    ("spec/rules/0/destinationSmartGroups/0/uuid", "x", "either name or uuid"),
    ("spec/rules/0/destinationSmartGroups/0", {}, "either name or uuid"),
    ("spec/rules/0/destinationSmartGroups/0/name", "nobody", "which is not there"),
    ("spec/rules/0/selector/service", "x", "service is forbidden"),
    ("spec/rules/0/selector/matchLabels", {}, "every pod of the namespace"),
    ("spec/rules/0/selector/matchExpressions", [], "('matchExpressions' was unexpected)"),
    ("spec/rules/0/name", "", "a name is empty"),
    ("spec/rules/0/flowAppRequirement", "tlsRequired", "is not in the oldest CRD"),
    ("spec/rules/0/action", ..., "action and protocol must be said"),
    ("spec/smartGroups/0/selectors/0/namespace", "x", "('namespace' was unexpected)"),
    ("spec/smartGroups/0/selectors", [], "selects nothing"),
    ("spec/smartGroups/0/selectors/0/type", ..., "smartGroup mcp-server-"),
    ("spec/smartGroups/0/selectors/0/cidr", "10.0.0.0/8", "smartGroup mcp-server-"),
    ("spec/webGroups/0/domains/0", "**.example.com", "webGroup mcp-server-"),
    ("spec/webGroups/0/urls", [], "('urls' was unexpected)"),
    ("spec/webGroups/0/name", "other", "is used by no rule"),
    ("kind", "FirewallPolicie", "kind"),
]


@pytest.mark.parametrize(("path", "value", "fault"), FIREWALL_TWINS)
def test_bad_twin_of_a_firewall_policy(crd: Document, path: str, value: Any, fault: str) -> None:
    """The same for the vendor's CRD: a misspelt field, a wrong type, a dangling name is seen."""
    document = _first("obot", "FirewallPolicy", "github")
    twin = copy.deepcopy(document)
    _edit(path, value)(twin)

    assert firewall_policy_faults(document, crd) == []
    assert any(fault in found for found in firewall_policy_faults(twin, crd)), firewall_policy_faults(twin, crd)


# --- the examples as people meet them ---


@pytest.mark.parametrize("name", EXAMPLES)
def test_readme_of_an_example_shows_calls_that_work(name: str) -> None:
    """Each indented `mcpfence` line of an example's README runs, in the example's folder."""
    folder = ROOT / "values-examples" / name
    lines = [line.strip() for line in (folder / "README.md").read_text(encoding="utf-8").splitlines()]
    calls = [line.split()[1:] for line in lines if line.startswith("mcpfence check")]

    assert calls
    for call in calls:
        done = mcpfence(*call, cwd=folder)
        assert done.returncode == 0, done.stderr.decode()


def test_golden_script_runs() -> None:
    """tools/golden.py is what `make golden` and people call."""
    command = [sys.executable, str(ROOT / "tools" / "golden.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())

    assert (done.returncode, done.stdout) == (0, ""), done.stdout
