"""Corners of what the command lines print: which range belongs where, and what is said of what is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cidrs.samples import AKS, EKS, GKE, SLICES, SUBNET, VPCS, changed, cidrs
from edges import mcpfence
from mcpfence.cidrs.answer import PATHS, answer
from mcpfence.cidrs.clouds.table import PROVIDERS
from mcpfence.cidrs.document_value import DocumentValue
from mcpfence.cidrs.facts import Gathered, Scope
from mcpfence.cidrs.kinds import known_of
from mcpfence.findings.finding import Collector
from mcpfence.net.addresses import cidrs as texts
from mcpfence.net.addresses import parse_cidr
from mcpfence.net.intervals import canonical

Raw = dict[str, Any]


def found(folder: Path, provider: str, *options: str, **files: Any) -> tuple[Raw, list[str]]:
    """The values that a run prints, and its warnings without those of lists that stay wholly empty."""
    done = cidrs(folder, provider, *options, **files)
    assert done.returncode == 0, done.stderr.decode()
    lines = [line for line in done.stderr.decode().splitlines() if line.startswith("warning: ")]
    return yaml.safe_load(done.stdout), [line for line in lines if " is in the input: " not in line]


def lists(folder: Path, provider: str, **files: Any) -> Raw:
    """cluster.cidrs of a run."""
    data, _ = found(folder, provider, **files)
    assert isinstance(data["cluster"]["cidrs"], dict)
    return data["cluster"]["cidrs"]


def resource(kind: str, version: str = "v1", name: str = "a", namespace: str = "", **parts: Any) -> Raw:
    """A Kubernetes object."""
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, **parts}


# --- Kubernetes ---


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (
            resource("Endpoints", name="kubernetes", namespace="default", subsets=[{"addresses": [{"ip": "10.0.0.1"}]}]),
            {"controlPlane": ["10.0.0.1/32"]},
        ),
        (
            resource("EndpointSlice", "discovery.k8s.io/v1", "kubernetes", "default", endpoints=[{"addresses": ["fd00::1"]}]),
            {"controlPlane": ["fd00::1/128"]},
        ),
        (
            resource("ServiceCIDR", "networking.k8s.io/v1", spec={"cidrs": ["10.96.0.0/16", "fd00:96::/112"]}),
            {"services": ["10.96.0.0/16", "fd00:96::/112"]},
        ),
        (
            resource("ConfigMap", name="cilium-config", data={"cluster-pool-ipv4-cidr": "10.0.0.0/9 10.128.0.0/9"}),
            {"pods": ["10.0.0.0/8"]},
        ),
        (
            resource("Network", "config.openshift.io/v1", status={"clusterNetwork": [{"cidr": "10.128.0.0/14"}], "serviceNetwork": ["172.30.0.0/16"]}),
            {"pods": ["10.128.0.0/14"], "services": ["172.30.0.0/16"]},
        ),
        (
            resource("Network", "config.openshift.io/v1", spec={"clusterNetwork": [{"cidr": "10.128.0.0/14"}], "serviceNetwork": ["172.30.0.0/16"]}),
            {"pods": ["10.128.0.0/14"], "services": ["172.30.0.0/16"]},
        ),
        (resource("IPPool", "projectcalico.org/v3", spec={"cidr": "192.168.0.0/16"}), {"pods": ["192.168.0.0/16"]}),
        (resource("Node", spec={"podCIDR": "10.42.0.0/24"}), {"pods": ["10.42.0.0/24"]}),
        (
            resource("Pod", namespace="kube-system", spec={"containers": [{"args": ["--service-cluster-ip-range=10.0.0.0/24,fd00::/112"]}]}),
            {"services": ["10.0.0.0/24", "fd00::/112"]},
        ),
    ],
)  # fmt: skip
def test_kubernetes_objects(tmp_path: Path, item: Raw, expected: Raw) -> None:
    """Each kind of object tells what it tells, and nothing else."""
    assert lists(tmp_path, "kubernetes", a=item) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.0.2.1:6443", ["192.0.2.1/32"]),
        ("192.0.2.1", ["192.0.2.1/32"]),
        ("[2001:db8::1]:6443", ["2001:db8::1/128"]),
        ("2001:db8::1", ["2001:db8::1/128"]),
        ("api.example.com:6443", None),
        ("", None),
    ],
)
def test_endpoint_of_kubeadm(tmp_path: Path, host: str, expected: list[str] | None) -> None:
    """An address is one, a name is none: names are not looked up."""
    config = f"controlPlaneEndpoint: '{host}'\nnetworking: {{serviceSubnet: 10.96.0.0/12}}\n"
    item = resource("ConfigMap", name="kubeadm-config", namespace="kube-system", data={"ClusterConfiguration": config})

    assert lists(tmp_path, "kubernetes", a=item).get("controlPlane") == expected


def test_endpoints_of_other_services_and_pods_of_other_namespaces(tmp_path: Path) -> None:
    """Whoever may create pods or slices in a namespace of their own does not steer the fence."""
    mine = [
        resource("Endpoints", name="kubernetes", namespace="team", subsets=[{"addresses": [{"ip": "10.0.0.1"}]}]),
        resource("EndpointSlice", "discovery.k8s.io/v1", "other", "default", endpoints=[{"addresses": ["10.0.0.2"]}]),
        resource("Pod", namespace="team", spec={"containers": [{"command": ["--advertise-address=10.0.0.3"]}]}),
        resource("Service", name="kube-dns", namespace="team", spec={"clusterIP": "10.0.0.4"}),
        resource("ServiceCIDR", "example.com/v1", spec={"cidrs": ["10.1.0.0/16"]}),
        resource("ServiceCIDR", "networking.k8s.io/v1", spec={"cidrs": ["10.96.0.0/16"]}),
    ]
    data, _ = found(tmp_path, "kubernetes", a={"apiVersion": "v1", "kind": "List", "items": mine})

    assert data == {"cluster": {"cidrs": {"services": ["10.96.0.0/16"]}}}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"clusterIP": "10.0.0.10"}, ["10.0.0.10"]),
        ({"clusterIP": "10.0.0.10", "clusterIPs": ["10.0.0.10", "fd00::a"]}, ["10.0.0.10", "fd00::a"]),
        ({"clusterIP": "fd00::", "clusterIPs": ["fd00::"]}, ["fd00::"]),
        ({"clusterIP": "None", "clusterIPs": ["None"]}, None),
    ],
)
def test_address_of_the_dns_service(tmp_path: Path, spec: Raw, expected: list[str] | None) -> None:
    """Both families; a headless Service has no address; an address that ends in a colon is no key of YAML."""
    service = resource("Service", name="kube-dns", namespace="kube-system", spec=spec)
    data, _ = found(tmp_path, "kubernetes", a=[service, resource("IPPool", "x/v1", spec={"cidr": "10.8.0.0/16"})])

    assert data.get("dns", {}).get("clusterIP") == expected


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"version": "v1.33.4-gke.1350000"}, "gke"),
        ({"version": "v1.33.1-eks-1552ad0"}, "eks"),
        ({"version": "v1.33.4+k3s1"}, "k3s"),
        ({"version": "v1.33.2", "labels": {"kubernetes.azure.com/cluster": "MC_a"}}, "aks"),
        ({"version": "v1.32.5", "labels": {"node.openshift.io/os_id": "rhcos"}}, "openshift"),
        ({"version": "v1.33.2"}, None),
    ],
)
def test_profile_from_the_nodes(tmp_path: Path, node: Raw, expected: str | None) -> None:
    """The kind of cluster is told by every node alike, or not at all."""

    def make(version: str = "", labels: Raw | None = None) -> Raw:
        item = resource("Node", spec={"podCIDR": "10.42.0.0/24"}, status={"nodeInfo": {"kubeletVersion": version}})
        item["metadata"]["labels"] = labels or {}
        return item

    data, _ = found(tmp_path, "kubernetes", a=[make(**node), make(**node)])
    mixed, _ = found(tmp_path, "kubernetes", a=[make(**node), make("v1.33.0-other")])

    other = "v1.33.4+k3s1" if expected != "k3s" else "v1.33.4-gke.1350000"
    two, _ = found(tmp_path, "kubernetes", a=[make(**node), make(other)])

    assert data["cluster"].get("profile") == expected
    assert "profile" not in two["cluster"]
    assert "profile" not in mixed["cluster"]


@pytest.mark.parametrize(
    ("pods", "services", "expected"),
    [
        (["10.1.0.0/24"], ["10.96.0.0/16"], ["IPv4"]),
        (["fd00:1::/64"], ["fd00:96::/112"], ["IPv6"]),
        (["10.1.0.0/24", "fd00:1::/64"], ["10.96.0.0/16", "fd00:96::/112"], ["IPv4", "IPv6"]),
        (["10.1.0.0/24", "fd00:1::/64"], ["10.96.0.0/16"], None),
        ([], ["10.96.0.0/16"], None),
    ],
)
def test_families_from_the_cluster(tmp_path: Path, pods: Any, services: Any, expected: Any) -> None:
    """The families are written only where pods and Services agree on them."""
    items = [
        resource("Node", spec={"podCIDRs": pods}),
        resource("ServiceCIDR", "networking.k8s.io/v1", spec={"cidrs": services}),
    ]
    data, _ = found(tmp_path, "kubernetes", a=items)

    assert data["cluster"].get("ipFamilies") == expected


def test_yaml_and_lists_in_one_stream() -> None:
    """kubectl -o yaml, several documents of JSON in one file, and lists without kinds in their items are read alike."""
    node = resource("Node", spec={"podCIDR": "10.42.0.0/24"})
    bare = {"apiVersion": "v1", "kind": "NodeList", "items": [{key: node[key] for key in ("metadata", "spec")}]}
    forms = [json.dumps(node) + "\n" + json.dumps(node), yaml.safe_dump(node), json.dumps([node]), json.dumps(bare)]

    for text in (*forms, "\n".join(["---", yaml.safe_dump(node)])):
        done = mcpfence("cidrs", "kubernetes", "-", stdin=text.encode())
        assert yaml.safe_load(done.stdout)["cluster"]["cidrs"] == {"pods": ["10.42.0.0/24"]}


# --- Google ---

_NODES = "nodes with public addresses count as public, and the stance internet reaches them"
_PODS = "pods with public or global IPv6 addresses count as public, and the stance internet reaches them"


def test_subnet_that_is_not_described(tmp_path: Path) -> None:
    """Without the subnet the node range is missing; the command is complete as far as anything is known."""
    _, warnings = found(tmp_path, "gcp", "--project", "p", cluster=GKE)

    assert warnings == [
        f"warning: cluster.cidrs.nodes: lacks the range of subnet default, which holds nodes or pods: {_NODES}; "
        "run: gcloud compute networks subnets list --network=default --format=json [cidrs-missing]"
    ]


def test_pod_range_that_is_not_described(tmp_path: Path) -> None:
    """A range that is only named and stands in no subnet is missing."""
    gke = changed(
        GKE, "nodePools", to=[{"name": "gpu", "networkConfig": {"podRange": "gpu-pods", "enablePrivateNodes": True}}]
    )
    data, warnings = found(tmp_path, "gcp", cluster=gke, subnets=[SUBNET])

    assert data["cluster"]["cidrs"]["nodes"] == ["10.132.0.0/20"]
    assert warnings == [
        f"warning: cluster.cidrs.pods: lacks range gpu-pods, which is no secondary range of subnet default: {_PODS}; "
        "run: gcloud compute networks subnets list --network=default --format=json [cidrs-missing]"
    ]


@pytest.mark.parametrize(
    ("location", "expected"), [("europe-west1", True), ("europe-west1-b", True), ("europe-west10", False)]
)
def test_subnets_of_one_name_in_several_regions(tmp_path: Path, location: str, expected: bool) -> None:
    """Every auto-mode network has a subnet `default` in each region: that of the cluster's region is meant."""
    other = {**SUBNET, "ipCidrRange": "10.140.0.0/20", "region": SUBNET["region"].replace("europe-west1", "asia-east1")}
    gke = changed(GKE, "location", to=location)
    nodes = lists(tmp_path, "gcp", cluster=gke, subnets=[other, SUBNET]).get("nodes")

    assert nodes == (["10.132.0.0/20"] if expected else None)


