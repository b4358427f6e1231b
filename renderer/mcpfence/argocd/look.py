"""A look at an application's folder without rendering it: is it one of ours, and which parameters hold by default?

Both only help; so a fault in the folder is no error here, and `mcpfence argocd generate` is what tells it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcpfence.argocd.generate import CATALOG, VALUES, catalog_names, is_chart, values_names
from mcpfence.argocd.parameters import PARAMETERS
from mcpfence.argocd.repository import Repository, chart_file, read_text
from mcpfence.argocd.settings import GenerateSettings
from mcpfence.documents.values import merge, read_source
from mcpfence.findings.finding import McpfenceError
from mcpfence.reach.documents.kustomize_files import KUSTOMIZATIONS
from mcpfence.system.inputs import chart_defaults, read_inputs


def kind(repository: Repository) -> str:
    """What an application of ours is made of; empty where the folder is none.  Raises McpfenceError."""
    folder = repository.folder
    if is_chart(repository):
        if chart_file(repository, folder).places:
            return "a chart with mcpfence in it"
        return f"a chart and {CATALOG}" if (folder / CATALOG).is_file() else ""
    if any((folder / name).exists() for name in KUSTOMIZATIONS) or not (folder / VALUES).is_file():
        return ""
    values = read_source(VALUES, read_text(repository.confine(VALUES, "discovery"), VALUES)).data
    ours = any(isinstance(values.get(key), Mapping) for key in ("servers", "workloads"))
    return f"{VALUES} of the mcpfence chart" if ours else ""


def defaults(repository: Repository, settings: GenerateSettings) -> dict[str, tuple[str, ...]]:
    """The values of all parameters as they hold: those that were given, else what the folder and Argo CD say."""
    found: dict[str, tuple[str, ...]] = {parameter.name: () for parameter in PARAMETERS}
    found |= {"release": (settings.release,), "namespace": (settings.namespace,)}
    try:
        found["values-files"] = values_names(repository, settings)
        found["catalog"] = catalog_names(repository, settings)
        catalog = _catalog(repository, found["values-files"], found["catalog"])
    except McpfenceError:
        catalog = {}
    for name, group, key, otherwise in (
        ("provider", "egress", "provider", "none"),
        ("profile", "cluster", "profile", "generic"),
    ):
        below = catalog.get(group)
        value = below.get(key, otherwise) if isinstance(below, Mapping) else otherwise
        found[name] = (getattr(settings, name) or (value if isinstance(value, str) else otherwise),)
    return found


def _catalog(repository: Repository, values: tuple[str, ...], catalogs: tuple[str, ...]) -> Mapping[str, Any]:
    """The catalog as the files give it, before the parameters provider and profile."""
    if catalogs or not is_chart(repository):
        return read_inputs(catalogs or values).values
    names = [name for name in (VALUES,) if (repository.folder / name).is_file()]
    files = [read_source(name, read_text(repository.confine(name, "parameters"), name)) for name in (*names, *values)]
    below: Any = merge([file.data for file in files], {})
    places = chart_file(repository, repository.folder).places
    for key in places[0] if places else ():
        below = below.get(key) if isinstance(below, Mapping) else None
    return merge([below if isinstance(below, Mapping) else {}], chart_defaults())
