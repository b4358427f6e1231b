"""Small inputs for the tests of `mcpfence cidrs`, each as the command line prints it, and short ways to run it."""

from __future__ import annotations

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

from edges import mcpfence

Raw = dict[str, Any]

EKS: Raw = {
    "cluster": {
        "name": "prod",
        "arn": "arn:aws:eks:eu-west-1:111122223333:cluster/prod",
        "kubernetesNetworkConfig": {"serviceIpv4Cidr": "172.20.0.0/16", "ipFamily": "ipv4"},
        "resourcesVpcConfig": {"vpcId": "vpc-1", "subnetIds": ["subnet-1"], "endpointPublicAccess": False},
    }
}
VPCS: Raw = {
    "Vpcs": [
        {
            "VpcId": "vpc-1",
            "CidrBlock": "10.40.0.0/16",
            "CidrBlockAssociationSet": [
                {"CidrBlock": "10.40.0.0/16", "CidrBlockState": {"State": "associated"}},
                {"CidrBlock": "100.64.0.0/16", "CidrBlockState": {"State": "associated"}},
            ],
        }
    ]
}
GKE: Raw = {
    "name": "prod",
    "location": "europe-west1",
    "selfLink": "https://container.googleapis.com/v1/projects/p/locations/europe-west1/clusters/prod",
    "clusterIpv4Cidr": "10.64.0.0/16",
    "servicesIpv4Cidr": "34.118.224.0/20",
    "ipAllocationPolicy": {"stackType": "IPV4", "useIpAliases": True},
    "network": "default",
    "subnetwork": "default",
    "nodePools": [],
    "privateClusterConfig": {"masterIpv4CidrBlock": "172.16.0.0/28"},
}
SUBNET: Raw = {
    "name": "default",
    "ipCidrRange": "10.132.0.0/20",
    "network": "https://www.googleapis.com/compute/v1/projects/p/global/networks/default",
    "region": "https://www.googleapis.com/compute/v1/projects/p/regions/europe-west1",
}
AKS: Raw = {
    "id": "/subscriptions/s/resourcegroups/rg/providers/Microsoft.ContainerService/managedClusters/prod",
    "name": "prod",
    "nodeResourceGroup": "MC_rg_prod",
    "type": "Microsoft.ContainerService/ManagedClusters",
    "agentPoolProfiles": [
        {
            "name": "system",
            "vnetSubnetId": "/subscriptions/s/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/v/subnets/n",
        }
    ],
    "networkProfile": {"podCidr": "10.244.0.0/16", "serviceCidr": "10.0.0.0/16", "dnsServiceIP": "10.0.0.10"},
}
SLICES: Raw = {
    "apiVersion": "v1",
    "kind": "List",
    "items": [
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": "kubernetes",
                "namespace": "default",
                "labels": {"kubernetes.io/service-name": "kubernetes"},
            },
            "endpoints": [{"addresses": ["10.40.3.17"]}, {"addresses": ["10.40.19.4"]}],
        }
    ],
}


def changed(sample: Raw, *steps: str | int, to: Any) -> Raw:
    """A copy of a sample with another value at a place."""
    data = copy.deepcopy(sample)
    place: Any = data
    for step in steps[:-1]:
        place = place[step]
    place[steps[-1]] = to
    return data


def put(folder: Path, **files: Any) -> list[str]:
    """Write files NAME.json (text as it is, everything else as JSON); returns their names."""
    for name, data in files.items():
        text = data if isinstance(data, str) else json.dumps(data)
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    return [f"{name}.json" for name in files]


def cidrs(folder: Path, provider: str, *options: str, **files: Any) -> subprocess.CompletedProcess[bytes]:
    """`mcpfence cidrs PROVIDER FILES OPTIONS` in a folder."""
    return mcpfence("cidrs", provider, *put(folder, **files), *options, cwd=folder)
