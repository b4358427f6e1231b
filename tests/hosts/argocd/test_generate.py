"""`mcpfence argocd generate` in every kind of folder: the same objects as the other paths, whatever Argo CD's order."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from unittest import mock

import pytest

from argocd.applications import (
    ENVIRONMENT,
    KINDS,
    NAME,
    NAMESPACE,
    Identity,
    call,
    chart,
    foreign,
    local,
    objects,
    on_mcpfence,
    parameters,
    plain,
    vendored,
    write,
)
from edges import CATALOG, catalog, container, environment, mcpfence, mcpfence_command
from mcpfence.findings.finding import Finding
from tooling import PATIENCE, ROOT

FENCED: set[Identity] = {
    ("NetworkPolicy", "demo-mcp", "mcp-server-vault-egress"),
    ("NetworkPolicy", "demo-mcp", "mcp-server-vault-ingress"),
    ("ConfigMap", NAMESPACE, "demo-mcpfence"),
}
"""What each kind of folder gives for the catalog of one server; the report of a foreign chart lies there too."""


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_folder(kind: str, helm4: Path, tmp_path: Path) -> None:
    """Release and namespace are the Application's, and the policies stand in for the catalog.

    A second run prints the same bytes, in whatever order the API versions come, and the folder is as it was: Argo CD
    hands it to nobody else, but people run this in their checkout.
    """
    folder = KINDS[kind](tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    one = call(folder, "generate", helm=helm4, KUBE_API_VERSIONS="v1,apps/v1,batch/v1")
    two = call(folder, "generate", helm=helm4, KUBE_API_VERSIONS="batch/v1,v1,apps/v1,v1")

    assert one.returncode == 0, one.stderr.decode()
    assert one.stdout == two.stdout
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    found = objects(one.stdout)
    assert set(found) >= FENCED
    assert not [key for key in found if key[2].endswith("-catalog")]
    assert (("Service", "", "vault") in found) == (kind != "plain")


def test_plain_values_give_the_bytes_of_render(helm4: Path, tmp_path: Path) -> None:
    """`mcpfence render` of the same file is the same stream, byte for byte."""
    folder = plain(tmp_path)
    flags = ["-f", "values.yaml", "--release", NAME, "--namespace", NAMESPACE]
    rendered = mcpfence("render", *flags, cwd=folder, HELM_BIN=str(helm4))

    assert call(folder, "generate", helm=helm4).stdout == rendered.stdout


def test_chart_gives_the_objects_of_render(helm4: Path, tmp_path: Path) -> None:
    """So does `mcpfence render --chart` of the same chart, whether its dependency is vendored or beside it."""
    flags = ["--chart", ".", "--release", NAME, "--namespace", NAMESPACE]
    rendered = mcpfence("render", *flags, cwd=vendored(tmp_path / "one"), HELM_BIN=str(helm4))

    assert call(tmp_path / "one", "generate", helm=helm4).stdout == rendered.stdout
    assert call(local(tmp_path / "two"), "generate", helm=helm4).stdout == rendered.stdout


def test_foreign_chart_gives_the_bytes_of_post_render(helm4: Path, tmp_path: Path) -> None:
    """A catalog beside a chart is `mcpfence post-render --catalog`."""
    folder = foreign(tmp_path)
    stream = subprocess.run(
        [helm4, "template", NAME, ".", "--namespace", NAMESPACE], cwd=folder, capture_output=True, check=True
    ).stdout
    flags = ["--catalog", "catalog.yaml", "--release", NAME, "--namespace", NAMESPACE]

    assert (
        call(folder, "generate", helm=helm4).stdout == mcpfence("post-render", *flags, stdin=stream, cwd=folder).stdout
    )


def test_helm3_gives_the_same_objects(helm3: Path, helm4: Path, tmp_path: Path) -> None:
    """Which helm the sidecar holds makes no difference."""
    folder = vendored(tmp_path)

    assert objects(call(folder, "generate", helm=helm3).stdout) == objects(call(folder, "generate", helm=helm4).stdout)


# --- what Argo CD says ---


def test_release_and_namespace_may_be_given(helm4: Path, tmp_path: Path) -> None:
    """The parameters win over the Application's name and its destination."""
    given = parameters(release="other", namespace="elsewhere")
    found = objects(call(plain(tmp_path), "generate", helm=helm4, ARGOCD_APP_PARAMETERS=given).stdout)

    assert ("ConfigMap", "elsewhere", "other-mcpfence") in found
    assert ("NetworkPolicy", "other-mcp", "mcp-default-deny") in found


