"""What `mcpfence argocd generate` says when it refuses an application, and folders to break."""

from __future__ import annotations

from pathlib import Path

from argocd.applications import DEPLOYMENT, Files, call, chart
from edges import CATALOG, refusal

PLAIN: Files = {"values.yaml": CATALOG}
FOREIGN: Files = {"Chart.yaml": chart(), "templates/service.yaml": DEPLOYMENT, "catalog.yaml": CATALOG}


def said(folder: Path, *, helm: Path | None = None, **variables: str | None) -> str:
    """What `generate` says in a folder when it refuses it."""
    return refusal(call(folder, "generate", helm=helm, **variables))
