"""The custom resources that gateway objects are of: where their definitions are, and what those add to an object."""

from __future__ import annotations

FOLDERS = ("gateway-api", "istio", "kuadrant-operator", "kuadrant-mcp")
"""Folders of shared/crds."""

VERSIONS = (
    *("gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1beta1", "networking.istio.io/v1"),
    *("kuadrant.io/v1", "mcp.kuadrant.io/v1"),
)

ADDED = {
    "Gateway": {"+ status"},
    "Service": {"+ status", "+ spec.sessionAffinity"},
    "MCPGatewayExtension": {"+ spec.maxBodyBytes"},  # newer than the oldest release that has v1
    "MCPServerRegistration": {"+ spec.category"},
    "AuthPolicy": {
        # Authorino's defaults, on every evaluator.
        *(
            f"+ spec.{place}{part}"
            for place in ("rules.", "defaults.rules.")
            for part in (
                *("authentication.oidc.metrics", "authentication.oidc.priority"),
                *("authentication.public.metrics", "authentication.public.priority"),
                *("metadata.oauth-token-exchange.metrics", "metadata.oauth-token-exchange.priority"),
                *(
                    f"authorization.{name}.{key}"
                    for name in (
                        *("token", "audience-check", "scoped-audience-check", "authorized-capabilities"),
                        *("tool-access-check", "prompt-access-check", "resource-access-check"),
                    )
                    for key in ("metrics", "priority")
                ),
                *(
                    f"response.success.headers.{name}.{key}"
                    for name in ("authorization", "x-mcp-authorized")
                    for key in (*("metrics", "priority"),)
                ),
            )
        ),
        "+ spec.defaults.strategy",
    },
}
"""What the definitions' defaults add to what we write."""