def test_further_node_and_pod_networks(tmp_path: Path) -> None:
    """Pools with networks of their own, and several networks for pods, bring their subnets along."""
    pool = {
        "name": "multi",
        "networkConfig": {
            "subnetwork": "projects/p/regions/europe-west1/subnetworks/pool",
            "podIpv4CidrBlock": "10.70.0.0/16",
            "additionalNodeNetworkConfigs": [{"network": "n2", "subnetwork": "second"}],
            "additionalPodNetworkConfigs": [{"subnetwork": "third", "secondaryPodRange": "third-pods"}],
        },
    }

    def subnet(name: str, block: str, **ranges: str) -> Raw:
        rows = [{"rangeName": key.replace("_", "-"), "ipCidrRange": value} for key, value in ranges.items()]
        return {**SUBNET, "name": name, "ipCidrRange": block, "secondaryIpRanges": rows}

    subnets = [SUBNET, subnet("pool", "10.1.0.0/24"), subnet("second", "10.2.0.0/24")]
    subnets.append(subnet("third", "10.3.0.0/24", third_pods="10.90.0.0/16"))
    assert lists(tmp_path, "gcp", cluster=changed(GKE, "nodePools", to=[pool]), subnets=subnets) == {
        "nodes": ["10.1.0.0/24", "10.2.0.0/24", "10.132.0.0/20"],
        "pods": ["10.64.0.0/16", "10.70.0.0/16", "10.90.0.0/16"],
        "services": ["34.118.224.0/20"],
        "controlPlane": ["172.16.0.0/28"],
    }


