"""Hypothesis strategies for whole catalogs: valid by construction, and as mixed as catalogs can be.

Every catalog that is drawn must render without an error, so a refusal is as much of a failure as a wrong manifest.
Names and labels are those that text formats trip over (`on`, `null`, `1e3`), and long ones.
"""

from __future__ import annotations

import ipaddress
from typing import Any, NamedTuple

from hypothesis import strategies as st

Raw = dict[str, Any]

POOLS = {
    4: (
        "10.0.0.0/9",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "203.0.113.0/24",
        "8.8.0.0/15",
        "104.16.0.0/13",
    ),
    6: ("fd00:1::/32", "2001:db8::/32", "2606:4700::/32", "2a00:1450::/31"),
}
"""Where listed cidrs come from: each block is all public or all blocked."""

CLUSTER_POOLS: dict[int, tuple[str, ...]] = {
    4: ("10.128.0.0/10", "10.192.0.0/12"),
    6: ("fd00:2::/32", "2600:1f00::/40"),
}
"""Where the cluster's own addresses come from, apart from POOLS: a listed block must not be partly public."""

EXCEPT_POOLS = {4: ("11.0.0.0/8", "44.0.0.0/10"), 6: ("2620:0:2d0::/48",)}

HOSTS = (
    "api.example.com",
    "*.example.com",
    "*.api.example.com",
    "v2.api.example.com",
    "example.com",
    "cdn.example.net",
    "*.cdn.example.net",
    "xn--bcher-kva.example",
    "1e3.example.org",
    "no.example.org",
    "a-rather-long-label-that-stands-for-many-a-tenant.region-1.example.org",
)

SERVER_NAMES = (
    "github",
    "search",
    "on",
    "null",
    "y",
    "1e3",
    "0x1f",
    "123",
    "1-2",
    "a",
    "twenty-three-characters",
    "a-name-of-forty-characters-and-a-few-more",
    "a-name-of-forty-characters-and-a-few-else",
    "a-name-that-is-as-long-as-a-name-can-be-that-is-sixty-3-letters",
)
WORKLOAD_NAMES = ("gateway", "operator", "off", "007")
NAMESPACES = ("gateways", "data", "yes", "1")
LABEL_VALUES = ("blue", "true", "1.10", "0644", "null", "A_b.c-d", "")
PORTS: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([1, 22, 80, 443, 8080, 65535, "443-445", "8000-8010", "1-65535", "53/UDP", "8000-8005/UDP"]),
    st.integers(1, 65535),
)
SCTP_PORTS: st.SearchStrategy[Any] = st.one_of(PORTS, st.sampled_from(["3868/SCTP", "1-65535/SCTP"]))
TCP_PORTS: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([80, 443, 8443, "440-450", "8440-8450", "1-65535"]), st.integers(1, 65535)
)


class Setting(NamedTuple):
    """What the servers of one catalog may use."""

    families: tuple[int, ...]
    profile: str
    firewall: bool
    names: bool
    control_plane: bool
    expressions: bool
    """Whether destinations may be selected by expressions: no smart group has them, so pods' addresses must be known."""
    clients: tuple[str, ...] = ()

    @property
    def ports(self) -> st.SearchStrategy[Any]:
        """Ports of destinations: no firewall rule has SCTP."""
        return PORTS if self.firewall else SCTP_PORTS


@st.composite
def blocks(draw: st.DrawFn, families: tuple[int, ...], pools: dict[int, tuple[str, ...]] = POOLS) -> str:
    """A CIDR block inside one of the pools."""
    pool = ipaddress.ip_network(draw(st.sampled_from([text for family in families for text in pools[family]])))
    return _inside(draw, pool, pool.prefixlen)


def _inside(draw: st.DrawFn, pool: Any, shortest: int) -> str:
    length = draw(st.integers(shortest, min(shortest + 24, pool.max_prefixlen)))
    place = draw(st.integers(0, (1 << (length - pool.prefixlen)) - 1))
    address = int(pool.network_address) + (place << (pool.max_prefixlen - length))
    return f"{pool.network_address.__class__(address)}/{length}"


