"""Known defects of other people's gateway manifests are told by name; ours have none (test_objects)."""

from __future__ import annotations

from typing import Any

import pytest

from gateways.guide import HOST, SAID, changed, encoded, guide
from gateways.shapes import SHAPES
from helpers import objects
from mcpfence.findings.table import Severity
from mcpfence.gateways.kuadrant.defects import defects
from mcpfence.gateways.kuadrant.objects import find
from tooling import ROOT

Raw = dict[str, Any]


def _said(documents: list[Raw]) -> set[str]:
    return {f"{item.message} [{item.id}]" for item in defects(documents, "default")}


def _ids(documents: list[Raw]) -> set[str]:
    return {item.id for item in defects(documents, "default")}


def test_every_defect_of_the_guide() -> None:
    """The whole sentences."""
    assert _said(guide()) == SAID


def test_the_guide_as_a_cluster_prints_it() -> None:
    """Secrets in base64, everything in one List: the same."""
    assert _said([{"apiVersion": "v1", "kind": "List", "items": encoded(guide())}]) == SAID


def test_no_value_of_a_secret_is_said() -> None:
    """Not even where the value is what is wrong."""
    assert "c29tZTpjbGllbnQ" not in str(defects(guide(), "default"))
    assert "c29tZTpjbGllbnQ" not in str(defects(encoded(guide()), "default"))


def _set(path: str, value: Any) -> Any:
    def change(document: Raw) -> None:
        *steps, last = [int(step) if step.isdigit() else step for step in path.split("/")]
        place: Any = document
        for step in steps:
            place = place[step]
        if value is ...:
            del place[last]
        else:
            place[last] = value

    return change


_PREDICATE = "spec/rules/authorization/tool-access-check/patternMatching/patterns/0/predicate"

MENDED: dict[str, tuple[str, Any, set[str]]] = {
    # what: (kind, change, the defects that are gone)
    "the Secret where Authorino reads it": (
        "Secret",
        _set("metadata/namespace", "kuadrant-system"),
        {"defect-secret-namespace"},
    ),
    "the Secret without the word": ("Secret", _set("stringData/client", "c29tZTpjbGllbnQ="), {"defect-basic-twice"}),
    "no prefix in the policy": (
        "AuthPolicy",
        _set("spec/rules/metadata/oauth-token-exchange/http/credentials", ...),
        {"defect-basic-twice"},
    ),
    "one name": ("MCPServerRegistration", _set("metadata/name", "kube"), {"defect-name"}),
    "v1": ("MCPServerRegistration", _set("apiVersion", "mcp.kuadrant.io/v1"), {"defect-version"}),
    "a guard": (
        "AuthPolicy",
        _set(
            "spec/rules/authorization/tool-access-check/when",
            [{"predicate": "request.headers.exists(h, h == 'x-mcp-toolname')"}],
        ),
        {"defect-unguarded"},
    ),
    "a guard in the predicate": (
        "AuthPolicy",
        _set(
            _PREDICATE,
            "'x-mcp-toolname' in request.headers && request.headers['x-mcp-toolname'] in auth.identity.roles",
        ),
        {"defect-unguarded"},
    ),
    "roles with their kind": (
        "AuthPolicy",
        _set(_PREDICATE, "('tool:' + request.headers['x-mcp-toolname']) in auth.identity.roles"),
        {"defect-role-name"},
    ),
    "the port's name": ("ServiceEntry", _set("spec/ports/0/name", "http"), {"defect-port-name"}),
    "the port's protocol": ("ServiceEntry", _set("spec/ports/0/protocol", "HTTPS"), {"defect-port-name"}),
    "another role": ("ClusterRoleBinding", _set("roleRef/name", "view"), {"defect-cluster-admin"}),
    "an account": (
        "ClusterRoleBinding",
        _set("subjects", [{"kind": "ServiceAccount", "name": "helm", "namespace": "kube-system"}]),
        {"defect-cluster-admin"},
    ),
    "a Service of the cluster": ("Service", _set("spec", {"selector": {"app": "kube"}}), {"defect-external-name"}),
}


@pytest.mark.parametrize(("kind", "change", "gone"), MENDED.values(), ids=MENDED)
def test_mended(kind: str, change: Any, gone: set[str]) -> None:
    """Each defect goes when it is mended, and no other one comes or goes."""
    assert _ids(guide()) - _ids(changed(kind, change)) == gone
    assert _ids(changed(kind, change)) <= _ids(guide())


