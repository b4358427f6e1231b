"""Kinds of edits to Aviatrix FirewallPolicies: rules, their order, their groups, and policies beside them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from proof.edits import Edit, Registry, at, put, without
from proof.universe import Document

FIREWALL = Registry()
kind = FIREWALL.kind

RULES = ("spec", "rules")
RULE = (*RULES, int)
SMART = ("spec", "smartGroups", int)
SELECTORS = (*SMART, "selectors")
SELECTOR = (*SELECTORS, int)
WEB = ("spec", "webGroups", int)
DOMAINS = (*WEB, "domains")


def _rules(document: Document) -> list[Any]:
    return list(document["spec"]["rules"])


def _with(document: Document, rules: list[Any]) -> tuple[Document, ...]:
    return (put(document, RULES, rules),)


# --- rules and their order ---


@kind("rule of the firewall dropped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *RULE):
        if found.value["action"] == "permit":
            yield found.remove()


@kind("deny dropped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *RULE):
        if found.value["action"] == "deny":
            yield found.remove()


@kind("deny before the permits")
def _(document: Document) -> Iterator[Edit]:
    rules = _rules(document)
    yield RULES, _with(document, sorted(rules, key=lambda rule: str(rule["action"])))


@kind("neighbouring rules swapped")
def _(document: Document) -> Iterator[Edit]:
    rules = _rules(document)
    for index in range(len(rules) - 1):
        swapped = [*rules[:index], rules[index + 1], rules[index], *rules[index + 2 :]]
        yield (*RULES, index), _with(document, swapped)


@kind("rules of the firewall reversed")
def _(document: Document) -> Iterator[Edit]:
    yield RULES, _with(document, _rules(document)[::-1])


@kind("permit of everything put first")
def _(document: Document) -> Iterator[Edit]:
    rules = _rules(document)
    yield RULES, _with(document, [{**rules[-1], "name": "first", "action": "permit"}, *rules])


@kind("permit of everything put last")
def _(document: Document) -> Iterator[Edit]:
    rules = _rules(document)
    yield RULES, _with(document, [*rules, {**rules[-1], "name": "last", "action": "permit"}])


@kind("rule repeated under another name")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *RULE):
        yield found.also({**found.value, "name": f"{found.value['name'][:50]}-again"})


@kind("rule repeated under its name")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *RULE):
        yield found.also(found.value)


@kind("rules of the firewall emptied")
def _(document: Document) -> Iterator[Edit]:
    yield RULES, _with(document, [])


# --- one rule ---


@kind("action flipped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *RULE):
        yield found.set(action="deny" if found.value["action"] == "permit" else "permit")


@kind("action to detection only")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *RULE):
        yield found.set(action="intrusion_detection_permit")


@kind("action unknown")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *RULE):
        yield found.set(action="allow")


@kind("protocol of a rule changed")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *RULE):
        for name in ("tcp", "udp", "icmp", "any"):
            if name != found.value["protocol"]:
                yield found.set(protocol=name)


@kind("protocol of a rule dropped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *RULE):
        yield found.drop("protocol")


@kind("port of a rule shifted by one")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *RULE):
        if "port" in found.value:
            for step in (-1, 1):
                port = found.value["port"] + step
                yield found.set(port=port, **_at_least(found.value, port))


def _at_least(rule: Document, port: int) -> Document:
    return {"endPort": max(port, rule["endPort"])} if "endPort" in rule else {}


@kind("port of a rule made a range")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *RULE):
        if "port" in found.value and "endPort" not in found.value:
            yield found.set(endPort=found.value["port"] + 1)


@kind("endPort of a rule shifted by one")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *RULE):
        if "endPort" in found.value:
            yield from (found.set(endPort=found.value["endPort"] + step) for step in (-1, 1))


@kind("endPort of a rule dropped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *RULE):
        if "endPort" in found.value:
            yield found.drop("endPort")


@kind("port of a rule dropped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *RULE):
        if "port" in found.value:
            yield found.path, (put(document, found.path, without(without(found.value, "port"), "endPort")),)


@kind("port of a rule in a list")
def _(document: Document) -> Iterator[Edit]:
    """The vendor's own guide writes `ports`, which its CRD does not have."""
    for found in at(document, *RULE):
        if "port" in found.value:
            rule = {**without(found.value, "port"), "ports": [str(found.value["port"])]}
            yield found.path, (put(document, found.path, rule),)