def test_routes_of_a_peered_network(tmp_path: Path) -> None:
    """What list-routes tells takes the place of the warning that it should be asked; its public ranges are excepts."""
    peering = {"name": "p", "state": "ACTIVE", "importCustomRoutes": True}
    network = {"name": "default", "kind": "compute#network", "peerings": [peering]}
    routes = [{"destRange": dest, "imported": True, "type": "SUBNET_PEERING_ROUTE"} for dest in ("30.1.0.0/16", "10.9.0.0/16")]  # fmt: skip
    _, before = found(tmp_path, "gcp", cluster=GKE, subnets=[SUBNET], network=[network])
    data, after = found(tmp_path, "gcp", cluster=GKE, subnets=[SUBNET], network=[network], routes=routes)

    assert (len(before), after) == (1, [])
    assert data["egress"] == {"except": ["30.1.0.0/16"]}


def test_wide_route_is_refused_and_default_route_left_out(tmp_path: Path) -> None:
    """The default route is no network; half of the Internet is a default route in disguise, or a mistake."""
    route = {"name": "half", "network": SUBNET["network"], "nextHopVpnTunnel": "t"}
    split = cidrs(tmp_path, "gcp", cluster=GKE, routes=[{**route, "destRange": "0.0.0.0/1"}])
    data, _ = found(tmp_path, "gcp", cluster=GKE, routes=[{**route, "destRange": "0.0.0.0/0"}])

    assert (split.returncode, split.stdout) == (1, b"")
    assert split.stderr.decode().splitlines()[0] == (
        "error: routes.json [0].destRange: route half is 0.0.0.0/1, wider than /8: no network of yours is that large; "
        "take it out of the file if it leads to the Internet [cidrs-range]"
    )
    assert "egress" not in data


