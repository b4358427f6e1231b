"""What there is to say under ClusterNetworkPolicy: refusals, warnings and notes, and the risks that remain."""

from __future__ import annotations

from collections.abc import Sequence

from mcpfence.catalog.model import Catalog
from mcpfence.documents.writer import Document
from mcpfence.findings.finding import Collector, plural, quote
from mcpfence.findings.table import Row, Severity
from mcpfence.plan.fence import Block, ClusterNetwork, Fence
from mcpfence.providers.clusternetworkpolicy.asking import unlearnt
from mcpfence.providers.clusternetworkpolicy.emit import rules_of
from mcpfence.providers.clusternetworkpolicy.priorities import owners, ranked
from mcpfence.providers.clusternetworkpolicy.rules import MOST
from mcpfence.providers.clusternetworkpolicy.settings import HIGHEST, settings_of
from mcpfence.providers.contract import Risk
from mcpfence.reach.engines.contract import ADMIN, Policy
from mcpfence.reach.flows import label_sets
from mcpfence.reach.flows.selection import Selects, selects

_KEY = "clusternetworkpolicy"
_SETTINGS = ("egress", _KEY)

FINDINGS = {
    "clusternetworkpolicy-channel": Row(
        Severity.ERROR, "The standard channel of the ClusterNetworkPolicy CRD has no host names."
    ),
    "clusternetworkpolicy-dns": Row(
        Severity.ERROR,
        "Names are listed and DNS is denied: the engines learn addresses from the DNS answers of the pods.",
    ),
    "clusternetworkpolicy-domain": Row(
        Severity.ERROR, "The cluster's domain is none below which names can be written."
    ),
    "clusternetworkpolicy-limit": Row(
        Severity.ERROR, "A fence needs more rules than one ClusterNetworkPolicy may have, however they are packed."
    ),
    "clusternetworkpolicy-priorities": Row(
        Severity.ERROR, "There are fewer priorities than objects, or the range of priorities runs backwards."
    ),
    "clusternetworkpolicy-priority-taken": Row(
        Severity.ERROR,
        "A ClusterNetworkPolicy of somebody else has a priority of our range, so nobody can say which decides first.",
    ),
    "clusternetworkpolicy-resolves": Row(
        Severity.WARNING,
        "Under Cilium a pod with names resolves those and the cluster's alone: what is listed by address has no name.",
    ),
    "clusternetworkpolicy-unlearnt": Row(
        Severity.ERROR, "Under Cilium no name would ever be learnt: its proxy does not see the DNS of these pods."
    ),
}

_NAMED_ANYWAY = frozenset({"dns", "address", "kubernetesAPI", "cloudIdentity"})
"""Kinds of allows whose addresses nobody looks up, or by a name that is listed."""

_NAME = frozenset({"name"})
_LEARNT = Risk(
    "learnt-names",
    "names are learnt from DNS answers on the wire: who can answer the pods, or forge an answer, chooses the addresses "
    "that a name opens; only public ones, since all others are denied in front of the names",
    _NAME,
)
_FAIL_OPEN = Risk(
    "fail-open",
    "kube-network-policies lets packets pass while its agent is down or overloaded unless it runs with "
    "--fail-open=false, which is not the default; an engine that does not know the kind opens no name",
)


def risks(_: Catalog) -> tuple[Risk, ...]:
    """What no manifest can stop where an engine opens what a name resolves to."""
    return (_LEARNT, _FAIL_OPEN)


def caution(catalog: Catalog, out: Collector) -> None:
    """Refuse settings that cannot work."""
    settings = settings_of(catalog)
    if settings.channel == "standard":
        sentence = "the standard channel of the CRD has no host names, so the API server would refuse every name"
        todo = "install the experimental channel of the network-policy-api and write experimental"
        out.add("clusternetworkpolicy-channel", (*_SETTINGS, "channel"), sentence, todo)
    written = catalog.provider_settings.get("priorities", (settings.first, settings.last))
    if len(written) != 2:
        sentence = f"has {plural(len(written), 'number')}"
        todo = "write two, the first priority and the last; the same twice lets all objects share it"
        out.add("clusternetworkpolicy-priorities", (*_SETTINGS, "priorities"), sentence, todo)
    elif min(written) < 0 or max(written) > HIGHEST:
        out.add(
            "clusternetworkpolicy-priorities",
            (*_SETTINGS, "priorities"),
            f"goes from {settings.first} to {settings.last}, and the API takes 0 to {HIGHEST}",
            "write priorities of that range",
        )
    elif not settings.ordered:
        sentence = f"runs backwards from {settings.first} to {settings.last}"
        todo = f"write [{settings.last}, {settings.first}]"
        out.add("clusternetworkpolicy-priorities", (*_SETTINGS, "priorities"), sentence, todo)

    if not settings.has_domain:
        sentence = f"{quote(settings.domain)} is no domain of two labels or more in lower case"
        todo = "write what the search path of a pod's /etc/resolv.conf ends in, such as cluster.local"
        out.add("clusternetworkpolicy-domain", (*_SETTINGS, "clusterDomain"), sentence, todo)


