"""Everything that an application can get wrong: exit code 1, nothing on stdout, and the whole sentence on stderr."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from argocd.applications import DEPLOYMENT, KINDS, Files, call, chart, on_mcpfence, parameters, plain, vendored, write
from edges import CATALOG, catalog, container, refusal
from tooling import ROOT

PLAIN: Files = {"values.yaml": CATALOG}
FOREIGN: Files = {"Chart.yaml": chart(), "templates/service.yaml": DEPLOYMENT, "catalog.yaml": CATALOG}


def said(folder: Path, *, helm: Path | None = None, **variables: str | None) -> str:
    """What `generate` says in a folder when it refuses it."""
    return refusal(call(folder, "generate", helm=helm, **variables))


# --- what Argo CD hands over ---

VARIABLES: dict[str, tuple[dict[str, Any], str]] = {
    "no-name": (
        {"ARGOCD_APP_NAME": None},
        "error: ARGOCD_APP_NAME: is not set; Argo CD sets it; where you call this yourself, set it too, or give the parameter release [argocd-environment]",
    ),
    "empty-name": (
        {"ARGOCD_APP_NAME": ""},
        "error: ARGOCD_APP_NAME: is not set; Argo CD sets it; where you call this yourself, set it too, or give the parameter release [argocd-environment]",
    ),
    "long-name": (
        {"ARGOCD_APP_NAME": "a" * 54},
        'error: ARGOCD_APP_NAME: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" is no release name; give the parameter release: lower-case letters, digits, - and ., 53 at most [argocd-environment]',
    ),
    "no-namespace": (
        {"ARGOCD_APP_NAMESPACE": None},
        "error: ARGOCD_APP_NAMESPACE: is not set; write spec.destination.namespace in the Application, or give the parameter namespace [argocd-environment]",
    ),
    "empty-namespace": (
        {"ARGOCD_APP_NAMESPACE": ""},
        "error: ARGOCD_APP_NAMESPACE: is not set; write spec.destination.namespace in the Application, or give the parameter namespace [argocd-environment]",
    ),
    "bad-namespace": (
        {"ARGOCD_APP_NAMESPACE": "Tools"},
        'error: ARGOCD_APP_NAMESPACE: "Tools" is no namespace; write lower-case letters, digits and -, 63 at most [argocd-environment]',
    ),
    "bad-version": (
        {"KUBE_VERSION": "newest"},
        'error: KUBE_VERSION: "newest" is no version of Kubernetes; write it as 1.31.2 [argocd-environment]',
    ),
    "bad-api": (
        {"KUBE_API_VERSIONS": "v1,--post-renderer"},
        'error: KUBE_API_VERSIONS: "--post-renderer" is no API version; write a list such as v1,apps/v1,apps/v1/Deployment [argocd-environment]',
    ),
    "no-json": (
        {"ARGOCD_APP_PARAMETERS": "[{"},
        "error: ARGOCD_APP_PARAMETERS: is no JSON; give a list of {name: ..., string: ...} or {name: ..., array: [...]} [argocd-parameter]",
    ),
    "deep-json": (
        {"ARGOCD_APP_PARAMETERS": "[" * 50_000},
        "error: ARGOCD_APP_PARAMETERS: is no JSON; give a list of {name: ..., string: ...} or {name: ..., array: [...]} [argocd-parameter]",
    ),
    "no-list": (
        {"ARGOCD_APP_PARAMETERS": '{"name": "provider"}'},
        "error: ARGOCD_APP_PARAMETERS: is a mapping, not a list; give a list of {name: ..., string: ...} or {name: ..., array: [...]} [argocd-parameter]",
    ),
    "no-entry": (
        {"ARGOCD_APP_PARAMETERS": "[3]"},
        "error: ARGOCD_APP_PARAMETERS: holds an entry without a name; write {name: ..., string: ...} [argocd-parameter]",
    ),
    "no-parameter-name": (
        {"ARGOCD_APP_PARAMETERS": '[{"string": "x"}]'},
        "error: ARGOCD_APP_PARAMETERS: holds an entry without a name; write {name: ..., string: ...} [argocd-parameter]",
    ),
    "unknown": (
        {"ARGOCD_APP_PARAMETERS": parameters(value_files=["a.yaml"])},
        'error: parameter "value-files": is not known; did you mean values-files? Else write one of: values-files, catalog, provider, profile, namespace, release [argocd-parameter]',
    ),
    "far-off": (
        {"ARGOCD_APP_PARAMETERS": parameters(xyz="a\n")},
        'error: parameter "xyz": is not known; write one of: values-files, catalog, provider, profile, namespace, release [argocd-parameter]',
    ),
    "twice": (
        {"ARGOCD_APP_PARAMETERS": '[{"name":"release","string":"a"},{"name":"release","string":"b"}]'},
        "error: parameter release: is given twice; remove one of them [argocd-parameter]",
    ),
    "string-for-array": (
        {"ARGOCD_APP_PARAMETERS": parameters(values_files="a.yaml")},
        "error: parameter values-files: has string instead of array; write array: [...] [argocd-parameter]",
    ),
    "array-for-string": (
        {"ARGOCD_APP_PARAMETERS": parameters(provider=["aviatrix"])},
        "error: parameter provider: has array instead of string; write string: ... [argocd-parameter]",
    ),
    "map": (
        {"ARGOCD_APP_PARAMETERS": '[{"name":"provider","map":{"a":"b"}}]'},
        "error: parameter provider: has map instead of string; write string: ... [argocd-parameter]",
    ),
    "both": (
        {"ARGOCD_APP_PARAMETERS": '[{"name":"provider","string":"a","array":["b"]}]'},
        "error: parameter provider: has array beside string; write string: ... [argocd-parameter]",
    ),
    "nothing": (
        {"ARGOCD_APP_PARAMETERS": '[{"name":"provider"}]'},
        "error: parameter provider: has no string; write string: ... [argocd-parameter]",
    ),
    "number": (
        {"ARGOCD_APP_PARAMETERS": '[{"name":"provider","string":3}]'},
        "error: parameter provider: has a number under string; write string: ... [argocd-parameter]",
    ),
    "numbers": (
        {"ARGOCD_APP_PARAMETERS": '[{"name":"values-files","array":[3]}]'},
        "error: parameter values-files: lists something that is no text; write array: [...] [argocd-parameter]",
    ),
    "empty": (
        {"ARGOCD_APP_PARAMETERS": parameters(provider=" ")},
        "error: parameter provider: is empty; name what is meant, or remove it [argocd-parameter]",
    ),
    "empty-entry": (
        {"ARGOCD_APP_PARAMETERS": parameters(values_files=["values.yaml", ""])},
        "error: parameter values-files: lists an empty text; name what is meant, or remove it [argocd-parameter]",
    ),
    "empty-list": (
        {"ARGOCD_APP_PARAMETERS": parameters(values_files=[])},
        "error: parameter values-files: names no file; name one, or remove the parameter [argocd-parameter]",
    ),
    "bad-release": (
        {"ARGOCD_APP_PARAMETERS": parameters(release="-x")},
        'error: parameter release: "-x" is no release name; write lower-case letters, digits, - and ., 53 at most [argocd-parameter]',
    ),
    "bad-parameter-namespace": (
        {"ARGOCD_APP_PARAMETERS": parameters(namespace="a b")},
        'error: parameter namespace: "a b" is no namespace; write lower-case letters, digits and -, 63 at most [argocd-parameter]',
    ),
    "bad-provider": (
        {"ARGOCD_APP_PARAMETERS": parameters(provider="aviatrx")},
        'error: parameters:1:25 egress.provider: "aviatrx" is no choice here; did you mean aviatrix? Else write one of: none, aviatrix, cilium, gke, eks, calico, antrea, clusternetworkpolicy [choice]',
    ),
    "unknown-env": (
        {"ARGOCD_ENV_VALUE_FILES": "a.yaml"},
        'error: plugin.env "VALUE_FILES": is not known; did you mean VALUES_FILES? Else write one of: VALUES_FILES, CATALOG, PROVIDER, PROFILE, NAMESPACE, RELEASE [argocd-parameter]',
    ),
    "empty-env": (
        {"ARGOCD_ENV_RELEASE": ""},
        "error: ARGOCD_ENV_RELEASE: is empty; Argo CD puts nothing for a $VARIABLE that it does not know; name what is meant, or remove it [argocd-parameter]",
    ),
    "empty-env-entry": (
        {"ARGOCD_ENV_VALUES_FILES": "values.yaml,,b.yaml"},
        'error: ARGOCD_ENV_VALUES_FILES: "values.yaml,,b.yaml" has an empty entry; Argo CD puts nothing for a $VARIABLE that it does not know; name what is meant, or remove it [argocd-parameter]',
    ),
    "several": (
        {"ARGOCD_APP_NAME": None, "ARGOCD_APP_NAMESPACE": None, "ARGOCD_APP_PARAMETERS": "3"},
        (
            "error: ARGOCD_APP_NAME: is not set; Argo CD sets it; where you call this yourself, set it too, or give the parameter release [argocd-environment]\n"
            "error: ARGOCD_APP_NAMESPACE: is not set; write spec.destination.namespace in the Application, or give the parameter namespace [argocd-environment]\n"
            "error: ARGOCD_APP_PARAMETERS: is a number, not a list; give a list of {name: ..., string: ...} or {name: ..., array: [...]} [argocd-parameter]"
        ),
    ),
}


@pytest.mark.parametrize("case", VARIABLES)
def test_variables(case: str, tmp_path: Path) -> None:
    """A variable that is missing or unusable is refused before helm is looked for."""
    variables, sentence = VARIABLES[case]

    assert said(write(tmp_path, PLAIN), **variables) == sentence


# --- what lies in the folder ---

FOLDERS: dict[str, tuple[Files, dict[str, Any], str]] = {
    "empty": (
        {"README.md": ""},
        {},
        "error: the application's folder app: holds neither Chart.yaml nor values.yaml; put the values of the mcpfence chart into values.yaml, or name their file (parameter values-files) [argocd-folder]",
    ),
    "missing": (
        PLAIN,
        {"values_files": ["base.yaml", "prod.yaml"]},
        (
            "error: base.yaml: cannot be read (No such file or directory); check the path [file-unreadable]\n"
            "error: prod.yaml: cannot be read (No such file or directory); check the path [file-unreadable]"
        ),
    ),
    "folder": (
        {**PLAIN, "base/x.yaml": ""},
        {"values_files": ["base"]},
        "error: base: cannot be read (Is a directory); check the path [file-unreadable]",
    ),
    "missing-of-chart": (
        {**FOREIGN},
        {"values_files": ["base.yaml"]},
        "error: base.yaml: cannot be read (No such file or directory); check the path [file-unreadable]",
    ),
    "missing-catalog": (
        FOREIGN,
        {"catalog": ["servers.yaml"]},
        "error: servers.yaml: cannot be read (No such file or directory); check the path [file-unreadable]",
    ),
    "up": (
        PLAIN,
        {"values_files": ["../values.yaml"]},
        'error: parameter values-files: "../values.yaml" leads out of the repository; name a file of the repository [path-outside]',
    ),
    "up-and-down": (
        PLAIN,
        {"values_files": ["a/../../app/values.yaml"]},
        'error: parameter values-files: "a/../../app/values.yaml" leads out of the repository; name a file of the repository [path-outside]',
    ),
    "absolute": (
        PLAIN,
        {"values_files": ["/etc/passwd"]},
        'error: parameter values-files: "/etc/passwd" is no path from the application\'s folder; write one, such as values.yaml [path-outside]',
    ),
    "url": (
        PLAIN,
        {"values_files": ["https://example.com/values.yaml"]},
        'error: parameter values-files: "https://example.com/values.yaml" is a URL, and nothing is fetched; put the file into the repository [path-outside]',
    ),
    "stdin": (
        PLAIN,
        {"values_files": ["-"]},
        'error: parameter values-files: "-" is no path from the application\'s folder; write one, such as values.yaml [path-outside]',
    ),
    "zero": (
        PLAIN,
        {"values_files": ["a\0b"]},
        'error: parameter values-files: "a\\u0000b" is no path from the application\'s folder; write one, such as values.yaml [path-outside]',
    ),
    "catalog-up": (
        FOREIGN,
        {"catalog": ["../catalog.yaml"]},
        'error: parameter catalog: "../catalog.yaml" leads out of the repository; name a file of the repository [path-outside]',
    ),
    "several": (
        PLAIN,
        {"values_files": ["../a.yaml", "/b.yaml"]},
        (
            'error: parameter values-files: "../a.yaml" leads out of the repository; name a file of the repository [path-outside]\n'
            'error: parameter values-files: "/b.yaml" is no path from the application\'s folder; write one, such as values.yaml [path-outside]'
        ),
    ),
    "no-yaml": (
        {"values.yaml": "servers: ["},
        {},
        "error: values.yaml:2:1: did not find expected node content; mend the YAML [file-unreadable]",
    ),
    "manifests-only": (
        {"values.yaml": DEPLOYMENT},
        {},
        "error: values.yaml: holds Kubernetes manifests, not values; name the values of the mcpfence chart too [argocd-folder]",
    ),
    "catalog-errors": (
        {"values.yaml": {"servers": {"a": {"runtime": "npm"}, "b": 3}}},
        {},
        (
            'error: values.yaml:4:15 servers.a.runtime: "npm" is no choice here; did you mean npx? Else write one of: npx, uvx, containerized, remote, composite [choice]\n'
            "error: values.yaml:6:8 servers.b: is a number; write a mapping [type]"
        ),
    ),
    "catalog-without-chart": (
        PLAIN,
        {"catalog": ["catalog.yaml"]},
        "error: parameter catalog: goes with a chart, and here is none; name the file under values-files, or put a Chart.yaml there [argocd-parameter]",
    ),
    "chart-no-yaml": (
        {"Chart.yaml": "a: ["},
        {},
        "error: Chart.yaml:2:1: did not find expected node content; mend the YAML [file-unreadable]",
    ),
    "chart-list": (
        {"Chart.yaml": "- a"},
        {},
        "error: Chart.yaml: is no single mapping; mend it, or see `helm lint` [file-unreadable]",
    ),
    "chart-nameless": (
        {"Chart.yaml": "version: 1.0.0"},
        {},
        "error: Chart.yaml: has no name; write the chart's name [file-unreadable]",
    ),
    "chart-dependencies": (
        {"Chart.yaml": {"name": "a", "dependencies": {"b": 1}}},
        {},
        "error: Chart.yaml: the dependencies are no list; mend it, or see `helm lint` [file-unreadable]",
    ),
    "chart-dependency": (
        {"Chart.yaml": {"name": "a", "dependencies": [{"version": "1"}]}},
        {},
        "error: Chart.yaml: a dependency has no name, or one that is no text; mend it, or see `helm lint` [file-unreadable]",
    ),
    "chart-dependency-path": (
        {"Chart.yaml": chart("a", {"name": "../b", "repository": "file://b"})},
        {},
        'error: Chart.yaml: the dependency "../b" has a name that is a path; mend it, or see `helm lint` [file-unreadable]',
    ),
    "network": (
        {"Chart.yaml": chart("a", on_mcpfence("https://charts.example.com"))},
        {},
        'error: Chart.yaml: the dependency mcpfence would come from "https://charts.example.com", and nothing is downloaded; run `helm dependency build` and commit charts/, or vendor the chart and use file:// [dependency-missing]',
    ),
    "network-oci": (
        {"Chart.yaml": chart("a", on_mcpfence("oci://charts.example.com/x"))},
        {},
        'error: Chart.yaml: the dependency mcpfence would come from "oci://charts.example.com/x", and nothing is downloaded; run `helm dependency build` and commit charts/, or vendor the chart and use file:// [dependency-missing]',
    ),
    "network-alias": (
        {"Chart.yaml": chart("a", on_mcpfence("@fence"))},
        {},
        'error: Chart.yaml: the dependency mcpfence would come from "@fence", and nothing is downloaded; run `helm dependency build` and commit charts/, or vendor the chart and use file:// [dependency-missing]',
    ),
    "nowhere": (
        {"Chart.yaml": chart("a", on_mcpfence())},
        {},
        "error: Chart.yaml: the dependency mcpfence is not in charts/, and nothing is downloaded; run `helm dependency build` and commit charts/, or vendor the chart and use file:// [dependency-missing]",
    ),
    "local-missing": (
        {"Chart.yaml": chart("a", on_mcpfence("file://fence"))},
        {},
        'error: Chart.yaml: the dependency mcpfence is not in "fence"; put the chart there [dependency-missing]',
    ),
    "local-outside": (
        {"Chart.yaml": chart("a", on_mcpfence("file://../../../../../../etc"))},
        {},
        'error: Chart.yaml: "file://../../../../../../etc" leads out of the repository; name a file of the repository [path-outside]',
    ),
    "local-absolute": (
        {"Chart.yaml": chart("a", on_mcpfence("file:///etc"))},
        {},
        'error: Chart.yaml: "file:///etc" leads out of the repository; name a file of the repository [path-outside]',
    ),
    "local-circle": (
        {"Chart.yaml": chart("a", on_mcpfence("file://."))},
        {},
        "error: Chart.yaml: the dependency mcpfence leads back to a chart that depends on it; remove one of the two [dependency-missing]",
    ),
    "several-dependencies": (
        {"Chart.yaml": chart("a", on_mcpfence("file:///etc"), {"name": "b", "repository": "https://example.com"})},
        {},
        (
            'error: Chart.yaml: the dependency b would come from "https://example.com", and nothing is downloaded; run `helm dependency build` and commit charts/, or vendor the chart and use file:// [dependency-missing]\n'
            'error: Chart.yaml: "file:///etc" leads out of the repository; name a file of the repository [path-outside]'
        ),
    ),
    "vendored-lacks": (
        {
            "Chart.yaml": chart("a", {"name": "b", "repository": ""}),
            "charts/b/Chart.yaml": chart("b", on_mcpfence("https://charts.example.com")),
        },
        {},
        'error: charts/b/Chart.yaml: the dependency mcpfence would come from "https://charts.example.com", and nothing is downloaded; run `helm dependency build` and commit charts/, or vendor the chart and use file:// [dependency-missing]',
    ),
    "provider-nowhere": (
        {"Chart.yaml": chart()},
        {"provider": "aviatrix"},
        "error: parameter provider: the chart has no dependency called mcpfence to give it to; write it in a values file instead [argocd-parameter]",
    ),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_folders(case: str, tmp_path: Path) -> None:
    """What cannot be rendered, or leads out of the repository, is refused before helm is looked for."""
    files, given, sentence = FOLDERS[case]

    assert said(write(tmp_path, files), ARGOCD_APP_PARAMETERS=parameters(**given)) == sentence


# --- links ---


def test_link_out_of_the_repository(tmp_path: Path) -> None:
    """Argo CD refuses such a repository itself; mcpfence does not rely on it."""
    write(tmp_path, {"secret.yaml": CATALOG, "app/README.md": ""})
    (tmp_path / "app" / "values.yaml").symlink_to(tmp_path / "secret.yaml")

    assert said(tmp_path / "app", ARGOCD_APP_SOURCE_PATH=".") == (
        'error: the application\'s folder .: "values.yaml" is a symbolic link, or stands behind one, that leads out of '
        "the repository; put the file itself there [path-outside]"
    )


def test_file_behind_a_linked_folder(tmp_path: Path) -> None:
    """A path that looks harmless may run through a link."""
    write(tmp_path, {"secrets/values.yaml": CATALOG, "app/README.md": ""})
    (tmp_path / "app" / "shared").symlink_to(tmp_path / "secrets")
    given = parameters(values_files=["shared/values.yaml"])

    assert said(tmp_path / "app", ARGOCD_APP_SOURCE_PATH=".", ARGOCD_APP_PARAMETERS=given) == (
        'error: parameter values-files: "shared/values.yaml" is a symbolic link, or stands behind one, that leads out '
        "of the repository; put the file itself there [path-outside]"
    )


def test_links_in_a_circle(tmp_path: Path) -> None:
    """A link to itself is no file anywhere."""
    (tmp_path / "a.yaml").symlink_to("a.yaml")

    assert said(tmp_path, ARGOCD_APP_PARAMETERS=parameters(values_files=["a.yaml"])) == (
        'error: parameter values-files: "a.yaml" is a symbolic link, or stands behind one, that leads out of the '
        "repository; put the file itself there [path-outside]"
    )


@pytest.mark.parametrize(("link", "target"), [("templates/passwd.yaml", "/etc/passwd"), ("Chart.yaml", "/etc/passwd")])
def test_link_out_of_a_chart(link: str, target: str, tmp_path: Path) -> None:
    """Helm would follow it and print what it finds."""
    folder = write(tmp_path, {"Chart.yaml": chart(), "catalog.yaml": CATALOG, "templates/README.md": ""})
    (folder / link).unlink(missing_ok=True)
    (folder / link).symlink_to(target)

    assert said(folder) == (
        f'error: chart: "{link}" is a symbolic link, or stands behind one, that leads out of the repository; '
        "put the file itself there [path-outside]"
    )


def test_linked_folder_in_a_chart(tmp_path: Path) -> None:
    """Helm would go round in circles in it; a dependency says the same without a link."""
    folder = write(tmp_path / "app", {"Chart.yaml": chart("a", on_mcpfence()), "charts/README.md": ""})
    shutil.copytree(ROOT / "chart", tmp_path / "fence")
    (folder / "charts" / "mcpfence").symlink_to("../../fence")

    assert said(folder) == (
        'error: chart: "charts/mcpfence" is a symbolic link to a folder; put the folder itself there, or make it a '
        "file:// dependency [path-outside]"
    )


def test_link_to_nowhere(tmp_path: Path) -> None:
    """A link inside the repository whose target is gone."""
    folder = write(tmp_path, {"Chart.yaml": chart(), "catalog.yaml": CATALOG, "templates/README.md": ""})
    (folder / "templates" / "a.yaml").symlink_to("gone.yaml")

    assert said(folder) == (
        'error: chart: "templates/a.yaml" is a symbolic link that leads nowhere; remove it [path-outside]'
    )


def test_copy_that_fails(tmp_path: Path) -> None:
    """A full disk under the copy that a file:// dependency needs."""
    folder = KINDS["local"](tmp_path)
    full = shutil.Error([("Chart.yaml", "copy", "[Errno 28] No space left on device")])
    for error in (full, OSError(28, "No space left on device")):
        with mock.patch("shutil.copytree", side_effect=error):
            text = said(folder)

        assert "error: app: cannot be copied (" in text
        assert (
            "No space left on device); make room in the folder for temporary files, and check what may be read "
            "[file-unreadable]" in text
        )


