"""Calico's policies before a Felix that knows no names: networks stand for the names, everything else is as rendered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from helpers import rendered
from packet_api import CALICO_VERSION
from packets.scenes import Scene, scene

Document = dict[str, Any]

EDITION: Document = {"provider": "calico", "calico": {"edition": "enterprise"}}


def stand_in(pattern: str) -> tuple[str, str]:
    """Two public blocks, one of each family, that stand for what a name resolves to."""
    number = int.from_bytes(hashlib.sha256(pattern.encode()).digest()[:2], "big")
    return f"5.{number >> 8}.{number & 255}.64/26", f"2a00:1450:{number:x}::/64"


def as_stored(document: Document) -> Document:
    """A policy as it lies in the API server for Felix: its name with its tier, blocks for the names."""
    metadata = document["metadata"]
    stored = {"name": f"default.{metadata['name']}", "namespace": metadata["namespace"]}
    rules = [rule for one in document["spec"].get("egress", ()) for rule in _without_names(one)]
    spec = {**document["spec"], **({"egress": rules} if "egress" in document["spec"] else {})}
    spec.pop("tier", None)
    return {"apiVersion": CALICO_VERSION, "kind": "NetworkPolicy", "metadata": stored, "spec": spec}


def _without_names(rule: Document) -> Iterable[Document]:
    """A rule, or one for each family of the blocks that stand for its names."""
    destination = dict(rule.get("destination", {}))
    names = destination.pop("domains", None)
    if names is None:
        return (rule,)
    blocks = zip(*map(stand_in, names), strict=True)
    return tuple({**rule, "destination": {**destination, "nets": sorted(set(nets))}} for nets in blocks)


def with_names(raw: Mapping[str, Any]) -> Document:
    """A catalog of any provider under this one."""
    egress = {key: value for key, value in raw.get("egress", {}).items() if key not in ("aviatrix", "provider")}
    return {**raw, "egress": {**egress, **EDITION}}


def calico_scene(name: str, raw: Mapping[str, Any]) -> Scene:
    """A catalog as the renderer prints it under Calico."""
    texts = []
    for item in rendered(dict(raw)).objects:
        document: Document = yaml.load(item.text, Loader=yaml.CSafeLoader)
        ours = document["apiVersion"].startswith("projectcalico.org/")
        texts.append(json.dumps(as_stored(document)) if ours else item.text)
    return scene(name, "".join(f"---\n{text}\n" for text in texts))


def edges_of_names(found: Scene) -> list[Document]:
    """NetworkPolicies that nobody applies, whose blocks and ports are those of Calico's rules: where to aim."""
    aims = []
    for document in found.judged:
        if document["apiVersion"] == CALICO_VERSION:
            server = document["metadata"]["name"].removeprefix("default.").removesuffix("-names")
            like = [one for one in found.policies if one["metadata"]["name"].startswith(f"{server}-egress")]
            rules = [rule for rule in map(_as_network_rule, document["spec"]["egress"]) if rule]
            aims += [{**one, "spec": {**one["spec"], "egress": rules}} for one in like]
    return aims


def _as_network_rule(rule: Document) -> Document:
    to = rule.get("destination", {})
    if rule["action"] != "Allow" or "nets" not in to or "ports" not in to:
        return {}
    ports = []
    for entry in to["ports"]:
        first, _, last = str(entry).partition(":")
        ports.append({"protocol": rule["protocol"], "port": int(first), "endPort": int(last or first)})
    return {"to": [{"ipBlock": {"cidr": net}} for net in to["nets"]], "ports": ports}
