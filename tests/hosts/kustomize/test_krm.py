"""Real kustomize around `mcpfence krm`: as generator, as transformer, and as docs/git.md shows it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from edges import CATALOG, NAMESPACE, RELEASE, catalog, container, mcpfence
from find_helm import Helm
from gittools import documents, find_kustomize, kustomize, scripts_folder
from krm import function_config, rendered_alone
from pages import BLOCKS
from tooling import ROOT, need


@pytest.fixture(scope="module")
def program() -> Path:
    """A real kustomize."""
    return need(find_kustomize)


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PATH with mcpfence in it."""
    return scripts_folder(tmp_path_factory.mktemp("scripts"))


EXEC = ("build", "--enable-alpha-plugins", "--enable-exec")


def _write(folder: Path, files: Mapping[str, Any]) -> Path:
    for name, content in files.items():
        text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_generator(program: Path, scripts: Path, tmp_path: Path) -> None:
    """Listed under generators, without any resource: exactly what `render --policies-only` gives."""
    _write(tmp_path, {"kustomization.yaml": {"generators": ["fences.yaml"]}, "fences.yaml": function_config()})
    done = kustomize(program, *EXEC, tmp_path, scripts=scripts)

    assert done.returncode == 0, done.stderr
    assert documents(done.stdout) == rendered_alone()
    assert done.stderr == "mcpfence: release demo: 1 fence, 3 objects for namespace demo-mcp, provider none\n"


def test_transformer(program: Path, scripts: Path, tmp_path: Path) -> None:
    """Listed under transformers it sees the other resources, here a Service that it must look up, and keeps them."""
    raw = catalog(a=container(egress={"services": [{"name": "redis", "namespace": "data"}]}))
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "redis", "namespace": "data"},
        "spec": {"selector": {"app": "redis"}, "ports": [{"port": 80, "targetPort": 6379}]},
    }
    kustomization = {"resources": ["service.yaml"], "transformers": ["fences.yaml"]}
    _write(
        tmp_path, {"kustomization.yaml": kustomization, "service.yaml": service, "fences.yaml": function_config(raw)}
    )
    done = kustomize(program, *EXEC, tmp_path, scripts=scripts)
    found = [
        document for document in yaml.load_all(done.stdout, Loader=yaml.CSafeLoader) if document["kind"] != "Service"
    ]

    assert done.returncode == 0, done.stderr
    assert service in list(yaml.load_all(done.stdout, Loader=yaml.CSafeLoader))
    assert len(found) == 3
    assert "port: 6379" in done.stdout


def test_chart_inflated_by_kustomize(program: Path, scripts: Path, helm: Helm, tmp_path: Path) -> None:
    """The whole chart, namespace and floor included: what `mcpfence render` prints."""
    (tmp_path / "charts").mkdir()
    shutil.copytree(ROOT / "chart", tmp_path / "charts" / "mcpfence")
    chart = {"name": "mcpfence", "releaseName": RELEASE, "namespace": NAMESPACE, "valuesFile": "values.yaml"}
    kustomization = {"helmCharts": [chart], "helmGlobals": {"chartHome": "charts"}, "transformers": ["fences.yaml"]}
    fences = {key: value for key, value in function_config().items() if key != "spec"}
    _write(tmp_path, {"kustomization.yaml": kustomization, "fences.yaml": fences, "values.yaml": CATALOG})
    done = kustomize(program, *EXEC, "--enable-helm", "--helm-command", helm.path, tmp_path, scripts=scripts)
    whole = mcpfence(
        "render",
        "-f",
        tmp_path / "values.yaml",
        "--release",
        RELEASE,
        "-n",
        NAMESPACE,
        "-q",
        HELM_BIN=str(helm.path),
    )

    assert done.returncode == 0, done.stderr
    assert documents(done.stdout) == documents(whole.stdout)


def test_generator_and_transformer_together(program: Path, scripts: Path, tmp_path: Path) -> None:
    """A second run in one build replaces the first one's objects, and doubles none."""
    kustomization = {"generators": ["fences.yaml"], "transformers": ["fences.yaml"]}
    _write(tmp_path, {"kustomization.yaml": kustomization, "fences.yaml": function_config()})
    done = kustomize(program, *EXEC, tmp_path, scripts=scripts)

    assert done.returncode == 0, done.stderr
    assert documents(done.stdout) == rendered_alone()


def test_kustomize_shows_our_sentence(program: Path, scripts: Path, tmp_path: Path) -> None:
    """kustomize shows no results; what it shows is stderr, and nothing is built."""
    bad = {**CATALOG, "servers": {"a": {"runtime": "snail"}}}
    _write(tmp_path, {"kustomization.yaml": {"generators": ["fences.yaml"]}, "fences.yaml": function_config(bad)})
    done = kustomize(program, *EXEC, tmp_path, scripts=scripts)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        'error: spec.catalog.servers.a.runtime: "snail" is no choice here; '
        "write one of: npx, uvx, containerized, remote, composite [choice]",
        "Error: couldn't execute function: exit status 1",
    ]


# --- what docs/kustomize.md shows, with the catalog of docs/git.md ---


def _shown(begin: str) -> str:
    """The one YAML block of the page that begins so."""
    (text,) = [
        b.text for b in BLOCKS if b.page.name == "kustomize.md" and b.kind == "yaml" and b.text.startswith(begin)
    ]
    return text


def test_generator_of_the_page(program: Path, scripts: Path, tmp_path: Path) -> None:
    """The two files and the command that docs/kustomize.md shows give what the render of its catalog gives."""
    (block,) = [b for b in BLOCKS if b.page.name == "kustomize.md" and b.words == ("fences.yaml",)]
    files = {"fences.yaml": block.text, "kustomization.yaml": _shown("# kustomization.yaml\ngenerators")}
    done = kustomize(program, *EXEC, ".", scripts=scripts, cwd=_write(tmp_path, files))
    raw = yaml.load(block.text, Loader=yaml.CSafeLoader)["spec"]["catalog"]
    arguments = ("--policies-only", "--release", "mcp", "-n", "mcp-system", "-q")
    alone = mcpfence("render", "-f", "-", *arguments, stdin=json.dumps(raw).encode())

    assert done.returncode == 0, done.stderr
    assert documents(done.stdout) == documents(alone.stdout)
    (values,) = [b for b in BLOCKS if b.page.name == "git.md" and b.words == ("values.yaml",)]
    assert yaml.load(values.text, Loader=yaml.CSafeLoader) == raw


def test_transformer_of_the_page(program: Path, scripts: Path, helm: Helm, tmp_path: Path) -> None:
    """The function that stands in the kustomization itself, behind the chart."""
    (tmp_path / "charts").mkdir()
    shutil.copytree(ROOT / "chart", tmp_path / "charts" / "mcpfence")
    (values,) = [b for b in BLOCKS if b.page.name == "git.md" and b.words == ("values.yaml",)]
    files = {"kustomization.yaml": _shown("# kustomization.yaml, with the chart"), "values.yaml": values.text}
    flags = ("--enable-helm", "--helm-command", helm.path)
    done = kustomize(program, *EXEC, *flags, _write(tmp_path, files), scripts=scripts)
    arguments = ("--release", "mcp", "-n", "mcp-system", "-q")
    whole = mcpfence("render", "-f", tmp_path / "values.yaml", *arguments, HELM_BIN=str(helm.path))

    assert done.returncode == 0, done.stderr
    assert documents(done.stdout) == documents(whole.stdout)
