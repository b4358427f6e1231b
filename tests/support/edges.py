"""What the tests of the edge share: mcpfence as a process, helm with it as post-renderer, streams made by hand."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from mcpfence.cli import start as cli
from mcpfence.kube.manifest import floor_policy
from mcpfence.streams.post_render import post_render
from tooling import PATIENCE, PLUGINS, ROOT, TESTS, helm_environment, scripts

RELEASE, NAMESPACE = "demo", "home"
"""The release of every stream here and its own namespace; its policies' namespace is `demo-mcp`."""

CATALOG: dict[str, Any] = {
    "cluster": {"profile": "generic", "ipFamilies": ["IPv4"]},
    "clients": {"gateway": {"namespace": "gateways", "podSelector": {"app": "gateway"}}},
    "servers": {
        "vault": {
            "runtime": "containerized",
            "containerizedConfig": {"image": "registry.example.com/vault:1", "port": 8080, "denyAllEgress": True},
        }
    },
}
"""One server that may reach nothing: two policies and the report."""


def catalog(**servers: Mapping[str, Any]) -> dict[str, Any]:
    """CATALOG with these servers in the place of its own."""
    return {**copy.deepcopy(CATALOG), "servers": servers}


def container(**more: Any) -> dict[str, Any]:
    """A containerized server on port 8080 with further keys."""
    image = {"image": "registry.example.com/server:1", "port": 8080}
    return {"runtime": "containerized", "containerizedConfig": image, **more}


def carrier(
    raw: Any = CATALOG,
    *,
    release: str = RELEASE,
    namespace: str = NAMESPACE,
    name: str = "",
    filename: str = "",
    floor: bool = True,
) -> bytes:
    """The carrier as the chart prints it, with the floor behind it; `filename` is Helm 4's annotation."""
    annotation = f"\n  annotations:\n    postrenderer.helm.sh/postrender-filename: '{filename}'" if filename else ""
    text = json.dumps({"version": "0.1.0", "release": release, "namespace": namespace, "catalog": raw})
    made = f"""\
---
# Source: mcpfence/templates/carrier.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: {name or f"{release}-mcpfence-catalog"}
  namespace: "{namespace}"
  labels:
    mcpfence.io/carrier: catalog{annotation}
data:
  catalog: |-
    {text}
""".encode()
    return made + floor_piece(raw, release) if floor else made


def floor_piece(raw: Any = CATALOG, release: str = RELEASE) -> bytes:
    """The chart's floor for a catalog, as a piece of a stream; nothing where the catalog has none."""
    written = raw.get("mcpNamespace") if isinstance(raw, dict) else None
    namespace = written if isinstance(written, dict) else {}
    if (namespace.get("networkPolicy") or {}).get("enabled") is False:
        return b""
    return f"---\n{json.dumps(floor_policy(str(namespace.get('name') or f'{release}-mcp')))}\n".encode()


def ours(raw: Any = CATALOG, helm4: bool = False, filename: str = "") -> bytes:
    """What stands in the place of a catalog's carrier."""
    return rendered(carrier(raw, filename=filename), helm4=helm4).removesuffix(floor_piece(raw))


def rendered(stream: bytes, **how: Any) -> bytes:
    """What post_render makes of a stream, in one piece."""
    return b"".join(post_render(stream, **how).chunks)


HOOK = b"---\nkind: Job\nmetadata:\n  name: hook\n  annotations:\n    helm.sh/hook: pre-install\n"
"""One of Helm's hooks, as Helm 4 sends it."""


# --- the command line ---


def mcpfence_command() -> list[str]:
    """How to start mcpfence: the script beside the Python that runs the tests, else the module."""
    script = scripts() / "mcpfence"
    return [str(script)] if script.exists() else [sys.executable, "-m", "mcpfence"]


