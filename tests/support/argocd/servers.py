"""The two servers of Argo CD that turn a repository into manifests, on this machine and without a cluster.

repo-server reads a Git repository and hands its files to cmp-server, the sidecar's program, which calls mcpfence as
plugin.yaml says.  Both are one program that looks at the name it is called by.  Nothing but loopback and Unix sockets
is used, redis is left out, and both are ended by their process id.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml

from argocd.wire import Message, decode, encode, present, text, texts
from control_plane import free_port
from edges import mcpfence_command
from tooling import PATIENCE, ROOT, eventually

API_VERSIONS = ("v1", "networking.k8s.io/v1/NetworkPolicy", "apps/v1", "networking.k8s.io/v1")
KUBE_VERSION = "v1.31.2+k3s1"
_SERVICE = "/repository.RepoServerService/"

Parameters = Mapping[str, str | Sequence[str]]


class GenerationError(Exception):
    """What Argo CD shows in the error panel of an application."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What of an Application matters here; a plugin of None is the dry source of Source Hydrator."""

    repository: Path
    path: str = "."
    name: str = "demo"
    namespace: str = "tools"
    plugin: str | None = "mcpfence"
    parameters: Parameters | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    exclude: str = ""
    """`directory.exclude`, which makes the source a plain directory."""
    generate_paths: str = ""
    """The annotation argocd.argoproj.io/manifest-generate-paths."""

    @property
    def source(self) -> Message:
        """`spec.source`."""
        plugin: dict[int, Any] | None = None
        if self.plugin is not None:
            given = [_parameter(name, value) for name, value in (self.parameters or {}).items()]
            env = [{1: name, 2: value} for name, value in self.env.items()]
            plugin = {1: self.plugin, 2: env, 3: given}
        directory = {3: self.exclude} if self.exclude else None
        return {1: self.url, 2: self.path, 4: "main", 10: directory, 11: plugin}

    @property
    def url(self) -> str:
        """The repository as Git fetches it."""
        return self.repository.as_uri()


def _parameter(name: str, value: str | Sequence[str]) -> Message:
    return {1: name, 5: present(value)} if isinstance(value, str) else {1: name, 4: [{1: list(value)}]}


