"""Amazon: EKS clusters, VPCs, subnets, peerings, route tables and transit gateways, as the AWS CLI prints them.

Sources: the EKS API (Cluster, KubernetesNetworkConfigResponse, RemoteNetworkConfigResponse) and the EC2 API
(Vpc, Subnet, VpcPeeringConnection, RouteTable, TransitGatewayRoute, NetworkInterface).

    Vpcs[].CidrBlockAssociationSet[]            nodes and pods: the VPC CNI takes pod addresses from any VPC range
    cluster.kubernetesNetworkConfig             services; "None" or absent for the family that the cluster lacks
    network interfaces "Amazon EKS NAME"        controlPlane: the addresses behind the private endpoint
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcpfence.cidrs.choose import the_cluster
from mcpfence.cidrs.clouds.aws_routes import (
    PEERINGS,
    REGION,
    TABLES,
    TRANSIT,
    TRANSIT_ROUTES,
    each,
    read_peerings,
    read_route_tables,
    read_transit,
)
from mcpfence.cidrs.clouds.kubernetes import DNS, SLICES, only_with_context, public_nodes, read_objects
from mcpfence.cidrs.clouds.kubernetes import KINDS as KUBERNETES
from mcpfence.cidrs.document_value import DocumentValue
from mcpfence.cidrs.facts import Gathered, Key, Scope
from mcpfence.cidrs.kinds import ENI_CONFIGS, CloudProvider, Command, DocumentKind, Objects, has, known_of, line_of

CLUSTER, VPCS, SUBNETS = "EKS cluster", "list of VPCs", "list of subnets"
INTERFACES = "list of network interfaces"

_VPC_FILTER = ("--filters", "Name=vpc-id,Values={VPC}")
COMMANDS = (
    Command(
        "cluster.json",
        ("aws", "eks", "describe-cluster", "--name={CLUSTER}", REGION, "--output=json"),
        required=True,
    ),
    Command("vpcs.json", ("aws", "ec2", "describe-vpcs", "--vpc-ids={VPC}", REGION, "--output=json")),
    Command("subnets.json", ("aws", "ec2", "describe-subnets", *_VPC_FILTER, REGION, "--output=json")),
    Command(
        "interfaces.json",
        (
            *("aws", "ec2", "describe-network-interfaces", "--filters"),
            *("Name=description,Values=Amazon EKS {CLUSTER}", REGION, "--output=json"),
        ),
    ),
    Command("peerings.json", ("aws", "ec2", "describe-vpc-peering-connections", REGION, "--output=json")),
    Command("routes.json", ("aws", "ec2", "describe-route-tables", *_VPC_FILTER, REGION, "--output=json")),
    TRANSIT_ROUTES,
    *only_with_context(
        (
            SLICES,
            DNS,
            Command("eniconfigs.json", ("kubectl", ("--context={CONTEXT}",), "get", "eniconfigs", "--output=json")),
        )
    ),
)


def read(objects: Objects, gathered: Gathered) -> None:
    """The ranges of the one cluster and its VPC; what is peered with it and routed from it as routed."""
    described = [node.at("cluster") if node.at("cluster").there else node for node in objects.get(CLUSTER, ())]
    cluster = the_cluster(described, "name", "cluster.json", COMMANDS, gathered)
    read_objects(objects, gathered, nodes=cluster is None)
    _pages(objects, gathered)
    vpc = ""
    if cluster is not None:
        gathered.profile("eks", cluster.at("arn"), "an EKS cluster")
        vpc = cluster.at("resourcesVpcConfig", "vpcId").text
        _cluster(cluster, gathered)
        _vpc(cluster, vpc, objects, gathered)
        _interfaces(cluster, objects, gathered)
    read_peerings(vpc, objects, gathered)
    read_route_tables(vpc, objects, gathered)
    read_transit(objects, gathered)


def _pages(objects: Objects, gathered: Gathered) -> None:
    for kind in (VPCS, SUBNETS, PEERINGS, TABLES, TRANSIT, INTERFACES):
        for node in objects.get(kind, ()):
            if node.at("NextToken").text or node.at("AdditionalRoutesAvailable").true:
                sentence = f"{node.file} holds the first page of a longer list: what is on the others stays open"
                gathered.out.add("cidrs-missing", (), sentence, "run the command without --max-items")


# --- the cluster and its VPC ---


def _cluster(cluster: DocumentValue, gathered: Gathered) -> None:
    network = cluster.at("kubernetesNetworkConfig")
    gathered.cidr("services", network.at("serviceIpv4Cidr"), "Services of the cluster")
    gathered.cidr("services", network.at("serviceIpv6Cidr"), "Services of the cluster")
    if network.at("ipFamily").text == "ipv4":
        gathered.family(("IPv4",), network.at("ipFamily"), "the cluster's IP family")
    remote = cluster.at("remoteNetworkConfig")
    parts: tuple[tuple[Key, str, str], ...] = (
        ("nodes", "remoteNodeNetworks", "hybrid nodes"),
        ("pods", "remotePodNetworks", "pods of hybrid nodes"),
    )
    for key, name, what in parts:
        for item in remote.at(name).items():
            for entry in item.at("cidrs").items():
                gathered.cidr(key, entry, what)
    if cluster.at("resourcesVpcConfig", "endpointPublicAccess").true:
        sentence = (
            "cannot hold the API server's public endpoint, a name whose addresses change: "
            "servers of the stance internet reach it"
        )
        todo = "turn the public endpoint off, or restrict publicAccessCidrs to addresses that are not the cluster's"
        gathered.out.add("cidrs-missing", (), sentence, todo, document="cluster.cidrs.controlPlane")
    if cluster.at("computeConfig", "enabled").true and not (gathered.has("dns") or gathered.dns_written):
        known = known_of(gathered.scope)
        sentence = "is not known, and in EKS Auto Mode pods ask the DNS Service's own address: they resolve no name"
        todo = f"run: {line_of(COMMANDS, DNS.file, known)}"
        gathered.out.add("cidrs-missing", (), sentence, todo, document="dns.clusterIP")


def _vpc(cluster: DocumentValue, vpc: str, objects: Objects, gathered: Gathered) -> None:
    """Nodes and pods both take addresses of the VPC: its ranges are what surely holds them."""
    version = {"ipv4": 4, "ipv6": 6}.get(cluster.at("kubernetesNetworkConfig", "ipFamily").text, 0)
    complete = False
    for item in each(objects, VPCS, "Vpcs"):
        if item.at("VpcId").text != vpc:
            gathered.note(item, f"VPC {item.at('VpcId').label} is not the cluster's and left out")
            continue
        complete = True
        _ranges(item, f"VPC {item.at('VpcId').label}", version, gathered)
    known: dict[str, DocumentValue] = {}
    for item in each(objects, SUBNETS, "Subnets"):
        if item.at("VpcId").text == vpc:
            known[item.at("SubnetId").text] = item
            _ranges(item, f"subnet {item.at('SubnetId').label}", version, gathered)
        else:
            gathered.note(item, f"subnet {item.at('SubnetId').label} is of another VPC and left out")
    _public_subnets(cluster, known, gathered)
    if complete:
        return
    run = f"run: {line_of(COMMANDS, 'vpcs.json', {**known_of(gathered.scope), 'VPC': vpc})}"
    for config in objects.get(ENI_CONFIGS, ()):
        if config.at("spec", "subnet").text not in known:
            name, subnet = config.at("metadata", "name").label, config.at("spec", "subnet").label
            gathered.missing("pods", f"lacks the range of subnet {subnet}, in which ENIConfig {name} puts pods", run)
    for key in ("nodes", "pods"):
        sentence = f"lacks the ranges of VPC {cluster.at('resourcesVpcConfig', 'vpcId').label}, which hold the {key}"
        gathered.missing("nodes" if key == "nodes" else "pods", sentence, run)


def _public_subnets(cluster: DocumentValue, known: Mapping[str, DocumentValue], gathered: Gathered) -> None:
    """The cluster's own subnets that give each instance a public address: eksctl's, unless told otherwise."""
    names = [item for item in cluster.at("resourcesVpcConfig", "subnetIds").items() if item.text in known]
    public = [item.label for item in names if known[item.text].at("MapPublicIpOnLaunch").true]
    if public:
        public_nodes(f"subnet {', '.join(public)}", gathered)


def _ranges(item: DocumentValue, what: str, version: int, gathered: Gathered) -> None:
    """Every associated range of a VPC or subnet; pods have addresses of the cluster's one family only."""
    pairs: list[tuple[DocumentValue, int]] = [(item.at("CidrBlock"), 4)]
    for entry in item.at("CidrBlockAssociationSet").items():
        pairs += [(entry.at("CidrBlock"), 4)] if _associated(entry, "CidrBlockState", gathered) else []
    for entry in item.at("Ipv6CidrBlockAssociationSet").items():
        pairs += [(entry.at("Ipv6CidrBlock"), 6)] if _associated(entry, "Ipv6CidrBlockState", gathered) else []
    for node, own in pairs:
        gathered.cidr("nodes", node, what)
        if version in (0, own):
            gathered.cidr("pods", node, what)


