"""Kustomize's files among manifests: why what it builds of a folder may not be what the files say.

`kubectl apply -k`, Argo CD and Flux apply what kustomize builds.  What is known to leave policies, and the labels and
networks of pods, as they are is passed over; every other field counts as one that does not.  Source: the reference of
the Kustomization file (kubectl.docs.kubernetes.io); kustomize itself for what that leaves open (keys in any case, the
names of Namespaces, files of any name).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator

from mcpfence.patterns import regex
from mcpfence.reach.documents.further_networks import FURTHER_NETWORKS
from mcpfence.reach.documents.staying import SAYS_NOT_STAYING
from mcpfence.reach.engines.document_parts import words
from mcpfence.reach.engines.policy_words import speaks_of_a_policy
from mcpfence.structs import Struct

GROUP = "kustomize.config.k8s.io"
KUSTOMIZE_KINDS = frozenset({(GROUP, "Component"), (GROUP, "Kustomization")})
BECAUSE = "mcpfence.io/because"
"""Where a document says what was found out about it among the other files: a list of these half sentences."""
WITHIN = "mcpfence.io/within"
"""Where such a document says which namespace alone it is about: empty for one of which nothing was given."""
FLUX = ("kustomize.toolkit.fluxcd.io", "Kustomization")
"""What Flux builds of a folder as kustomize does, with keys of its own."""

_HARMLESS = frozenset(
    (
        "apiVersion",
        "buildMetadata",
        "configMapGenerator",
        "generatorOptions",
        "helmGlobals",
        "images",
        "kind",
        "metadata",
        "namespace",
        "replicas",
        "resources",
        "secretGenerator",
        "sortOptions",
        "validators",
        BECAUSE,
        WITHIN,
    )
)
"""Keys that change nothing that is proven; `namespace` and `resources` are a matter of the files beside."""
_PATCHED = frozenset(
    (
        "ConfigMap",
        "CronJob",
        "DaemonSet",
        "Deployment",
        "HorizontalPodAutoscaler",
        "Ingress",
        "Job",
        "PersistentVolumeClaim",
        "PodDisruptionBudget",
        "Secret",
        "StatefulSet",
    )
)
"""Kinds that may be patched, as long as the patch speaks of nothing that policies go by."""
_MATTERS = regex(r"hostNetwork|labels|annotations|selector|namespace|template/metadata|/kind\b|\$patch|\\|!|from:")
_KIND_LINE = regex(r"^kind:[ ]*([A-Za-z]+)[ ]*\r?$", re.MULTILINE)
_OWN_LABELS = ("pod-security.kubernetes.io/", "mcpfence.io/", "kubernetes.io/")

_RENAMING = ("namePrefix", "nameSuffix")
_PATCHES = ("patches", "patchesJson6902", "patchesStrategicMerge")
_PATCH_KEYS = {"options", "patch", "path", "target"}
_TARGET_KEYS = {"annotationSelector", "group", "kind", "labelSelector", "name", "namespace", "version"}
_LABEL_KEYS = {"fields", "includeSelectors", "includeTemplates", "pairs"}


class FilesBeside(Struct):
    """What is known of the files around one of kustomize's: the documents at a path, and the labels of policies."""

    documents: Callable[[str], Collection[object] | None]
    labels: Callable[[str], bool]
    """Whether a policy speaks of a label's key."""
    named: bool = True
    """Whether something is listed that is found by its name: policies, and what is no workload or data."""


NOTHING_BESIDE = FilesBeside(lambda _: None, lambda _: False)