def test_link_out_of_a_dependency(tmp_path: Path) -> None:
    """A chart beside the application is looked at just as closely."""
    files = {"app/Chart.yaml": chart("a", on_mcpfence("file://../fence")), "fence/Chart.yaml": chart("mcpfence")}
    write(tmp_path, files)
    (tmp_path / "fence" / "values.yaml").symlink_to("/etc/passwd")

    assert said(tmp_path / "app") == (
        'error: chart: "../fence/values.yaml" is a symbolic link, or stands behind one, that leads out of the '
        "repository; put the file itself there [path-outside]"
    )


# --- schemas ---

REFERRING = {"$defs": {"a": [{"$ref": "file:///etc/passwd"}]}}


def _archive(files: Files) -> bytes:
    """A .tgz of these files."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, content in files.items():
            text = content if isinstance(content, bytes) else json.dumps(content).encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
    return data.getvalue()


@pytest.mark.parametrize("place", ["values.schema.json", "charts/b/values.schema.json", "charts/b.tgz", "charts/c.tgz"])
def test_schema_that_reads_a_file(place: str, tmp_path: Path) -> None:
    """Helm would read it from the sidecar; also where the schema is archived, twice over."""
    folder = write(tmp_path, {"Chart.yaml": chart(), "catalog.yaml": CATALOG, "charts/b/Chart.yaml": chart("b")})
    inner = _archive({"b/Chart.yaml": chart("b"), "b/values.schema.json": REFERRING})
    if place == "charts/c.tgz":
        inner = _archive({"c/charts/b.tgz": inner})
    (folder / place).write_bytes(inner if place.endswith(".tgz") else json.dumps(REFERRING).encode())

    assert said(folder) == (
        f'error: chart: "{place}" refers to "file:///etc/passwd", a file outside the schema; put what it refers to '
        "under $defs [path-outside]"
    )


def test_schema_that_needs_the_network(helm4: Path, tmp_path: Path) -> None:
    """Helm is given a proxy that is nowhere, so it fails at once."""
    schema = {"$ref": "http://schemas.example.com/x.json"}
    text = said(write(tmp_path, {**FOREIGN, "values.yaml": {"a": 1}, "values.schema.json": schema}), helm=helm4)

    assert "proxyconnect tcp: dial tcp 127.0.0.1:1: connect: connection refused [helm-failed]" in text


# --- helm, and what comes of it ---


def fake_helm(folder: Path, script: str) -> Path:
    """A helm that knows its version and else does what it is told."""
    path = folder / "fake-helm"
    path.write_text(f'#!/bin/sh\n[ "$1" = version ] && echo v4.0.0 && exit\n{script}\n', encoding="utf-8")
    path.chmod(0o755)
    return path


def test_no_helm(tmp_path: Path) -> None:
    """An image without helm says so."""
    assert said(plain(tmp_path), PATH="/nowhere") == (
        "error: helm: is not on PATH; install Helm 3.18.5 or later, set HELM_BIN, or use --policies-only, which needs "
        "no helm [helm-missing]"
    )


def test_helm_fails_halfway(tmp_path: Path) -> None:
    """What helm printed before it failed goes nowhere."""
    helm = fake_helm(tmp_path, "echo 'kind: Namespace'\necho 'Error: disk full' >&2\nexit 1")

    assert said(plain(tmp_path), helm=helm) == "error: helm template: disk full [helm-failed]"


@pytest.mark.parametrize("kind", ["vendored", "local"])
def test_helm_names_a_path(kind: str, tmp_path: Path) -> None:
    """The chart is called `.`, not by the sidecar's folder of this one run, nor by that of a copy."""
    helm = fake_helm(tmp_path, 'echo "Error: cannot read $3/templates/a.yaml" >&2; exit 1')
    folder = KINDS[kind](tmp_path / "repository")

    assert said(folder, helm=helm) == "error: helm template: cannot read ./templates/a.yaml [helm-failed]"


