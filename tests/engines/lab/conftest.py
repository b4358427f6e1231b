"""What the tests of the lab can ask for: a real API server of their own, and a client for it.

Every test here carries the marker `lab`.  Tests that share a server run in one group of pytest-xdist, so one worker
starts it once and ends it with the group (`group_ends`); tests that break their server bring one of their own.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from charting import Charting
from control_plane import ControlPlane, LabError, Programs, find_programs
from edges import Host, make_host
from find_helm import inspect
from gateways.definitions import FOLDERS
from lab.api import Api
from lab.cluster import Cluster
from lab.manifests import add_crds
from tiers.judge import find_kube_network_policies, kinds_of
from tooling import MissingComponentError, need

HERE = Path(__file__).parent
GROUPS = {
    "test_cluster_wide": "objects",
    "test_gateway_apply": "objects",
    "test_half_applied": "objects",
    "test_pod_security": "pods",
    "test_rbac": "pods",
    "test_run_admission": "pods",
    "test_releases": "releases",
    "test_release_size": "sizes",
    "test_window": "sizes",
}
"""Which files share a server; a file that is not here has one of its own."""

ENGINES = ("aviatrix", "cilium", "eks", "gke", "calico-enterprise", "antrea")
"""Folders of shared/crds with the kinds that providers emit."""


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests of this folder."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.lab)
            if "control_plane" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.xdist_group(f"lab-{GROUPS.get(item.path.stem, item.path.stem)}"))


@pytest.fixture(scope="session")
def programs(request: pytest.FixtureRequest) -> Programs:
    """Etcd and kube-apiserver; as a parameter, of which release (`find_programs`)."""
    release = getattr(request, "param", "")

    def apiserver() -> Path:
        try:
            return find_programs(release).apiserver
        except LabError as missing:
            raise MissingComponentError(missing) from missing

    need(apiserver)
    return find_programs(release)


@pytest.fixture(scope="session")
def control_plane(
    programs: Programs, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[ControlPlane]:
    """The API server that the tests of one group share; its logs stay only if a test failed."""
    folder = tmp_path_factory.mktemp("lab") / "server"
    with ControlPlane(folder=folder, programs=programs) as server:
        yield server
    if not request.session.testsfailed:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def bare_api(control_plane: ControlPlane) -> Iterator[Api]:
    """A client for it, as admin."""
    with closing(Api(control_plane.url, control_plane.ca, control_plane.token)) as client:
        yield client


@pytest.fixture(scope="session")
def api(bare_api: Api, shared: Path) -> Api:
    """The same, and the server knows the vendor's kinds."""
    for folder in ENGINES:
        add_crds(bare_api, shared / "crds" / folder)
    return bare_api


@pytest.fixture(scope="session")
def every_kind(bare_api: Api, shared: Path) -> Api:
    """The same, and from now on the server knows the kinds of the gateway and of every provider, too."""
    for folder in (*ENGINES, *FOLDERS):
        add_crds(bare_api, shared / "crds" / folder)
    add_crds(bare_api, kinds_of(need(find_kube_network_policies), "experimental"))
    return bare_api


@pytest.fixture(scope="session", params=[3, 4], ids=["helm3", "helm4"])
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Host:
    """Each helm in turn, with mcpfence in place."""
    helm = request.getfixturevalue(f"helm{request.param}")
    return make_host(helm, request.param, tmp_path_factory.mktemp("host") / "home")


@pytest.fixture(scope="session")
def cluster(host: Host, api: Api, control_plane: ControlPlane) -> Cluster:
    """Each helm against that server."""
    return Cluster(host=host, api=api, kubeconfig=control_plane.kubeconfig)


@pytest.fixture(scope="session")
def chart(helm4: Path, tmp_path_factory: pytest.TempPathFactory) -> Charting:
    """The chart; what it prints does not depend on which helm prints it (tests/hosts/chart)."""
    helm = inspect(helm4)
    assert helm
    return Charting(helm, tmp_path_factory.mktemp("chart"))
