"""From an application's folder to the stream that Argo CD applies: what kind of folder it is, helm, post-rendering."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from mcpfence.argocd.charts import overrides
from mcpfence.argocd.repository import Repository, assemble, chart_file, read_text
from mcpfence.argocd.settings import GenerateSettings
from mcpfence.catalog.schema import judge
from mcpfence.documents.values import ValuesFile, read_source
from mcpfence.findings.finding import Collector, Finding, McpfenceError, fail
from mcpfence.streams.post_render import Given, Result, post_render
from mcpfence.structs import Struct
from mcpfence.system.helm import chart_folder, find_helm, template
from mcpfence.system.inputs import Inputs, read_inputs

VALUES, CATALOG = "values.yaml", "catalog.yaml"
"""What the files are called where no parameter names others."""


class Outcome(Struct):
    """What a folder gives, and what helm said beside its output."""

    result: Result
    said: str


def is_chart(repository: Repository) -> bool:
    """Whether the application is a chart, and not values for the chart of this package."""
    path = repository.folder / "Chart.yaml"
    return path.is_file() or path.is_symlink()


def values_names(repository: Repository, settings: GenerateSettings) -> tuple[str, ...]:
    """The values files as messages name them; raises McpfenceError where one leads outside, or none is there."""
    said = settings.values_files
    if said is None and is_chart(repository):
        return ()
    if said is None and not (repository.folder / VALUES).exists():
        sentence = "holds neither Chart.yaml nor values.yaml"
        todo = "put the values of the mcpfence chart into values.yaml, or name their file (parameter values-files)"
        raise fail("argocd-folder", sentence, todo, document=_title(settings))
    if said is not None and not said.texts and not is_chart(repository):
        raise fail("argocd-parameter", "names no file", "name one, or remove the parameter", document=said.where)
    return _confined(repository, said.texts if said else (VALUES,), said.where if said else _title(settings))


def catalog_names(repository: Repository, settings: GenerateSettings) -> tuple[str, ...]:
    """The catalog files of a chart that holds none itself; raises McpfenceError as `values_names` does."""
    said = settings.catalog
    if said is not None:
        if not is_chart(repository):
            todo = "name the file under values-files, or put a Chart.yaml there"
            raise fail("argocd-parameter", "goes with a chart, and here is none", todo, document=said.where)
        return _confined(repository, said.texts, said.where)
    if is_chart(repository) and (repository.folder / CATALOG).exists():
        return _confined(repository, (CATALOG,), _title(settings))
    return ()


def _title(settings: GenerateSettings) -> str:
    return f"the application's folder {settings.source_path or '.'}"


def _confined(repository: Repository, names: Sequence[str], where: str) -> tuple[str, ...]:
    out = Collector()
    for name in names:
        try:
            repository.confine(name, where)
        except McpfenceError as error:
            out.take(error.findings)
    out.stop_on_errors()
    return tuple(names)


def helm_environment(home: Path) -> dict[str, str]:
    """The environment for helm: nothing of the sidecar's but PATH, no repositories, no plugins, no way out.

    Helm fetches schemas that a chart's values.schema.json refers to by URL; the proxy that is nowhere stops that.
    """
    nowhere = "http://127.0.0.1:1"
    names = ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "HELM_PLUGINS", "HELM_REPOSITORY_CACHE")
    files = ("HELM_REPOSITORY_CONFIG", "HELM_REGISTRY_CONFIG", "KUBECONFIG")
    folders = {name: str(home / name.lower()) for name in (*names, *files)}
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), nowhere)
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "TMPDIR": str(home), **folders, **proxies}


def generate(repository: Repository, settings: GenerateSettings, scratch: Path, sources: list[ValuesFile]) -> Outcome:
    """Render an application; raises McpfenceError with everything that is wrong.

    `scratch` is an empty folder for helm.  The files in which places are to be looked up are appended to `sources`.
    """
    environment = helm_environment(scratch)
    if is_chart(repository):
        result, said = _chart(repository, settings, scratch, environment, sources)
    else:
        result, said = _plain(repository, settings, environment, sources)
    # Argo CD applies the stream: there is no release that Helm would have to store.
    findings = tuple(finding for finding in result.findings if finding.id != "release-size")
    return Outcome(result._replace(findings=findings), said)


def _extra(places: Sequence[Sequence[str]], settings: GenerateSettings) -> list[ValuesFile]:
    """The values that parameters stand for, as one more file above the others."""
    values = overrides(places, settings.values)
    return [ValuesFile("parameters", json.dumps(values), values)] if values else []


def _plain(
    repository: Repository, settings: GenerateSettings, environment: Mapping[str, str], sources: list[ValuesFile]
) -> Outcome:
    """Values for the chart of this package, and manifests in which Services are looked up."""
    names = values_names(repository, settings)
    catalog_names(repository, settings)
    read = read_inputs(names)
    if not read.sources:
        sentence, todo = "holds Kubernetes manifests, not values", "name the values of the mcpfence chart too"
        raise fail("argocd-folder", sentence, todo, document=names[0])
    inputs = Inputs((*read.sources, *_extra(((),), settings)), read.documents)
    sources += inputs.sources
    out = Collector()
    judge(inputs.values, out)
    out.stop_on_errors()
    texts = [(source.name, source.text) for source in inputs.sources]
    data, said = _helm(chart_folder(), settings, texts, environment)
    return Outcome(post_render(data, more=inputs.documents, allow_empty=settings.allow_empty), said)


def _chart(
    repository: Repository,
    settings: GenerateSettings,
    scratch: Path,
    environment: Mapping[str, str],
    sources: list[ValuesFile],
) -> Outcome:
    """A chart of the repository, with our chart somewhere below it or with a catalog beside it."""
    names, catalogs = values_names(repository, settings), catalog_names(repository, settings)
    places = ((),) if catalogs else chart_file(repository, repository.folder).places
    chart = assemble(repository, scratch)
    extra = _extra(places, settings)
    if settings.values and not places:
        sentence = "the chart has no dependency called mcpfence to give it to"
        where = f"parameter {'provider' if settings.provider else 'profile' if settings.profile else 'values'}"
        raise fail("argocd-parameter", sentence, "write it in a values file instead", document=where)
    texts = [(name, read_text(repository.folder / name, name)) for name in names]
    given, more = None, ()
    if catalogs:
        read = read_inputs(catalogs)
        inputs = Inputs((*read.sources, *extra), read.documents)
        given = Given(raw=inputs.values, release=settings.release, namespace=settings.namespace)
        sources += inputs.sources
        more = inputs.documents
    else:
        texts += [(source.name, source.text) for source in extra]
        sources += [*_readable([(VALUES, repository.folder / VALUES)]), *_parsed(texts)]
    data, said = _helm(chart, settings, texts, environment)
    try:
        result = post_render(data, given=given, more=more, allow_empty=settings.allow_empty)
        if not result.renderings:
            raise fail("carrier-missing", "")
    except McpfenceError as error:
        raise McpfenceError(_placed(error.findings, places)) from None
    return Outcome(result._replace(findings=_placed(result.findings, places)), said)


def _readable(files: Sequence[tuple[str, Path]]) -> list[ValuesFile]:
    """Files that helm reads by itself, if they can be read; only to find the places of keys in them."""
    return _parsed(
        [(name, path.read_text(encoding="utf-8", errors="replace")) for name, path in files if path.is_file()]
    )


def _parsed(texts: Sequence[tuple[str, str]]) -> list[ValuesFile]:
    found = []
    for name, text in texts:
        try:
            found.append(read_source(name, text))
        except McpfenceError:  # helm will say what is wrong with it, or takes what we do not
            continue
    return found


def _helm(
    chart: Path, settings: GenerateSettings, texts: Sequence[tuple[str, str]], environment: Mapping[str, str]
) -> tuple[bytes, str]:
    """What helm prints for a chart, and what it says; its messages name the chart `.`, wherever it stands."""
    try:
        data, said = template(
            find_helm(environment),
            chart,
            settings.release,
            settings.namespace,
            texts,
            flags=settings.helm_flags,
            environment=environment,
        )
    except McpfenceError as error:
        told = (finding._replace(sentence=finding.sentence.replace(str(chart), ".")) for finding in error.findings)
        raise McpfenceError(told) from None
    return data, said.replace(str(chart), ".")


_ADVICE = {
    "carrier-missing": (
        "renders no mcpfence catalog",
        "make mcpfence's chart a dependency of it, or put catalog.yaml beside Chart.yaml (or use parameter catalog)",
    ),
    "stream-empty": ("renders nothing at all", "Argo CD would prune everything; see its conditions and values"),
    "catalog-twice": (
        "brings its own catalog, and another one was given",
        "remove catalog.yaml, give the parameter catalog an empty list, or remove the dependency",
    ),
}
"""What stands in a stream is worded for Helm's users by `postrender`; here nobody has a stream, but a chart."""


def _placed(findings: Sequence[Finding], places: Sequence[tuple[str, ...]]) -> tuple[Finding, ...]:
    """Findings as the owner of the chart sees them: with the path that the keys have in the chart's own values."""
    placed = []
    for finding in findings:
        sentence, todo = _ADVICE.get(finding.id, ("", ""))
        if sentence:
            finding = finding._replace(sentence=sentence, todo=todo, document="the chart")  # noqa: PLW2901
        elif finding.path and not finding.document and len(places) == 1:
            finding = finding._replace(path=(*places[0], *finding.path))  # noqa: PLW2901
        placed.append(finding)
    return tuple(placed)
