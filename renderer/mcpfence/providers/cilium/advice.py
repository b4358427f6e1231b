"""What there is to say under Cilium: refusals, warnings and notes, and the risks that remain."""

from __future__ import annotations

from mcpfence.catalog.model import Catalog
from mcpfence.findings.finding import Collector, Path, quote
from mcpfence.findings.table import Row, Severity
from mcpfence.net.hosts import is_domain
from mcpfence.plan.engine_labels import refuse_labels_of_plugin
from mcpfence.plan.fence import ClusterNetwork, Fence
from mcpfence.providers.cilium.ports import MOST
from mcpfence.providers.cilium.settings import LONGEST_DOMAIN, MOST_DOMAINS, settings_of
from mcpfence.providers.contract import Risk

FINDINGS = {
    "cilium-dns-open": Row(
        Severity.WARNING, "A policy beside ours opens the resolver, and with that every name may be asked."
    ),
    "cilium-dns-ports": Row(Severity.ERROR, "Cilium's DNS proxy takes single ports of UDP and TCP, no wide ranges."),
    "cilium-domain": Row(Severity.ERROR, "A search domain is none, or there are more of them than resolvers ask."),
    "cilium-managed": Row(Severity.ERROR, "GKE's managed Cilium has no CiliumNetworkPolicy with host names."),
    "cilium-name-long": Row(Severity.ERROR, "A host name is too long for the search domains that stand behind it."),
    "cilium-version": Row(Severity.ERROR, "The version is none of Cilium's."),
    "cilium-wildcard": Row(Severity.ERROR, "Before Cilium 1.19 no pattern is one or more labels."),
}

_SETTINGS = ("egress", "cilium")
_LONGEST = 253
_NAME, _DNS = frozenset({"name"}), frozenset({"dns"})

_LEARNT = Risk(
    "learnt-addresses",
    "learnt addresses: what the resolver answers for a granted name is opened at once, blocked ranges excepted, and "
    "stays open for as long as the answer lives; who can forge answers opens public addresses of their own choice",
    _NAME,
)
_INSIDE = Risk(
    "names-inside",
    "names that resolve to pods or nodes of the cluster: Cilium does not open them; list them under services",
    _NAME,
)
_PROXY = Risk(
    "dns-proxy",
    "the DNS proxy: an agent that runs without it (enable-l7-proxy: false) refuses these policies, and neither names "
    "nor DNS are open",
    _DNS,
)


def risks(_: Catalog) -> tuple[Risk, ...]:
    """What no manifest can stop where Cilium learns addresses from DNS answers."""
    return (_LEARNT, _INSIDE, _PROXY)


def caution(catalog: Catalog, out: Collector) -> None:
    """Refuse clusters whose Cilium takes no policies of its own kind, and settings that cannot be."""
    if catalog.cluster.profile == "gke":
        sentence = "the profile is gke, and GKE's managed Cilium enforces no CiliumNetworkPolicy with host names"
        todo = "where you run your own Cilium write cluster.profile: generic, else choose another egress.provider"
        out.add("cilium-managed", ("egress", "provider"), sentence, todo)
    settings = settings_of(catalog)
    if not settings.has_version:
        sentence = f"{quote(settings.version)} is no version of Cilium"
        out.add("cilium-version", (*_SETTINGS, "version"), sentence, 'write major and minor as text, such as "1.19"')
    told: list[tuple[Path, str]] = [((*_SETTINGS, "clusterDomain"), settings.clusterDomain)]
    told += [((*_SETTINGS, "searchDomains", i), domain) for i, domain in enumerate(settings.searchDomains)]
    for path, domain in told:
        if not is_domain(domain, LONGEST_DOMAIN):
            sentence = f"{quote(domain)} is no domain in lower case of {LONGEST_DOMAIN} characters at most"
            out.add("cilium-domain", path, sentence, "write it as it stands in a pod's /etc/resolv.conf")
    if len(settings.searchDomains) > MOST_DOMAINS:
        sentence = f"lists {len(settings.searchDomains)} domains, and {MOST_DOMAINS} can be"
        out.add("cilium-domain", (*_SETTINGS, "searchDomains"), sentence, "list those of a pod's /etc/resolv.conf")


def remark(fence: Fence, network: ClusterNetwork, out: Collector) -> None:
    """Refuse what the policies of a fence could not say on the oldest release, or not at all."""
    settings = settings_of(network)
    refuse_labels_of_plugin(fence, "cilium", out)
    behind = f".{fence.namespace}.svc.{settings.clusterDomain}"
    longest = max(map(len, (behind, *(f".{domain}" for domain in settings.searchDomains))))
    for name in fence.names:
        if name.pattern.startswith("*.") and not settings.wildcards:
            sentence = (
                f"{name.pattern} is one label deep on Cilium {settings.version}, and deeper names would be denied"
            )
            todo = 'write egress.cilium.version: "1.19" if no node runs an older one, or list the names'
            out.add("cilium-wildcard", fence.path, sentence, todo)
        if len(name.pattern) + 1 + longest > _LONGEST:
            sentence = f"{name.pattern} is too long to be looked up with the search domains behind it"
            out.add("cilium-name-long", fence.path, sentence, "list its addresses under egress.cidrs")
    for allow in fence.egress:
        odd = [one.text for one in allow.ports if one.last - one.first >= MOST or one.protocol not in ("UDP", "TCP")]
        if allow.kind == "dns" and odd:
            sentence = f"the DNS proxy takes single ports of UDP and TCP, and dns.ports lists {', '.join(odd)}"
            out.add("cilium-dns-ports", ("dns", "ports"), sentence, "list the ports on which your resolvers listen")
