"""Whose an address was: pods and Services, as `kubectl get pods,services -A -o json` shows them at some times.

An address belongs to a pod from its start until another pod has it, or the pod has ended.  What was before the first
start, and what lasts beyond the next one's, is nobody's: the last owner is never assumed.  A pod that is in no snapshot
is known by the prefix that its controller makes names from, since its siblings have the same labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mcpfence.kube.services import ServiceIndex, ServiceRecord, index
from mcpfence.observe.addresses import canonical_address
from mcpfence.observe.record import FlowEnd
from mcpfence.observe.times import parse_time
from mcpfence.structs import Struct

_FOREVER = 1 << 63
_ENDED = ("Succeeded", "Failed")


class AddressOwner(Struct):
    """One pod, from when until when it had its address."""

    namespace: str
    pod: str
    labels: tuple[tuple[str, str], ...]
    start: int
    end: int = _FOREVER


class Snapshot(Struct):
    """All that snapshots tell; empty where none were given."""

    owners: Mapping[str, tuple[AddressOwner, ...]] = {}
    """By address, ascending by start."""
    pods: Mapping[tuple[str, str], tuple[tuple[str, str], ...]] = {}
    """Labels by namespace and name."""
    families: Mapping[tuple[str, str], tuple[tuple[str, str], ...]] = {}
    """Labels that all pods of one generated prefix share, by namespace and prefix; of a Deployment also of its own."""
    node_addresses: frozenset[str] = frozenset()
    cluster_ips: Mapping[str, tuple[str, str]] = {}
    """Namespace and name of the Service of an address."""
    services: ServiceIndex = ServiceIndex()

    def addresses_of(self, namespaces: frozenset[str]) -> frozenset[str]:
        """The addresses that pods of some namespaces ever had."""
        found = self.owners.items()
        return frozenset(address for address, owners in found if any(o.namespace in namespaces for o in owners))

    def owner(self, address: str, first: int, last: int) -> AddressOwner | None:
        """The pod that had an address all the time from `first` to `last`; None where that is not sure."""
        found = [one for one in self.owners.get(address, ()) if one.start <= first and last < one.end]
        return found[0] if len(found) == 1 else None

    def labels_of(self, end: FlowEnd) -> tuple[tuple[str, str], ...] | None:
        """The labels of a pod that is known by name, itself or through its siblings."""
        found = self.pods.get((end.namespace, end.pod))
        if found is not None or not end.pod:
            return found
        prefix = end.pod.removesuffix("*") if end.pod.endswith("*") else f"{end.pod.rpartition('-')[0]}-"
        return self.families.get((end.namespace, prefix))

    def service_at(self, end: FlowEnd) -> tuple[tuple[str, str], ServiceRecord] | None:
        """The Service that an end names, or whose address it is."""
        name: tuple[str, str] | None = None
        if end.service:
            namespace, _, bare = end.service.partition("/")
            name = (namespace, bare)
        elif not end.pod and not end.labels:
            name = self.cluster_ips.get(end.address)
        record = self.services.services.get(name) if name else None
        return (name, record) if name and record else None


def read_snapshot(documents: Iterable[Any]) -> Snapshot:
    """What Kubernetes documents of any kinds tell; pods may stand in several of them."""
    every = [document for document in documents if isinstance(document, Mapping)]
    pods = [document for document in every if document.get("kind") == "Pod"]
    addresses: dict[str, set[AddressOwner]] = {}
    for document in pods:
        for address, owner in _owners(document):
            addresses.setdefault(address, set()).add(owner)
    nodes = {text for document in pods for text in _node_addresses(document)}
    return Snapshot(
        {address: _in_turn(owners) for address, owners in addresses.items()},
        {_name(document): _labels(document) for document in pods},
        _families(pods),
        frozenset(nodes),
        dict(_cluster_ips(every)),
        index(every, "default"),
    )


def _in_turn(owners: set[AddressOwner]) -> tuple[AddressOwner, ...]:
    """Owners by start, each until the next one begins; of one pod in several snapshots the latest end counts."""
    pods: dict[tuple[str, str, int], AddressOwner] = {}
    for one in sorted(owners, key=lambda item: -item.end):  # the end shows in the later snapshot alone
        pods[one.namespace, one.pod, one.start] = one
    found = sorted(pods.values(), key=lambda item: item.start)
    following = [one.start for one in found[1:]] + [_FOREVER]
    return tuple(one._replace(end=min(one.end, after)) for one, after in zip(found, following, strict=True))


def _owners(pod: Mapping[str, Any]) -> Iterable[tuple[str, AddressOwner]]:
    """The addresses of a pod that is not on its node's network; without a start its time is not known."""
    status, spec = _mapping(pod.get("status")), _mapping(pod.get("spec"))
    if spec.get("hostNetwork") is True:
        return
    try:
        start = parse_time(str(status.get("startTime")))
    except ValueError:
        return
    namespace, name = _name(pod)
    owner = AddressOwner(namespace, name, _labels(pod), start, _end(status))
    texts = [status.get("podIP"), *(_mapping(one).get("ip") for one in _list(status.get("podIPs")))]
    for text in dict.fromkeys(text for text in texts if isinstance(text, str)):
        try:
            yield canonical_address(text), owner
        except ValueError:
            continue


def _end(status: Mapping[str, Any]) -> int:
    """When a pod that has ended did; its address is free from then on."""
    if status.get("phase") not in _ENDED:
        return _FOREVER
    ends = []
    for one in _list(status.get("containerStatuses")):
        finished = _mapping(_mapping(_mapping(one).get("state")).get("terminated")).get("finishedAt")
        try:
            ends.append(parse_time(str(finished)))
        except ValueError:
            continue
    return max(ends, default=0)


def _families(pods: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], tuple[tuple[str, str], ...]]:
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for document in pods:
        prefix = _mapping(document.get("metadata")).get("generateName")
        if isinstance(prefix, str) and prefix:
            labels = dict(_labels(document))
            of_deployment = prefix.removesuffix(f"{labels.get('pod-template-hash')}-")
            for one in {prefix, of_deployment}:
                key = (_name(document)[0], one)
                found[key] = found[key] & set(labels.items()) if key in found else set(labels.items())
    return {key: tuple(sorted(labels)) for key, labels in found.items()}


def _node_addresses(pod: Mapping[str, Any]) -> Iterable[str]:
    status = _mapping(pod.get("status"))
    for text in (status.get("hostIP"), *(_mapping(one).get("ip") for one in _list(status.get("hostIPs")))):
        try:
            yield canonical_address(str(text))
        except ValueError:
            continue


def _cluster_ips(documents: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, tuple[str, str]]]:
    for document in documents:
        if document.get("kind") != "Service":
            continue
        spec = _mapping(document.get("spec"))
        for text in (spec.get("clusterIP"), *_list(spec.get("clusterIPs"))):
            try:
                yield canonical_address(str(text)), _name(document)
            except ValueError:  # `None` of a headless Service
                continue


def _name(document: Mapping[str, Any]) -> tuple[str, str]:
    metadata = _mapping(document.get("metadata"))
    return str(metadata.get("namespace") or "default"), str(metadata.get("name"))


def _labels(document: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    labels = _mapping(_mapping(document.get("metadata")).get("labels"))
    return tuple(sorted((str(key), str(value)) for key, value in labels.items()))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
