"""Azure: AKS clusters, virtual networks, subnets, peerings and private endpoints, as az prints them.

Sources: the REST references of Microsoft.ContainerService/managedClusters (ContainerServiceNetworkProfile,
ManagedClusterAgentPoolProfile, ManagedClusterAPIServerAccessProfile) and of Microsoft.Network (VirtualNetwork, Subnet,
VirtualNetworkPeering, PrivateEndpoint).  az flattens `properties`, az rest does not; newer versions write vnetSubnetId
and dnsServiceIp where older ones have vnetSubnetID and dnsServiceIP.

    networkProfile.podCidrs, else podSubnetId of the pools, else (Azure CNI) the node subnets      pods
    vnetSubnetId of the pools, else the network that AKS made in the node resource group           nodes
    apiServerAccessProfile.subnetId, or the private endpoint                                       controlPlane
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mcpfence.cidrs.choose import the_cluster
from mcpfence.cidrs.clouds.kubernetes import DNS, SLICES, only_with_context, public_nodes, read_objects
from mcpfence.cidrs.clouds.kubernetes import KINDS as KUBERNETES
from mcpfence.cidrs.document_value import DocumentValue
from mcpfence.cidrs.facts import Gathered, Key, Scope
from mcpfence.cidrs.kinds import CloudProvider, Command, DocumentKind, Objects, has, known_of, line_of

CLUSTER, VNET, SUBNET = "AKS cluster", "virtual network", "subnet"
PEERING, ENDPOINT = "virtual network peering", "private endpoint"

COMMANDS = (
    Command(
        "cluster.json",
        ("az", "aks", "show", "--resource-group={RESOURCE_GROUP}", "--name={CLUSTER}", "--output=json"),
        required=True,
    ),
    Command("vnets.json", ("az", "network", "vnet", "list", "--resource-group={VNET_RESOURCE_GROUP}", "--output=json")),
    Command(
        "endpoints.json",
        ("az", "network", "private-endpoint", "list", "--resource-group={NODE_RESOURCE_GROUP}", "--output=json"),
    ),
    *only_with_context((SLICES, DNS)),
)


def read(objects: Objects, gathered: Gathered) -> None:
    """The ranges of the one cluster; the rest of its virtual networks and their peers as routed."""
    flat = {kind: [_flat(node) for node in nodes] for kind, nodes in objects.items()}
    cluster = the_cluster(flat.get(CLUSTER, []), "name", "cluster.json", COMMANDS, gathered)
    read_objects(objects, gathered, nodes=cluster is None)
    networks = flat.get(VNET, [])
    if cluster is not None:
        gathered.profile("aks", cluster.at("id"), "an AKS cluster")
        _network_profile(cluster, gathered)
        used = _subnets(cluster, flat, gathered)
        pools = [pool for pool in cluster.at("agentPoolProfiles").items() if _is_public(pool)]
        if pools:
            public_nodes(f"pool {', '.join(pool.at('name').label for pool in pools)}", gathered)
        networks = [network for network in networks if _in_use(network, used)]
        _endpoints(cluster, flat, gathered)
    for network in flat.get(VNET, []):
        if network not in networks:
            gathered.note(network, f"virtual network {network.at('name').label} is not the cluster's and left out")
    for network in networks:
        _around(network, gathered)
    for peering in flat.get(PEERING, []):
        _peering(peering, gathered)


def _flat(node: DocumentValue) -> DocumentValue:
    """The object with what az rest and az resource put below `properties`."""
    inner = node.at("properties").data
    return DocumentValue(node.file, node.path, {**inner, **node.data}) if isinstance(inner, Mapping) else node


def _is_public(pool: DocumentValue) -> bool:
    return pool.first("enableNodePublicIp", "enableNodePublicIP").true


def _network_profile(cluster: DocumentValue, gathered: Gathered) -> None:
    profile = cluster.at("networkProfile")
    pairs: tuple[tuple[Key, str, str], ...] = (
        ("pods", "podCidr", "pods of the cluster"),
        ("services", "serviceCidr", "Services of the cluster"),
    )
    for key, name, what in pairs:
        several = profile.at(f"{name}s")
        for entry in several.items():
            gathered.cidr(key, entry, what)
        if not isinstance(several.data, list):
            gathered.cidr(key, profile.at(name), what)
    for name in ("networkPolicy", "networkDataplane"):
        if (written := profile.at(name)).text.lower() == "cilium":
            gathered.cni("cilium", written, f"the cluster's {name}")
    gathered.address("dns", profile.first("dnsServiceIp", "dnsServiceIP"), "DNS Service of the cluster")
    names = tuple(sorted({entry.text for entry in profile.at("ipFamilies").items()}))
    if names in (("IPv4",), ("IPv6",), ("IPv4", "IPv6")):
        gathered.family(names, profile.at("ipFamilies"), "the cluster's IP families")


# --- subnets ---


def _subnets(cluster: DocumentValue, flat: Mapping[str, list[DocumentValue]], gathered: Gathered) -> set[str]:
    """Take the ranges of the subnets that the cluster uses; returns their ids in lower case."""
    listed = list(_all_subnets(flat))
    by_id = {subnet.at("id").text.lower(): subnet for subnet in listed}
    nodes: dict[str, DocumentValue] = {}
    pods: dict[str, DocumentValue] = {}
    own = False
    for pool in cluster.at("agentPoolProfiles").items():
        subnet, pod_subnet = pool.first("vnetSubnetId", "vnetSubnetID"), pool.first("podSubnetId", "podSubnetID")
        own = own or not subnet.text
        nodes |= {subnet.text.lower(): subnet} if subnet.text else {}
        pods |= {pod_subnet.text.lower(): pod_subnet} if pod_subnet.text else {}
    if own:
        nodes |= _made_by_aks(cluster, listed, gathered)
    if not pods and _flat_pods(cluster):
        pods = nodes
    api = cluster.at("apiServerAccessProfile").first("subnetId", "subnetID")
    parts: list[tuple[Key, Mapping[str, DocumentValue]]] = [("nodes", nodes), ("pods", pods)]
    parts += [("controlPlane", {api.text.lower(): api})] if api.text else []
    for key, wanted in parts:
        for id, named in wanted.items():
            _subnet(key, by_id.get(id), named, gathered)
    return {*nodes, *pods, *([api.text.lower()] if api.text else [])}


def _all_subnets(flat: Mapping[str, list[DocumentValue]]) -> Iterator[DocumentValue]:
    for network in flat.get(VNET, []):
        yield from map(_flat, network.at("subnets").items())
    yield from flat.get(SUBNET, [])


def _made_by_aks(cluster: DocumentValue, listed: list[DocumentValue], gathered: Gathered) -> dict[str, DocumentValue]:
    """The subnets of the network that AKS made for pools that name none: it lies in the node resource group."""
    group = cluster.at("nodeResourceGroup").text
    found = {
        node.at("id").text.lower(): node.at("id")
        for node in listed
        if group and _group(node.at("id").text) == group.lower()
    }
    if not found:
        known = {**known_of(gathered.scope), "VNET_RESOURCE_GROUP": group}
        sentence = f"lacks the network that AKS made in resource group {cluster.at('nodeResourceGroup').label}"
        gathered.missing("nodes", sentence, f"run: {line_of(COMMANDS, 'vnets.json', known)}")
    return found


def _flat_pods(cluster: DocumentValue) -> bool:
    """Whether pods take addresses of their node's subnet: Azure CNI without overlay and without pod subnets."""
    profile = cluster.at("networkProfile")
    told = any(
        profile.at(name).data not in (None, "", []) for name in ("podCidr", "podCidrs") if profile.at(name).there
    )
    return (
        not told and profile.at("networkPlugin").text == "azure" and profile.at("networkPluginMode").text != "overlay"
    )


