"""A real helm with mcpfence against the real API server, and what is stored there afterwards."""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edges import Host, mcpfence
from lab.api import Api, Document
from tooling import ROOT

CHART = ROOT / "chart"

POLICY = ("networking.k8s.io/v1", "NetworkPolicy")
FIREWALL = ("networking.aviatrix.com/v1alpha1", "FirewallPolicy")
CONFIG_MAP = ("v1", "ConfigMap")

_NUMBERS = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One helm (3 or 4) and one API server."""

    host: Host
    api: Api
    kubeconfig: Path

    def helm(self, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
        """Helm with these arguments, whatever comes of it."""
        return self.host.run(*arguments, KUBECONFIG=str(self.kubeconfig))

    def release(self, name: str = "rel") -> Release:
        """A release that does not exist yet, with names that no other test has."""
        unique = f"{name}-{next(_NUMBERS)}-h{self.host.major}"
        return Release(cluster=self, name=unique, namespace=f"{unique}-home")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One release in a namespace of its own; its policies' namespace is `NAME-mcp` unless the values say otherwise."""

    cluster: Cluster
    name: str
    namespace: str
    chart: Path = CHART

    @property
    def fenced(self) -> str:
        """The namespace of the servers."""
        return f"{self.name}-mcp"

    @property
    def file(self) -> Path:
        """Its values file."""
        return self.cluster.host.home / f"{self.name}.json"

    def write(self, values: Mapping[str, Any]) -> Path:
        """The values in a file."""
        self.file.write_text(json.dumps(values), encoding="utf-8")
        return self.file

    def run(
        self, verb: str, values: Mapping[str, Any], *flags: str | Path, fence: bool = True, chart: Path | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """`helm VERB` with these values, with the post-renderer unless `fence` is False; whatever comes of it."""
        place = ["--namespace", self.namespace, *(["--create-namespace"] if verb == "install" else [])]
        renderer = self.cluster.host.flags() if fence else []
        return self.cluster.helm(
            verb, self.name, chart or self.chart, *place, "--values", self.write(values), *renderer, *flags
        )

    def install(self, values: Mapping[str, Any], *flags: str | Path, **how: Any) -> str:
        """Install and succeed; what helm printed."""
        return _succeeded(self.run("install", values, *flags, **how))

    def upgrade(self, values: Mapping[str, Any], *flags: str | Path, **how: Any) -> str:
        """Upgrade and succeed; what helm printed."""
        return _succeeded(self.run("upgrade", values, *flags, **how))

    def helm(self, verb: str, *arguments: str) -> str:
        """Another verb on this release: rollback, uninstall, status, get."""
        return _succeeded(self.cluster.helm(*verb.split(), self.name, *arguments, "--namespace", self.namespace))

    def forget_pending(self, revision: int) -> None:
        """Remove helm's note that this revision is under way, which it could not take back when it was cut off.

        While it stands helm refuses to do anything to the release, which this expects.
        """
        said = self.run("upgrade", {}).stderr.decode()
        assert "another operation (install/upgrade/rollback) is in progress" in said
        metadata = {"namespace": self.namespace, "name": f"sh.helm.release.v1.{self.name}.v{revision}"}
        answer = self.cluster.api.delete({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})
        assert answer.ok, answer.message

    # --- what is stored ---

    def stored(self, kind: tuple[str, str], namespace: str = "") -> dict[str, Document]:
        """The objects of a kind by name; in the servers' namespace unless another one is named."""
        return {item["metadata"]["name"]: item for item in self.cluster.api.items(*kind, namespace or self.fenced)}

    def policies(self) -> dict[str, Any]:
        """The specs of the stored NetworkPolicies by name."""
        return {name: item["spec"] for name, item in self.stored(POLICY).items()}

    def verdict(self, values: Mapping[str, Any]) -> set[str]:
        """What `mcpfence check -f VALUES -` finds wrong with all policies that the API server holds: ids of errors."""
        kinds = (POLICY, FIREWALL)
        items = [item for kind in kinds for item in self.cluster.api.items(*kind)]
        return verdict(self.write(values), self.name, self.namespace, items)

    def record(self) -> tuple[Document, Document]:
        """The Secret of the newest revision, and the release that it holds."""
        selector = f"owner=helm,name={self.name}"
        secrets = self.cluster.api.items("v1", "Secret", self.namespace, selector=selector)
        newest = max(secrets, key=lambda secret: int(secret["metadata"]["labels"]["version"]))
        packed = base64.b64decode(base64.b64decode(newest["data"]["release"]))
        return newest, json.loads(gzip.decompress(packed))


def _succeeded(done: subprocess.CompletedProcess[bytes]) -> str:
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def verdict(values: Path, release: str, namespace: str, items: list[Document]) -> set[str]:
    """What `mcpfence check -f VALUES -` finds wrong with these objects: the ids of all errors."""
    stream = json.dumps({"apiVersion": "v1", "kind": "List", "items": items}).encode()
    flags = ("--release", release, "--namespace", namespace, "--format", "json")
    done = mcpfence("check", "-f", values, *flags, "-", stdin=stream)
    assert done.returncode in (0, 1), done.stderr.decode()
    findings = json.loads(done.stdout)["findings"]
    return {finding["id"] for finding in findings if finding["severity"] == "error"}
