"""Files of a rendered folder: one object each under a name that stays the same from render to render; their index."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from mcpfence.documents.digests import sha256
from mcpfence.documents.reader import BadDocument, load_foreign
from mcpfence.findings.finding import fail
from mcpfence.providers import policy_kinds
from mcpfence.reach.documents.objects import called
from mcpfence.render.objects import Rendered
from mcpfence.streams.stream import decode, is_blank
from mcpfence.text.printable import printable

_UNSAFE = re.compile(r"[^a-z0-9.-]")
_KEEPS = re.compile(r"[|>][1-9]?\+")
_EMPTY_LINES = re.compile(r"(\r?\n)(?:\r?\n)+\Z")
_LIMIT = 200
"""Of a file's name in characters; most file systems end at 255 bytes, and a temporary name needs some of them."""

KUSTOMIZATION = "kustomization.yaml"
"""The index of a folder: what Kustomize, Flux, Argo CD and `kubectl apply -k` look for."""

Identity = tuple[str, str, str]
"""Kind, namespace and name of an object."""


def folder_layout(objects: Iterable[Rendered], foreign: Iterable[bytes], fenced: str = "") -> dict[str, str]:
    """File name to text, for our objects and for the other documents of the stream; raises McpfenceError.

    A name leaves out `fenced`, the namespace of the fences, which most objects are in.  Without it names are those that
    mcpfence gave before it knew how to.
    """
    entries: list[tuple[Identity, str]] = [((item.kind, item.namespace, item.name), item.text) for item in objects]
    for number, piece in enumerate(foreign):
        if not is_blank(piece):
            text = _trimmed(decode(piece))
            entries.append((_identity(text, number), text))
    uses = Counter(_stem(identity, fenced) for identity in {identity for identity, _ in entries})
    files: dict[str, str] = {}
    for identity, text in entries:
        stem = _stem(identity, fenced)
        if uses[stem] > 1:  # a-b/c and a/b-c
            stem += f"-{_digest(identity)}"
        name, copies = f"{stem}.yaml", 1
        while name in files or name == KUSTOMIZATION:  # a hook and a template may share kind and name
            copies += 1
            name = f"{stem}-{copies}.yaml"
        # A separator of its own, so that the files can be put together with cat.
        files[name] = text if text.startswith("---") else f"---\n{text}"
    return files


def _trimmed(text: str) -> str:
    """A document without the empty lines behind it, of which Helm 4 prints one more than Helm 3.

    They stay where a block scalar may keep them (`|+`), for there they are content.
    """
    return text if _KEEPS.search(text) else _EMPTY_LINES.sub(r"\1", text)


def kustomization(names: Iterable[str], command: str) -> str:
    """The text of the index over these files; `command`, to be run in the folder, renders all of them again.

    One of the comments keeps a directory source of Argo CD, which applies every YAML file, from applying the index.
    By itself Kustomize puts policies behind Deployments; the option makes it keep the order of the list.
    """
    shown = printable(command)  # a file's name may hold a line break
    lines = [
        "# Rendered by mcpfence; edits here do not last. Change the catalog and render again. In this folder that is:",
        "#",
        f"#     {shown}",
        "#",
        "# +argocd:skip-file-rendering",
        "apiVersion: kustomize.config.k8s.io/v1beta1",
        "kind: Kustomization",
        "sortOptions: {order: fifo}",
        "resources:",
    ]
    return "\n".join([*lines, *(f"- {name}" for name in sorted(names, key=_place(_first())))]) + "\n"


_LAST = ("deployment-", "statefulset-", "daemonset-", "job-", "cronjob-", "pod-")


def _first() -> list[str]:
    """How the names of files begin that come first: the namespace, then policies, what narrows before what opens."""
    policies = [f"{kind.called.lower()}-" for kind in policy_kinds()]
    return ["0-namespace-", "customresourcedefinition-", *policies, "resourcequota-"]


def _place(beginnings: list[str]) -> Callable[[str], tuple[int, str]]:
    """Where a file stands in the index: what begins so first, whatever makes pods last."""

    def place_of(name: str) -> tuple[int, str]:
        first = next((place for place, kind in enumerate(beginnings) if name.startswith(kind)), len(beginnings))
        return (first + name.startswith(_LAST), name)

    return place_of


def _identity(text: str, number: int) -> Identity:
    """What a document of the chart is; raises McpfenceError where it has no kind, or no name and is no List."""
    where = f"document {number + 1} of the chart"
    try:
        documents = [document for document in load_foreign(text) if document is not None]
    except BadDocument as bad:
        raise fail("helm-failed", f"is no YAML ({bad})", "mend the chart", document=where) from None
    document = documents[0] if len(documents) == 1 else None
    kind = document.get("kind") if isinstance(document, Mapping) else None
    metadata = document.get("metadata") if isinstance(document, Mapping) else None
    named = metadata if isinstance(metadata, Mapping) else {}
    name = named.get("name") or named.get("generateName")
    if not kind or (not name and kind != "List"):
        raise fail("helm-failed", "has no kind or no metadata.name", "mend the chart", document=where)
    group = str(document.get("apiVersion") or "").rpartition("/")[0] if isinstance(document, Mapping) else ""
    return called(str(kind), group), str(named.get("namespace") or ""), str(name or "")


def _stem(identity: Identity, fenced: str) -> str:
    """`networkpolicy-NAME` in the fenced namespace, else `configmap-NAMESPACE-NAME`; the same on every file system.

    Whatever reads the folder by file names finds the Namespace first: `0-namespace-NAME`.
    """
    kind, namespace, name = identity
    parts = (f"0-{kind}" if kind == "Namespace" else kind, "" if namespace == fenced else namespace, name)
    stem = _UNSAFE.sub("-", "-".join(part for part in parts if part).lower()).strip("-.") or "object"
    return stem if len(stem) <= _LIMIT else f"{stem[: _LIMIT - 9]}-{_digest(identity)}"


def _digest(identity: Identity) -> str:
    return sha256("/".join(identity).encode()).hexdigest()[:8]
