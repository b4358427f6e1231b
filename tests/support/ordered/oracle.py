"""One packet at a time through policies whose first rule decides, as Calico and Antrea ask them, and NetworkPolicies.

Written apart from `mcpfence.reach`: no sets, no bounds, no labels but those of one pod.  It knows the forms that are
printed, and those of the foreign policies that the tests make, and fails on any other.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

Document = dict[str, Any]
Labels = Mapping[str, str]


class Shot(NamedTuple):
    """A packet of egress: to an address, or to a pod of a namespace; `name` is how its address was learned."""

    protocol: str
    port: int
    address: str = ""
    namespace: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    name: str = ""


def passes(documents: list[Document], namespace: str, labels: Labels, shot: Shot) -> bool:
    """Whether a pod's packet gets through all of the policies."""
    mine = [one for one in documents if one["metadata"]["namespace"] == namespace]
    core = [one for one in mine if one["apiVersion"] == "networking.k8s.io/v1" and _is_core_for(one, labels)]
    calico = [one for one in mine if one["apiVersion"] == "projectcalico.org/v3"]
    antrea = [one for one in mine if one["apiVersion"] == "crd.antrea.io/v1beta1"]
    for one in sorted(antrea, key=_antrea_turn):
        if any(_selector(entry["podSelector"], labels) for entry in one["spec"]["appliedTo"]):
            verdict = _antrea(one, namespace, shot)
            if verdict is not None:
                return verdict
    chosen = [one for one in calico if _expression(one["spec"]["selector"], labels)]
    for one in sorted(chosen, key=_calico_turn):
        if one["spec"].get("order", 1e9) < 1000 and (verdict := _calico(one, namespace, shot)) is not None:
            return verdict
    if any(_core(one, namespace, shot) for one in core):
        return True
    for one in sorted(chosen, key=_calico_turn):
        if one["spec"].get("order", 1e9) > 1000 and (verdict := _calico(one, namespace, shot)) is not None:
            return verdict
    return not core and not chosen


# --- NetworkPolicy ---


def _is_core_for(one: Document, labels: Labels) -> bool:
    return "Egress" in one["spec"]["policyTypes"] and _selector(one["spec"]["podSelector"], labels)


def _core(one: Document, namespace: str, shot: Shot) -> bool:
    for rule in one["spec"].get("egress") or ():
        peers = rule.get("to") or [None]
        if _ports(rule.get("ports"), shot) and any(peer is None or _peer(peer, namespace, shot) for peer in peers):
            return True
    return False


def _ports(ports: Any, shot: Shot) -> bool:
    if not ports:
        return True
    return any(
        shot.protocol == port.get("protocol", "TCP")
        and port.get("port", 1) <= shot.port <= port.get("endPort", port.get("port", 65535))
        for port in ports
    )


def _peer(peer: Document, namespace: str, shot: Shot) -> bool:
    if "ipBlock" in peer:
        block = peer["ipBlock"]
        return _within(shot.address, block["cidr"]) and not any(
            _within(shot.address, hole) for hole in block.get("except", ())
        )
    if not shot.namespace:
        return False
    named = {"kubernetes.io/metadata.name": shot.namespace}
    there = _selector(peer["namespaceSelector"], named) if "namespaceSelector" in peer else shot.namespace == namespace
    return there and _selector(peer.get("podSelector", {}), dict(shot.labels))


def _selector(selector: Document, labels: Labels) -> bool:
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    tests = {
        "In": lambda item: labels.get(item["key"]) in item["values"],
        "NotIn": lambda item: labels.get(item["key"]) not in item["values"],
        "Exists": lambda item: item["key"] in labels,
        "DoesNotExist": lambda item: item["key"] not in labels,
    }
    return all(tests[item["operator"]](item) for item in selector.get("matchExpressions", ()))


@lru_cache(maxsize=1 << 16)
def _within(address: str, cidr: str) -> bool:
    if not address:
        return False
    one, block = ipaddress.ip_address(address), ipaddress.ip_network(cidr)
    return one.version == block.version and one in block


# --- Calico ---


def _calico_turn(one: Document) -> tuple[float, str]:
    return one["spec"].get("order", 1e9), one["metadata"]["name"]


def _calico(one: Document, namespace: str, shot: Shot) -> bool | None:
    for rule in one["spec"]["egress"]:
        if _calico_matches(rule, namespace, shot):
            return bool(rule["action"] == "Allow")
    return None


def _calico_matches(rule: Document, namespace: str, shot: Shot) -> bool:
    to = dict(rule.get("destination", {}))
    if rule.get("protocol") not in (None, shot.protocol):
        return False
    ports = to.pop("ports", None)
    if ports is not None:
        spans = (str(port).partition(":") for port in ports)
        if not any(int(first) <= shot.port <= int(last or first) for first, _, last in spans):
            return False
    domains = to.pop("domains", None)
    if domains is not None:
        assert not to
        return bool(shot.address) and _is_named(shot.name, domains)
    if "selector" in to or "namespaceSelector" in to:
        assert to.keys() <= {"selector", "namespaceSelector"}
        named = {"kubernetes.io/metadata.name": shot.namespace}
        there = (
            _expression(to["namespaceSelector"], named) if "namespaceSelector" in to else shot.namespace == namespace
        )
        return bool(shot.namespace) and there and _expression(to.get("selector", "all()"), dict(shot.labels))
    if "nets" in to and not any(_within(shot.address, net) for net in to.pop("nets")):
        return False
    return not any(_within(shot.address, net) for net in to.pop("notNets", ())) and not to


def _expression(text: str, labels: Labels) -> bool:
    """Tests that all must hold, which is what is printed."""
    return all(_test(part.strip(), labels) for part in text.split("&&"))


def _test(text: str, labels: Labels) -> bool:
    if text in ("all()", "projectcalico.org/orchestrator == 'k8s'"):
        return True
    if found := re.fullmatch(r"(!?)has\((\S+)\)", text):
        return (found[2] in labels) is not bool(found[1])
    if found := re.fullmatch(r"(\S+) == '([^']*)'", text):
        return labels.get(found[1]) == found[2]
    found = re.fullmatch(r"(\S+) (not )?in \{(.*)\}", text)
    assert found, text
    return (labels.get(found[1]) in re.findall(r"'([^']*)'", found[3])) is not bool(found[2])


# --- Antrea ---

_TIERS = ("emergency", "securityops", "networkops", "platform", "application")


def _antrea_turn(one: Document) -> tuple[int, float]:
    return _TIERS.index(one["spec"]["tier"]), one["spec"]["priority"]


def _antrea(one: Document, namespace: str, shot: Shot) -> bool | None:
    for rule in one["spec"]["egress"]:
        if _ports(rule.get("ports"), shot) and any(_antrea_peers(rule, namespace, shot)):
            return bool(rule["action"] == "Allow")
    return None


def _antrea_peers(rule: Document, namespace: str, shot: Shot) -> Iterator[bool]:
    if "to" not in rule:
        yield True
    for peer in rule.get("to", ()):
        if "fqdn" in peer:
            assert len(peer) == 1
            yield bool(shot.address) and _is_named(shot.name, [peer["fqdn"]])
        else:
            assert peer
            yield _peer(peer, namespace, shot)


def _is_named(name: str, patterns: list[str]) -> bool:
    """A `*` is a whole label at the front, for one label or more."""
    assert all("*" not in pattern.removeprefix("*.") for pattern in patterns)
    return bool(name) and any(
        name == pattern or (pattern.startswith("*.") and name.endswith(pattern[1:]) and name != pattern[2:])
        for pattern in patterns
    )
