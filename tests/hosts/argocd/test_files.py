"""The files for whoever runs Argo CD: plugin.yaml, the sidecar's image, the values of its chart, the examples."""

from __future__ import annotations

import re
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
IMAGE = f"registry.example.com/mcpfence:{package.__version__}"


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
    rows = re.findall(r"^\| `([a-z-]+)` \| (array|map|string) \|", text, re.MULTILINE)

    assert rows == [(parameter.name, parameter.shape) for parameter in PARAMETERS]
