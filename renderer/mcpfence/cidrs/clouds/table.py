"""The clouds: one row each."""

from __future__ import annotations

from mcpfence.cidrs.clouds import aws, azure, gcp, kubernetes
from mcpfence.cidrs.kinds import CloudProvider

PROVIDERS: dict[str, CloudProvider] = {
    item.name: item for item in (gcp.PROVIDER, aws.PROVIDER, azure.PROVIDER, kubernetes.PROVIDER)
}
