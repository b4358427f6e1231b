"""Argo CD's real repo-server and cmp-server, a Git repository, and the plugin.yaml that users get."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from argocd.applications import (
    KINDS,
    NAME,
    NAMESPACE,
    Identity,
    by_identity,
    chart,
    commit,
    objects,
    on_mcpfence,
    plain,
    write,
)
from argocd.servers import Application, ArgoCD, GenerationError
from edges import CATALOG, catalog, container, mcpfence
from tooling import ROOT

pytestmark = pytest.mark.xdist_group("argocd")

TRACKING = "argocd.argoproj.io/tracking-id"
PREFIX = (
    "plugin sidecar failed. error generating manifests in cmp: rpc error: code = Unknown desc = error generating "
    "manifests: `mcpfence argocd generate` failed exit status 1: "
)
"""What Argo CD puts before all that mcpfence says."""


def untracked(manifests: list[dict[str, Any]]) -> dict[Identity, Any]:
    """Objects without the annotation that Argo CD adds to each."""
    for manifest in manifests:
        annotations = manifest["metadata"]["annotations"]
        assert annotations.pop(TRACKING).startswith(f"{NAME}:")
        if not annotations:
            del manifest["metadata"]["annotations"]
    return by_identity(manifests)


def refused(argocd: ArgoCD, application: Application) -> str:
    """What Argo CD shows of an application that fails."""
    with pytest.raises(GenerationError) as caught:
        argocd.manifests(application)
    return str(caught.value)


@pytest.fixture
def repository(tmp_path: Path) -> Callable[[Mapping[str, Any]], Path]:
    """A Git repository of these files."""
    return lambda files: commit(write(tmp_path / "repository", files))


# --- the same objects as everywhere ---


@pytest.mark.parametrize("example", sorted(path.name for path in (ROOT / "values-examples").iterdir()))
def test_examples(example: str, argocd: ArgoCD, helm4: Path, tmp_path: Path) -> None:
    """Every example comes out of Argo CD as `mcpfence render` prints it, and Argo CD keeps the order."""
    folder = tmp_path / example
    shutil.copytree(ROOT / "values-examples" / example, folder)
    files = [name for name in ("values.yaml", "services.yaml") if (folder / name).exists()]
    flags = [flag for name in files for flag in ("-f", name)]
    flags += ["--release", NAME, "--namespace", NAMESPACE]
    rendered = mcpfence("render", *flags, cwd=folder, HELM_BIN=str(helm4))
    application = Application(repository=commit(folder), parameters={"values-files": files})
    found = untracked(argocd.manifests(application))

    assert found == objects(rendered.stdout)
    assert list(found) == list(objects(rendered.stdout))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_folder(kind: str, argocd: ArgoCD, tmp_path: Path) -> None:
    """Values, charts and foreign charts, in a folder of a repository; twice the same."""
    KINDS[kind](tmp_path / "team" if kind == "local" else tmp_path / "team" / "app")
    application = Application(repository=commit(tmp_path), path="team/app")
    one, two = argocd.manifests(application), argocd.manifests(application)

    assert one == two
    assert ("NetworkPolicy", "demo-mcp", "mcp-server-vault-egress") in untracked(one)


def test_parameters_and_env_arrive(argocd: ArgoCD, repository: Callable[[Mapping[str, Any]], Path]) -> None:
    """Arrays, texts and plugin.env, in which Argo CD puts the Application's name."""
    files = {"base.yaml": {"clients": CATALOG["clients"]}, "shards/a.yaml": catalog(a=container())}
    application = Application(
        repository=repository(files),
        name="a",
        parameters={"provider": "aviatrix", "profile": "aks", "namespace": "elsewhere"},
        env={"VALUES_FILES": "base.yaml,shards/$ARGOCD_APP_NAME.yaml"},
    )
    found = by_identity(argocd.manifests(application))

    assert ("FirewallPolicy", "a-mcp", "mcp-server-a") in found
    assert ("ConfigMap", "elsewhere", "a-mcpfence") in found


def test_parameters_are_announced(argocd: ArgoCD, repository: Callable[[Mapping[str, Any]], Path]) -> None:
    """The user interface gets each with what holds by default; Argo CD tells no namespace on this call."""
    values = {**CATALOG, "cluster": {"profile": "aks"}, "egress": {"provider": "aviatrix"}}

    assert argocd.parameters(Application(repository=repository({"values.yaml": values}))) == {
        "values-files": ("", ["values.yaml"]),
        "catalog": ("", []),
        "provider": ("aviatrix", []),
        "profile": ("aks", []),
        "values": ("", []),
        "namespace": ("", []),
        "release": ("demo", []),
    }


def test_two_applications_at_once(argocd: ArgoCD, repository: Callable[[Mapping[str, Any]], Path]) -> None:
    """Argo CD sets no limit to how many run side by side; they share nothing."""
    names = [f"shard-{number}" for number in range(2)]
    path = repository({f"{name}/values.yaml": catalog(**{name: container()}) for name in names})
    applications = [Application(repository=path, path=name, name=name) for name in names]
    alone = [argocd.manifests(application) for application in applications]
    with ThreadPoolExecutor(len(names)) as pool:
        together = list(pool.map(argocd.manifests, applications))

    assert together == alone
    assert len({json.dumps(manifests) for manifests in together}) == len(names)


