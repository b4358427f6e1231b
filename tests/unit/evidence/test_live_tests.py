"""Live tests: which witnesses a cluster can be asked about."""

from __future__ import annotations

from typing import Any

from mcpfence.evidence.certificate import certify
from mcpfence.evidence.live_tests import Attempt, attempts
from packing import CATALOG, NAMED, case_of


def of(raw: dict[str, Any], *, by_name_shown: bool = False) -> list[Attempt]:
    """What the first server of a catalog can try."""
    return attempts(certify(case_of(raw)).sent[0], by_name_shown=by_name_shown)


def test_an_allowed_address_is_tried_only_where_somebody_listens() -> None:
    """A block of the catalog may be empty; one address that it lists is there for a reason."""
    one = {**CATALOG["servers"]["search"], "egress": {"cidrs": [{"cidr": "8.8.8.8/32", "ports": [443]}]}}

    assert [tried for tried in of(CATALOG) if tried.allowed] == []
    found = of({**CATALOG, "servers": {"search": one}})
    assert [tried for tried in found if tried.allowed] == [Attempt("8.8.8.8", 443, allowed=True)]


def test_names_are_tried_by_name() -> None:
    """Exact names that are granted, and one that nobody grants; no invented name below a wildcard."""
    found = [(one.host, one.allowed) for one in of(NAMED) if not one.host[0].isdigit() and ":" not in one.host]

    assert found == [("api.example.com", True), ("example.com", False)]


def test_what_a_name_decides_must_be_shown_in_the_connection() -> None:
    """Where the engine opens the connection first, an address alone shows nothing; what a NetworkPolicy denies does."""
    raw = {**NAMED, "egress": {"provider": "aviatrix"}}
    found = of(raw, by_name_shown=True)

    assert {one.host: one.shown for one in found if one.host.endswith("example.com")} == {
        "api.example.com": True,
        "example.com": True,
    }
    assert "169.254.169.254" in {one.host for one in found}
    assert "1.1.1.1" not in {one.host for one in found if one.port == 443}


def test_what_people_know_is_denied_first_and_there_is_an_end() -> None:
    """Each denied connection takes seconds, so few are tried: the metadata endpoint among them."""
    denied = [one for one in of(CATALOG) if not one.allowed]

    assert len(denied) <= 12
    assert {"169.254.169.254", "10.0.0.1", "1.1.1.1"} <= {one.host for one in denied}
    assert {one.expect for one in denied} == {"denied"}
