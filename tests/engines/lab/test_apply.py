"""The API server takes every manifest that we print, word for word, without a warning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from control_plane import NEWER
from edges import mcpfence
from gateways.definitions import ADDED
from helpers import rendered
from lab.api import Api, Document
from lab.guarded import remove_guards
from lab.manifests import namespaces_emptied, stored_faults, texts, unexpected
from proof.catalogs import OWN
from tooling import ROOT, TESTS, find_helm4, need

EXAMPLES = sorted(folder for folder in (ROOT / "values-examples").iterdir() if (folder / "values.yaml").is_file())
GOLDENS = sorted({file.parent for file in (TESTS / "contract" / "examples" / "golden").rglob("*.yaml")})

DEFAULTED = {
    "Namespace": {"+ spec", "+ status", "+ metadata.labels.kubernetes.io/metadata.name"},
    "ResourceQuota": {"+ status"},
    # No rules: with policyTypes written, an absent list means the same, nothing is allowed.
    "NetworkPolicy": {"0 spec.egress", "0 spec.ingress"},
    "ValidatingAdmissionPolicy": {
        "+ status",
        *(f"+ spec.matchConstraints.{key}Selector" for key in ("namespace", "object")),
    },
    "Service": {
        "+ status",
        *(f"+ spec.{key}" for key in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")),
        *(f"+ spec.{key}" for key in ("internalTrafficPolicy", "sessionAffinity")),
    },
    "Deployment": {
        "+ status",
        "+ spec.progressDeadlineSeconds",
        "+ spec.revisionHistoryLimit",
        *(f"+ spec.template.spec.{key}" for key in ("dnsPolicy", "restartPolicy", "schedulerName", "serviceAccount")),
        "+ spec.template.spec.terminationGracePeriodSeconds",
        *(f"+ spec.template.spec.containers[].terminationMessage{key}" for key in ("Path", "Policy")),
        *(
            f"+ spec.template.spec.containers[].{probe}Probe.{key}"
            for probe in ("startup", "readiness", "liveness")
            for key in ("failureThreshold", "successThreshold", "timeoutSeconds")
        ),
    },
}
"""What the API server adds to a kind, or leaves out, beyond what it does to all of them."""


pytestmark = pytest.mark.parametrize("programs", ["", NEWER], indirect=True, ids=["1.36", NEWER])
"""Every test here, against each API server."""


@pytest.fixture(name="api")
def _api(every_kind: Api) -> Api:
    """A server that knows all kinds that any example has."""
    return every_kind


@pytest.fixture(autouse=True)
def cleaned(api: Api) -> Iterator[None]:
    """Examples share names of namespaces, so each test leaves none behind."""
    with namespaces_emptied(api):
        yield
        remove_guards(api)
    api.request("DELETE", "/api/v1/namespaces/default/configmaps")
    api.request("DELETE", "/apis/policy.networking.k8s.io/v1alpha2/clusternetworkpolicies")


def _apply(api: Api, documents: Iterable[str]) -> Counter[str]:
    """Create each document as the text that it is, see that it is stored as written, and count the kinds."""
    counted: Counter[str] = Counter()
    faults: list[str] = []
    # Who applies here is no writer of the guard, which comes last for that.
    for text in sorted(documents, key=lambda text: "\nkind: ValidatingAdmission" in text):
        sent: Document = yaml.load(text, Loader=yaml.CSafeLoader)
        if sent["kind"] != "Namespace" and "namespace" in sent["metadata"]:
            api.make_namespace(sent["metadata"]["namespace"])
        kind = sent["kind"]
        faults += stored_faults(api, text, DEFAULTED.get(kind, set()) | ADDED.get(kind, set()))
        counted[kind] += 1
    assert faults == []
    return counted


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda folder: folder.name)
def test_examples_are_stored_as_rendered(api: Api, example: Path) -> None:
    """Every object of every example, namespace and RBAC included: accepted strictly, no warning, read back equal."""
    files = [f"-f{example / name}" for name in ("values.yaml", "services.yaml") if (example / name).is_file()]
    done = mcpfence("render", *files, "--namespace", "home", "--quiet", HELM_BIN=str(need(find_helm4)))
    assert done.returncode == 0, done.stderr.decode()
    counted = _apply(api, texts(done.stdout))

    assert (counted["Namespace"], counted["ConfigMap"]) == (1, 1)
    assert counted["Role"] == counted["RoleBinding"]
    assert counted["NetworkPolicy"] >= 3


@pytest.mark.parametrize("folder", GOLDENS, ids=lambda folder: folder.name)
def test_goldens_are_stored_as_written(api: Api, folder: Path) -> None:
    """What reviewers read in the goldens is what an API server would hold."""
    documents = [text for file in sorted(folder.glob("*.yaml")) for text in texts(file.read_bytes())]
    counted = _apply(api, documents)

    assert counted["NetworkPolicy"] >= 2
    assert counted.total() == len(documents)


@pytest.mark.parametrize("name", ["aks-aviatrix", "antrea", "cilium"])
def test_the_step_before_enforcing_is_stored_as_printed(api: Api, name: str) -> None:
    """What `observe --prepare` prints is accepted strictly, too: no field of it is unknown to the kinds."""
    done = mcpfence("observe", "--prepare", f"-f{ROOT / 'values-examples' / name / 'values.yaml'}")
    assert done.returncode == 0, done.stderr.decode()
    counted = _apply(api, [text for text in texts(done.stdout) if "\nkind: " in text])

    assert counted.total() >= 2


@pytest.mark.parametrize("title", OWN)
def test_odd_catalogs_are_stored_as_rendered(api: Api, title: str) -> None:
    """What no example has: matchExpressions, SCTP, port ranges, several selectors, both families, no names at all."""
    counted = _apply(api, (item.text for item in rendered(OWN[title]).objects))

    assert counted["NetworkPolicy"] >= 4
    assert bool(counted["FirewallPolicy"]) == title.startswith("firewall")


# --- the check can fail ---


def _misspelt(document: Document, path: str, right: str, wrong: str) -> Document:
    found: Any = document
    for key in path.split("."):
        found = found[int(key)] if key.isdigit() else found[key]
    found[wrong] = found.pop(right)
    return document


@pytest.mark.parametrize(
    ("kind", "path", "right", "wrong"),
    [
        ("NetworkPolicy", "spec", "egress", "egres"),
        ("NetworkPolicy", "spec.egress.0.ports.0", "protocol", "protocoll"),
        ("NetworkPolicy", "spec.egress.0.to.0", "podSelector", "podSelectors"),
        ("FirewallPolicy", "spec.rules.0", "protocol", "protocoll"),
        ("FirewallPolicy", "spec", "webGroups", "webgroups"),
    ],
)
def test_a_misspelt_field_is_refused(api: Api, kind: str, path: str, right: str, wrong: str) -> None:
    """One letter more in any field, and the API server names it: what passes above has been looked at."""
    objects = [yaml.load(item.text, Loader=yaml.CSafeLoader) for item in rendered(OWN["firewall"]).objects]
    (document,) = [one for one in objects if one["kind"] == kind and "names" in one["metadata"]["name"]][:1]
    api.make_namespace(document["metadata"]["namespace"])
    answer = api.create(_misspelt(document, path, right, wrong))

    assert answer.status == 400
    assert f'unknown field "{path.replace(".0", "[0]")}.{wrong}"' in answer.message


@pytest.mark.parametrize(
    ("file", "path", "right", "wrong"),
    [
        ("eks/applicationnetworkpolicy-mcp-servers-mcp-server-github", "spec.egress.1.to.0", "domainNames", "domains"),
        ("eks/applicationnetworkpolicy-mcp-servers-mcp-server-github", "spec", "policyTypes", "types"),
        ("gke/fqdnnetworkpolicy-mcp-mcp-server-github", "spec.egress.0", "matches", "match"),
        ("gke/fqdnnetworkpolicy-mcp-mcp-server-github", "spec.egress.0.ports.0", "port", "endPort"),
    ],
)
def test_a_misspelt_field_of_names_is_refused(api: Api, file: str, path: str, right: str, wrong: str) -> None:
    """A rule that lost its names or ports would open more: strict validation does not let it in."""
    text = (TESTS / "contract" / "examples" / "golden" / f"{file}.yaml").read_text(encoding="utf-8")
    document = yaml.load(text, Loader=yaml.CSafeLoader)
    api.make_namespace(document["metadata"]["namespace"])
    answer = api.create(_misspelt(document, path, right, wrong))

    assert not answer.ok
    assert f'unknown field "{path.replace(".0", "[0]").replace(".1", "[1]")}.{wrong}"' in answer.message


def test_a_key_written_twice_is_refused(api: Api) -> None:
    """The API server reads our text with its own YAML parser: a duplicate key in it would be an error."""
    text = next(item.text for item in rendered(OWN["plain"]).objects if item.kind == "NetworkPolicy")
    api.make_namespace(yaml.load(text, Loader=yaml.CSafeLoader)["metadata"]["namespace"])
    answer = api.create(text.replace("\nspec:\n", "\nspec:\n  podSelector: {}\n"))

    assert answer.status == 400
    assert 'key "podSelector" already set' in answer.message


def test_a_difference_is_seen() -> None:
    """What is lost, changed or added on the way into the store is told by its path."""
    sent: Document = {
        "metadata": {"name": "a", "labels": {"x": "1"}},
        "spec": {"ports": [443, 80], "egress": [], "ingress": [{}]},
    }
    stored: Document = {"metadata": {"name": "a", "uid": "u", "labels": {}}, "spec": {"ports": ["443", 80], "more": 1}}

    assert unexpected(sent, stored) == {
        *("- metadata.labels.x", "- spec.ports[]", "0 spec.egress", "- spec.ingress", "+ spec.more")
    }