@st.composite
def cidr_entries(draw: st.DrawFn, setting: Setting) -> Raw:
    """An entry of `cidrs`; the excepts leave its upper half alone, so something is granted."""
    text = draw(blocks(setting.families))
    entry: Raw = {
        "cidr": text,
        "ports": draw(st.one_of(st.just("all"), st.lists(setting.ports, min_size=1, max_size=3))),
    }
    network: Any = ipaddress.ip_network(text)
    if network.prefixlen < network.max_prefixlen and draw(st.booleans()):
        lower = next(iter(network.subnets()))
        entry["except"] = [_inside(draw, lower, lower.prefixlen) for _ in range(draw(st.integers(1, 3)))]
    return entry


@st.composite
def domains(draw: st.DrawFn, setting: Setting) -> Any:
    """An entry of `domains`."""
    name = draw(st.sampled_from(HOSTS))
    if draw(st.booleans()):
        return name
    entry: Raw = {"name": name}
    if draw(st.booleans()):
        entry["ports"] = draw(st.lists(TCP_PORTS, min_size=1, max_size=3))
    if draw(st.booleans()):
        entry["addresses"] = draw(st.lists(blocks(setting.families), min_size=1, max_size=2))
    return entry


@st.composite
def peer_selectors(draw: st.DrawFn, name: str, *, expressions: bool) -> Raw:
    """A selector of other people's pods."""
    labels = {
        "app": name,
        **draw(st.dictionaries(st.sampled_from(["tier", "on"]), st.sampled_from(LABEL_VALUES), max_size=1)),
    }
    if not expressions or draw(st.booleans()):
        return labels
    return {"matchLabels": labels, "matchExpressions": draw(_expressions)}


_KEYS = st.sampled_from(["shard", "example.com/track", "y"])
_VALUES = st.lists(st.sampled_from(LABEL_VALUES), min_size=1, max_size=3)
_EXPRESSION = st.one_of(
    st.builds(lambda key, values: {"key": key, "operator": "In", "values": values}, _KEYS, _VALUES),
    st.builds(lambda key, values: {"key": key, "operator": "NotIn", "values": values}, _KEYS, _VALUES),
    st.builds(lambda key, word: {"key": key, "operator": word}, _KEYS, st.sampled_from(["Exists", "DoesNotExist"])),
)
_expressions = st.lists(_EXPRESSION, min_size=1, max_size=3, unique_by=lambda item: str(item["key"]))
"""One condition a key: two could contradict each other."""


BACK_ENDS: tuple[Raw, ...] = (
    {"name": "redis", "podSelector": {"app": "redis"}},
    {"name": "vectors", "podSelector": {"app": "vectors", "tier": "1.10"}},
)
"""Back-ends in the fenced namespace: one name, one selector, in whatever entry."""


@st.composite
def services(draw: st.DrawFn, setting: Setting) -> Raw:
    """An entry of `services`."""
    ports = draw(st.one_of(st.just("all"), st.lists(setting.ports, min_size=1, max_size=3)))
    mode = draw(st.sampled_from(["own", "selector", "namespace", "cidr"]))
    if mode == "own":
        return {**draw(st.sampled_from(BACK_ENDS)), "ports": ports}
    if mode == "cidr":
        cidrs = draw(st.lists(blocks(setting.families), min_size=1, max_size=2))
        return {"name": "managed", "mode": "cidr", "cidrs": cidrs, "ports": ports}
    namespace = draw(st.sampled_from(NAMESPACES))
    if mode == "namespace":
        return {"name": "sharded", "namespace": namespace, "mode": "namespace", "ports": ports}
    selector = draw(peer_selectors("queue", expressions=setting.expressions))
    return {"name": "queue", "namespace": namespace, "podSelector": selector, "ports": ports}


