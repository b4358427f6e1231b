"""Labels that an engine reads otherwise: refused on a fence's own pods and at the other ends, under every provider."""

from __future__ import annotations

from typing import Any

import pytest

from helpers import Raw, errors_of, one, one_egress

TODO = "select the pods by labels of your own, such as app"
ABSENT = {"matchExpressions": [{"key": "statefulset.kubernetes.io/pod-name", "operator": "DoesNotExist"}]}
SERVICE: Raw = {"name": "db", "namespace": "data", "ports": [5432]}
CILIUM: Raw = {"cluster": {"cni": "cilium"}}
CALICO: Raw = {"egress": {"provider": "calico", "calico": {"edition": "cloud"}}}


def _caller(selector: Any) -> Raw:
    return one() | {"clients": {"obot": {"namespace": "obot", "podSelector": selector}}}


CASES: dict[str, tuple[Raw, str]] = {
    "absent from a back-end's pods": (
        one_egress(services=[SERVICE | {"podSelector": ABSENT}]) | CILIUM,
        "a podSelector of servers.a.egress.services[0] has statefulset.kubernetes.io/pod-name, by which Cilium does "
        f"not know pods as Kubernetes does; {TODO} [cilium-label]",
    ),
    "of a client": (
        _caller({"matchLabels": {"app": "obot"}, "matchExpressions": [
            {"key": "pod-template-hash", "operator": "NotIn", "values": ["5d4f"]}]}) | CILIUM,
        "a podSelector of every declared client (default) has pod-template-hash, by which Cilium does not know pods as "
        f"Kubernetes does; {TODO} [cilium-label]",
    ),
    "of the server, under NetworkPolicies alone": (
        one(podSelector={"app": "a", "io.cilium.k8s.policy.cluster": "x"}) | CILIUM,
        f"its podSelector has io.cilium.k8s.policy.cluster, by which Cilium does not know pods as Kubernetes does; {TODO} "
        "[cilium-label]",
    ),
    "on GKE, whose engine is Cilium's": (
        one_egress(services=[SERVICE | {"podSelector": {"controller-uid": "x"}}])
        | {"egress": {"provider": "gke"}, "cluster": {"profile": "gke"}},
        "a podSelector of servers.a.egress.services[0] has controller-uid, by which Cilium does not know pods as "
        f"Kubernetes does; {TODO} [cilium-label]",
    ),
    "that Calico sets": (
        one_egress(services=[SERVICE | {"podSelector": {"matchExpressions": [
            {"key": "projectcalico.org/serviceaccount", "operator": "Exists"}]}}]) | CALICO,
        "a podSelector of servers.a.egress.services[0] has projectcalico.org/serviceaccount, by which Calico does not "
        f"know pods as Kubernetes does; {TODO} [calico-label]",
    ),
    "that Calico takes from the namespace": (
        one(podSelector={"app": "a", "pcns.team": "x"}) | CALICO,
        f"its podSelector has pcns.team, by which Calico does not know pods as Kubernetes does; {TODO} [calico-label]",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "sentence"), CASES.values(), ids=CASES)
def test_labels_that_an_engine_reads_otherwise(raw: Raw, sentence: str) -> None:
    """A selector of such a label would select other pods than the catalog says: more of them, or none."""
    assert errors_of(raw) == [f"servers.a: {sentence}"]


def test_other_engines_know_them() -> None:
    """What Kubernetes knows pods by is no fault where the engine knows it, too."""
    assert errors_of(one_egress(services=[SERVICE | {"podSelector": ABSENT}])) == []
