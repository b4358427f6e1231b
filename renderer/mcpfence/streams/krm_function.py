"""The KRM function: a ResourceList goes in with the catalog as its functionConfig, and comes out with the policies.

    apiVersion: mcpfence.io/v1alpha1          items of others        as they came
    kind: McpfenceCatalog                     our earlier output     replaced
    metadata: {name: mcp}                     our objects            behind the last Namespace
    spec:                             ->      results                warnings and notes, with the path of the field
      release: mcp
      namespace: mcp-system
      catalog: {servers: ...}

A ConfigMap with the same keys under `data` (the catalog as YAML text) says the same, as kpt's `configMap` has it.
Without spec (or data) the items must bring the catalog: the carrier of a chart that kustomize or kpt has inflated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mcpfence.documents.reader import BadDocument, load_values
from mcpfence.documents.writer import Writer
from mcpfence.findings.finding import Collector, Finding, McpfenceError, Path, fail
from mcpfence.findings.table import Severity
from mcpfence.findings.wording import nearest, type_name
from mcpfence.kube.manifest import MARK, is_ours, labels_of
from mcpfence.kube.services import index
from mcpfence.render.objects import Rendered, Rendering
from mcpfence.render.pipeline import render
from mcpfence.streams.earlier_output import lost_by_items, removed_objects
from mcpfence.streams.post_render import Result, post_render
from mcpfence.streams.resource_list import Item, ResourceList
from mcpfence.streams.stream import neighbours, split
from mcpfence.structs import Struct

API_VERSION = "mcpfence.io/v1alpha1"
KIND = "McpfenceCatalog"

_KEYS = ("release", "namespace", "catalog")
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_RELEASE = re.compile(rf"(?=.{{1,53}}\Z){_LABEL}(\.{_LABEL})*\Z")
_NAMESPACE = re.compile(rf"(?=.{{1,63}}\Z){_LABEL}\Z")
_NAMES = {
    "release": (_RELEASE, "write lower-case letters, digits, - and ., 53 at most"),
    "namespace": (_NAMESPACE, "write lower-case letters, digits and -, 63 at most"),
}
_KEPT = re.compile(r"(internal\.)?config\.(kubernetes|k8s)\.io/(?!local-config)|kustomize\.config\.k8s\.io/")
"""Annotations by which an orchestrator finds an object's file and place again; `local-config` would keep it out."""
_SEVERITIES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "info"}


class Config(Struct):
    """What a functionConfig says.  `at` is where the catalog stands in it, `reference` names the object."""

    catalog: Mapping[str, Any] | None
    release: str
    namespace: str
    at: Path
    reference: Mapping[str, str]


def read_config(text: str) -> Config:
    """The functionConfig; raises McpfenceError with every fault."""
    if not text:
        return Config(None, "", "", (), {})
    document = _mapping_of(text, "functionConfig")
    kind, version = document.get("kind"), document.get("apiVersion")
    if kind == KIND and version == API_VERSION:
        key = "spec"
    elif kind == "ConfigMap" and version == "v1":
        key = "data"
    else:
        sentence = f"is {kind} of {version}" if kind and version else "has no apiVersion and kind"
        todo = f"write apiVersion: {API_VERSION}, kind: {KIND}"
        raise fail("function-config", sentence, todo, document="functionConfig")
    if key not in document:
        return Config(None, "", "", (), reference(document))
    body = document[key]
    if not isinstance(body, Mapping):
        raise fail("function-config", f"is {type_name(body)}", f"write {', '.join(_KEYS)} below it", path=(key,))
    return _filled(document, body, key)


