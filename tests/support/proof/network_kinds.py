"""Kinds of edits to NetworkPolicies: what people, merges and faulty generators do to them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from proof.edits import Edit, Found, Registry, at, put, without
from proof.universe import NAMESPACE_NAME, Document

NETWORK = Registry()
kind = NETWORK.kind

DIRECTION = frozenset({"ingress", "egress"})
PEERS = frozenset({"from", "to"})
RULE = ("spec", DIRECTION, int)
PEER_LIST = (*RULE, PEERS)
PEER = (*PEER_LIST, int)
BLOCK = (*PEER, "ipBlock")
EXCEPT = (*BLOCK, "except")
PORT_LIST = (*RULE, "ports")
PORT = (*PORT_LIST, int)
POD = (*PEER, "podSelector")
NAMESPACE = (*PEER, "namespaceSelector")
OWN = ("spec", "podSelector")
WORLD: Document = {"ipBlock": {"cidr": "0.0.0.0/0"}}


# --- addresses ---


@kind("except dropped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *EXCEPT, int):
        yield found.remove()


@kind("all excepts dropped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *BLOCK):
        if "except" in found.value:
            yield found.drop("except")


@kind("except added")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *BLOCK):
        for half in _halves(found.value["cidr"]):
            yield found.set(**{"except": [*found.value.get("except", ()), half]})


@kind("except inside an except")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *EXCEPT, int):
        yield from (found.also(half) for half in _halves(found.value)[:1])


@kind("except one bit wider")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *EXCEPT, int):
        yield found.put(_wider(found.value))


@kind("except one bit narrower")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *EXCEPT, int):
        yield from (found.put(half) for half in _halves(found.value))


@kind("except equal to its cidr")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *BLOCK):
        yield found.set(**{"except": [found.value["cidr"]]})


@kind("cidr one bit wider")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *BLOCK):
        if not found.value["cidr"].endswith("/0"):
            yield found.set(cidr=_wider(found.value["cidr"]))


@kind("cidr one bit narrower")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *BLOCK):
        for half in _halves(found.value["cidr"])[:1]:
            kept = [text for text in found.value.get("except", ()) if _within(text, half)]
            yield found.put({"cidr": half, "except": kept})


@kind("cidr to every address")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *BLOCK):
        yield found.put({"cidr": "::/0" if ":" in found.value["cidr"] else "0.0.0.0/0"})


@kind("cidr with host bits")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *BLOCK):
        if not found.value["cidr"].endswith(("/32", "/128")):
            yield found.set(cidr=_last_address(found.value["cidr"]))


@kind("cidr without prefix length")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *BLOCK):
        yield found.set(cidr=found.value["cidr"].partition("/")[0])


@kind("block cut into halves")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PEER):
        block = found.value.get("ipBlock")
        if block and len(_halves(block["cidr"])) == 2:
            parts = [
                {"ipBlock": {"cidr": half, "except": [text for text in block.get("except", ()) if _within(text, half)]}}
                for half in _halves(block["cidr"])
            ]
            if all(text != half for half in _halves(block["cidr"]) for text in block.get("except", ())):
                path, (first,) = found.put(parts[0])
                yield path, (put(first, path[:-1], [*_list(first, path[:-1]), parts[1]]),)


@kind("other family added")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PEER):
        if "ipBlock" in found.value:
            other = "0.0.0.0/0" if ":" in found.value["ipBlock"]["cidr"] else "::/0"
            yield found.also({"ipBlock": {"cidr": other}})


# --- peers ---


@kind("peer dropped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PEER_LIST):
        for index in range(len(found.value) if len(found.value) > 1 else 0):
            yield (*found.path, index), found.put([*found.value[:index], *found.value[index + 1 :]])[1]


@kind("peers of one family dropped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PEER_LIST):
        for sign in (":", "."):
            kept = [peer for peer in found.value if sign not in peer.get("ipBlock", {}).get("cidr", "")]
            if kept and len(kept) < len(found.value):
                yield found.put(kept)


@kind("peers removed")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PEER_LIST):
        yield found.remove()


@kind("peers emptied")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PEER_LIST):
        yield found.put([])


@kind("peers null")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PEER_LIST):
        yield found.put(None)


@kind("peer twice")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PEER):
        yield found.also(found.value)


@kind("peers reversed")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PEER_LIST):
        yield found.put(found.value[::-1])


@kind("every pod added as peer")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PEER_LIST):
        yield found.put([*found.value, {"namespaceSelector": {}}])


@kind("own namespace added as peer")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PEER_LIST):
        yield found.put([*found.value, {"podSelector": {}}])


@kind("every address added as peer")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PEER_LIST):
        yield found.put([*found.value, WORLD])


@kind("empty peer added")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PEER_LIST):
        yield found.put([*found.value, {}])


@kind("namespaceSelector dropped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PEER):
        if "namespaceSelector" in found.value:
            yield found.drop("namespaceSelector")


@kind("podSelector of a peer dropped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PEER):
        if "podSelector" in found.value:
            yield found.drop("podSelector")


@kind("peer split in two")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PEER):
        if {"podSelector", "namespaceSelector"} <= found.value.keys():
            path, (first,) = found.drop("podSelector")
            above = found.path[:-1]
            peer = {"podSelector": found.value["podSelector"]}
            yield path, (put(first, above, [*_list(first, above), peer]),)


@kind("namespaceSelector emptied")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *NAMESPACE):
        yield found.put({})


@kind("podSelector of a peer emptied")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *POD):
        if found.value:
            yield found.put({})


@kind("ipBlock beside a selector")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PEER):
        if "ipBlock" not in found.value:
            yield found.set(**WORLD)


# --- labels, of peers and of the policy itself ---


def _labels(document: Document) -> Iterator[Found]:
    for pattern in (POD, NAMESPACE, OWN):
        yield from at(document, *pattern, "matchLabels")


def _expressions(document: Document) -> Iterator[Found]:
    for pattern in (POD, NAMESPACE, OWN):
        yield from at(document, *pattern, "matchExpressions", int)


@kind("label value mistyped")
def _(document: Document) -> Iterator[Edit]:
    for found in _labels(document):
        for key, value in found.value.items():
            yield (*found.path, key), found.set(**{key: f"{value}x"})[1]


@kind("label key mistyped")
def _(document: Document) -> Iterator[Edit]:
    for found in _labels(document):
        for key, value in found.value.items():
            yield (*found.path, key), found.put({**without(found.value, key), f"{key}x": value})[1]


@kind("label dropped")
def _(document: Document) -> Iterator[Edit]:
    for found in _labels(document):
        for key in found.value:
            yield found.drop(key)


@kind("label added")
def _(document: Document) -> Iterator[Edit]:
    for found in _labels(document):
        yield found.set(version="two")


@kind("label as expression")
def _(document: Document) -> Iterator[Edit]:
    """`app: x` and `app in (x)` are one and the same."""
    for pattern in (POD, NAMESPACE, OWN):
        for found in at(document, *pattern):
            for key, value in found.value.get("matchLabels", {}).items():
                rest = without(found.value["matchLabels"], key)
                expression = {"key": key, "operator": "In", "values": [value]}
                expressions = [*found.value.get("matchExpressions", ()), expression]
                yield (*found.path, key), found.put({"matchLabels": rest, "matchExpressions": expressions})[1]


@kind("namespace named by an own label")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *NAMESPACE, "matchLabels"):
        if NAMESPACE_NAME in found.value:
            yield found.put({"name": found.value[NAMESPACE_NAME]})


_FLIPPED = {"In": "NotIn", "NotIn": "In", "Exists": "DoesNotExist", "DoesNotExist": "Exists"}


@kind("operator flipped")
def _(document: Document) -> Iterator[Edit]:
    for found in _expressions(document):
        yield found.set(operator=_FLIPPED[found.value["operator"]])


@kind("operator unknown")
def _(document: Document) -> Iterator[Edit]:
    for found in _expressions(document):
        yield found.set(operator="Equals")


@kind("value of an expression dropped")
def _(document: Document) -> Iterator[Edit]:
    for found in _expressions(document):
        for index, _value in enumerate(found.value.get("values", ())):
            values = [*found.value["values"][:index], *found.value["values"][index + 1 :]]
            yield (*found.path, index), found.set(values=values)[1]


@kind("value of an expression added")
def _(document: Document) -> Iterator[Edit]:
    for found in _expressions(document):
        if found.value.get("values"):
            yield found.set(values=[*found.value["values"], "another"])


@kind("expression dropped")
def _(document: Document) -> Iterator[Edit]:
    for found in _expressions(document):
        yield found.remove()


# --- ports ---


@kind("ports removed")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PORT_LIST):
        yield found.remove()


@kind("ports emptied")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PORT_LIST):
        yield found.put([])


@kind("port entry dropped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PORT_LIST):
        for index in range(len(found.value) if len(found.value) > 1 else 0):
            yield (*found.path, index), found.put([*found.value[:index], *found.value[index + 1 :]])[1]


@kind("port shifted by one")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PORT):
        for step in (-1, 1):
            port = found.value["port"] + step
            yield found.set(
                port=port, **({"endPort": max(port, found.value["endPort"])} if "endPort" in found.value else {})
            )


@kind("port made a range")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PORT):
        if "endPort" not in found.value:
            yield found.set(endPort=found.value["port"] + 1)


@kind("endPort equal to port")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PORT):
        yield found.set(endPort=found.value["port"])


@kind("endPort shifted by one")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PORT):
        if "endPort" in found.value:
            yield from (found.set(endPort=found.value["endPort"] + step) for step in (-1, 1))


@kind("endPort dropped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PORT):
        if "endPort" in found.value:
            yield found.drop("endPort")


@kind("endPort below port")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PORT):
        yield found.set(endPort=found.value["port"] - 1)


@kind("port number dropped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PORT):
        yield found.path, (put(document, found.path, {"protocol": found.value["protocol"]}),)


@kind("port by name")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PORT):
        yield found.put({"protocol": found.value["protocol"], "port": "http"})


@kind("port as text")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PORT):
        yield found.set(port=str(found.value["port"]))


@kind("range cut in two")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PORT):
        first, last = found.value["port"], found.value.get("endPort", 0)
        if last > first:
            yield (
                found.path,
                (
                    put(
                        found.set(endPort=first)[1][0],
                        found.path[:-1],
                        [
                            *_list(found.set(endPort=first)[1][0], found.path[:-1]),
                            {**found.value, "port": first + 1},
                        ],
                    ),
                ),
            )


@kind("protocol changed")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PORT):
        yield from (found.set(protocol=name) for name in ("TCP", "UDP", "SCTP") if name != found.value["protocol"])


@kind("protocol dropped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PORT):
        yield found.drop("protocol")


@kind("protocol in small letters")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *PORT):
        yield found.set(protocol=found.value["protocol"].lower())


# --- tools ---


def _list(document: Document, path: Any) -> list[Any]:
    value: Any = document
    for step in path:
        value = value[step]
    return list(value)


def _halves(text: str) -> list[str]:
    network = ipaddress.ip_network(text)
    return [str(half) for half in network.subnets()] if network.prefixlen < network.max_prefixlen else []


def _wider(text: str) -> str:
    return str(ipaddress.ip_network(text).supernet())


def _within(text: str, whole: str) -> bool:
    inner, outer = ipaddress.ip_network(text), ipaddress.ip_network(whole)
    return inner.version == outer.version and inner != outer and inner.subnet_of(outer)  # type: ignore[arg-type]


def _last_address(text: str) -> str:
    network = ipaddress.ip_network(text)
    return f"{network.broadcast_address}/{network.prefixlen}"
