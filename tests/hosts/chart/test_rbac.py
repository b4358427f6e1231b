"""Who may do what in the servers' namespace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from charting import RULES, Charting, Document, kinds, meta, one
from find_helm import Helm


@pytest.fixture
def charting(helm: Helm, tmp_path: Path) -> Charting:
    """The chart under each helm."""
    return Charting(helm, tmp_path)


@pytest.mark.parametrize(
    ("rbac", "account", "subject"),
    [
        (
            {"create": True},
            meta("rel-mcpfence", "ns"),
            {"kind": "ServiceAccount", "name": "rel-mcpfence", "namespace": "ns"},
        ),
        (
            {"serviceAccount": {"annotations": {"iam": "role"}}},
            {**meta("rel-mcpfence", "ns"), "annotations": {"iam": "role"}},
            {"kind": "ServiceAccount", "name": "rel-mcpfence", "namespace": "ns"},
        ),
        (
            {"serviceAccount": {"name": "deployer", "annotations": {"iam": "role"}}},
            {**meta("deployer", "ns"), "annotations": {"iam": "role"}},
            {"kind": "ServiceAccount", "name": "deployer", "namespace": "ns"},
        ),
        (
            {"serviceAccount": {"create": False, "name": "theirs"}},
            None,
            {"kind": "ServiceAccount", "name": "theirs", "namespace": "ns"},
        ),
        (
            {"subject": {"kind": "ServiceAccount", "name": "obot", "namespace": "obot"}},
            None,
            {"kind": "ServiceAccount", "name": "obot", "namespace": "obot"},
        ),
        (
            {"subject": {"kind": "ServiceAccount", "name": "obot"}},
            None,
            {"kind": "ServiceAccount", "name": "obot", "namespace": "ns"},
        ),
        (
            {"subject": {"kind": "Group", "name": "oidc:platform"}},
            None,
            {"kind": "Group", "name": "oidc:platform", "apiGroup": "rbac.authorization.k8s.io"},
        ),
    ],
    ids=["own", "own, annotated", "own, named", "existing account", "subject elsewhere", "subject here", "group"],
)
def test_who_gets_the_role(
    charting: Charting, rbac: dict[str, Any], account: Document | None, subject: dict[str, str]
) -> None:
    """The role goes to the release's own account, an existing one, or any other subject, never to two of them."""
    documents = charting.template({"rbac": rbac})

    binding = one(documents, "RoleBinding")
    assert binding["subjects"] == [subject]
    assert binding["metadata"] == one(documents, "Role")["metadata"] == meta("rel-mcpfence", "rel-mcp")
    assert binding["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "rel-mcpfence"}
    assert [item["metadata"] for item in documents if item["kind"] == "ServiceAccount"] == (
        [account] if account else []
    )


@pytest.mark.parametrize(
    "rbac",
    [
        {},
        {"create": "auto"},
        {"create": None},
        {"serviceAccount": {"create": False}},
        {"create": False},
        {"create": False, "subject": {"kind": "Group", "name": "platform"}},
    ],
    ids=str,
)
def test_nobody_gets_rights_unless_named(charting: Charting, rbac: dict[str, Any]) -> None:
    """Where nobody is named, or rbac.create is false, there is neither an account nor a role nor a binding."""
    assert kinds(charting.template({"rbac": rbac})) == ["Namespace", "NetworkPolicy", "ConfigMap"]


def test_extra_rules_are_added(charting: Charting) -> None:
    """rbac.extraRules stand behind the chart's own rules, which stay as they are."""
    rule = {"apiGroups": ["batch"], "resources": ["jobs"], "resourceNames": ["nightly"], "verbs": ["get"]}

    assert one(charting.template({"rbac": {"extraRules": [rule]}}), "Role")["rules"] == [*RULES, rule]


def test_no_rule_of_the_chart_reaches_the_fences() -> None:
    """Whoever deploys servers must not be able to move their fences, so no rule covers networkpolicies."""
    covered = {(group, resource) for rule in RULES for group in rule["apiGroups"] for resource in rule["resources"]}

    assert not {group for group, _ in covered} & {"networking.k8s.io", "*"}
    assert "*" not in {resource for _, resource in covered}