def _filled(document: Mapping[str, Any], body: Mapping[str, Any], key: str) -> Config:
    out = Collector()
    for name in sorted(set(body) - set(_KEYS)):
        out.add("key-unknown", (key, name), "is no known key", nearest(name, list(_KEYS), f"write {', '.join(_KEYS)}"))
    for name, (pattern, rule) in _NAMES.items():
        value = body.get(name)
        if value is None:
            out.add("key-missing", (key,), f"has no {name}", f"write {name}: what helm would call the release's")
        elif not isinstance(value, str) or not pattern.match(value):
            out.add("function-config", (key, name), "is no name that Kubernetes accepts", rule)
    catalog = body.get("catalog")
    if catalog is None:
        out.add("key-missing", (key,), "has no catalog", "write the catalog below it, with keys such as servers")
    out.stop_on_errors()
    if key == "data":
        catalog = _mapping_of(str(catalog), "functionConfig data.catalog")
    if not isinstance(catalog, Mapping):
        sentence, todo = f"is {type_name(catalog)}, not a mapping", "write keys such as servers: below it"
        raise fail("catalog-not-a-mapping", sentence, todo, path=(key, "catalog"))
    return Config(catalog, body["release"], body["namespace"], (key, "catalog"), reference(document))


def _mapping_of(text: str, name: str) -> Mapping[str, Any]:
    """A mapping, read as strictly as a values file; raises McpfenceError."""
    try:
        found = load_values(text)
    except BadDocument as bad:
        where = bad.place(name)
        raise fail("function-config", str(bad), "mend the YAML", document=where) from None
    if not isinstance(found, Mapping):
        raise fail("function-config", f"is {type_name(found)}, not a mapping", "write a mapping", document=name)
    return found


def transform(
    given: ResourceList, config: Config, raw: Any, *, allow_empty: bool = False, prune_all: bool = False
) -> tuple[list[str], Result]:
    """The texts of all items of the answer, and what was rendered; raises McpfenceError.

    `raw` are the values that the catalog of `config` gives, over the chart's defaults; without a catalog it is unused.
    `allow_empty` takes a catalog that fences nothing, `prune_all` one that takes away what was rendered for another
    namespace or release.
    """
    if config.catalog is None:
        if not any(_label(item, MARK) for item in given.items):
            sentence = "brings no catalog, and no item is the carrier of an inflated mcpfence chart"
            todo = f"write a {KIND} with {', '.join(_KEYS)} below spec"
            raise fail("function-config", sentence, todo, document="functionConfig")
        result = post_render("".join(f"---\n{item.text}" for item in given.items).encode(), allow_empty=allow_empty)
        return [_without_separator(piece) for piece in split(b"".join(result.chunks))], result
    carrier = next((item for item in given.items if _label(item, MARK) == "catalog"), None)
    if carrier is not None:
        sentence = f"the items bring a catalog of their own in ConfigMap {'/'.join(carrier.identity[1:])}"
        raise fail("catalog-twice", sentence, "remove the catalog from the functionConfig, or the chart from the items")
    others = [item for item in given.items if not _ours(item)]
    earlier = [item for item in given.items if _ours(item)]
    try:
        rendering, kept = _rendered(others, earlier, config, (raw, allow_empty))
    except McpfenceError as error:
        raise McpfenceError(_placed(error.findings, config)) from None
    lost = lost_by_items((item.document for item in earlier), rendering, config.namespace)
    if lost and not prune_all:
        raise McpfenceError(lost)
    findings = tuple(_placed(rendering.findings, config))
    texts = _joined(others + kept, rendering.objects, earlier)
    staying = {*(item[:3] for item in rendering.objects), *(item.identity for item in kept)}
    gone = removed_objects((item.document for item in earlier if item.identity not in staying), [rendering])
    return texts, Result(rendering.chunks, (rendering,), findings, removed=tuple(gone))


