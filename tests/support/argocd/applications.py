"""Application folders of every kind, and mcpfence called in them as Argo CD's sidecar would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from edges import CATALOG, mcpfence
from tooling import ROOT

NAME, NAMESPACE = "demo", "tools"
"""The Application and its destination."""

ENVIRONMENT = {
    "ARGOCD_APP_NAME": NAME,
    "ARGOCD_APP_NAMESPACE": NAMESPACE,
    "ARGOCD_APP_SOURCE_PATH": "app",
    "KUBE_VERSION": "1.31.2",
    "KUBE_API_VERSIONS": "v1,apps/v1,networking.k8s.io/v1",
}
"""What Argo CD sets for it, as far as mcpfence looks at it."""

DEPLOYMENT = """\
apiVersion: v1
kind: Service
metadata:
  name: vault
spec:
  selector: {app: vault}
  ports: [{port: 80, targetPort: 8080}]
"""
"""A template of somebody's chart."""

Files = Mapping[str, Any]


def write(folder: Path, files: Files) -> Path:
    """Files by their path, those that are no text as JSON (which is YAML)."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1), encoding="utf-8")
    return folder


def chart(name: str = "platform", *dependencies: Mapping[str, str]) -> dict[str, Any]:
    """A Chart.yaml."""
    return {"apiVersion": "v2", "name": name, "version": "1.0.0", "dependencies": list(dependencies)}


def on_mcpfence(repository: str = "", **more: str) -> dict[str, str]:
    """A dependency on our chart."""
    return {"name": "mcpfence", "version": ">=0.0.0-0", "repository": repository, **more}


def plain(folder: Path, values: Any = CATALOG) -> Path:
    """Values for the chart of the package, and nothing else."""
    return write(folder, {"values.yaml": values})


def vendored(folder: Path, values: Any = CATALOG) -> Path:
    """A chart that holds ours below charts/, as `helm dependency build` or a copy leaves it."""
    files = {"Chart.yaml": chart("platform", on_mcpfence()), "values.yaml": {"mcpfence": values}}
    write(folder, {**files, "templates/service.yaml": DEPLOYMENT})
    shutil.copytree(ROOT / "chart", folder / "charts" / "mcpfence")
    return folder


def local(folder: Path, values: Any = CATALOG) -> Path:
    """The same in `folder`/app, with ours at file://../fence beside it."""
    files = {"Chart.yaml": chart("platform", on_mcpfence("file://../fence")), "values.yaml": {"mcpfence": values}}
    write(folder / "app", {**files, "templates/service.yaml": DEPLOYMENT})
    shutil.copytree(ROOT / "chart", folder / "fence")
    return folder / "app"


def foreign(folder: Path, values: Any = CATALOG) -> Path:
    """A chart that knows nothing of mcpfence, and a catalog beside it."""
    return write(folder, {"Chart.yaml": chart(), "templates/service.yaml": DEPLOYMENT, "catalog.yaml": values})


KINDS = {"plain": plain, "vendored": vendored, "local": local, "foreign": foreign}


def call(
    folder: Path, command: str, *flags: str, helm: Path | None = None, **variables: str | None
) -> subprocess.CompletedProcess[bytes]:
    """`mcpfence argocd COMMAND` in a folder, in this process; a variable of None is not set."""
    named: dict[str, Any] = {**ENVIRONMENT, "HELM_BIN": str(helm) if helm else None, **variables}
    return mcpfence("argocd", command, *flags, cwd=folder, **named)


_SHAPES: dict[type, str] = {str: "string", list: "array", dict: "map"}


def parameters(**given: Any) -> str:
    """ARGOCD_APP_PARAMETERS as Argo CD writes it; `_` in names stands for `-`."""
    rows = [{"name": name.replace("_", "-"), _SHAPES[type(value)]: value} for name, value in given.items()]
    return json.dumps(rows)


Identity = tuple[str, str, str]


def objects(stream: bytes | str) -> dict[Identity, Any]:
    """The objects of a stream by kind, namespace and name."""
    return by_identity(document for document in yaml.load_all(stream, Loader=yaml.CSafeLoader) if document)


def by_identity(documents: Any) -> dict[Identity, Any]:
    """Objects by kind, namespace and name; none may be there twice."""
    found: dict[Identity, Any] = {}
    for document in documents:
        meta = document["metadata"]
        key = (document["kind"], meta.get("namespace", ""), meta["name"])
        assert key not in found, key
        found[key] = document
    return found


def commit(folder: Path) -> Path:
    """Make a folder a Git repository with one commit on `main` that holds everything in it."""
    who = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    steps = [["init", "--quiet", "--initial-branch=main"], ["add", "--all", "--force"]]
    for step in [*steps, [*who, "commit", "--quiet", "--message", "all"]]:
        subprocess.run(["git", *step], cwd=folder, check=True, env={"PATH": os.environ["PATH"], "HOME": str(folder)})
    return folder
