"""From the `run` keys of a catalog to `Run` values: what each server's pod executes, with which settings.

Only hosted servers run.  Everything in doubt is an error here, before anything is written: a missing image, a secret in
clear, a user 0, a port that nobody could call.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from mcpfence.catalog.digest import runs
from mcpfence.catalog.model import Server
from mcpfence.catalog.run.account_reader import read_account
from mcpfence.catalog.run.commands import (
    BRIDGES,
    IMAGES,
    bridged,
    image_name,
    known_bridge,
    package_command,
    pinned_image,
    pinned_package,
)
from mcpfence.catalog.run.environment_reader import WITHHELD, read_args, read_env
from mcpfence.catalog.run.model import USER, Placement, Run
from mcpfence.catalog.run.pod_labels import LABEL, OWN_LABELS, excluded, labels_for
from mcpfence.catalog.run.resources_reader import check_plain, ordered, read_resources, with_request
from mcpfence.catalog.run.secret_detection import secret_text
from mcpfence.findings.finding import Collector, Path, quote

Raw = Mapping[str, Any]
Resources = dict[str, dict[str, str]]

_MESH_PORTS = (15001, 15006, 15008, 15020, 15021, 15090)
"""Ports that Istio's proxies use inside a pod or for it (Istio's documentation, "Ports used by Istio")."""

_FOLDER = re.compile(r"/[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*\Z")
_NO_FOLDERS = ("dev", "files", "proc", "sys")
"""What the container's runtime mounts itself, and our folder of Secrets, which cannot be written."""
_OWN_FOLDERS = ("/tmp", "/home/mcp", "/files")  # noqa: S108 - mounts inside the pod


def read_runs(
    servers: Mapping[str, Server], raw: Raw, namespace: str, families: frozenset[int], out: Collector
) -> dict[str, Server]:
    """The servers with their `run` filled in where mcpfence runs them; `namespace` is that of the fences."""
    defaults = raw.get("mcpServerDefaults") or {}
    placement = _read_placement(defaults, out)
    resources = with_request(read_resources(defaults.get("resources"), ("mcpServerDefaults", "resources"), out))
    address = "0.0.0.0" if 4 in families else "::"  # noqa: S104 - inside the pod, whose fence says who may call
    found = dict(servers)
    for name, server in servers.items():
        written = raw["servers"][name]
        if not runs(raw, written):
            continue
        if not server.hosted:
            sentence = f"a {server.runtime} server has no pods here, so there is nothing to run"
            out.add("runtime-key", (*server.path, "run"), sentence, "remove it")
            continue
        run = _Reader(server, written, defaults, placement, resources, out).read(address, namespace)
        if run is not None:
            found[name] = server._replace(run=run)
    if (raw.get("cluster") or {}).get("mesh") == "ambient":
        _check_mesh(found, out)
    return found


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
    )