@kind("web group removed from a rule")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *RULE):
        if "webGroups" in found.value:
            yield found.drop("webGroups")


@kind("web groups of a rule emptied")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *RULE):
        if "webGroups" in found.value:
            yield found.set(webGroups=[])


@kind("web group added to a rule")
def _(document: Document) -> Iterator[Edit]:
    groups = document["spec"].get("webGroups") or []
    for found in at(document, *RULE):
        for group in groups if "webGroups" not in found.value else ():
            yield found.set(webGroups=[{"name": group["name"]}])


@kind("destination of a rule changed")
def _(document: Document) -> Iterator[Edit]:
    names = [group["name"] for group in document["spec"]["smartGroups"]]
    for found in at(document, *RULE):
        for name in names:
            if found.value["destinationSmartGroups"] != [{"name": name}]:
                yield (*found.path, name), found.set(destinationSmartGroups=[{"name": name}])[1]


@kind("destination added to a rule")
def _(document: Document) -> Iterator[Edit]:
    names = [group["name"] for group in document["spec"]["smartGroups"]]
    for found in at(document, *RULE):
        written = found.value["destinationSmartGroups"]
        for name in names:
            if {"name": name} not in written:
                yield (*found.path, name), found.set(destinationSmartGroups=[*written, {"name": name}])[1]


@kind("destinations of a rule emptied")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *RULE):
        yield found.set(destinationSmartGroups=[])


@kind("group by uuid")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *RULE):
        yield found.set(destinationSmartGroups=[{"uuid": "5a6c3c1e"}])


@kind("selector of a rule dropped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *RULE):
        yield found.drop("selector")


@kind("selector of a rule emptied")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *RULE):
        yield found.set(selector={})


@kind("selector of a rule mistyped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *RULE, "selector", "matchLabels"):
        for key, value in found.value.items():
            yield (*found.path, key), found.set(**{key: f"{value}x"})[1]


@kind("selector of a rule demands more")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *RULE, "selector", "matchLabels"):
        yield found.set(version="two")


@kind("logging switched off")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *RULE):
        yield found.set(logging=False)


# --- groups ---


@kind("smart group missing")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *SMART):
        yield found.remove()


@kind("smart group renamed")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *SMART):
        yield found.set(name="renamed")


@kind("smart group that nobody uses")
def _(document: Document) -> Iterator[Edit]:
    groups = document["spec"]["smartGroups"]
    spare = {"name": "spare", "selectors": [{"cidr": "0.0.0.0/0"}]}
    yield ("spec", "smartGroups"), (put(document, ("spec", "smartGroups"), [*groups, spare]),)


@kind("smart group emptied")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *SELECTORS):
        yield found.put([])


@kind("entry of a smart group dropped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *SELECTOR):
        yield found.remove()


@kind("every address added to a smart group")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *SELECTORS):
        yield found.put([*found.value, {"cidr": "0.0.0.0/0"}])


@kind("cidr of a smart group one bit wider")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *SELECTOR):
        if "cidr" in found.value and not found.value["cidr"].endswith("/0"):
            yield found.put({"cidr": str(ipaddress.ip_network(found.value["cidr"]).supernet())})


@kind("cidr of a smart group one bit narrower")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *SELECTOR):
        if "cidr" in found.value and not found.value["cidr"].endswith(("/32", "/128")):
            yield found.put({"cidr": str(next(ipaddress.ip_network(found.value["cidr"]).subnets()))})


