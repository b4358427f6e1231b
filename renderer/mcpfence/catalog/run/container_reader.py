"""What a server's container is: its image, and what it executes, behind a bridge where the package speaks stdio."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mcpfence.catalog.model import Server
from mcpfence.catalog.run.bridge_reader import check_environment, read_bridge
from mcpfence.catalog.run.bridges import Bridge, bridged
from mcpfence.catalog.run.commands import IMAGES, image_name, package_command, pinned_image, pinned_package
from mcpfence.catalog.run.environment_reader import check_text, read_args
from mcpfence.findings.finding import Collector, Path, quote
from mcpfence.structs import Struct

Raw = Mapping[str, Any]


class StartedContainer(Struct):
    """What a container starts from and executes."""

    image: str
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    bridge: Bridge | None = None


class ContainerReader:
    """Reads one server; `path` is where its faults are reported."""

    def __init__(self, server: Server, raw: Raw, defaults: Raw, out: Collector) -> None:
        self.server, self.defaults, self.out, self.path = server, defaults, out, server.path
        written = raw.get("run")
        self.run: Raw = written if isinstance(written, Mapping) else {}
        self.key = f"{server.runtime}Config"
        self.config: Raw = raw.get(self.key) or {}

    def read(self, families: frozenset[int]) -> StartedContainer | None:
        """The container, or None after an error that leaves nothing to run."""
        found = self._image_alone() if self.server.runtime == "containerized" else self._package(families)
        if found is not None and "bridgeLog" in self.run and (found.bridge is None or found.bridge.own):
            sentence = "no bridge that is known here stands before this server"
            self.out.add("run-bridge", (*self.path, "run", "bridgeLog"), sentence, "remove it")
        return found

    def _image_alone(self) -> StartedContainer | None:
        image = str(self.config.get("image") or "").strip()
        if self.run.get("transport") == "stdio":
            sentence = "a containerized server is run as it is, without a bridge, so it must speak HTTP"
            self.out.add("run-transport", (*self.path, "run", "transport"), sentence, "remove transport: stdio")
        if not image:
            todo = f"write {self.key}.image, or run: false"
            self.out.add("run-image", self.path, "mcpfence is to run it, and no image is written", todo)
            return None
        if self._check_image(image, (*self.path, self.key, "image")) and not pinned_image(image):
            sentence = f"{quote(image)} can be another image at every start"
            self.out.add("run-floating", (*self.path, self.key, "image"), sentence, "write a tag, or better a digest")
        written = self.config.get("command")
        command = (written,) if isinstance(written, str) else tuple(written or ())
        args = self._args()
        read_args(command, (*self.path, self.key, "command"), self.out)
        return StartedContainer(image, command, args)

    def _package(self, families: frozenset[int]) -> StartedContainer | None:
        runtime = self.server.runtime
        package = str(self.config.get("package") or "").strip()
        args = self._args()
        if not package:
            sentence = f"mcpfence is to run it with {runtime}, and no package is written"
            self.out.add("run-package", self.path, sentence, f"write {self.key}.package, or run: false")
            return None
        at = (*self.path, self.key, "package")
        if not pinned_package(runtime, package):
            example = "name@1.2.3" if runtime == "npx" else "name==1.2.3"
            sentence = f"{quote(package)} can be another version at every start, written by whoever owns the package"
            self.out.add("run-floating", at, sentence, f"write an exact version: {example}")
        command = package_command(runtime, package, args, self.config.get("command") or "")
        for where, text in ((at, package), ((*self.path, self.key, "command"), self.config.get("command") or "")):
            check_text(text, where, self.out)
        bridge = None
        if self.run.get("transport", "stdio") == "stdio":
            bridge = read_bridge(self.defaults, runtime, self.out)
            if bridge is None:
                return None
            if self._image(runtime) != IMAGES[runtime]:
                check_environment(bridge, package, at, self.out)
            verbose = self.run.get("bridgeLog") == "verbose"
            command = bridged(bridge, command, self.server.port, families, verbose=verbose)
        return StartedContainer(self._image(runtime), tuple(command), bridge=bridge)

    def _image(self, runtime: str) -> str:
        written = self.defaults.get("image")
        image = written if isinstance(written, str) else str((written or {}).get(runtime) or IMAGES[runtime])
        self._check_image(image, ("mcpServerDefaults", "image"))
        return image

    def _check_image(self, image: str, path: Path) -> bool:
        """Whether it is a name, which is not repeated: one with a user name and a password is refused here."""
        if not image_name(image):
            todo = "write [REGISTRY/]NAME[:TAG][@sha256:DIGEST]; credentials belong into imagePullSecrets"
            self.out.add("run-image", path, "is no name of an image", todo)
            return False
        return True

    def _args(self) -> tuple[str, ...]:
        path = (*self.path, self.key, "args")
        args = _texts(self.config.get("args"), path, self.out)
        read_args(args, path, self.out)
        return args


def _texts(args: Sequence[Any] | None, path: Path, out: Collector) -> tuple[str, ...]:
    """Arguments as text; YAML may have read a port as a number.

    1.10 would become 1.1, and a number of more than 2**53 another one on its way through helm.
    """
    for i, item in enumerate(args or ()):
        if isinstance(item, float) or (isinstance(item, int) and abs(item) > 2**53):
            out.add("type", (*path, i), "is a number that does not stay as it is written", "put it in quotes")
    return tuple(item if isinstance(item, str) else json.dumps(item) for item in args or ())
