"""Charts that are refused, or that helm refuses: schemas that read files, missing catalogs, a helm that fails."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from argocd.applications import DEPLOYMENT, KINDS, Files, call, chart, on_mcpfence, parameters, plain, vendored, write
from argocd.refusals import FOREIGN, said
from edges import CATALOG, catalog, container, refusal

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
        'error: values.yaml:25:6 servers.a.egress.domains[0]: "https://api.example.com" has a scheme; write '
        "api.example.com [host-scheme]",
        'error: values.yaml:28:6 servers.a.egress.cidrs[0]: cidr "10.0.0.1/8" has no ports; list the ports, or write '
        "ports: all for every protocol and port [ports-missing]",
        'error: values.yaml:29:15 servers.a.egress.cidrs[0].cidr: "10.0.0.1/8" has host bits set; write 10.0.0.0/8 '
        "[cidr-bad]",
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