@kind("tags dropped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *SELECTOR):
        if "tags" in found.value:
            yield found.drop("tags")


@kind("tag mistyped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *SELECTOR, "tags"):
        for key, value in found.value.items():
            yield (*found.path, key), found.set(**{key: f"{value}x"})[1]


@kind("tag added")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *SELECTOR, "tags"):
        yield found.set(version="two")


@kind("namespace of a smart group mistyped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *SELECTOR):
        if "k8sNamespace" in found.value:
            yield found.set(k8sNamespace=f"{found.value['k8sNamespace']}x")


@kind("namespace of a smart group dropped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *SELECTOR):
        if "k8sNamespace" in found.value:
            yield found.drop("k8sNamespace")


@kind("type of a smart group dropped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *SELECTOR):
        if "type" in found.value:
            yield found.drop("type")


@kind("web group missing")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *WEB):
        yield found.remove()


@kind("web group emptied")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *DOMAINS):
        yield found.put([])


@kind("domain added")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *DOMAINS):
        yield found.put([*found.value, "exfiltration.example.net"])


@kind("every domain added")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *DOMAINS):
        yield found.put([*found.value, "*"])


@kind("domain dropped")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *DOMAINS, int):
        yield found.remove()


@kind("domain twice")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *DOMAINS, int):
        yield found.also(found.value)


@kind("domain in capital letters")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *DOMAINS, int):
        yield found.put(found.value.upper())


@kind("name to wildcard")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *DOMAINS, int):
        if not found.value.startswith("*."):
            yield found.put(f"*.{found.value.partition('.')[2]}")


@kind("wildcard to its own name")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *DOMAINS, int):
        if found.value.startswith("*."):
            yield found.put(found.value.removeprefix("*."))


@kind("wildcard one label wider")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *DOMAINS, int):
        if found.value.startswith("*."):
            yield found.put(f"*.{found.value.split('.', 2)[2]}")


@kind("wildcard one label narrower")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *DOMAINS, int):
        if found.value.startswith("*."):
            yield found.put(f"*.sub{found.value.removeprefix('*')}")


@kind("name below a wildcard added")
def _(document: Document) -> Iterator[Edit]:
    for found in at(document, *DOMAINS, int):
        if found.value.startswith("*."):
            yield found.also(f"sub{found.value.removeprefix('*')}")


# --- the object, and a second one ---


def _second(document: Document, action: str, **metadata: Any) -> Document:
    last = _rules(document)[-1]
    group = {"name": "everything", "selectors": [{"cidr": "0.0.0.0/0"}, {"cidr": "::/0"}]}
    rule = {
        "name": "second",
        "action": action,
        "selector": last["selector"],
        "destinationSmartGroups": [{"name": "everything"}],
        "protocol": "any",
    }
    about = {**document["metadata"], "name": "second", "labels": {}, **metadata}
    return {**document, "metadata": about, "spec": {"smartGroups": [group], "rules": [rule]}}


@kind("firewall dropped")
def _(_: Document) -> Iterator[Edit]:
    yield (), ()


@kind("firewall renamed")
def _(document: Document) -> Iterator[Edit]:
    yield ("metadata", "name"), (put(document, ("metadata", "name"), "renamed"),)


@kind("namespace of the firewall changed")
def _(document: Document) -> Iterator[Edit]:
    yield ("metadata", "namespace"), (put(document, ("metadata", "namespace"), "elsewhere"),)


@kind("second firewall that permits")
def _(document: Document) -> Iterator[Edit]:
    yield (), (document, _second(document, "permit"))


@kind("second firewall that denies")
def _(document: Document) -> Iterator[Edit]:
    yield (), (document, _second(document, "deny"))


@kind("second firewall in another namespace")
def _(document: Document) -> Iterator[Edit]:
    yield (), (document, _second(document, "permit", namespace="elsewhere"))


@kind("unknown field in the spec")
def _(document: Document) -> Iterator[Edit]:
    yield ("spec",), (put(document, ("spec", "priority"), 1),)