def test_helm_is_killed(tmp_path: Path) -> None:
    """Out of memory, it says nothing at all."""
    helm = fake_helm(tmp_path, "echo 'kind: Namespace'\nkill -9 $$")

    assert said(plain(tmp_path), helm=helm) == "error: helm template: exit code -9 [helm-failed]"


def test_helm_prints_nothing(tmp_path: Path) -> None:
    """Exit code 0 and an empty stream: Argo CD would take it for an application without objects."""
    assert said(vendored(tmp_path), helm=fake_helm(tmp_path, "exit 0")) == (
        "error: the chart: renders nothing at all; Argo CD would prune everything; see its conditions and values "
        "[stream-empty]"
    )


def test_template_that_fails(helm4: Path, tmp_path: Path) -> None:
    """Helm's own sentence, with the chart named as the repository has it."""
    folder = write(vendored(tmp_path), {"templates/bad.yaml": '{{ fail "no such luck" }}'})

    assert said(folder, helm=helm4) == (
        "error: helm template: execution error at (platform/templates/bad.yaml:1:3): no such luck [helm-failed]"
    )


def test_values_that_the_chart_refuses(helm4: Path, tmp_path: Path) -> None:
    """What only the chart knows is told by helm, with the values file by its name."""
    values = {**CATALOG, "mcpNamespace": {"podSecurity": {"enforce": "strict"}}}
    text = said(plain(tmp_path, values), helm=helm4)

    assert text.startswith("error: values.yaml:")
    assert '"strict" is no choice here' in text