def test_route_to_the_cluster_itself(tmp_path: Path) -> None:
    """A public range of the cluster's, or of the user's cluster.cidrs, is not listed a second time as an except."""
    route = {"name": "local", "network": SUBNET["network"], "nextHopNetwork": SUBNET["network"]}
    routes = [{**route, "destRange": dest} for dest in ("25.1.0.0/20", "26.1.0.0/20", "27.1.0.0/20")]
    subnet = {**SUBNET, "ipCidrRange": "25.1.0.0/20"}
    (tmp_path / "values.yaml").write_text("cluster: {cidrs: {pods: [26.0.0.0/8]}}\n", encoding="utf-8")
    data, _ = found(tmp_path, "gcp", "--merge", "values.yaml", cluster=GKE, subnets=[subnet], routes=routes)

    assert data["egress"] == {"except": ["27.1.0.0/20"]}


# --- Amazon ---


def test_first_page_of_a_list(tmp_path: Path) -> None:
    """A list that was cut by --max-items is not taken for whole."""
    _, warnings = found(tmp_path, "aws", cluster=EKS, vpcs={**VPCS, "NextToken": "eyJ"})

    assert warnings == [
        "warning: vpcs.json holds the first page of a longer list: what is on the others stays open; "
        "run the command without --max-items [cidrs-missing]"
    ]


