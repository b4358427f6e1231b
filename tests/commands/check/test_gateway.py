"""`mcpfence check` on objects of a gateway: other people's defects, and drift of our own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from gateways.guide import SAID, guide
from gateways.shapes import SHAPES, catalog
from helpers import objects, run_cli
from mcpfence.kube.manifest import floor_policy

Raw = dict[str, Any]


def _check(tmp_path: Path, manifests: list[Raw], raw: Raw) -> tuple[int, list[str]]:
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(raw))
    (tmp_path / "manifests.yaml").write_text(yaml.safe_dump_all([floor_policy("mcp"), *manifests]))
    files = "-f", str(tmp_path / "values.yaml"), str(tmp_path / "manifests.yaml")
    outcome = run_cli("check", "--allow-empty", *files)
    lines = outcome.stderr.splitlines()
    return outcome.code, [line for line in lines if "defect-" in line or "gateway-drift" in line or "leftover" in line]


def test_check_finds_the_guides_defects(tmp_path: Path) -> None:
    """`mcpfence check -f values.yaml MANIFESTS` says them, errors as errors."""
    code, lines = _check(tmp_path, guide(), {"servers": {}})

    assert code == 1
    assert {line.partition(": ")[2] for line in lines} == SAID
    assert len([line for line in lines if line.startswith("error: ")]) == 6


def test_check_accepts_what_render_gives(tmp_path: Path) -> None:
    """Rendered manifests against their own catalog: nothing."""
    for title in ("oidc", "token exchange", "everything created", "external https"):
        assert _check(tmp_path, list(objects(SHAPES[title]).values()), SHAPES[title]) == (0, []), title


def test_check_misses_a_policy(tmp_path: Path) -> None:
    """A route without the policy that the catalog wants on it is open to everybody."""
    raw = SHAPES["oidc for one server alone"]
    documents = list(objects(raw).values())
    left = [document for document in documents if document["kind"] != "AuthPolicy"]
    code, (line,) = _check(tmp_path, left, raw)

    assert code == 1
    assert line.endswith(
        "servers.a.gateway: AuthPolicy mcp/a is not among the manifests, and HTTPRoute a is; "
        "render again and apply: these manifests are not what the catalog gives [gateway-drift]"
    )


def test_check_sees_a_weaker_policy(tmp_path: Path) -> None:
    """Another issuer, a check less, a second policy on the same route; what the API server adds is no difference."""
    raw = SHAPES["oidc for one server alone"]
    weaker, defaulted, doubled = (objects(raw) for _ in range(3))
    del weaker["AuthPolicy a"]["spec"]["rules"]["authorization"]["tool-access-check"]
    defaulted["AuthPolicy a"]["spec"]["rules"]["authentication"]["oidc"]["priority"] = 0
    doubled["AuthPolicy b"] = {**doubled["AuthPolicy a"], "metadata": {"name": "b", "namespace": "mcp"}}

    code, (line,) = _check(tmp_path, list(weaker.values()), raw)
    assert code == 1
    assert "servers.a.gateway: AuthPolicy mcp/a is not what the catalog gives; " in line
    assert _check(tmp_path, list(defaulted.values()), raw) == (0, [])
    code, (line,) = _check(tmp_path, list(doubled.values()), raw)
    assert code == 1
    assert "AuthPolicy mcp/b: it is for the same target as a, and only one of them holds; remove it" in line


def test_check_sees_a_registration_that_is_left_over(tmp_path: Path) -> None:
    """A server that was taken out of the catalog must not stay at the gateway."""
    raw = SHAPES["oidc for one server alone"]
    fewer = catalog({"a": raw["servers"]["a"]})
    code, lines = _check(tmp_path, list(objects(raw).values()), fewer)

    assert code == 0
    assert {line.partition(": was made")[0] for line in lines} >= {
        *("warning: HTTPRoute mcp/b", "warning: MCPServerRegistration mcp/b"),
    }
