"""ToolHive's RunConfig, which `thv export NAME FILE` writes: one workload with its whole permission profile.

    image: ghcr.io/example/notes:1.2.0             servers:
    name: notes                                      notes:
    target_port: 8080                                  runtime: containerized
    permission_profile:                                containerizedConfig:
      network:                                           image: ghcr.io/example/notes:1.2.0
        outbound:                                        port: 8080
          allow_host: [api.example.com]                  egressDomains: [api.example.com]
          allow_port: [443]

(stacklok/toolhive, pkg/runner/config.go.)  A key that is false or empty is left out there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mcpfence.documents.reader import BadDocument, load_values
from mcpfence.imports.shared.destinations import egress_keys, merged, shown
from mcpfence.imports.shared.format import Entry, FieldRow, ImportContext, State, Table, report_unknown
from mcpfence.imports.shared.hints import env_hint
from mcpfence.imports.shared.packages import check_port, image
from mcpfence.imports.shared.permissions import Granted, read_permissions
from mcpfence.imports.shared.permissions import rows as permission_rows
from mcpfence.imports.shared.remote import Variable, environment, remote_config
from mcpfence.imports.shared.source import BadEntry, Document, Node

_CONFIG = "containerizedConfig"
_MARKS = ("container_name", "base_name", "permission_profile", "permission_profile_name_or_path", "target_port")
_UNUSED = (
    *("schema_version", "mcpserver_generation", "registry_api_url", "registry_url", "registry_server_name"),
    *("remote_auth_config", "cmd_args", "container_name", "base_name", "host", "port", "target_host"),
    *("allowed_origins", "publish", "env_file_dir", "debug", "volumes", "container_labels", "oidc_config"),
    *("token_exchange_config", "upstream_swap_config", "aws_sts_config", "authz_config", "authz_config_path"),
    *("audit_config", "audit_config_path", "telemetry_config", "rate_limit_config", "rate_limit_namespace"),
    *("trust_proxy_headers", "strict_protocol_validation", "stateless", "session_ttl", "proxy_mode"),
    *("thv_ca_bundle", "jwks_auth_token_file", "group", "tools_filter", "tools_override", "ignore_config"),
    *("middleware_configs", "additional_middleware_configs", "validating_webhooks", "mutating_webhooks"),
    *("endpoint_prefix", "runtime_config", "header_forward", "embedded_auth_server_config", "allow_docker_gateway"),
    *("scaling_config", "transport"),
)

RUN_CONFIG = Table(
    "RunConfig (thv export NAME FILE)",
    (
        FieldRow("name", "servers.NAME", "as a DNS label"),
        FieldRow("image", "containerizedConfig.image", ""),
        FieldRow("remote_url", "remoteConfig.fixedURL, .urlTemplate", "without user name and query"),
        FieldRow("target_port", "containerizedConfig.port", ""),
        *permission_rows("permission_profile"),
        FieldRow(
            "permission_profile_name_or_path",
            "",
            "none: denyAllEgress; network: every host; a file that is not in the input: no host",
        ),
        FieldRow("isolate_network", "", "absent or false: ToolHive enforces no list; it is imported, with a warning"),
        FieldRow("env_vars", "env", "the variables' names; never a value"),
        FieldRow("secrets", "env", "the variables' names, marked sensitive"),
        FieldRow("k8s_pod_template_patch", "", "hostNetwork: refused; the rest is left out"),
        *(FieldRow(key, "", "") for key in _UNUSED),
    ),
)


def is_run_config(document: Document) -> bool:
    """Whether a document is a RunConfig."""
    data = document.data
    if not isinstance(data, Mapping) or not isinstance(data.get("schema_version"), str) or "transport" not in data:
        return False
    return any(key in data for key in _MARKS) and any(key in data for key in ("image", "remote_url"))


def run_config(node: Node, context: ImportContext) -> Entry:
    """The one server of a RunConfig.  Raises BadEntry."""
    name = node.text("name") or node.text("base_name") or node.text("container_name")
    if not name:
        raise BadEntry(node, "has no name", "give it a name")
    report_unknown(node, RUN_CONFIG, context)
    env = environment(_variables(node), context)
    more: dict[str, Any] = {"env": env} if env else {}
    url = node.get("remote_url")
    if url is not None and url.value:
        remote = {"runtime": "remote", "remoteConfig": remote_config(url, context), **more}
        return Entry(node, name, remote, State.ELSEWHERE)
    _check_pods(node)
    config: dict[str, Any] = {"image": image(node.text("image"), "", node.get("image") or node, context)}
    if port := node.port("target_port"):
        config["port"] = port
    else:
        check_port(node.text("transport"), node.get("transport") or node, context)
    granted = _granted(node, context)
    if granted.state in (State.LISTED, State.NOTHING) and not node.flag("isolate_network"):
        sentence = "does not isolate the network, so ToolHive does not hold it to its permission profile"
        where = node.get("isolate_network") or node.get("permission_profile") or node
        context.say("import-narrowed", where, sentence, "imported the profile all the same")
    server = merged({"runtime": "containerized", _CONFIG: config, **more}, granted.keys)
    hints = env_hint(item["key"] for item in env) if granted.state is State.UNDECLARED else ()
    return Entry(node, name, server, granted.state, granted.told, hints)


def _granted(node: Node, context: ImportContext) -> Granted:
    profile = node.mapping("permission_profile")
    if profile is not None:
        return read_permissions(profile, _CONFIG, context)
    named = node.get("permission_profile_name_or_path")
    if named is None or not named.value:
        return Granted(State.UNDECLARED, {})
    if named.as_text() == "none":
        told = "permission profile none, so it reaches nothing at all"
        return Granted(State.NOTHING, {_CONFIG: {"denyAllEgress": True}}, (told,))
    if named.as_text() == "network":
        context.say_open(named, "is the profile network, which allows every host")
        return Granted(State.OPEN, {})
    sentence = f"names the profile {shown(named.as_text())}, which is not in the input"
    context.say("import-guess", named, sentence, "imported as no host; list what it needs")
    return Granted(State.LISTED, egress_keys((), _CONFIG), ("its permission profile was not in the input",))


def _check_pods(node: Node) -> None:
    """Raise BadEntry for pods on their node's network, where no policy holds."""
    patch = node.get("k8s_pod_template_patch")
    if patch is None or not patch.value:
        return
    try:
        data = load_values(patch.as_text())
    except BadDocument as bad:
        raise BadEntry(patch, f"cannot be read ({bad})", "mend it, or remove it") from None
    spec = data.get("spec") if isinstance(data, Mapping) else None
    if isinstance(spec, Mapping) and spec.get("hostNetwork"):
        raise BadEntry(patch, "puts its pods on their node's network, where no policy holds", "fence the node instead")


def _variables(node: Node) -> Iterator[Variable]:
    variables = node.mapping("env_vars")
    for key in variables.keys() if variables else ():
        yield Variable(Node(node.document, key, ("env_vars", key)), key, None, secret=False)
    for item in node.items("secrets"):
        target = item.as_text().partition(",target=")[2]
        if target:
            yield Variable(item, target, None, secret=True)
