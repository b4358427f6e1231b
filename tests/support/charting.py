"""How tests run the chart under a real helm, and read what comes out."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from api_stub import api_server
from find_helm import Helm
from tooling import PATIENCE, ROOT, helm_environment

CHART = ROOT / "chart"

Document = dict[str, Any]

LABELS = {
    "helm.sh/chart": "mcpfence-0.1.0",
    "app.kubernetes.io/name": "mcpfence",
    "app.kubernetes.io/instance": "rel",
    "app.kubernetes.io/version": "0.1.0",
    "app.kubernetes.io/part-of": "mcpfence",
    "app.kubernetes.io/managed-by": "Helm",
}
"""What every object of the chart carries, in release `rel`."""


ALL_VERBS = ["create", "get", "list", "watch", "update", "patch", "delete"]
RULES = [
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ALL_VERBS},
    {"apiGroups": [""], "resources": ["secrets", "services", "persistentvolumeclaims"], "verbs": ALL_VERBS},
    {"apiGroups": [""], "resources": ["pods", "pods/log", "events"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": [""], "resources": ["resourcequotas"], "verbs": ["get", "list"]},
]
"""The rules of the chart's Role."""


class Charting:
    """One helm with folders of its own below `home`; release `rel` in namespace `ns` unless a test says otherwise."""

    def __init__(self, helm: Helm, home: Path) -> None:
        self.helm = helm
        self.home = home

    def run(self, *arguments: str, plugins: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Helm with these arguments, whatever comes of it."""
        return subprocess.run(
            [str(self.helm.path), *arguments],
            env=dict(helm_environment(self.home, plugins)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=PATIENCE,
        )

    def template(self, values: Mapping[str, Any] | None = None, *flags: str, chart: Path = CHART) -> list[Document]:
        """The objects that `helm template` prints, in its order."""
        return parse(self.template_text(values, *flags, chart=chart))

    def template_text(self, values: Mapping[str, Any] | None = None, *flags: str, chart: Path = CHART) -> str:
        """The text that `helm template` prints."""
        done = self.run("template", "rel", str(chart), "--namespace", "ns", *self._values(values), *flags)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refusal(self, values: Mapping[str, Any], *flags: str, release: str = "rel") -> str:
        """What `helm template` says when it refuses these values; its stdout must stay empty."""
        done = self.run("template", release, str(CHART), "--namespace", "ns", *self._values(values), *flags)
        assert (done.returncode, done.stdout) == (1, ""), done.stdout or "it was not refused"
        return done.stderr

    def notes(self, values: Mapping[str, Any] | None = None, chart: Path = CHART) -> str:
        """What `helm install --dry-run=client` prints as NOTES, those of subcharts too.

        Helm 3 wants to see an API server even for this.
        """
        with api_server() as url:
            done = self.run(
                *(
                    "install",
                    "rel",
                    str(chart),
                    "--render-subchart-notes",
                    "--namespace",
                    "ns",
                    "--dry-run=client",
                    "--disable-openapi-validation",
                ),
                *("--kube-apiserver", url, *self._values(values)),
            )
        assert done.returncode == 0, done.stderr
        return done.stdout.partition("\nNOTES:\n")[2]

    def post_rendered(self, values: Mapping[str, Any]) -> str:
        """The stream that this helm hands to a post-renderer."""
        record = self.home / "record.py"
        stream = self.home / "stream.yaml"
        record.write_text(
            "import sys\n"
            "data = sys.stdin.buffer.read()\n"
            f"open({str(stream)!r}, 'wb').write(data)\n"
            "sys.stdout.buffer.write(data)\n"
        )
        plugins = None
        flags = ["--post-renderer", sys.executable, "--post-renderer-args", str(record)]
        if self.helm.major == 4:
            plugins = self.home / "plugins"
            flags = ["--post-renderer", "record"]
            plugin = {
                "apiVersion": "v1",
                "type": "postrenderer/v1",
                "name": "record",
                "version": "0.1.0",
                "runtime": "subprocess",
                "runtimeConfig": {"platformCommand": [{"command": sys.executable, "args": [str(record)]}]},
            }
            (plugins / "record").mkdir(parents=True)
            (plugins / "record" / "plugin.yaml").write_text(json.dumps(plugin))
        arguments = ("template", "rel", str(CHART), "--namespace", "ns", *self._values(values), *flags)
        done = self.run(*arguments, plugins=plugins)
        assert done.returncode == 0, done.stderr
        return stream.read_text(encoding="utf-8")

    def _values(self, values: Mapping[str, Any] | None) -> list[str]:
        if values is None:
            return []
        file = self.home / "values.json"
        # JSON escapes all that YAML forbids, but writes characters beyond U+FFFF as pairs, which YAML does not know.
        text = re.sub(r"\\ud[89ab]..\\ud[c-f]..", lambda pair: str(json.loads(f'"{pair[0]}"')), json.dumps(values))
        file.write_text(text, encoding="utf-8")
        return ["--values", str(file)]


def parse(text: str) -> list[Document]:
    """The objects of a stream."""
    return [document for document in yaml.load_all(text, Loader=yaml.CSafeLoader) if document]


def one(documents: list[Document], kind: str) -> Document:
    """The only object of a kind."""
    found = [document for document in documents if document["kind"] == kind]
    assert len(found) == 1, [document["kind"] for document in documents]
    return found[0]


def kinds(documents: list[Document]) -> list[str]:
    """The kinds, in the order of the stream."""
    return [document["kind"] for document in documents]


def payload(documents: list[Document]) -> Any:
    """What the carrier carries."""
    return json.loads(one(documents, "ConfigMap")["data"]["catalog"])


def catalog(documents: list[Document]) -> Any:
    """The catalog that the carrier carries."""
    return payload(documents)["catalog"]


def meta(name: str, namespace: str) -> Document:
    """The metadata of an object that has nothing but the common labels."""
    return {"name": name, "namespace": namespace, "labels": LABELS}


def parent_chart(folder: Path, values: Mapping[str, Any], *aliases: str) -> Path:
    """A chart in `folder` that has ours as a subchart, once under each of `aliases`, or once under its own name."""
    shutil.copytree(CHART, folder / "charts" / "mcpfence")
    dependency = {"name": "mcpfence", "version": "0.1.0"}
    dependencies = [{**dependency, "alias": alias} for alias in aliases] or [dependency]
    chart = {"apiVersion": "v2", "name": "parent", "version": "0.1.0", "dependencies": dependencies}
    (folder / "Chart.yaml").write_text(json.dumps(chart))
    (folder / "values.yaml").write_text(json.dumps(values))
    return folder
