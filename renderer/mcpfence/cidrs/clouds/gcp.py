"""Google: GKE clusters, subnets, routes and peerings, as gcloud prints them.

Sources: the REST references of container v1 (Cluster, IPAllocationPolicy, NodeNetworkConfig, PrivateClusterConfig,
ControlPlaneEndpointsConfig) and compute v1 (Subnetwork, Route, Network, ExchangedPeeringRoute).

    clusterIpv4Cidr: 10.20.0.0/14                          pods
    servicesIpv4Cidr: 34.118.224.0/20                      services (Google's own range, public, since GKE 1.29)
    nodePools[].networkConfig.podIpv4CidrBlock             pods of a pool; podRange only names a range of the subnet
    networkConfig.subnetwork -> ipCidrRange of the subnet  nodes
    privateClusterConfig.masterIpv4CidrBlock, endpoints    controlPlane
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mcpfence.cidrs.choose import the_cluster
from mcpfence.cidrs.clouds.cluster_settings import is_address
from mcpfence.cidrs.clouds.kubernetes import DNS, SLICES, only_with_context, public_nodes, read_objects
from mcpfence.cidrs.clouds.kubernetes import KINDS as KUBERNETES
from mcpfence.cidrs.document_value import DocumentValue
from mcpfence.cidrs.facts import Gathered, Scope
from mcpfence.cidrs.kinds import CloudProvider, Command, DocumentKind, Objects, fill, has, known_of, line_of
from mcpfence.structs import Struct

CLUSTER, SUBNET, ROUTE, NETWORK, PEERING_ROUTE = "GKE cluster", "subnet", "route", "network", "peering route"

_PROJECT = ("--project={PROJECT}",)
_NETWORK_PROJECT = ("--project={NETWORK_PROJECT}",)
COMMANDS = (
    Command(
        "cluster.json",
        ("gcloud", "container", "clusters", "describe", "{CLUSTER}", "--location={REGION}", _PROJECT, "--format=json"),
        required=True,
    ),
    Command(
        "subnets.json",
        ("gcloud", "compute", "networks", "subnets", "list", "--network={NETWORK}", _NETWORK_PROJECT, "--format=json"),
    ),
    Command("routes.json", ("gcloud", "compute", "routes", "list", _NETWORK_PROJECT, "--format=json")),
    Command(
        "peerings.json",
        ("gcloud", "compute", "networks", "peerings", "list", "--network={NETWORK}", _NETWORK_PROJECT, "--format=json"),
    ),
    *only_with_context((SLICES, DNS)),
)
_PEERING_ROUTES = Command(
    "peering-routes.json",
    (
        *("gcloud", "compute", "networks", "peerings", "list-routes", "{PEERING}", "--network={NETWORK}"),
        *("--region={REGION}", "--direction=INCOMING", "--format=json"),
    ),
)


class _Wanted(Struct):
    """A subnet that the cluster uses: its name or path, where that stands, and which secondary ranges hold pods."""

    subnet: DocumentValue
    pod_ranges: tuple[DocumentValue, ...] = ()
    nodes: bool = True


def read(objects: Objects, gathered: Gathered) -> None:
    """The ranges of the one cluster; its network's other ranges as routed."""
    cluster = the_cluster(objects.get(CLUSTER, ()), "name", "cluster.json", COMMANDS, gathered)
    read_objects(objects, gathered, nodes=cluster is None)
    if cluster is None:
        return
    gathered.profile("gke", cluster.at("name"), "a GKE cluster")
    if (path := cluster.at("networkConfig", "datapathProvider")).text == "ADVANCED_DATAPATH":
        gathered.cni("cilium", path, "the data path of the cluster (Dataplane V2)")
    _pods_and_services(cluster, gathered)
    _public_nodes(cluster, gathered)
    _control_plane(cluster, gathered)
    _families(cluster, gathered)
    _subnets(cluster, objects.get(SUBNET, ()), gathered)
    _routes(cluster, objects, gathered)


