"""Workloads and namespaces out of manifests: what has pods, with which labels and ports.

Pods that a controller owns stand for their owner, as netpol-analyzer's `list` has it: `default/web[ReplicaSet]`; an
owner without a kind counts as a pod.  A workload with the kind, namespace and name of an earlier one replaces it, as
`kubectl apply` would; of pods with one owner each has its own labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from mcpfence.net.intervals import Intervals, canonical
from mcpfence.reach.documents.fields import Problem, shown
from mcpfence.reach.documents.further_networks import FURTHER_NETWORKS
from mcpfence.reach.documents.objects import Object
from mcpfence.reach.engines.contract import Ports
from mcpfence.reach.flows import traffic
from mcpfence.reach.flows.label_sets import NAMESPACE_NAME
from mcpfence.structs import Struct

_TEMPLATES = {
    ("apps", "Deployment"): ("template",),
    ("apps", "StatefulSet"): ("template",),
    ("apps", "DaemonSet"): ("template",),
    ("apps", "ReplicaSet"): ("template",),
    ("", "ReplicationController"): ("template",),
    ("batch", "Job"): ("template",),
    ("batch", "CronJob"): ("jobTemplate", "spec", "template"),
}
WORKLOAD_KINDS = frozenset({"Pod", *(kind for _, kind in _TEMPLATES)})
"""The kinds that have pods."""
_NOT = (None, False, "n", "N")
"""What the API takes for no: kubectl's reader makes booleans of more words than others, and what is none is refused."""
_FORMER = {"extensions": "apps"}
"""Where Deployment, DaemonSet and ReplicaSet were before 1.16."""

Labels = frozenset[tuple[str, str]]
PortNames = frozenset[tuple[str, str, int]]
"""(name, protocol, port) of container ports; the name is empty where there is none."""


class ClusterWorkload(Struct):
    """One thing that has pods, or one variant of it: all of its pods have these labels and ports."""

    namespace: str
    name: str
    kind: str
    labels: Labels
    ports: PortNames
    host_network: bool = False
    further_networks: str = ""
    """The annotation by which its pods ask for networks beyond the cluster's own; empty where they do not."""
    """Whether Multus gives the pods interfaces besides the cluster's network, for which no policy of it holds."""

    @property
    def text(self) -> str:
        """As netpol-analyzer writes it."""
        return f"{self.namespace}/{self.name}[{self.kind}]"


@lru_cache(maxsize=16384)
def resolve(found: Ports, ports: PortNames) -> Intervals:
    """The points of a policy's ports on these containers."""
    if not found.named:
        return found.numbers
    names = named_ports(ports)
    return canonical((*found.numbers, *(piece for name in found.named for piece in names.get(name, ()))))


def named_ports(ports: PortNames) -> dict[tuple[str, str], Intervals]:
    """(protocol, name) -> the points that a policy's named port means on these containers."""
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for name, protocol, port in ports:
        if name:
            found.setdefault((protocol, name), []).append(traffic.span(protocol, port, port))
    return {key: canonical(points) for key, points in found.items()}


def read_workloads(objects: Iterable[Object], default: str) -> tuple[list[ClusterWorkload], list[Problem]]:
    """Every workload, in the order of first mention; objects that name no namespace lie in `default`."""
    found: dict[tuple[str, str, str], ClusterWorkload] = {}
    problems: list[Problem] = []
    for one in objects:
        group = _FORMER.get(one.group, one.group)
        if (group, one.kind) == ("", "Pod"):
            meta = _mapping(one.document.get("metadata"))
            template = one.document
            kind, name = _owner(meta) or ("Pod", one.name)
        elif (group, one.kind) in _TEMPLATES:
            template = _walk(one.document, ("spec", *_TEMPLATES[group, one.kind]))
            meta = _mapping(template.get("metadata"))
            kind, name = one.kind, one.name
        else:
            continue
        title = f"{one.kind} {one.namespace or default}/{one.name}"
        labels = _labels(meta.get("labels"), title, problems)
        workload = _workload(one.namespace or default, kind, name, template, labels)
        found[one.kind, workload.namespace, one.name] = workload
    return list(dict.fromkeys(found.values())), problems