class _Reader:
    """Reads one server; `path` is where its faults are reported."""

    def __init__(
        self, server: Server, raw: Raw, defaults: Raw, placement: Placement, resources: Resources, out: Collector
    ) -> None:
        self.server, self.raw, self.defaults, self.placement, self.out = server, raw, defaults, placement, out
        self.resources = resources
        written = raw.get("run")
        self.run: Raw = written if isinstance(written, Mapping) else {}
        self.path: Path = server.path
        self.key = f"{server.runtime}Config"
        self.config: Raw = raw.get(self.key) or {}

    def read(self, address: str, namespace: str) -> Run | None:
        """Everything that is needed, or None after an error that leaves nothing to run."""
        self._check_name(namespace)
        self._check_ports()
        labels = self._labels()
        started = self._container() if self.server.runtime == "containerized" else self._package(address)
        env = read_env(self.server.name, namespace, self.raw.get("env") or (), (*self.path, "env"), self.out)
        writable, user, account, resources = (
            self._writable(),
            self._user(),
            read_account(self.run, self.server, self._check_text, self.out),
            self._resources(),
        )
        if started is None or labels is None:
            return None
        image, command, args = started
        made = Run(
            image=image,
            port=self.server.port,
            labels=labels,
            command=command,
            args=args,
            env=env,
            resources=resources,
            read_only=self.run.get("readOnlyRootFilesystem", True),
            writable=writable,
            user=user,
            account=account,
            placement=self.placement,
        )
        return made._replace(checksum=_checksum(made, self.run.get("restart", "")))

    def _check_name(self, namespace: str) -> None:
        """The Service has the server's name, and a Service's name begins with a letter (DNS-1035)."""
        if (namespace, self.server.name) == ("default", "kubernetes"):
            sentence = "Service default/kubernetes is the API server's own, which every pod of the cluster asks for"
            self.out.add("run-name", self.path, sentence, "rename the server, or give it a namespace of its own")
        if self.server.name[:1].isdigit():
            sentence = f"a Service cannot be called {self.server.name}: its name begins with a digit"
            self.out.add("run-name", self.path, sentence, "let the server's name begin with a letter")

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
        pod = {**OWN_LABELS, LABEL: self.server.name, **dict(labels)}
        if any(key in pod and (not values or pod[key] in values) for key, values in excluded(selector).items()):
            sentence = "the selector excludes a label that every pod has which mcpfence runs"
            self.out.add("run-selector", (*self.path, "podSelector"), sentence, "write other labels, or run: false")
            return None
        return labels

    def _container(self) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
        image = str(self.config.get("image") or "").strip()
        if self.run.get("transport") == "stdio":
            sentence = "a containerized server is run as it is, without a bridge, so it must speak HTTP"
            self.out.add("run-transport", (*self.path, "run", "transport"), sentence, "remove transport: stdio")
        if not image:
            todo = f"write {self.key}.image, or run: false"
            self.out.add("run-image", self.path, "mcpfence is to run it, and no image is written", todo)
            return None
        self._check_image(image, (*self.path, self.key, "image"))
        if not pinned_image(image):
            sentence = f"{quote(image)} can be another image at every start"
            self.out.add("run-floating", (*self.path, self.key, "image"), sentence, "write a tag, or better a digest")
        written = self.config.get("command")
        command = (written,) if isinstance(written, str) else tuple(written or ())
        args = _texts(self.config.get("args"), (*self.path, self.key, "args"), self.out)
        for key, texts in (("command", command), ("args", args)):
            read_args(texts, (*self.path, self.key, key), self.out)
        return image, command, args

    def _package(self, address: str) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
        runtime = self.server.runtime
        package = str(self.config.get("package") or "").strip()
        args = _texts(self.config.get("args"), (*self.path, self.key, "args"), self.out)
        read_args(args, (*self.path, self.key, "args"), self.out)
        if not package:
            todo = f"write {self.key}.package, or run: false"
            self.out.add(
                "run-package", self.path, f"mcpfence is to run it with {runtime}, and no package is written", todo
            )
            return None
        at = (*self.path, self.key, "package")
        if not pinned_package(runtime, package):
            example = "name@1.2.3" if runtime == "npx" else "name==1.2.3"
            sentence = f"{quote(package)} can be another version at every start, written by whoever owns the package"
            self.out.add("run-floating", at, sentence, f"write an exact version: {example}")
        command = package_command(runtime, package, args, self.config.get("command") or "")
        for where, text in ((at, package), ((*self.path, self.key, "command"), self.config.get("command") or "")):
            self._check_text(text, where)
        if self.run.get("transport", "stdio") == "stdio":
            bridge = self._bridge(runtime)
            if bridge is None:
                return None
            command = bridged(bridge, command, self.server.port, address)
        return self._image(runtime), tuple(command), ()

    def _check_text(self, text: str, path: Path) -> None:
        if text == WITHHELD or secret_text(text):
            sentence = "looks like a secret and is written in clear: whoever may read the Deployment would see it"
            todo = "put it into a Secret, name that in env with secretKeyRef, and write $(NAME) here"
            self.out.add("run-secret", path, sentence, todo)

    def _image(self, runtime: str) -> str:
        written = self.defaults.get("image")
        image = written if isinstance(written, str) else str((written or {}).get(runtime) or IMAGES[runtime])
        self._check_image(image, ("mcpServerDefaults", "image"))
        return image

    def _check_image(self, image: str, path: Path) -> None:
        """The name is not repeated: one with a user name and a password is refused here."""
        if not image_name(image):
            todo = "write [REGISTRY/]NAME[:TAG][@sha256:DIGEST]; credentials belong into imagePullSecrets"
            self.out.add("run-image", path, "is no name of an image", todo)

    def _bridge(self, runtime: str) -> str | list[str] | None:
        path = ("mcpServerDefaults", "bridge", runtime)
        bridge = (self.defaults.get("bridge") or {}).get(runtime, BRIDGES[runtime])
        if isinstance(bridge, str):
            if known_bridge(bridge):
                return bridge
            todo = "write supergateway@VERSION, mcp-proxy==VERSION, or a command as a list with {port} and {command}"
            self.out.add("run-bridge", path, f"{quote(bridge)} is no bridge that is known here", todo)
            return None
        for i, item in enumerate(bridge):
            self._check_text(item, (*path, i))
        text = " ".join(bridge)
        if "{port}" in text and "{command}" in text:
            return list(bridge)
        todo = "write both where the bridge takes its port and the server's command"
        self.out.add("run-bridge", path, "the command of a bridge has no {port} or no {command} in it", todo)
        return None

    def _resources(self) -> dict[str, dict[str, str]]:
        if "resources" in self.run:
            return read_resources(self.run["resources"], (*self.path, "run", "resources"), self.out)
        return self.resources

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


def _texts(args: Sequence[Any] | None, path: Path, out: Collector) -> tuple[str, ...]:
    """Arguments as text; YAML may have read a port as a number.

    1.10 would become 1.1, and a number of more than 2**53 another one on its way through helm.
    """
    for i, item in enumerate(args or ()):
        if isinstance(item, float) or (isinstance(item, int) and abs(item) > 2**53):
            out.add("type", (*path, i), "is a number that does not stay as it is written", "put it in quotes")
    return tuple(item if isinstance(item, str) else json.dumps(item) for item in args or ())


def _checksum(run: Run, restart: str) -> str:
    """A digest of what the pod is made of; it changes with `restart`, and so the pod is made anew."""
    text = json.dumps((run, restart), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