def _pods_and_services(cluster: DocumentValue, gathered: Gathered) -> None:
    policy = cluster.at("ipAllocationPolicy")
    gathered.cidr("pods", cluster.at("clusterIpv4Cidr"), "pods of the cluster")
    gathered.cidr("services", cluster.at("servicesIpv4Cidr"), "Services of the cluster")
    for name in ("clusterIpv4CidrBlock", "clusterIpv4Cidr"):
        gathered.cidr("pods", policy.at(name), "pods of the cluster")
    for name in ("servicesIpv4CidrBlock", "servicesIpv4Cidr", "servicesIpv6CidrBlock"):
        gathered.cidr("services", policy.at(name), "Services of the cluster")
    gathered.cidr("pods", policy.at("subnetIpv6CidrBlock"), "IPv6 of nodes and pods")
    gathered.cidr("nodes", policy.at("subnetIpv6CidrBlock"), "IPv6 of nodes and pods")
    for pool in cluster.at("nodePools").items():
        name = pool.at("name").label
        gathered.cidr("pods", pool.at("networkConfig", "podIpv4CidrBlock"), f"pods of node pool {name}")
    gathered.cidr("nodes", cluster.at("tpuConfig", "ipv4CidrBlock"), "TPUs of the cluster")
    gathered.cidr("nodes", cluster.at("tpuIpv4CidrBlock"), "TPUs of the cluster")


def _public_nodes(cluster: DocumentValue, gathered: Gathered) -> None:
    """Nodes are public unless the pool, or else the cluster, says that they are private."""
    places = (("privateClusterConfig", "enablePrivateNodes"), ("networkConfig", "defaultEnablePrivateNodes"))
    private = any(cluster.at(*place).true for place in places)
    pools = []
    for pool in cluster.at("nodePools").items():
        own = pool.at("networkConfig", "enablePrivateNodes")
        if not (own.true if own.there else private):
            pools.append(pool.at("name").label)
    if pools:
        public_nodes(f"pool {', '.join(pools)}", gathered)


def _control_plane(cluster: DocumentValue, gathered: Gathered) -> None:
    private = cluster.at("privateClusterConfig")
    gathered.cidr("controlPlane", private.at("masterIpv4CidrBlock"), "the control plane's range")
    endpoints = cluster.at("controlPlaneEndpointsConfig", "ipEndpointsConfig")
    for part in (private, endpoints):
        for name, what in (("privateEndpoint", "private"), ("publicEndpoint", "public")):
            gathered.address("controlPlane", part.at(name), f"{what} endpoint of the control plane")
    names = cluster.at("controlPlaneEndpointsConfig", "dnsEndpointConfig")
    if names.at("allowExternalTraffic").true:
        sentence = (
            "cannot hold the API server's DNS endpoint, a name whose addresses change: "
            "servers of the stance internet reach it"
        )
        todo = "turn allowExternalTraffic off, or see that IAM lets nobody in from the servers"
        gathered.out.add("cidrs-missing", (), sentence, todo, document="cluster.cidrs.controlPlane")
    endpoint = cluster.at("endpoint")
    if is_address(endpoint.text):
        gathered.address("controlPlane", endpoint, "endpoint of the control plane")
    elif endpoint.text:
        gathered.note(endpoint, "endpoint of the control plane is a name, and left out: its addresses may change")


def _families(cluster: DocumentValue, gathered: Gathered) -> None:
    stack = cluster.at("ipAllocationPolicy", "stackType")
    names = {"IPV4": ("IPv4",), "IPV4_IPV6": ("IPv4", "IPv6")}.get(stack.text)
    if names:
        gathered.family(names, stack, "the cluster's stack")


# --- subnets ---


