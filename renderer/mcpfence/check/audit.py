"""A catalog against manifests that exist: those in Git, or what `kubectl get -o yaml` prints of a cluster.

The same proof as in every render, over other people's manifests: drift, leftovers and foreign policies that widen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mcpfence.catalog.model import Catalog
from mcpfence.check.namespace import floor_findings, pod_security_findings
from mcpfence.findings.finding import Collector, Finding, McpfenceError
from mcpfence.kube.manifest import is_ours
from mcpfence.kube.services import ServiceIndex
from mcpfence.net.addresses import ALL
from mcpfence.net.intervals import canonical
from mcpfence.plan.planner import make_plan
from mcpfence.proof.prove import prove
from mcpfence.providers import policy_kinds, provider_of
from mcpfence.reach.documents.objects import unroll
from mcpfence.reach.evaluation.evaluator import Evaluator
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.render.objects import Rendering
from mcpfence.render.pipeline import load_catalog, render

_REMEDY = "render again and apply: these manifests are not what the catalog gives"
_REGISTRATIONS = ("HTTPRoute", "MCPServerRegistration")


def audit(
    raw: Any,
    documents: Sequence[Any],
    *,
    release: str,
    namespace: str,
    services: ServiceIndex,
    allow_empty: bool = False,
) -> tuple[Finding, ...]:
    """Every finding of a catalog, and of the manifests that should enforce it."""
    try:
        rendering = render(raw, release=release, namespace=namespace, services=services, allow_empty=allow_empty)
    except McpfenceError as error:
        return error.findings
    out = Collector()
    out.take(rendering.findings)
    catalog = load_catalog(raw, release=release, namespace=namespace, out=Collector())
    if catalog is None:  # render would have failed
        return out.findings()
    provider = provider_of(catalog.provider)
    addresses = canonical(catalog.cluster.pods) or ALL
    policies = read_policies(documents, namespace=namespace, pod_addresses=addresses)
    for problem in policies.problems:
        sentence = f"{problem.field} {problem.reason}".strip()
        todo = "mend it, or remove it: what it lets through is unknown"
        out.add("policy-unreadable", (), sentence, todo, document=problem.document)
    evaluator = Evaluator(policies)
    plan = make_plan(catalog, services, Collector())
    fences = list(plan.fences)
    for fence in fences:
        prepared, _ = provider.prepare(fence, plan.network)
        out.take(prove(prepared, evaluator, _REMEDY))
    objects = unroll(documents).objects
    out.take(floor_findings(objects, policies, catalog, fences, namespace))
    out.take(pod_security_findings(objects, raw, catalog))
    out.take(_leftovers(documents, rendering, namespace))
    out.take(_gateway(documents, catalog, namespace))
    return out.findings()


_GATEWAY_KINDS = ("AuthPolicy", "HTTPRoute", "MCPServerRegistration")


def _gateway(documents: Sequence[Any], catalog: Catalog, namespace: str) -> list[Finding]:
    """Known defects of a gateway's manifests, and policies of ours that are missing among them."""
    if not any(one.kind in _GATEWAY_KINDS for one in unroll(documents).objects):
        return []
    from mcpfence.gateways.kuadrant.defects import defects  # here, so that catalogs without a gateway start quickly
    from mcpfence.gateways.kuadrant.drift import gateway_drift

    authorino = catalog.gateway.authorino_namespace if catalog.gateway else "kuadrant-system"
    return [*defects(documents, namespace, authorino), *gateway_drift(catalog, list(documents), namespace)]


def _leftovers(documents: Iterable[Any], rendering: Rendering, namespace: str) -> list[Finding]:
    """Policies that mcpfence made for something that the catalog no longer has."""
    current = {(item.kind, item.namespace, item.name) for item in rendering.objects}
    kinds = {*(kind.kind for kind in policy_kinds()), *_REGISTRATIONS}
    found = []
    for one in unroll(documents)[0]:
        if one.kind not in kinds or not is_ours(one.document):
            continue
        where = one.namespace or namespace
        if where == rendering.catalog.namespace and (one.kind, where, one.name) not in current:
            sentence = "was made by mcpfence for something that the catalog does not have"
            todo = "delete it, unless another release made it"
            found.append(Finding("leftover", (), sentence, todo, f"{one.kind} {where}/{one.name}"))
    return found
