"""`check` with manifests says whether the guard stands, and is what the catalog gives."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from guard_table import CATALOG
from helpers import NAMESPACE, RELEASE, rendered
from mcpfence.check.audit import audit
from mcpfence.kube.manifest import floor_policy
from mcpfence.kube.services import ServiceIndex

Documents = list[dict[str, Any]]

IDS = ("guard-drift", "guard-missing", "guard-off", "guard-stands", "leftover")


@pytest.fixture(name="documents")
def _documents() -> Documents:
    """What was rendered, with the floor."""
    found = [yaml.safe_load(item.text) for item in rendered(CATALOG).objects]
    return [floor_policy(CATALOG["mcpNamespace"]["name"]), *found]


def live(documents: Documents) -> Documents:
    """The same as a cluster gives it: with uids, and what the API server fills in."""
    found = copy.deepcopy(documents)
    for one in found:
        one["metadata"]["uid"] = "1"
        constraints = one.get("spec", {}).get("matchConstraints")
        if constraints is not None:
            constraints.setdefault("objectSelector", {})
            constraints.setdefault("namespaceSelector", {})
    return found


def said(documents: Documents, raw: Any = CATALOG) -> list[str]:
    """What is found of the guard."""
    found = audit(raw, documents, release=RELEASE, namespace=NAMESPACE, services=ServiceIndex())
    return [item.message for item in found if item.id in IDS]


def test_it_stands(documents: Documents) -> None:
    """In Git nothing is said; of a cluster that it stands."""
    assert said(documents) == []
    assert said(live(documents)) == [
        "guard.enabled: the guard stands as the catalog gives it: 7 policies, each in force",
    ]


def test_it_is_missing(documents: Documents) -> None:
    """Without bindings no policy is asked."""
    found = [one for one in documents if one["kind"] != "ValidatingAdmissionPolicyBinding"]
    sentence = (
        "guard.enabled: ValidatingAdmissionPolicyBinding mcpfence-mcp-servers-cluster and 6 more objects of the guard "
        "are not among the manifests, so nothing shows that it stands; apply them, or give check these kinds, too: "
        "validatingadmissionpolicies,validatingadmissionpolicybindings"
    )

    assert said(found) == said(live(found)) == [sentence]


def test_it_is_another_one(documents: Documents) -> None:
    """A writer more, an action less: named by its object."""
    found = live(documents)
    changed = next(one for one in found if one["metadata"]["name"] == "mcpfence-mcp-servers-policies")
    changed["spec"]["failurePolicy"] = "Ignore"

    assert said(found) == [
        "ValidatingAdmissionPolicy mcpfence-mcp-servers-policies: is not what the catalog gives, so the guard may let "
        "pass what it should refuse; render again and apply, and find out who changed it"
    ]


def test_a_catalog_without_one(documents: Documents) -> None:
    """Of a cluster it is recommended; what is left of an earlier one is a leftover."""
    raw = {key: value for key, value in CATALOG.items() if key != "guard"}
    bare = [one for one in documents if not one["kind"].startswith("Validating")]

    assert said(bare, raw) == []
    assert said(live(bare), raw) == [
        "the API server takes every policy that somebody adds beside the fences, and policies add up; write "
        "guard.enabled: true and guard.writers (docs/guard.md)"
    ]
    left = [message for message in said(documents, raw) if "was made by mcpfence" in message]
    assert len(left) == 14