def read_templates(objects: Iterable[Object], default: str) -> list[ClusterWorkload]:
    """What objects of other kinds (Rollouts, sets of jobs, custom resources) say of pods: each template in them."""
    found = []
    for one in objects:
        group = _FORMER.get(one.group, one.group)
        if (group, one.kind) != ("", "Pod") and (group, one.kind) not in _TEMPLATES:
            for template in _templates(one.document):
                labels = _labels(_mapping(template.get("metadata")).get("labels"), one.title, [])
                found.append(_workload(one.namespace or default, one.kind, one.name, template, labels))
    return found


_PARTS = 200_000
"""How many parts of one document are looked at."""


def _templates(document: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """Every part that is a pod's template: with a spec that has containers or says whose network, or with networks."""
    stack: list[object] = [part for key, part in document.items() if key not in ("metadata", "status")]
    for _ in range(_PARTS):
        if not stack:
            return
        part = stack.pop()
        if isinstance(part, dict):
            if _is_template(part):
                yield part
            stack.extend(part.values())
        elif isinstance(part, list):
            stack.extend(part)


def _is_template(part: dict[str, object]) -> bool:
    spec, annotations = _mapping(part.get("spec")), _mapping(_mapping(part.get("metadata")).get("annotations"))
    return isinstance(spec.get("containers"), list) or "hostNetwork" in spec or _networks(annotations) != ""


def _networks(annotations: Mapping[str, object]) -> str:
    """The first annotation that asks for further networks; empty where none does."""
    return next((key for key in FURTHER_NETWORKS if annotations.get(key)), "")


def _workload(namespace: str, kind: str, name: str, template: Mapping[str, object], labels: Labels) -> ClusterWorkload:
    spec, annotations = _mapping(template.get("spec")), _mapping(_mapping(template.get("metadata")).get("annotations"))
    return ClusterWorkload(
        namespace=namespace,
        name=name,
        kind=kind,
        labels=labels,
        ports=_ports(spec),
        host_network=spec.get("hostNetwork") not in _NOT,
        further_networks=_networks(annotations),
    )


def read_namespaces(objects: Iterable[Object]) -> dict[str, dict[str, str]]:
    """The labels of each namespace that is there, the implicit one with its name included."""
    found: dict[str, dict[str, str]] = {}
    for one in objects:
        if (one.group, one.kind) == ("", "Namespace"):
            labels = _labels(_mapping(one.document.get("metadata")).get("labels"), one.title, [])
            found[one.name] = {**dict(labels), NAMESPACE_NAME: one.name}
    return found


def _owner(meta: dict[str, object]) -> tuple[str, str] | None:
    """Kind and name of the controller that owns a pod; mirror pods belong to their node and count as pods."""
    references = meta.get("ownerReferences")
    for entry in references if isinstance(references, list) else ():
        reference = _mapping(entry)
        if reference.get("controller") is True:
            kind, name = reference.get("kind"), reference.get("name")
            if kind == "Node" or not isinstance(name, str) or not name:
                return None
            return kind if isinstance(kind, str) and kind else "Pod", name
    return None


def _labels(value: object, title: str, problems: list[Problem]) -> Labels:
    """The labels that are strings; others, which no API server takes, are problems."""
    found = []
    for key, label in _mapping(value).items():
        if type(key) is str and isinstance(label, str):
            found.append((key, label))
        else:
            problems.append(Problem(title, f"metadata.labels.{shown(key)}", f"is {shown(label)}, not a string"))
    return frozenset(found)


def _ports(spec: dict[str, object]) -> PortNames:
    found = []
    for entry in (*_sidecars(spec.get("initContainers")), *_entries(spec.get("containers"))):
        for written in _entries(_mapping(entry).get("ports")):
            port = _mapping(written)
            number, name, protocol = port.get("containerPort"), port.get("name"), port.get("protocol") or "TCP"
            if isinstance(number, int) and 1 <= number <= traffic.LAST_PORT and protocol in traffic.WITH_PORTS:
                found.append((name if isinstance(name, str) else "", str(protocol), int(number)))
    return frozenset(found)


def _sidecars(value: object) -> list[object]:
    """Init containers that stay: restartPolicy Always."""
    return [entry for entry in _entries(value) if _mapping(entry).get("restartPolicy") == "Always"]


def _entries(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _walk(value: object, path: tuple[str, ...]) -> dict[str, object]:
    for step in path:
        value = _mapping(value).get(step)
    return _mapping(value)
