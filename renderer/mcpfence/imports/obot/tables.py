"""What becomes of each field of Obot's catalog entries and of its MCPNetworkPolicy objects."""

from __future__ import annotations

from mcpfence.imports.shared.format import FieldRow, Table

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
        FieldRow("entryKey", "servers.NAME", "as a DNS label"),
        FieldRow("name", "servers.NAME, displayName", "the name where there is no entryKey; --pods finds pods by it"),
        FieldRow("runtime", "runtime", ""),
        FieldRow("npxConfig.package", "npxConfig.package", ""),
        FieldRow("uvxConfig.package", "uvxConfig.package", ""),
        FieldRow("containerizedConfig.image", "containerizedConfig.image", ""),
        FieldRow("containerizedConfig.port", "containerizedConfig.port", ""),
        FieldRow("containerizedConfig.path", "containerizedConfig.path", ""),
        *(FieldRow(f"{CONFIGS[name]}.egressDomains", f"{CONFIGS[name]}.egressDomains", _EGRESS) for name in _HOSTED),
        *(FieldRow(f"{CONFIGS[name]}.denyAllEgress", f"{CONFIGS[name]}.denyAllEgress", _DENY) for name in _HOSTED),
        *(FieldRow(f"{CONFIGS[name]}.args", "", "left out: arguments may hold secrets") for name in _HOSTED),
        *(FieldRow(f"{CONFIGS[name]}.command", "", "left out, as arguments are") for name in ("uvx", "containerized")),
        FieldRow("remoteConfig.fixedURL", "remoteConfig.fixedURL, .urlTemplate", "without user name and query"),
        FieldRow("remoteConfig.url", "remoteConfig.fixedURL, .urlTemplate", "as fixedURL"),
        FieldRow("remoteConfig.urlTemplate", "remoteConfig.urlTemplate", "without user name and query"),
        FieldRow("remoteConfig.hostname", "remoteConfig.hostname", ""),
        FieldRow("remoteConfig.headers", "remoteConfig.headers", "the names; never a value"),
        *(FieldRow(f"remoteConfig.{key}", "", "") for key in ("staticOAuthRequired", "isTemplate")),
        FieldRow(
            "remoteConfig.tunnelName", "", "a note: what calls the server goes through the tunnel, not to its URL"
        ),
        *(FieldRow(f"{CONFIGS[name]}.startupTimeoutSeconds", "", "") for name in _HOSTED),
        FieldRow("containerizedConfig.healthzPath", "", ""),
        FieldRow(
            "compositeConfig.componentServers",
            "compositeConfig.componentServers",
            "by catalogEntryID, mcpServerID, or the manifest's entryKey or name",
        ),
        FieldRow("env", "env", "the variables' names, whether they are required and secret; never a value"),
        FieldRow("config", "env", "of system servers: the variables' names"),
        FieldRow("repoURL", "", "a hint where nothing is declared"),
        *(FieldRow(key, "", "") for key in _ABOUT),
    ),
)
POLICY = Table(
    "MCPNetworkPolicy",
    (
        FieldRow("spec.mcpServerName", "servers.NAME", ""),
        FieldRow("spec.podSelector", "podSelector", ""),
        FieldRow("spec.egressDomains", "containerizedConfig.egressDomains", "each name on TCP 443; none: every host"),
        FieldRow("spec.denyAllEgress", "containerizedConfig.denyAllEgress", ""),
        *(FieldRow(key, "", "") for key in ("apiVersion", "kind", "metadata", "status")),
    ),
)