def _associated(entry: DocumentValue, key: str, gathered: Gathered) -> bool:
    state = entry.at(key, "State").text
    if state in ("", "associated", "associating"):
        return True
    gathered.note(entry, f"a range is {entry.at(key, 'State').label} and left out")
    return False


def _interfaces(cluster: DocumentValue, objects: Objects, gathered: Gathered) -> None:
    """The interfaces through which the API servers are reached inside the VPC; EKS describes them with this text."""
    wanted = f"Amazon EKS {cluster.at('name').text}"
    for item in each(objects, INTERFACES, "NetworkInterfaces"):
        if item.at("Description").text != wanted:
            gathered.note(item, f"interface {item.at('NetworkInterfaceId').label} is not the API server's and left out")
            continue
        what = f"interface {item.at('NetworkInterfaceId').label} of the API server"
        gathered.address("controlPlane", item.at("PrivateIpAddress"), what)
        for entry in item.at("PrivateIpAddresses").items():
            gathered.address("controlPlane", entry.at("PrivateIpAddress"), what)
        for entry in item.at("Ipv6Addresses").items():
            gathered.address("controlPlane", entry.at("Ipv6Address"), what)


def _clues(objects: Objects, _: Scope) -> Mapping[str, str]:
    found = [node.at("cluster") if node.at("cluster").there else node for node in objects.get(CLUSTER, ())]
    vpc = found[0].at("resourcesVpcConfig", "vpcId").text if len(found) == 1 else ""
    return {"VPC": vpc} if vpc else {}


