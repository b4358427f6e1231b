"""Labels by which an engine does not know pods as Kubernetes does, whoever writes the policies that it enforces.

Cilium leaves some labels out of a pod's identity and puts others of its own into it; other engines add some, too.
A selector of such a label finds no pod, or those that the engine's own label is on; one that wants a label absent that
the engine leaves out finds every pod.  Source: Cilium, pkg/labelsfilter, and its page on identity-relevant labels.
"""

from __future__ import annotations

from collections.abc import Iterator

from mcpfence.findings.finding import Collector
from mcpfence.kube.selectors import Selector
from mcpfence.plan.fence import Fence, Pods

_PLUGINS = {
    "cilium": (
        "Cilium",
        "cilium-label",
        (
            "io.kubernetes",
            "kubernetes.io/",
            "k8s.io/",
            "topology.kubernetes.io/",
            "beta.kubernetes.io/",
            "statefulset.kubernetes.io/pod-name",
            "apps.kubernetes.io/pod-index",
            "batch.kubernetes.io/job-completion-index",
            "batch.kubernetes.io/controller-uid",
            "pod-template-generation",
            "pod-template-hash",
            "controller-revision-hash",
            "controller-uid",
            "annotation",
            "etcd_node",
            "io.cilium.k8s",
        ),
    ),
}
"""By network plugin, whoever enforces names: what it is called, the finding, and how the keys begin by default."""


def refuse_labels_of_plugin(fence: Fence, plugin: str, out: Collector) -> None:
    """Refuse selectors that a network plugin would read otherwise."""
    if plugin in _PLUGINS:
        refuse_labels(fence, *_PLUGINS[plugin], out)


def refuse_labels(fence: Fence, engine: str, id: str, beginnings: tuple[str, ...], out: Collector) -> None:
    """Refuse selectors of a fence, and of those at the other ends, that an engine would read otherwise."""
    for place, selector in _selectors(fence):
        for key in _keys(selector):
            if key.startswith(beginnings):
                sentence = f"{place} has {key}, by which {engine} does not know pods as Kubernetes does"
                todo = "select the pods by labels of your own, such as app"
                out.add(id, fence.path, sentence, todo)


def _selectors(fence: Fence) -> Iterator[tuple[str, Selector]]:
    for selector in fence.selectors:
        yield "its podSelector", selector
    for allow in (*fence.ingress, *fence.egress):
        for peer in allow.peers:
            if isinstance(peer, Pods):
                yield f"a podSelector of {allow.source}", peer.selector


def _keys(selector: Selector) -> Iterator[str]:
    yield from (key for key, _ in selector.labels)
    yield from (item.key for item in selector.expressions)