def test_application_of_another_namespace(argocd: ArgoCD, repository: Callable[[Mapping[str, Any]], Path]) -> None:
    """Its name comes as NAMESPACE_NAME."""
    application = Application(repository=repository({"values.yaml": CATALOG}), name="team-a_demo")

    assert ("ConfigMap", NAMESPACE, "demo-mcpfence") in by_identity(argocd.manifests(application))


def test_waves(argocd: ArgoCD, repository: Callable[[Mapping[str, Any]], Path]) -> None:
    """Namespace and firewall come in wave -1, everything else in wave 0: policies before what they must not widen."""
    more = {"egress": {"provider": "aviatrix"}, "cluster": {"profile": "aks"}, "rbac": {"create": True}}
    path = repository({"values.yaml": {**CATALOG, **more}})
    waves = {
        manifest["kind"]: manifest["metadata"]["annotations"].get("argocd.argoproj.io/sync-wave", "0")
        for manifest in argocd.manifests(Application(repository=path))
    }

    assert waves == {
        "Namespace": "-1",
        "FirewallPolicy": "-1",
        "NetworkPolicy": "0",
        "ServiceAccount": "0",
        "Role": "0",
        "RoleBinding": "0",
        "ConfigMap": "0",
    }


# --- Source Hydrator ---


def test_dry_source(argocd: ArgoCD, tmp_path: Path) -> None:
    """A source without a plugin, as Source Hydrator has it, is found by discovery; a foreign chart too."""
    for kind in ("plain", "foreign"):
        KINDS[kind](tmp_path / kind)
    commit(tmp_path)
    for kind in ("plain", "foreign"):
        dry = Application(repository=tmp_path, path=kind, plugin=None)
        named = Application(repository=tmp_path, path=kind)

        assert untracked(argocd.manifests(dry)) == untracked(argocd.manifests(named))


def test_dry_source_that_names_the_plugin(argocd: ArgoCD, repository: Callable[[Mapping[str, Any]], Path]) -> None:
    """A file `.argocd-source.yaml` in the folder gives what the dry source cannot: plugin and parameters."""
    plugin = {"name": "mcpfence", "parameters": [{"name": "values-files", "array": ["mine.yaml"]}]}
    path = repository({".argocd-source.yaml": {"plugin": plugin}, "mine.yaml": CATALOG})
    found = by_identity(argocd.manifests(Application(repository=path, plugin=None)))

    assert ("NetworkPolicy", "demo-mcp", "mcp-server-vault-egress") in found


# --- as the examples in argocd/ have it ---


