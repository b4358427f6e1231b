"""Where the real programs and the shared facts are that tests use, and what happens when one is missing.

A missing component is a skip that names it and says how to get it; with MCPFENCE_REQUIRE_ALL=1 (CI) it is a failure.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import pytest

from find_helm import find, inspect

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""

TESTS = ROOT / "tests"
"""The tests, with what is stored for them."""

PLUGINS = ROOT / "helm-plugin"
"""The folder to give Helm 4 as HELM_PLUGINS."""

PATIENCE = 600.0
"""Seconds after which what does not come counts as never coming: no measure of speed, so no load makes a test red."""


class MissingComponentError(Exception):
    """A component is not on this machine; the message names it and says how to get it."""


def find_helm3() -> Path:
    """The helm 3 to test with: MCPFENCE_HELM3, else the pinned one that `make tools` built, else one on PATH."""
    return _find_helm(3)


def find_helm4() -> Path:
    """The helm 4 to test with, found like helm 3."""
    return _find_helm(4)


def _find_helm(major: int) -> Path:
    variable = f"MCPFENCE_HELM{major}"
    override = os.environ.get(variable)
    helm = inspect(Path(override).absolute()) if override else find((major,), path_first=False)
    if override and (not helm or helm.major != major):
        message = f"{variable}={override} is no helm {major} that mcpfence works with"
        raise pytest.UsageError(message)
    if not helm:
        message = f"helm {major} is missing: run `make tools` (needs Go), or set {variable} to its path"
        raise MissingComponentError(message)
    return helm.path


def find_shared() -> Path:
    """The folder of facts, CRDs, catalogs and judges beside the checkout; MCPFENCE_SHARED names another one."""
    override = os.environ.get("MCPFENCE_SHARED")
    folder = Path(override) if override else ROOT.parent / "shared"
    if not (folder / "crds").is_dir():
        message = f"{folder.name}/ is missing beside the checkout: put it there, or set MCPFENCE_SHARED to its path"
        raise MissingComponentError(message)
    return folder.resolve()


def find_nca() -> Path:
    """The independent analyzer `nca`; MCPFENCE_NCA names another one."""
    override = os.environ.get("MCPFENCE_NCA")
    program = Path(override) if override else ROOT / ".tools" / "nca" / "bin" / "nca"
    if not program.is_file():
        message = "nca is missing: run `make tools`, or set MCPFENCE_NCA to its path"
        raise MissingComponentError(message)
    return program


def find_observe_engines() -> Path:
    """The Python that has ClickHouse and Spark, which wants Java; MCPFENCE_OBSERVE names another one."""
    override = os.environ.get("MCPFENCE_OBSERVE")
    program = Path(override) if override else ROOT / ".tools" / "observe" / "bin" / "python"
    if not program.is_file() or not shutil.which("java"):
        lacks = "java is" if program.is_file() else "ClickHouse and Spark are"
        message = f"{lacks} missing: run `make tools`, or set MCPFENCE_OBSERVE to the path of a Python that has both"
        raise MissingComponentError(message)
    return program


def eventually(check: Callable[[], T | None], missing: str) -> T:
    """What `check` finds as soon as it finds something; fails, saying what is missing, if it never does."""
    deadline = time.monotonic() + PATIENCE
    while not (found := check()):
        if time.monotonic() > deadline:
            pytest.fail(missing)
        time.sleep(0.02)
    return found


def find_built(name: str, variable: str, title: str = "") -> Path:
    """A program as `make tools` builds it, or the one that the variable names; `title` is what messages call it."""
    override = os.environ.get(variable)
    program = Path(override) if override else ROOT / ".tools" / "bin" / name
    if not os.access(program, os.X_OK):
        message = f"{title or name} is missing: run `make tools` (needs Go), or set {variable} to its path"
        raise MissingComponentError(message)
    return program


def find_yamljudge() -> Path:
    """Go's reader of YAML; MCPFENCE_YAMLJUDGE names another one."""
    return find_built("yamljudge", "MCPFENCE_YAMLJUDGE")


def find_kube_score() -> Path:
    """The linter of workloads; MCPFENCE_KUBE_SCORE names another one."""
    return find_built("kube-score", "MCPFENCE_KUBE_SCORE")


def need(component: Callable[[], Path]) -> Path:
    """The path that `component` finds; otherwise the test is skipped, or fails where everything is required."""
    try:
        return component()
    except MissingComponentError as missing:
        if os.environ.get("MCPFENCE_REQUIRE_ALL") == "1":
            pytest.fail(f"MCPFENCE_REQUIRE_ALL=1, but {missing}", pytrace=False)
        pytest.skip(str(missing))


def helm_environment(home: Path, plugins: Path | None = None) -> Mapping[str, str]:
    """The environment for a helm that sees nothing of this user: its folders lie below `home`.

    Helm 4 finds plugins in `plugins`. `mcpfence` is the one of the environment that runs the tests.
    """
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("HELM_", "KUBE", "MCPFENCE_"))}
    environment = inherited | {
        "HELM_CACHE_HOME": str(home / "cache"),
        "HELM_CONFIG_HOME": str(home / "config"),
        "HELM_DATA_HOME": str(home / "data"),
        "KUBECONFIG": str(home / "no-cluster"),
        "XDG_STATE_HOME": str(home / "state"),
        "PATH": os.pathsep.join([str(scripts()), os.environ.get("PATH", os.defpath)]),
    }
    return environment | ({"HELM_PLUGINS": str(plugins)} if plugins else {})


def scripts() -> Path:
    """The folder of the `mcpfence` command: beside the Python that runs the tests."""
    return Path(sys.executable).parent
