"""From the `run` keys of a catalog to `Run` values: what each server's pod executes, with which settings.

Only hosted servers run.  Everything in doubt is an error here, before anything is written: a missing image, a secret in
clear, a user 0, a port that nobody could call.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from mcpfence.catalog.digest import runs
from mcpfence.catalog.model import Server
from mcpfence.catalog.run.account_reader import read_account
from mcpfence.catalog.run.bridge_reader import check_variables
from mcpfence.catalog.run.bridges import Bridge, memory_of, readiness_command
from mcpfence.catalog.run.container_reader import ContainerReader
from mcpfence.catalog.run.environment_reader import check_text, read_env, refuse_secret, with_offline
from mcpfence.catalog.run.model import USER, Placement, Run
from mcpfence.catalog.run.pod_labels import LABEL, OWN_LABELS, excluded, labels_for, server_labels
from mcpfence.catalog.run.resources_reader import MEMORY, check_plain, filled, ordered, read_resources, read_size
from mcpfence.documents.digests import sha256
from mcpfence.findings.finding import Collector, Path, quote
from mcpfence.text.secret_detection import secret_anywhere

Raw = Mapping[str, Any]
Resources = dict[str, dict[str, str]]

_MESH_PORTS = (15001, 15006, 15008, 15020, 15021, 15090)
"""Ports that Istio's proxies use inside a pod or for it (Istio's documentation, "Ports used by Istio")."""

_RELAXED_NAMES = 36
"""Since this minor version of Kubernetes a Service's name may be any DNS label (RFC 1123), not only one of RFC 1035."""

_FOLDER = re.compile(r"/[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*\Z")
_NO_FOLDERS = ("dev", "files", "proc", "sys")
"""What the container's runtime mounts itself, and our folder of Secrets, which cannot be written."""
_OWN_FOLDERS = ("/tmp", "/home/mcp", "/files")  # noqa: S108 - mounts inside the pod


def read_runs(
    servers: Mapping[str, Server], raw: Raw, *, release: str, namespace: str, families: frozenset[int], out: Collector
) -> dict[str, Server]:
    """The servers with their `run` filled in where mcpfence runs them; `namespace` is that of the fences."""
    defaults = raw.get("mcpServerDefaults") or {}
    placement = _read_placement(defaults, out)
    digits = _may_begin_with_digit((raw.get("cluster") or {}).get("kubernetesVersion"), out)
    resources = read_resources(defaults.get("resources"), ("mcpServerDefaults", "resources"), out)
    found = dict(servers)
    for name, server in servers.items():
        written = raw["servers"][name]
        if not runs(raw, written):
            continue
        if not server.hosted:
            sentence = f"a {server.runtime} server has no pods here, so there is nothing to run"
            out.add("runtime-key", (*server.path, "run"), sentence, "remove it")
            continue
        run = _Reader(server, written, defaults, placement, resources, release, out).read(families, namespace)
        if run is not None:
            found[name] = server._replace(run=run)
        if name[:1].isdigit() and not digits:
            _refuse_name(server, out)
    if (raw.get("cluster") or {}).get("mesh") == "ambient":
        _check_mesh(found, out)
    return found


def _may_begin_with_digit(version: str | None, out: Collector) -> bool:
    """Whether every API server of this minor version takes a Service whose name begins with a digit."""
    if version is None:
        return False
    minor = re.fullmatch(r"1\.([0-9]{1,3})", version)
    if minor is None:
        sentence = f"{quote(version)} is no minor version of Kubernetes"
        out.add("type", ("cluster", "kubernetesVersion"), sentence, 'write one such as "1.36"')
        return False
    return int(minor[1]) >= _RELAXED_NAMES


def _refuse_name(server: Server, out: Collector) -> None:
    sentence = f"a Service cannot be called {server.name}: its name begins with a digit"
    newer = f'cluster.kubernetesVersion: "1.{_RELAXED_NAMES}" if all clusters have that'
    todo = f"let it begin with a letter, or write {newer}"
    out.add("run-name", server.path, sentence, todo)


def _check_mesh(servers: Mapping[str, Server], out: Collector) -> None:
    for server in servers.values():
        if server.run is not None and server.port in _MESH_PORTS:
            sentence = f"port {server.port} belongs to the mesh (cluster.mesh: ambient)"
            out.add("run-port", server.path, sentence, "let the server listen on another port")


def _read_placement(defaults: Raw, out: Collector) -> Placement:
    for key in ("affinity", "tolerations"):
        check_plain(defaults.get(key) or {}, ("mcpServerDefaults", key), out)
    return Placement(
        pull_policy=defaults.get("imagePullPolicy", "Always"),
        pull_secrets=tuple(item["name"] for item in defaults.get("imagePullSecrets") or ()),
        node_selector=tuple(sorted((defaults.get("nodeSelector") or {}).items())),
        affinity=ordered(defaults.get("affinity") or {}),
        tolerations=tuple(ordered(item) for item in defaults.get("tolerations") or ()),
        runtime_class=defaults.get("runtimeClassName", ""),
        volume_size=read_size(defaults.get("volumeSizeLimit"), ("mcpServerDefaults", "volumeSizeLimit"), out),
    )


