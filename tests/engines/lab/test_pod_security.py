"""Pod Security Admission in the namespace that the chart renders: what is refused, admitted, warned of and recorded."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from charting import Charting, one
from control_plane import ControlPlane
from lab.api import Answer, Api, Document
from lab.audit import awaited, entries

RESTRICTED: Document = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "server"},
    "spec": {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "mcp",
                "image": "registry.example.com/server:1",
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            }
        ],
    },
}
"""A pod that every level admits."""

_NUMBERS = itertools.count(1)

Change = Callable[[dict[str, Any], dict[str, Any]], Any]
"""What makes it something else, given its spec and its container."""


def _security(**keys: Any) -> Change:
    return lambda _, container: container["securityContext"].update(keys)


def _pod(**keys: Any) -> Change:
    return lambda spec, _: spec.update(keys)


PRIVILEGED: dict[str, tuple[Change, str]] = {
    "privileged": (_security(privileged=True, allowPrivilegeEscalation=True), "privileged"),
    "host network": (_pod(hostNetwork=True), "host namespaces"),
    "host pid": (_pod(hostPID=True), "host namespaces"),
    "host ipc": (_pod(hostIPC=True), "host namespaces"),
    "host path": (_pod(volumes=[{"name": "etc", "hostPath": {"path": "/etc"}}]), "hostPath"),
    "host port": (lambda _, container: container.update(ports=[{"containerPort": 80, "hostPort": 80}]), "hostPort"),
    "capability": (_security(capabilities={"drop": ["ALL"], "add": ["NET_ADMIN"]}), "NET_ADMIN"),
    "unconfined": (_security(seccompProfile={"type": "Unconfined"}), "seccompProfile"),
    "sysctl": (_pod(securityContext={"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}), "forbidden sysctls"),
}
"""What only the level privileged admits, with a word of the refusal."""

BASELINE: dict[str, tuple[Change, str]] = {
    "root": (_pod(securityContext={"runAsUser": 0, "seccompProfile": {"type": "RuntimeDefault"}}), "runAsNonRoot"),
    "root container": (_security(runAsUser=0), "runAsUser=0"),
    "may become root": (_security(allowPrivilegeEscalation=True), "allowPrivilegeEscalation != false"),
    "capabilities kept": (_security(capabilities={}), "unrestricted capabilities"),
    "no seccomp": (_pod(securityContext={"runAsNonRoot": True}), "seccompProfile"),
    "nfs": (_pod(volumes=[{"name": "n", "nfs": {"server": "10.0.0.1", "path": "/"}}]), "restricted volume types"),
}
"""What restricted refuses and baseline admits."""


def pod(change: Change | None = None) -> Document:
    """The restricted pod, changed."""
    found = copy.deepcopy(RESTRICTED)
    if change:
        change(found["spec"], found["spec"]["containers"][0])
    return found


class Fenced:
    """A namespace as the chart renders it for these values of mcpNamespace.podSecurity."""

    def __init__(self, api: Api, chart: Charting, name: str, pod_security: Mapping[str, Any]) -> None:
        self.api = api
        self.name = name
        values = {"mcpNamespace": {"name": name, "podSecurity": dict(pod_security)}}
        answer = api.create(one(chart.template(values), "Namespace"))
        assert answer.ok, answer.message
        assert answer.warnings == ()

    def run(self, document: Document) -> Answer:
        """Try to create a pod, or what makes pods, without keeping it."""
        document["metadata"]["namespace"] = self.name
        return self.api.create(document, query={"dryRun": "All"})


@pytest.fixture
def fenced(api: Api, chart: Charting) -> Callable[..., Fenced]:
    """Makes a namespace that no other test has."""
    return lambda **pod_security: Fenced(api, chart, f"psa-{next(_NUMBERS)}", pod_security)


def _violates(answer: Answer, level: str, word: str) -> bool:
    assert f'violates PodSecurity "{level}"' in answer.message, answer.body
    return answer.status == 403 and word in answer.message


def test_default_refuses_all_but_restricted_pods(fenced: Callable[..., Fenced]) -> None:
    """Without a word in the values: privileged, host network, host path, root and the like are refused by name."""
    namespace = fenced()
    for change, word in (PRIVILEGED | BASELINE).values():
        assert _violates(namespace.run(pod(change)), "restricted:latest", word)
    assert namespace.run(pod()).status == 201


def test_ephemeral_and_init_containers_count(fenced: Callable[..., Fenced]) -> None:
    """A privileged container is not smuggled in beside a restricted one."""
    namespace = fenced()
    bad = {"name": "more", "image": "registry.example.com/x:1", "securityContext": {"privileged": True}}
    init = namespace.run(pod(lambda spec, _: spec.update(initContainers=[bad])))

    assert _violates(init, "restricted:latest", 'container "more" must not set')


def test_a_deployment_is_warned_of(fenced: Callable[..., Fenced]) -> None:
    """Whoever creates a Deployment whose pods would be refused is told so, although the Deployment itself is stored."""
    namespace = fenced()
    template = {"metadata": {"labels": {"app": "a"}}, "spec": pod(PRIVILEGED["host network"][0])["spec"]}
    spec = {"selector": {"matchLabels": {"app": "a"}}, "template": template}
    answer = namespace.run({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": spec})

    assert answer.status == 201
    assert ["would violate PodSecurity" in warning and "host namespaces" in warning for warning in answer.warnings] == [
        True
    ]


def test_baseline(fenced: Callable[..., Fenced]) -> None:
    """enforce: baseline admits what restricted refuses, with a warning each, and still no privileged pod."""
    namespace = fenced(enforce="baseline")
    for change, word in PRIVILEGED.values():
        assert _violates(namespace.run(pod(change)), "baseline:latest", word)
    for change, word in BASELINE.values():
        answer = namespace.run(pod(change))
        assert answer.status == 201
        assert [word in warning and "restricted:latest" in warning for warning in answer.warnings] == [True]


def test_privileged(fenced: Callable[..., Fenced]) -> None:
    """enforce: privileged admits everything, and warns as `warn` says."""
    namespace = fenced(enforce="privileged", warn="baseline")
    for change, word in PRIVILEGED.values():
        answer = namespace.run(pod(change))
        assert answer.status == 201
        assert [word in warning and "baseline:latest" in warning for warning in answer.warnings] == [True]
    for change, _ in BASELINE.values():
        assert (namespace.run(pod(change)).status, namespace.run(pod(change)).warnings) == (201, ())


def test_disabled(fenced: Callable[..., Fenced]) -> None:
    """podSecurity.enabled: false leaves the namespace without levels: a privileged pod is admitted, without a word."""
    namespace = fenced(enabled=False)
    answer = namespace.run(pod(PRIVILEGED["privileged"][0]))

    assert (answer.status, answer.warnings) == (201, ())


def _windows(spec: dict[str, Any], container: dict[str, Any]) -> None:
    """A Windows pod: since v1.25 restricted asks it for nothing that Windows does not have."""
    spec.update(os={"name": "windows"}, securityContext={"runAsNonRoot": True})
    del container["securityContext"]


@pytest.mark.parametrize(("version", "status"), [("v1.24", 403), ("v1.25", 201), ("latest", 201)])
def test_enforce_version(fenced: Callable[..., Fenced], version: str, status: int) -> None:
    """enforceVersion says which definition of the level counts."""
    answer = fenced(enforceVersion=version).run(pod(_windows))

    assert answer.status == status, answer.message


@pytest.mark.parametrize(("version", "warned"), [("v1.24", 1), ("v1.25", 0)])
def test_warn_version(fenced: Callable[..., Fenced], version: str, warned: int) -> None:
    """warnVersion counts for warnings alone."""
    answer = fenced(enforce="baseline", warnVersion=version).run(pod(_windows))

    assert (answer.status, len(answer.warnings)) == (201, warned)


@pytest.mark.parametrize(("level", "version", "noted"), [("restricted", "v1.24", 1), ("restricted", "v1.25", 0)])
def test_audit(
    fenced: Callable[..., Fenced], control_plane: ControlPlane, level: str, version: str, noted: int
) -> None:
    """audit and auditVersion decide what the API server writes down, whoever is warned."""
    namespace = fenced(enforce="privileged", warn="privileged", audit=level, auditVersion=version)
    answer = namespace.run(pod(_windows))
    asked = awaited(
        lambda: [
            one
            for one in entries(control_plane.audit_log, namespace.name)
            if one["verb"] == "create" and one["objectRef"]["resource"] == "pods"
        ],
        bool,
    )
    key = "pod-security.kubernetes.io/audit-violations"

    assert (answer.status, answer.warnings) == (201, ())
    assert len([entry for entry in asked if key in entry.get("annotations", {})]) == noted
