"""What an earlier render left, as seen from a new one: whose fences would go, and which of them may not go unsaid.

Removing servers is what people do every day.  A whole namespace that loses its fences, floor included, is most often
a line that fell out of a values file; whoever applies the result (a Git prune, kubectl) would open its pods.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mcpfence.documents.reader import BadDocument, load_foreign
from mcpfence.findings.finding import Finding, plural
from mcpfence.kube.manifest import FLOOR, MARK
from mcpfence.providers import policy_kinds
from mcpfence.reach.documents.objects import called
from mcpfence.render.objects import Rendering
from mcpfence.structs import Struct

_SHOWN = 5
_PRUNE = "pass --prune-all to remove them all the same"


class EarlierReport(Struct):
    """The report of an earlier render: its own namespace and name, and the namespace that it fenced."""

    home: str
    name: str
    fenced: str


def parsed(text: str) -> list[Mapping[str, Any]]:
    """The documents of a file; none where it is no YAML (somebody edited it)."""
    try:
        return [document for document in load_foreign(text) if isinstance(document, Mapping)]
    except BadDocument:
        return []


def report_of(document: Mapping[str, Any]) -> EarlierReport | None:
    """The report that a document is."""
    if document.get("kind") != "ConfigMap" or _labels(document).get(MARK) != "rendered":
        return None
    metadata, data = _mapping(document, "metadata"), _mapping(document, "data")
    return EarlierReport(
        str(metadata.get("namespace", "")), str(metadata.get("name", "")), str(data.get("namespace", ""))
    )


def fenced_namespace(document: Mapping[str, Any]) -> str:
    """The namespace of servers that a policy belongs to: of a server's own policy, or of the floor; else empty."""
    metadata = _mapping(document, "metadata")
    ours = "mcpfence.io/server" in _labels(document) or metadata.get("name") == FLOOR
    return str(metadata.get("namespace", "")) if document.get("kind") == "NetworkPolicy" and ours else ""


def lost_by_folder(
    folder: str, before: Mapping[str, str], gone: Sequence[str], renderings: Sequence[Rendering]
) -> list[Finding]:
    """What a folder must not lose without a word.

    `before` are the texts of its reports (without one, of its policies) and of the files that would go, `gone` the
    names of those that would go with their objects.
    """
    documents = {name: parsed(text) for name, text in before.items()}
    fenced = {rendering.catalog.namespace for rendering in renderings}
    found: list[Finding] = []
    for name in gone:
        if any(report_of(one) for one in documents[name]) or _is_report(name, documents[name]):
            sentence = f"holds another release ({name} is its report), and its fences would be removed: {_names(gone)}"
            found.append(_refused(sentence, f"choose another folder, or {_PRUNE}", folder))
    if found:
        return found[:1]
    holders: dict[str, list[str]] = {}
    for name, objects in documents.items():
        for namespace in {namespace for one in objects for namespace in _fenced(one)}:
            holders.setdefault(namespace, []).append(name)
    for namespace in sorted(holders.keys() - fenced - {""}):
        sentence = f"holds the fences of namespace {namespace}, which would be removed: {_names(gone)}"
        if not gone:  # files of both namespaces have the same names
            sentence = (
                f"holds the fences of namespace {namespace} (so says {holders[namespace][0]}), which would be replaced"
            )
        todo = f"write mcpNamespace.name: {namespace}, choose another folder, or {_PRUNE}"
        found.append(_refused(sentence, todo, folder))
    with_floor = {rendering.catalog.namespace for rendering in renderings if rendering.catalog.floor}
    for name in gone if not found else ():
        floors = [one for one in documents[name] if _mapping(one, "metadata").get("name") == FLOOR]
        if any(fenced_namespace(one) in with_floor for one in floors):
            sentence = f"would lose the floor of its namespace: {_names(gone)}"
            todo = f"render the chart too (without --policies-only), choose another folder, or {_PRUNE}"
            found.append(_refused(sentence, todo, folder))
    for name in gone if not found else ():
        if any(
            one.get("kind") == "Namespace" and _mapping(one, "metadata").get("name") in fenced
            for one in documents[name]
        ):
            sentence = f"would lose the Namespace itself, and a prune deletes it with everything in it: {name}"
            todo = "leave mcpNamespace.create as it was; if something else holds the Namespace by now, pass --prune-all"
            found.append(_refused(sentence, todo, folder))
    return found


def _fenced(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The namespaces that an object says are fenced."""
    report = report_of(document)
    return (fenced_namespace(document), report.fenced if report else "")


def lost_by_items(earlier: Iterable[Mapping[str, Any]], rendering: Rendering, home: str) -> list[Finding]:
    """The same for a list of items, in which what another release made for another namespace stays as it is."""
    found = []
    mine = rendering.objects[-1]
    for report in filter(None, map(report_of, earlier)):
        same = ((report.home or home), report.name) == (mine.namespace, mine.name)
        if same == (report.fenced == rendering.catalog.namespace):
            continue
        title = f"ConfigMap {report.home or home}/{report.name}"
        if same:
            sentence = f"reports the fences of namespace {report.fenced}, which would be removed"
            todo = f"write mcpNamespace.name: {report.fenced}, or {_PRUNE}"
        else:
            sentence = f"reports the fences of another release for namespace {report.fenced}, which would be replaced"
            todo = f"write the release's name and namespace as they were, or {_PRUNE}"
        found.append(_refused(sentence, todo, title))
    return found


def removed(before: Mapping[str, str], gone: Iterable[str], renderings: Iterable[Rendering]) -> list[str]:
    """The servers and workloads of the files that go, unless they are there under other names of files.

    Behind them the kinds of policies, with how many, that servers lose which stay: another provider was chosen.
    """
    return removed_objects((document for name in gone for document in parsed(before[name])), renderings)


def removed_objects(gone: Iterable[Mapping[str, Any]], renderings: Iterable[Rendering]) -> list[str]:
    """The same for objects that go."""
    renderings = list(renderings)
    there = {name for one in renderings for name in (*one.catalog.servers, *one.catalog.workloads)}
    made = {item.kind for one in renderings for item in one.objects}
    policies = {kind.called for kind in policy_kinds()}
    names: set[str] = set()
    kinds: Counter[str] = Counter()
    for document in gone:
        labels = _labels(document)
        owners = {str(labels[key]) for key in ("mcpfence.io/server", "mcpfence.io/workload") if key in labels}
        kind = called(str(document.get("kind")), str(document.get("apiVersion") or "").rpartition("/")[0])
        kinds[kind] += bool(owners & there) and kind in policies - made
        names |= owners - there
    return [*sorted(names), *(f"{kind} ({count})" for kind, count in sorted(kinds.items()) if count)]


def _is_report(name: str, documents: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a file that cannot be read any more has the name of a report."""
    return not documents and name.startswith("configmap-") and name.endswith("-mcpfence.yaml")


def _names(gone: Sequence[str]) -> str:
    rest = len(gone) - _SHOWN
    return ", ".join(gone[:_SHOWN]) + (f" and {plural(rest, 'file')} more" if rest > 0 else "")


def _refused(sentence: str, todo: str, where: str) -> Finding:
    return Finding("folder-other", (), sentence, todo, where)


def _mapping(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = document.get(key)
    return found if isinstance(found, Mapping) else {}


def _labels(document: Mapping[str, Any]) -> Mapping[str, Any]:
    found = _mapping(document, "metadata").get("labels")
    return found if isinstance(found, Mapping) else {}