def _subnet(key: Key, subnet: DocumentValue | None, named: DocumentValue, gathered: Gathered) -> None:
    short = DocumentValue("", (), named.text.rpartition("/")[2]).label
    if subnet is None:
        known = {**known_of(gathered.scope), "VNET_RESOURCE_GROUP": _group(named.text)}
        run = f"run: {line_of(COMMANDS, 'vnets.json', known)}"
        gathered.missing(key, f"lacks the range of subnet {short}", run)
        return
    several = subnet.at("addressPrefixes")
    for entry in several.items():
        gathered.cidr(key, entry, f"subnet {short}")
    if not list(several.items()):
        gathered.cidr(key, subnet.at("addressPrefix"), f"subnet {short}")


def _group(id: str) -> str:
    """The resource group of an id, in lower case; nothing where the id names none."""
    parts = id.lower().split("/")
    place = parts.index("resourcegroups") + 1 if "resourcegroups" in parts else len(parts)
    return parts[place] if place < len(parts) else ""


def _in_use(network: DocumentValue, used: set[str]) -> bool:
    prefix = f"{network.at('id').text.lower()}/subnets/"
    return any(id.startswith(prefix) for id in used)


# --- around the cluster ---


def _around(network: DocumentValue, gathered: Gathered) -> None:
    name = network.at("name").label
    for entry in network.at("addressSpace", "addressPrefixes").items():
        gathered.cidr("routed", entry, f"virtual network {name}")
    for peering in network.at("virtualNetworkPeerings").items():
        _peering(_flat(peering), gathered)


