"""A pod of a rendered Deployment, run: its command, environment, user, volumes and read-only rules, all as rendered.

What the cluster adds in real life is added here too: the service account's token and certificate, resolv.conf and
hosts, the address of the API server in the environment, and PATH, which comes from the image.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packet_world import Pod

Document = dict[str, Any]

HERE = Path(__file__).parent
IMAGE_PATH = "/image:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""PATH of the image: what it brings, then what every image has."""

TOKENS = "/var/run/secrets/kubernetes.io/serviceaccount"
_USERS = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
"""The images of uv and node know no user whose home would help; HOME does."""

_NUMBERS = itertools.count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the node gives every container of a namespace."""

    folder: Path
    """For the files that are mounted, and for logs."""
    resolv: str
    environment: Mapping[str, str]
    image: Mapping[str, Path]
    """Programs of the image by name."""


@dataclass(slots=True, kw_only=True)
class Container:
    """The one container of a server's pod."""

    deployment: Document
    pod: Pod
    around: Surroundings
    token: Mapping[str, bytes] = field(default_factory=dict)
    """The files of the service account's volume; empty where none is mounted."""
    _process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """Of the server."""
        return str(self.deployment["metadata"]["name"])

    @property
    def template(self) -> Document:
        """The pod's spec as rendered."""
        found: Document = self.deployment["spec"]["template"]["spec"]
        return found

    @property
    def rendered(self) -> Document:
        """The container as rendered."""
        (found,) = self.template["containers"]
        return dict(found)

    @property
    def port(self) -> int:
        """On which the server listens."""
        return int(self.rendered["ports"][0]["containerPort"])

    @property
    def log(self) -> Path:
        """What the container prints."""
        return self.around.folder / f"{self.name}.log"

    def spec(self, command: list[str] | None = None) -> Document:
        """For container.py; `command` is another one in the same container."""
        home = self.around.folder / f"{self.name}-{next(_NUMBERS)}"
        (home / "root").mkdir(parents=True)
        user, container = self.template["securityContext"], self.rendered
        security = container["securityContext"]
        assert security["capabilities"] == {"drop": ["ALL", "NET_RAW"]}
        volumes = {volume["name"]: volume for volume in self.template["volumes"]}
        assert all(volume.keys() == {"name", "emptyDir"} for volume in volumes.values())
        files = {"/etc/resolv.conf": self.around.resolv, "/etc/hosts": "127.0.0.1 localhost\n", "/etc/passwd": _USERS}
        mounted = {path: _write(home / path.replace("/", "-"), text.encode()) for path, text in files.items()}
        mounted |= {f"{TOKENS}/{name}": _write(home / name, text) for name, text in self.token.items()}
        return {
            "root": str(home / "root"),
            "hostname": self.pod.name,
            "user": user["runAsUser"],
            "group": user["runAsGroup"],
            "fsGroup": user["fsGroup"],
            "noNewPrivileges": not security["allowPrivilegeEscalation"],
            "readOnly": security["readOnlyRootFilesystem"],
            "folders": [mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] in volumes],
            "files": mounted,
            "image": {name: str(path) for name, path in self.around.image.items()},
            "env": {"PATH": IMAGE_PATH, "HOSTNAME": self.pod.name, **self.around.environment, **self.environment},
            "command": [*container["command"], *container.get("args", [])] if command is None else command,
        }

    @property
    def environment(self) -> dict[str, str]:
        """Exactly the variables of the Deployment."""
        return {variable["name"]: variable["value"] for variable in self.rendered["env"]}

    def exec(self, command: list[str] | None = None, **how: Any) -> subprocess.Popen[bytes]:
        """Start the rendered command, or another one, in a container of its own in the pod's network."""
        found = self.spec(command)
        file = Path(found["root"]).with_name("spec.json")
        file.write_text(json.dumps(found), encoding="utf-8")
        apart = ["unshare", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child=KILL"]
        return self.pod.exec([*apart, sys.executable, "-I", "-B", HERE / "container.py", file], **how)

    def start(self) -> None:
        """Start the server."""
        with self.log.open("wb") as log:
            self._process = self.exec(stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def ended(self) -> str:
        """Why it does not run; empty while it does."""
        if self._process is None or self._process.poll() is None:
            return ""
        return f"{self.name} ended with code {self._process.returncode}; it said: {self.said()}"

    def said(self) -> str:
        """The end of its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-2000:]

    def main_pid(self) -> int:
        """The pid, on this machine, of the container's first process."""
        assert self._process
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return int(children.read_text(encoding="ascii").split()[0])

    def stop(self) -> None:
        """End it, with everything that it started: they share a namespace of processes whose first one goes."""
        if self._process:
            with contextlib.suppress(OSError):
                self._process.kill()
            self._process.wait()
            self._process = None


def _write(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    path.chmod(0o644)
    return str(path)
