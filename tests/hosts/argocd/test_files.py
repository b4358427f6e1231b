"""The files for whoever runs Argo CD: plugin.yaml, the sidecar's image, the values of its chart, the examples."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

import mcpfence as package
from argocd.applications import call
from edges import mcpfence
from mcpfence.argocd.parameters import PARAMETERS
from tooling import ROOT

FOLDER = ROOT / "argocd"
IMAGE = f"registry.example.com/mcpfence-argocd:{package.__version__}"


def load(name: str) -> Any:
    """A file of argocd/."""
    return yaml.load((FOLDER / name).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


@pytest.mark.parametrize(("flags", "name"), [((), "plugin.yaml"), (("--discover",), "plugin-discover.yaml")])
def test_plugin_is_printed(flags: tuple[str, ...], name: str, tmp_path: Path) -> None:
    """`mcpfence argocd plugin` prints the file as it is in the repository."""
    assert call(tmp_path, "plugin", *flags).stdout.decode() == (FOLDER / name).read_text(encoding="utf-8")


def test_plugins_differ_in_discovery_alone() -> None:
    """Both are one plugin; the one for Source Hydrator is asked which folders are its own."""
    usual, finding = load("plugin.yaml"), load("plugin-discover.yaml")

    assert finding["spec"].pop("discover") == {"find": {"command": ["mcpfence", "argocd", "discover"]}}
    assert finding == usual


def test_commands_of_the_plugin_exist() -> None:
    """Every command that plugin.yaml names is one of mcpfence's."""
    spec = load("plugin-discover.yaml")["spec"]
    commands = [spec["generate"], spec["discover"]["find"], spec["parameters"]["dynamic"]]

    assert [mcpfence(*item["command"][1:], "--help").returncode for item in commands] == [0, 0, 0]


def test_image_is_pinned() -> None:
    """Every base has a version that is more than a name, helm comes from what the tests run, and uid is Argo CD's."""
    text = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)

    assert [re.search(r":\d+\.\d+\.\d+-", base) is not None for base in bases] == [True] * 3
    assert "sh tools/build_go.sh helm4 /out/helm" in text
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE) == ["999"]
    assert f"-t {IMAGE} ." in text


def test_image_has_all_that_the_package_needs(tmp_path: Path) -> None:
    """What the Dockerfile copies is enough to build the package, chart and plugin.yaml included."""
    text = (FOLDER / "Dockerfile").read_text(encoding="utf-8").partition(" AS mcpfence\n")[2].partition("RUN ")[0]
    for line in re.findall(r"^COPY (.*) \S+$", text, re.MULTILINE):
        for name in line.split():
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, tmp_path / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, tmp_path / name)
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(tmp_path / "out"), "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(next((tmp_path / "out").glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
    assert {f"mcpfence/{name}" for name in ("argocd_plugin/plugin.yaml", "chart/Chart.yaml", "cli/argocd.py")} <= names


def test_values_of_the_argo_cd_chart() -> None:
    """The sidecar runs cmp-server as uid 999 without rights, and its /tmp is its own."""
    server = load("values-argo-cd.yaml")["repoServer"]
    (container,) = server["extraContainers"]
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}

    assert (container["image"], container["command"]) == (IMAGE, ["/var/run/argocd/argocd-cmp-server"])
    assert container["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 999,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert mounts == {
        "/var/run/argocd": "var-files",
        "/home/argocd/cmp-server/plugins": "plugins",
        "/tmp": server["volumes"][0]["name"],  # noqa: S108
    }


@pytest.mark.parametrize("name", ["application.yaml", "applicationset.yaml"])
def test_examples_name_the_plugin_and_its_parameters(name: str) -> None:
    """What they say is what plugin.yaml is called and what mcpfence knows."""
    found = load(name)
    plugin = found["spec"].get("template", found)["spec"]["source"]["plugin"]

    assert plugin["name"] == load("plugin.yaml")["metadata"]["name"]
    assert {row["name"] for row in plugin["parameters"]} <= {parameter.name for parameter in PARAMETERS}


def test_docs_list_every_parameter() -> None:
    """docs/argocd.md has one row for each, with its shape."""
    text = (ROOT / "docs" / "argocd.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| (array|string) \|", text, re.MULTILINE)

    assert rows == [(parameter.name, parameter.shape) for parameter in PARAMETERS]