def environment(**more: str | None) -> dict[str, str]:
    """The environment of this process without what steers mcpfence or helm; None removes a variable."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HELM_", "KUBE", "MCPFENCE_", "_MCPFENCE"))}
    kept = {k: v for k, v in kept.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    kept["PYTHONPATH"] = str(ROOT / "renderer")
    kept["XDG_STATE_HOME"] = os.devnull  # below which nothing can be written: no test leaves a log with this user
    return {k: v for k, v in {**kept, **more}.items() if v is not None}


def mcpfence(
    *arguments: str | Path, stdin: bytes = b"", cwd: Path | None = None, **variables: str | None
) -> subprocess.CompletedProcess[bytes]:
    """Run mcpfence in this process with these arguments and environment variables; an exception fails the test.

    A process of its own would take thirty times as long; what needs one starts `mcpfence_command()`.
    """
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    code: Any = None
    with (
        mock.patch.dict(os.environ, environment(**variables), clear=True),
        mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8")),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        contextlib.chdir(cwd or Path.cwd()),
    ):
        try:
            cli.run(list(map(str, arguments)))
        except SystemExit as ended:
            code = ended.code
    return subprocess.CompletedProcess(arguments, code, _bytes(out), _bytes(err))


def _bytes(stream: io.TextIOWrapper) -> bytes:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue()


def refusal(done: subprocess.CompletedProcess[bytes], code: int = 1) -> str:
    """What a run said that failed as it must: the exit code, nothing on stdout."""
    assert (done.returncode, done.stdout) == (code, b""), done.stderr.decode()
    return done.stderr.decode().rstrip("\n")


def values_file(folder: Path, values: Any, name: str = "values.yaml") -> Path:
    """A values file in `folder`."""
    path = folder / name
    path.write_text(values if isinstance(values, str) else json.dumps(values, indent=1), encoding="utf-8")
    return path


# --- helm with mcpfence as its post-renderer ---


@dataclass(frozen=True, slots=True)
class Host:
    """A real helm whose folders lie below `home`, with `mcpfence` on PATH and, for Helm 4, installed as a plugin."""

    helm: Path
    major: int
    home: Path

    def run(self, *arguments: str | Path, **variables: str | None) -> subprocess.CompletedProcess[bytes]:
        """Helm with these arguments, whatever comes of it."""
        settings = {**helm_environment(self.home), "PYTHONPATH": str(ROOT / "renderer"), **variables}
        path = os.pathsep.join([str(self.home / "bin"), os.environ["PATH"]])
        used = {key: value for key, value in {**settings, "PATH": path}.items() if value is not None}
        command = [str(self.helm), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, check=False, env=used, cwd=self.home, timeout=PATIENCE)

    def flags(self, *more: str) -> list[str]:
        """The flags that name the post-renderer, with further arguments for it."""
        arguments = [*([] if self.major == 4 else ["post-render"]), *more]
        return ["--post-renderer", "mcpfence", *(f"--post-renderer-args={argument}" for argument in arguments)]

    def fenced(
        self, chart: Path, *arguments: str | Path, more: Sequence[str] = ()
    ) -> subprocess.CompletedProcess[bytes]:
        """`helm template demo CHART -n home` with the post-renderer; `more` are arguments for mcpfence."""
        return self.run("template", RELEASE, chart, "--namespace", NAMESPACE, *arguments, *self.flags(*more))

    def plain(self, chart: Path, *arguments: str | Path) -> bytes:
        """The same without the post-renderer."""
        done = self.run("template", RELEASE, chart, "--namespace", NAMESPACE, *arguments)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout


def make_host(helm: Path, major: int, home: Path) -> Host:
    """A host in the folder `home`; Helm 4 gets the plugin as people install it."""
    host = Host(helm, major, home)
    (home / "bin").mkdir(parents=True)
    script = home / "bin" / "mcpfence"
    script.write_text(f'#!/bin/sh\nexec {" ".join(mcpfence_command())} "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    if major == 4:
        done = host.run("plugin", "install", PLUGINS / "mcpfence")
        assert done.returncode == 0, done.stderr.decode()
    return host


def neighbours(folder: Path, *, aliases: Mapping[str, Mapping[str, Any]] | None = None) -> Path:
    """The chart tests/support/charts/neighbours in `folder`, with ours as its subchart, or once under each alias."""
    shutil.copytree(TESTS / "support" / "charts" / "neighbours", folder)
    shutil.copytree(ROOT / "chart", folder / "charts" / "mcpfence")
    # Line ends and byte order marks do not survive every checkout, so these two are made here.
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\ndata:\n  key: value\n"
    (folder / "templates" / "crlf.yaml").write_bytes(text.format("crlf").replace("\n", "\r\n").encode())
    (folder / "templates" / "bom.yaml").write_bytes(text.format("bom").encode("utf-8-sig"))
    if aliases:
        rows = [{"name": "mcpfence", "version": ">=0.0.0-0", "alias": alias} for alias in aliases]
        meta = {"apiVersion": "v2", "name": "neighbours", "version": "1.0.0", "dependencies": rows}
        (folder / "Chart.yaml").write_text(json.dumps(meta), encoding="utf-8")
        (folder / "values.yaml").write_text(json.dumps(aliases), encoding="utf-8")
    return folder