@st.composite
def registries(draw: st.DrawFn, setting: Setting) -> list[Any]:
    """Registry entries."""
    entry = st.one_of(domains(setting), services(setting)) if setting.names else services(setting)
    return [_as_registry(item) for item in draw(st.lists(entry, min_size=0, max_size=2))]


def _as_registry(item: Any) -> Any:
    """A service among registries says its mode or namespace, or it would be taken for a name."""
    if isinstance(item, dict) and "podSelector" in item and "namespace" not in item:
        return {**item, "mode": "selector"}
    return item


@st.composite
def destinations(draw: st.DrawFn, setting: Setting) -> Raw:
    """The lists of an egress, any of them absent or empty."""
    found: Raw = {}
    if draw(st.booleans()):
        found["cidrs"] = draw(st.lists(cidr_entries(setting), max_size=3))
    if draw(st.booleans()):
        found["services"] = draw(st.lists(services(setting), max_size=3))
    if setting.names and draw(st.booleans()):
        found["domains"] = draw(st.lists(domains(setting), max_size=4))
    return found


@st.composite
def egresses(draw: st.DrawFn, setting: Setting) -> Raw:
    """An egress that grants something, or could."""
    found = draw(destinations(setting))
    if not found.get("domains"):
        found |= draw(st.sampled_from([{}, {}, {"default": "deny"}, {"default": "internet"}]))
    found |= draw(st.sampled_from([{}, {}, {"dns": "auto"}, {"dns": True}, {"dns": False}]))
    if draw(st.booleans()):
        found["registries"] = draw(st.one_of(st.sampled_from(["inherit", "none"]), registries(setting)))
    if setting.profile in ("eks", "gke") and 4 in setting.families:
        found |= draw(st.sampled_from([{}, {"cloudIdentity": True}]))
    if setting.control_plane:
        found |= draw(st.sampled_from([{}, {"kubernetesAPI": True}]))
    return found


@st.composite
def own_selectors(draw: st.DrawFn, name: str, setting: Setting) -> Any:
    """A podSelector that no other server or workload has: `app` is its name."""

    def one(labels: Raw) -> Any:
        if setting.firewall or draw(st.booleans()):
            return labels
        return {"matchLabels": labels, "matchExpressions": draw(_expressions)}

    if draw(st.booleans()):
        return one({"app": name})
    ids = draw(st.lists(st.sampled_from(["one", "on", "2", "0x3"]), min_size=1, max_size=3, unique=True))
    return [one({"app": name, "id": value}) for value in ids]


@st.composite
def servers(draw: st.DrawFn, name: str, setting: Setting) -> Raw:
    """A hosted server."""
    runtime = draw(st.sampled_from(["npx", "uvx", "containerized"]))
    config: Raw = {"image": "registry.example.com/server:1"} if runtime == "containerized" else {"package": "server"}
    if runtime == "containerized" and draw(st.booleans()):
        config["port"] = draw(st.sampled_from([8080, 1, 65535]))
    found: Raw = {"runtime": runtime, f"{runtime}Config": config}
    if draw(st.integers(0, 5)) == 0:
        config["denyAllEgress"] = True
    else:
        found["egress"] = draw(egresses(setting))
        if setting.names and found["egress"].get("default") is None and draw(st.booleans()):
            config["egressDomains"] = draw(st.lists(st.sampled_from(HOSTS), max_size=3))
    if draw(st.booleans()):
        found["podSelector"] = draw(own_selectors(name, setting))
    if draw(st.booleans()):
        found["ingress"] = draw(ingresses(setting, needed=False))
    return found


@st.composite
def ingresses(draw: st.DrawFn, setting: Setting, *, needed: bool) -> Raw:
    """An ingress; the ports of a workload must be written."""
    found: Raw = {}
    if needed or draw(st.booleans()):
        found["from"] = draw(st.lists(st.sampled_from(setting.clients), unique=True)) if setting.clients else []
    if needed or draw(st.booleans()):
        found["ports"] = draw(st.lists(SCTP_PORTS, min_size=1, max_size=3))
    return found