def _is_cluster(data: Mapping[str, Any]) -> bool:
    inner = data.get("cluster", data)
    return isinstance(inner, Mapping) and "resourcesVpcConfig" in inner


def _is_transit(data: Mapping[str, Any]) -> bool:
    return isinstance(data.get("Routes"), list) and "RouteTableId" not in data


KINDS = (
    DocumentKind(CLUSTER, _is_cluster),
    DocumentKind(SUBNETS, lambda data: "Subnets" in data or has("SubnetId", "CidrBlock")(data)),
    DocumentKind(VPCS, lambda data: "Vpcs" in data or has("VpcId", "CidrBlockAssociationSet")(data)),
    DocumentKind(PEERINGS, lambda data: "VpcPeeringConnections" in data or "AccepterVpcInfo" in data),
    DocumentKind(TABLES, lambda data: "RouteTables" in data or has("RouteTableId", "Routes")(data)),
    DocumentKind(TRANSIT, _is_transit),
    DocumentKind(INTERFACES, lambda data: "NetworkInterfaces" in data or "NetworkInterfaceId" in data),
    *KUBERNETES,
)
_TELLS = {"nodes": "vpcs.json", "pods": "vpcs.json", "services": "cluster.json", "controlPlane": SLICES.file}
PROVIDER = CloudProvider("aws", "aws", "the AWS CLI (aws.amazon.com/cli)", KINDS, COMMANDS, read, _clues, _TELLS)
