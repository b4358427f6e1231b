"""What the chart's Role grants, asked of the API server: every verb on every resource in every kind of namespace."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import pytest

from charting import RULES, Charting, one
from control_plane import ControlPlane
from lab.api import Answer, Api, Document
from tooling import eventually

VERBS = (
    *("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"),
    *("bind", "escalate", "impersonate", "use", "approve", "sign", "*"),
)
"""Those of the API, and those that exist for RBAC alone."""

IMPERSONATED = [("", "users"), ("", "groups"), ("", "serviceaccounts"), ("authentication.k8s.io", "userextras/scopes")]
WILDCARDS = [("*", "*"), ("", "*"), ("apps", "*"), ("networking.k8s.io", "*"), ("rbac.authorization.k8s.io", "*")]

EVERYBODY = {
    ("authorization.k8s.io", "selfsubjectaccessreviews", "create"),
    ("authorization.k8s.io", "selfsubjectrulesreviews", "create"),
    ("authentication.k8s.io", "selfsubjectreviews", "create"),
}
"""What Kubernetes itself grants to whoever has logged in, everywhere."""

Right = tuple[str, str, str]
"""API group, resource with its subresource, verb."""

_NUMBERS = itertools.count(1)


class Installed:
    """What the chart's RBAC comes to in a cluster: release `rel`, which lives in `home`, with servers in `fenced`."""

    def __init__(self, api: Api, chart: Charting, **rbac: Any) -> None:
        number = next(_NUMBERS)
        self.api = api
        self.fenced, self.other = f"rbac-{number}", f"rbac-{number}-other"
        documents = chart.template({"mcpNamespace": {"name": self.fenced}, "rbac": {"create": True, **rbac}})
        self.home = f"rbac-{number}-home"
        for namespace in (self.home, self.other):
            api.make_namespace(namespace)
        for document in documents:
            if document["kind"] in ("Namespace", "ServiceAccount", "Role", "RoleBinding", "ResourceQuota"):
                answer = api.create(_moved(document, self.home))
                assert answer.ok, answer.message
        self.role = one(documents, "Role")["metadata"]["name"]
        self.account = "system:serviceaccount:" + self.home + ":rel-mcpfence"
        self._settle(one(documents, "Role"), one(documents, "RoleBinding"))

    def _settle(self, role: Document, binding: Document) -> None:
        """Wait until the authorizer, which hears of new Roles a moment later, knows this one."""
        rule, subject = role["rules"][0], binding["subjects"][0]
        right = (rule["apiGroups"][0], rule["resources"][0], rule["verbs"][0])
        user = subject["name"]
        if subject["kind"] == "ServiceAccount":
            user = f"system:serviceaccount:{subject['namespace']}:{subject['name']}"
        groups = [subject["name"]] if subject["kind"] == "Group" else []
        eventually(lambda: self.allows(right, self.fenced, user, groups), "the authorizer does not hear of the Role")

    def allows(self, right: Right, namespace: str, user: str, groups: Sequence[str] = ()) -> bool:
        """What the authorizer tells this user, whom we impersonate; an empty namespace asks for what has none, or for all."""
        group, resource, verb = right
        plain, _, sub = resource.partition("/")
        attributes = {"namespace": namespace, "verb": verb, "group": group, "resource": plain, "subresource": sub}
        spec = {"resourceAttributes": attributes}
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec}
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        answer = self.api.request("POST", path, review, user=user, groups=["system:authenticated", *groups])
        assert answer.ok, answer.message
        return bool(answer.body["status"]["allowed"])

    def granted(self, rights: Sequence[Right], namespace: str, user: str, groups: Sequence[str] = ()) -> set[Right]:
        """Those of the rights that a user has in a namespace."""
        return {right for right in rights if self.allows(right, namespace, user, groups)}


def _moved(document: Document, home: str) -> Document:
    """The chart's document with the release's namespace, which is `ns` in all chart tests, under another name."""
    if document["metadata"].get("namespace") == "ns":
        document["metadata"]["namespace"] = home
    for subject in document.get("subjects", []):
        if subject.get("namespace") == "ns":
            subject["namespace"] = home
    return document


@pytest.fixture(scope="module")
def rights(api: Api) -> list[Right]:
    """Every verb on everything that the API server serves, subresources and the vendor's kinds included."""
    groups = api.request("GET", "/apis").body["groups"]
    versions = ["v1", *(group["preferredVersion"]["groupVersion"] for group in groups)]
    served = {(found.group, found.plural) for version in versions for found in api.resources(version)}
    asked = sorted(served | set(IMPERSONATED) | set(WILDCARDS))
    return [(group, resource, verb) for group, resource in asked for verb in VERBS]


@pytest.fixture(scope="module")
def installed(api: Api, chart: Charting) -> Installed:
    """The chart with its default RBAC."""
    return Installed(api, chart)


