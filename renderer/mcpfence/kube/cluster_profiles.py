"""What a kind of cluster brings along: where its DNS answers, which public-looking ranges are its own, identity.

Sources: facts on providers (sections 4, 5, 11) and on needs (DNS, cloud identity, GKE service range).
"""

from __future__ import annotations

from mcpfence.net.ports import PortRange, Ports
from mcpfence.structs import Struct


class Profile(Struct):
    """DNS peers as (namespace, labels) and CIDR texts; ranges that look public but are the cluster's."""

    dns_pods: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    dns_cidrs: tuple[str, ...] = ()
    dns_port: int = 53
    blocked: tuple[str, ...] = ()
    identity: tuple[tuple[str, Ports], ...] = ()
    """The credential endpoint that `cloudIdentity` opens: (CIDR, ports)."""
    identity_todo: str = ""
    """What to list instead where cloudIdentity does not exist."""


def _tcp(port: int) -> Ports:
    return (PortRange("TCP", port, port),)


_KUBE_DNS = ("kube-system", (("k8s-app", "kube-dns"),))
_NODE_LOCAL = "169.254.20.10/32"
"""NodeLocal DNSCache's link-local address, its default on every distribution (Kubernetes docs, nodelocaldns)."""
_ASK = "list the domain of the identity service that the server calls under egress.domains"

PROFILES: dict[str, Profile] = {
    "generic": Profile(dns_pods=(_KUBE_DNS,), dns_cidrs=(_NODE_LOCAL,), identity_todo=_ASK),
    "gke": Profile(
        dns_pods=(_KUBE_DNS, ("kube-system", (("k8s-app", "node-local-dns"),))),
        # Cloud DNS for GKE makes the metadata address the pods' name server: port 53 only, never 80.
        dns_cidrs=(_NODE_LOCAL, "169.254.169.254/32"),
        # Services of GKE 1.29 and later: public addresses that only the cluster answers.
        blocked=("34.118.224.0/20",),
        identity=(("169.254.169.254/32", _tcp(80)), ("169.254.169.252/32", _tcp(988))),
    ),
    "eks": Profile(
        dns_pods=(_KUBE_DNS,),
        dns_cidrs=(_NODE_LOCAL,),
        identity=(("169.254.170.23/32", _tcp(80)), ("fd00:ec2::23/128", _tcp(80))),
    ),
    "aks": Profile(
        dns_pods=(_KUBE_DNS,),
        dns_cidrs=(_NODE_LOCAL,),
        identity_todo="list login.microsoftonline.com under egress.domains (AKS workload identity)",
    ),
    "openshift": Profile(
        dns_pods=(("openshift-dns", (("dns.operator.openshift.io/daemonset-dns", "default"),)),),
        dns_port=5353,
        identity_todo="list sts.REGION.amazonaws.com (STS on AWS) or your cloud's token service under egress.domains",
    ),
    "k3s": Profile(dns_pods=(_KUBE_DNS,), dns_cidrs=(_NODE_LOCAL,), identity_todo=_ASK),
}