class _Reader:
    """Reads one server; `path` is where its faults are reported."""

    def __init__(
        self,
        server: Server,
        raw: Raw,
        defaults: Raw,
        placement: Placement,
        resources: Resources,
        release: str,
        out: Collector,
    ) -> None:
        self.server, self.raw, self.defaults, self.placement, self.out = server, raw, defaults, placement, out
        self.resources, self.release = resources, release
        written = raw.get("run")
        self.run: Raw = written if isinstance(written, Mapping) else {}
        self.path: Path = server.path

    def read(self, families: frozenset[int], namespace: str) -> Run | None:
        """Everything that is needed, or None after an error that leaves nothing to run."""
        self._check_name(namespace)
        self._check_ports()
        labels = self._labels()
        started = ContainerReader(self.server, self.raw, self.defaults, self.out).read(families)
        env = read_env(self.server.name, namespace, self.raw.get("env") or (), (*self.path, "env"), self.out)
        writable, user, account = (
            self._writable(),
            self._user(),
            read_account(self.run, self.server, self._check_text, self.out),
        )
        resources = self._resources(started.bridge if started else None)
        if started is None or labels is None:
            return None
        bridge = started.bridge
        if bridge is not None:
            check_variables(bridge, env, (*self.path, "env"), self.out)
        made = Run(
            image=started.image,
            port=self.server.port,
            labels=labels,
            release=self.release,
            command=started.command,
            args=started.args,
            bridged=bridge is not None,
            readiness=readiness_command(bridge, self.server.port) if bridge else (),
            env=with_offline(self.server.runtime, env),
            resources=resources,
            read_only=self.run.get("readOnlyRootFilesystem", True),
            writable=writable,
            volume_size=self._volume_size(),
            user=user,
            account=account,
            placement=self.placement,
        )
        if not self.out.failed and secret_anywhere(made):  # a label, a node's selector, the text of an argument
            refuse_secret(self.path, self.out)
        return made._replace(checksum=_checksum(made, self.run.get("restart", "")))

    def _check_name(self, namespace: str) -> None:
        """The Service has the server's name."""
        if (namespace, self.server.name) == ("default", "kubernetes"):
            sentence = "Service default/kubernetes is the API server's own, which every pod of the cluster asks for"
            self.out.add("run-name", self.path, sentence, "rename the server, or give it a namespace of its own")

    def _check_ports(self) -> None:
        ports, own = self.server.ingress.ports, self.server.port
        if ports is not None and not any(p.protocol == "TCP" and p.first <= own <= p.last for p in ports):
            sentence = f"the server listens on {own}, and ingress.ports does not open it: nobody could call it"
            todo = f"add {own} to ingress.ports, or remove them"
            self.out.add("run-port", (*self.path, "ingress", "ports"), sentence, todo)

    def _labels(self) -> tuple[tuple[str, str], ...] | None:
        """Labels for the pod that the server's one selector selects."""
        if len(self.server.selectors) > 1:
            sentence = "several selectors stand for pods that somebody else makes, and mcpfence would make one pod"
            self.out.add("run-selector", (*self.path, "podSelector"), sentence, "write one selector, or run: false")
            return None
        selector = self.server.selectors[0]
        labels = labels_for(selector)
        if not labels:
            sentence = "the selector names no label that a pod of this server must have"
            self.out.add("run-selector", (*self.path, "podSelector"), sentence, "write matchLabels")
            return None
        # A Service cannot exclude labels, so it would lead to the pods of others too.
        own = {LABEL: self.server.name} if any(key not in dict(labels) for key in excluded(selector)) else {}
        labels = tuple(sorted({**own, **dict(labels)}.items()))
        pod = {**OWN_LABELS, **server_labels(self.server.name, self.release), **dict(labels)}
        if any(key in pod and (not values or pod[key] in values) for key, values in excluded(selector).items()):
            sentence = "the selector excludes a label that every pod has which mcpfence runs"
            self.out.add("run-selector", (*self.path, "podSelector"), sentence, "write other labels, or run: false")
            return None
        return labels

    def _check_text(self, text: str, path: Path) -> None:
        check_text(text, path, self.out)

    def _resources(self, bridge: Bridge | None) -> Resources:
        if "resources" in self.run:
            return read_resources(self.run["resources"], (*self.path, "run", "resources"), self.out)
        return filled(self.resources, memory_of(bridge, MEMORY))

    def _volume_size(self) -> str:
        if "volumeSizeLimit" in self.run:
            return read_size(self.run["volumeSizeLimit"], (*self.path, "run", "volumeSizeLimit"), self.out)
        return self.placement.volume_size

    def _writable(self) -> tuple[str, ...]:
        found = set()
        for i, text in enumerate(self.run.get("writablePaths") or ()):
            path = (*self.path, "run", "writablePaths", i)
            if not _FOLDER.match(text) or ".." in text.split("/"):
                sentence = f"{quote(text)} is no absolute path of a folder"
                self.out.add("run-path", path, sentence, "write one such as /var/cache/app")
            elif text in _OWN_FOLDERS:
                self.out.add("run-path", path, f"{text} is a volume already", "remove it")
            elif text.split("/")[1] in _NO_FOLDERS:
                self.out.add("run-path", path, f"no volume can be mounted at {text}", "write another folder")
            else:
                found.add(text)
        return tuple(sorted(found))

    def _user(self) -> int:
        user = int(self.run.get("runAsUser", USER))
        if not 1 <= user < 2**31:
            sentence = f"{user} is no user that a restricted namespace admits"
            self.out.add("run-user", (*self.path, "run", "runAsUser"), sentence, "write a number of 1 or more")
        return user


def _checksum(run: Run, restart: str) -> str:
    """A digest of what the pod is made of; it changes with `restart`, and so the pod is made anew."""
    text = json.dumps((run, restart), sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()[:16]