@st.composite
def workloads(draw: st.DrawFn, name: str, setting: Setting, servers_: list[str]) -> Raw:
    """Pods that are no server, in the fenced namespace or elsewhere."""
    found: Raw = {"podSelector": draw(own_selectors(f"w-{name}", setting))}
    found |= draw(st.sampled_from([{}, {"namespace": "operators"}]))
    if draw(st.booleans()):
        found["ingress"] = draw(ingresses(setting, needed=True))
    if draw(st.integers(0, 4)) == 0:
        found["egress"] = {"denyAllEgress": True}
    else:
        found["egress"] = draw(egresses(setting))
        called = st.one_of(st.just("all"), st.lists(st.sampled_from(servers_), max_size=3)) if servers_ else st.just([])
        found["egress"] |= draw(st.one_of(st.just({}), called.map(lambda names: {"servers": names})))
    return found


@st.composite
def clients(draw: st.DrawFn, setting: Setting) -> Raw:
    """The declared clients; callbacks make them destinations."""
    found: Raw = {}
    for name in draw(st.lists(st.sampled_from(["gateway", "no", "edge", "2"]), unique=True, max_size=3)):
        if name == "edge":
            found[name] = {"cidrs": draw(st.lists(blocks(setting.families), min_size=1, max_size=3))}
            continue
        found[name] = {"namespace": draw(st.sampled_from(NAMESPACES))}
        if draw(st.booleans()):
            found[name]["podSelector"] = draw(peer_selectors(f"c-{name}", expressions=setting.expressions))
        if draw(st.booleans()):
            found[name]["callbackPort"] = draw(st.integers(1, 65535))
    return found


PROFILES = ("generic", "gke", "eks", "aks", "openshift", "k3s")


@st.composite
def _clusters(draw: st.DrawFn, families: tuple[int, ...], profiles: tuple[str, ...] = PROFILES) -> Raw:
    found: Raw = {
        "profile": draw(st.sampled_from(profiles)),
        "cni": draw(st.sampled_from(["generic", "cilium"])),
        "mesh": draw(st.sampled_from(["none", "ambient"])),
        "nat64": draw(st.booleans()),
        "ipFamilies": [f"IPv{family}" for family in families],
    }
    cidrs = {
        key: draw(st.lists(blocks(families, CLUSTER_POOLS), max_size=2))
        for key in ("nodes", "pods", "services", "controlPlane")
        if draw(st.booleans())
    }
    return {**found, "cidrs": cidrs}


@st.composite
def _dns(draw: st.DrawFn, families: tuple[int, ...]) -> Raw:
    found: Raw = {}
    if draw(st.booleans()):
        peer = st.one_of(
            st.sampled_from([{"namespace": "dns", "podSelector": {"app": "coredns"}}]),
            blocks(families).map(lambda text: {"cidr": text}),
        )
        found["peers"] = draw(st.lists(peer, max_size=2))
    if draw(st.booleans()):
        found["ports"] = draw(st.lists(st.sampled_from(["53/UDP", 53, "5353/UDP", "853-854"]), min_size=1, max_size=3))
    if draw(st.booleans()):
        # One address of the cluster's Services.
        found["clusterIP"] = [{4: "10.200.0.10", 6: "fd00:2::a"}[family] for family in families]
    return found


REFUSED_PROFILES = {"cilium": ("gke",)}
"""Profiles on which an engine cannot be."""


class Cluster(NamedTuple):
    """What catalogs may say of their cluster and its engine; `plain`: no SCTP, and no expressions in own selectors."""

    egresses: tuple[Raw, ...] = (
        {},
        {"provider": "none", "unenforcedDomains": "internet"},
        {"provider": "aviatrix"},
        {"provider": "aviatrix", "aviatrix": {"ipv6": True}},
        {"provider": "aviatrix", "aviatrix": {"crd": "10.1"}},
    )
    """What they say under `egress`; where nothing is written, what every judge of the tests understands."""
    families: tuple[tuple[int, ...], ...] = ((4,), (6,), (4, 6))
    profiles: tuple[str, ...] = PROFILES
    plain: tuple[str, ...] = ("aviatrix",)


