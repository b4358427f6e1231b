"""MCP servers declared elsewhere (Obot, Docker, ToolHive, ...) become a catalog: kept or narrowed, never widened.

To add a format: a package with a `FORMAT` (see `shared.format.Format`), one row in `FORMATS`, a folder of cases in
tests/commands/imports/cases, a page docs/import/NAME.md.
"""

from __future__ import annotations

from mcpfence.imports.docker.read import FORMAT as DOCKER
from mcpfence.imports.kmcp.read import FORMAT as KMCP
from mcpfence.imports.kuadrant.read import FORMAT as KUADRANT
from mcpfence.imports.kubemcp.read import FORMAT as KUBEMCP
from mcpfence.imports.kubernetes.read import FORMAT as KUBERNETES
from mcpfence.imports.kubescape.read import FORMAT as KUBESCAPE
from mcpfence.imports.librechat.read import FORMAT as LIBRECHAT
from mcpfence.imports.lifecycle.read import FORMAT as MCP_LIFECYCLE
from mcpfence.imports.mcp_json.read import FORMAT as MCP_JSON
from mcpfence.imports.obot.read import FORMAT as OBOT
from mcpfence.imports.server_json.read import FORMAT as SERVER_JSON
from mcpfence.imports.shared.format import Format
from mcpfence.imports.smithery.read import FORMAT as SMITHERY
from mcpfence.imports.toolhive.read import FORMAT as TOOLHIVE

_DECLARED = (OBOT, DOCKER, TOOLHIVE, SERVER_JSON, MCP_JSON, LIBRECHAT, SMITHERY)
_RESOURCES = (MCP_LIFECYCLE, KMCP, KUBEMCP, KUADRANT, KUBESCAPE, KUBERNETES)

FORMATS: dict[str, Format] = {item.name: item for item in (*_DECLARED, *_RESOURCES)}
"""By name.  `auto` gives a document to the first that recognises it."""

__all__ = ["FORMATS", "Format"]
