"""The ConfigMap `<release>-mcpfence`, which stands in the place of the carrier and tells people what was rendered.

Helm hides what a post-renderer says when all goes well, so this is where a person finds servers, warnings,
narrowings and the digest of the catalog.  Everything is bounded: a ConfigMap holds 1 MiB at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcpfence import __version__
from mcpfence.catalog.model import Catalog
from mcpfence.findings.finding import Finding
from mcpfence.kube.manifest import MARK, Manifest, make_manifest
from mcpfence.kube.object_names import limited
from mcpfence.net.ports import ports_text
from mcpfence.plan.fence import Fence, Narrowing
from mcpfence.proof.residual_risks import residual_risks

SERVERS_LIMIT = 200_000
FINDINGS_LIMIT = 100_000
"""Characters that the lists may take in the report."""


def server_line(fence: Fence) -> str:
    """One line on a fence: `github (npx): names api.github.com; also dns, callback`."""
    parts = []
    if fence.names:
        shown = [_name(name.pattern, name.registry) for name in fence.names[:4]]
        more = f" and {len(fence.names) - 4} more" if len(fence.names) > 4 else ""
        parts.append(f"names {', '.join(shown)}{more}")
    if fence.internet:
        parts.append("every public address")
    kinds = list(dict.fromkeys(allow.kind for allow in fence.egress if allow.kind != "internet"))
    if kinds:
        parts.append(f"{'also ' if parts else ''}{', '.join(kinds)}")
    ports = sorted({ports_text(allow.ports) for allow in fence.ingress})
    called = f"called on {', '.join(ports)}" if ports else "called by nobody"
    runtime = f" ({fence.runtime})" if fence.runtime else ""
    reaches = "" if fence.kind == "service" else f"reaches {'; '.join(parts) or 'nothing'}; "
    label = "" if fence.kind == "server" else f"{fence.kind} "
    return f"{label}{fence.name}{runtime}: {reaches}{called}"


def _name(pattern: str, registry: bool) -> str:
    return f"{pattern} (registry)" if registry else pattern


def report_manifest(
    catalog: Catalog,
    name: str,
    lines: Sequence[str],
    findings: Iterable[Finding],
    narrowings: Iterable[Narrowing],
    printed: tuple[int, str],
    proof: str,
) -> Manifest:
    """The report of one release, in the release's own namespace.

    `printed` is how many objects leave, this one included, and the digest of the others.
    """
    said = [f"{finding.severity.value}: {finding.message} [{finding.id}]" for finding in findings]
    data = {
        "version": __version__,
        "catalogDigest": f"sha256:{catalog.digest}",
        "namespace": catalog.namespace,
        "provider": catalog.provider,
        "objects": str(printed[0]),
        "objectsDigest": printed[1],
        "proof": proof,
        "servers": _bounded(lines, SERVERS_LIMIT) or "none",
        "findings": _bounded(said, FINDINGS_LIMIT) or "none",
        "narrowings": _bounded([item.text for item in narrowings], FINDINGS_LIMIT) or "none",
        "residualRisk": _bounded([risk.text for risk in residual_risks(catalog)], FINDINGS_LIMIT),
    }
    if catalog.gateway is not None:
        from mcpfence.catalog.gateway.warnings import registration_lines  # here, so that fences alone start quickly

        data["gateway"] = _bounded(registration_lines(catalog), FINDINGS_LIMIT) or "none"
    labels = {MARK: "rendered"}
    return make_manifest("v1", "ConfigMap", catalog.release_namespace, limited(name), labels, {"data": data})


def _bounded(lines: Sequence[str], limit: int) -> str:
    """The lines as text, as many as fit; what was cut is said in the last line."""
    size, kept = 0, 0
    for line in lines:
        size += len(line) + 1
        if size > limit:
            break
        kept += 1
    shown = [_printable(line) for line in lines[:kept]]
    if kept < len(lines):
        shown.append(f"... and {len(lines) - kept:,} more: run mcpfence check")
    return "\n".join(shown)


def _printable(line: str) -> str:
    return "".join(c if " " <= c <= "~" else "?" for c in line).strip()
