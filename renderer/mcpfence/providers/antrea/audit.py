"""The step before Antrea's policies are enforced: every rule hands on to the NetworkPolicies, as if it were not there.

Antrea has no staged policies.  A rule that ends in Pass instead of Drop decides nothing, and with `enableLogging` the
agent writes a line for what it matches.  Source: Antrea's agent, pkg/agent/openflow/network_policy.go, which sends
packets of Pass rules to the log as it does those of others; docs/antrea-network-policy.md on logLabel.
"""

from __future__ import annotations

from mcpfence.documents.writer import Document
from mcpfence.providers.contract import AuditForm

LABEL = "mcpfence-would-drop"


def _convert(document: Document) -> Document:
    rules = [_rule(rule) for rule in document["spec"]["egress"]]
    return {**document, "spec": {**document["spec"], "egress": rules}}


def _rule(rule: Document) -> Document:
    """An Allow here would also pass over other people's NetworkPolicies, which is wider than today."""
    logged: Document = {"enableLogging": True, "logLabel": LABEL} if rule["action"] == "Drop" else {}
    return {**rule, "action": "Pass", **logged}


FORM = AuditForm(
    _convert,
    f"np.log on the nodes has a line with the action Pass and the label {LABEL} for what would be dropped, of servers "
    "that list host names",
)
