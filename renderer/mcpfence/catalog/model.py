"""The catalog: what a user declares, as frozen types.

`reading.read_catalog` makes these from an untrusted mapping; nothing downstream checks the input again.  Each item
keeps the `path` where it was written, so that a later finding can point at it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from mcpfence.findings.finding import Path
from mcpfence.kube.selectors import Selector
from mcpfence.net.intervals import Interval, Intervals
from mcpfence.net.ports import Ports
from mcpfence.structs import Struct

if TYPE_CHECKING:  # imported at run time only where a catalog registers, runs or guards servers
    from mcpfence.catalog.gateway.model import Gateway, Registration
    from mcpfence.catalog.guard_reader import Guard
    from mcpfence.catalog.run.model import Run

HOSTED = ("npx", "uvx", "containerized")
CONFIGS = {
    "npx": "npxConfig",
    "uvx": "uvxConfig",
    "containerized": "containerizedConfig",
    "remote": "remoteConfig",
    "composite": "compositeConfig",
}
"""The key of a server's settings, by its runtime."""

DEFAULT_PORT = 8099

Stance = Literal["deny", "internet"]


class Domain(Struct):
    """A host name or wildcard on TCP ports; `addresses` are destinations of their own, on the same ports."""

    pattern: str
    ports: Ports
    path: Path
    addresses: tuple[Interval, ...] = ()


class Cidr(Struct):
    """A listed block less its own excepts."""

    block: Interval
    excepts: Intervals
    ports: Ports
    path: Path


class Service(Struct):
    """A back-end: pods by selector (or a Service that says which), a whole namespace, or cidrs."""

    name: str
    namespace: str | None
    mode: Literal["selector", "namespace", "cidr"]
    selector: Selector | None
    cidrs: tuple[Interval, ...]
    ports: Ports | None
    path: Path


class Registries(Struct):
    """Where npx and uvx fetch packages from: by name, or as services of the cluster."""

    domains: tuple[Domain, ...] = ()
    services: tuple[Service, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing is granted."""
        return not self.domains and not self.services


class Egress(Struct):
    """What one server or workload may reach, as written; defaults are the plan's business."""

    path: Path = ()
    deny_all: bool = False
    domains: tuple[Domain, ...] = ()
    cidrs: tuple[Cidr, ...] = ()
    services: tuple[Service, ...] = ()
    listed: bool = False
    """Whether domains, cidrs or services were written at all, if only as an empty list."""
    registries: Registries | None = None
    """None: inherit; an empty value: none."""
    default: Stance | None = None
    cloud_identity: bool = False
    kubernetes_api: bool = False
    dns: bool | None = None
    servers: tuple[str, ...] | Literal["all"] = ()

    @property
    def undeclared(self) -> bool:
        """Whether nobody has said yet what it may reach: no list, if only an empty one, no stance, no deny."""
        said = self.deny_all or self.listed or self.default is not None or self.servers
        return not (said or self.kubernetes_api or self.cloud_identity)


class Ingress(Struct):
    """Who may call: names of clients (None: every declared one), and on which ports (None: the server's own)."""

    clients: tuple[str, ...] | None = None
    ports: Ports | None = None
    path: Path = ()


class Server(Struct):
    """One MCP server; `selectors` and `port` matter for hosted ones only."""

    name: str
    runtime: str
    path: Path
    selectors: tuple[Selector, ...] = ()
    selected: bool = False
    """Whether the catalog wrote a podSelector."""
    port: int = DEFAULT_PORT
    egress: Egress = Egress()
    ingress: Ingress = Ingress()
    url: str | None = None
    """Remote servers: the URL or host name that was written."""
    components: tuple[str, ...] = ()
    run: Run | None = None
    """How mcpfence runs it; None where somebody else does."""
    gateway: Registration | None = None
    """How it is registered at the MCP gateway; None: it is not."""

    @property
    def hosted(self) -> bool:
        """Whether it runs as pods that get a fence."""
        return self.runtime in HOSTED


class Workload(Struct):
    """Pods that are no MCP server but deserve a fence."""

    name: str
    namespace: str
    selectors: tuple[Selector, ...]
    egress: Egress
    ingress: Ingress
    path: Path


class Client(Struct):
    """Who may call hosted servers: pods of a namespace (selector None: every pod there), or addresses."""

    name: str
    namespace: str | None
    selector: Selector | None
    cidrs: tuple[Interval, ...]
    callback_port: int | None
    path: Path


class PodPeer(Struct):
    """Pods of one namespace as a DNS peer."""

    namespace: str
    selector: Selector


class Dns(Struct):
    """Where DNS answers; None: the profile's."""

    pods: tuple[PodPeer, ...] | None = None
    cidrs: tuple[Interval, ...] | None = None
    ports: Ports | None = None
    cluster_ips: tuple[Interval, ...] = ()


class Cluster(Struct):
    """Facts about the cluster."""

    profile: str = "generic"
    cni: str = "generic"
    mesh: str = "none"
    nodes: tuple[Interval, ...] = ()
    pods: tuple[Interval, ...] = ()
    services: tuple[Interval, ...] = ()
    control_plane: tuple[Interval, ...] = ()
    families: frozenset[int] = frozenset({4, 6})
    nat64: bool = False

    @property
    def cidrs(self) -> tuple[Interval, ...]:
        """All of cluster.cidrs."""
        return self.nodes + self.pods + self.services + self.control_plane


class Catalog(Struct):
    """The whole declaration; maps are ordered by name."""

    namespace: str
    release: str
    release_namespace: str
    floor: bool = True
    cluster: Cluster = Cluster()
    dns: Dns = Dns()
    default: Stance = "deny"
    provider: str = "none"
    provider_settings: Mapping[str, Any] = {}
    """What stands under `egress.PROVIDER`, as the schema took it; the provider alone knows what it means."""
    unenforced_domains: Literal["refuse", "internet"] = "refuse"
    excepts: tuple[Interval, ...] = ()
    registries: Mapping[str, Registries] = {}
    clients: Mapping[str, Client] = {}
    servers: Mapping[str, Server] = {}
    workloads: Mapping[str, Workload] = {}
    gateway: Gateway | None = None
    guard: Guard | None = None
    """What the API server itself is to refuse; None: nothing."""
    digest: str = ""
    """SHA-256 of the catalog's canonical JSON."""

    @property
    def fenced(self) -> list[Server | Workload]:
        """Servers and workloads: all that has an egress and an ingress of its own."""
        return [*self.servers.values(), *self.workloads.values()]