def test_application_of_another_namespace(helm4: Path, tmp_path: Path) -> None:
    """Argo CD calls it NAMESPACE_NAME; the release is called NAME, as with Argo CD's own Helm source."""
    done = call(plain(tmp_path), "generate", helm=helm4, ARGOCD_APP_NAME="team-a_demo")

    assert ("ConfigMap", NAMESPACE, "demo-mcpfence") in objects(done.stdout)


def test_versions_reach_the_templates(helm4: Path, tmp_path: Path) -> None:
    """Charts that ask for the cluster's version and APIs see those that Argo CD tells."""
    template = (
        "kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: seen\ndata:\n"
        '  version: "{{ .Capabilities.KubeVersion.Version }}"\n'
        '  wanted: "{{ .Capabilities.APIVersions.Has "example.com/v1/Wanted" }}"\n'
        '  other: "{{ .Capabilities.APIVersions.Has "example.com/v1/Other" }}"\n'
        '  all: "{{ range .Capabilities.APIVersions }}{{ . }} {{ end }}"\n'
    )
    folder = write(foreign(tmp_path), {"templates/seen.yaml": template})
    versions = "v1,example.com/v1/Wanted,apps/v1"
    done = call(folder, "generate", helm=helm4, KUBE_VERSION="1.30.4", KUBE_API_VERSIONS=versions)

    seen = objects(done.stdout)["ConfigMap", "", "seen"]["data"]
    assert seen.pop("all").endswith("apps/v1 example.com/v1/Wanted v1 ")  # sorted: Argo CD's order is not stable
    assert seen == {"version": "v1.30.4", "wanted": "true", "other": "false"}


def test_custom_resource_definitions_are_printed(helm4: Path, tmp_path: Path) -> None:
    """As with Argo CD's own Helm source, what lies in crds/ is part of the application."""
    crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "a.b.c"}}
    folder = write(foreign(tmp_path), {"crds/a.yaml": crd})

    assert ("CustomResourceDefinition", "", "a.b.c") in objects(call(folder, "generate", helm=helm4).stdout)


def test_values_files_in_their_order(helm4: Path, tmp_path: Path) -> None:
    """Later files win, and a shard below the base finds the base with `..`, inside the repository."""
    write(tmp_path, {"base.yaml": CATALOG, "shards/a/values.yaml": catalog(a=container())})
    given = parameters(values_files=["../../base.yaml", "values.yaml"])
    done = call(
        tmp_path / "shards" / "a",
        "generate",
        helm=helm4,
        ARGOCD_APP_SOURCE_PATH="shards/a",
        ARGOCD_APP_PARAMETERS=given,
    )

    assert done.returncode == 0, done.stderr.decode()
    names = {name for kind, _, name in objects(done.stdout) if kind == "NetworkPolicy"}
    assert {"mcp-server-vault-egress", "mcp-server-a-egress"} <= names


