"""What there is to say under Calico: errors of what it cannot hold, and the risks that remain."""

from __future__ import annotations

from mcpfence.catalog.model import Catalog
from mcpfence.findings.finding import Collector
from mcpfence.findings.table import Row, Severity
from mcpfence.plan.engine_labels import refuse_labels
from mcpfence.plan.fence import ClusterNetwork, Fence
from mcpfence.providers.calico.emit import RULES, SELECTOR, expression, rules_of
from mcpfence.providers.calico.settings import LAST_ORDER, settings_of
from mcpfence.providers.contract import Risk

FINDINGS = {
    "calico-edition": Row(
        Severity.ERROR,
        "Which Calico the cluster runs is not written: open source Calico drops host names from policies, and a rule "
        "without them opens its ports to every address.",
    ),
    "calico-label": Row(
        Severity.ERROR, "A podSelector uses a label that Calico itself puts on pods, so that it selects other ones."
    ),
    "calico-order": Row(Severity.ERROR, "The order of the policies does not lie in front of the NetworkPolicies."),
    "calico-limit": Row(Severity.ERROR, "A fence needs more rules, or a longer selector, than Calico's policies hold."),
}

_NAME = frozenset({"name"})
_RISKS = (
    Risk(
        "learned-addresses",
        "learned addresses: a name's addresses are those in the answers of Calico's trusted DNS servers, and stay open "
        "as long as Calico remembers them; the first packets to a new address may be lost",
        _NAME,
    ),
    Risk(
        "calico-tiers",
        "other tiers and lower orders: a policy of a tier before default, or of a lower order, decides first; mcpfence "
        "sees those that it is given",
        _NAME,
    ),
)
_MANY = 200
_OWN_LABELS = ("projectcalico.org/", "pcns.", "pcsa.")
"""How the keys begin of labels that Calico itself puts on pods, those of their namespace and service account too
(libcalico-go's conversion of pods)."""


def risks(_: Catalog) -> tuple[Risk, ...]:
    """What no manifest can stop where addresses are learned from DNS, and policies have an order."""
    return _RISKS


def caution(catalog: Catalog, out: Collector) -> None:
    """Refuse a catalog that does not say which Calico there is, and an order behind the NetworkPolicies."""
    settings = settings_of(catalog)
    if not settings.is_in_front:
        sentence = f"is {settings.order}, and NetworkPolicies of Kubernetes are asked from 1000 on"
        out.add("calico-order", ("egress", "calico", "order"), sentence, f"write an order from 0 to {LAST_ORDER}")
    if not settings.edition:
        sentence = (
            "is not written, and open source Calico drops the host names of a policy: what is left of such a rule "
            "opens its ports to every address"
        )
        todo = "write enterprise or cloud if the cluster runs one of them, else egress.provider: none"
        out.add("calico-edition", ("egress", "calico", "edition"), sentence, todo)


def remark(fence: Fence, _: ClusterNetwork, out: Collector) -> None:
    """Refuse a fence that no policy of Calico's can hold, and labels that Calico itself puts on pods."""
    refuse_labels(fence, "Calico", "calico-label", _OWN_LABELS, out)
    if not fence.names:
        return
    longest = max(len(expression(selector)) for selector in fence.selectors)
    if longest > SELECTOR:
        sentence = f"needs a selector of {longest:,} characters, and Calico's hold {SELECTOR:,}"
        out.add("calico-limit", fence.path, sentence, "select the pods by fewer labels")
    if sum(len(allow.peers) + len(allow.ports) for allow in fence.egress) + len(fence.names) < _MANY:
        return
    count = len(rules_of(fence))
    if count > RULES:
        sentence = f"needs {count:,} rules, and a policy of Calico's holds {RULES:,}"
        out.add("calico-limit", fence.path, sentence, "grant fewer peers, or ranges of ports")