def unlike_its_files(document: dict[str, object], beside: FilesBeside = NOTHING_BESIDE) -> list[str]:
    """What of a Kustomization or Component may make policies other ones than the files say, as half sentences."""
    known = document.get(BECAUSE)
    if isinstance(known, list):
        return [str(one) for one in known]
    found = [
        f"its key {key} is not evaluated"
        for key, value in document.items()
        if _is_unknown(key, value) and (beside.named or key not in _RENAMING)
    ]
    if not all(_is_inert_label(entry, beside) for entry in _entries(document, "labels")):
        found.append("its labels may go into selectors, or be those that policies go by")
    annotations = document.get("commonAnnotations") or {}
    if not isinstance(annotations, dict) or any(map(_is_own, annotations)):
        found.append("its commonAnnotations say what stays, or which networks pods are in")
    patching = [key for key in _PATCHES if not all(_is_harmless_patch(one, beside) for one in _entries(document, key))]
    if not all(map(_replaces_harmlessly, _entries(document, "replacements"))):
        patching.append("replacements")
    return [*found, *(f"its {key} may change policies, or what they go by" for key in patching)]


def _is_unknown(key: object, value: object) -> bool:
    """Whether a key may do anything: one that says something and is not known, or is a known one in another case."""
    known = {*_HARMLESS, "commonAnnotations", "labels", "replacements", *_PATCHES}
    return key not in known and (bool(value) or str(key).lower() in {one.lower() for one in known})


def _entries(document: dict[str, object], key: str) -> list[object]:
    """What a key lists; what is no list is one entry, of which nothing is known."""
    value = document.get(key)
    return value if isinstance(value, list) else [value] if value else []


def _is_own(key: object) -> bool:
    return str(key) in (*FURTHER_NETWORKS, *SAYS_NOT_STAYING) or str(key).startswith(_OWN_LABELS)


def _is_inert_label(entry: object, beside: FilesBeside) -> bool:
    """Whether labels are put where nothing selects by them."""
    if not isinstance(entry, dict) or not entry.keys() <= _LABEL_KEYS:
        return False
    pairs = entry.get("pairs") or {}
    if entry.get("includeSelectors") or entry.get("fields") or not isinstance(pairs, dict):
        return False
    return not any(_is_own(key) or beside.labels(str(key)) for key in pairs)


def _is_harmless_patch(entry: object, beside: FilesBeside) -> bool:
    """Whether a patch is for kinds that may be patched, and says nothing that policies go by."""
    if isinstance(entry, str):  # patchesStrategicMerge: a path, or the patch itself
        entry = {"path": entry} if beside.documents(entry) is not None else {"patch": entry}
    if not isinstance(entry, dict) or not entry.keys() <= _PATCH_KEYS:
        return False
    target, text, path = entry.get("target"), entry.get("patch"), entry.get("path")
    documents = beside.documents(path) if isinstance(path, str) else None
    kinds: Iterable[object]
    if isinstance(text, str) and path is None:
        said, kinds = [text], _KIND_LINE.findall(text)
    elif documents and text is None:
        said, kinds = [*_said(documents)], [one.get("kind") if isinstance(one, dict) else None for one in documents]
    else:
        return False
    if target is not None:
        kinds = [target.get("kind")] if isinstance(target, dict) and target.keys() <= _TARGET_KEYS else []
    kinds = list(kinds)
    free = not any(_MATTERS.search(one) or speaks_of_a_policy(one) for one in said)
    return free and bool(kinds) and all(isinstance(kind, str) and kind in _PATCHED for kind in kinds)


def _said(documents: Iterable[object]) -> Iterator[str]:
    """Every string and key of patches that are files of their own; the metadata of one only says what it is for."""
    for one in documents:
        yield from words(one if isinstance(one, dict) else {"": one})


def _replaces_harmlessly(entry: object) -> bool:
    """Whether a replacement goes to fields of kinds that may be patched, and of which policies know nothing."""
    targets = entry.get("targets") if isinstance(entry, dict) and entry.keys() <= {"source", "targets"} else None
    for one in targets if isinstance(targets, list) else [None]:
        select, paths = (one.get("select"), one.get("fieldPaths")) if isinstance(one, dict) else (None, None)
        kind = select.get("kind") if isinstance(select, dict) and select.keys() <= _TARGET_KEYS else None
        if not isinstance(kind, str) or kind not in _PATCHED:
            return False
        if not isinstance(paths, list) or any(_MATTERS.search(str(p).replace(".", "/")) for p in paths):
            return False
    return True