BROKEN: dict[str, tuple[str, Any, str]] = {
    # what: (kind, change, what is said more)
    "two rules": (
        "HTTPRoute",
        lambda document: document["spec"]["rules"].append(document["spec"]["rules"][0]),
        "HTTPRoute apps/kube: the route of a registered server has 2 rules, 2 back-ends and 1 hostnames, and the "
        "controller takes one rule and one back-end; write a route of its own for each server, with a hostname "
        "[defect-route]",
    ),
    "no hostname": (
        "HTTPRoute",
        _set("spec/hostnames", ...),
        "HTTPRoute apps/kube: the route of a registered server has 1 rules, 1 back-ends and 0 hostnames, and the "
        "controller takes one rule and one back-end; write a route of its own for each server, with a hostname "
        "[defect-route]",
    ),
    "another kind of back-end": (
        "HTTPRoute",
        _set("spec/rules/0/backendRefs/0/kind", "ServiceImport"),
        'HTTPRoute apps/kube: the controller knows back-ends of kind Service and Hostname, not "ServiceImport"; '
        "write one of them [defect-route]",
    ),
    "another hostname than the external one": (
        "HTTPRoute",
        _set("spec/hostnames", ["kube.mcp.local"]),
        f'HTTPRoute apps/kube: calls go to {HOST}, past the route with "kube.mcp.local" and past its AuthPolicy; '
        "write a Hostname back-end with ServiceEntry and DestinationRule, or the external hostname in the route "
        "[defect-external-bypass]",
    ),
    "a Hostname back-end without TLS": (
        "HTTPRoute",
        _set("spec/rules/0/backendRefs/0", {"group": "networking.istio.io", "kind": "Hostname", "name": HOST}),
        f'HTTPRoute apps/kube: no DestinationRule starts TLS to "{HOST}", so Envoy would speak plain HTTP to it; '
        "add a DestinationRule with tls {mode: SIMPLE, sni: HOST} [defect-tls]",
    ),
    "a hyphen in the prefix": (
        "MCPServerRegistration",
        _set("spec/prefix", "my-kube_"),
        'MCPServerRegistration apps/kube-server: "my-kube_" is no prefix that the API takes; '
        "write lower-case letters, digits and _ [defect-prefix]",
    ),
    "the old name of the prefix": (
        "MCPServerRegistration",
        _set("spec/toolPrefix", "kube_"),
        "MCPServerRegistration apps/kube-server: toolPrefix was renamed in 2026, so the tools have no prefix; "
        "write prefix [defect-prefix]",
    ),
    "a target elsewhere": (
        "MCPServerRegistration",
        _set("spec/targetRef/namespace", "other"),
        "MCPServerRegistration apps/kube-server: its targetRef names namespace other, and the controller looks in apps "
        "alone; put route and registration into one namespace [defect-target]",
    ),
    "a target that is not there": (
        "MCPServerRegistration",
        _set("spec/targetRef/name", "cube"),
        'MCPServerRegistration apps/kube-server: its route "cube" is not among the routes of namespace apps; '
        "put route and registration into one namespace [defect-target]",
    ),
    "a policy elsewhere": (
        "AuthPolicy",
        _set("metadata/namespace", "gateway-system"),
        "AuthPolicy gateway-system/kube-auth: it protects nothing: it is for HTTPRoute kube of its own namespace, and that "
        "one is in apps; put it into namespace apps [defect-policy-namespace]",
    ),
    "an exemption of any query": (
        "AuthPolicy",
        _set("spec/when", [{"predicate": "!request.path.contains('/.well-known')"}]),
        "AuthPolicy apps/kube-auth: what has that text anywhere in path or query is not checked, /mcp?/.well-known "
        "included; write !request.path.startsWith('/.well-known/oauth-protected-resource') [defect-exemption]",
    ),
    "a credential without its label": (
        "MCPServerRegistration",
        _set("spec/credentialRef", {"name": "token-exchange"}),
        "Secret apps/token-exchange: credentialRef of MCPServerRegistration apps/kube-server names it, and it lacks the "
        'label without which it is not read; add mcp.kuadrant.io/secret: "true" [defect-secret-label]',
    ),
}


@pytest.mark.parametrize(("kind", "change", "said"), BROKEN.values(), ids=BROKEN)
def test_broken(kind: str, change: Any, said: str) -> None:
    """What else the hard rules refuse, each with its own sentence."""
    assert said not in _said(guide())
    assert said in _said(changed(kind, change))


def test_prefixes_of_two_registrations() -> None:
    """The gateway drops one of two servers with one prefix, and older releases do not say so."""
    more = changed("MCPServerRegistration", _set("metadata/name", "other"))
    said = (
        'MCPServerRegistration apps/other: its prefix "kube_" is that of MCPServerRegistration apps/kube-server too, '
        "and the gateway drops one of them; write another prefix; it cannot be changed later [defect-prefix]"
    )

    assert said in _said([*guide(), *(one for one in more if one["kind"] == "MCPServerRegistration")])


