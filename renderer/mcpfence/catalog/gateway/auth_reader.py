"""Readers for `auth`: the gateway's own, and a server's over it, key by key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcpfence.catalog.gateway.fields import read_https, read_secret
from mcpfence.catalog.gateway.model import Auth, Exchange, SecretKey
from mcpfence.findings.finding import Collector, Path

Raw = Mapping[str, Any]

_KEY = "oauth-client-basic-auth"


def read_auth(raw: Raw, base: Auth, path: Path, out: Collector) -> Auth:
    """An auth key over what holds without it; completeness is judged where it is used (`rules`)."""
    issuer = read_https(raw["issuerUrl"], (*path, "issuerUrl"), out) if raw.get("issuerUrl") else base.issuer
    return Auth(
        type=raw.get("type", base.type),
        issuer=issuer,
        audience=raw.get("audience") or base.audience,
        tool_roles=raw.get("toolRoles", base.tool_roles),
        exchange=_read_exchange(raw.get("tokenExchange") or {}, base.exchange, (*path, "tokenExchange"), out),
        path=path,
    )


def _read_exchange(raw: Raw, base: Exchange | None, path: Path, out: Collector) -> Exchange | None:
    """The token exchange, key over key; None where nothing of it is written anywhere."""
    url = read_https(raw["url"], (*path, "url"), out) if raw.get("url") else base.url if base else ""
    reference = raw.get("sharedSecretRef") or {}
    old = base.secret if base else SecretKey("", _KEY)
    secret = SecretKey(reference.get("name") or old.name, reference.get("key") or old.key)
    if secret.name and reference:
        secret = read_secret(secret._asdict(), _KEY, (*path, "sharedSecretRef"), out)
    scope = raw.get("scope") or (base.scope if base else "openid")
    return Exchange(url, secret, scope) if url or secret.name else None
