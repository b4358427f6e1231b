"""What may befall a cluster in the middle of a helm run, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Protocol

from control_plane import ControlPlane
from lab.api import Api
from lab.history import History
from lab.small_disk import SmallDisk
from tooling import MissingComponentError, eventually, need

FILLER = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"filler": "x" * 1_000_000}}


class Fault(Protocol):
    """Made before the server is started, since it may want flags of its own."""

    def befall(self) -> None:
        """Let it happen, and come back when it has happened."""

    def mend(self) -> None:
        """Put the cluster right, as an operator would; nothing that was acknowledged is lost."""

    def close(self) -> None:
        """Remove what it needed; the server has stopped."""


class ApiServerKilled:
    """A SIGKILL, as from the kernel that is out of memory; somebody starts it again."""

    def __init__(self, server: ControlPlane) -> None:
        self._server = server

    def befall(self) -> None:
        self._server.kill("kube-apiserver")

    def mend(self) -> None:
        self._server.start_apiserver()

    def close(self) -> None:
        pass


class StoreFull:
    """Etcd has no room left by its own quota and refuses every write; reads and deletions go on."""

    def __init__(self, server: ControlPlane) -> None:
        self._server = server
        server.etcd_flags = ("--quota-backend-bytes=8000000",)

    def befall(self) -> None:
        with closing(Api(self._server.url, self._server.ca, self._server.token)) as api:
            said = ""
            for number in range(100):
                answer = api.create({**FILLER, "metadata": {"name": f"filler-{number}", "namespace": "default"}})
                said = answer.message
                if not answer.ok:
                    break
        assert "database space exceeded" in said

    def mend(self) -> None:
        self._server.kill("etcd")
        self._server.etcd_flags = ()
        self._server.start_etcd()
        history = History(self._server.etcd_url)
        history.await_there()
        self._server.await_ready()
        for alarm in history.call("maintenance/alarm", action="GET")["alarms"]:
            history.call("maintenance/alarm", action="DEACTIVATE", **alarm)

    def close(self) -> None:
        pass


class DiskFull:
    """The disk of etcd's data has no byte left: etcd dies in the middle of a write, and the API server is ended too.

    Left alone, the API server would let each request of helm wait for a minute before it says no.
    """

    def __init__(self, server: ControlPlane) -> None:
        self._disk = _small_disk(server.folder / "etcd")
        self._server = server
        server.prefix = self._disk.prefix

    def befall(self) -> None:
        self._disk.fill()
        history = History(self._server.etcd_url)

        def died() -> bool:
            with suppress(OSError):
                history.call("kv/put", key="eA==", value="eHh4" * 10_000)
            return not self._server.runs("etcd")

        eventually(died, "etcd still runs on a full disk")
        self._server.kill("kube-apiserver")

    def mend(self) -> None:
        self._disk.clear()
        self._server.kill("etcd")
        self._server.start_etcd()
        self._server.start_apiserver()

    def close(self) -> None:
        self._disk.close()


def _small_disk(place: Path) -> SmallDisk:
    """The disk; where none can be made the test is skipped, or fails where everything is required."""
    try:
        return SmallDisk(place)
    except OSError as error:
        message = f"a small disk cannot be mounted ({error}): run as root with CAP_SYS_ADMIN, and install util-linux"

    def absent() -> Path:
        raise MissingComponentError(message)

    need(absent)
    raise AssertionError


FAULTS: dict[str, Callable[[ControlPlane], Fault]] = {
    "API server killed": ApiServerKilled,
    "store full": StoreFull,
    "disk full": DiskFull,
}
