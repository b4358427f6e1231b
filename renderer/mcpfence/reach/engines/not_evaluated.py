"""Policies of engines that have no evaluator here: they are named, with the pods that they select where it can be told.

Such a policy can open what a NetworkPolicy closes, or the other way round, so silence about it would be a false
statement.  Kinds come from the vendors' CRDs; whatever else calls itself a network or firewall policy counts as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcpfence.reach.documents.fields import Unreadable, mapping
from mcpfence.reach.documents.label_selectors import read_labels, read_selector
from mcpfence.reach.documents.objects import Object
from mcpfence.reach.engines import all_engines
from mcpfence.reach.engines.applied_texts import holds_policy_text
from mcpfence.reach.engines.contract import UNTOLD, Selection
from mcpfence.reach.engines.enforcement_settings import DISARMS, disarms
from mcpfence.reach.engines.kustomizations import BECAUSE, FLUX, KUSTOMIZE_KINDS, WITHIN, unlike_its_files
from mcpfence.reach.engines.policy_makers import done_to_policies
from mcpfence.reach.engines.policy_words import STAGED, policy_endings
from mcpfence.reach.flows.label_sets import EVERYTHING, Box, box_text
from mcpfence.structs import Struct

SELECTS = "select pods"
"""What a policy does; what makes or changes some does something else."""


class NotEvaluated(Struct):
    """One policy that was not evaluated.

    `namespace` is None where it speaks of several; `selector` bounds its pods: EVERYTHING where it selects all or
    cannot be told, None where it selects none.  `told` says whether namespace and selector are exact.
    """

    title: str
    api_group: str
    kind: str
    namespace: str | None
    selector: Box | None
    told: bool
    does: str = SELECTS
    """What it may do, where its pods cannot be told."""
    because: str = ""
    """Of one of kustomize's files: why what is applied may not be what the files say."""

    @property
    def opens(self) -> bool:
        """Whether it could let more pass than the policies that are evaluated."""
        return self.kind not in _ONLY_NARROWS

    @property
    def text(self) -> str:
        """Half a sentence: what it is and whom it selects."""
        where = f"of namespace {self.namespace}" if self.namespace is not None else "of any namespace"
        group = f" ({self.api_group})" if self.api_group else ""
        if self.because:
            return f"{self.title} makes other objects of its files than they say: {self.because}"
        what = f"{self.title}{group} is not evaluated; it"
        if not self.told:
            return f"{what} may {self.does} {where}"
        if self.selector is None:
            return f"{what} selects no pod"
        return f"{what} selects {f'pods {box_text(self.selector)}' if self.selector else 'every pod'} {where}"


_ONLY_NARROWS = frozenset({"Sidecar", "AuthorizationPolicy", "MeshTrafficPermission", "EgressFirewall", "Server"})
"""Kinds that can only take away: what is evaluated beside them still decides what may pass at most."""

_Find = Callable[[object], Selection]
"""From a spec to the pods that it selects; may raise Unreadable."""


def _at(*path: str) -> _Find:
    """A LabelSelector at a path of the spec; absent, it selects every pod of the namespace."""

    def find(spec: Any) -> Selection:
        value = spec
        for key in path:
            value = mapping(value, "").get(key)
            if value is None:
                return Selection(local=True, pods=EVERYTHING, told=True)
        return Selection(local=True, pods=read_selector(value, ""), told=True)

    return find


def _labels_at(*path: str) -> _Find:
    """A plain map of labels at a path of the spec; absent, it selects every pod of the namespace."""

    def find(spec: Any) -> Selection:
        value = spec
        for key in path:
            value = mapping(value, "").get(key) if value is not None else None
        return Selection(local=True, pods=read_labels(value, ""), told=True)

    return find


def _whole_namespace(_spec: Any) -> Selection:
    return Selection(local=True, pods=EVERYTHING, told=True)


def _untold(_spec: Any) -> Selection:
    return UNTOLD


def _cluster(_spec: Any) -> Selection:
    return Selection(local=False, pods=EVERYTHING, told=False)


_KINDS: dict[tuple[str, str], _Find] = {
    ("vpcresources.k8s.aws", "SecurityGroupPolicy"): _at("podSelector"),
    ("policy.networking.k8s.io", "AdminNetworkPolicy"): _cluster,
    ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"): _cluster,
    ("k8s.ovn.org", "EgressFirewall"): _whole_namespace,
    ("k8s.cni.cncf.io", "MultiNetworkPolicy"): _at("podSelector"),
    ("networking.istio.io", "Sidecar"): _labels_at("workloadSelector", "labels"),
    ("security.istio.io", "AuthorizationPolicy"): _labels_at("selector", "matchLabels"),
    ("policy.linkerd.io", "AuthorizationPolicy"): _untold,
    ("policy.linkerd.io", "Server"): _at("podSelector"),
    ("kuma.io", "MeshTrafficPermission"): _untold,
    ("nsx.vmware.com", "SecurityPolicy"): _untold,
    ("crd.nsx.vmware.com", "SecurityPolicy"): _untold,
}

_NOT_ENFORCED = frozenset({("spdx.softwarecomposition.kubescape.io", "GeneratedNetworkPolicy")})
"""Proposals that nothing enforces, whatever they hold."""
_ISTIO_ROOT = "istio-system"
"""Istio's policies of its root namespace, by default this one, hold for the whole mesh."""


def not_evaluated(one: Object, namespace: str, *, text_applied: bool = False) -> NotEvaluated | None:
    """The record of an object that is a policy without evaluator; None for every other object.

    `text_applied` says of a ConfigMap or Secret that something applies the manifests in it.
    """
    if (one.group, one.kind) in _NOT_ENFORCED or one.kind.startswith(STAGED):
        return None
    if (one.group, one.kind) in KUSTOMIZE_KINDS:
        return _built(one)
    find, does = _finder(one), SELECTS
    if find is None:
        does = "make policies for pods" if text_applied and holds_policy_text(one) else done_to_policies(one)
        does = does or (DISARMS if disarms(one) else "")
        find = _cluster if does else None
    if find is None:
        return _built(one)
    try:
        local, box, told = find(one.document.get("spec"))
    except (Unreadable, AttributeError, TypeError):
        local, box, told = UNTOLD
    if one.group.endswith(".istio.io") and namespace == _ISTIO_ROOT:
        local, told = False, False
    return NotEvaluated(
        title=one.title,
        api_group=one.group,
        kind=one.kind,
        namespace=namespace if local else None,
        selector=box,
        told=told,
        does=does,
    )


def _built(one: Object) -> NotEvaluated | None:
    """The record of what builds other objects of files than they say."""
    if (one.group, one.kind) not in (*KUSTOMIZE_KINDS, FLUX):
        return None
    said = one.document.get(BECAUSE)
    told = said if isinstance(said, list) else []
    because = "; ".join(unlike_its_files(one.document) if (one.group, one.kind) != FLUX else map(str, told))
    within = one.document.get(WITHIN)
    namespace = within if isinstance(within, str) else None
    built = NotEvaluated(one.title, one.group, one.kind, namespace, EVERYTHING, told=False, because=because)
    return built if because else None


def _finder(one: Object) -> _Find | None:
    """What finds out whom a policy selects; None for an object that is none itself."""
    kind = (one.group, one.kind)
    find = _KINDS.get(kind) or next(
        (engine.unevaluated[kind] for engine in all_engines().values() if kind in engine.unevaluated), None
    )
    if find is not None:
        return find
    if not one.kind.endswith(policy_endings()):
        return None
    return _cluster if one.kind.startswith(("Cluster", "Global", "Admin", "Baseline")) else _untold
