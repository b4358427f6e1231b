"""Settings of a cluster that are no API of their own: kubeadm, static pods, Cilium, OpenShift."""

from __future__ import annotations

from mcpfence.cidrs.document_value import DocumentValue
from mcpfence.cidrs.facts import Gathered, Key
from mcpfence.documents.reader import BadDocument, load_foreign
from mcpfence.net.addresses import family, parse_address


def read_config_map(item: DocumentValue, gathered: Gathered) -> None:
    """Kubeadm's settings and those of Cilium."""
    data = item.at("data")
    if _label(item) == "kubeadm-config":
        try:
            documents = load_foreign(data.at("ClusterConfiguration").text)
        except BadDocument:
            documents = []
        for document in documents:
            _kubeadm(DocumentValue(item.file, data.at("ClusterConfiguration").path, document), gathered)
    elif _label(item) == "cilium-config":
        gathered.cni("cilium", item.at("metadata", "name"), "what ConfigMap cilium-config sets up")
        for key in ("cluster-pool-ipv4-cidr", "cluster-pool-ipv6-cidr"):
            _several(gathered, "pods", data.at(key), "pool of Cilium")


def _kubeadm(node: DocumentValue, gathered: Gathered) -> None:
    _several(gathered, "pods", node.at("networking", "podSubnet"), "kubeadm's podSubnet")
    _several(gathered, "services", node.at("networking", "serviceSubnet"), "kubeadm's serviceSubnet")
    host = node.at("controlPlaneEndpoint")
    address = host.text.rpartition(":")[0].strip("[]") if host.text.count(":") == 1 or "]:" in host.text else host.text
    if is_address(address):
        entry = DocumentValue(host.file, host.path, address)
        gathered.address("controlPlane", entry, "kubeadm's controlPlaneEndpoint")


_FLAGS: dict[str, tuple[Key, str]] = {
    "--cluster-cidr": ("pods", "flag --cluster-cidr"),
    "--service-cluster-ip-range": ("services", "flag --service-cluster-ip-range"),
    "--advertise-address": ("controlPlane", "flag --advertise-address"),
}


def read_pod(item: DocumentValue, gathered: Gathered) -> None:
    """Flags of the control plane's static pods."""
    if item.at("metadata", "namespace").text != "kube-system":
        return
    for container in item.at("spec", "containers").items():
        for list_ in (container.at("command"), container.at("args")):
            for word in list_.items():
                name, _, value = word.text.partition("=")
                key, what = _FLAGS.get(name, ("pods", ""))
                if key == "controlPlane" and what:
                    gathered.address(key, DocumentValue(word.file, word.path, value), f"{what} of pod {_label(item)}")
                elif what and value:
                    _several(gathered, key, DocumentValue(word.file, word.path, value), f"{what} of pod {_label(item)}")


def _several(gathered: Gathered, key: Key, node: DocumentValue, what: str) -> None:
    """CIDR blocks in one text, one for each family, with commas or spaces between."""
    if not isinstance(node.data, str):
        gathered.cidr(key, node, what)
        return
    for piece in node.text.replace(",", " ").split():
        gathered.cidr(key, DocumentValue(node.file, node.path, piece), what)


def read_openshift(item: DocumentValue, gathered: Gathered) -> None:
    """OpenShift's networks: what is in force, else what is asked for."""
    part = item.at("status") if item.at("status", "clusterNetwork").there else item.at("spec")
    for entry in part.at("clusterNetwork").items():
        gathered.cidr("pods", entry.at("cidr"), "cluster network of OpenShift")
    for entry in part.at("serviceNetwork").items():
        gathered.cidr("services", entry, "service network of OpenShift")
    gathered.profile("openshift", item.at("apiVersion"), "an OpenShift network")


def _label(node: DocumentValue) -> str:
    return node.at("metadata", "name").label


def version_of(text: str) -> int:
    """4 or 6 for an address or CIDR block, 0 for anything else."""
    try:
        return family(parse_address(text.partition("/")[0]))
    except ValueError:
        return 0


def is_address(text: str) -> bool:
    """Whether a text is an IP address, not a name."""
    return version_of(text) != 0 and "/" not in text
