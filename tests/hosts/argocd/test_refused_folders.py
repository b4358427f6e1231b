"""What lies in an application's folder and is refused: exit code 1, nothing on stdout, and the whole sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from argocd.applications import DEPLOYMENT, Files, chart, on_mcpfence, parameters, write
from argocd.refusals import FOREIGN, PLAIN, said

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
