"""Where a rule opens port 53 to everything, the cluster's resolver is what is kept of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mcpfence.imports.kubernetes.peers import DNS_LABELS, RESOLVER, ports
from mcpfence.imports.shared.destinations import refuse_destination, shown
from mcpfence.imports.shared.format import ImportContext
from mcpfence.imports.shared.source import Node
from mcpfence.net.addresses import parse_cidr
from mcpfence.net.intervals import subtract
from mcpfence.net.special_ranges import metadata

_DNS_PORT = 53
DNS_TOKENS: tuple[int | str, ...] = (_DNS_PORT, f"{_DNS_PORT}/UDP")
"""What names are resolved on, as a catalog writes it."""


def has_block(rule: Node) -> bool:
    """Whether some peer of a rule is a block of addresses."""
    return any(peer.get("ipBlock") is not None for peer in rule.items("to"))


def resolver_ports(rule: Node, found: list[int | str] | None, context: ImportContext) -> list[int | str]:
    """The ports on which a rule opens the resolver among everything else; what is kept of it is said."""
    if not rule.items("to"):
        asked, where = resolved(found), "everywhere"
        kept = "alone" if set(asked) <= set(found or ()) else "beside the public addresses"
    elif _every_namespace(rule):
        asked, where, kept = resolved(ports(rule, None, ImportContext())), "in every namespace", "alone"
    else:
        return []
    if asked:
        context.say("import-narrowed", rule, f"opens port 53 {where}", f"imported kube-dns of kube-system {kept}")
    return asked


def _every_namespace(rule: Node) -> bool:
    """Whether some peer is every pod of every namespace, so that the resolver is among them."""
    return any(
        peer.value.get("namespaceSelector") == {} and not peer.value.get("podSelector")
        for peer in rule.items("to")
        if isinstance(peer.value, Mapping)
    )


def resolved(found: Sequence[int | str] | None) -> list[int | str]:
    """The ports on which names are resolved among those of a rule; None: it opens every port."""
    if found is None:
        return list(DNS_TOKENS)
    opened = [_span(token) for token in found]
    return [
        token
        for token, protocol in zip(DNS_TOKENS, ("TCP", "UDP"), strict=True)
        if any(kind == protocol and first <= _DNS_PORT <= last for kind, first, last in opened)
    ]


def _span(token: int | str) -> tuple[str, int, int]:
    numbers, _, protocol = str(token).partition("/")
    first, _, last = numbers.partition("-")
    return protocol or "TCP", int(first), int(last or first)


def say_resolver(rule: Node, context: ImportContext) -> None:
    """Engines take blocks for addresses outside, or for pods as well; what is kept are public ones."""
    sentence = "opens port 53 to addresses, among which the cluster's resolver may be"
    todo = "imported the public ones alone, so names do not resolve; write egress.dns: true if they should"
    context.say("import-narrowed", rule, sentence, todo)


def asked(keys: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Whom an egress may ask for names, as `dns.peers` has it: pods of kube-system and single addresses on port 53."""
    pods = (one for one in keys.get("services", ()) if one.get("namespace") == RESOLVER.namespace)
    found = [
        {"namespace": one["namespace"], "podSelector": one["podSelector"]}
        for one in pods
        if "podSelector" in one and _for_names(one)
    ]
    return found + [{"cidr": one["cidr"]} for one in keys.get("cidrs", ()) if _is_host(one) and _for_names(one)]


def shared_resolver(named: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Whom all that may reach names and ask anybody ask; where they have none in common, kube-dns if one asks it.

    A catalog has one resolver: what else one of them asks stays a destination of its own.
    """
    every = [found for found in map(asked, named) if found]
    common = [peer for peer in every[0] if all(peer in found for found in every)] if every else []
    kube_dns = {"namespace": RESOLVER.namespace, "podSelector": dict(DNS_LABELS)}
    return common or ([kube_dns] if any(kube_dns in found for found in every) else [])


def with_dns(keys: Mapping[str, Any], resolver: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """An egress that opens the whole resolver, as one that resolves names: `dns` in the place of these destinations.

    Engines learn the addresses of names from answers, so a catalog with names wants the key.  It opens both protocols,
    so a resolver on one of them stays a destination.
    """
    theirs = asked(keys)
    if not resolver or keys.get("dns") is not False or any(peer not in theirs for peer in resolver):
        return dict(keys)
    lists = {
        key: [one for one in keys.get(key, ()) if not any(peer in resolver for peer in asked({key: [one]}))]
        for key in ("cidrs", "services")
    }
    rest = {key: value for key, value in keys.items() if key not in (*lists, "dns")}
    return {**{key: kept for key, kept in lists.items() if kept}, "dns": True, **rest}


def without_metadata(keys: Mapping[str, Any], node: Node, context: ImportContext) -> dict[str, Any]:
    """An egress without the metadata endpoint as a resolver, which no destination may be; each is said."""
    bad = [one for one in keys.get("cidrs", ()) if not subtract((parse_cidr(one["cidr"]),), metadata())]
    for one in bad:
        refuse_destination(node, f"{shown(one['cidr'])} is nothing but a metadata endpoint of a cloud", context)
    cidrs = [one for one in keys.get("cidrs", ()) if one not in bad]
    rest = {key: value for key, value in keys.items() if key != "cidrs"}
    return dict(keys) if not bad else {**rest, **({"cidrs": cidrs} if cidrs else {})}


def _is_host(cidr: Mapping[str, Any]) -> bool:
    return str(cidr["cidr"]).endswith(("/32", "/128")) and not cidr.get("except")


def _for_names(one: Mapping[str, Any]) -> bool:
    return {*one.get("ports", ())} == {*DNS_TOKENS}