def arrange(
    fences: Sequence[Fence], network: ClusterNetwork, around: Sequence[Policy], out: Collector
) -> Sequence[Fence]:
    """The fences with their priorities; refuses those of others in our range, and more objects than priorities.

    Where nobody else's policy may select our pods, equal priorities decide nothing: another release may have ours.
    """
    settings = settings_of(network)
    if not settings.ordered or not any(fence.names for fence in fences):
        return fences
    for policy in around:
        taken = policy.tier == ADMIN and policy.sound and settings.first <= policy.priority <= settings.last
        if taken and _may_be_for(policy, fences):
            sentence = (
                f"has priority {policy.priority} of the Admin tier, and ours have "
                f"{_range(settings.first, settings.last)}: which of two equal ones decides is undefined"
            )
            todo = "give it another priority, or write other egress.clusternetworkpolicy.priorities"
            out.add("clusternetworkpolicy-priority-taken", (), sentence, todo, document=policy.title)
    try:
        return ranked(fences, settings.first, settings.last)
    except IndexError:
        needed, size = len(owners(fences)), settings.last - settings.first + 1
        sentence = f"has {size:,} priorities, and {needed:,} objects with names need one each"
        shared = f"[{settings.first}, {settings.first}]"
        todo = f"write a wider range, or {shared} to let all share one: their pods are disjoint"
        out.add("clusternetworkpolicy-priorities", (*_SETTINGS, "priorities"), sentence, todo)
        return fences


def _may_be_for(policy: Policy, fences: Sequence[Fence]) -> bool:
    """Whether a policy may select pods that objects of ours are for."""
    ours = {
        label_sets.pods_in(fence.namespace, label_sets.box_of(dict(selector.labels)))
        for fence in fences
        if fence.names
        for selector in fence.selectors
    }
    return any(selects(source.pods, box) is not Selects.NEVER for source in policy.sources for box in ours)


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first} to {last}"


def remark(fence: Fence, network: ClusterNetwork, out: Collector) -> None:
    """Refuse what one object cannot hold, and names that nothing may resolve."""
    if not fence.names:
        return
    if not any(allow.kind == "dns" for allow in fence.egress):
        sentence = "names are granted and DNS is not, so no address is ever learnt for them"
        todo = "write dns: auto, or list addresses under egress.cidrs instead of names"
        out.add("clusternetworkpolicy-dns", fence.path, sentence, todo)
    elif network.cni == "cilium":
        _remark_cilium(fence, out)
    rules = rules_of(fence, network)
    if len(rules) > MOST:
        sentence = f"needs {len(rules)} rules ({_counted(rules)}), and a ClusterNetworkPolicy has at most {MOST}"
        todo = "list fewer destinations, or give their entries the same ports so that they share rules"
        out.add("clusternetworkpolicy-limit", fence.path, sentence, todo)


def _remark_cilium(fence: Fence, out: Collector) -> None:
    found = unlearnt(fence)
    if found is not None:
        sentence = f"{found[0]}, so Cilium never learns what its names resolve to"
        todo = f"{found[1]}, or list addresses instead of names"
        out.add("clusternetworkpolicy-unlearnt", fence.path, sentence, todo)
    for allow in fence.egress:
        if allow.kind not in _NAMED_ANYWAY and any(isinstance(p, Block) for p in allow.peers):
            sentence = (
                f"{allow.source} is listed by addresses, and Cilium lets these pods resolve the listed names alone"
            )
            todo = "call it by its address, or list its names under egress.domains with these addresses"
            out.add("clusternetworkpolicy-resolves", fence.path, sentence, todo)


def _counted(rules: Sequence[Document]) -> str:
    """`3 for names, 22 for cidrs`: what the rules are for."""
    counts: dict[str, int] = {}
    for rule in rules:
        counts[rule["name"]] = counts.get(rule["name"], 0) + 1
    return ", ".join(f"{count} {name}" for name, count in counts.items())
