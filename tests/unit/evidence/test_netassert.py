"""NetAssert: a list of tests in the form of its version 2."""

from __future__ import annotations

from typing import Any

import yaml

from mcpfence.evidence.certificate import certify
from mcpfence.evidence.netassert import netassert
from mcpfence.reach.documents.objects import unroll
from packing import CATALOG, case_of

FIELDS = {"name", "type", "protocol", "targetPort", "timeoutSeconds", "attempts", "exitCode", "src", "dst"}


def read_back(raw: dict[str, Any] = CATALOG, *documents: Any) -> tuple[str, list[dict[str, Any]]]:
    """The text, and the tests in it."""
    case = case_of(raw)
    objects = [*case.objects, *unroll(documents).objects]
    text = netassert(certify(case).sent, objects, "home", by_name_shown=False).decode()
    return text, yaml.safe_load(text)


def test_each_test_has_the_fields_of_netassert() -> None:
    """Names are unique, exit codes are verdicts, ports are numbers: what its reader asks for."""
    _, found = read_back()

    assert all(set(one) == FIELDS for one in found)
    assert len({one["name"] for one in found}) == len(found)
    assert {(one["type"], one["protocol"], one["exitCode"]) for one in found} == {("k8s", "tcp", 1)}
    assert all(
        isinstance(one["targetPort"], int) and one["timeoutSeconds"] > 0 and one["attempts"] > 0 for one in found
    )
    assert found[0]["src"] == {"k8sResource": {"kind": "deployment", "name": "search", "namespace": "mcp"}}
    assert "169.254.169.254" in {one["dst"]["host"]["name"] for one in found}


def test_the_source_is_the_workload_among_the_manifests() -> None:
    """Where there is none a comment says that the source is a guess."""
    workload = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "search-0", "namespace": "mcp"},
        "spec": {
            "selector": {"matchLabels": {"app": "search"}},
            "template": {"metadata": {"labels": {"app": "search"}}, "spec": {"containers": [{"name": "a"}]}},
        },
    }
    text, found = read_back(CATALOG, workload)

    assert found[0]["src"] == {"k8sResource": {"kind": "statefulset", "name": "search-0", "namespace": "mcp"}}
    assert "is server search" not in text
    assert "# No workload among the manifests is server vault: where its pods are not those of Deployment vault" in text
