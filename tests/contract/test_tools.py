"""The project's own tools: finding and building helm, required components, and the verbs of make."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from control_plane import free_port
from find_helm import BUILT, Helm, find, inspect
from lower_bounds import NoLowerBoundError, constraints, oldest_python
from tooling import ROOT, MissingComponentError, find_helm3, helm_environment, need


def _fake_helm(path: Path, says: str) -> Path:
    path.write_text(f"#!/bin/sh\necho '{says}'\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("says", "version"),
    [
        ("v3.18.5+gb78692c", (3, 18, 5)),
        ("v4.3.1", (4, 3, 1)),
        ("v3.22", (3, 22, 0)),
        ("v3.18.4", None),
        ("v2.17.0", None),
        ("v5.0.0", None),
        ("Client: v3.22.0", None),
    ],
)
def test_inspect_knows_versions_that_work(tmp_path: Path, says: str, version: tuple[int, int, int] | None) -> None:
    """Helm counts from 3.18.5 up to the end of Helm 4; anything else counts as no helm."""
    helm = inspect(_fake_helm(tmp_path / "helm", says))

    assert (helm.version if helm else None) == version


def test_inspect_of_what_does_not_run(tmp_path: Path) -> None:
    """A path that is missing or not executable is no helm, and no traceback."""
    (tmp_path / "text").write_text("text", encoding="utf-8")

    assert inspect(tmp_path / "missing") is None
    assert inspect(tmp_path / "text") is None


def test_find_passes_over_an_unsuitable_helm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old `helm` on PATH does not hide a suitable `helm3`."""
    _fake_helm(tmp_path / "helm", "v3.9.0")
    suitable = _fake_helm(tmp_path / "helm3", "v3.20.0")
    monkeypatch.setenv("PATH", str(tmp_path))

    helm = find()

    assert helm
    assert helm.path == suitable


@pytest.mark.parametrize("major", [3, 4])
def test_built_helm_is_the_pinned_one(major: int) -> None:
    """The version that helm says of itself is the one in go.mod."""
    helm = inspect(BUILT / f"helm{major}")
    if not helm:
        pytest.skip(f"helm {major} was not built: run `make tools` (needs Go)")
    pinned = re.search(rf"helm\.sh/helm/v{major} v(\S+)", (ROOT / f"tools/helm{major}/go.mod").read_text("utf-8"))

    assert pinned
    assert ".".join(map(str, helm.version)) == pinned[1]


def test_helm_assumes_a_current_kubernetes(helm3: Path, helm4: Path, tmp_path: Path) -> None:
    """Without a cluster both helms take it for a Kubernetes of today, so charts with kubeVersion render."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("{apiVersion: v2, name: tiny, version: 1.0.0}\n", encoding="utf-8")
    (tmp_path / "templates" / "it.yaml").write_text("minor: {{ .Capabilities.KubeVersion.Minor }}\n", encoding="utf-8")
    for helm in (helm3, helm4):
        command = [str(helm), "template", str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=helm_environment(tmp_path))
        minor = re.search(r"minor: (\d+)", done.stdout)
        assert minor
        assert int(minor[1]) >= 30


def _missing() -> Path:
    message = "the moon is missing: fetch it"
    raise MissingComponentError(message)


def test_missing_component_is_a_skip_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without MCPFENCE_REQUIRE_ALL a missing component skips, saying what is missing and how to get it."""
    monkeypatch.delenv("MCPFENCE_REQUIRE_ALL", raising=False)

    with pytest.raises(pytest.skip.Exception, match="the moon is missing: fetch it"):
        need(_missing)


def test_missing_component_fails_where_all_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    """With MCPFENCE_REQUIRE_ALL=1 the same is a failure."""
    monkeypatch.setenv("MCPFENCE_REQUIRE_ALL", "1")

    with pytest.raises(pytest.fail.Exception, match="MCPFENCE_REQUIRE_ALL=1, but the moon is missing: fetch it"):
        need(_missing)


