"""All render paths give the same objects for every example: one test compares them all.

Texts are compared where a path prints ours, documents where another program (Helm 4, kustomize) writes them again.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

import golden
from edges import Host, make_host, mcpfence
from gittools import documents, find_kustomize, kustomize, scripts_folder
from mcpfence.streams.folder_layout import KUSTOMIZATION
from mcpfence.streams.stream import split
from tooling import ROOT, find_helm3, find_helm4, need

RELEASE, NAMESPACE = golden.RELEASE, golden.NAMESPACE
NAMED = ("--release", RELEASE, "--namespace", NAMESPACE)
EXEC = ("build", "--enable-alpha-plugins", "--enable-exec")


class Machine(NamedTuple):
    """What the paths need: both helms with mcpfence in them, kustomize, a folder for PATH."""

    helm3: Host
    helm4: Host
    kustomize: Path
    scripts: Path


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """One for all examples."""
    folder = tmp_path_factory.mktemp("paths")
    return Machine(
        helm3=make_host(need(find_helm3), 3, folder / "helm3"),
        helm4=make_host(need(find_helm4), 4, folder / "helm4"),
        kustomize=need(find_kustomize),
        scripts=scripts_folder(folder / "scripts"),
    )


class Example(NamedTuple):
    """An example in a folder of its own: its values file, and the files of manifests beside it."""

    name: str
    folder: Path
    values: str
    beside: tuple[str, ...]

    @property
    def flags(self) -> list[str]:
        """As `mcpfence render` takes them."""
        return [flag for name in (self.values, *self.beside) for flag in ("-f", name)]

    @property
    def catalog(self) -> Any:
        """The values."""
        return yaml.load((self.folder / self.values).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)

    @property
    def manifests(self) -> list[Any]:
        """What stands in the files beside it."""
        texts = ((self.folder / name).read_text(encoding="utf-8") for name in self.beside)
        return [document for text in texts for document in yaml.load_all(text, Loader=yaml.CSafeLoader) if document]


@pytest.fixture(params=golden.examples())
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Example:
    """Each example in turn."""
    folder = tmp_path / "work"
    shutil.copytree(ROOT / "values-examples" / request.param, folder)
    first, *beside = (Path(name).name for name in golden.input_files(request.param))
    return Example(request.param, folder, first, tuple(beside))


# --- the paths: each gives a stream of manifests ---


def _hosted(host: Host, example: Example) -> str:
    """`helm template` with mcpfence as its post-renderer."""
    services = [f"--services={example.folder / name}" for name in example.beside]
    values = example.folder / example.values
    done = host.run("template", RELEASE, ROOT / "chart", "-n", NAMESPACE, "-f", values, *host.flags(*services))
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def _rendered(example: Example, *arguments: str | Path, helm: Path | None = None) -> str:
    """`mcpfence render`."""
    variables = {"HELM_BIN": str(helm)} if helm else {}
    done = mcpfence("render", *example.flags, *NAMED, *arguments, "-q", cwd=example.folder, **variables)  # type: ignore[arg-type]
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def _folder(example: Example, name: str, helm: Path) -> Path:
    """The folder of `mcpfence render -o`, made if it is not there yet."""
    folder = example.folder / name
    if not folder.exists():
        _rendered(example, "-o", name, helm=helm)
    return folder


def _read_back(folder: Path) -> str:
    """The files of a folder, put together."""
    return "".join(p.read_text(encoding="utf-8") for p in sorted(folder.glob("*.yaml")) if p.name != KUSTOMIZATION)


def _built(machine: Machine, *arguments: str | Path, without: list[Any] | None = None) -> str:
    """What kustomize builds, less the documents that were put into it."""
    done = kustomize(machine.kustomize, *arguments, scripts=machine.scripts)
    assert done.returncode == 0, done.stderr
    found = [
        document for document in yaml.load_all(done.stdout, Loader=yaml.CSafeLoader) if document not in (without or [])
    ]
    return yaml.safe_dump_all(found)


def _function(example: Example | None = None) -> str:
    """The functionConfig of `mcpfence krm`; with the catalog of an example, or without one."""
    annotations = {"config.kubernetes.io/function": "exec: {path: mcpfence, args: [krm]}"}
    config: dict[str, Any] = {
        "apiVersion": "mcpfence.io/v1alpha1",
        "kind": "McpfenceCatalog",
        "metadata": {"name": RELEASE, "annotations": annotations},
    }
    if example:
        config["spec"] = {"release": RELEASE, "namespace": NAMESPACE, "catalog": example.catalog}
    return yaml.safe_dump(config)


def _kustomization(folder: Path, example: Example, function: str, **more: Any) -> Path:
    """A kustomization that runs `mcpfence krm`, beside the manifests of an example."""
    folder.mkdir()
    (folder / "fences.yaml").write_text(function, encoding="utf-8")
    for name in example.beside:
        shutil.copy(example.folder / name, folder / name)
    kind = "transformers" if example.beside or more else "generators"
    given = {"resources": list(example.beside), kind: ["fences.yaml"], **more}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(given), encoding="utf-8")
    return folder


def _function_alone(machine: Machine, example: Example) -> str:
    """`mcpfence krm` with the catalog in its functionConfig, run by kustomize."""
    folder = _kustomization(example.folder / "alone", example, _function(example))
    return _built(machine, *EXEC, folder, without=example.manifests)


def _function_with_chart(machine: Machine, example: Example) -> str:
    """`mcpfence krm` behind the chart that kustomize inflates."""
    values = example.folder / example.values
    chart = {"name": "chart", "releaseName": RELEASE, "namespace": NAMESPACE, "valuesFile": "values.yaml"}
    more = {"helmCharts": [chart], "helmGlobals": {"chartHome": "."}}
    folder = _kustomization(example.folder / "with-chart", example, _function(), **more)
    shutil.copy(values, folder / "values.yaml")
    shutil.copytree(ROOT / "chart", folder / "chart")
    helm = ("--enable-helm", "--helm-command", machine.helm3.helm)
    return _built(machine, *EXEC, *helm, folder, without=example.manifests)


def _argocd(machine: Machine, example: Example) -> str:
    """`mcpfence argocd generate`, as Argo CD's plugin server calls it in the folder of an application."""
    files = [{"name": "values-files", "array": [example.values, *example.beside]}]
    done = mcpfence(
        "argocd",
        "generate",
        "-q",
        cwd=example.folder,
        HELM_BIN=str(machine.helm3.helm),
        ARGOCD_APP_NAME=RELEASE,
        ARGOCD_APP_NAMESPACE=NAMESPACE,
        ARGOCD_APP_PARAMETERS=json.dumps(files),
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


Way = Callable[[Machine, Example], str]

WHOLE: dict[str, Way] = {
    "helm 3 with the post-renderer": lambda machine, example: _hosted(machine.helm3, example),
    "helm 4 with the post-renderer": lambda machine, example: _hosted(machine.helm4, example),
    "render with helm 3": lambda machine, example: _rendered(example, helm=machine.helm3.helm),
    "render with helm 4": lambda machine, example: _rendered(example, helm=machine.helm4.helm),
    "a folder of helm 3": lambda machine, example: _read_back(_folder(example, "3", machine.helm3.helm)),
    "a folder of helm 4": lambda machine, example: _read_back(_folder(example, "4", machine.helm4.helm)),
    "a folder through kustomize": lambda machine, example: _built(
        machine, "build", _folder(example, "3", machine.helm3.helm)
    ),
    "a KRM function with the chart": _function_with_chart,
    "Argo CD's plugin": _argocd,
}
"""Ways that give everything, namespace and floor included."""

POLICIES: dict[str, Way] = {
    "render without helm": lambda _, example: _rendered(example, "--policies-only"),
    "a KRM function alone": _function_alone,
}
"""Ways that give what the renderer alone makes."""

TEXT = {"helm 3 with the post-renderer", "render with helm 3", "render with helm 4", "a folder of helm 3"} | {
    "a folder of helm 4",
    "Argo CD's plugin",
    "render without helm",
}
"""Ways on which our text is the last that anybody writes."""


def test_all_paths_give_the_same_objects(machine: Machine, example: Example) -> None:
    """Whichever way a catalog takes: the same objects, and to the last byte where nobody writes them again."""
    streams = {name: way(machine, example) for name, way in {**WHOLE, **POLICIES}.items()}
    rendering, _ = golden.rendering_of(example.name)
    ours = documents("".join(f"---\n{item.text}" for item in rendering.objects))
    whole = documents(streams["render with helm 3"])

    assert len(ours) == len(rendering.objects)
    assert set(ours) < set(whole)
    assert {name for name in WHOLE if documents(streams[name]) != whole} == set()
    assert {name for name in POLICIES if documents(streams[name]) != ours} == set()
    texts = {item.text for item in rendering.objects}
    assert {name for name in TEXT if not texts <= set(_texts(streams[name]))} == set()


def _texts(stream: str) -> list[str]:
    """The documents of a stream as they are printed, without separators and the comments that helm puts there."""
    pieces = (piece.decode().removeprefix("---\n") for piece in split(stream.encode()))
    return ["".join(line for line in p.splitlines(keepends=True) if not line.startswith("# Source:")) for p in pieces]


def test_a_difference_would_be_seen() -> None:
    """The comparison does not care for order or style, and for nothing else."""
    assert documents("{a: 1, b: [1, 2]}\n---\nc: x\n") == documents("c: 'x'\n---\nb:\n- 1\n- 2\na: 1\n")
    assert documents("b: [1, 2]") != documents("b: [2, 1]")
    assert documents("a: '1'") != documents("a: 1")
    assert documents("a: 1\n---\na: 1") != documents("a: 1")