def _rendered(
    others: Sequence[Item], earlier: Sequence[Item], config: Config, wanted: tuple[Any, bool]
) -> tuple[Rendering, list[Item]]:
    """The rendering among the items of others, and what of our earlier output belongs to another release.

    `wanted` are the catalog's values, and whether it may be empty.
    """
    raw, empty = wanted

    def among(items: Sequence[Item]) -> Rendering:
        titles = ["{} {}/{}".format(*item.identity) for item in items]
        foreign = neighbours((item.text.encode() for item in items), raw, titles)
        services = index([item.document for item in items], config.namespace)
        return render(
            raw,
            release=config.release,
            namespace=config.namespace,
            services=services,
            foreign=foreign,
            allow_empty=empty,
        )

    rendering = among(others)
    names = {item[:3] for item in rendering.objects}
    reports = {item.identity for item in earlier if _label(item, MARK) == "rendered"}
    if reports and reports <= names:  # all that was rendered before was rendered for this release
        return rendering, []
    mine = rendering.catalog.namespace
    kept = [item for item in earlier if item.identity not in names and item.identity[1] != mine]
    return (among([*others, *kept]) if kept else rendering), kept


def _joined(items: Sequence[Item], objects: Iterable[Rendered], earlier: Sequence[Item]) -> list[str]:
    """Our objects behind the last Namespace and before everything else, so that no pod is created before its policy."""
    notes = {item.identity: _notes(item) for item in earlier}
    place = max((number + 1 for number, item in enumerate(items) if item.document["kind"] == "Namespace"), default=0)
    texts = [item.text for item in items]
    return [*texts[:place], *(_noted(item.text, notes.get(item[:3], {})) for item in objects), *texts[place:]]


def _notes(item: Item) -> dict[str, str]:
    annotations = item.document["metadata"].get("annotations")
    found = annotations if isinstance(annotations, Mapping) else {}
    return {str(key): str(value) for key, value in found.items() if _KEPT.match(str(key))}


def _noted(text: str, notes: Mapping[str, str]) -> str:
    """The text of an object of ours with further annotations."""
    if not notes:
        return text
    lines = "".join(f"    {line}\n" for line in Writer().write(notes).splitlines())
    head, metadata, rest = text.partition("\nmetadata:\n")
    before, annotations, after = rest.partition("  annotations:\n")
    if annotations:
        return f"{head}{metadata}{before}{annotations}{lines}{after}"
    return f"{head}{metadata}  annotations:\n{lines}{rest}"


def _without_separator(piece: bytes) -> str:
    return piece.decode().removeprefix("---\n")


def _label(item: Item, key: str) -> Any:
    return labels_of(item.document).get(key)


def _ours(item: Item) -> bool:
    """Whether an earlier run made it."""
    return is_ours(item.document, as_printed=True)


# --- results ---


def reference(document: Mapping[str, Any]) -> Mapping[str, str]:
    """What results call an object."""
    metadata = document.get("metadata")
    named = metadata if isinstance(metadata, Mapping) else {}
    pairs = (("name", named.get("name")), ("namespace", named.get("namespace")))
    head = {"apiVersion": str(document.get("apiVersion")), "kind": str(document.get("kind"))}
    return {**head, **{key: str(value) for key, value in pairs if value}}


def _placed(findings: Iterable[Finding], config: Config) -> list[Finding]:
    """Findings whose places are in the functionConfig, not in a catalog of its own."""
    return [f if f.document or not f.path else f._replace(path=(*config.at, *f.path)) for f in findings]


def results(findings: Iterable[Finding], config: Config, items: Sequence[Item]) -> list[dict[str, Any]]:
    """Findings as results of the wire format."""
    by_name = {"{} {}/{}".format(*item.identity): item for item in items}
    return [_result(finding, config, by_name) for finding in findings]


def _result(finding: Finding, config: Config, items: Mapping[str, Item]) -> dict[str, Any]:
    said: dict[str, Any] = {"message": finding.message, "severity": _SEVERITIES[finding.severity]}
    if finding.document in items:
        said["resourceRef"] = dict(reference(items[finding.document].document))
    elif finding.path and not finding.document and config.catalog is not None:
        said["resourceRef"] = dict(config.reference)
        said["field"] = {"path": finding.place}
    return {**said, "tags": {"mcpfence.io/finding": finding.id}}
