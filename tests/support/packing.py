"""Evidence packs in memory: made, edited, and given all the digests that an attacker could compute anew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from mcpfence.evidence.case import Case, GivenManifests, make_case
from mcpfence.evidence.certificate import certify
from mcpfence.evidence.pack import CERTIFICATE, make_pack, sums_of
from mcpfence.kube.services import index

Pack = dict[str, bytes]

CATALOG: dict[str, Any] = {
    "mcpNamespace": {"name": "mcp"},
    "cluster": {"ipFamilies": ["IPv4"]},
    "clients": {"gateway": {"namespace": "gateways", "podSelector": {"app": "gateway"}}},
    "servers": {
        "search": {
            "runtime": "containerized",
            "containerizedConfig": {"image": "registry.example.com/search:1", "port": 8080},
            "egress": {"cidrs": [{"cidr": "8.8.8.0/24", "except": ["8.8.8.64/26"], "ports": [443]}]},
        },
        "vault": {
            "runtime": "containerized",
            "containerizedConfig": {"image": "registry.example.com/vault:1", "port": 8080, "denyAllEgress": True},
        },
    },
}
"""Two servers: one reaches a block less a part of it, the other nothing; both are called by a gateway."""

NAMED: dict[str, Any] = {
    **CATALOG,
    "egress": {"provider": "cilium"},
    "servers": {
        "search": {
            "runtime": "containerized",
            "containerizedConfig": {
                "image": "registry.example.com/search:1",
                "port": 8080,
                "egressDomains": ["api.example.com", "*.cdn.example.com"],
            },
        }
    },
}
"""One server with host names, under an engine that opens them wherever they resolve to."""


def case_of(raw: Mapping[str, Any] = CATALOG, given: GivenManifests | None = None, *documents: Any) -> Case:
    """The case of a catalog; `documents` are Services and the like beside it."""
    return make_case(raw, given, release="demo", namespace="home", services=index(list(documents), "home"))


def pack_of(raw: Mapping[str, Any] = CATALOG, given: GivenManifests | None = None, *documents: Any) -> Pack:
    """The pack of a catalog, with a report that says nothing."""
    case = case_of(raw, given, *documents)
    return make_pack(certify(case), case.files, {"report.md": b"# Report\n"}, {})


def certificate_of(pack: Mapping[str, bytes]) -> dict[str, Any]:
    """The statement of a pack."""
    found: dict[str, Any] = json.loads(pack[CERTIFICATE])
    return found


def edited(pack: Mapping[str, bytes], change: Callable[[dict[str, Any]], object]) -> Pack:
    """A pack whose predicate was changed, with all digests computed anew."""
    statement = certificate_of(pack)
    change(statement["predicate"])
    return sealed({**pack, CERTIFICATE: json.dumps(statement).encode()})


def sealed(pack: Mapping[str, bytes]) -> Pack:
    """The pack with every digest that it holds computed anew, as whoever edits one without a signature can do."""
    statement = certificate_of(pack)
    statement["subject"] = [
        {"name": name, "digest": _digest(data)} for name, data in pack.items() if name.startswith("manifests/")
    ]
    others = {name for name in pack if not name.startswith("manifests/")} - {CERTIFICATE, "SHA256SUMS"}
    statement["predicate"]["files"] = {name: _digest(pack[name]) for name in sorted(others)}
    files = {**pack, CERTIFICATE: json.dumps(statement).encode()}
    files.pop("SHA256SUMS", None)
    return {**files, "SHA256SUMS": sums_of(files)}


def _digest(data: bytes) -> dict[str, str]:
    return {"sha256": hashlib.sha256(data).hexdigest()}