def _peering(peering: DocumentValue, gathered: Gathered) -> None:
    name, state = peering.at("name").label, peering.at("peeringState").text
    if state not in ("", "Connected"):
        gathered.note(peering, f"peering {name} is {peering.at('peeringState').label} and left out")
        return
    # The first is the peer's space at the last synchronisation, the second the one of now: routes follow the first.
    for key in ("remoteAddressSpace", "remoteVirtualNetworkAddressSpace"):
        for entry in peering.at(key, "addressPrefixes").items():
            gathered.cidr("routed", entry, f"peering {name}")


def _endpoints(cluster: DocumentValue, flat: Mapping[str, list[DocumentValue]], gathered: Gathered) -> None:
    """The private endpoint of a private cluster: it connects to the cluster's own id."""
    id = cluster.at("id").text.lower()
    for endpoint in flat.get(ENDPOINT, []):
        connections = [
            *endpoint.at("privateLinkServiceConnections").items(),
            *endpoint.at("manualPrivateLinkServiceConnections").items(),
        ]
        if not id or id not in [_flat(item).at("privateLinkServiceId").text.lower() for item in connections]:
            gathered.note(endpoint, f"private endpoint {endpoint.at('name').label} is not the cluster's and left out")
            continue
        for config in endpoint.at("customDnsConfigs").items():
            for entry in config.at("ipAddresses").items():
                gathered.address("controlPlane", entry, "private endpoint of the API server")
        for config in endpoint.at("ipConfigurations").items():
            gathered.address("controlPlane", _flat(config).at("privateIPAddress"), "private endpoint of the API server")


def _clues(objects: Objects, _: Scope) -> Mapping[str, str]:
    clusters = [_flat(node) for node in objects.get(CLUSTER, ())]
    if len(clusters) != 1:
        return {}
    group = clusters[0].at("nodeResourceGroup").text
    subnets = [pool.first("vnetSubnetId", "vnetSubnetID").text for pool in clusters[0].at("agentPoolProfiles").items()]
    named = next((_group(id) for id in subnets if id), group)
    return {key: value for key, value in (("NODE_RESOURCE_GROUP", group), ("VNET_RESOURCE_GROUP", named)) if value}


def _typed(name: str) -> Any:
    """Whether an object is of a type of resource, whatever the case: az and the portal differ."""
    return lambda data: str(data.get("type", "")).lower() == name.lower()


def _is_subnet(data: Mapping[str, Any]) -> bool:
    return "/subnets/" in str(data.get("id", "")) and ("addressPrefix" in data or "addressPrefixes" in data)


KINDS = (
    DocumentKind(
        CLUSTER,
        lambda data: (
            _typed("Microsoft.ContainerService/managedClusters")(data)
            or has("agentPoolProfiles", "networkProfile")(data)
        ),
    ),
    DocumentKind(
        VNET, lambda data: _typed("Microsoft.Network/virtualNetworks")(data) or has("addressSpace", "subnets")(data)
    ),
    DocumentKind(
        PEERING,
        lambda data: (
            _typed("Microsoft.Network/virtualNetworks/virtualNetworkPeerings")(data) or "remoteVirtualNetwork" in data
        ),
    ),
    DocumentKind(SUBNET, lambda data: _typed("Microsoft.Network/virtualNetworks/subnets")(data) or _is_subnet(data)),
    DocumentKind(ENDPOINT, _typed("Microsoft.Network/privateEndpoints")),
    *KUBERNETES,
)
_TELLS = {"nodes": "vnets.json", "pods": "vnets.json", "services": "cluster.json", "controlPlane": SLICES.file}
PROVIDER = CloudProvider(
    "azure", "az", "the Azure CLI (learn.microsoft.com/cli/azure)", KINDS, COMMANDS, read, _clues, _TELLS
)