def test_custom_networking_without_its_subnets(tmp_path: Path) -> None:
    """ENIConfigs name the subnets of the pods; where nothing tells their ranges, each is missing."""
    config = resource("ENIConfig", "crd.k8s.amazonaws.com/v1alpha1", "zone-a", spec={"subnet": "subnet-9"})
    _, warnings = found(tmp_path, "aws", cluster=EKS, eniconfigs=config)

    assert warnings[1].startswith(
        "warning: cluster.cidrs.pods: lacks the range of subnet subnet-9, in which ENIConfig zone-a puts pods: "
    )
    assert all(
        line.endswith("run: aws ec2 describe-vpcs --vpc-ids=vpc-1 --output=json [cidrs-missing]") for line in warnings
    )


def test_bare_objects_of_a_query(tmp_path: Path) -> None:
    """--query cluster and --query 'Vpcs[]' take the wrapper away."""
    assert lists(tmp_path, "aws", cluster=EKS["cluster"], vpcs=VPCS["Vpcs"]) == lists(tmp_path, "aws", c=EKS, v=VPCS)


def test_appliance_on_the_way_is_no_service_of_aws(tmp_path: Path) -> None:
    """A gateway load balancer's endpoint leads to a network; that of S3 has a prefix list."""
    routes = [
        {"DestinationCidrBlock": "31.0.0.0/16", "GatewayId": "vpce-1", "State": "active"},
        {"DestinationPrefixListId": "pl-s3", "GatewayId": "vpce-2", "State": "active"},
    ]
    tables = {"RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Routes": routes}]}
    data, warnings = found(tmp_path, "aws", cluster=EKS, vpcs=VPCS, tables=tables)

    assert (data["egress"], warnings) == ({"except": ["31.0.0.0/16"]}, [])


@pytest.mark.parametrize(("key", "dest"), [("DestinationCidrBlock", "0.0.0.0/0"), ("DestinationIpv6CidrBlock", "::/0")])
def test_everything_through_a_transit_gateway(tmp_path: Path, key: str, dest: str) -> None:
    """With a central way out, what is behind the transit gateway is told by its own routes alone."""
    routes = [{key: dest, "TransitGatewayId": "tgw-1", "State": "active"}]
    tables = {"RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Routes": routes}]}
    transit = {"Routes": [{"DestinationCidrBlock": "33.8.0.0/13", "State": "active"}]}
    _, before = found(tmp_path, "aws", cluster=EKS, vpcs=VPCS, tables=tables)
    data, after = found(tmp_path, "aws", cluster=EKS, vpcs=VPCS, tables=tables, transit=transit)

    assert before == [
        "warning: egress.except: lacks the public networks behind transit gateway tgw-1, to which rtb-1 sends everything: "
        "the stance internet reaches them; "
        "run: aws ec2 search-transit-gateway-routes --transit-gateway-route-table-id=TRANSIT_ROUTE_TABLE "
        "--filters Name=state,Values=active --output=json [cidrs-missing]"
    ]
    assert (data["egress"], after) == ({"except": ["33.8.0.0/13"]}, [])