EVERY_ENGINE = Cluster(
    egresses=(
        *Cluster().egresses,
        {"provider": "cilium"},
        {"provider": "cilium", "cilium": {"sni": True, "searchDomains": ["corp.example.com"]}},
        {"provider": "antrea"},
        {"provider": "calico", "calico": {"edition": "cloud"}},
    )
)


@st.composite
def settings_of(draw: st.DrawFn, kind: Cluster = Cluster()) -> tuple[Raw, Setting]:  # noqa: B008  it never changes
    """A catalog without servers, and what servers may use in it."""
    families = draw(st.sampled_from(kind.families))
    cluster = draw(_clusters(families, kind.profiles))
    egress: Raw = draw(st.sampled_from(kind.egresses))
    provider = egress.get("provider", "none")
    if cluster["profile"] in REFUSED_PROFILES.get(provider, ()):
        cluster["profile"] = "generic"
    firewall = provider in kind.plain
    pods = {":" in text for text in cluster["cidrs"].get("pods", ())}
    setting = Setting(
        families=families,
        profile=cluster["profile"],
        firewall=firewall,
        names=provider != "none" or "unenforcedDomains" in egress,
        control_plane=bool(cluster["cidrs"].get("controlPlane")),
        expressions=provider != "aviatrix" or len(pods) == 1,
    )
    made = draw(clients(setting))
    setting = setting._replace(clients=tuple(sorted(made)))
    egress = {**egress, **draw(st.sampled_from([{}, {"default": "deny"}, {"default": "internet"}]))}
    if draw(st.booleans()):
        egress["except"] = draw(st.lists(blocks(families, EXCEPT_POOLS), max_size=2))
    if draw(st.booleans()):
        egress["registries"] = {key: draw(registries(setting)) for key in ("npx", "uvx")}
    raw: Raw = {"cluster": cluster, "dns": draw(_dns(families)), "egress": egress, "clients": made}
    return raw, setting


def catalogs(kind: Cluster = Cluster()) -> st.SearchStrategy[Raw]:  # noqa: B008  it never changes
    """A whole catalog."""
    return settled_catalogs(kind).map(lambda pair: pair[0])


@st.composite
def settled_catalogs(draw: st.DrawFn, kind: Cluster = Cluster()) -> tuple[Raw, Setting]:  # noqa: B008  it never changes
    """A whole catalog, and what its servers may use."""
    raw, setting = draw(settings_of(kind))
    names = draw(st.lists(st.sampled_from(SERVER_NAMES), unique=True, min_size=1, max_size=5))
    raw["servers"] = {}
    for name in names:
        # Servers alike but for their names share a template: half of them repeat one that is there already.
        if raw["servers"] and draw(st.booleans()):
            raw["servers"][name] = _renamed(draw(st.sampled_from(sorted(raw["servers"]))), name, raw["servers"])
        else:
            raw["servers"][name] = draw(servers(name, setting))
    some = draw(st.lists(st.sampled_from(WORKLOAD_NAMES), unique=True, max_size=2))
    raw["workloads"] = {name: draw(workloads(name, setting, names)) for name in some}
    return raw, setting


def _renamed(model: str, name: str, known: Raw) -> Raw:
    """The same server under another name, with selectors of its own."""

    def own(value: Any) -> Any:
        if isinstance(value, list):
            return [own(item) for item in value]
        if "matchLabels" in value:
            return {**value, "matchLabels": own(value["matchLabels"])}
        return {**value, "app": name}

    found = dict(known[model])
    return {**found, "podSelector": own(found["podSelector"])} if "podSelector" in found else found
