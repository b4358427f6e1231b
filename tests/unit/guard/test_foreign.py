"""Policies of the same stream that the guard would refuse are refused at the render, by the same judgement."""

from __future__ import annotations

from typing import Any

import pytest

from guard_table import CATALOG, CLUSTER_WIDE, ELSEWHERE, FENCED, FORMS, SHARED
from helpers import NAMESPACE, RELEASE, planned
from mcpfence.findings.finding import McpfenceError
from mcpfence.guard.foreign import refused_policies
from mcpfence.kube.services import index
from mcpfence.plan.fence import Fence
from mcpfence.reach.documents.objects import unroll
from mcpfence.render.pipeline import render

KINDS = sorted(FORMS)


def fences() -> list[Fence]:
    """The fences of the table's catalog, as far as the guard looks at them."""
    return list(planned(CATALOG).fences.values())


def told(kind: tuple[str, str], spec: Any, namespace: str) -> bool:
    """Whether an object in a namespace is refused."""
    metadata = {"name": "x"} if kind[1] in CLUSTER_WIDE else {"name": "x", "namespace": namespace}
    document = {"apiVersion": f"{kind[0]}/v1", "kind": kind[1], "metadata": metadata, "spec": spec}
    return bool(refused_policies(unroll([document]).objects, FENCED, fences(), "home"))


@pytest.mark.parametrize("kind", KINDS, ids=" ".join)
def test_it_agrees_with_the_expressions(kind: tuple[str, str]) -> None:
    """What the table's forms are to the API server they are here."""
    opening, closing, apart = FORMS[kind]

    assert told(kind, opening, FENCED)
    if closing is not None:
        assert not told(kind, closing, FENCED)
    if kind[1] in CLUSTER_WIDE:
        assert apart is None or not told(kind, apart, "")
    else:
        assert told(kind, opening, SHARED)
        assert not told(kind, opening, ELSEWHERE)
        assert apart is None or not told(kind, apart, SHARED)
        assert apart is None or told(kind, apart, FENCED)


def test_the_render_says_it() -> None:
    """A policy that the proof takes, and the API server would not, stops the render and not the release."""
    redis = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "redis", "namespace": FENCED},
        "spec": {"podSelector": {"matchLabels": {"app": "redis"}}, "ingress": [{}]},
    }

    def rendered(raw: Any) -> Any:
        return render(raw, release=RELEASE, namespace=NAMESPACE, services=index((), NAMESPACE), foreign=[redis])

    with pytest.raises(McpfenceError) as refused:
        rendered(CATALOG)
    assert [item.message for item in refused.value.findings if item.id == "guard-foreign"] == [
        "NetworkPolicy mcp-servers/redis: opens something and is not mcpfence's, so the guard of namespace mcp-servers "
        "would refuse it; declare what it is for (servers.NAME or workloads.NAME) and remove it, or remove guard.enabled"
    ]
    assert rendered({**CATALOG, "guard": {**CATALOG["guard"], "mode": "audit"}}).objects