def test_auto_mode_asks_for_the_dns_service_once(tmp_path: Path) -> None:
    """Without dns.clusterIP no name resolves there; where the values or the input have it, nothing is said."""
    auto = changed(EKS, "cluster", "computeConfig", to={"enabled": True})
    service = resource("Service", name="kube-dns", namespace="kube-system", spec={"clusterIP": "172.20.0.10"})
    (tmp_path / "values.yaml").write_text("dns: {clusterIP: [172.20.0.10]}\n", encoding="utf-8")
    _, without = found(tmp_path, "aws", cluster=auto, vpcs=VPCS)
    data, told = found(tmp_path, "aws", cluster=auto, vpcs=VPCS, dns=service)
    _, written = found(tmp_path, "aws", "--merge", "values.yaml", cluster=auto, vpcs=VPCS)

    assert without == [
        "warning: dns.clusterIP: is not known, and in EKS Auto Mode pods ask the DNS Service's own address: they resolve no "
        "name; run: kubectl get services --selector=k8s-app=kube-dns --namespace=kube-system --output=json [cidrs-missing]"
    ]
    assert (data["dns"], told, written) == ({"clusterIP": ["172.20.0.10"]}, [], [])


def test_ipv6_of_nodes_is_left_out_of_ipv4_clusters(tmp_path: Path) -> None:
    """Pods of an IPv4 cluster have no IPv6, so no rule is written for it, and the catalog refuses its ranges."""
    v6 = [{"Ipv6CidrBlock": "2a05:d018::/56", "Ipv6CidrBlockState": {"State": "associated"}}]
    vpcs = changed(VPCS, "Vpcs", 0, "Ipv6CidrBlockAssociationSet", to=v6)
    data, _ = found(tmp_path, "aws", cluster=EKS, vpcs=vpcs)
    six = changed(EKS, "cluster", "kubernetesNetworkConfig", to={"serviceIpv6Cidr": "fd00:1::/108", "ipFamily": "ipv6"})

    assert data["cluster"]["cidrs"]["nodes"] == ["10.40.0.0/16", "100.64.0.0/16"]
    assert lists(tmp_path, "aws", cluster=six, vpcs=vpcs)["nodes"][-1] == "2a05:d018::/56"


# --- Azure ---


def test_subnets_that_are_not_described(tmp_path: Path) -> None:
    """The resource group of the subnet's id stands in the command."""
    _, warnings = found(tmp_path, "azure", cluster=AKS)

    assert warnings == [
        f"warning: cluster.cidrs.nodes: lacks the range of subnet n: {_NODES}; "
        "run: az network vnet list --resource-group=net --output=json [cidrs-missing]"
    ]


def test_network_that_aks_made_is_not_described(tmp_path: Path) -> None:
    """Pools that name no subnet are in a network of the node resource group."""
    _, warnings = found(tmp_path, "azure", cluster=changed(AKS, "agentPoolProfiles", 0, "vnetSubnetId", to=None))

    assert warnings == [
        f"warning: cluster.cidrs.nodes: lacks the network that AKS made in resource group MC_rg_prod: {_NODES}; "
        "run: az network vnet list --resource-group=MC_rg_prod --output=json [cidrs-missing]"
    ]


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ({"networkPlugin": "azure"}, ["10.30.0.0/22"]),
        ({"networkPlugin": "azure", "networkPluginMode": "overlay"}, None),
        ({"networkPlugin": "none"}, None),
        ({"networkPlugin": "kubenet", "podCidr": "10.244.0.0/16"}, ["10.244.0.0/16"]),
    ],
)
def test_pods_of_the_plugins(tmp_path: Path, profile: Raw, expected: list[str] | None) -> None:
    """Azure CNI gives pods addresses of the node subnet; where the plugin is the user's own nobody knows."""
    subnet = {"id": AKS["agentPoolProfiles"][0]["vnetSubnetId"].upper(), "addressPrefix": "10.30.0.0/22"}
    subnet["id"] = subnet["id"].replace("/SUBNETS/", "/subnets/")
    files = {"cluster": changed(AKS, "networkProfile", to=profile), "subnets": [subnet]}

    assert lists(tmp_path, "azure", **files).get("pods") == expected


