"""Certificates: what is declared, allowed, narrowed and shown of each fence."""

from __future__ import annotations

from typing import Any

import pytest

from mcpfence.evidence.case import GivenManifests
from mcpfence.kube.manifest import floor_policy
from mcpfence.reach.flows import flows
from mcpfence.reach.flows.plain_form import reach_of_rows
from packing import CATALOG, NAMED, case_of, certificate_of, pack_of


def predicate(raw: dict[str, Any] = CATALOG, given: GivenManifests | None = None) -> dict[str, Any]:
    """What the pack of a catalog certifies."""
    found: dict[str, Any] = certificate_of(pack_of(raw, given))["predicate"]
    return found


def test_each_grant_has_its_key() -> None:
    """A row of what is declared names the key of the catalog that grants it."""
    search, vault = predicate()["fences"]

    assert search["egress"]["declared"] == [
        {
            "addresses": ["8.8.8.0-8.8.8.63", "8.8.8.128-8.8.8.255"],
            "flows": ["TCP 443"],
            "grant": "cidr",
            "key": "servers.search.egress.cidrs[0]",
        }
    ]
    assert vault["egress"]["declared"] == vault["egress"]["allowed"] == []
    assert search["ingress"]["declared"] == [
        {
            "pods": {"app": {"in": ["gateway"]}},
            "namespaces": {"kubernetes.io/metadata.name": {"in": ["gateways"]}},
            "flows": ["TCP 8080"],
            "grant": "client",
            "key": "every declared client (default)",
        }
    ]


def test_what_is_allowed_is_what_the_judge_reads() -> None:
    """Without a grant and its key the rows are those of the manifests."""
    search = predicate()["fences"][0]["egress"]

    assert search["allowed"] == [{"addresses": ["8.8.8.0-8.8.8.63", "8.8.8.128-8.8.8.255"], "flows": ["TCP 443"]}]
    assert search["narrowings"] == []


def test_what_an_engine_cannot_give_is_a_narrowing() -> None:
    """Declared less the narrowings is allowed, exactly."""
    raw = {**NAMED, "cluster": {"ipFamilies": ["IPv4", "IPv6"]}, "egress": {"provider": "aviatrix"}}
    said = predicate(raw)
    egress = said["fences"][0]["egress"]

    def reach(rows: list[Any]) -> flows.Reach:
        return reach_of_rows(
            {**row, "addresses": said["addresses"].get(row["addresses"], row["addresses"])}
            if isinstance(row.get("addresses"), str)
            else row
            for row in rows
        )

    lost = reach([row for one in egress["narrowings"] for row in one["rows"]])
    assert lost
    assert egress["narrowings"][0]["why"]
    assert flows.same(reach(egress["declared"]), flows.union(reach(egress["allowed"]), lost))


def test_long_sets_of_addresses_are_written_once() -> None:
    """Servers that may reach every public address share one set."""
    server = {"runtime": "containerized", "containerizedConfig": {"image": "a.example.com/a:1"}}
    raw = {**CATALOG, "egress": {"default": "internet"}, "servers": {"a": server, "b": server}}
    said = predicate(raw)

    assert list(said["addresses"]) == ["set-1"]
    assert [fence["egress"]["allowed"][0]["addresses"] for fence in said["fences"]] == ["set-1", "set-1"]


def test_risks_are_those_that_concern_a_fence() -> None:
    """A server that reaches nothing cannot carry data out, and asks no resolver."""
    said = predicate()
    search, vault = said["fences"]

    assert set(search["residualRisks"]) - set(vault["residualRisks"]) == {"allowed-hosts"}
    assert set(search["residualRisks"]) <= set(said["residualRisks"])


@pytest.mark.parametrize("floor", [True, False])
def test_the_floor_is_shown_where_it_is_among_the_manifests(floor: bool) -> None:
    """A pod without labels, which may do nothing; without the floor that is not shown, and said so."""
    case = case_of()
    documents = [one.document for one in case.objects] + [floor_policy("mcp")]
    given = GivenManifests({"manifests/a.yaml": _stream(documents)}, documents) if floor else None
    said = predicate(CATALOG, given)

    assert said["floor"] == ("shown" if floor else "not among the manifests")
    entries = [fence for fence in said["fences"] if fence["kind"] == "floor"]
    assert [one["pods"] for one in entries] == [{"namespace": "mcp", "labels": {}, "exactly": True}] * floor
    assert all({one["verdict"] for one in fence["egress"]["witnesses"]} == {"denied"} for fence in entries)


def _stream(documents: list[Any]) -> bytes:
    import json

    return "".join(f"---\n{json.dumps(one)}\n" for one in documents).encode()


def test_the_same_catalog_in_another_order_gives_the_same_bytes() -> None:
    """Order of keys, and running again, change nothing."""
    turned = {key: CATALOG[key] for key in reversed(CATALOG)}
    turned["servers"] = {name: CATALOG["servers"][name] for name in reversed(CATALOG["servers"])}

    assert pack_of(turned) == pack_of(CATALOG) == pack_of(CATALOG)
