"""A catalog against manifests that exist: those in Git, or what `kubectl get -o yaml` prints of a cluster.

The same proof as in every render, over other people's manifests: drift, leftovers and foreign policies that widen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from mcpfence.catalog.model import Catalog
from mcpfence.check.elsewhere import elsewhere
from mcpfence.check.guard import GUARD_KINDS, guard_findings
from mcpfence.check.namespace import fleeting_findings, floor_findings, pod_security_findings
from mcpfence.check.proposals import proposals
from mcpfence.check.pruned import pruned_findings
from mcpfence.check.standing import all_stand, stand_alone
from mcpfence.findings.finding import Collector, Finding, McpfenceError
from mcpfence.kube.manifest import FENCED, floor_policy, is_ours, labels_of
from mcpfence.kube.services import ServiceIndex
from mcpfence.net.addresses import ALL
from mcpfence.net.intervals import canonical
from mcpfence.proof.host_network import beyond_policies
from mcpfence.proof.prove import prove, subjects
from mcpfence.proof.resolver import unfiltered
from mcpfence.proof.unseen import unseen
from mcpfence.providers import enforced_kinds, policy_kinds, provider_of
from mcpfence.reach.documents.objects import Object, unroll
from mcpfence.reach.evaluation.evaluator import Evaluator
from mcpfence.reach.evaluation.policy_set import PolicySet, read_policies
from mcpfence.render.objects import BEHIND_POLICIES, Rendering
from mcpfence.render.pipeline import render

_REMEDY = "render again and apply: these manifests are not what the catalog gives"


def audit(
    raw: Any,
    documents: Sequence[Any],
    *,
    release: str,
    namespace: str,
    services: ServiceIndex,
    allow_empty: bool = False,
    policies_only: bool = False,
) -> tuple[Finding, ...]:
    """Every finding of a catalog, and of the manifests that should enforce it; see `audit_beside`."""
    made = partial(render, release=release, namespace=namespace, services=services, allow_empty=allow_empty)
    try:
        rendering = made(raw, told=False)
    except McpfenceError as error:
        return (*error.findings, *proposals(raw, unroll(documents).objects))
    return audit_beside(raw, rendering, documents, namespace=namespace, policies_only=policies_only) or ()


def audit_beside(
    raw: Any,
    rendering: Rendering,
    documents: Sequence[Any],
    unread: Sequence[bytes] = (),
    *,
    namespace: str,
    policies_only: bool,
) -> tuple[Finding, ...] | None:
    """The same of a catalog that is rendered, where `unread` are further files, which may be policies as rendered.

    `policies_only` says that the chart is installed apart from the manifests: its floor stands beside them.
    None: the files are no such policies, or something stands beside them because of which they have to be read.
    """
    catalog, fences = rendering.catalog, rendering.fences
    if unread and (catalog.gateway is not None or not all_stand(unread, rendering.objects)):
        return None
    objects = unroll(documents).objects
    out = Collector()
    out.take((*rendering.findings, *proposals(raw, objects)))
    if not unread and (other := elsewhere(objects, catalog, namespace)):
        out.take((other,))
        return out.findings()
    if policies_only and catalog.floor:
        documents = [*documents, floor_policy(catalog.namespace)]
    policies = _read(rendering, documents, namespace, out)
    evaluator = Evaluator(policies)
    if unread and not stand_alone(fences, evaluator):
        return None
    if not unread:
        out.take(_proven(rendering, evaluator))
    out.take(beyond_policies(objects, fences, namespace))
    out.take(unseen(objects, fences, namespace))
    out.take(fleeting_findings(objects, catalog, namespace))
    out.take(floor_findings(objects, policies, catalog, fences, namespace, fenced=bool(unread)))
    out.take(pod_security_findings(objects, raw, catalog))
    out.take(pruned_findings(rendering, objects, namespace))
    out.take(guard_findings(rendering, objects))
    out.take(_leftovers(objects, rendering, namespace))
    if any(one.kind in _GATEWAY_KINDS for one in objects):
        out.take(_defects(documents, catalog, namespace))
    if catalog.gateway is not None:
        out.take(_gateway(documents, catalog, namespace))
    return out.findings()


def _read(rendering: Rendering, documents: Sequence[Any], namespace: str, out: Collector) -> PolicySet:
    """The policies among the documents; what cannot be read of them is said."""
    found = read_policies(
        documents,
        namespace=namespace,
        pod_addresses=canonical(rendering.catalog.cluster.pods) or ALL,
        api_addresses=rendering.network.api_addresses or ALL,
        enforced=enforced_kinds(provider_of(rendering.catalog.provider)),
    )
    for problem in found.problems:
        sentence = f"{problem.field} {problem.reason}".strip()
        todo = "mend it, or remove it: what it lets through is unknown"
        out.add("policy-unreadable", (), sentence, todo, document=problem.document)
    return found


def _proven(rendering: Rendering, evaluator: Evaluator) -> Iterator[Finding]:
    """What the policies let through beside what the fences say."""
    provider = provider_of(rendering.catalog.provider)
    for fence in rendering.fences:
        prepared, _ = provider.prepare(fence, rendering.network)
        yield from prove(prepared, evaluator, _REMEDY, names_at=provider.names_at)
        if provider.filters_dns:
            around = [one for subject in subjects(fence) for one, _ in evaluator.selecting(subject)]
            yield from unfiltered(fence, around, provider.filters_dns)


_GATEWAY_KINDS = ("AuthPolicy", "HTTPRoute", "MCPServerRegistration")


def _defects(documents: Sequence[Any], catalog: Catalog, namespace: str) -> list[Finding]:
    """Known defects of a gateway's manifests."""
    from mcpfence.gateways.kuadrant.defects import defects  # here, so that catalogs without a gateway start quickly

    authorino = catalog.gateway.authorino_namespace if catalog.gateway else "kuadrant-system"
    return defects(documents, namespace, authorino)


