"""Kubernetes: nodes, Services, ServiceCIDRs, endpoint slices, kubeadm, static pods, Calico, Cilium, OpenShift.

Every provider reads these too: the addresses of the API server are told best by the cluster itself.
Sources: the API reference of core/v1, discovery.k8s.io/v1 and networking.k8s.io/v1; kubeadm's ClusterConfiguration;
Calico's IPPool; Cilium's ConfigMap cilium-config; OpenShift's Network of config.openshift.io.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mcpfence.cidrs.clouds.cluster_settings import read_config_map, read_openshift, read_pod, version_of
from mcpfence.cidrs.document_value import DocumentValue
from mcpfence.cidrs.facts import Gathered, Scope
from mcpfence.cidrs.kinds import (
    CONFIG_MAPS,
    ENDPOINTS,
    ENI_CONFIGS,
    NETWORKS,
    NODES,
    OTHERS,
    PODS,
    POOLS,
    SERVICE_CIDRS,
    SERVICES,
    CloudProvider,
    Command,
    DocumentKind,
    Objects,
    known_of,
    line_of,
    resource,
)

KINDS = (
    DocumentKind(NODES, resource("Node")),
    DocumentKind(SERVICES, resource("Service")),
    DocumentKind(SERVICE_CIDRS, resource("ServiceCIDR", group="networking.k8s.io")),
    DocumentKind(ENDPOINTS, resource("EndpointSlice", group="discovery.k8s.io")),
    DocumentKind(ENDPOINTS, resource("Endpoints")),
    DocumentKind(CONFIG_MAPS, resource("ConfigMap")),
    DocumentKind(PODS, resource("Pod")),
    DocumentKind(POOLS, lambda data: data.get("kind") == "IPPool" and "apiVersion" in data),
    DocumentKind(NETWORKS, resource("Network", group="config.openshift.io")),
    DocumentKind(ENI_CONFIGS, resource("ENIConfig", group="crd.k8s.amazonaws.com")),
    DocumentKind(OTHERS, lambda data: isinstance(data.get("kind"), str) and isinstance(data.get("apiVersion"), str)),
)

_KUBECTL = ("kubectl", ("--context={CONTEXT}",), "get")
_SYSTEM = ("--namespace=kube-system", "--output=json")
_API = ("--namespace=default", "--selector=kubernetes.io/service-name=kubernetes", "--output=json")
SLICES = Command("endpointslices.json", (*_KUBECTL, "endpointslices", *_API))
DNS = Command("kube-dns.json", (*_KUBECTL, "services", "--selector=k8s-app=kube-dns", *_SYSTEM))
COMMANDS = (
    Command("nodes.json", (*_KUBECTL, "nodes", "--output=json"), required=True),
    Command("servicecidrs.json", (*_KUBECTL, "servicecidrs", "--output=json")),
    SLICES,
    DNS,
    Command("kubeadm.json", (*_KUBECTL, "configmaps", "kubeadm-config", *_SYSTEM)),
    Command("control-plane.json", (*_KUBECTL, "pods", "--selector=tier=control-plane", *_SYSTEM)),
)


def read(objects: Objects, gathered: Gathered) -> None:
    """Everything that a cluster tells of itself."""
    read_objects(objects, gathered)
    known = known_of(gathered.scope)
    from_nodes = any(item.source.what.startswith("address of node") for item in gathered.found)
    if from_nodes:
        sentence = "holds the addresses of today's nodes, and none of a node that joins later"
        gathered.missing("nodes", sentence, "add the range of the nodes' network by hand")
    ranges = any(item.key == "pods" and "of node" not in item.source.what for item in gathered.found)
    if gathered.has("pods") and not ranges:
        sentence = "holds the pod ranges of today's nodes, and none of a node that joins later"
        todo = f"run: {line_of(COMMANDS, 'kubeadm.json', known)}; or add the pods' whole range by hand"
        gathered.missing("pods", sentence, todo)


def read_objects(objects: Objects, gathered: Gathered, *, nodes: bool = True) -> None:
    """The Kubernetes objects of any provider; without `nodes` where the cloud tells the ranges themselves."""
    for node in objects.get(NODES, ()):
        _node(node, gathered, addresses=nodes)
    for service in objects.get(SERVICES, ()):
        _service(service, gathered)
    for item in objects.get(SERVICE_CIDRS, ()):
        for entry in item.at("spec", "cidrs").items():
            gathered.cidr("services", entry, f"ServiceCIDR {_name(item)}")
    for item in objects.get(ENDPOINTS, ()):
        _endpoints(item, gathered)
    for item in objects.get(CONFIG_MAPS, ()):
        read_config_map(item, gathered)
    for item in objects.get(PODS, ()):
        read_pod(item, gathered)
    for item in objects.get(POOLS, ()):
        gathered.cidr("pods", item.at("spec", "cidr"), f"IPPool {_name(item)}")
    for item in objects.get(NETWORKS, ()):
        read_openshift(item, gathered)
    _profile(objects, gathered)
    _families(objects, gathered)


def public_nodes(whose: str, gathered: Gathered) -> None:
    """Say that nodes have public addresses of their own: in no range of the network, so only the nodes tell them."""
    if any(item.source.what.startswith("address of node") for item in gathered.found):
        sentence = "holds the public addresses of today's nodes, and none of a node that joins later"
        todo = "run it again when nodes change, or give the nodes private addresses alone"
    else:
        sentence = f"lacks the public addresses of the nodes of {whose}"
        run = line_of(COMMANDS, "nodes.json", known_of(gathered.scope))
        todo = f"run: {run}; or give the nodes private addresses alone"
    gathered.missing("nodes", sentence, todo)


def _name(node: DocumentValue) -> str:
    return node.at("metadata", "name").label or "without a name"


def _node(node: DocumentValue, gathered: Gathered, *, addresses: bool) -> None:
    name = _name(node)
    for address in node.at("status", "addresses").items():
        kind = address.at("type").text
        # A cloud's ranges hold the internal addresses; external ones are in no range of the cluster's.
        if kind == "ExternalIP" or (kind == "InternalIP" and addresses):
            gathered.address("nodes", address.at("address"), f"address of node {name}")
    several = node.at("spec", "podCIDRs")
    for entry in several.items():
        gathered.cidr("pods", entry, f"pod range of node {name}")
    if not several.there:
        gathered.cidr("pods", node.at("spec", "podCIDR"), f"pod range of node {name}")


def _service(service: DocumentValue, gathered: Gathered) -> None:
    metadata = service.at("metadata")
    name, namespace = metadata.at("name").text, metadata.at("namespace").text
    dns = (namespace, name) in (("kube-system", "kube-dns"), ("openshift-dns", "dns-default"))
    if not dns and not (namespace == "kube-system" and metadata.at("labels", "k8s-app").text == "kube-dns"):
        return
    several = service.at("spec", "clusterIPs")
    for entry in several.items() if several.there else [service.at("spec", "clusterIP")]:
        gathered.address("dns", entry, f"Service {metadata.at('namespace').label}/{metadata.at('name').label}")


def _endpoints(item: DocumentValue, gathered: Gathered) -> None:
    """The addresses behind Service default/kubernetes: the API servers."""
    metadata = item.at("metadata")
    service = metadata.at("labels", "kubernetes.io/service-name").text or metadata.at("name").text
    if (metadata.at("namespace").text, service) != ("default", "kubernetes"):
        return
    for endpoint in item.at("endpoints").items():
        for entry in endpoint.at("addresses").items():
            gathered.address("controlPlane", entry, "endpoint of Service default/kubernetes")
    for subset in item.at("subsets").items():
        for entry in subset.at("addresses").items():
            gathered.address("controlPlane", entry.at("ip"), "endpoint of Service default/kubernetes")


# --- what kind of cluster ---


def _profile(objects: Objects, gathered: Gathered) -> None:
    """The profile, where every node says the same."""
    nodes = objects.get(NODES, ())
    told = {_profile_of(node.data) for node in nodes}
    if len(told) == 1 and nodes:
        name = told.pop()
        if name:
            gathered.profile(name, nodes[0].at("status", "nodeInfo", "kubeletVersion"), "the nodes")


def _profile_of(data: Mapping[str, Any]) -> str:
    labels = _below(data, "metadata", "labels")
    version = str(_below(data, "status", "nodeInfo").get("kubeletVersion", ""))
    if "node.openshift.io/os_id" in labels:
        return "openshift"
    if "-gke." in version:
        return "gke"
    if "-eks-" in version:
        return "eks"
    if "kubernetes.azure.com/cluster" in labels:
        return "aks"
    return "k3s" if "+k3s" in version else ""


def _below(data: Any, *steps: str) -> Mapping[str, Any]:
    for step in steps:
        data = data.get(step) if isinstance(data, Mapping) else None
    return data if isinstance(data, Mapping) else {}


def _families(objects: Objects, gathered: Gathered) -> None:
    """One family only, where both the pods' and the Services' ranges say so; both, where both have both."""
    cidrs = [entry for item in objects.get(SERVICE_CIDRS, ()) for entry in item.at("spec", "cidrs").items()]
    services = {version_of(entry.text) for entry in cidrs}
    pods = [_versions(node) for node in objects.get(NODES, ())]
    if cidrs and pods and all(versions == services for versions in pods) and 0 not in services:
        names = tuple(f"IPv{version}" for version in sorted(services))
        gathered.family(names, cidrs[0], "ranges of Services and pods")


def _versions(node: DocumentValue) -> set[int]:
    return {version_of(entry.text) for entry in node.at("spec", "podCIDRs").items()}


def only_with_context(commands: tuple[Command, ...]) -> Iterator[Command]:
    """The commands of kubectl for another provider: run only with --context."""
    for command in commands:
        yield command._replace(run=False)


def _clues(_: Objects, __: Scope) -> Mapping[str, str]:
    return {}


_TELLS = {"nodes": "nodes.json", "pods": "kubeadm.json", "services": "servicecidrs.json", "controlPlane": SLICES.file}
_INSTALL = "kubectl (kubernetes.io/docs/tasks/tools)"
PROVIDER = CloudProvider("kubernetes", "kubectl", _INSTALL, KINDS, COMMANDS, read, _clues, _TELLS)
