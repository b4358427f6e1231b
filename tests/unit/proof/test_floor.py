"""The floor on every path: what stands beside a catalog may not open it, and the chart's stream may not lose it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from edges import CATALOG, NAMESPACE, RELEASE, carrier, values_file
from helpers import run_cli
from krm import function_config, resource_list
from mcpfence.findings.finding import McpfenceError
from mcpfence.kube.manifest import floor_policy
from mcpfence.streams.post_render import Given, post_render

Raw = dict[str, Any]

GIVEN = Given(raw=CATALOG, release=RELEASE, namespace=NAMESPACE)
FLOOR = floor_policy("demo-mcp")
HOME: Raw = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo-mcp"}}
PODS = "pods of namespace demo-mcp that are no server or workload"
OPEN = (
    f"mcpNamespace.networkPolicy.enabled: the floor is open: {PODS} may reach 169.254.169.254 TCP 443, since "
    "spec.egress[0] of NetworkPolicy demo-mcp/jobs lets it through; remove spec.egress[0] of NetworkPolicy demo-mcp/jobs, "
    "or narrow what it selects to the pods that need it [floor-drift]"
)
REMEDY = (
    "render the whole chart, and let nothing take its floor out; "
    "where something else denies by default there, write mcpNamespace.networkPolicy.enabled: false [floor-drift]"
)
GONE = {
    "mcpNamespace.networkPolicy.enabled: the floor (NetworkPolicy demo-mcp/mcp-default-deny) is missing or does not "
    f"select every pod: {PODS} {does}; {REMEDY}"
    for does in ("may be reached by 10.0.0.1 TCP 443", "may reach 169.254.169.254 TCP 443")
}


def jobs(**selector: Any) -> Raw:
    """A policy of the fenced namespace for pods that are no server."""
    meta = {"name": "jobs", "namespace": "demo-mcp"}
    spec = {"podSelector": selector, "policyTypes": ["Egress"], "egress": [{}]}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}


def label(key: str, operator: str) -> Raw:
    """An expression of a selector."""
    return {"key": key, "operator": operator}


UNNAMED = jobs(matchExpressions=[label("job-name", "Exists"), label("app", "DoesNotExist")])


def pieces(*documents: Raw) -> bytes:
    """Documents as a stream."""
    return b"".join(b"---\n" + yaml.safe_dump(one, sort_keys=False).encode() for one in documents)


def said(stream: bytes, **how: Any) -> set[str]:
    """Every error of a stream."""
    try:
        post_render(stream, **how)
    except McpfenceError as error:
        return {f"{one.message} [{one.id}]" for one in error.findings}
    return set()


def test_opened_on_every_path(tmp_path: Path) -> None:
    """A policy for pods that nobody named opens jobs and sandboxes, whatever path it takes."""
    assert said(pieces(UNNAMED) + carrier()) == {OPEN}
    assert said(pieces(HOME, FLOOR, UNNAMED) + carrier(floor=False)) == {OPEN}
    assert said(pieces(UNNAMED), given=GIVEN) == {OPEN}
    assert (
        f"error: spec.catalog.{OPEN}" in run_cli("krm", stdin=resource_list(UNNAMED, config=function_config())).stderr
    )
    (tmp_path / "m.yaml").write_bytes(b"".join(post_render(carrier()).chunks) + pieces(FLOOR, UNNAMED))
    files = ("-f", str(values_file(tmp_path, CATALOG)), str(tmp_path / "m.yaml"))
    done = run_cli("check", *files, "--release", RELEASE, "-n", NAMESPACE)
    assert (done.code, OPEN in done.stderr) == (1, True)


@pytest.mark.parametrize(
    "policy",
    [
        jobs(matchLabels={"app": "redis"}),
        jobs(matchLabels={"job": "a"}, matchExpressions=[label("app", "DoesNotExist")]),
    ],
    ids=["a label", "a label and the absence of another"],
)
def test_pods_that_somebody_named(policy: Raw) -> None:
    """A policy for pods of a label's value is somebody's decision."""
    assert said(pieces(policy) + carrier()) == set()
    assert said(pieces(policy), given=GIVEN) == set()


@pytest.mark.parametrize(
    ("documents", "found"),
    [
        ([HOME], GONE),
        ([HOME, {**FLOOR, "metadata": {"name": "mcp-default-deny", "namespace": "other"}}], GONE),
        ([HOME, FLOOR], set()),
        ([{"apiVersion": "v1", "kind": "List", "items": [FLOOR]}, HOME], set()),
        ([FLOOR], set()),
        ([], GONE),
        ([{**HOME, "metadata": {"name": "other"}}], GONE),
    ],
    ids=[
        "none",
        "of another namespace",
        "there",
        "in a list",
        "no namespace",
        "the carrier alone",
        "another namespace",
    ],
)
def test_gone_from_the_charts_stream(documents: list[Raw], found: set[str]) -> None:
    """What stands between the chart and us may have taken the floor out, and helm would remove it from the cluster.

    The chart brings it with every catalog, whoever makes the namespace.
    """
    assert said(pieces(*documents) + carrier(floor=False)) == found


def test_switched_off() -> None:
    """The catalog says that something else denies by default."""
    values = {**CATALOG, "mcpNamespace": {"networkPolicy": {"enabled": False}}}
    assert said(pieces(UNNAMED), given=GIVEN._replace(raw=values)) == set()
