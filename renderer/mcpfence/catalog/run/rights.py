"""Rights at the API server by which a server could leave its fence: told from the names in a rule alone.

A right that is bound to one object by resourceNames counts as well, for which object that is may change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mcpfence.reach.engines import all_engines
from mcpfence.reach.engines.maker_kinds import GIVERS, REFERRERS, TEXTS

_WRITING = frozenset({"create", "update", "patch", "delete", "deletecollection"})
_STARTING = frozenset({"create", "update", "patch"})
_CALLING = frozenset({"get", "create"})
"""Both open a stream: exec and its like take GET and POST (Kubernetes' documentation, "RBAC Good Practices")."""

_POLICY_GROUPS = frozenset(
    {
        "cilium.io",
        "crd.nsx.vmware.com",
        "k8s.otterize.com",
        "k8s.ovn.org",
        "kuadrant.io",
        "kubeovn.io",
        "kuma.io",
        "kyverno.io",
        "mutations.gatekeeper.sh",
        "networking.k8s.aws",
        "policies.kyverno.io",
        "policy.linkerd.io",
        "policy.networking.k8s.io",
        "security.istio.io",
    }
)
"""Groups whose every object takes part in what may pass: sets of addresses, tiers and exceptions, beside policies.

Those of the engines that the judge reads are added to them.
"""

_SHARED_GROUPS = frozenset({"extensions", "networking.k8s.io"})
"""Groups of policies that hold other objects too, such as Ingresses."""

_POLICIES = frozenset({"egressfirewalls", "mutatingwebhookconfigurations", "sidecars"})
"""Resources that decide what may pass, in groups that hold others too, and that are not called policies."""

_DEFINITIONS = "customresourcedefinitions"
"""With the definition of a kind go all objects of it, policies of any engine among them; a new one takes nothing."""

_AROUND: tuple[tuple[frozenset[str], frozenset[str], str], ...] = (
    (
        frozenset(
            [
                "cronjobs",
                "daemonsets",
                "deployments",
                "jobs",
                "pods",
                "pods/ephemeralcontainers",
                "podtemplates",
                "replicasets",
                "replicationcontrollers",
                "statefulsets",
            ]
        ),
        _STARTING,
        "the server could start or change pods that no fence of its own selects",
    ),
    (
        frozenset(["nodes/proxy", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "services/proxy"]),
        _CALLING,
        "the server could act through other pods, behind their fences",
    ),
    (
        frozenset(["certificatesigningrequests/approval", "serviceaccounts/token"]),
        _STARTING,
        "the server could take the rights of others",
    ),
    (frozenset({"serviceaccounts"}), frozenset({"update", "patch"}), "the server could take the rights of others"),
    (frozenset({"signers"}), frozenset({"approve", "sign"}), "the server could take the rights of others"),
    (
        frozenset(["clusterrolebindings", "clusterroles", "rolebindings", "roles"]),
        _WRITING,
        "the server could give out rights, or take them away",
    ),
    (
        frozenset(["namespaces", "namespaces/finalize"]),
        _WRITING,
        "the server could change by which labels policies know namespaces",
    ),
    (
        frozenset(["apiservices", "validatingwebhookconfigurations"]),
        _WRITING,
        "the server could answer for the API server, or take its guards away",
    ),
    (
        frozenset(
            ["destinationrules", "envoyfilters", "grpcroutes", "httproutes", "referencegrants", "virtualservices"]
        ),
        _WRITING,
        "the server could lead callers past the checks of a gateway",
    ),
)

_APPLIERS = frozenset(
    {
        *{group for group, _ in (*TEXTS, *REFERRERS, *GIVERS)},
        *("jobset.x-k8s.io", "kubevirt.io", "serving.knative.dev", "tekton.dev", "toolhive.stacklok.dev"),
        *("work.karmada.io", "work.open-cluster-management.io"),
    }
)
"""Groups of which a controller makes pods or whatever stands in an object, with rights of its own."""


def undone(rule: Mapping[str, Sequence[str]]) -> str:
    """`create on networkpolicies`: what of a rule changes policies, of whichever engine; empty if nothing does."""
    ours = {group.lower() for group in rule["apiGroups"]} & _policy_groups()
    found = _shown(rule, lambda name: bool(ours) or _is_policy(name.partition("/")[0]), _WRITING)
    return found or _shown(rule, _DEFINITIONS.__eq__, _WRITING - {"create"})


def _policy_groups() -> frozenset[str]:
    read = {group for engine in all_engines().values() for group, _ in (*engine.kinds, *engine.unevaluated)}
    return _POLICY_GROUPS | (read - _SHARED_GROUPS)


def _is_policy(name: str) -> bool:
    return name in _POLICIES or name.endswith("policies")


def around(rule: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Rights with which a fence holds and does not help, with what comes of each."""
    found = [(_shown(rule, names.__contains__, verbs), what) for names, verbs, what in _AROUND]
    if _APPLIERS.intersection(group.lower() for group in rule["apiGroups"]):
        known = frozenset().union(*(names for names, _, _ in _AROUND))
        what = "the server could have a controller start pods or apply policies for it"
        found.append((_shown(rule, lambda name: name not in known, _STARTING), what))
    return [(shown, what) for shown, what in found if shown]


def _shown(rule: Mapping[str, Sequence[str]], counts: Callable[[str], bool], dangerous: frozenset[str]) -> str:
    """`create, patch on pods`: the verbs and resources of a rule that count; empty if there are none of one."""
    verbs = sorted({verb.lower() for verb in rule["verbs"]} & dangerous)
    names = sorted({name.lower() for name in rule["resources"] if counts(name.lower())})
    return f"{', '.join(verbs)} on {', '.join(names)}" if verbs and names else ""
