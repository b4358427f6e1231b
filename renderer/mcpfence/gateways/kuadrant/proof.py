"""That what was written registers the servers as the catalog says: the text is read back and looked at.

The fences of the gateway's callers are proven like all others (`proof.prove`).  Here: each text is the one document
that was meant, none has a known defect, and every server that needs a token has a policy that asks for one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mcpfence.catalog.gateway.model import Registration
from mcpfence.catalog.model import Catalog
from mcpfence.documents.reader import BadDocument, load_foreign
from mcpfence.findings.finding import Collector, Path
from mcpfence.findings.table import Severity
from mcpfence.gateways.kuadrant.defects import defects
from mcpfence.gateways.kuadrant.objects import GatewayObject, GatewayObjects, find, mapping
from mcpfence.kube.manifest import Manifest
from mcpfence.proof.prove import OUR_FAULT


def prove_registered(catalog: Catalog, written: Sequence[tuple[str, Manifest, Path]], out: Collector) -> None:
    """Read every text back; every doubt is an error."""
    documents: list[Any] = []
    for text, manifest, path in written:
        try:
            found = load_foreign(text)
        except BadDocument as bad:
            found, fault = [], f"no YAML ({bad})"
        else:
            fault = "another document"
        if found != [manifest.document]:
            sentence = f"the text written for {manifest.kind} {manifest.name} is {fault}"
            out.add("proof-text", path, sentence, OUR_FAULT)
        documents += found
    authorino = catalog.gateway.authorino_namespace if catalog.gateway else ""
    for defect in defects(documents, catalog.namespace, authorino):
        if defect.severity is Severity.ERROR:
            sentence = f"{defect.document} would be emitted with a known defect: {defect.sentence}"
            out.add("proof-gateway", (), sentence, OUR_FAULT)
    policies = _policies(find(documents, catalog.namespace))
    for server in catalog.servers.values():
        if server.gateway is not None and server.gateway.auth.checks_tokens:
            _checked(policies, server.gateway, out)


_Policies = dict[tuple[str, str], list[GatewayObject]]


def _policies(found: GatewayObjects) -> _Policies:
    """The policies that hold for whole routes, by namespace and name of the route."""
    policies: _Policies = {}
    for one in found.of("AuthPolicy"):
        target = mapping(one.spec.get("targetRef"))
        if (
            (target.get("group"), target.get("kind")) == _ROUTE
            and "when" not in one.spec
            and "sectionName" not in target
        ):
            policies.setdefault((one.namespace, str(target.get("name"))), []).append(one)
    return policies


def _checked(policies: _Policies, item: Registration, out: Collector) -> None:
    """The policy on a server's route asks for a token of its issuer, whatever else it asks for."""
    wanted = {"jwt": {"issuerUrl": item.auth.issuer}}
    for one in policies.get((item.namespace, item.name), ()):
        asked = mapping(mapping(one.spec.get("rules")).get("authentication"))
        if asked and all(isinstance(how, Mapping) and dict(how) == wanted for how in asked.values()):
            return
    out.add("proof-gateway", item.path, f"no policy on the route asks for a token of {item.auth.issuer}", OUR_FAULT)


_ROUTE = ("gateway.networking.k8s.io", "HTTPRoute")
