"""What there is to say under Antrea: names that it refuses, and the risks that remain."""

from __future__ import annotations

from mcpfence.catalog.model import Catalog
from mcpfence.findings.finding import Collector, quote
from mcpfence.findings.table import Row, Severity
from mcpfence.plan.fence import ClusterNetwork, Fence
from mcpfence.providers.antrea.settings import LAST_PRIORITY, settings_of
from mcpfence.providers.contract import Risk

FINDINGS = {
    "antrea-name": Row(Severity.ERROR, "A host name has an underscore, which Antrea refuses in names."),
    "antrea-priority": Row(Severity.ERROR, "The priority of the policies is none that Antrea's API takes."),
    "antrea-unjudged": Row(
        Severity.NOTE, "What Antrea's policies mean was read in its documentation; no agent of Antrea's has judged it."
    ),
}

_NAME = frozenset({"name"})
_RISKS = (
    Risk(
        "learned-addresses",
        "learned addresses: a name's addresses are those in the DNS answers that Antrea's agent sees, and stay open as "
        "long as it remembers them; of a wildcard with very many names it forgets some",
        _NAME,
    ),
    Risk(
        "antrea-tiers",
        "other tiers and priorities: a policy of a tier before this one, or of a lower priority, decides first; "
        "mcpfence sees those that it is given",
        _NAME,
    ),
)


def risks(_: Catalog) -> tuple[Risk, ...]:
    """What no manifest can stop where addresses are learned from DNS, and policies have an order."""
    return _RISKS


def caution(catalog: Catalog, out: Collector) -> None:
    """Refuse a priority that the API does not take, and say how far this provider was tested."""
    settings = settings_of(catalog)
    if not settings.has_priority:
        sentence = f"is {settings.priority}, and Antrea takes 1 to {LAST_PRIORITY}"
        out.add("antrea-priority", ("egress", "antrea", "priority"), sentence, "write a priority of that range")
    sentence = "what Antrea's policies mean was read in its documentation; no agent of Antrea's has judged it"
    out.add("antrea-unjudged", ("egress", "provider"), sentence)


def remark(fence: Fence, _: ClusterNetwork, out: Collector) -> None:
    """Refuse names that Antrea's webhook refuses."""
    for name in fence.names:
        if "_" in name.pattern:
            sentence = f"{quote(name.pattern)} has an underscore, which Antrea refuses in names"
            out.add("antrea-name", fence.path, sentence, "list its addresses under egress.cidrs")
