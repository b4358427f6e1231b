"""What the API server and the vendor's CRD accept, written down apart from the code that it judges.

Sources: the validation of NetworkPolicy in Kubernetes (pkg/apis/networking/validation/validation.go) with the strict
CIDR rules of 1.36, and the CRD of Aviatrix's chart k8s-firewall 10.1.0, made strict, with its CEL rules by hand.
Each function returns what is wrong, an empty list for a good object.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\Z")
_PORT_NAME = re.compile(r"(?=.{1,15}\Z)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*\Z")

NEWER = frozenset({"decryptPolicy", "flowAppRequirement", "logProfile", "tlsProfile", "watch"})
"""Keys of a rule that the CRD before 10.1.0 does not have: the API server drops them there, or refuses them."""


def object_faults(document: Mapping[str, Any]) -> Iterator[str]:
    """What every namespaced object must be: names, labels, annotations."""
    yield from _unknown(document, {"apiVersion", "kind", "metadata", "spec", "data"}, "")
    metadata = document.get("metadata", {})
    yield from _unknown(metadata, {"name", "namespace", "labels", "annotations"}, "metadata")
    name, namespace = metadata.get("name", ""), metadata.get("namespace", "")
    if not _SUBDOMAIN.match(name) or len(name) > 253:
        yield f"metadata.name: {name!r}"
    if not _LABEL.match(namespace) or len(namespace) > 63:
        yield f"metadata.namespace: {namespace!r}"
    yield from _labels(metadata.get("labels", {}), "metadata.labels")
    for key, value in metadata.get("annotations", {}).items():
        if not _key(key) or not isinstance(value, str):
            yield f"metadata.annotations: {key!r}: {value!r}"


# --- NetworkPolicy ---


def network_policy_faults(document: Mapping[str, Any]) -> list[str]:
    """What the API server would say about a NetworkPolicy with strict field validation."""
    return [*object_faults(document), *_policy(document)]


def _policy(document: Mapping[str, Any]) -> Iterator[str]:
    if (document.get("apiVersion"), document.get("kind")) != ("networking.k8s.io/v1", "NetworkPolicy"):
        yield f"kind: {document.get('apiVersion')} {document.get('kind')}"
    spec = document.get("spec")
    if not isinstance(spec, Mapping):
        yield "spec: missing"
        return
    yield from _unknown(spec, {"podSelector", "policyTypes", "ingress", "egress"}, "spec")
    yield from _selector(spec.get("podSelector"), "spec.podSelector")
    types = spec.get("policyTypes", [])
    if not 1 <= len(types) <= 2 or not set(types) <= {"Ingress", "Egress"}:
        yield f"spec.policyTypes: {types}"
    for direction, side in (("ingress", "from"), ("egress", "to")):
        if direction in spec and direction.capitalize() not in types:
            yield f"spec.{direction}: not among the policyTypes, so it would have no effect"
        for number, rule in enumerate(spec.get(direction, [])):
            yield from _rule(rule, side, f"spec.{direction}[{number}]")


def _rule(rule: Any, side: str, place: str) -> Iterator[str]:
    if not isinstance(rule, Mapping):
        yield f"{place}: {rule!r}"
        return
    yield from _unknown(rule, {side, "ports"}, place)
    for number, port in enumerate(rule.get("ports", [])):
        yield from _port(port, f"{place}.ports[{number}]")
    for number, peer in enumerate(rule.get(side, [])):
        yield from _peer(peer, f"{place}.{side}[{number}]")
    if not rule.get(side):
        yield f"{place}: an absent or empty {side} means everywhere, which nothing of ours may say"
    if "ports" in rule and not rule["ports"]:
        yield f"{place}: empty ports mean every port, which must be said by leaving them out"


def _port(port: Mapping[str, Any], place: str) -> Iterator[str]:
    yield from _unknown(port, {"protocol", "port", "endPort"}, place)
    if port.get("protocol", "TCP") not in ("TCP", "UDP", "SCTP"):
        yield f"{place}.protocol: {port['protocol']!r}"
    first, last = port.get("port"), port.get("endPort")
    if isinstance(first, str):
        if not _PORT_NAME.match(first):
            yield f"{place}.port: {first!r}"
    elif first is not None and not (type(first) is int and 1 <= first <= 65535):
        yield f"{place}.port: {first!r}"
    if last is not None and not (type(first) is int and type(last) is int and first <= last <= 65535):
        yield f"{place}.endPort: {last!r}"


def _peer(peer: Any, place: str) -> Iterator[str]:
    if not isinstance(peer, Mapping) or not peer:
        yield f"{place}: a peer must select something"
        return
    yield from _unknown(peer, {"podSelector", "namespaceSelector", "ipBlock"}, place)
    if "ipBlock" in peer:
        if len(peer) > 1:
            yield f"{place}: ipBlock stands alone"
        yield from _ip_block(peer["ipBlock"], f"{place}.ipBlock")
    for key in ("podSelector", "namespaceSelector"):
        if key in peer:
            yield from _selector(peer[key], f"{place}.{key}")


def _ip_block(block: Mapping[str, Any], place: str) -> Iterator[str]:
    yield from _unknown(block, {"cidr", "except"}, place)
    cidr = _canonical(block.get("cidr"))
    if cidr is None:
        yield f"{place}.cidr: {block.get('cidr')!r} is not canonical"
        return
    for number, text in enumerate(block.get("except", [])):
        inner = _canonical(text)
        if inner is None:
            yield f"{place}.except[{number}]: {text!r} is not canonical"
        elif inner.version != cidr.version or not _inside(inner, cidr) or inner == cidr:
            yield f"{place}.except[{number}]: {text} is no strict subset of {cidr}"
        elif inner.version == 6 and _inside(inner, ipaddress.ip_network("::ffff:0:0/96")):
            yield f"{place}.except[{number}]: {text} is IPv4-mapped"


def _inside(inner: Any, outer: Any) -> bool:
    return inner.version == outer.version and bool(inner.subnet_of(outer))


def _canonical(text: object) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The network, if the text is written as the API server from 1.36 on wants it; None otherwise."""
    try:
        network = ipaddress.ip_network(str(text), strict=True)
    except ValueError:
        return None
    return network if str(network) == text else None


