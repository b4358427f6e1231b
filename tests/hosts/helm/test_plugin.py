"""The Helm 4 plugin folder: real helm accepts it, and runs `mcpfence post-render` from PATH."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from mcpfence.system.run_log import PLACE
from tooling import PLUGINS, ROOT, helm_environment

PLUGIN = PLUGINS / "mcpfence"

STAND_IN = """\
#!/bin/sh
# Takes mcpfence's place: says how it was called, and passes the stream through.
printf '%s\\n' "$@" >"$RECORD"
cat
"""


def _plugin() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load((PLUGIN / "plugin.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return loaded


def test_plugin_file_has_only_keys_that_helm_knows() -> None:
    """Helm ignores a plugin with an unknown key, `usage` and `description` included, with nothing but a warning."""
    assert set(_plugin()) == {"apiVersion", "type", "name", "version", "runtime", "runtimeConfig"}
    assert _plugin()["type"] == "postrenderer/v1"


def test_plugin_has_commands_for_windows_and_the_rest() -> None:
    """Both entries call `mcpfence post-render` from PATH, not a file inside the plugin folder."""
    commands = _plugin()["runtimeConfig"]["platformCommand"]

    assert commands == [
        {"command": "mcpfence", "args": ["post-render"]},
        {"os": "windows", "command": "mcpfence.exe", "args": ["post-render"]},
    ]


def test_helm4_installs_and_lists_the_plugin(helm4: Path, tmp_path: Path) -> None:
    """`helm plugin install` accepts the folder and `helm plugin list` shows name, version and type."""
    environment = helm_environment(tmp_path)
    install = _helm(helm4, environment, "plugin", "install", str(PLUGIN))
    listed = _helm(helm4, environment, "plugin", "list")

    assert install.returncode == 0, install.stderr
    assert [line.split()[:3] for line in listed.stdout.splitlines()[1:]] == [
        ["mcpfence", _plugin()["version"], "postrenderer/v1"]
    ]


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for mcpfence is a shell script")
@pytest.mark.parametrize("way", ["installed", "HELM_PLUGINS"])
def test_helm4_calls_mcpfence_post_render(helm4: Path, tmp_path: Path, way: str) -> None:
    """A template run hands its stream to `mcpfence post-render` of PATH, with the arguments behind it."""
    chart, record, stand_in = tmp_path / "chart", tmp_path / "record", tmp_path / "bin" / "mcpfence"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("{apiVersion: v2, name: tiny, version: 1.0.0}\n", encoding="utf-8")
    document = "{apiVersion: v1, kind: ConfigMap, metadata: {name: one}}\n"
    (chart / "templates" / "one.yaml").write_text(document, encoding="utf-8")
    stand_in.parent.mkdir()
    stand_in.write_text(STAND_IN, encoding="utf-8")
    stand_in.chmod(0o755)
    environment = dict(helm_environment(tmp_path, PLUGINS if way == "HELM_PLUGINS" else None))
    environment |= {"PATH": f"{stand_in.parent}{os.pathsep}{os.environ['PATH']}", "RECORD": str(record)}
    if way == "installed":
        assert _helm(helm4, environment, "plugin", "install", str(PLUGIN)).returncode == 0

    arguments = ["--post-renderer", "mcpfence", "--post-renderer-args", "--log-file=log"]
    done = _helm(helm4, environment, "template", "demo", str(chart), *arguments)

    assert done.returncode == 0, done.stderr
    assert record.read_text(encoding="utf-8").splitlines() == ["post-render", "--log-file=log"]
    assert "name: one" in done.stdout


def test_what_helm4_hides_is_in_a_log(helm4: Path, tmp_path: Path) -> None:
    """Helm shows nothing of a refusal; the log below XDG_STATE_HOME says it, behind the time of the run."""
    values = tmp_path / "values.yaml"
    values.write_text("clients: {c: {}}\n", encoding="utf-8")
    environment = helm_environment(tmp_path, PLUGINS)
    arguments = ("--values", str(values), "--post-renderer", "mcpfence")
    done = _helm(helm4, environment, "template", "demo", str(ROOT / "chart"), *arguments)
    first, *lines = (tmp_path / "state" / PLACE).read_text(encoding="utf-8").splitlines()

    assert (done.returncode, "clients.c" in done.stderr) == (1, False)
    assert first.startswith("--- 2")
    assert any(line.startswith("error: clients.c: ") for line in lines)


def _helm(helm: Path, environment: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(helm), *arguments], capture_output=True, text=True, check=False, env=environment)