def test_manifests_among_the_values_files(helm4: Path, tmp_path: Path) -> None:
    """Services are looked up in them, as `mcpfence render -f` does it: the example says how."""
    shutil.copytree(ROOT / "values-examples" / "services", tmp_path, dirs_exist_ok=True)
    given = parameters(values_files=["values.yaml", "services.yaml"])
    flags = ["-f", "values.yaml", "-f", "services.yaml", "--release", NAME, "--namespace", NAMESPACE]
    rendered = mcpfence("render", *flags, cwd=tmp_path, HELM_BIN=str(helm4))

    assert call(tmp_path, "generate", helm=helm4, ARGOCD_APP_PARAMETERS=given).stdout == rendered.stdout != b""


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_provider_and_profile(kind: str, helm4: Path, tmp_path: Path) -> None:
    """They reach the catalog wherever it stands: at the top, below the dependency's key, or beside the chart."""
    given = parameters(provider="aviatrix", profile="aks")
    done = call(KINDS[kind](tmp_path), "generate", helm=helm4, ARGOCD_APP_PARAMETERS=given)

    assert done.returncode == 0, done.stderr.decode()
    assert ("FirewallPolicy", "demo-mcp", "mcp-server-vault") in objects(done.stdout)
    assert done.stderr.decode().endswith("for namespace demo-mcp, provider aviatrix\n")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_single_values(kind: str, helm4: Path, tmp_path: Path) -> None:
    """They reach the catalog wherever it stands, over what its files say; JSON is read as JSON, the rest is text."""
    values = {
        "mcpNamespace.name": "fenced",
        "servers.vault.containerizedConfig.port": "9000",
        "servers.vault.podSelector.app\\.kubernetes\\.io/name": "y",
        "servers.vault.containerizedConfig.denyAllEgress": "false",
        "servers.vault.egress": '{"cidrs": [{"cidr": "203.0.113.7/32", "ports": [443]}]}',
    }
    given = parameters(values=values, profile="aks")
    done = call(KINDS[kind](tmp_path), "generate", helm=helm4, ARGOCD_APP_PARAMETERS=given)

    assert done.returncode == 0, done.stderr.decode()
    spec = objects(done.stdout)["NetworkPolicy", "fenced", "mcp-server-vault-ingress"]["spec"]
    assert spec["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": "y"}}
    assert spec["ingress"][0]["ports"] == [{"protocol": "TCP", "port": 9000}]
    egress = objects(done.stdout)["NetworkPolicy", "fenced", "mcp-server-vault-egress"]["spec"]["egress"]
    assert {"ipBlock": {"cidr": "203.0.113.7/32"}} in egress[0]["to"]


def test_provider_of_an_alias(helm4: Path, tmp_path: Path) -> None:
    """A dependency with an alias has its values below that."""
    folder = vendored(tmp_path)
    write(folder, {"Chart.yaml": chart("platform", on_mcpfence(alias="fence")), "values.yaml": {"fence": CATALOG}})
    done = call(folder, "generate", helm=helm4, ARGOCD_APP_PARAMETERS=parameters(provider="aviatrix"))

    assert ("FirewallPolicy", "demo-mcp", "mcp-server-vault") in objects(done.stdout)


def test_plugin_env_says_the_same(helm4: Path, tmp_path: Path) -> None:
    """`spec.source.plugin.env` stands for parameters that are not given; a list is parted by commas or lines."""
    write(tmp_path, {"a.yaml": CATALOG, "b.yaml": catalog(b=container())})
    variables = {"ARGOCD_ENV_VALUES_FILES": "a.yaml, b.yaml", "ARGOCD_ENV_RELEASE": "lost"}
    done = call(tmp_path, "generate", helm=helm4, ARGOCD_APP_PARAMETERS=parameters(release="won"), **variables)

    assert {("ConfigMap", NAMESPACE, "won-mcpfence"), ("NetworkPolicy", "won-mcp", "mcp-server-b-egress")} <= set(
        objects(done.stdout)
    )


@pytest.mark.parametrize("text", [None, "", "null", "[]"])
def test_no_parameters(text: str | None, helm4: Path, tmp_path: Path) -> None:
    """However Argo CD says it: a plugin block without parameters, or no plugin block at all."""
    assert call(plain(tmp_path), "generate", helm=helm4, ARGOCD_APP_PARAMETERS=text).returncode == 0


def test_root_as_the_chart_itself(helm4: Path, tmp_path: Path) -> None:
    """A copy of our own chart is an application too; parameters go to its top."""
    shutil.copytree(ROOT / "chart", tmp_path, dirs_exist_ok=True)
    write(tmp_path, {"mine.yaml": CATALOG})
    given = parameters(values_files=["mine.yaml"], provider="aviatrix")

    found = objects(call(tmp_path, "generate", helm=helm4, ARGOCD_APP_PARAMETERS=given).stdout)
    assert ("FirewallPolicy", "demo-mcp", "mcp-server-vault") in found


def test_nested_file_dependencies(helm4: Path, tmp_path: Path) -> None:
    """A chart beside the application may itself have ours beside it; helm alone would leave it out without a word."""
    local(tmp_path)
    (tmp_path / "app").rename(tmp_path / "platform")
    outer = chart("outer", {"name": "platform", "version": "*", "repository": "file://../platform"})
    write(tmp_path / "app", {"Chart.yaml": outer})
    done = call(tmp_path / "app", "generate", helm=helm4)

    assert done.returncode == 0, done.stderr.decode()
    assert set(objects(done.stdout)) >= FENCED