# --- with every cloud ---


@pytest.mark.parametrize(("provider", "cluster"), [("gcp", GKE), ("aws", EKS), ("azure", AKS)])
def test_the_api_server_from_the_cluster_itself(tmp_path: Path, provider: str, cluster: Raw) -> None:
    """The endpoint slices of Service default/kubernetes are read with every cloud."""
    control_plane = lists(tmp_path, provider, cluster=cluster, slices=SLICES)["controlPlane"]

    assert {"10.40.3.17/32", "10.40.19.4/32"} <= set(control_plane)


def test_external_addresses_of_nodes_are_theirs(tmp_path: Path) -> None:
    """A node's public address is in no range of the cloud's network, and no server may take the way around."""
    addresses = [{"type": "InternalIP", "address": "10.40.0.9"}, {"type": "ExternalIP", "address": "18.200.1.2"}]
    node = resource("Node", status={"addresses": addresses})

    assert lists(tmp_path, "aws", cluster=EKS, vpcs=VPCS, node=node)["nodes"] == [
        "10.40.0.0/16",
        "18.200.1.2/32",
        "100.64.0.0/16",
    ]


_LATER = "holds the public addresses of today's nodes, and none of a node that joins later"
_GPU = {"name": "gpu"}
_PUBLIC = {"name": "cpu", "networkConfig": {"enablePrivateNodes": False}}
_PRIVATE = {"name": "cpu", "networkConfig": {"enablePrivateNodes": True}}
_SUBNETS = {
    "Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.40.0.0/24", "MapPublicIpOnLaunch": True}]
}


@pytest.mark.parametrize(
    ("provider", "documents", "whose"),
    [
        ("gcp", {"cluster": changed(GKE, "nodePools", to=[_GPU, _PUBLIC]), "subnets": [SUBNET]}, "pool gpu, cpu"),
        ("gcp", {"cluster": changed(GKE, "nodePools", to=[_GPU, _PRIVATE]), "subnets": [SUBNET]}, "pool gpu"),
        (
            "gcp",
            {"cluster": changed(changed(GKE, "nodePools", to=[_GPU, _PUBLIC]), "privateClusterConfig", "enablePrivateNodes", to=True), "subnets": [SUBNET]},
            "pool cpu",
        ),
        ("gcp", {"cluster": changed(GKE, "nodePools", to=[_PRIVATE]), "subnets": [SUBNET]}, ""),
        ("aws", {"cluster": EKS, "vpcs": VPCS, "subnets": _SUBNETS}, "subnet subnet-1"),
        ("aws", {"cluster": changed(EKS, "cluster", "resourcesVpcConfig", "subnetIds", to=[]), "vpcs": VPCS, "subnets": _SUBNETS}, ""),
        ("azure", {"cluster": changed(AKS, "agentPoolProfiles", 0, "enableNodePublicIp", to=True)}, "pool system"),
        ("azure", {"cluster": changed(AKS, "agentPoolProfiles", 0, "enableNodePublicIP", to=True)}, "pool system"),
        ("azure", {"cluster": changed(AKS, "agentPoolProfiles", 0, "enableNodePublicIp", to=False)}, ""),
    ],
)  # fmt: skip
def test_nodes_with_public_addresses(tmp_path: Path, provider: str, documents: Raw, whose: str) -> None:
    """No range of the network holds nodes' public addresses: that is said, and that tomorrow's are never known."""
    _, warnings = found(tmp_path, provider, **documents)
    said = [line for line in warnings if "public addresses of" in line]
    rest = "run: kubectl get nodes --output=json; or give the nodes private addresses alone [cidrs-missing]"
    expected = f"warning: cluster.cidrs.nodes: lacks the public addresses of the nodes of {whose}: {_NODES}; {rest}"
    assert said == ([expected] if whose else [])

    node = resource("Node", status={"addresses": [{"type": "ExternalIP", "address": "18.200.1.2"}]})
    data, warnings = found(tmp_path, provider, **documents, node=node)
    assert "18.200.1.2/32" in data["cluster"]["cidrs"]["nodes"]
    assert [_LATER in line for line in warnings if "public addresses of" in line] == ([True] if whose else [])