def example(name: str) -> dict[str, Any]:
    """The `spec` of an Application, or of the template of an ApplicationSet."""
    found = yaml.load((ROOT / "argocd" / name).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return dict(found["spec"].get("template", found)["spec"])


def given(source: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of an example."""
    return {row["name"]: row.get("string") or row["array"] for row in source["plugin"]["parameters"]}


def test_example_application(argocd: ArgoCD, repository: Callable[[Mapping[str, Any]], Path]) -> None:
    """argocd/application.yaml works as written, with a base file beside the application's folder."""
    source = example("application.yaml")["source"]
    files = {"fences/base.yaml": {"clients": CATALOG["clients"]}, "fences/prod/values.yaml": catalog(a=container())}
    application = Application(repository=repository(files), path=source["path"], parameters=given(source))

    assert source["plugin"]["name"] == application.plugin
    assert ("FirewallPolicy", "demo-mcp", "mcp-server-a") in by_identity(argocd.manifests(application))


def test_example_application_set(argocd: ArgoCD, repository: Callable[[Mapping[str, Any]], Path]) -> None:
    """Each folder of argocd/applicationset.yaml is a release of its own; Argo CD sends the plugin these files only."""
    template = yaml.load(
        (ROOT / "argocd" / "applicationset.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
    )["spec"]["template"]
    paths = template["metadata"]["annotations"]["argocd.argoproj.io/manifest-generate-paths"]
    source = template["spec"]["source"]
    shards = {f"shards/{name}/values.yaml": {"servers": {name: container()}} for name in ("red", "blue")}
    path = repository({"shards/base.yaml": {"clients": CATALOG["clients"]}, "other.txt": "", **shards})
    found: dict[Identity, Any] = {}
    for name in ("red", "blue"):
        application = Application(
            repository=path,
            name=template["metadata"]["name"].replace("{{ .path.basename }}", name),
            path=source["path"].replace("{{ .path.path }}", f"shards/{name}"),
            parameters=given(source),
            generate_paths=paths,
        )
        manifests = by_identity(argocd.manifests(application))
        assert not set(manifests) & set(found)
        found |= manifests

    assert ("NetworkPolicy", "fences-red-mcp", "mcp-server-red-egress") in found
    assert ("NetworkPolicy", "fences-blue-mcp", "mcp-server-blue-egress") in found


def test_without_the_plugin(argocd: ArgoCD, helm4: Path, tmp_path: Path) -> None:
    """argocd/application-directory.yaml: the folder that `mcpfence render -o` writes, applied as it lies there."""
    source = example("application-directory.yaml")["source"]
    plain(tmp_path)
    flags = ["-f", "values.yaml", "--release", NAME, "--namespace", NAMESPACE]
    done = mcpfence("render", *flags, "-o", source["path"], cwd=tmp_path, HELM_BIN=str(helm4))
    assert done.returncode == 0, done.stderr.decode()
    rendered = mcpfence("render", *flags, cwd=tmp_path, HELM_BIN=str(helm4))
    directory = source["directory"]["exclude"]
    application = Application(repository=commit(tmp_path), path=source["path"], plugin=None, exclude=directory)

    assert untracked(argocd.manifests(application)) == objects(rendered.stdout)


# --- what goes wrong ---


def test_errors_are_shown(argocd: ArgoCD, repository: Callable[[Mapping[str, Any]], Path]) -> None:
    """All of what mcpfence says stands in the error panel, a line each; no manifests come."""
    values = catalog(a=container(egress={"domains": ["https://api.example.com", "localhost"]}))
    shown = refused(argocd, Application(repository=repository({"values.yaml": values})))

    assert shown == PREFIX + (
        'error: values.yaml:25:6 servers.a.egress.domains[0]: "https://api.example.com" has a scheme; write '
        "api.example.com [host-scheme]\n"
        'error: values.yaml:26:6 servers.a.egress.domains[1]: "localhost" is the pod itself; remove it; a pod always '
        "reaches itself [host-localhost]"
    )


@pytest.mark.parametrize(
    ("files", "parameters", "sentence"),
    [
        (
            {"values.yaml": CATALOG},
            {"values-files": ["../other/values.yaml"]},
            'parameter values-files: "../other/values.yaml" leads out of the repository; name a file of the repository '
            "[path-outside]",
        ),
        (
            {"values.yaml": CATALOG},
            {"values-files": ["/etc/passwd"]},
            'parameter values-files: "/etc/passwd" is no path from the application\'s folder; write one, such as '
            "values.yaml [path-outside]",
        ),
        (
            {"Chart.yaml": chart("a", on_mcpfence("https://charts.example.com"))},
            {},
            'Chart.yaml: the dependency mcpfence would come from "https://charts.example.com", and nothing is '
            "downloaded; run `helm dependency build` and commit charts/, or vendor the chart and use file:// "
            "[dependency-missing]",
        ),
        (
            {"Chart.yaml": chart("a", on_mcpfence("file://../../../../../../etc"))},
            {},
            'Chart.yaml: "file://../../../../../../etc" leads out of the repository; name a file of the repository '
            "[path-outside]",
        ),
    ],
)
def test_escapes(
    files: Mapping[str, Any],
    parameters: Mapping[str, Any],
    sentence: str,
    argocd: ArgoCD,
    repository: Callable[[Mapping[str, Any]], Path],
) -> None:
    """A repository that reaches out of itself, or for the network, is refused, and Argo CD says why."""
    application = Application(repository=repository(files), parameters=parameters)

    assert refused(argocd, application) == f"{PREFIX}error: {sentence}"


@pytest.mark.parametrize("target", ["/etc/passwd", "../../etc/passwd"])
def test_links_out_of_the_repository(target: str, argocd: ArgoCD, tmp_path: Path) -> None:
    """Argo CD itself refuses these, before the plugin is asked."""
    (plain(tmp_path) / "passwd.yaml").symlink_to(target)

    assert "contains out-of-bounds symlinks" in refused(argocd, Application(repository=commit(tmp_path)))


def test_link_inside_the_repository(argocd: ArgoCD, tmp_path: Path) -> None:
    """Argo CD makes it an absolute link into the plugin's copy, and it works."""
    write(tmp_path, {"base.yaml": CATALOG, "app/README.md": ""})
    (tmp_path / "app" / "values.yaml").symlink_to("../base.yaml")

    assert argocd.manifests(Application(repository=commit(tmp_path), path="app"))


def test_destination_without_a_namespace(argocd: ArgoCD, repository: Callable[[Mapping[str, Any]], Path]) -> None:
    """An Application may leave it out; then the release has no home, and nothing is guessed."""
    application = Application(repository=repository({"values.yaml": CATALOG}), namespace="")

    assert refused(argocd, application) == PREFIX + (
        "error: ARGOCD_APP_NAMESPACE: is not set; write spec.destination.namespace in the Application, or give the "
        "parameter namespace [argocd-environment]"
    )


def test_nothing_is_left_behind(argocd: ArgoCD, repository: Callable[[Mapping[str, Any]], Path]) -> None:
    """After success and failure, the sidecar's folders are as empty as before."""
    path = repository({"values.yaml": CATALOG})
    argocd.manifests(Application(repository=path))
    refused(argocd, Application(repository=path, parameters={"provider": "nothing"}))

    assert list(argocd.workdir.iterdir()) == []
    assert [entry.name for entry in (argocd.folder / "tmp").iterdir() if entry.name.startswith("mcpfence-")] == []