def _expand(rules: Sequence[Mapping[str, Any]]) -> set[Right]:
    """Rules of a Role, one right each."""
    return {
        (group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_the_whole_table(installed: Installed, rights: list[Right]) -> None:
    """In the servers' namespace exactly the Role's rules, in every other one and cluster-wide nothing of its own."""
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{installed.home}"]
    inside = installed.granted(rights, installed.fenced, installed.account, groups)
    assert len(rights) > 1000
    assert inside == _expand(RULES) | EVERYBODY
    for namespace in (installed.home, installed.other, "kube-system", ""):
        assert installed.granted(rights, namespace, installed.account, groups) == EVERYBODY


def test_nobody_else_gets_it(installed: Installed) -> None:
    """Another account of the same namespace, an account of the same name elsewhere, and the group have nothing."""
    role = sorted(_expand(RULES))
    group = f"system:serviceaccounts:{installed.home}"
    others = [
        (f"system:serviceaccount:{installed.home}:default", [group]),
        (f"system:serviceaccount:{installed.other}:rel-mcpfence", []),
        (f"system:serviceaccount:{installed.fenced}:rel-mcpfence", []),
        ("rel-mcpfence", []),
    ]
    for user, groups in others:
        assert installed.granted(role, installed.fenced, user, groups) == set()


@pytest.mark.parametrize(
    ("subject", "user", "groups"),
    [
        ({"kind": "User", "name": "deployer"}, "deployer", ()),
        ({"kind": "Group", "name": "platform"}, "somebody", ("platform",)),
        ({"kind": "ServiceAccount", "name": "obot", "namespace": "obot"}, "system:serviceaccount:obot:obot", ()),
    ],
    ids=["user", "group", "account"],
)
def test_a_named_subject(api: Api, chart: Charting, subject: Document, user: str, groups: tuple[str, ...]) -> None:
    """rbac.subject gets the Role, in the place of the release's own account."""
    found = Installed(api, chart, subject=subject)
    role = sorted(_expand(RULES))

    assert found.granted(role, found.fenced, user, groups) == set(role)
    assert found.granted(role, found.other, user, groups) == set()
    assert found.granted(role, found.fenced, found.account) == set()
    assert found.granted(role, found.fenced, "another") == set()


def test_extra_rules_add_what_they_say(api: Api, chart: Charting, rights: list[Right]) -> None:
    """rbac.extraRules adds its rules, in the servers' namespace, and nothing else."""
    extra = {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "get"]}
    found = Installed(api, chart, extraRules=[extra])
    near = [right for right in rights if right[0] in ("batch", "networking.k8s.io", "rbac.authorization.k8s.io")]

    assert found.granted(near, found.fenced, found.account) == _expand([extra])
    assert found.granted(near, found.other, found.account) == set()


def test_no_rbac_no_rights(api: Api, chart: Charting, rights: list[Right]) -> None:
    """The twin of the table: an account without the Role has nothing, so what stands there comes from it."""
    found = Installed(api, chart, subject={"kind": "User", "name": "deployer"})
    some = [right for right in rights if right[0] in ("", "apps")]

    assert found.granted(some, found.fenced, found.account) == set()


# --- real requests, with the account's own token ---


Call = Callable[..., Answer]


@pytest.fixture(scope="module")
def call(installed: Installed, control_plane: ControlPlane) -> Iterator[Call]:
    """Sends requests as the release's ServiceAccount, with a token that the API server issued for it."""
    path = f"/api/v1/namespaces/{installed.home}/serviceaccounts/rel-mcpfence/token"
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    answer = installed.api.request("POST", path, request)
    assert answer.ok, answer.message
    with closing(Api(control_plane.url, control_plane.ca, answer.body["status"]["token"])) as api:
        yield api.request


def _deployment(name: str) -> Document:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "a", "image": "a:1"}]}}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def test_a_server_can_be_deployed_and_removed(installed: Installed, call: Call) -> None:
    """What whoever deploys servers does all day: Deployment, Secret, Service, from creation to deletion."""
    apps, core = (f"/{root}/namespaces/{installed.fenced}" for root in ("apis/apps/v1", "api/v1"))
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"key": "value"}}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}}
    merge = "application/merge-patch+json"

    assert call("POST", f"{apps}/deployments", _deployment("a")).status == 201
    assert call("PATCH", f"{apps}/deployments/a", {"spec": {"replicas": 2}}, content_type=merge).status == 200
    assert call("POST", f"{core}/secrets", secret).status == 201
    assert call("GET", f"{core}/secrets/a").body["data"] == {"key": "dmFsdWU="}
    assert call("POST", f"{core}/services", service).status == 201
    assert call("GET", f"{core}/pods/none/log").status == 404  # may be asked, and there is no such pod
    assert {call("GET", f"{core}/{plural}").status for plural in ("pods", "events", "resourcequotas")} == {200}
    for path in (f"{apps}/deployments/a", f"{core}/secrets/a", f"{core}/services/a"):
        assert call("DELETE", path).status == 200


