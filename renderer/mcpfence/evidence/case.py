"""The case: a rendered catalog, its fences, and the manifests that are to keep to them, read from their bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mcpfence.check.audit import audit_beside
from mcpfence.documents.agreement import load_judged
from mcpfence.findings.finding import Finding, McpfenceError, fail
from mcpfence.findings.table import Severity
from mcpfence.kube.services import ServiceIndex
from mcpfence.net.addresses import ALL
from mcpfence.net.intervals import canonical
from mcpfence.plan.fence import ClusterNetwork, Fence
from mcpfence.providers import Provider, enforced_kinds, provider_of
from mcpfence.reach.documents.objects import Object, unroll
from mcpfence.reach.engines.maker_kinds import READ_AS_POLICIES
from mcpfence.reach.evaluation.evaluator import Evaluator
from mcpfence.reach.evaluation.policy_set import PolicySet, read_policies
from mcpfence.render.objects import Rendering
from mcpfence.render.pipeline import render
from mcpfence.structs import Struct

RENDERED = "manifests/rendered.yaml"
"""What `mcpfence render --policies-only` prints, where no other manifests are given."""


class GivenManifests(Struct):
    """Manifests that exist: files by their names in the pack, and the documents that were read from them."""

    files: Mapping[str, bytes]
    documents: Sequence[Any]


class Case(Struct):
    """What a pack is made of."""

    rendering: Rendering
    network: ClusterNetwork
    fences: tuple[Fence, ...]
    policies: PolicySet
    evaluator: Evaluator
    objects: tuple[Object, ...]
    files: Mapping[str, bytes]
    """The manifests, by their names in the pack."""
    findings: tuple[Finding, ...]
    namespace: str
    """That of objects which name none."""

    @property
    def provider(self) -> Provider:
        """The engine beside the NetworkPolicies."""
        return provider_of(self.rendering.catalog.provider)


def make_case(
    raw: Any,
    given: GivenManifests | None,
    *,
    release: str,
    namespace: str,
    services: ServiceIndex,
    policies_only: bool = False,
) -> Case:
    """Render a catalog and prove the manifests, those given or its own; raises McpfenceError with every finding."""
    own = given is None
    rendering = render(raw, release=release, namespace=namespace, services=services, allow_empty=True, told=own)
    fences, network = rendering.fences, rendering.network
    if not fences:
        sentence = "the catalog has no server or workload with pods, so there is nothing to certify"
        raise fail("catalog-empty", sentence, "declare them, or name the right values file", path=("servers",))
    findings = rendering.findings
    if given is None:
        data = b"".join(rendering.chunks)
        given = GivenManifests({RENDERED: data}, load_judged(data.decode(), READ_AS_POLICIES))
    else:
        found = audit_beside(raw, rendering, given.documents, namespace=namespace, policies_only=policies_only)
        findings = found or ()
    objects = tuple(unroll(given.documents).objects)
    findings = (*findings, *_secrets(objects))
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise McpfenceError(findings)
    policies = read_policies(
        given.documents,
        namespace=namespace,
        pod_addresses=canonical(network.pod_cidrs) or ALL,
        api_addresses=network.api_addresses or ALL,
        enforced=enforced_kinds(provider_of(rendering.catalog.provider)),
    )
    return Case(rendering, network, fences, policies, Evaluator(policies), objects, given.files, findings, namespace)


def _secrets(objects: Sequence[Object]) -> Iterator[Finding]:
    """A pack is shown to others, so what is secret has no place in it."""
    for one in objects:
        if one.kind == "Secret":
            sentence = "is a Secret, and a pack is made to be shown"
            yield from fail(
                "evidence-secret", sentence, "leave its file out: no fence needs it", document=one.title
            ).findings