def _wanted(cluster: DocumentValue) -> Iterator[_Wanted]:
    """Every subnet that the cluster names, and the ranges in it that hold pods."""
    policy, network = cluster.at("ipAllocationPolicy"), cluster.at("networkConfig")
    own = network.at("subnetwork") if network.at("subnetwork").text else cluster.at("subnetwork")
    additional = policy.at("additionalPodRangesConfig")
    names = [policy.at("clusterSecondaryRangeName"), *additional.at("podRangeNames").items()]
    names += [item.at("rangeName") for item in additional.at("podRangeInfo").items()]
    yield _Wanted(own, tuple(names))
    for item in policy.at("additionalIpRangesConfigs").items():
        yield _Wanted(item.at("subnetwork"), tuple(item.at("podIpv4RangeNames").items()))
    for pool in cluster.at("nodePools").items():
        config = pool.at("networkConfig")
        subnet = config.at("subnetwork") if config.at("subnetwork").text else own
        yield _Wanted(subnet, () if config.at("podIpv4CidrBlock").text else (config.at("podRange"),))
        for item in config.at("additionalNodeNetworkConfigs").items():
            yield _Wanted(item.at("subnetwork"))
        for item in config.at("additionalPodNetworkConfigs").items():
            yield _Wanted(item.at("subnetwork"), (item.at("secondaryPodRange"),), nodes=False)


def _subnets(cluster: DocumentValue, listed: Sequence[DocumentValue], gathered: Gathered) -> None:
    used: set[tuple[str | int, ...]] = set()
    known = {**known_of(gathered.scope), **_network(cluster)}
    run = f"run: {line_of(COMMANDS, 'subnets.json', known)}"
    for wanted in _wanted(cluster):
        if not wanted.subnet.text:
            continue
        fits = [subnet for subnet in listed if _is(subnet, wanted.subnet.text, cluster)]
        short = DocumentValue("", (), wanted.subnet.text.rpartition("/")[2]).label
        if not fits:
            gathered.missing("nodes", f"lacks the range of subnet {short}, which holds nodes or pods", run)
            continue
        subnet = fits[0]
        used.add((subnet.file, *subnet.path))
        if wanted.nodes:
            gathered.cidr("nodes", subnet.at("ipCidrRange"), f"primary range of subnet {short}")
            _ipv6(subnet, short, cluster, gathered)
        for name in wanted.pod_ranges:
            if name.text:
                _pod_range(subnet, name, short, run, gathered)
    _neighbours([subnet for subnet in listed if (subnet.file, *subnet.path) not in used], cluster, gathered)


def _ipv6(subnet: DocumentValue, short: str, cluster: DocumentValue, gathered: Gathered) -> None:
    """Nodes and pods of dual-stack clusters take IPv6 addresses from the subnet's one range."""
    for name in ("ipv6CidrRange", "internalIpv6Prefix", "externalIpv6Prefix"):
        gathered.cidr("nodes", subnet.at(name), f"IPv6 range of subnet {short}")
        if cluster.at("ipAllocationPolicy", "stackType").text == "IPV4_IPV6":
            gathered.cidr("pods", subnet.at(name), f"IPv6 range of subnet {short}")


def _pod_range(subnet: DocumentValue, name: DocumentValue, short: str, run: str, gathered: Gathered) -> None:
    ranges = [item for item in subnet.at("secondaryIpRanges").items() if item.at("rangeName").text == name.text]
    for item in ranges:
        gathered.cidr("pods", item.at("ipCidrRange"), f"range {name.label} of subnet {short}")
    if not ranges:
        gathered.missing("pods", f"lacks range {name.label}, which is no secondary range of subnet {short}", run)


def _is(subnet: DocumentValue, wanted: str, cluster: DocumentValue) -> bool:
    """Whether a subnet is the one that a cluster names by path, or by its name alone within its region and network."""
    path = subnet.at("selfLink").text or f"regions/{subnet.at('region').text}/subnetworks/{subnet.at('name').text}"
    theirs, ours = path.split("/"), wanted.split("/")
    if len(ours) > 1:
        tail = min(len(ours), 6 if "projects" in theirs else 4)  # projects/P/regions/R/subnetworks/S
        return theirs[-tail:] == ours[-tail:]
    region = subnet.at("region").text.rpartition("/")[2]
    location = cluster.at("location").text or cluster.at("zone").text
    near = not location or location == region or location.startswith(f"{region}-")
    return subnet.at("name").text == wanted and near


