"""CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy (cilium.io/v2) from a parsed document to what they say.

    egressDeny, ingressDeny     asked first, whoever allows
    egress, ingress             add up with those of all other policies, NetworkPolicies among them
    enableDefaultDeny           whether pods are isolated in that direction; by default where rules stand for it
    egress: [{}]                isolates and allows nothing
    egress: []                  nothing; where no other list has a rule the agent refuses the whole object

The API server drops unknown fields without strict validation, and what is left can mean more: so one of them is a fault
of the object, and a faulty object is unknown, at least nothing and at most everything.
Source: the engine's own code, asked with documents (facts on engines, section 3; facts on the engine of Cilium).
"""

from __future__ import annotations

from mcpfence.net.intervals import Intervals
from mcpfence.reach.documents.fields import Problem, Unreadable, items, known_keys, mapping, shown
from mcpfence.reach.documents.objects import shown_name
from mcpfence.reach.engines.cilium.names import shown_names, surely_shown
from mcpfence.reach.engines.cilium.peers import EVERYWHERE, NOWHERE, Ends, read_ends
from mcpfence.reach.engines.cilium.ports import Opened, read_ports
from mcpfence.reach.engines.cilium.selectors import read_subject
from mcpfence.reach.engines.contract import (
    DIRECTIONS,
    EVERY_PORT,
    POLICIES,
    UNKNOWN,
    Action,
    Policy,
    Rule,
    Rules,
    ShownNames,
    Source,
)
from mcpfence.reach.flows import label_sets
from mcpfence.reach.flows.label_sets import Box

_CLUSTERWIDE = "CiliumClusterwideNetworkPolicy"
_LISTS = ("ingress", "ingressDeny", "egress", "egressDeny")
_SPEC_KEYS = frozenset({"endpointSelector", "enableDefaultDeny", "description", "labels", "log", *_LISTS})
_PEERS = ("Endpoints", "CIDR", "CIDRSet", "Entities")
_RULE_KEYS = {
    direction: frozenset({*(f"{prefix}{kind}" for kind in _PEERS), "toPorts", "icmps"})
    for direction, prefix in (("ingress", "from"), ("egress", "to"))
}

_FIRST = -1
"""The turn of what denies, and of what cannot be read: before all allows."""


class CiliumReader:
    """Reads policies one by one.  `api_addresses` are those that the API server may have."""

    def __init__(self, api_addresses: Intervals) -> None:
        self._api_addresses = api_addresses

    def read(self, document: dict[str, object], kind: str, title: str, namespace: str) -> Policy:
        """The policy of one document that lies in `namespace`.  Never raises: what it cannot read is in `problems`."""
        own: str | None = namespace
        if kind == _CLUSTERWIDE:
            title, own = f"{kind} {shown_name(document)}", None
        policy = Policy(title, "cilium", POLICIES, own)
        subject: Box | None = label_sets.EVERYTHING
        try:
            if document.get("specs") is not None:
                raise Unreadable("specs", "is not read: write one object for each entry")
            spec = mapping(document.get("spec"), "spec")
            if spec.get("nodeSelector") is not None and kind == _CLUSTERWIDE:
                return policy  # for nodes, not for pods
            known_keys(spec, _SPEC_KEYS, "spec")
            if spec.get("endpointSelector") is None:
                raise Unreadable("spec.endpointSelector", "is missing")
            subject = read_subject(spec["endpointSelector"], "spec.endpointSelector", own)
            parts = list(self._parts(spec, policy))
        except Unreadable as bad:
            problem = Problem(title, bad.field, bad.reason)
            sources = (Source(subject),) if subject is not None else ()
            return policy._replace(
                sources=sources,
                ingress=UNKNOWN,
                egress=UNKNOWN,
                priority=_FIRST,
                isolates=True,
                sound=False,
                problems=(problem,),
            )
        if subject is None:
            return policy
        first, *others = [part._replace(sources=(Source(subject),)) for part in parts]
        return first._replace(beside=tuple(others))

    def _parts(self, spec: dict[str, object], policy: Policy) -> list[Policy]:
        """One record for each list of rules that is not empty."""
        isolating = mapping(spec.get("enableDefaultDeny") or {}, "spec.enableDefaultDeny")
        known_keys(isolating, frozenset(DIRECTIONS), "spec.enableDefaultDeny")
        found = []
        for field in _LISTS:
            entries = items(spec.get(field), f"spec.{field}")
            if not entries:
                continue
            direction, deny = field.removesuffix("Deny"), field.endswith("Deny")
            isolates = isolating.get(direction)
            if isolates is not None and not isinstance(isolates, bool):
                raise Unreadable(f"spec.enableDefaultDeny.{direction}", f"is {shown(isolates)}, not true or false")
            rules = self._rules(entries, field, direction, policy.namespace)
            found.append(
                policy._replace(
                    ingress=rules if direction == "ingress" else None,
                    egress=rules if direction == "egress" else None,
                    priority=_FIRST if deny else 0,
                    isolates=isolates is not False,
                    place=f"spec.{field}",
                )
            )
        if not found:
            raise Unreadable("spec", "has no rule, so the agent refuses it and enforces nothing of it")
        return found

    def _rules(self, entries: list[object], field: str, direction: str, namespace: str | None) -> Rules:
        deny = field.endswith("Deny")
        drafts: list[tuple[int, Ends, Opened]] = []
        for position, entry in enumerate(entries):
            place = f"spec.{field}[{position}]"
            found = mapping(entry, place)
            fqdns = ("toFQDNs",) if direction == "egress" and not deny else ()
            known = _RULE_KEYS[direction] | ({"authentication"} if not deny else set()) | set(fqdns)
            known_keys(found, known, place)
            ends = read_ends(found, direction, place, namespace, self._api_addresses)
            opened = read_ports(found, place, deny=deny)
            if ends is None:
                ends = Ends(EVERYWHERE if opened is not None else NOWHERE)
            for one in opened if opened is not None else [Opened(EVERY_PORT)]:
                sure = one.sure and found.get("authentication") is None
                drafts.append((position, ends, one._replace(sure=sure)))
        # Addresses are learnt where the DNS proxy passes the name: one that nobody there can be asked for is not sure.
        askable = [one for _, ends, one in drafts if ends.peers.least_addresses or ends.peers.least_pods]
        asked = shown_names(tuple(sorted({name for one in askable for name in one.asked or ()})))
        action = Action.DENY if deny else Action.ALLOW
        return Rules(tuple(_rule(action, position, ends, one, asked) for position, ends, one in drafts))


def _rule(action: Action, position: int, ends: Ends, opened: Opened, asked: ShownNames) -> Rule:
    names = None
    sure = opened.sure
    if ends.names is not None:
        names = surely_shown(shown_names(ends.names), asked)
    if opened.server_names is not None:
        if names is None:
            sure = False
        else:
            names = surely_shown(names, shown_names(opened.server_names))
    return Rule(
        action,
        ends.peers,
        opened.ports,
        names,
        sure=sure,
        position=position,
        blocks=ends.blocks,
        filtered=opened.asked is not None,
    )
