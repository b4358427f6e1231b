"""Calico Felix, a real NetworkPolicy data plane, as a process in a network namespace of its own making.

What Felix wants (all tried): Calico's kinds in the API server, a ClusterInformation that says the datastore is ready, a
Node with an address, and interfaces named `cali` + 11 hex digits of sha1("NAMESPACE.POD") that lead to the pods.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from control_plane import BUILT, READY_SECONDS, LabError
from packet_host import end_with_parent
from packet_net import inside, running

NODE = "node1"
COMMANDS = ("ip", "iptables", "ip6tables", "ipset", "nft", "setpriv")
"""What Felix and the lab run; Debian's packages iproute2, iptables, ipset, nftables and util-linux have them."""

_HEALTH_PORT = 9099
_SETTINGS = {
    "DATASTORETYPE": "kubernetes",
    "FELIXHOSTNAME": NODE,
    "BPFENABLED": "false",
    "XDPENABLED": "false",
    "IPTABLESBACKEND": "NFT",
    "IPV6SUPPORT": "true",
    # Workloads may send tunnel packets like any others: what is measured is NetworkPolicy and nothing beside it.
    "ALLOWVXLANPACKETSFROMWORKLOADS": "true",
    "ALLOWIPIPPACKETSFROMWORKLOADS": "true",
    "USAGEREPORTINGENABLED": "false",
    "ENDPOINTREPORTINGENABLED": "false",
    "TYPHAK8SSERVICENAME": "none",
    "HEALTHENABLED": "true",
    "HEALTHHOST": "127.0.0.1",
    "HEALTHPORT": str(_HEALTH_PORT),
    "LOGFILEPATH": "none",
    "LOGSEVERITYFILE": "none",
    "LOGSEVERITYSYS": "none",
    "LOGSEVERITYSCREEN": "Info",
}


def find_felix() -> Path:
    """MCPFENCE_FELIX, else what `make tools` built, else calico-felix on PATH; raises LabError."""
    override = os.environ.get("MCPFENCE_FELIX")
    if override and not os.access(override, os.X_OK):
        message = f"MCPFENCE_FELIX={override} cannot be run"
        raise LabError(message)
    built = BUILT / "felix"
    found = override or (str(built) if built.exists() else shutil.which("calico-felix"))
    if not found:
        message = "felix is missing: run `make tools` (needs Go), or set MCPFENCE_FELIX to its path"
        raise LabError(message)
    kinds = kinds_of(Path(found))
    if not kinds.is_dir():
        message = (
            f"{kinds} is missing: put Calico's CustomResourceDefinitions there (libcalico-go/config/crd of its source)"
        )
        raise LabError(message)
    return Path(found)


def kinds_of(program: Path) -> Path:
    """The folder of Calico's CustomResourceDefinitions, beside the program."""
    return program.with_name(f"{program.name}.crd")


def check_machine() -> None:
    """Raises LabError unless this process may make networks and the commands for it are there."""
    if os.geteuid():
        message = "only root can make network namespaces: run these tests as root, or leave them out with -m 'not lab'"
        raise LabError(message)
    missing = [name for name in COMMANDS if not shutil.which(name, path=_path())]
    if missing:
        message = f"{', '.join(missing)}: not on PATH; install iproute2, iptables, ipset, nftables and util-linux"
        raise LabError(message)


def _path() -> str:
    """PATH with the folders for root's commands, which some shells leave out."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def interface_of(namespace: str, name: str) -> str:
    """The interface on the node that leads to a pod."""
    return "cali" + hashlib.sha1(f"{namespace}.{name}".encode(), usedforsecurity=False).hexdigest()[:11]


@dataclass(slots=True, kw_only=True)
class Felix:
    """One Felix in a network namespace; started, killed and started again as a test needs it."""

    program: Path
    netns: str
    kubeconfig: Path
    log: Path
    _process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the running process."""
        return running(self._process).pid

    def start(self) -> None:
        """Start it and wait until it says that it is ready; raises LabError."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("FELIX_", "KUBE"))}
        ours = {f"FELIX_{key}": value for key, value in _SETTINGS.items()}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                ["ip", "netns", "exec", self.netns, str(self.program)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**kept, **ours, "PATH": _path(), "KUBECONFIG": str(self.kubeconfig)},
                preexec_fn=end_with_parent,  # noqa: PLW1509  # no thread is around when the lab starts
            )
        deadline = time.monotonic() + READY_SECONDS
        while not self.is_ready():
            if self._process.poll() is not None:
                message = f"felix ended with code {self._process.returncode}; read {self.log}"
                raise LabError(message)
            if time.monotonic() > deadline:
                message = f"felix was not ready after {READY_SECONDS:.0f} s; read {self.log}"
                raise LabError(message)
            time.sleep(0.05)

    def is_ready(self) -> bool:
        """Whether it says so itself."""
        with contextlib.suppress(OSError, http.client.HTTPException), inside(self.netns):
            connection = http.client.HTTPConnection("127.0.0.1", _HEALTH_PORT, timeout=2)
            try:
                connection.request("GET", "/readiness")
                return connection.getresponse().status == 200
            finally:
                connection.close()
        return False

    def kill(self) -> None:
        """End it at once, as a crash would; what it programmed stays in the kernel."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None
