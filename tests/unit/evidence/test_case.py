"""The case: only what is proven becomes one."""

from __future__ import annotations

from typing import Any

import pytest

from mcpfence.evidence.case import RENDERED, GivenManifests
from mcpfence.findings.finding import McpfenceError
from packing import CATALOG, case_of


def _refused(raw: dict[str, Any], given: GivenManifests | None = None) -> list[str]:
    with pytest.raises(McpfenceError) as bad:
        case_of(raw, given)
    return [one.message for one in bad.value.findings if one.severity.value == "error"]


def test_the_manifests_are_the_bytes_of_the_render() -> None:
    """What is certified is what `render --policies-only` prints."""
    case = case_of()

    assert case.files == {RENDERED: b"".join(case.rendering.chunks)}


def test_a_catalog_with_errors_is_no_case() -> None:
    """Nor is one that fences nothing."""
    assert _refused({**CATALOG, "servers": {"a": {"runtime": "npx", "x": 1}}}) != []
    assert _refused({**CATALOG, "servers": {}}) == [
        "servers: the catalog has no server or workload with pods, so there is nothing to certify; "
        "declare them, or name the right values file"
    ]


def test_given_manifests_are_proven_like_a_render() -> None:
    """Manifests that lack a policy of a server are not what the catalog says."""
    documents = [one.document for one in case_of().objects if "vault-egress" not in one.name]

    assert any("servers.vault: may reach" in one for one in _refused(CATALOG, GivenManifests({}, documents)))


def test_a_secret_has_no_place_in_a_pack() -> None:
    """It would be shown to whoever checks the pack."""
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "b"}}
    documents = [*(one.document for one in case_of().objects), secret]

    assert "Secret b/a: is a Secret, and a pack is made to be shown; leave its file out: no fence needs it" in _refused(
        CATALOG, GivenManifests({}, documents)
    )
