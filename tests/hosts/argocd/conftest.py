"""What the tests of the Argo CD plugin can ask for: Argo CD's two servers, and Git repositories of their own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from argocd.servers import ArgoCD
from tooling import ROOT, MissingComponentError, need


def find_argocd() -> Path:
    """The program of Argo CD: MCPFENCE_ARGOCD, else what `make tools` built."""
    override = os.environ.get("MCPFENCE_ARGOCD")
    program = Path(override) if override else ROOT / ".tools" / "bin" / "argocd"
    if not os.access(program, os.X_OK):
        message = "argocd is missing: run `make tools` (needs Go), or set MCPFENCE_ARGOCD to its path"
        raise MissingComponentError(message)
    return program.resolve()


def find_grpc() -> Path:
    """The Python package grpcio, with which the tests speak to the two servers."""
    try:
        import grpc
    except ImportError as missing:
        message = "grpcio is missing: install mcpfence[test]"
        raise MissingComponentError(message) from missing
    return Path(grpc.__file__)


@pytest.fixture(scope="session")
def argocd(helm4: Path, request: pytest.FixtureRequest) -> Iterator[ArgoCD]:
    """Argo CD's repo-server with the plugin beside it; their logs stay only if a test failed."""
    program = need(find_argocd)
    need(find_grpc)
    folder = Path(tempfile.mkdtemp(prefix="argo"))  # pytest's own folders are too long for a Unix socket
    with ArgoCD(program=program, helm=helm4, folder=folder) as servers:
        yield servers
    if not request.session.testsfailed:
        shutil.rmtree(folder)