def _neighbours(subnets: list[DocumentValue], cluster: DocumentValue, gathered: Gathered) -> None:
    """Other subnets of the same network are routed from the nodes."""
    for subnet in subnets:
        if not _same_network(subnet, cluster):
            continue
        what = f"subnet {subnet.at('name').label} of the network"
        gathered.cidr("routed", subnet.at("ipCidrRange"), what)
        for item in subnet.at("secondaryIpRanges").items():
            gathered.cidr("routed", item.at("ipCidrRange"), what)
        for name in ("ipv6CidrRange", "internalIpv6Prefix", "externalIpv6Prefix"):
            gathered.cidr("routed", subnet.at(name), what)


# --- routes and peerings ---


def _network(cluster: DocumentValue) -> dict[str, str]:
    """Name and project of the cluster's network: with a shared VPC that is another project than the cluster's."""
    path = (cluster.at("networkConfig", "network").text or cluster.at("network").text).split("/")
    found = {"NETWORK": path[-1]} if path[-1] else {}
    if "projects" in path[:-1]:
        found["NETWORK_PROJECT"] = path[path.index("projects") + 1]
    return found


def _same_network(item: DocumentValue, cluster: DocumentValue) -> bool:
    name = _network(cluster).get("NETWORK", "")
    return not name or not item.at("network").text or item.at("network").text.rpartition("/")[2] == name


def _routes(cluster: DocumentValue, objects: Objects, gathered: Gathered) -> None:
    for route in objects.get(ROUTE, ()):
        if not _same_network(route, cluster):
            gathered.note(route, f"route {route.at('name').label} is of another network and left out")
        elif route.at("nextHopGateway").text.endswith("default-internet-gateway"):
            gathered.note(route, f"route {route.at('name').label} leads to the Internet and is left out")
        else:
            gathered.cidr("routed", route.at("destRange"), f"route {route.at('name').label}")
    for route in objects.get(PEERING_ROUTE, ()):
        gathered.cidr("routed", route.at("destRange"), "a route of a peered network")
    if objects.get(PEERING_ROUTE):
        return
    for network in objects.get(NETWORK, ()):
        if network.at("name").text == _network(cluster).get("NETWORK", network.at("name").text):
            _peerings(network, gathered)


def _peerings(network: DocumentValue, gathered: Gathered) -> None:
    for peering in network.at("peerings").items():
        name = peering.at("name").label
        public = peering.at("importSubnetRoutesWithPublicIp").true or peering.at("importCustomRoutes").true
        if peering.at("state").text == "ACTIVE" and public:
            sentence = f"lacks the public ranges of peering {name}, if it imports any"
            known = {"PEERING": name, "NETWORK": network.at("name").label, "REGION": gathered.scope.region}
            todo = f"run: {fill(_PEERING_ROUTES, known).line}"
            gathered.around(sentence, todo)
        else:
            gathered.note(peering, f"peering {name} imports private ranges alone, or none")


def _clues(objects: Objects, scope: Scope) -> Mapping[str, str]:
    clusters = objects.get(CLUSTER, ())
    return {"NETWORK_PROJECT": scope.project, **(_network(clusters[0]) if len(clusters) == 1 else {})}


KINDS = (
    DocumentKind(CLUSTER, lambda data: "nodePools" in data or has("ipAllocationPolicy", "currentMasterVersion")(data)),
    DocumentKind(SUBNET, has("ipCidrRange", "network")),
    DocumentKind(PEERING_ROUTE, has("destRange", "imported")),
    DocumentKind(ROUTE, has("destRange", "network")),
    DocumentKind(NETWORK, lambda data: data.get("kind") == "compute#network" or has("name", "peerings")(data)),
    *KUBERNETES,
)
_TELLS = {"nodes": "subnets.json", "pods": "cluster.json", "services": "cluster.json", "controlPlane": SLICES.file}
PROVIDER = CloudProvider(
    "gcp", "gcloud", "the Google Cloud CLI (cloud.google.com/sdk)", KINDS, COMMANDS, read, _clues, _TELLS
)
