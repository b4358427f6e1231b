"""Names of objects and of what stands inside them, within 63 characters."""

from __future__ import annotations

from mcpfence.documents.digests import sha256

LIMIT = 63
"""The API allows 253 for a NetworkPolicy, but EKS stopped enforcing policies with longer names (facts on providers,
section 5), some engines and group names follow the label form, and one limit for all is one that people can learn."""


def limited(name: str) -> str:
    """The name itself, or its beginning and 8 hex digits of its hash where it is longer than 63 characters."""
    if len(name) <= LIMIT:
        return name
    digest = sha256(name.encode()).hexdigest()[:8]
    return f"{name[: LIMIT - 9].rstrip('-.')}-{digest}"


def object_name(kind: str, name: str, purpose: str = "") -> str:
    """`mcp-server-github-egress`: the name of an object for a fence of that kind and name."""
    return limited(f"mcp-{kind}-{name}-{purpose}" if purpose else f"mcp-{kind}-{name}")
