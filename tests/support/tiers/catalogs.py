"""Random catalogs for ClusterNetworkPolicies, and policies of others around what they render."""

from __future__ import annotations

import ipaddress
import random
from typing import Any

from hypothesis import strategies as st

from strategies import Cluster, Raw, catalogs

Document = dict[str, Any]
PODS = ipaddress.ip_network("198.18.0.0/15")
"""Where the judge's program lets pods live (tools/kube-network-policies); no catalog lists any of it."""
GROUP = "policy.networking.k8s.io"


ENGINES: tuple[Raw, ...] = tuple(
    {"provider": "clusternetworkpolicy", "clusternetworkpolicy": {"apiVersion": version, "priorities": priorities}}
    for version in ("v1alpha2", "v1beta1")
    for priorities in ([300, 300], [200, 260])
)


def tiered_catalogs() -> st.SearchStrategy[Raw]:
    """Catalogs of every shape under the provider: names, expressions, SCTP, both families."""
    return catalogs(Cluster(egresses=ENGINES, plain=())).map(_accepted)


def _accepted(raw: Raw) -> Raw:
    """The catalog without what the provider refuses."""
    parts = {key: {name: _resolving(one) for name, one in raw[key].items()} for key in ("servers", "workloads")}
    # Other resolvers than kube-dns, and a grant of every port, are refused under Cilium: then it is another cluster.
    plain = raw["dns"].get("peers") or "1-65535" in repr(raw) or "'all'" in repr(raw)
    cluster = {**raw["cluster"], "cni": "generic"} if plain else raw["cluster"]
    return {**raw, **parts, "cluster": cluster}


def _resolving(owner: Raw) -> Raw:
    """A server or workload that may resolve its names: `dns: false` beside names is refused."""
    egress = owner.get("egress", {})
    if egress.get("dns") is not False:
        return owner
    return {**owner, "egress": {key: value for key, value in egress.items() if key != "dns"}}


def foreign_policies(rng: random.Random, rendered: list[Document], spaces: list[str]) -> list[Document]:
    """Policies of others in both tiers, in front of ours, behind them and beside them, made of what ours mention."""
    mentioned = _Mentioned(rng, rendered, spaces)
    return [
        {
            "apiVersion": f"{GROUP}/{rng.choice(['v1alpha2', 'v1beta1'])}",
            "kind": "ClusterNetworkPolicy",
            "metadata": {"name": f"foreign-{number}"},
            "spec": mentioned.spec(),
        }
        for number in range(rng.randint(1, 4))
    ]


class _Mentioned:
    """Selectors, blocks, names and ports of some policies, to choose from."""

    def __init__(self, rng: random.Random, rendered: list[Document], spaces: list[str]) -> None:
        self.rng, self.spaces = rng, spaces
        self.blocks = sorted({*_values(rendered, "networks"), "10.0.0.0/8", "8.0.0.0/7", "2000::/3"})
        self.outside = [text for text in self.blocks if not _holds_pods(text)]
        self.names = sorted({*_values(rendered, "domainNames"), "other.example.org", "*.example.org"})
        self.ports = sorted({*_values(rendered, "number"), *_values(rendered, "port"), 443})
        # Cilium knows no pod by labels of kubernetes.io, so a foreign policy that selects pods by them selects none there.
        self.labels = [one for one in _found(rendered, "matchLabels") if one and "kubernetes.io" not in repr(one)]

    def spec(self) -> Document:
        tier = self.rng.choice(["Admin", "Admin", "Baseline"])
        spec: Document = {"tier": tier, "priority": self.rng.choice([0, 100, 230, 300, 900]), "subject": self.subject()}
        spec["egress"] = [self.rule("to") for _ in range(self.rng.randint(0, 4))]
        spec["ingress"] = [self.rule("from") for _ in range(self.rng.randint(0, 2))]
        return spec

    def subject(self) -> Document:
        return {"namespaces": {}} if self.rng.random() < 0.3 else {"pods": self.pods()}

    def pods(self) -> Document:
        rng = self.rng
        selector: Document = {"podSelector": {"matchLabels": rng.choice(self.labels)} if rng.random() < 0.6 else {}}
        if rng.random() < 0.6:
            name = {"kubernetes.io/metadata.name": rng.choice(self.spaces)}
            selector["namespaceSelector"] = {"matchLabels": name}
        return selector

    def rule(self, field: str) -> Document:
        rng = self.rng
        action = rng.choice(["Accept", "Deny", "Pass"])
        rule: Document = {"action": action, field: [self.peer(action, field) for _ in range(rng.randint(1, 3))]}
        if rng.random() < 0.7:
            rule["protocols"] = [self.protocol() for _ in range(rng.randint(1, 2))]
        return rule

    def peer(self, action: str, field: str) -> Document:
        rng = self.rng
        kinds = ["namespaces", "pods"]
        if field == "to":
            kinds += ["networks", "networks"] + (["domainNames"] if action == "Accept" else [])
        kind = rng.choice(kinds)
        if kind == "namespaces":
            return {"namespaces": {}}
        if kind == "pods":
            return {"pods": self.pods()}
        few = self.names if kind == "domainNames" else self.outside if action == "Accept" else self.blocks
        return {kind: rng.sample(few, min(len(few), rng.randint(1, 3)))}

    def protocol(self) -> Document:
        low = self.rng.choice(self.ports)
        port: Document = {"number": low}
        if self.rng.random() < 0.3 and low < 65500:
            port = {"range": {"start": low, "end": low + self.rng.randint(1, 30)}}
        return {self.rng.choice(["tcp", "tcp", "udp", "sctp"]): {"destinationPort": port}}


def _holds_pods(text: str) -> bool:
    """Whether a block has addresses of the pods: `reach` takes what a block opens for addresses outside alone."""
    return ipaddress.ip_network(text).overlaps(PODS) if ":" not in text else False


def _found(value: Any, key: str) -> list[Any]:
    found: list[Any] = []
    if isinstance(value, dict):
        for name, item in value.items():
            found += [item] if name == key else _found(item, key)
    elif isinstance(value, list):
        for item in value:
            found += _found(item, key)
    return found


def _values(value: Any, key: str) -> list[Any]:
    return [one for found in _found(value, key) for one in (found if isinstance(found, list) else [found])]
