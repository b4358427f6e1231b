"""What becomes of each field of Obot's catalog entries and of its MCPNetworkPolicy objects."""

from __future__ import annotations

from mcpfence.imports.shared.format import Row, Table

CONFIGS = {
    "npx": "npxConfig",
    "uvx": "uvxConfig",
    "containerized": "containerizedConfig",
    "remote": "remoteConfig",
    "composite": "compositeConfig",
}
"""Each runtime, and the key of its settings."""

_HOSTED = ("npx", "uvx", "containerized")
_EGRESS = "each name on TCP 443; an empty list: nothing; absent: undeclared, which Obot itself takes as every host"
_DENY = "true: nothing at all; false: every host, left to egress.default of the catalog with a warning"
_ABOUT = (
    *("description", "shortDescription", "icon", "metadata", "toolPreview", "serverUserType", "multiUserConfig"),
    *("idleShutdownIntervalHours", "systemMCPServerType", "filterConfig", "resources", "command", "args", "url"),
    *("headers", "startupTimeoutSeconds"),
)

ENTRY = Table(
    "entry of a catalog (one or a list in a file; also items[].manifest of the API)",
    (
        Row("entryKey", "servers.NAME", "as a DNS label"),
        Row("name", "servers.NAME, displayName", "the name where there is no entryKey; --pods finds pods by it"),
        Row("runtime", "runtime", ""),
        Row("npxConfig.package", "npxConfig.package", ""),
        Row("uvxConfig.package", "uvxConfig.package", ""),
        Row("containerizedConfig.image", "containerizedConfig.image", ""),
        Row("containerizedConfig.port", "containerizedConfig.port", ""),
        Row("containerizedConfig.path", "containerizedConfig.path", ""),
        *(Row(f"{CONFIGS[name]}.egressDomains", f"{CONFIGS[name]}.egressDomains", _EGRESS) for name in _HOSTED),
        *(Row(f"{CONFIGS[name]}.denyAllEgress", f"{CONFIGS[name]}.denyAllEgress", _DENY) for name in _HOSTED),
        *(Row(f"{CONFIGS[name]}.args", "", "left out: arguments may hold secrets") for name in _HOSTED),
        *(Row(f"{CONFIGS[name]}.command", "", "left out, as arguments are") for name in ("uvx", "containerized")),
        Row("remoteConfig.fixedURL", "remoteConfig.fixedURL, .urlTemplate", "without user name and query"),
        Row("remoteConfig.url", "remoteConfig.fixedURL, .urlTemplate", "as fixedURL"),
        Row("remoteConfig.urlTemplate", "remoteConfig.urlTemplate", "without user name and query"),
        Row("remoteConfig.hostname", "remoteConfig.hostname", ""),
        Row("remoteConfig.headers", "remoteConfig.headers", "the names; never a value"),
        *(Row(f"remoteConfig.{key}", "", "") for key in ("staticOAuthRequired", "isTemplate", "tunnelName")),
        Row(
            "compositeConfig.componentServers",
            "compositeConfig.componentServers",
            "by catalogEntryID, mcpServerID, or the manifest's entryKey or name",
        ),
        Row("env", "env", "the variables' names, whether they are required and secret; never a value"),
        Row("config", "env", "of system servers: the variables' names"),
        Row("repoURL", "", "a hint where nothing is declared"),
        *(Row(key, "", "") for key in _ABOUT),
    ),
)
POLICY = Table(
    "MCPNetworkPolicy",
    (
        Row("spec.mcpServerName", "servers.NAME", ""),
        Row("spec.podSelector", "podSelector", ""),
        Row("spec.egressDomains", "containerizedConfig.egressDomains", "each name on TCP 443; none: every host"),
        Row("spec.denyAllEgress", "containerizedConfig.denyAllEgress", ""),
        *(Row(key, "", "") for key in ("apiVersion", "kind", "metadata", "status")),
    ),
)
