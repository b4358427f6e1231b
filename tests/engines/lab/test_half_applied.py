"""Sets that came only in part: files that were applied up to the middle, objects that somebody forgot."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from edges import mcpfence
from figures import Figure
from lab.api import Api, Document
from lab.cluster import FIREWALL, POLICY
from lab.opened import has_floor
from tooling import ROOT, find_helm4, need

EXAMPLES = sorted(folder for folder in (ROOT / "values-examples").iterdir() if (folder / "values.yaml").is_file())
GUARD = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
HELD = {"proof-narrower"}
"""All that `check` may say of a set that is not whole: something is closed that should be open."""


@pytest.fixture
def example(request: pytest.FixtureRequest) -> Path:
    """The folder of an example, each or those that a test names."""
    return Path(request.param)


@pytest.fixture
def objects(example: Path, tmp_path: Path) -> list[Document]:
    """What `render -o` writes for it, in the order of the file names."""
    folder = tmp_path / "manifests"
    done = mcpfence("render", *_files(example), "-o", folder, "--quiet", HELM_BIN=str(need(find_helm4)))
    assert done.returncode == 0, done.stderr.decode()
    found = [
        yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) for file in sorted(folder.glob("*.yaml"))
    ]
    return [one for one in found if one["kind"] != "Kustomization"]  # a list of the others, and no object


def _files(example: Path) -> list[str]:
    names = ("values.yaml", "services.yaml")
    return [f"-f{example / name}" for name in names if (example / name).is_file()]


def _wrong(example: Path, state: list[Document]) -> set[str]:
    """The ids of the errors that `mcpfence check` finds in these objects."""
    stream = json.dumps({"apiVersion": "v1", "kind": "List", "items": state}).encode()
    done = mcpfence("check", *_files(example), "--format", "json", "-", stdin=stream)
    assert done.returncode in (0, 1), done.stderr.decode()
    return {one["id"] for one in json.loads(done.stdout)["findings"] if one["severity"] == "error"}


def _policies(objects: list[Document]) -> list[Document]:
    return [one for one in objects if (one["apiVersion"], one["kind"]) in (POLICY, FIREWALL)]


@pytest.fixture
def cleaned(api: Api) -> Iterator[None]:
    """Examples share names of namespaces, so the test leaves none behind."""
    before = {item["metadata"]["name"] for item in api.items("v1", "Namespace")}
    yield
    for item in api.items("v1", "Namespace"):
        if item["metadata"]["name"] not in before:
            api.empty(item["metadata"]["name"])
    api.request("DELETE", "/api/v1/namespaces/default/configmaps")


def _apply(api: Api, document: Document) -> None:
    """As `kubectl apply --server-side` does."""
    if "namespace" in document["metadata"]:
        api.make_namespace(document["metadata"]["namespace"])
    body = json.dumps(document).encode()
    query = {"fieldManager": "kubectl", "fieldValidation": "Strict"}
    answer = api.request("PATCH", api.path(document), body, content_type="application/apply-patch+yaml", query=query)
    assert answer.ok, answer.message


def _held(api: Api, ours: list[Document]) -> list[Document]:
    """The policies that the API server holds in the namespaces of this set."""
    namespaces = sorted({one["metadata"]["namespace"] for one in ours})
    return [item for namespace in namespaces for kind in (POLICY, FIREWALL) for item in api.items(*kind, namespace)]


@pytest.mark.usefixtures("cleaned")
@pytest.mark.parametrize(
    "example",
    [ROOT / "values-examples" / name for name in ("obot", "aks-aviatrix")],
    ids=lambda path: path.name,
    indirect=True,
)
def test_files_that_were_applied_up_to_one(api: Api, example: Path, objects: list[Document], figure: Figure) -> None:
    """After each file what the API server holds is never wider than the catalog, and applying all again mends it."""
    ours, looked_at = _policies(objects), 0
    for document in objects:
        _apply(api, document)
        held = _held(api, ours)
        if has_floor(held):
            assert _wrong(example, held) <= HELD, document["metadata"]["name"]
            looked_at += 1
    assert _wrong(example, _held(api, ours)) == set()
    for document in [one for one in ours if one["kind"] == "NetworkPolicy" and not has_floor([one])][::2]:
        assert api.delete(document).ok
    assert _wrong(example, _held(api, ours)) == HELD
    for document in objects:
        _apply(api, document)
    assert _wrong(example, _held(api, ours)) == set()
    figure("Half-applied sets", f"{example.name}: {looked_at} states on the way, none wider than the catalog")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name, indirect=True)
def test_any_part_that_has_the_floor(example: Path, objects: list[Document], figure: Figure) -> None:
    """Whichever NetworkPolicies are missing beside the floor: what is left allows no more than the catalog."""
    dice = random.Random(example.name)  # noqa: S311
    beside = [one for one in objects if one["kind"] in ("FirewallPolicy", *GUARD)]
    policies = [one for one in objects if one["kind"] == "NetworkPolicy"]
    inside = next(one["metadata"]["namespace"] for one in policies if has_floor([one]))
    for _ in range(12):
        # Workloads in other namespaces have no floor there, so of theirs nothing is left out.
        kept = [
            one for one in policies if has_floor([one]) or one["metadata"]["namespace"] != inside or dice.random() < 0.5
        ]
        assert _wrong(example, [*beside, *kept]) <= HELD
    figure("Half-applied sets", f"{example.name}: 12 random parts with the floor, none wider than the catalog")


@pytest.mark.parametrize("example", [ROOT / "values-examples" / "minimal"], ids=["minimal"], indirect=True)
def test_a_part_without_the_floor_can_be_open(example: Path, objects: list[Document]) -> None:
    """The twin: without floor and policies nothing is closed, so the check can fail."""
    left = [one for one in _policies(objects) if "ingress" in one["metadata"]["name"]]

    assert _wrong(example, left) == {"proof-wider", "floor-drift"}
