"""Connectivity as lines for people."""

from __future__ import annotations

from typing import Any

from mcpfence.reach.connectivity.connections import connections
from mcpfence.reach.connectivity.list_form import as_list
from mcpfence.reach.connectivity.text_form import as_text

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "a", "labels": {"app": "web"}}}


def policy(*blocks: dict[str, Any], kind: str = "Egress") -> dict[str, Any]:
    peers = [{"ipBlock": block} for block in blocks]
    rule = {"to" if kind == "Egress" else "from": peers, "ports": [{"port": 443}]}
    head = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "p", "namespace": "a"}}
    return {**head, "spec": {"podSelector": {}, "policyTypes": [kind], kind.lower(): [rule]}}


def test_an_end_outside_is_one_line() -> None:
    """Excepts cut a block into many ranges: the list has a line for each, the text one for all, in both directions."""
    excepts = [f"10.{i}.0.0/16" for i in range(0, 30, 2)]
    for kind in ("Egress", "Ingress"):
        found = connections([POD, policy({"cidr": "10.0.0.0/8", "except": excepts}, kind=kind)])
        lines = [line for line in as_text(found).splitlines() if "10.1.0.0" in line]
        end = "10.1.0.0-10.1.255.255,10.3.0.0-10.3.255.255,10.5.0.0-10.5.255.255,+12[External]"

        assert lines == [f"a/web[Pod] => {end} : TCP 443" if kind == "Egress" else f"{end} => a/web[Pod] : TCP 443"]
        assert len([line for line in as_list(found).splitlines() if "TCP 443" in line]) == 15


def test_what_is_open_to_all_is_said_so() -> None:
    """Every address of both families is one word."""
    assert as_text(connections([POD])).splitlines() == [
        "a/web[Pod] => any-address[External] : All Connections",
        "any-address[External] => a/web[Pod] : All Connections",
    ]


def test_ipv6_and_single_addresses() -> None:
    """IPv6 stands behind IPv4, and a single address without an end."""
    text = as_text(connections([POD, policy({"cidr": "192.0.2.1/32"}, {"cidr": "2001:db8::/64"})]))

    assert "a/web[Pod] => 192.0.2.1,2001:db8::-2001:db8::ffff:ffff:ffff:ffff[External] : TCP 443" in text.splitlines()


def test_names_are_the_end_where_flows_must_show_them() -> None:
    """Behind an engine for names the names are told, not the addresses at which they may be."""
    spec = {
        "endpointSelector": {},
        "egress": [
            {
                "toFQDNs": [{"matchName": "api.example.com"}],
                "toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}],
            }
        ],
    }
    named = {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": POD["metadata"], "spec": spec}
    lines = as_text(connections([POD, named])).splitlines()

    assert "a/web[Pod] => api.example.com[External] : TCP 443" in lines


def test_the_focus_is_one_end_of_every_line() -> None:
    """What does not touch the workload is left out."""
    other = {**POD, "metadata": {"name": "db", "namespace": "b"}}
    lines = as_text(connections([POD, other]), "b/db").splitlines()

    assert len(lines) == 4
    assert all("b/db[Pod]" in line for line in lines)