def test_every_way_up_is_closed(installed: Installed, call: Call) -> None:
    """Moving the fence, reading other secrets, entering pods, binding, escalating, impersonating: all forbidden."""
    core, rbac = f"/api/v1/namespaces/{installed.fenced}", "/apis/rbac.authorization.k8s.io/v1"
    policies = f"/apis/networking.k8s.io/v1/namespaces/{installed.fenced}/networkpolicies"
    admin = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    subject = {"kind": "ServiceAccount", "name": "rel-mcpfence", "namespace": installed.home}
    binding = {"metadata": {"name": "up"}, "roleRef": admin, "subjects": [subject]}
    everything = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
    merge = {"content_type": "application/merge-patch+json"}
    unlabelled = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}}
    tries: list[tuple[str, str, Any, dict[str, Any]]] = [
        ("DELETE", f"{policies}/mcp-default-deny", None, {}),
        ("GET", policies, None, {}),
        ("POST", policies, {"metadata": {"name": "open"}, "spec": {"podSelector": {}, "egress": [{}]}}, {}),
        ("GET", f"/api/v1/namespaces/{installed.home}/secrets", None, {}),
        ("GET", f"/api/v1/namespaces/{installed.other}/secrets/a", None, {}),
        ("GET", "/api/v1/secrets", None, {}),
        ("POST", f"{core}/pods", {"metadata": {"name": "a"}, "spec": {"containers": []}}, {}),
        ("POST", f"{core}/pods/a/exec", None, {"query": {"command": "sh"}}),
        ("POST", f"{core}/pods/a/attach", None, {}),
        ("POST", f"{core}/pods/a/portforward", None, {}),
        ("GET", f"{core}/pods/a/proxy", None, {}),
        ("PATCH", f"{core}/pods/a/ephemeralcontainers", {}, merge),
        ("DELETE", f"{core}/pods/a", None, {}),
        ("DELETE", f"{core}/secrets", None, {}),
        ("PATCH", f"/api/v1/namespaces/{installed.fenced}", unlabelled, merge),
        ("DELETE", f"/api/v1/namespaces/{installed.fenced}", None, {}),
        ("PATCH", f"{core}/resourcequotas/mcp-quota", {"spec": {"hard": {"pods": "999"}}}, merge),
        ("POST", f"{rbac}/namespaces/{installed.fenced}/rolebindings", binding, {}),
        ("POST", f"{rbac}/clusterrolebindings", binding, {}),
        (
            "POST",
            f"{rbac}/namespaces/{installed.fenced}/roles",
            {"metadata": {"name": "up"}, "rules": [everything]},
            {},
        ),
        ("PATCH", f"{rbac}/namespaces/{installed.fenced}/roles/{installed.role}", {"rules": [everything]}, merge),
        ("POST", f"/api/v1/namespaces/{installed.home}/serviceaccounts/rel-mcpfence/token", {}, {}),
        ("GET", "/api/v1/namespaces", None, {"user": "admin", "groups": ["system:masters"]}),
        ("GET", f"{core}/pods", None, {"user": f"system:serviceaccount:{installed.other}:default"}),
        ("GET", "/api/v1/nodes/node1/proxy/pods", None, {}),
    ]
    answers = {(method, path): call(method, path, body, **how) for method, path, body, how in tries}

    assert {key: answer.status for key, answer in answers.items() if answer.status != 403} == {}
    assert all(installed.account in answer.message for answer in answers.values())


def test_rights_to_write_roles_do_not_grow(api: Api, chart: Charting) -> None:
    """Even an account that rbac.extraRules lets write Roles and RoleBindings gives nobody more than it has itself."""
    group = "rbac.authorization.k8s.io"
    extra = {"apiGroups": [group], "resources": ["roles", "rolebindings"], "verbs": ["create", "update", "patch"]}
    found = Installed(api, chart, extraRules=[extra])
    path = f"/apis/{group}/v1/namespaces/{found.fenced}"
    rules = {
        "policies": [{"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": ["delete"]}],
        "everything": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}],
        "same": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
    }
    said = {
        name: found.api.request(
            "POST", f"{path}/roles", {"metadata": {"name": name}, "rules": wanted}, user=found.account
        )
        for name, wanted in rules.items()
    }
    ref = {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"}
    subject = {"kind": "User", "name": "somebody", "apiGroup": group}
    binding = {"metadata": {"name": "up"}, "roleRef": ref, "subjects": [subject]}
    bound = found.api.request("POST", f"{path}/rolebindings", binding, user=found.account)

    assert {name: answer.status for name, answer in said.items()} == {"policies": 403, "everything": 403, "same": 201}
    assert "is attempting to grant RBAC permissions not currently held" in said["policies"].message
    assert (bound.status, "not currently held" in bound.message) == (403, True)