def test_chart_that_needs_a_newer_cluster(helm4: Path, tmp_path: Path) -> None:
    """KUBE_VERSION counts, as with Argo CD's own Helm source."""
    text = said(plain(tmp_path), helm=helm4, KUBE_VERSION="1.20.0")

    assert text == (
        "error: helm template: chart requires kubeVersion: >=1.25.0-0 which is incompatible with Kubernetes v1.20.0 "
        "[helm-failed]"
    )


def test_broken_archive(helm4: Path, tmp_path: Path) -> None:
    """A vendored archive that is none."""
    folder = write(
        tmp_path, {"Chart.yaml": chart("a", on_mcpfence()), "charts/mcpfence-0.1.0.tgz": "not really an archive"}
    )
    text = said(folder, helm=helm4)

    assert text.startswith("error: helm template: ")
    assert str(tmp_path) not in text


NO_CATALOG = (
    "error: the chart: renders no mcpfence catalog; make mcpfence's chart a dependency of it, or put catalog.yaml "
    "beside Chart.yaml (or use parameter catalog) [carrier-missing]"
)


def test_chart_without_mcpfence(helm4: Path, tmp_path: Path) -> None:
    """A chart that has nothing to do with mcpfence is no application of this plugin."""
    folder = write(tmp_path, {"Chart.yaml": chart(), "templates/service.yaml": DEPLOYMENT})

    assert said(folder, helm=helm4) == NO_CATALOG


