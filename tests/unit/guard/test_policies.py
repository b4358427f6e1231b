"""Who may write policies, pods and labels of a guarded catalog, by an implementation of CEL that knows nothing of us."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml

import guarding
from guard_table import CATALOG, FENCED, FORMS, OUTSIDER, WRITERS, Asking, Row, kinds, rows
from helpers import rendered
from mcpfence.guard.kinds import guarded_kinds

ROWS = rows()


def guard_of(raw: Any = CATALOG) -> list[guarding.Document]:
    """The guard's objects of a catalog."""
    texts = [item.text for item in rendered(raw).objects if item.kind.startswith("ValidatingAdmission")]
    return [yaml.load(text, Loader=yaml.CSafeLoader) for text in texts]


@pytest.fixture(scope="module", name="guard")
def _guard() -> list[guarding.Document]:
    return guard_of()


def test_the_table_has_every_kind() -> None:
    """A kind that a row of providers or engines knows has its forms in the table."""
    assert {(kind.group, kind.kind) for kind in guarded_kinds()} == set(FORMS)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_requests(guard: list[guarding.Document], row: Row) -> None:
    """What the table says of a request is what becomes of it."""
    said = guarding.refused(guard, row.request)

    assert bool(said) == bool(row.refusal), said
    assert row.refusal in said


def test_a_refusal_says_which_object_why_and_what_to_do(guard: list[guarding.Document]) -> None:
    """The whole sentence of the most frequent refusals."""
    (network,) = (kind for kind in kinds() if kind.group == "networking.k8s.io")
    asking = Asking(network)
    opening = FORMS["networking.k8s.io", "NetworkPolicy"][0]
    wide = asking.document("allow-web", opening)
    ours = asking.ours("mcp-server-github-egress", opening)

    assert guarding.refused(guard, asking.ask("CREATE", OUTSIDER, wide)) == (
        "NetworkPolicy mcp-servers/allow-web could open pods of namespace mcp-servers, for policies add up, and bob is "
        "none of guard.writers: declare the connection in the catalog (servers.NAME or workloads.NAME in values.yaml) "
        "and render again, or see Break-glass in docs/guard.md"
    )
    assert guarding.refused(guard, asking.ask("CREATE", WRITERS["user"], wide)) == (
        "NetworkPolicy mcp-servers/allow-web could open pods of namespace mcp-servers, for policies add up, and it is "
        "not one that mcpfence rendered: declare the connection in the catalog (servers.NAME or workloads.NAME in "
        "values.yaml) and render again, or see Break-glass in docs/guard.md"
    )
    assert guarding.refused(guard, asking.ask("DELETE", OUTSIDER, None, ours)) == (
        "NetworkPolicy mcp-servers/mcp-server-github-egress is part of the fences of namespace mcp-servers, and bob is "
        "none of guard.writers: change values.yaml and render again, or see Break-glass in docs/guard.md"
    )
    assert guarding.refused(guard, ROWS["Pod: nobody's"].request) == (
        "Pod mcp-servers/nobodys has labels that no server or workload of the catalog selects: declare it "
        "(servers.NAME or workloads.NAME in values.yaml) and render again, or mend its labels"
    )


@pytest.mark.parametrize(
    ("keys", "policies", "pods"),
    [
        ({}, ["Deny"], ["Deny"]),
        ({"mode": "warn"}, ["Warn", "Audit"], ["Warn", "Audit"]),
        ({"mode": "audit"}, ["Audit"], ["Audit"]),
        ({"pods": "warn"}, ["Deny"], ["Warn", "Audit"]),
        ({"pods": "warn", "mode": "audit"}, ["Audit"], ["Audit"]),
        ({"pods": "off"}, ["Deny"], None),
        ({"pods": False}, ["Deny"], None),
    ],
    ids=str,
)
def test_what_is_done(keys: dict[str, Any], policies: list[str], pods: list[str] | None) -> None:
    """`mode` and `pods` are what the bindings say, and nothing else."""
    raw = {**CATALOG, "guard": {**CATALOG["guard"], **keys}}
    actions = {
        one["metadata"]["name"].removeprefix(f"mcpfence-{FENCED}-"): one["spec"]["validationActions"]
        for one in guard_of(raw)
        if one["kind"].endswith("Binding")
    }

    assert actions.pop("unknown-pods", None) == pods
    assert set(actions) == {"cluster", "namespace", "pods", "pods-tools", "policies", "policies-tools"}
    assert all(action == policies for action in actions.values())


@pytest.mark.parametrize("name", ["o'brien", "\\", "a'] || true || ['", "тест", "\U0001f600", 'x"\n+y', "${x", "{0}"])
def test_names_stay_texts(name: str) -> None:
    """A writer's name with marks of CEL, YAML or of anything else is a name: it opens nothing to others."""
    raw = copy.deepcopy(CATALOG)
    raw["guard"]["writers"] = [{"kind": "User", "name": name}]
    if "${" in name:
        return
    guard = guard_of(raw)
    (network,) = (kind for kind in kinds() if kind.group == "networking.k8s.io")
    asking = Asking(network)
    ours = asking.ours("a", FORMS["networking.k8s.io", "NetworkPolicy"][0])

    assert guarding.refused(guard, asking.ask("CREATE", (name, ()), ours)) == ""
    assert "none of guard.writers" in guarding.refused(guard, asking.ask("CREATE", OUTSIDER, ours))
    assert json.dumps(guard).isascii()


def test_many_servers_are_many_lists() -> None:
    """No expression is longer than an API server reads, and pods of the first and the last server pass."""
    names = [f"server-with-a-long-name-{number:05}" for number in range(4000)]
    raw = {**CATALOG, "servers": {name: {"runtime": "containerized"} for name in names}, "workloads": {}}
    guard = guard_of(raw)
    texts = [one["expression"] for doc in guard for one in doc["spec"].get("variables", ())]

    assert 30_000 < max(map(len, texts)) < 60_000
    for name, said in ((names[0], ""), (names[-1], ""), ("server", "has labels that no server")):
        asked = ROWS["Pod: a server's"].request
        one = copy.deepcopy(asked.object)
        assert one is not None
        one["metadata"]["labels"] = {"app": name}
        assert said in guarding.refused(guard, asked._replace(object=one))
