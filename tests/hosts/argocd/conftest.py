"""What the tests of the Argo CD plugin can ask for: Argo CD's two servers, and Git repositories of their own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from argocd.servers import ArgoCD
from tooling import MissingComponentError, find_built, need


def find_argocd() -> Path:
    """The program of Argo CD; MCPFENCE_ARGOCD names another one."""
    return find_built("argocd", "MCPFENCE_ARGOCD").resolve()


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
