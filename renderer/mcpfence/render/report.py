"""The ConfigMap `<release>-mcpfence`, which stands in the place of the carrier and tells people what was rendered.

Helm hides what a post-renderer says when all goes well, so this is where a person finds servers, warnings,
narrowings and the digest of the catalog.  Everything is bounded: a ConfigMap holds 1 MiB at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcpfence import __version__
from mcpfence.catalog.model import Catalog
from mcpfence.findings.finding import Finding, plural
from mcpfence.kube.manifest import MARK, Manifest, make_manifest
from mcpfence.kube.object_names import limited
from mcpfence.net.ports import ports_text
from mcpfence.plan.fence import Allow, Block, Fence, Narrowing, Peer, peer_text
from mcpfence.proof.residual_risks import residual_risks

SERVERS_LIMIT = 200_000
FINDINGS_LIMIT = 100_000
"""Characters that the lists may take in the report."""

LOG = "Helm 4 hides what mcpfence says; it is in ~/.local/state/mcpfence/helm.log of whoever ran it"
"""The same on every path, so it says when it holds."""

_SHOWN = 4
"""So many names, so many destinations, and so many peers of one destination are named."""
_WORDS = {
    "cloudIdentity": "cloud identity",
    "dns": "dns",
    "internet": "every public address",
    "kubernetesAPI": "the API server",
}


def server_line(fence: Fence) -> str:
    """One line on a fence: `github (npx): reaches names api.github.com; 10.1.2.3/32 on 5432/TCP, dns; ...`."""
    parts = []
    if fence.names:
        parts.append(f"names {_some([_name(name.pattern, name.registry) for name in fence.names])}")
    first = ("internet", "unenforced")
    wide = [_destination(allow) for allow in fence.egress if allow.kind in first]
    others = [_destination(allow) for allow in fence.egress if allow.kind not in (*first, "dns")]
    dns = ["dns"] if any(allow.kind == "dns" for allow in fence.egress) else []
    parts += wide
    if others or dns:
        parts.append(", ".join(([_some(list(dict.fromkeys(others)))] if others else []) + dns))
    ports = sorted({ports_text(allow.ports) for allow in fence.ingress})
    called = f"called on {', '.join(ports)}" if ports else "called by nobody"
    runtime = f" ({fence.runtime})" if fence.runtime else ""
    reaches = "" if fence.kind == "service" else f"reaches {'; '.join(parts) or 'nothing'}; "
    label = "" if fence.kind == "server" else f"{fence.kind} "
    return f"{label}{fence.name}{runtime}: {reaches}{called}"


def _destination(allow: Allow) -> str:
    if allow.kind == "unenforced":
        return f"every public address on {ports_text(allow.ports)}, since no engine enforces its names"
    return _WORDS.get(allow.kind) or f"{_some([_peer(one) for one in allow.peers])} on {ports_text(allow.ports)}"


def _peer(peer: Peer) -> str:
    excepts = plural(len(peer.excepts), "except") if isinstance(peer, Block) and peer.excepts else ""
    return f"{peer_text(peer)} less {excepts}" if excepts else peer_text(peer)


def _some(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _SHOWN:,} more" if len(texts) > _SHOWN else ""
    return f"{', '.join(texts[:_SHOWN])}{more}"


def _name(pattern: str, registry: bool) -> str:
    return f"{pattern} (registry)" if registry else pattern


def report_manifest(
    catalog: Catalog,
    name: str,
    fenced: tuple[int, Iterable[str]],
    findings: Sequence[Finding],
    narrowings: Sequence[Narrowing],
    printed: tuple[int, str],
    proof: str,
) -> Manifest:
    """The report of one release, in the release's own namespace.

    `fenced` is how many fences there are, and a line on each; `printed` is how many objects leave, this one included,
    and the digest of the others.
    """
    said = (f"{finding.severity.value}: {finding.message} [{finding.id}]" for finding in findings)
    lost = (item.text for item in narrowings)
    risks = [risk.text for risk in residual_risks(catalog)]
    data = {
        "version": __version__,
        "catalogDigest": f"sha256:{catalog.digest}",
        "namespace": catalog.namespace,
        "provider": catalog.provider,
        "objects": str(printed[0]),
        "objectsDigest": printed[1],
        "proof": proof,
        "servers": _bounded(fenced[1], fenced[0], SERVERS_LIMIT) or "none",
        "findings": _bounded(said, len(findings), FINDINGS_LIMIT) or "none",
        "narrowings": _bounded(lost, len(narrowings), FINDINGS_LIMIT) or "none",
        "residualRisk": _bounded(risks, len(risks), FINDINGS_LIMIT),
        "log": LOG,
    }
    if catalog.gateway is not None:
        from mcpfence.catalog.gateway.warnings import registration_lines  # here, so that fences alone start quickly

        told = registration_lines(catalog)
        data["gateway"] = _bounded(told, len(told), FINDINGS_LIMIT) or "none"
    labels = {MARK: "rendered"}
    return make_manifest("v1", "ConfigMap", catalog.release_namespace, limited(name), labels, {"data": data})


def _bounded(lines: Iterable[str], count: int, limit: int) -> str:
    """The lines, `count` of them, as text, as many as fit; what was cut is said in the last line."""
    size = 0
    shown: list[str] = []
    for line in lines:  # none is made that nobody will read
        size += len(line) + 1
        if size > limit:
            break
        shown.append(_printable(line))
    if len(shown) < count:
        shown.append(f"... and {count - len(shown):,} more: run mcpfence check")
    return "\n".join(shown)


def _printable(line: str) -> str:
    if line.isascii() and line.isprintable():
        return line.strip()
    return "".join(c if " " <= c <= "~" else "?" for c in line).strip()