def _selector(selector: Any, place: str) -> Iterator[str]:
    if not isinstance(selector, Mapping):
        yield f"{place}: {selector!r}"
        return
    yield from _unknown(selector, {"matchLabels", "matchExpressions"}, place)
    yield from _labels(selector.get("matchLabels", {}), f"{place}.matchLabels")
    for number, item in enumerate(selector.get("matchExpressions", [])):
        where = f"{place}.matchExpressions[{number}]"
        yield from _unknown(item, {"key", "operator", "values"}, where)
        needs = {"In": True, "NotIn": True, "Exists": False, "DoesNotExist": False}.get(item.get("operator"))
        if needs is None or needs != bool(item.get("values")):
            yield f"{where}: {item!r}"
        yield from _labels({item.get("key", ""): ""}, where)
        yield from _labels({f"x{n}": value for n, value in enumerate(item.get("values", []))}, where)


def _labels(labels: Mapping[str, Any], place: str) -> Iterator[str]:
    for key, value in labels.items():
        if not _key(key):
            yield f"{place}: the key {key!r}"
        if not isinstance(value, str) or len(value) > 63 or (value and not _QUALIFIED.match(value)):
            yield f"{place}: the value {value!r}"


def _key(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    good = bool(_QUALIFIED.match(name)) and len(name) <= 63
    return good and (not slash or (bool(_SUBDOMAIN.match(prefix)) and len(prefix) <= 253))


def _unknown(mapping: Mapping[str, Any], known: set[str], place: str) -> Iterator[str]:
    for key in mapping:
        if key not in known:
            yield f"{place}.{key}: unknown field"


# --- FirewallPolicy ---


def strict(schema: Any) -> Any:
    """A CRD's schema under which an unknown key is an error, as with strict field validation."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: strict(value) for key, value in schema.items() if not key.startswith("x-kubernetes-")}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed


def firewall_policy_faults(document: Mapping[str, Any], crd: Mapping[str, Any], *, newest: bool = False) -> list[str]:
    """What the API server with the vendor's CRD would say, its CEL rules, and what its descriptions demand."""
    (version,) = crd["spec"]["versions"]
    schema = strict(version["schema"]["openAPIV3Schema"])
    schema["properties"]["metadata"] = {"type": "object"}  # the API server's own to judge; see object_faults
    faults = [
        f"{error.json_path}: {error.message}" for error in jsonschema.Draft4Validator(schema).iter_errors(document)
    ]
    if (document.get("apiVersion"), document.get("kind")) != ("networking.aviatrix.com/v1alpha1", "FirewallPolicy"):
        faults.append(f"kind: {document.get('apiVersion')} {document.get('kind')}")
    spec = document.get("spec")
    return [*object_faults(document), *faults, *(_firewall(spec, newest=newest) if isinstance(spec, Mapping) else ())]


def _firewall(spec: Mapping[str, Any], *, newest: bool) -> Iterator[str]:
    smart = [group["name"] for group in spec.get("smartGroups", [])]
    web = [group["name"] for group in spec.get("webGroups", [])]
    rules = spec.get("rules", [])
    for names, what in ((smart, "smartGroups"), (web, "webGroups"), ([rule["name"] for rule in rules], "rules")):
        if len(names) != len(set(names)):
            yield f"spec.{what}: a name stands twice"
        if any(not name or len(name) > 63 for name in names):
            yield f"spec.{what}: a name is empty or longer than 63 characters"
    for group in spec.get("smartGroups", []):
        yield from _smart_group(group)
    for group in spec.get("webGroups", []):
        for domain in group.get("domains", []):
            if not re.match(r"[a-zA-Z0-9.*_-]+\Z", domain) or "**" in domain:
                yield f"webGroup {group['name']}: {domain!r}"
    used = set()
    for rule in rules:
        used |= {entry.get("name") for key in ("destinationSmartGroups", "webGroups") for entry in rule.get(key, [])}
        yield from _firewall_rule(rule, smart, web, newest=newest)
    for name in {*smart, *web} - used:
        yield f"spec: group {name} is used by no rule"


def _smart_group(group: Mapping[str, Any]) -> Iterator[str]:
    if not group.get("selectors"):
        yield f"smartGroup {group['name']}: selects nothing"
    for selector in group.get("selectors", []):
        if "cidr" in selector:
            if len(selector) > 1 or _canonical(selector["cidr"]) is None:
                yield f"smartGroup {group['name']}: {selector!r}"
        elif selector.get("type") != "k8s" or not selector.get("k8sNamespace"):
            yield f"smartGroup {group['name']}: {selector!r}"


def _firewall_rule(rule: Mapping[str, Any], smart: list[str], web: list[str], *, newest: bool) -> Iterator[str]:
    name = f"rule {rule['name']}"
    for key, known in (("destinationSmartGroups", smart), ("webGroups", web)):
        for entry in rule.get(key, []):
            if set(entry) != {"name"} and set(entry) != {"uuid"}:
                yield f"{name}: {key} needs either name or uuid"
            elif entry.get("name") not in known:
                yield f"{name}: {key} names {entry.get('name')!r}, which is not there"
    selector = rule.get("selector", {})
    if selector.get("service") and "matchLabels" in selector:
        yield f"{name}: service is forbidden when matchLabels is set"
    if not selector.get("matchLabels"):
        yield f"{name}: without matchLabels it would apply to every pod of the namespace"
    yield from _labels(selector.get("matchLabels", {}), name)
    if "action" not in rule or "protocol" not in rule:
        yield f"{name}: action and protocol must be said"
    yield from _firewall_ports(rule, name)
    if rule.get("logProfile") and not rule.get("logging"):
        yield f"{name}: logProfile needs logging"
    if not newest and NEWER & set(rule):
        yield f"{name}: {', '.join(sorted(NEWER & set(rule)))} is not in the oldest CRD"


def _firewall_ports(rule: Mapping[str, Any], name: str) -> Iterator[str]:
    first, last = rule.get("port"), rule.get("endPort")
    if first is not None and not isinstance(first, int):
        return  # the schema has said so
    if first is not None and (not 1 <= first <= 65535 or rule.get("protocol") not in ("tcp", "udp")):
        yield f"{name}: port {first} of protocol {rule.get('protocol')}"
    if last is not None and (first is None or not first < last <= 65535):
        yield f"{name}: endPort {last}"
