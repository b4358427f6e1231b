"""The wires of the packet lab: node, outside and pods as namespaces, veths between them, as Calico's plugin does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from packet_felix import interface_of
from packet_host import Host
from packet_net import batch, make_namespace

POD_SETTINGS = (("ipv6/conf/default/accept_dad", "0"),)
_FORWARDING = (("ipv4/ip_forward", "1"), ("ipv6/conf/all/forwarding", "1"), *POD_SETTINGS)
_ANY_SOURCE = (("ipv4/ip_nonlocal_bind", "1"), ("ipv6/ip_nonlocal_bind", "1"), ("ipv4/conf/all/rp_filter", "0"))
_POD_MAC, _OUT_MAC, _NODE_MAC = "ee:ee:ee:ee:ee:ee", "02:00:00:00:00:02", "02:00:00:00:00:01"


class Port(NamedTuple):
    """One named container port."""

    name: str
    protocol: str
    number: int


@dataclass(slots=True, kw_only=True, eq=False)
class Pod(Host):
    """A pod: a Pod object and a network namespace with the same addresses."""

    namespace: str
    name: str
    labels: dict[str, str]
    ports: tuple[Port, ...] = ()


def make_node() -> str:
    """The namespace of the node, which forwards."""
    return make_namespace(*_FORWARDING)


def make_outside(node: str) -> Host:
    """The host behind the node at which every address answers that is no pod's; its agent is not started yet."""
    netns = make_namespace(*_ANY_SOURCE, *POD_SETTINGS)
    outside = Host(netns=netns, addresses=("192.0.2.2", "2001:db8:ffff::2"))
    batch(node, f"link add out0 address {_NODE_MAC} type veth peer name eth0 address {_OUT_MAC} netns {netns}")
    batch(
        node,
        "link set out0 up",
        "addr add fe80::1/64 dev out0 nodad",
        f"neigh add 169.254.2.2 lladdr {_OUT_MAC} dev out0 nud permanent",
        f"neigh add fe80::2 lladdr {_OUT_MAC} dev out0 nud permanent",
        "route add default via 169.254.2.2 dev out0 onlink",
        "route add ::/0 via fe80::2 dev out0",
    )
    batch(
        netns,
        "addr add 192.0.2.2/32 dev eth0",
        "addr add 2001:db8:ffff::2/128 dev eth0 nodad",
        "addr add fe80::2/64 dev eth0 nodad",
        "link set eth0 up",
    )
    # Whatever comes in is for this host, except what table 100 sends to pods, which is asked first.
    for family, everything in ((4, "0.0.0.0/0"), (6, "::/0")):
        batch(
            netns,
            "rule add pref 5 lookup 100",
            "rule add pref 10 lookup local",
            "rule del pref 0",
            f"route add local {everything} dev lo table local",
            family=family,
        )
    return outside


def join(node: str, outside: Host, pod: Pod) -> None:
    """The veth as Calico's plugin makes it, and the way back from the outside."""
    v4, v6 = pod.addresses
    outer = interface_of(pod.namespace, pod.name)
    batch(
        node,
        f"link add {outer} address {_POD_MAC} type veth peer name eth0 netns {pod.netns}",
        f"link set {outer} up",
        f"addr add fe80::1/64 dev {outer} nodad",
    )
    batch(
        pod.netns,
        f"addr add {v4}/32 dev eth0",
        f"addr add {v6}/128 dev eth0 nodad",
        "link set eth0 up",
        "route add 169.254.1.1 dev eth0 scope link",
        "route add default via 169.254.1.1",
        "route add ::/0 via fe80::1 dev eth0",
        f"neigh add 169.254.1.1 lladdr {_POD_MAC} dev eth0 nud permanent",
        f"neigh add fe80::1 lladdr {_POD_MAC} dev eth0 nud permanent",
    )
    batch(
        outside.netns,
        *(f"route add {address} dev eth0 table 100" for address in pod.addresses),
        *(f"neigh add {address} lladdr {_NODE_MAC} dev eth0 nud permanent" for address in pod.addresses),
    )