def _gateway(documents: Sequence[Any], catalog: Catalog, namespace: str) -> list[Finding]:
    """Objects of the catalog's gateway that are missing or other ones, and what decides beside them."""
    from mcpfence.deploy import run_manifests
    from mcpfence.gateways import gateway_manifests, rivals
    from mcpfence.gateways.kuadrant.drift import gateway_drift

    ours = [manifest.document for manifest, _, _ in gateway_manifests(catalog)]
    for server in catalog.servers.values():
        if server.run is not None:
            ours += [manifest.document for manifest in run_manifests(server, catalog.namespace)]
    return [*gateway_drift(catalog, documents, namespace), *rivals(ours, documents, namespace)]


_RIGHTS = ("Role", "RoleBinding")
_WITHOUT_RIGHTS = {"ConfigMap", "Deployment", "Service", "ServiceAccount"}


def _leftovers(objects: Iterable[Object], rendering: Rendering, namespace: str) -> list[Finding]:
    """Policies, registrations and rights that mcpfence made for something that the catalog no longer has."""
    current = {(item.kind, item.namespace, item.name) for item in rendering.objects}
    kinds = {*(kind.called for kind in policy_kinds()), *BEHIND_POLICIES} - _WITHOUT_RIGHTS
    cluster_wide = {*(kind.called for kind in policy_kinds() if kind.cluster_wide), *GUARD_KINDS}
    homes = {rendering.catalog.namespace}
    if rendering.catalog.gateway is not None:
        homes.add(rendering.catalog.gateway.namespace)
    found = []
    for one in objects:
        if one.called not in kinds or not is_ours(one.document):
            continue
        everywhere = one.called in cluster_wide
        where = labels_of(one.document).get(FENCED) if everywhere else one.namespace or namespace
        held = (one.called, "" if everywhere else where, one.name) in current
        # The rights of a server's users lie in any namespace; the chart's own Role has no server's label.
        anywhere = one.kind in _RIGHTS and "mcpfence.io/server" in labels_of(one.document)
        if (anywhere or (where in homes and one.kind not in _RIGHTS)) and not held:
            sentence = "was made by mcpfence for something that the catalog does not have"
            todo = "delete it, unless another release made it"
            title = one.title if everywhere else f"{one.called} {where}/{one.name}"
            found.append(Finding("leftover", (), sentence, todo, title))
    return found
