"""What there is to say under GKE: refusals, warnings and notes, and the risks that remain."""

from __future__ import annotations

from mcpfence.catalog.model import Catalog
from mcpfence.findings.finding import Collector
from mcpfence.findings.table import Row, Severity
from mcpfence.net.ports import PortRange
from mcpfence.plan.engine_labels import refuse_labels_of_plugin
from mcpfence.plan.fence import ClusterNetwork, Fence
from mcpfence.providers.contract import Risk
from mcpfence.providers.gke.emit import MOST_PORTS

FINDINGS = {
    "gke-ports": Row(
        Severity.ERROR, f"FQDNNetworkPolicy has no ranges of ports, and more than {MOST_PORTS} are not written out."
    ),
    "gke-name": Row(Severity.ERROR, "GKE's API server takes no name with a label that begins or ends with _."),
    "gke-profile": Row(Severity.WARNING, "FQDNNetworkPolicy exists on GKE alone."),
}

_NAME = frozenset({"name"})
_REBINDING = Risk(
    "rebinding",
    "rebinding: a name is open wherever it resolves to, also to private addresses, 127.0.0.1 and the metadata "
    "endpoint, for nothing stands in front of names on GKE; who answers for an allowed name decides",
    _NAME,
)
_UNJUDGED = Risk(
    "unjudged-names",
    "names on GKE: its engine cannot be had, so these patterns were judged by Cilium's, on which Dataplane V2 is built",
    _NAME,
)
_RESOLVER = Risk(
    "resolver",
    "names on GKE count only as kube-dns or Cloud DNS answers them, the first 50 addresses of each, and a name that is "
    "an alias needs the name behind it listed, too; what does not count is closed",
    _NAME,
)


def risks(_: Catalog) -> tuple[Risk, ...]:
    """What no manifest can stop on GKE."""
    return (_REBINDING, _UNJUDGED, _RESOLVER)


def caution(catalog: Catalog, out: Collector) -> None:
    """Warn of clusters that are none of GKE."""
    profile = catalog.cluster.profile
    if profile != "gke":
        sentence = f"FQDNNetworkPolicy exists on GKE alone, and the profile is {profile}"
        todo = "write cluster.profile: gke, or another egress.provider"
        out.add("gke-profile", ("egress", "provider"), sentence, todo)


def remark(fence: Fence, _: ClusterNetwork, out: Collector) -> None:
    """Refuse names on long ranges of ports, those that the API server would not take, and labels unknown to Cilium."""
    refuse_labels_of_plugin(fence, "cilium", out)
    odd = sorted({name.pattern for name in fence.names if _odd(name.pattern)})
    if odd:
        sentence = f"{', '.join(odd)}: FQDNNetworkPolicy takes no label that begins or ends with _"
        out.add("gke-name", fence.path, sentence, "list its addresses under egress.cidrs, or leave it out")
    wide = sorted({item for name in fence.names for item in name.ports if _length(item) > MOST_PORTS})
    if wide:
        ports = ", ".join(item.text for item in wide)
        sentence = f"names on {ports}: FQDNNetworkPolicy has no ranges, and over {MOST_PORTS} ports are not written out"
        todo = f"list the ports that the server calls, at most {MOST_PORTS} in a row"
        out.add("gke-ports", fence.path, sentence, todo)


def _odd(pattern: str) -> bool:
    """Whether a label begins or ends with an underscore (the kind's CRD)."""
    return any(label.startswith("_") or label.endswith("_") for label in pattern.split("."))


def _length(item: PortRange) -> int:
    return item.last - item.first + 1
