"""The step before CiliumNetworkPolicies are enforced: their allows without their denials.

With `enableDefaultDeny: {egress: false}` an allow isolates nothing, and its DNS rule still sends the pods' questions
through the proxy, so that Hubble has names.  The rule passes every name, for the default deny does not govern what the
proxy answers.  Source: Cilium's documentation, security/policy/intro, "Policy enforcement default" (1.20); judged by
Cilium's engine and its proxy in tests/engines/cilium.
"""

from __future__ import annotations

from mcpfence.documents.writer import Document
from mcpfence.providers.contract import AuditForm


def _convert(document: Document) -> Document:
    spec = {key: value for key, value in document["spec"].items() if key != "egressDeny"}
    spec["enableDefaultDeny"] = {"egress": False, "ingress": False}
    spec["egress"] = [{**rule, "toPorts": list(map(_ports, rule["toPorts"]))} for rule in spec["egress"]]
    return {**document, "spec": spec}


def _ports(entry: Document) -> Document:
    """The ports alone, but for DNS: what a handshake must show is not governed by the default deny either."""
    return {"ports": entry["ports"], **({"rules": {"dns": [{"matchPattern": "*"}]}} if "rules" in entry else {})}


FORM = AuditForm(
    _convert,
    "Hubble has destination_names for flows of these pods, and names the policy as egress_allowed_by where it would "
    "have allowed; every name may be asked of the resolver meanwhile",
)
