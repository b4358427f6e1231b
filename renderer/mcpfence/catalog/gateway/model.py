"""A gateway and what is registered at it, as frozen types.

`reader` makes these from the `gateway` keys of a catalog; nothing downstream checks the input again.  Key names are
those of Kuadrant's own API where it has them (facts on gateways, sections A1 to A4 and A7).
"""

from __future__ import annotations

from typing import Literal

from mcpfence.findings.finding import Path
from mcpfence.structs import Struct

AuthType = Literal["none", "anonymous", "oidc", "tokenExchange"]
BackendKind = Literal["Service", "Hostname", "ExternalName"]


class SecretKey(Struct):
    """A key of a Secret that somebody else makes; what it holds is never known here."""

    name: str
    key: str


class Listener(Struct):
    """One listener of the Gateway; `certificates` are Secrets of the Gateway's namespace, for HTTPS."""

    name: str
    hostname: str
    port: int
    protocol: str
    certificates: tuple[str, ...]
    path: Path


class Exchange(Struct):
    """An OAuth 2.0 token exchange (RFC 8693): where, with which client, for which scope."""

    url: str
    secret: SecretKey
    scope: str


class Auth(Struct):
    """Who may call: `issuer` for oidc and tokenExchange, `exchange` for the latter alone."""

    type: AuthType
    issuer: str
    audience: str
    """What a token's aud must hold, for oidc; empty: not looked at."""
    tool_roles: bool
    exchange: Exchange | None
    path: Path

    @property
    def checks_tokens(self) -> bool:
        """Whether callers must show a token."""
        return self.type in ("oidc", "tokenExchange")


class Extension(Struct):
    """The MCPGatewayExtension: where the broker runs, and whether we write the object."""

    create: bool
    name: str
    namespace: str
    private_host: str
    session_store: str
    ping_seconds: int
    log_level: str


class ToolsList(Struct):
    """The key pair that lets the broker trust who may see which tool: Secrets with the private and the public key."""

    private_key: str
    public_key: str


class VirtualServer(Struct):
    """A selection of tools and prompts under a name; it hides, it does not forbid."""

    name: str
    description: str
    tools: tuple[str, ...]
    prompts: tuple[str, ...]
    path: Path


class Backend(Struct):
    """Where the gateway sends a server's calls: a Service's name, or a host, and the port of either."""

    kind: BackendKind
    name: str
    port: int


class Users(Struct):
    """OIDC users of a Kubernetes MCP server and the namespaces that they may read."""

    namespaces: tuple[str, ...]
    users: tuple[str, ...]
    groups: tuple[str, ...]


class Registration(Struct):
    """One server at the gateway; HTTPRoute and MCPServerRegistration are called after it."""

    name: str
    namespace: str
    prefix: str
    endpoint: str
    """The HTTP path of the MCP endpoint."""
    hostname: str
    """The one hostname of its HTTPRoute."""
    section: str
    """The Gateway's listener that the route is attached to."""
    backend: Backend
    auth: Auth
    path: Path
    credential: SecretKey | None = None
    ca: SecretKey | None = None
    state: str = "Enabled"
    category: tuple[str, ...] = ()
    hint: str = ""
    tags: tuple[str, ...] = ()
    per_user: bool = False
    """Whether the list of tools depends on the user."""
    elicitation: str | None = None
    """Where users give a token of their own; empty: the broker's page."""
    users: Users | None = None

    @property
    def identity(self) -> str:
        """What the gateway calls the server in x-mcp-servername, and tokens in aud and resource_access."""
        return f"{self.namespace}/{self.name}"


class Gateway(Struct):
    """The Gateway, its broker, and what holds for every registration."""

    provider: str
    name: str
    namespace: str
    version: str
    """Version of the API mcp.kuadrant.io."""
    create: bool
    gateway_class: str
    public_host: str
    section: str
    """The listener that clients call, which leads to the broker."""
    server_section: str
    """The listener that routes to servers are attached to."""
    listeners: tuple[Listener, ...]
    allowed_namespaces: tuple[str, ...]
    """Further namespaces whose routes the created Gateway takes."""
    extension: Extension
    auth: Auth
    tools_list: ToolsList | None
    authorino_namespace: str
    virtual_servers: tuple[VirtualServer, ...]

    def listener(self, name: str) -> Listener | None:
        """The listener of that name."""
        return next((item for item in self.listeners if item.name == name), None)

    @property
    def origin(self) -> str:
        """`https://HOST` as clients call it, or http where the listener has no TLS."""
        listener = self.listener(self.section)
        scheme = "https" if listener is not None and listener.protocol == "HTTPS" else "http"
        return f"{scheme}://{self.public_host}"
