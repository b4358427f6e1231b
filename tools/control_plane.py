"""A real Kubernetes API server without a cluster: etcd and kube-apiserver on loopback, in a folder of their own.

There are no nodes, controllers or schedulers: pods stay Pending, and a deleted namespace stays Terminating until
somebody finalizes it.  Both programs are built by `make tools`; the flags are explained in docs/evidence.md.
"""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from lab_files import write_files

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / ".tools" / "bin"
READY_SECONDS = 120.0
"""How long a start may take; on an idle machine it takes three, on a crowded one twenty."""


class LabError(Exception):
    """A program of the lab is missing or does not run; the message says how to get it, or which log to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """The two programs of a control plane."""

    etcd: Path
    apiserver: Path


NEWER = "1.37"
"""The release of Kubernetes beside the one that most tests use."""


def find_programs(release: str = "") -> Programs:
    """MCPFENCE_ETCD and MCPFENCE_KUBE_APISERVER, else what `make tools` built, else those on PATH; raises LabError.

    With a release the API server of that one, which MCPFENCE_KUBE_APISERVER_1_37 names.
    """
    name, variable = "kube-apiserver", "MCPFENCE_KUBE_APISERVER"
    if release:
        name, variable = f"{name}-{release}", f"{variable}_{release.replace('.', '_')}"
    return Programs(etcd=_find("etcd", "MCPFENCE_ETCD"), apiserver=_find(name, variable))


def _find(name: str, variable: str) -> Path:
    override = os.environ.get(variable)
    if override and not os.access(override, os.X_OK):
        message = f"{variable}={override} cannot be run"
        raise LabError(message)
    built = BUILT / name
    found = override or (str(built) if built.exists() else shutil.which(name))
    if not found:
        message = f"{name} is missing: run `make tools` (needs Go), or set {variable} to its path"
        raise LabError(message)
    return Path(found)


@dataclass(slots=True, kw_only=True)
class ControlPlane:
    """One API server with its etcd.  `start` and `stop` it, or use it as a context manager."""

    folder: Path
    """Empty or absent; logs, certificates and data lie here."""
    programs: Programs
    prefix: Sequence[str] = ()
    """What to run the programs with, such as `ip netns exec NAME`; it must end in exec, so that the pid is theirs."""
    etcd_flags: Sequence[str] = ()
    apiserver_flags: Sequence[str] = ()
    detached: bool = False
    """Whether the programs outlive this process; else they end with it, however it ends."""
    ports: tuple[int, int, int] = (0, 0, 0)
    """Of the API server, of etcd for clients, of etcd for peers; 0 is any free one."""
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    pids: dict[str, int] = field(default_factory=dict)
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address of the API server."""
        return f"https://127.0.0.1:{self.ports[0]}"

    @property
    def etcd_url(self) -> str:
        """Where etcd answers, gRPC and JSON alike."""
        return f"http://127.0.0.1:{self.ports[1]}"

    @property
    def ca(self) -> Path:
        """The certificate to trust; the API server makes it when it starts for the first time."""
        return self.folder / "certs" / "apiserver.crt"

    @property
    def kubeconfig(self) -> Path:
        """For kubectl and helm, as a member of system:masters."""
        return self.folder / "kubeconfig"

    @property
    def audit_log(self) -> Path:
        """One JSON document a line for each request that the API server saw."""
        return self.folder / "audit.log"

    def log(self, name: str) -> Path:
        """What `etcd` or `kube-apiserver` says."""
        return self.folder / f"{name}.log"

    def start(self) -> None:
        """Start both and wait until the API server is ready; raises LabError with the log to read."""
        api, clients, peers = (port or free_port() for port in self.ports)
        self.ports = (api, clients, peers)
        write_files(self.folder, self.url, self.ca, self.token)
        try:
            self.start_etcd()
            self.start_apiserver()
        except BaseException:
            self.stop()
            raise

    def start_etcd(self) -> None:
        """Start etcd on the data that is there; whoever needs it waits for it."""
        _, clients, peers = (f"http://127.0.0.1:{port}" for port in self.ports)
        self._spawn(
            "etcd",
            [
                str(self.programs.etcd),
                f"--data-dir={self.folder / 'etcd'}",
                f"--listen-client-urls={clients}",
                f"--advertise-client-urls={clients}",
                f"--listen-peer-urls={peers}",
                f"--initial-advertise-peer-urls={peers}",
                f"--initial-cluster=default={peers}",
                "--unsafe-no-fsync",
                "--logger=zap",
                "--log-outputs=stderr",
                *self.etcd_flags,
            ],
        )

    def start_apiserver(self) -> None:
        """Start the API server on its port and wait until it is ready."""
        folder, (port, etcd, _) = self.folder, self.ports
        self._spawn(
            "kube-apiserver",
            [
                str(self.programs.apiserver),
                f"--etcd-servers=http://127.0.0.1:{etcd}",
                "--bind-address=127.0.0.1",
                "--advertise-address=127.0.0.1",
                f"--secure-port={port}",
                f"--cert-dir={folder / 'certs'}",
                f"--token-auth-file={folder / 'tokens.csv'}",
                "--authorization-mode=RBAC",
                "--service-account-issuer=https://kubernetes.default.svc",
                f"--service-account-key-file={folder / 'sa.key'}",
                f"--service-account-signing-key-file={folder / 'sa.key'}",
                "--service-cluster-ip-range=10.96.0.0/16",
                # No controller makes the default ServiceAccount that this plugin wants every pod to have.
                "--disable-admission-plugins=ServiceAccount",
                "--endpoint-reconciler-type=none",
                "--allow-privileged=true",
                f"--audit-policy-file={folder / 'audit-policy.json'}",
                f"--audit-log-path={self.audit_log}",
                *self.apiserver_flags,
            ],
        )
        self.await_ready()

    def await_ready(self) -> None:
        """Wait until the API server says that it is ready, its store included; raises LabError with the log to read."""
        self._wait("kube-apiserver", self._is_ready)

    def runs(self, name: str) -> bool:
        """Whether `etcd` or `kube-apiserver` was started and has not ended."""
        return name in self._running and self._running[name].poll() is None

    def kill(self, name: str) -> None:
        """End `etcd` or `kube-apiserver` at once, as a crash would."""
        process = self._running.pop(name, None)
        if process:
            process.kill()
            process.wait()
        self.pids.pop(name, None)

    def stop(self) -> None:
        """End both and remove the data; logs stay."""
        for name in ("kube-apiserver", "etcd"):
            self.kill(name)
        shutil.rmtree(self.folder / "etcd", ignore_errors=True)

    def _spawn(self, name: str, command: Sequence[str]) -> None:
        # Collecting garbage less often saves an API server a tenth of the time of its start, for 100 MB more.
        kept = {"GOGC": "400"} | {k: v for k, v in os.environ.items() if not k.startswith(("ETCD_", "KUBE"))}
        with self.log(name).open("ab") as log:
            try:
                process = subprocess.Popen(
                    [*self.prefix, *command],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=kept,
                    start_new_session=self.detached,
                    preexec_fn=None if self.detached else _end_with_parent,  # noqa: PLW1509
                )
            except OSError as error:
                message = f"{name} cannot be started: {error}"
                raise LabError(message) from error
        self._running[name] = process
        self.pids[name] = process.pid

    def _wait(self, name: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not ready():
            for other, process in self._running.items():
                if process.poll() is not None:
                    message = f"{other} ended with code {process.returncode}; read {self.log(other)}"
                    raise LabError(message)
            if time.monotonic() > deadline:
                message = f"{name} was not ready after {READY_SECONDS:.0f} s; read {self.log(name)}"
                raise LabError(message)
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.get("/readyz")[0] == 200
        return False

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of one GET as admin; raises OSError while the server is not there."""
        context = ssl.create_default_context(cafile=str(self.ca))
        connection = http.client.HTTPSConnection("127.0.0.1", self.ports[0], timeout=5, context=context)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def free_port() -> int:
    """One that nobody listens on, below those from which the kernel takes the local ports of outgoing connections.

    It is some seconds until the program listens, and such a connection could take it meanwhile; so could somebody else
    who asks here, in another process, so the port is marked as given.
    """
    while True:
        port = 10_000 + secrets.randbelow(20_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            _mark(port)
            return port


def _mark(port: int) -> None:
    """Take a name for the port that one process can have, until it ends; raises OSError if another one has it."""
    if sys.platform == "linux":  # which has names that are no files
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as mark:
            mark.bind(f"\0mcpfence-port-{port}")
            mark.detach()


def _end_with_parent() -> None:
    """In the child: be killed when the parent dies, so that even a killed test run leaves nothing (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
