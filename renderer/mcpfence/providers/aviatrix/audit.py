"""The step before FirewallPolicies are enforced: denies that are watched.

`watch: true` on a rule means that it is logged and not enforced; the log then says ACT=DENY and ENFORCED=false.
Source: the vendor's CRD and the log samples of its documentation (facts on observing, sections 4 and 6).
"""

from __future__ import annotations

from mcpfence.documents.writer import Document
from mcpfence.providers.contract import AuditForm


def _convert(document: Document) -> Document:
    rules = [{**rule, "logging": True, **_watched(rule)} for rule in document["spec"]["rules"]]
    return {**document, "spec": {**document["spec"], "rules": rules}}


def _watched(rule: Document) -> Document:
    return {"watch": True} if rule["action"] == "deny" else {}


FORM = AuditForm(
    _convert,
    "the log of the Distributed Cloud Firewall has ACT=DENY with ENFORCED=false for what would be denied; what pods do "
    "among themselves does not cross the gateway",
)
