"""Random catalogs by seed, small and quickly made: what `strategies` draws, without what Hypothesis needs to shrink.

`make_catalog(seed)` is the same catalog for ever on one version of Python; every one must render without an error, but
for those that name what an engine cannot express.
One or two servers, at most one workload, two clients: faults of a catalog show in the smallest one that has them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from strategies import (
    BACK_ENDS,
    CLUSTER_POOLS,
    EXCEPT_POOLS,
    HOSTS,
    LABEL_VALUES,
    NAMESPACES,
    POOLS,
    REFUSED_PROFILES,
    SERVER_NAMES,
    WORKLOAD_NAMES,
    Raw,
)

_PORTS: tuple[Any, ...] = (1, 22, 80, 443, 8080, 65535, "443-445", "8000-8010", "1-65535", "53/UDP", "8000-8005/UDP")
_SCTP_PORTS: tuple[Any, ...] = (*_PORTS, "3868/SCTP", "1-65535/SCTP")
_TCP_PORTS: tuple[Any, ...] = (80, 443, 8443, "440-450", "8440-8450", "1-65535")
_PROVIDERS: tuple[Raw, ...] = (
    {},
    {"provider": "none", "unenforcedDomains": "internet"},
    {"provider": "aviatrix"},
    {"provider": "aviatrix", "aviatrix": {"ipv6": True}},
    {"provider": "aviatrix", "aviatrix": {"crd": "10.1"}},
    {"provider": "cilium"},
    {"provider": "cilium", "cilium": {"sni": True, "searchDomains": ["corp.example.com"]}},
    {"provider": "clusternetworkpolicy", "clusternetworkpolicy": {"priorities": [300, 340]}},
    {"provider": "gke"},
    {"provider": "eks"},
    {"provider": "calico", "calico": {"edition": "cloud"}},
    {"provider": "antrea"},
)
"""What stands under `egress`, once for each engine and setting that changes what it can give."""


class _Setting(NamedTuple):
    """What the servers of one catalog may use."""

    chance: Random
    families: tuple[int, ...]
    profile: str
    plain: bool
    """No SCTP, and no expressions in selectors of servers and workloads."""
    names: bool
    control_plane: bool
    expressions: bool
    clients: tuple[str, ...] = ()


def make_catalog(seed: int) -> Raw:
    """The catalog of a seed."""
    chance = Random(seed)  # noqa: S311  no secret is made of it
    egress = dict(chance.choice(_PROVIDERS))
    provider = egress.get("provider", "none")
    # In an IPv6 cluster of EKS no fence holds, so it is refused.
    families = chance.choice([(4,), (4, 6)] if provider == "eks" else [(4,), (6,), (4, 6)])
    cluster = _cluster(chance, families)
    if cluster["profile"] in REFUSED_PROFILES.get(provider, ()):
        cluster["profile"] = "generic"
    pods = {":" in text for text in cluster["cidrs"].get("pods", ())}
    setting = _Setting(
        chance=chance,
        families=families,
        profile=cluster["profile"],
        plain=provider in ("aviatrix", "gke"),
        names=provider != "none" or "unenforcedDomains" in egress,
        control_plane=bool(cluster["cidrs"].get("controlPlane")),
        expressions=provider != "aviatrix" or len(pods) == 1,
    )
    clients = _clients(setting)
    setting = setting._replace(clients=tuple(sorted(clients)))
    egress |= chance.choice([{}, {"default": "deny"}, {"default": "internet"}])
    if _sometimes(chance):
        egress["except"] = _some(chance, 2, lambda: _block(chance, families, EXCEPT_POOLS))
    if _sometimes(chance):
        egress["registries"] = {key: _registries(setting) for key in ("npx", "uvx")}
    names = chance.sample(SERVER_NAMES, chance.choice([1, 1, 2]))
    workloads = chance.sample(WORKLOAD_NAMES, chance.choice([0, 0, 1]))
    return {
        "cluster": cluster,
        "dns": _dns(chance, families),
        "egress": egress,
        "clients": clients,
        "servers": {name: _server(setting, name) for name in names},
        "workloads": {name: _workload(setting, name, names) for name in workloads},
    }


def _sometimes(chance: Random) -> bool:
    return chance.random() < 1 / 2


def _some(chance: Random, most: int, make: Callable[[], Any], least: int = 0) -> list[Any]:
    return [make() for _ in range(chance.randint(least, most))]


def _ports(setting: _Setting, *, tcp: bool = False, sctp: bool = False) -> list[Any]:
    """One to three entries of ports; not every engine has SCTP, but clients may come by it."""
    listed = _TCP_PORTS if tcp else _SCTP_PORTS if sctp or not setting.plain else _PORTS
    chance = setting.chance
    return _some(chance, 3, lambda: chance.choice(listed) if _sometimes(chance) else chance.randint(1, 65535), least=1)


def _ports_or_all(setting: _Setting) -> Any:
    return "all" if setting.chance.random() < 1 / 4 else _ports(setting)


def _inside(chance: Random, pool: Any) -> str:
    length = chance.randint(pool.prefixlen, min(pool.prefixlen + 24, pool.max_prefixlen))
    place = chance.randrange(1 << (length - pool.prefixlen))
    address = int(pool.network_address) + (place << (pool.max_prefixlen - length))
    return f"{pool.network_address.__class__(address)}/{length}"


def _block(chance: Random, families: tuple[int, ...], pools: dict[int, tuple[str, ...]] = POOLS) -> str:
    listed = [text for family in families for text in pools[family]]
    return _inside(chance, ipaddress.ip_network(chance.choice(listed)))


def _cidr(setting: _Setting) -> Raw:
    """An entry of `cidrs`; the excepts leave its upper half alone, so something is granted."""
    chance = setting.chance
    text = _block(chance, setting.families)
    entry: Raw = {"cidr": text, "ports": _ports_or_all(setting)}
    network: Any = ipaddress.ip_network(text)
    if network.prefixlen < network.max_prefixlen and _sometimes(chance):
        lower = next(iter(network.subnets()))
        entry["except"] = _some(chance, 3, lambda: _inside(chance, lower), least=1)
    return entry


def _domain(setting: _Setting) -> Any:
    chance = setting.chance
    name = chance.choice(HOSTS)
    if _sometimes(chance):
        return name
    entry: Raw = {"name": name}
    if _sometimes(chance):
        entry["ports"] = _ports(setting, tcp=True)
    if _sometimes(chance):
        entry["addresses"] = _some(chance, 2, lambda: _block(chance, setting.families), least=1)
    return entry


def _expressions(chance: Random) -> list[Raw]:
    """One condition a key: two could contradict each other."""
    return [
        _expression(chance, key) for key in chance.sample(["shard", "example.com/track", "y"], chance.randint(1, 3))
    ]


def _expression(chance: Random, key: str) -> Raw:
    operator = chance.choice(["In", "NotIn", "Exists", "DoesNotExist"])
    if operator in ("Exists", "DoesNotExist"):
        return {"key": key, "operator": operator}
    return {"key": key, "operator": operator, "values": _some(chance, 3, lambda: chance.choice(LABEL_VALUES), least=1)}


def _peer(setting: _Setting, name: str) -> Raw:
    chance = setting.chance
    labels = {"app": name}
    if _sometimes(chance):
        labels[chance.choice(["tier", "on"])] = chance.choice(LABEL_VALUES)
    if not setting.expressions or _sometimes(chance):
        return labels
    return {"matchLabels": labels, "matchExpressions": _expressions(chance)}


def _service(setting: _Setting) -> Raw:
    chance, ports = setting.chance, _ports_or_all(setting)
    mode = chance.choice(["own", "selector", "namespace", "cidr"])
    if mode == "own":
        return {**chance.choice(BACK_ENDS), "ports": ports}
    if mode == "cidr":
        blocks = _some(chance, 2, lambda: _block(chance, setting.families), least=1)
        return {"name": "managed", "mode": "cidr", "cidrs": blocks, "ports": ports}
    namespace = chance.choice(NAMESPACES)
    if mode == "namespace":
        return {"name": "sharded", "namespace": namespace, "mode": "namespace", "ports": ports}
    return {"name": "queue", "namespace": namespace, "podSelector": _peer(setting, "queue"), "ports": ports}


def _registries(setting: _Setting) -> list[Any]:
    """Registry entries; a service among them says its mode or namespace, or it would be taken for a name."""
    chance = setting.chance
    found = []
    for _ in range(chance.randint(0, 2)):
        item = _domain(setting) if setting.names and _sometimes(chance) else _service(setting)
        own = isinstance(item, dict) and "podSelector" in item and "namespace" not in item
        found.append({**item, "mode": "selector"} if own else item)
    return found


def _egress(setting: _Setting) -> Raw:
    chance = setting.chance
    found: Raw = {}
    if _sometimes(chance):
        found["cidrs"] = _some(chance, 3, lambda: _cidr(setting))
    if _sometimes(chance):
        found["services"] = _some(chance, 3, lambda: _service(setting))
    if setting.names and _sometimes(chance):
        found["domains"] = _some(chance, 4, lambda: _domain(setting))
    if not found.get("domains"):
        found |= chance.choice([{}, {}, {"default": "deny"}, {"default": "internet"}])
    found |= chance.choice([{}, {}, {"dns": "auto"}, {"dns": True}, {"dns": False}])
    if _sometimes(chance):
        found["registries"] = chance.choice(["inherit", "none"]) if _sometimes(chance) else _registries(setting)
    if setting.profile in ("eks", "gke") and 4 in setting.families:
        found |= chance.choice([{}, {"cloudIdentity": True}])
    if setting.control_plane:
        found |= chance.choice([{}, {"kubernetesAPI": True}])
    return found


def _own_selector(setting: _Setting, name: str) -> Any:
    """A podSelector that no other server or workload has: `app` is its name."""
    chance = setting.chance
    ids = [] if _sometimes(chance) else chance.sample(["one", "on", "2", "0x3"], chance.randint(1, 3))
    found: list[Raw] = []
    for labels in [{"app": name, "id": value} for value in ids] or [{"app": name}]:
        plain = setting.plain or _sometimes(chance)
        found.append(labels if plain else {"matchLabels": labels, "matchExpressions": _expressions(chance)})
    return found if ids else found[0]


def _ingress(setting: _Setting, *, needed: bool) -> Raw:
    chance = setting.chance
    found: Raw = {}
    if needed or _sometimes(chance):
        found["from"] = [name for name in setting.clients if _sometimes(chance)]
    if needed or _sometimes(chance):
        found["ports"] = _ports(setting, sctp=True)
    return found


def _server(setting: _Setting, name: str) -> Raw:
    chance = setting.chance
    runtime = chance.choice(["npx", "uvx", "containerized"])
    config: Raw = {"image": "registry.example.com/server:1"} if runtime == "containerized" else {"package": "server"}
    if runtime == "containerized" and _sometimes(chance):
        config["port"] = chance.choice([8080, 1, 65535])
    found: Raw = {"runtime": runtime, f"{runtime}Config": config}
    if chance.randrange(6) == 0:
        config["denyAllEgress"] = True
    else:
        found["egress"] = _egress(setting)
        if setting.names and found["egress"].get("default") is None and _sometimes(chance):
            config["egressDomains"] = _some(chance, 3, lambda: chance.choice(HOSTS))
    if _sometimes(chance):
        found["podSelector"] = _own_selector(setting, name)
    if _sometimes(chance):
        found["ingress"] = _ingress(setting, needed=False)
    return found


def _workload(setting: _Setting, name: str, servers: list[str]) -> Raw:
    chance = setting.chance
    found: Raw = {"podSelector": _own_selector(setting, f"w-{name}")}
    found |= chance.choice([{}, {"namespace": "operators"}])
    if _sometimes(chance):
        found["ingress"] = _ingress(setting, needed=True)
    if chance.randrange(5) == 0:
        return {**found, "egress": {"denyAllEgress": True}}
    found["egress"] = _egress(setting)
    if _sometimes(chance):
        found["egress"]["servers"] = "all" if _sometimes(chance) else _some(chance, 3, lambda: chance.choice(servers))
    return found


def _clients(setting: _Setting) -> Raw:
    chance = setting.chance
    found: Raw = {}
    for name in chance.sample(["gateway", "no", "edge"], chance.randint(0, 2)):
        if name == "edge":
            found[name] = {"cidrs": _some(chance, 3, lambda: _block(chance, setting.families), least=1)}
            continue
        found[name] = {"namespace": chance.choice(NAMESPACES)}
        if _sometimes(chance):
            found[name]["podSelector"] = _peer(setting, f"c-{name}")
        if _sometimes(chance):
            found[name]["callbackPort"] = chance.randint(1, 65535)
    return found


def _cluster(chance: Random, families: tuple[int, ...]) -> Raw:
    cidrs = {
        key: _some(chance, 2, lambda: _block(chance, families, CLUSTER_POOLS))
        for key in ("nodes", "pods", "services", "controlPlane")
        if _sometimes(chance)
    }
    return {
        "profile": chance.choice(["generic", "gke", "eks", "aks", "openshift", "k3s"]),
        "cni": chance.choice(["generic", "cilium"]),
        "mesh": chance.choice(["none", "ambient"]),
        "nat64": _sometimes(chance),
        "ipFamilies": [f"IPv{family}" for family in families],
        "cidrs": cidrs,
    }


def _dns(chance: Random, families: tuple[int, ...]) -> Raw:
    found: Raw = {}
    if _sometimes(chance):
        pods: Raw = {"namespace": "dns", "podSelector": {"app": "coredns"}}
        found["peers"] = _some(chance, 2, lambda: pods if _sometimes(chance) else {"cidr": _block(chance, families)})
    if _sometimes(chance):
        found["ports"] = _some(chance, 3, lambda: chance.choice(["53/UDP", 53, "5353/UDP", "853-854"]), least=1)
    if _sometimes(chance):
        # One address of the cluster's Services.
        found["clusterIP"] = [{4: "10.200.0.10", 6: "fd00:2::a"}[family] for family in families]
    return found
