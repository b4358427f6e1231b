"""`mcpfence check` on objects of a gateway: other people's defects, and drift of our own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gateways.guide import SAID, guide
from gateways.mutations import CHANGES, GUARDED, HARMLESS, RIVALS, service
from gateways.shapes import SHAPES, catalog
from helpers import objects, run_cli
from mcpfence.kube.manifest import floor_policy

Raw = dict[str, Any]


OTHER: Raw = {"name": "other", "port": 80}


def _check(tmp_path: Path, manifests: list[Raw], raw: Raw) -> tuple[int, list[str]]:
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(raw))
    (tmp_path / "manifests.yaml").write_text(yaml.safe_dump_all([floor_policy("mcp"), *manifests]))
    files = "-f", str(tmp_path / "values.yaml"), str(tmp_path / "manifests.yaml")
    outcome = run_cli("check", "--allow-empty", *files)
    lines = outcome.stderr.splitlines()
    ids = ("defect-", "gateway-drift", "gateway-rival", "leftover")
    return outcome.code, [line for line in lines if any(id in line for id in ids)]


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
    assert (
        "servers.a.gateway: AuthPolicy mcp/a is not what the catalog gives: "
        "spec.rules.authorization.tool-access-check is missing; " in line
    )
    assert _check(tmp_path, list(defaulted.values()), raw) == (0, [])
    code, (line,) = _check(tmp_path, list(doubled.values()), raw)
    assert code == 1
    assert line.startswith("error: AuthPolicy mcp/b: it is for HTTPRoute mcp/a as AuthPolicy mcp/a is, and only one ")


def test_check_sees_a_registration_that_is_left_over(tmp_path: Path) -> None:
    """A server that was taken out of the catalog must not stay at the gateway."""
    raw = SHAPES["oidc for one server alone"]
    fewer = catalog({"a": raw["servers"]["a"] | {"gateway": {**raw["servers"]["a"]["gateway"], "service": OTHER}}})
    documents = [*objects(fewer).values(), *(one for one in objects(raw).values() if one["metadata"]["name"] == "b")]
    services = [service(name, selector={"app": name}) for name in ("svc", "other")]
    code, lines = _check(tmp_path, [*documents, *services], fewer)

    assert code == 0
    assert {line.partition(": was made")[0] for line in lines} >= {
        *("warning: HTTPRoute mcp/b", "warning: MCPServerRegistration mcp/b"),
    }


# --- what somebody changed, and what stands beside ours ---


def _values(tmp_path: Path) -> str:
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(GUARDED))
    return str(tmp_path / "values.yaml")


def _said(tmp_path: Path, documents: list[Raw], *, stdin: bool) -> tuple[int, set[str]]:
    """What `check` says of these manifests, in a file or on stdin, but for known defects and what is no error."""
    text = yaml.safe_dump_all([floor_policy("mcp"), *documents])
    (tmp_path / "manifests.yaml").write_text(text)
    source = "-" if stdin else str(tmp_path / "manifests.yaml")
    outcome = run_cli("check", "-f", _values(tmp_path), source, stdin=text.encode() if stdin else b"")
    lines = outcome.stderr.splitlines()
    return outcome.code, {line for line in lines if line.startswith("error: ") and "[defect-" not in line}


@pytest.mark.parametrize(("name", "change", "place"), CHANGES.values(), ids=CHANGES)
def test_check_names_what_was_changed(name: str, change: Any, place: str, tmp_path: Path) -> None:
    """Each change of our own rendered manifests is an error that names the object and the place."""
    documents = objects(GUARDED)
    change(documents[name])
    kind, _, rest = name.partition(" ")
    namespace = documents[name]["metadata"]["namespace"]
    code, (line, *more) = _said(tmp_path, list(documents.values()), stdin=False)

    assert code == 1
    assert not more
    assert f"{kind} {namespace}/{rest} is not what the catalog gives: {place}" in line
    assert line.endswith("; render again and apply: these manifests are not what the catalog gives [gateway-drift]")


@pytest.mark.parametrize(("beside", "said"), RIVALS.values(), ids=RIVALS)
def test_check_finds_rivals(beside: list[Raw], said: str, tmp_path: Path) -> None:
    """Each of them, as a cluster prints it, and nothing else."""
    assert _said(tmp_path, [*objects(GUARDED).values(), *beside], stdin=True) == (1, {f"error: {said}"})


@pytest.mark.parametrize("beside", HARMLESS.values(), ids=HARMLESS)
def test_check_passes_neighbours(beside: list[Raw], tmp_path: Path) -> None:
    """What opens nothing of ours may stand there."""
    assert _said(tmp_path, [*objects(GUARDED).values(), *beside], stdin=True)[1] == set()


def test_a_file_and_stdin_are_alike(tmp_path: Path) -> None:
    """The same errors of the same manifests."""
    documents = [*objects(GUARDED).values(), *RIVALS["a second route"][0], *RIVALS["overrides on the Gateway"][0]]
    found = _said(tmp_path, documents, stdin=True)

    assert len(found[1]) == 2
    assert _said(tmp_path, documents, stdin=False) == found


def test_the_gateways_policy_of_others_gateway(tmp_path: Path) -> None:
    """Where somebody else makes the Gateway, our policy for it is missed all the same."""
    documents = objects(GUARDED)
    del documents["AuthPolicy mcp-gateway-mcp"], documents["Gateway mcp-gateway"]
    code, (line,) = _said(tmp_path, list(documents.values()), stdin=False)

    assert code == 1
    assert (
        "AuthPolicy gateway-system/mcp-gateway-mcp is not among the manifests, and Gateway mcp-gateway needs it; "
        in line
    )


def test_rights_that_are_left_over(tmp_path: Path) -> None:
    """Users whose rights were taken out of the catalog keep them until somebody deletes the binding."""
    raw = SHAPES["every key of a registration"]
    fewer = {**raw, "servers": {"b": raw["servers"]["b"]}}
    _, lines = _check(tmp_path, list(objects(raw).values()), fewer)

    assert {
        f"warning: {kind} shop/mcp-gateway-a-read: was made by mcpfence for something that the catalog does not have; "
        "delete it, unless another release made it [leftover]"
        for kind in ("Role", "RoleBinding")
    } <= set(lines)
