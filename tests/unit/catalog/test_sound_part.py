"""What of a catalog is judged beside faults of its structure."""

from __future__ import annotations

import pytest

from helpers import Raw, errors_of
from mcpfence.catalog.sound_part import SoundPart, fault_of, sound_part
from mcpfence.findings.finding import Path

CATALOG: Raw = {
    "clients": {"gateway": {"namespace": "g", "podSelector": ["x"]}},
    "servers": {"a": {"egress": {"cidrs": ["10.0.0.0/8", {"cidr": "10.1.0.0/16", "ports": [1]}]}}, "b": {}},
}


def test_only_the_faults_are_left_out() -> None:
    """Entries of lists and keys go, what stands beside them stays, and the catalog itself is not changed."""
    found = sound_part(CATALOG, [("servers", "a", "egress", "cidrs", 0)])
    servers = {"a": {"egress": {"cidrs": [{"cidr": "10.1.0.0/16", "ports": [1]}]}}, "b": {}}

    assert found == SoundPart({**CATALOG, "servers": servers}, whole=True)
    assert len(CATALOG["servers"]["a"]["egress"]["cidrs"]) == 2


def test_a_fault_within_a_fault_is_no_second_one() -> None:
    """Of two faults one in the other the outer one is left out."""
    faults: list[Path] = [("servers", "a", "egress", "cidrs", 0), ("servers", "a", "egress")]

    assert sound_part(CATALOG, faults) == SoundPart({**CATALOG, "servers": {"a": {}, "b": {}}}, whole=True)


@pytest.mark.parametrize(
    ("fault", "left"),
    [
        (("servers",), {"clients": CATALOG["clients"]}),
        (("servers", "a"), {**CATALOG, "servers": {"b": {}}}),
        (("clients", "gateway", "podSelector", 0), {**CATALOG, "clients": {}}),
        (("egress", "provider", 0), CATALOG),
    ],
    ids=str,
)
def test_what_others_depend_on_makes_the_rest_no_whole(fault: Path, left: Raw) -> None:
    """Whole entries, pods and what holds for all: without them other entries are only read, each by itself."""
    assert sound_part(CATALOG, [fault]) == SoundPart(left, whole=False)


def test_a_runtime_that_is_wrong_has_a_stand_in() -> None:
    """The rest of a server is judged although nobody knows how it runs: as its settings say, else as an image."""
    raw: Raw = {"servers": {"a": {"uvxConfig": {}}, "b": {"runtime": "nxp"}}}
    found = sound_part(raw, [fault_of(raw, ("servers", "a")), ("servers", "b", "runtime")])

    assert found is not None
    assert found.raw == {
        "servers": {"a": {"uvxConfig": {}, "runtime": "uvx"}, "b": {"runtime": "containerized"}},
    }


WRONG_HOST: Raw = {"runtime": "containerized", "egress": {"domains": ["https://api.example.com"]}}
HOST = 'servers.b.egress.domains[0]: "https://api.example.com" has a scheme; write api.example.com [host-scheme]'


def test_one_round_tells_structure_and_meaning() -> None:
    """A string in the place of a cidr hides a wrong host neither of its own server nor of another one."""
    raw: Raw = {
        "egress": {"unenforcedDomains": "internet"},
        "servers": {
            "a": {"runtime": "containerized", "egress": {"cidrs": ["10.0.0.0/8"], "domains": ["http://x.example.com"]}},
            "b": WRONG_HOST,
        },
    }

    assert errors_of(raw) == [
        "servers.a.egress.cidrs[0]: is a string; write {cidr: 10.0.0.0/8, ports: [443]} [type]",
        'servers.a.egress.domains[0]: "http://x.example.com" has a scheme; '
        "write {name: x.example.com, ports: [80]} under egress.domains [host-scheme]",
        HOST,
    ]


@pytest.mark.parametrize(
    ("keys", "errors"),
    [
        (
            {"egress": {"providr": "eks"}},
            [
                "egress.providr: is no known key; did you mean provider? Else write one of: antrea, aviatrix, calico, "
                "cilium, clusternetworkpolicy, default, except, provider, registries, unenforcedDomains [key-unknown]",
            ],
        ),
        (
            {"servers": {"b": WRONG_HOST, "c": {}}},
            [
                "servers.c: has no runtime; write runtime, which is one of npx, uvx, containerized, remote, composite [key-missing]"
            ],
        ),
        (
            {"clients": {"gw": {"namespace": "g", "podSelector": ["app"]}}},
            ["clients.gw.podSelector: is a list; write a mapping [type]"],
        ),
    ],
    ids=["a setting", "a server", "a client"],
)
def test_faults_in_what_all_share_hide_nothing_of_an_entry(keys: Raw, errors: list[str]) -> None:
    """Whatever the engine is meant to be and whoever the clients are, a host with a scheme is none."""
    found = errors_of({"servers": {"b": WRONG_HOST}} | keys)

    assert sorted(found) == sorted([HOST, *errors])


def test_what_hangs_on_a_fault_is_not_said() -> None:
    """Under a misspelt `clients` no client is declared, and nobody is told so of each server."""
    raw: Raw = {"client": {}, "servers": {"b": {"runtime": "containerized", "ingress": {"from": ["gw"]}}}}
    (found,) = errors_of(raw)

    assert found.startswith("client: is no known key; did you mean clients?")