def test_chart_of_hooks_alone(helm4: Path, tmp_path: Path) -> None:
    """Helm's post-renderer lets a stream of hooks pass; here the stream is the whole release."""
    hook = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  annotations:\n    helm.sh/hook: pre-install\n"
    folder = write(tmp_path, {"Chart.yaml": chart(), "templates/hook.yaml": hook})

    assert said(folder, helm=helm4) == NO_CATALOG


def test_switched_off_dependency(helm4: Path, tmp_path: Path) -> None:
    """A condition that leaves our chart out leaves everything unfenced, so it is an error."""
    folder = vendored(tmp_path)
    meta = chart("platform", on_mcpfence(condition="mcpfence.enabled"))
    write(folder, {"Chart.yaml": meta, "values.yaml": {"mcpfence": {"enabled": False}}})

    assert said(folder, helm=helm4) == NO_CATALOG


def test_chart_that_renders_nothing(helm4: Path, tmp_path: Path) -> None:
    """All of its templates switched off: not an empty success."""
    folder = write(tmp_path, {"Chart.yaml": chart(), "templates/a.yaml": "{{ if false }}a: 1{{ end }}"})

    assert said(folder, helm=helm4) == (
        "error: the chart: renders nothing at all; Argo CD would prune everything; see its conditions and values "
        "[stream-empty]"
    )