BLOCKS = st.builds(
    lambda address, prefix: f"{texts(((address >> (32 - prefix) << (32 - prefix),) * 2,))[0].split('/')[0]}/{prefix}",
    st.integers(0, (1 << 32) - 1),
    st.integers(8, 32),
)


@given(st.lists(BLOCKS, max_size=12), st.lists(BLOCKS, max_size=4))
def test_lists_hold_exactly_what_was_found(blocks: list[str], own: list[str]) -> None:
    """The user's entries and the new ones are together what was found and what the user had; none is written twice."""
    gathered = Gathered(Collector(), Scope())
    for number, text in enumerate(blocks):
        gathered.cidr("pods", DocumentValue("a.json", (number,), text), "a range")
    mine = {"cluster": {"cidrs": {"pods": own}}}
    result = answer(gathered, mine, PROVIDERS["aws"], known_of(Scope()))
    new = [parse_cidr(entry.text) for entry in result.lists[PATHS["pods"]]]
    had = [parse_cidr(text) for text in own]

    assert canonical([*new, *had]) == canonical(map(parse_cidr, [*blocks, *own]))
    assert len(new) == len(canonical_texts(new))
    assert all(entry.comment.startswith("a range (a.json: [") for entry in result.lists[PATHS["pods"]])


def canonical_texts(blocks: list[tuple[int, int]]) -> tuple[str, ...]:
    """The fewest blocks."""
    return texts(canonical(blocks))


# --- what enforces policies ---


@pytest.mark.parametrize(
    ("provider", "document", "written"),
    [
        ("gcp", changed(GKE, "networkConfig", to={"datapathProvider": "ADVANCED_DATAPATH"}), "cilium"),
        ("gcp", changed(GKE, "networkConfig", to={"datapathProvider": "LEGACY_DATAPATH"}), None),
        ("azure", changed(AKS, "networkProfile", "networkPolicy", to="cilium"), "cilium"),
        ("azure", changed(AKS, "networkProfile", "networkDataplane", to="Cilium"), "cilium"),
        ("azure", changed(AKS, "networkProfile", "networkPolicy", to="calico"), None),
        (
            "kubernetes",
            resource("ConfigMap", name="cilium-config", data={"cluster-pool-ipv4-cidr": "10.0.0.0/9"}),
            "cilium",
        ),
    ],
)
def test_cilium_is_written_where_the_input_says_so(
    tmp_path: Path, provider: str, document: Raw, written: str | None
) -> None:
    """What enforces policies is a key of the catalog, and the input may tell it."""
    data, _ = found(tmp_path, provider, cluster=document)

    assert data["cluster"].get("cni") == written


def test_another_cni_of_the_users_own_stays(tmp_path: Path) -> None:
    """A value that differs is a warning, and is left alone."""
    (tmp_path / "values.yaml").write_text("cluster: {cni: generic}\n", encoding="utf-8")
    cluster = changed(GKE, "networkConfig", to={"datapathProvider": "ADVANCED_DATAPATH"})
    data, warnings = found(tmp_path, "gcp", "--merge", str(tmp_path / "values.yaml"), cluster=cluster)

    assert data["cluster"]["cni"] == "generic"
    assert any(
        "cluster.cni: is generic, and the data path of the cluster (Dataplane V2) is cilium" in line
        for line in warnings
    )