@dataclass(slots=True, kw_only=True)
class ArgoCD:
    """Both servers, as a context manager; `folder` must have a short path, for that of a Unix socket is limited."""

    program: Path
    helm: Path
    folder: Path
    port: int = 0
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __enter__(self) -> Self:
        try:
            self._prepare()
            for name in ("mcpfence", "mcpfence-discover"):
                self._start_plugin(name)
            self._start_repo_server()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End both; cmp-server does not listen to anything milder."""
        for process in self._processes:
            process.kill()
            process.wait()
        self._processes.clear()

    @property
    def workdir(self) -> Path:
        """Where the plugin's copies of the repositories lie."""
        return self.folder / "work" / "mcpfence" / "_cmp_server"

    def log(self, name: str = "mcpfence") -> str:
        """What a server has said."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def manifests(self, application: Application) -> list[dict[str, Any]]:
        """The objects of an application; raises GenerationError with Argo CD's message."""
        request = {
            1: {1: application.url},
            2: "main",
            3: True,
            4: "app.kubernetes.io/instance",
            5: application.name,
            8: application.namespace,
            10: application.source,
            14: KUBE_VERSION,
            15: list(API_VERSIONS),
            18: True,
            19: "annotation",
            25: "default",
            26: application.generate_paths,
        }
        return [json.loads(item) for item in texts(self._call("GenerateManifest", request), 1)]

    def parameters(self, application: Application) -> dict[str, tuple[str, list[str]]]:
        """The announced parameters of an application: (string, array) by name."""
        request = {
            1: {1: application.url},
            2: application.source,
            5: application.name,
            6: True,
            7: True,
            8: "annotation",
        }
        plugin = decode(self._call("GetAppDetails", request)[6][0])
        found = [decode(item) for item in plugin[1]]
        return {text(item, 1): (text(item, 7), texts(item, 8)) for item in found}

    def _call(self, method: str, request: Message) -> dict[int, list[Any]]:
        import grpc  # here, so that the tests can say that it is missing

        options = [("grpc.max_receive_message_length", -1)]
        with grpc.insecure_channel(f"127.0.0.1:{self.port}", options=options) as channel:
            call = channel.unary_unary(_SERVICE + method, request_serializer=encode, response_deserializer=decode)
            try:
                answer: dict[int, list[Any]] = call(request, timeout=PATIENCE)
            except grpc.RpcError as error:
                raise GenerationError(error.details()) from None
        return answer

    # --- starting them ---

    def _prepare(self) -> None:
        for name in ("bin", "tmp", "sockets"):
            (self.folder / name).mkdir()
        for name in ("argocd-cmp-server", "argocd-repo-server"):
            (self.folder / "bin" / name).symlink_to(self.program)
        (self.folder / "bin" / "helm").symlink_to(self.helm)
        script = self.folder / "bin" / "mcpfence"
        source = f"PYTHONPATH='{ROOT / 'renderer'}' PYTHONDONTWRITEBYTECODE=1"
        script.write_text(f'#!/bin/sh\n{source} exec {" ".join(mcpfence_command())} "$@"\n', encoding="utf-8")
        script.chmod(0o755)

    @property
    def _environment(self) -> dict[str, str]:
        """What both get: the smallest environment, as in a sidecar."""
        path = os.pathsep.join([str(self.folder / "bin"), os.defpath, "/usr/local/bin"])
        return {
            "PATH": path,
            "ARGOCD_PLUGINSOCKFILEPATH": str(self.folder / "sockets"),
            "TMPDIR": str(self.folder / "tmp"),
        }

    def _start_plugin(self, name: str) -> None:
        """One cmp-server with the plugin.yaml of this repository; the second one gets another name."""
        config, work = self.folder / "config" / name, self.folder / "work" / name
        config.mkdir(parents=True)
        work.mkdir(parents=True)
        file = "plugin-discover.yaml" if name == "mcpfence-discover" else "plugin.yaml"
        plugin = yaml.load((ROOT / "argocd" / file).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        plugin["metadata"]["name"] = name
        (config / "plugin.yaml").write_text(json.dumps(plugin), encoding="utf-8")
        command = ["argocd-cmp-server", "--config-dir-path", str(config)]
        process = self._start(name, command, {"ARGOCD_CMP_WORKDIR": str(work)})
        self._wait(name, process, (self.folder / "sockets" / f"{name}.sock").exists)

    def _start_repo_server(self) -> None:
        self.port, metrics = free_port(), free_port()
        command = ["argocd-repo-server", "--redis", "127.0.0.1:1", "--disable-tls", "--address", "127.0.0.1"]
        command += ["--plugin-use-manifest-generate-paths"]
        command += ["--port", str(self.port), "--metrics-address", "127.0.0.1", "--metrics-port", str(metrics)]
        variables = {
            "HOME": str(self.folder),
            "ARGOCD_GPG_ENABLED": "false",
            "ARGOCD_ASK_PASS_SOCK": str(self.folder / "tmp" / "ask.sock"),
            "ARGOCD_PAUSE_GEN_AFTER_FAILED_ATTEMPTS": "0",
            "REDIS_RETRY_COUNT": "0",
        }
        process = self._start("repo-server", command, variables)
        self._wait("repo-server", process, lambda: _healthy(metrics))

    def _start(self, name: str, command: list[str], variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [str(self.folder / "bin" / command[0]), *command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**self._environment, **variables},
                cwd=self.folder,
                preexec_fn=_end_with_parent,  # noqa: PLW1509
            )
        self._processes.append(process)
        return process

    def _wait(self, name: str, process: subprocess.Popen[bytes], ready: Any) -> None:
        def ended_or_ready() -> bool:
            return process.poll() is not None or bool(ready())

        eventually(ended_or_ready, f"{name} is not ready; {self.folder / name}.log says why")
        assert process.poll() is None, self.log(name)


def _end_with_parent() -> None:
    """In the child: be killed when the parent dies, so that even a killed test run leaves nothing (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _healthy(port: int) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}/healthz?full=true", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