def test_two_catalogs(helm4: Path, tmp_path: Path) -> None:
    """A chart with mcpfence in it and a catalog.yaml: which one counts must not be guessed."""
    folder = write(vendored(tmp_path), {"catalog.yaml": CATALOG})

    assert said(folder, helm=helm4) == (
        "error: the chart: brings its own catalog, and another one was given; remove catalog.yaml, give the parameter "
        "catalog an empty list, or remove the dependency [catalog-twice]"
    )
    assert call(folder, "generate", helm=helm4, ARGOCD_APP_PARAMETERS=parameters(catalog=[])).returncode == 0


def test_meaning_of_a_catalog(helm4: Path, tmp_path: Path) -> None:
    """Every error of the catalog at once, each with file, line and column."""
    values = catalog(a=container(egress={"domains": ["https://api.example.com"], "cidrs": [{"cidr": "10.0.0.1/8"}]}))

    assert said(plain(tmp_path, values), helm=helm4).splitlines() == [
        'error: values.yaml:28:6 servers.a.egress.cidrs[0]: cidr "10.0.0.1/8" has no ports; list the ports, or write '
        "ports: all for every protocol and port [ports-missing]",
        'error: values.yaml:29:15 servers.a.egress.cidrs[0].cidr: "10.0.0.1/8" has host bits set; write 10.0.0.0/8 '
        "[cidr-bad]",
        'error: values.yaml:25:6 servers.a.egress.domains[0]: "https://api.example.com" has a scheme; write '
        "api.example.com [host-scheme]",
    ]


def test_warnings_may_be_errors(helm4: Path, tmp_path: Path) -> None:
    """With --strict in plugin.yaml, a warning stops the sync."""
    folder = plain(tmp_path, {**CATALOG, "clients": {}})
    done = call(folder, "generate", "--strict", helm=helm4)

    assert refusal(done).startswith("error: values.yaml:8:2 clients: no client is declared")


def test_wrong_usage(tmp_path: Path) -> None:
    """An unknown subcommand is wrong usage, as everywhere."""
    done = call(tmp_path, "generat")

    assert "No such command 'generat'." in refusal(done, 2)


def test_not_utf8(tmp_path: Path) -> None:
    """A file in another encoding is named, with the byte."""
    (tmp_path / "values.yaml").write_bytes(json.dumps(CATALOG).encode() + b"\xff")

    assert said(tmp_path).startswith("error: values.yaml: is no UTF-8 at byte ")
