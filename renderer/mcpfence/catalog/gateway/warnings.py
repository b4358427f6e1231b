"""Warnings and notes about a gateway: who may call without a token, and which Secrets somebody has to make."""

from __future__ import annotations

from collections.abc import Sequence

from mcpfence.catalog.gateway.model import Gateway, Registration
from mcpfence.catalog.model import Catalog
from mcpfence.findings.finding import Collector, quote


def remark(catalog: Catalog, gateway: Gateway, registrations: Sequence[Registration], out: Collector) -> None:
    """Add what is worth knowing; nothing here is an error."""
    _open(gateway, registrations, out)
    _secrets(catalog, gateway, registrations, out)
    for item in registrations:
        if item.backend.kind == "ExternalName":
            sentence = f"calls to {item.backend.name} go out as plain HTTP through an ExternalName Service"
            todo = "put TLS before the server and write its https URL"
            out.add("gateway-external-name", (*item.path, "backend"), sentence, todo)
        if item.auth.type == "oidc":
            sentence = "the server gets the caller's own token, and could use it elsewhere in the caller's name"
            todo = "write auth.type: tokenExchange, which gives it a token for this server alone"
            out.add("gateway-token-forwarded", (*item.path, "auth"), sentence, todo)
    prefixes = tuple(item.prefix for item in registrations)
    for virtual in gateway.virtual_servers:
        for tool in (*virtual.tools, *virtual.prompts):
            if not tool.startswith(prefixes):
                sentence = f"{quote(tool)} begins with no prefix of a registered server"
                todo = "write PREFIX and the tool's name; tools of other catalogs may stand here too"
                out.add("gateway-virtual-tool", virtual.path, sentence, todo)


def _open(gateway: Gateway, registrations: Sequence[Registration], out: Collector) -> None:
    """One warning for all servers that anybody at the gateway may call.

    Where clients and servers share a listener, its policy holds for routes that have none of their own.
    """
    opened = [
        item
        for item in registrations
        if item.auth.type == "anonymous"
        or (item.auth.type == "none" and not (gateway.auth.checks_tokens and item.section == gateway.section))
    ]
    _shared(opened, registrations, out)
    names = [item.name for item in opened]
    if names:
        shown = ", ".join(names[:10]) + (f" and {len(names) - 10:,} more" if len(names) > 10 else "")
        sentence = f"whoever reaches the gateway may call these without a token: {shown}"
        out.add("gateway-open", ("gateway", "auth"), sentence, "write auth.type: oidc or tokenExchange")


def _shared(opened: Sequence[Registration], registrations: Sequence[Registration], out: Collector) -> None:
    """Servers that ask for a token and are behind the back-end and below the path of one that does not."""
    for item in registrations:
        if not item.auth.checks_tokens:
            continue
        for other in opened:
            above = other.endpoint.rstrip("/")
            if other.backend == item.backend and (item.endpoint == above or item.endpoint.startswith(f"{above}/")):
                sentence = f"may be called without a token as {other.name} too: both are {item.backend.kind} "
                sentence += f"{item.backend.name}:{item.backend.port}, and {item.endpoint} is below {other.endpoint}"
                todo = "give them one auth, or back-ends or paths of their own"
                out.add("gateway-shared", item.path, sentence, todo)
                break


def _secrets(catalog: Catalog, gateway: Gateway, registrations: Sequence[Registration], out: Collector) -> None:
    """One note for each Secret that is referred to: which, where, and what it holds."""
    labelled = 'with the label mcp.kuadrant.io/secret: "true"'
    for item in registrations:
        if item.credential is not None:
            sentence = (
                f"the broker reads key {item.credential.key} of Secret {catalog.namespace}/{item.credential.name}"
            )
            todo = f"make it {labelled}; its value is a whole header, such as Bearer TOKEN"
            out.add("gateway-secret", (*item.path, "credentialRef"), sentence, todo)
        if item.ca is not None:
            sentence = f"the broker reads key {item.ca.key} of Secret {catalog.namespace}/{item.ca.name}"
            out.add(
                "gateway-secret", (*item.path, "caCertSecretRef"), sentence, f"make it {labelled}; PEM, 64 KiB at most"
            )
        exchange = item.auth.exchange
        if item.auth.type == "tokenExchange" and exchange is not None:
            where = f"Secret {gateway.authorino_namespace}/{exchange.secret.name}"
            sentence = f"Authorino reads key {exchange.secret.key} of {where}"
            todo = "make it there, not beside the servers; its value is base64 of ID:SECRET, without the word Basic"
            out.add("gateway-secret", item.auth.path, sentence, todo)
    store = gateway.extension.session_store
    if store and gateway.extension.create:
        sentence = f"the broker reads key CACHE_CONNECTION_STRING of Secret {gateway.extension.namespace}/{store}"
        out.add("gateway-secret", ("gateway", "extension", "sessionStore"), sentence, f"make it {labelled}")
    if gateway.tools_list is not None:
        private, public = gateway.tools_list
        sentence = (
            f"Authorino signs with key.pem of Secret {gateway.authorino_namespace}/{private}, and the broker checks "
            f"with key of Secret {gateway.extension.namespace}/{public}"
        )
        todo = "make both from one ECDSA P-256 key pair"
        out.add("gateway-secret", ("gateway", "toolsList"), sentence, todo)
    for listener in gateway.listeners:
        for name in listener.certificates if gateway.create else ():
            sentence = f"the Gateway reads Secret {gateway.namespace}/{name} of type kubernetes.io/tls"
            out.add("gateway-secret", listener.path, sentence, "make it there, or let cert-manager make it")


def registration_lines(catalog: Catalog) -> list[str]:
    """One line on each registration, for the report: `github: mcp/github, tools gh_*, github.mcp.local, oidc`."""
    lines = []
    for server in catalog.servers.values():
        item = server.gateway
        if item is not None:
            roles = " with roles" if item.auth.checks_tokens and item.auth.tool_roles else ""
            leads = f"{item.hostname}{item.endpoint} -> {item.backend.kind} {item.backend.name}:{item.backend.port}"
            lines.append(f"{item.name}: {item.identity}, tools {item.prefix}*, {leads}, {item.auth.type}{roles}")
    return lines
