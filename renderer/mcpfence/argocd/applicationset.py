"""The folder of a catalog that was cut: an ApplicationSet, the values that all shards share, and those of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcpfence.argocd.shards import Cut
from mcpfence.documents.writer import Writer
from mcpfence.structs import Struct

BASE = "base.yaml"
_HEADER = "# Made by mcpfence argocd shards: change the catalog it was made of, and run it again.\n"


class Where(Struct):
    """What Argo CD has to know: the repository, where the folder lies in it, and whose the Applications are."""

    name: str
    namespace: str
    repo_url: str
    revision: str
    path: str
    project: str


def shard_file(number: str) -> str:
    """What the values of a shard are called."""
    return f"shard-{number}.yaml"


def folder_of(cut: Cut, where: Where) -> dict[str, str]:
    """The files by their names."""
    documents = {
        BASE: cut.base,
        "applicationset.yaml": _application_set([shard.number for shard in cut.shards], where),
        **{shard_file(shard.number): shard.values for shard in cut.shards},
    }
    return {name: _HEADER + _written(document) for name, document in documents.items()}


def _written(document: Mapping[str, Any]) -> str:
    return Writer().write(document) if document else "{}\n"


def _application_set(numbers: list[str], where: Where) -> dict[str, Any]:
    """One Application a shard; what a shard opens goes when its servers go, and its fence stays when it goes itself."""
    files = [BASE, shard_file("{{ .shard }}")]
    template = {
        "metadata": {
            "name": f"{where.name}-{{{{ .shard }}}}",
            "annotations": {"argocd.argoproj.io/manifest-generate-paths": "."},
        },
        "spec": {
            "project": where.project,
            "source": {
                "repoURL": where.repo_url,
                "targetRevision": where.revision,
                "path": where.path,
                "plugin": {"name": "mcpfence", "parameters": [{"name": "values-files", "array": files}]},
            },
            "destination": {"server": "https://kubernetes.default.svc", "namespace": where.namespace},
            "syncPolicy": {
                "automated": {"prune": True, "selfHeal": True},
                "syncOptions": ["CreateNamespace=true", "ServerSideApply=true"],
            },
        },
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": where.name, "namespace": "argocd"},
        "spec": {
            "goTemplate": True,
            "goTemplateOptions": ["missingkey=error"],
            "generators": [{"list": {"elements": [{"shard": number} for number in numbers]}}],
            "syncPolicy": {"preserveResourcesOnDeletion": True},
            "template": template,
        },
    }