def test_hostname_of_no_listener() -> None:
    """Where the Gateway is among the manifests its listeners are looked at; * is one label to the controller."""
    gateway = objects(SHAPES["everything created"])["Gateway mcp-gateway"]
    said = (
        f'HTTPRoute apps/kube: "{HOST}" does not belong to any listener of Gateway gateway-system/mcp-gateway '
        "(* stands for one label); write a hostname of that listener [defect-listener]"
    )

    assert said in _said([*guide(), gateway])
    assert "defect-listener" not in _ids([*objects(SHAPES["everything created"]).values()])


_TARGET = (
    "MCPServerRegistration {0}/kube-server: whether it and HTTPRoute kube lie in one namespace is not known: {1} names "
    "none, and was taken for {2}; check again with -n {3} [namespace-assumed]"
)
_ASKED = "NAMESPACE, as kustomize or kubectl apply has it"
_KUSTOMIZATION = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "namespace": "apps"}


def _homeless(*kinds: str) -> list[Any]:
    """The guide, with objects of these kinds that name no namespace."""
    documents = guide()
    for document in documents:
        if document["kind"] in kinds:
            document["metadata"].pop("namespace", None)
    return documents


@pytest.mark.parametrize(
    ("kinds", "more", "said"),
    [
        (["HTTPRoute"], [], _TARGET.format("apps", "HTTPRoute kube", "default", _ASKED)),
        (["HTTPRoute"], [_KUSTOMIZATION], _TARGET.format("apps", "HTTPRoute kube", "default", "apps, as the kustomization has it")),
        (["HTTPRoute"], [_KUSTOMIZATION, {**_KUSTOMIZATION, "namespace": "b"}], _TARGET.format("apps", "HTTPRoute kube", "default", _ASKED)),
        (["MCPServerRegistration"], [], _TARGET.format("default", "MCPServerRegistration kube-server", "default", _ASKED)),
        (["AuthPolicy"], [], "AuthPolicy default/kube-auth: whether it and HTTPRoute kube lie in one namespace is not known: AuthPolicy kube-auth names none, and was taken for default; check again with -n NAMESPACE, as kustomize or kubectl apply has it [namespace-assumed]"),
    ],
    ids=["route", "kustomization", "two of them", "registration", "policy"],
)  # fmt: skip
def test_what_names_no_namespace_is_not_decided(kinds: list[str], more: list[Any], said: str) -> None:
    """Where kustomize or kubectl apply -n places an object no defect is claimed: a note says how to check."""
    documents = [*_homeless(*kinds), *more]

    assert said in _said(documents)
    assert not {"defect-target", "defect-policy-namespace"} & _ids(documents)


def test_a_secret_without_a_namespace_is_not_decided() -> None:
    """Authorino reads its own namespace, and this Secret may be in it."""
    documents = _homeless("Secret")

    assert "defect-secret-namespace" not in _ids(documents)
    assert "namespace-assumed" in _ids(documents)


ODD: list[Any] = [None, "x", 7, True, [], {}, [None], ["x"], {"x": []}, [{"x": 1}], [[]]]


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        found += _places(below, (*path, key))
    return found


def test_no_document_makes_it_stumble() -> None:
    """Manifests of others may hold anything anywhere: never a traceback, whatever stands in the place of what."""
    count = 0
    for number, document in enumerate(guide()):
        for path in _places(document):
            for value in ODD:
                documents = guide()
                place: Any = documents[number]
                for step in path[:-1]:
                    place = place[step]
                place[path[-1]] = value
                defects(documents, "default")
                count += 1

    assert count > 1000


def test_objects_of_other_groups_are_not_looked_at() -> None:
    """A kind of the same name in another API group means something else."""
    other = [{**document, "apiVersion": "example.com/v1"} for document in guide()]

    assert defects(other, "default") == []
    assert find([*other, None, [], "x"], "default").by_kind == {}


# --- through check ---


def test_docs_have_a_row_for_each_defect() -> None:
    """docs/gateways.md says of each defect what happens and what is emitted instead."""
    from mcpfence.findings.table import TABLE

    text = (ROOT / "docs" / "gateways.md").read_text(encoding="utf-8")
    missing = [id for id in TABLE if id.startswith("defect-") and f"| `{id}` |" not in text]

    assert missing == []
    assert {TABLE[id].severity for id in TABLE if id.startswith("defect-")} == {Severity.ERROR, Severity.WARNING}