def test_vendored_archive(helm4: Path, tmp_path: Path) -> None:
    """charts/mcpfence-VERSION.tgz, as `helm dependency build` leaves it, is as good as a folder."""
    meta = chart("a", on_mcpfence("https://charts.example.com"))
    write(tmp_path, {"Chart.yaml": meta, "values.yaml": {"mcpfence": CATALOG}})
    subprocess.run([helm4, "package", ROOT / "chart", "-d", tmp_path / "charts"], check=True, capture_output=True)
    done = call(tmp_path, "generate", helm=helm4)

    assert done.returncode == 0, done.stderr.decode()
    assert set(objects(done.stdout)) >= FENCED


def test_link_inside_the_repository(helm4: Path, tmp_path: Path) -> None:
    """Argo CD keeps links that stay inside; so does mcpfence."""
    write(tmp_path, {"base.yaml": CATALOG, "app/README.md": ""})
    (tmp_path / "app" / "values.yaml").symlink_to("../base.yaml")

    assert call(tmp_path / "app", "generate", helm=helm4).returncode == 0


# --- what it says ---


def test_findings_come_after_the_output(helm4: Path, tmp_path: Path) -> None:
    """Argo CD logs stderr on success: warnings with their place in the file, and a summary."""
    values = catalog(a=container()) | {"clients": {}}
    done = call(plain(tmp_path, values), "generate", helm=helm4)

    assert done.stderr.decode().splitlines() == [
        "warning: values.yaml:8:2 clients: no client is declared, so nobody may call the servers; declare the gateway or back-end that calls them [clients-none]",
        "mcpfence: release demo: 1 fence, 3 objects for namespace demo-mcp, provider none",
    ]


def test_size_of_a_release_is_no_matter(helm4: Path, tmp_path: Path) -> None:
    """There is no release that Helm would have to store, so nobody is told how large it would be."""
    large = Finding("release-size", (), "the release is large", "split it")
    with mock.patch("mcpfence.streams.post_render.size_finding", return_value=large):
        done = call(plain(tmp_path), "generate", "--strict", helm=helm4)

    assert done.returncode == 0
    assert b"the release is large" not in done.stderr


def test_places_in_an_umbrella_chart(helm4: Path, tmp_path: Path) -> None:
    """Keys are named as they stand in the application's own values, with file and line."""
    values = catalog(a=container(egress={"domains": ["https://api.example.com"]}))
    done = call(vendored(tmp_path, values), "generate", helm=helm4)

    assert (done.returncode, done.stdout) == (1, b"")
    assert "values.yaml:" in done.stderr.decode()
    assert 'mcpfence.servers.a.egress.domains[0]: "https://api.example.com" has a scheme' in done.stderr.decode()


def test_stopped_by_argo_cd(tmp_path: Path) -> None:
    """The time limit is a SIGTERM: a sentence, nothing on stdout, and no files left behind."""
    slow = tmp_path / "helm"
    slow.write_text(
        '#!/bin/sh\n[ "$1" = version ] && echo v4.0.0 && exit\ntouch started\nexec sleep 3600\n', encoding="utf-8"
    )
    slow.chmod(0o755)
    folder, scratch = plain(tmp_path / "app"), tmp_path / "scratch"
    scratch.mkdir()
    variables = environment(**ENVIRONMENT, HELM_BIN=str(slow), TMPDIR=str(scratch))
    process = subprocess.Popen(
        [*mcpfence_command(), "argocd", "generate"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=variables,
        start_new_session=True,
    )
    deadline = time.monotonic() + PATIENCE
    while not (folder / "started").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGTERM)
    out, err = process.communicate(timeout=PATIENCE)

    assert (process.returncode, out, list(scratch.iterdir())) == (1, b"", [])
    assert err.decode() == (
        "error: stopped by SIGTERM before it was done; where Argo CD's time limit did that, raise "
        "controller.repo.server.timeout.seconds, or split the servers over several applications\n"
    )


