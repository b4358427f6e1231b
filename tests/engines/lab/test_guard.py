"""The guard at a real API server: every request of the table, and what applies, cleans up and changes policies there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from control_plane import NEWER
from guard_table import (
    CATALOG,
    ELSEWHERE,
    FENCED,
    HOST,
    MOVES,
    OPENS,
    OURS,
    OUTSIDER,
    RELABELS,
    SHARED,
    UNKNOWN,
    WRITERS,
    Row,
    rows,
)
from lab.api import Answer, Api, Document
from lab.guarded import (
    BUILT_IN,
    DRY,
    add_stubs,
    as_outsider,
    await_in_force,
    documents,
    guard_texts,
    send,
    store_old,
    wide,
)
from lab.manifests import stored_faults
from tooling import eventually

pytestmark = pytest.mark.parametrize("programs", ["", NEWER], indirect=True, ids=["1.36", NEWER])
"""Every test here, against each API server."""

ROWS: dict[str, Row] = {name: row for name, row in rows().items() if row.request.group != BUILT_IN[1]}


@pytest.fixture(scope="module", name="guarded")
def _guarded(bare_api: Api) -> Iterator[Api]:
    """A server with what the requests are about, and behind that the guard of the table's catalog in force."""
    add_stubs(bare_api)
    for namespace in (FENCED, SHARED, ELSEWHERE):
        bare_api.make_namespace(namespace)
    store_old(bare_api, [row.request for row in ROWS.values()])
    texts = guard_texts(CATALOG)
    defaults = {"+ status", *(f"+ spec.matchConstraints.{key}Selector" for key in ("namespace", "object"))}
    faults = [fault for text in texts for fault in stored_faults(bare_api, text, defaults)]
    assert faults == []
    await_in_force(bare_api, FENCED)
    for row in _one_of_each():
        eventually(partial(_says, bare_api, row), f"{row.refusal}: not in force")
    yield bare_api
    for document in reversed(documents(texts)):
        bare_api.delete(document)


def _one_of_each() -> Iterator[Row]:
    """A row that each policy of the guard refuses."""
    for refusal in (HOST, MOVES, OURS, UNKNOWN, RELABELS):
        yield next(row for row in ROWS.values() if row.refusal == refusal)
    for namespace in ("", SHARED):
        yield next(row for row in ROWS.values() if (row.refusal, row.request.namespace) == (OPENS, namespace))


def _says(api: Api, row: Row) -> bool:
    return row.refusal in send(api, row.request).message


def _judged(answer: Answer, row: Row) -> str:
    """What is wrong with an answer; nothing where it is what the table says."""
    if not row.refusal:
        return "" if answer.ok else answer.message
    refused = answer.status == 403 and "ValidatingAdmissionPolicy" in answer.message and row.refusal in answer.message
    return "" if refused else f"{answer.status} {answer.message}"


def test_requests(guarded: Api) -> None:
    """Every kind, verb and writer: what the table says is what the API server does."""
    wrong = {name: said for name, row in ROWS.items() if (said := _judged(send(guarded, row.request), row))}

    assert len(ROWS) > 300
    assert wrong == {}


def _applied(api: Api, document: Document, who: tuple[str, Any], manager: str, **query: str) -> Answer:
    """Server-side apply."""
    how: Any = {"content_type": "application/apply-patch+yaml", "user": who[0], "groups": who[1]}
    return api.request("PATCH", api.path(document), document, query={"fieldManager": manager, **query}, **how)


def test_server_side_apply(guarded: Api) -> None:
    """As kubectl and Argo CD apply: writers pass, with force as well, others do not, whether it creates or changes."""
    labels = {"app.kubernetes.io/part-of": "mcpfence", "mcpfence.io/server": "github"}
    ours = wide(FENCED, "mcp-server-github-egress")
    ours["metadata"]["labels"] = labels
    other = {**ours, "spec": {**ours["spec"], "egress": []}}

    refused = _applied(guarded, ours, OUTSIDER, "kubectl")
    assert (refused.status, OPENS in refused.message) == (403, True)
    assert _applied(guarded, ours, WRITERS["account"], "argocd-controller").status == 201
    assert _applied(guarded, ours, WRITERS["account"], "argocd-controller").status == 200
    for force in ("false", "true"):
        said = _applied(guarded, other, OUTSIDER, "kubectl", force=force)
        assert (said.status, force) in ((409, "false"), (403, "true")), said.message
    assert _applied(guarded, other, WRITERS["user"], "kubectl", force="true").ok
    unlabelled = _applied(guarded, wide(FENCED, "mine"), WRITERS["user"], "kubectl")
    assert (unlabelled.status, "not one that mcpfence rendered" in unlabelled.message) == (403, True)
    assert _applied(guarded, ours, OUTSIDER, "kubectl", **DRY, force="true").status == 403
    assert guarded.request("DELETE", guarded.path(ours), user="helm", groups=WRITERS["user"][1]).ok


def test_a_namespace_can_end(guarded: Api) -> None:
    """What the namespace's controller does when somebody deletes it passes, policies of ours included."""
    user = "system:serviceaccount:kube-system:namespace-controller"
    who: Any = {"user": user, "groups": ("system:masters",)}
    ours = wide(SHARED, "mcp-workload-queue-egress")
    ours["metadata"]["labels"] = {"app.kubernetes.io/part-of": "mcpfence", "mcpfence.io/workload": "queue"}
    assert guarded.request("POST", guarded.path(ours, name=False), ours, user="helm", groups=("system:masters",)).ok
    policies = f"/apis/networking.k8s.io/v1/namespaces/{SHARED}/networkpolicies"

    refused = guarded.request("DELETE", policies, user="bob", groups=("system:masters",))
    assert (refused.status, OURS in refused.message) == (403, True)
    deleted = guarded.request("DELETE", f"/api/v1/namespaces/{SHARED}", user="bob", groups=("system:masters",))
    assert deleted.ok
    for path in (policies, f"/api/v1/namespaces/{SHARED}/pods"):
        assert guarded.request("DELETE", path, **who).ok
    assert guarded.items("networking.k8s.io/v1", "NetworkPolicy", SHARED) == []
    body = guarded.request("GET", f"/api/v1/namespaces/{SHARED}").body
    ended = guarded.request("PUT", f"/api/v1/namespaces/{SHARED}/finalize", {**body, "spec": {"finalizers": []}}, **who)
    assert ended.ok, ended.message


def test_break_glass(guarded: Api) -> None:
    """A binding that is deleted, as the page says, lets others write; put back it refuses again."""
    name = f"mcpfence-{FENCED}-policies"
    (binding,) = (
        one
        for one in documents(guard_texts(CATALOG))
        if one["kind"].endswith("Binding") and one["metadata"]["name"] == name
    )
    assert guarded.delete(binding).ok
    eventually(lambda: as_outsider(guarded, "POST", wide(FENCED), query=DRY).ok, "the binding is still in force")
    assert guarded.create(binding).ok
    await_in_force(guarded, FENCED)
