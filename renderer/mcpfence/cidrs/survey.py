"""From documents to the answer: sorted, read, merged; and the catalog that results judged as `mcpfence check` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mcpfence.cidrs.answer import PATHS, Answer, answer, value_at
from mcpfence.cidrs.clouds.table import PROVIDERS
from mcpfence.cidrs.document_value import DocumentValue
from mcpfence.cidrs.facts import Gathered, Scope
from mcpfence.cidrs.kinds import CloudProvider, Objects, known_of, sort
from mcpfence.findings.finding import Collector, Finding, McpfenceError
from mcpfence.findings.table import Severity
from mcpfence.kube.services import index
from mcpfence.render.pipeline import check


def survey(
    provider: CloudProvider, documents: Sequence[DocumentValue], scope: Scope, mine: Mapping[str, Any]
) -> tuple[Answer, tuple[Finding, ...]]:
    """The answer and what is worth knowing about it; raises McpfenceError where anything is in doubt."""
    out = Collector()
    objects = objects_of(provider, documents, out)
    out.stop_on_errors()
    gathered = Gathered(out, scope, dns_written=bool(value_at(mine, PATHS["dns"])))
    provider.read(objects, gathered)
    found = answer(gathered, mine, provider, known(provider, objects, scope))
    out.stop_on_errors()
    return found, out.findings()


def objects_of(provider: CloudProvider, documents: Sequence[DocumentValue], out: Collector) -> Objects:
    """The documents by kind; what is none of the provider's is an error."""
    others = [item for item in PROVIDERS.values() if item.name not in (provider.name, "kubernetes")]
    return sort(documents, provider, others, out)


def known(provider: CloudProvider, objects: Objects, scope: Scope) -> dict[str, str]:
    """What is known for the placeholders of commands: what the user says, and what the documents tell."""
    told = {key: value for key, value in provider.clues(objects, scope).items() if value}
    return {**told, **{key: value for key, value in known_of(scope).items() if value}}


def accept(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Raise McpfenceError if the catalog has errors with the answer that it does not have without."""
    said = {finding.message for finding in _errors(before)}
    new = [finding for finding in _errors(after) if finding.message not in said]
    if new:
        raise McpfenceError(new)


def _errors(values: Mapping[str, Any]) -> list[Finding]:
    findings = check(values, release="mcpfence", namespace="default", services=index((), "default"), allow_empty=True)
    return [finding for finding in findings if finding.severity is Severity.ERROR]