def test_helm_sees_nothing_of_the_sidecar(tmp_path: Path) -> None:
    """It gets PATH and folders of its own: no repositories, no plugins, no variables with secrets, no way out."""
    spy = tmp_path / "helm"
    spy.write_text('#!/bin/sh\n[ "$1" = version ] && echo v4.0.0 && exit\nenv >&2\nexit 1\n', encoding="utf-8")
    spy.chmod(0o755)
    variables = {"CLOUD_SECRET": "hush", "HELM_REPOSITORY_CONFIG": "/repositories.yaml", "HELM_PLUGINS": "/plugins"}
    done = call(plain(tmp_path / "app"), "generate", helm=spy, **variables)

    said = done.stderr.decode().replace("\\n", "\n")  # helm's lines are shown as one
    seen = dict(re.findall(r"(\w+)=(\S*)", said))
    assert "CLOUD_SECRET" not in seen
    assert {seen["HTTPS_PROXY"], seen["http_proxy"]} == {"http://127.0.0.1:1"}
    homes = {seen[name] for name in ("HELM_REPOSITORY_CONFIG", "HELM_PLUGINS", "HELM_DATA_HOME", "KUBECONFIG")}
    assert {Path(home).parent for home in homes} == {Path(seen["HOME"])}
    assert not Path(seen["HOME"]).exists()  # it is gone with the run


# --- looking ---


def test_announcement_tells_what_holds(helm4: Path, tmp_path: Path) -> None:
    """Each parameter with the value that would be used: from the folder, its values and Argo CD."""
    del helm4  # looking needs no helm
    values = {**CATALOG, "cluster": {"profile": "aks"}, "egress": {"provider": "aviatrix"}}
    found = json.loads(call(plain(tmp_path, values), "parameters").stdout)

    assert {row["name"]: row[row["collectionType"]] for row in found} == {
        "values-files": ["values.yaml"],
        "catalog": [],
        "provider": "aviatrix",
        "profile": "aks",
        "values": {},
        "namespace": "tools",
        "release": "demo",
    }


@pytest.mark.parametrize(
    ("kind", "files", "catalogs"),
    [("vendored", [], []), ("local", [], []), ("foreign", [], ["catalog.yaml"])],
)
def test_announcement_of_charts(kind: str, files: list[str], catalogs: list[str], tmp_path: Path) -> None:
    """A chart's own values are looked into below the dependency's key."""
    values = {**CATALOG, "cluster": {"profile": "gke", "ipFamilies": ["IPv4"]}}
    found = json.loads(call(KINDS[kind](tmp_path, values), "parameters").stdout)

    shown = {row["name"]: row[row["collectionType"]] for row in found}
    assert (shown["values-files"], shown["catalog"]) == (files, catalogs)
    assert (shown["provider"], shown["profile"]) == ("none", "gke")


@pytest.mark.parametrize(
    "files",
    [{}, {"values.yaml": "a: ["}, {"Chart.yaml": "- 1"}, {"values.yaml": {"egress": "no", "cluster": {"profile": 1}}}],
)
def test_announcement_survives_a_broken_folder(files: dict[str, object], tmp_path: Path) -> None:
    """Argo CD shows nothing of an application whose announcement fails; `generate` tells what is wrong."""
    done = call(write(tmp_path, files), "parameters", ARGOCD_APP_PARAMETERS="{", ARGOCD_APP_NAME=None)

    assert done.returncode == 0
    shown = {row["name"]: row[row["collectionType"]] for row in json.loads(done.stdout)}
    assert (shown["provider"], shown["profile"], shown["release"]) == ("none", "generic", "")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("plain", "values.yaml of the mcpfence chart\n"),
        ("vendored", "a chart with mcpfence in it\n"),
        ("local", "a chart with mcpfence in it\n"),
        ("foreign", "a chart and catalog.yaml\n"),
    ],
)
def test_discovery_finds_every_kind(kind: str, said: str, tmp_path: Path) -> None:
    """A line on stdout is how Argo CD's discovery is told yes."""
    done = call(KINDS[kind](tmp_path), "discover")

    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, said, b"")


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"Chart.yaml": chart()},
        {"Chart.yaml": "- 1"},
        {"values.yaml": {"replicas": 3}},
        {"values.yaml": "a: ["},
        {"values.yaml": CATALOG, "kustomization.yaml": "resources: []"},
        {"deployment.yaml": "kind: Deployment"},
    ],
)
def test_discovery_leaves_other_folders_alone(files: dict[str, object], tmp_path: Path) -> None:
    """Nothing at all on stdout: the folder belongs to Helm, Kustomize or nobody."""
    done = call(write(tmp_path, files), "discover")

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