def test_override_that_is_no_helm_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A wrong MCPFENCE_HELM3 is never passed over in silence."""
    monkeypatch.setenv("MCPFENCE_HELM3", str(_fake_helm(tmp_path / "helm", "v4.3.1")))

    with pytest.raises(pytest.UsageError, match="is no helm 3 that mcpfence works with"):
        find_helm3()


VALUES = """\
clients: {gateway: {namespace: gateways, podSelector: {app: gateway}}}
servers:
  vault:
    runtime: containerized
    containerizedConfig: {image: registry.example.com/vault:1.2.3, port: 8080, path: /mcp, denyAllEgress: true}
"""


def test_demo_prints_manifests_and_summary(helm: Helm, tmp_path: Path) -> None:
    """The demo's stdout is what helm prints, its stderr says with which helm, the findings, servers and objects."""
    done = _demo(helm, tmp_path, VALUES)

    assert done.returncode == 0, done.stderr
    assert "name: mcp-server-vault-egress" in done.stdout
    assert f"--- made with helm {helm.major}." in done.stderr
    assert "\n--- findings\n" in done.stderr
    assert "servers and workloads fenced: 1\n" in done.stderr


def test_demo_shows_errors_under_each_helm(helm: Helm, tmp_path: Path) -> None:
    """A refusal is seen under Helm 4 too, which hides a post-renderer's stderr; nothing is printed then."""
    done = _demo(helm, tmp_path, VALUES.replace("denyAllEgress: true", "egressDomains: [localhost]"))

    assert done.returncode == 1
    assert "servers.vault.containerizedConfig.egressDomains[0]" in done.stderr
    assert done.stdout == ""


def _demo(helm: Helm, folder: Path, values: str) -> subprocess.CompletedProcess[str]:
    (folder / "values.yaml").write_text(values, encoding="utf-8")
    (folder / "bin").mkdir()
    (folder / "bin" / "helm").symlink_to(helm.path)
    path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
    command = [sys.executable, str(ROOT / "tools" / "demo.py"), str(folder / "values.yaml")]
    environment = {**helm_environment(folder), "PATH": path}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.skipif(not shutil.which("make"), reason="make is missing: install GNU make")
def test_make_alone_lists_every_verb() -> None:
    """`make` without a verb prints each public target with one line of help, and makes nothing."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    verbs = set(re.findall(r"^\.PHONY: (\S+)$", makefile, re.MULTILINE))
    done = subprocess.run(["make", "--no-print-directory"], capture_output=True, text=True, check=True, cwd=ROOT)
    listed = [line.split(maxsplit=2) for line in done.stdout.splitlines()]

    assert {verb for _, verb, _ in listed} == verbs
    assert verbs >= {"demo", "test", "test-all", "check", "golden", "bench", "clean", "tools"}


def test_lower_bounds_are_read_from_the_project() -> None:
    """What `make test-oldest` installs is what pyproject.toml allows at least; the oldest Python is the one it asks for."""
    project = {
        "requires-python": ">=3.11",
        "dependencies": ["click>=8.1.7", "PyYAML >= 6.0.2, < 7"],
        "optional-dependencies": {"test": ["coverage[toml]>=7.6"], "dev": ["types-PyYAML"]},
    }

    assert list(constraints(project)) == ["click==8.1.7", "PyYAML==6.0.2", "coverage==7.6"]
    assert oldest_python(project) == "python3.11"


@pytest.mark.parametrize("requirement", ["click", "click<9", "click<9,>=8", "click==8.1.7", "click~=8.1"])
def test_requirement_without_a_lower_bound(requirement: str) -> None:
    """A requirement that says no oldest release is named."""
    with pytest.raises(NoLowerBoundError) as caught:
        list(constraints({"dependencies": [requirement], "optional-dependencies": {"test": []}}))

    assert str(caught.value) == f"pyproject.toml: {requirement!r} has no lower bound; write NAME>=VERSION first"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there are no names that end with their process")
def test_a_port_is_given_once() -> None:
    """A port that one process was given, and does not listen on yet, is given to no other, whatever chance says."""
    given = free_port()
    program = (
        "import secrets, control_plane\n"
        f"chances = [{given - 10_000}] * 10 + list(range(20_000))\n"
        "secrets.randbelow = lambda _: chances.pop(0)\n"
        "print(control_plane.free_port())"
    )
    variables = {**os.environ, "PYTHONPATH": str(ROOT / "tools")}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=variables)

    assert int(done.stdout) not in (given, 0)
