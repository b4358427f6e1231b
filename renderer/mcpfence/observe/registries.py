"""Names from which npx and uvx servers fetch their packages: they have a key of their own in a catalog.

A name is known as one because the catalog lists it as a registry somewhere, or because npx or uvx asks it unless it is
told otherwise.
"""

from __future__ import annotations

from mcpfence.explain.context import View
from mcpfence.findings.finding import Path
from mcpfence.imports.shared.packages import is_public_registry
from mcpfence.plan.fence import Fence
from mcpfence.reach.flows import host_names


def registry_key(view: View, fence: Fence, host: str) -> Path:
    """The list of registries to which a name belongs that a server asked for; nothing where it is no registry."""
    if fence.kind != "server" or fence.runtime not in ("npx", "uvx") or not _is_registry(view, fence.runtime, host):
        return ()
    egress = view.egress(fence)
    return ("egress", "registries", fence.runtime) if egress.registries is None else (*egress.path, "registries")


def refuses_registries(view: View, fence: Fence) -> bool:
    """Whether `registries: none` was written for a server."""
    own = view.egress(fence).registries
    return own is not None and own.empty


def _is_registry(view: View, runtime: str, host: str) -> bool:
    catalog = view.catalog
    listed = [
        *catalog.registries.values(),
        *(view.egress(one).registries for one in view.fences if one.kind == "server"),
    ]
    patterns = [domain.pattern for one in listed if one is not None for domain in one.domains]
    return is_public_registry(runtime, host) or host_names.contains(host_names.names_of(patterns), host)
