"""Disjointness: no pod may be selected twice, or what both owners may reach would add up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcpfence.catalog.model import Catalog
from mcpfence.findings.finding import Collector, Path, quote
from mcpfence.kube.selectors import Owned, Selector, overlaps
from mcpfence.plan.callers import BackEnd
from mcpfence.plan.fence import FenceKind
from mcpfence.structs import Struct

_SHOWN = 25
"""Pairs that are told for each namespace."""


class _Owner(Struct):
    """Whose a selector is."""

    kind: FenceKind
    name: str
    path: Path


def check_disjoint(catalog: Catalog, back_ends: Iterable[BackEnd], out: Collector) -> None:
    """Selectors of servers, workloads and back-ends in one namespace must never share a pod.

    Those of one owner may: its pods have one fence.  Empty selectors are errors already.
    """
    owners: list[_Owner] = []
    by_namespace: dict[str, list[Owned]] = {}

    def enter(kind: FenceKind, name: str, namespace: str, selectors: Sequence[Selector], path: Path) -> None:
        entries = by_namespace.setdefault(namespace, [])
        entries += [(selector, len(owners)) for selector in selectors if not selector.empty]
        owners.append(_Owner(kind, name, path))

    for server in catalog.servers.values():
        enter("server", server.name, catalog.namespace, server.selectors, server.path)
    same: set[Selector] = set()
    for workload in catalog.workloads.values():
        enter("workload", workload.name, workload.namespace, workload.selectors, workload.path)
        if workload.namespace == catalog.namespace and len(workload.selectors) == 1:
            same.add(workload.selectors[0])
    names: dict[str, BackEnd] = {}
    for back_end in back_ends:
        # A back-end that is a workload, selector for selector, is that workload: its callers are in the one fence.
        if back_end.selector not in same:
            enter("service", back_end.name, catalog.namespace, [back_end.selector], back_end.path)
        if names.setdefault(back_end.name, back_end) is not back_end:
            sentence = f"service {quote(back_end.name)} has two different podSelectors"
            out.add("back-end-two-names", back_end.path, sentence, "use one name for one back-end")
    for entries in by_namespace.values():
        for pair in overlaps(entries, limit=_SHOWN):
            (first, one), (second, other) = sorted(pair, key=lambda owned: owned[1])
            _report(owners[one], first, owners[other], second, out)


def _report(first: _Owner, one: Selector, second: _Owner, other: Selector, out: Collector) -> None:
    """The two owners in their order: servers before workloads before back-ends."""
    if second.kind == "service" and first.kind == "server":
        sentence = f"the service {quote(second.name)} selects pods of server {first.name}"
        todo = f"declare the caller under clients, and name it in servers.{first.name}.ingress.from"
        out.add("service-selects-server", second.path, sentence, todo)
        return
    sentence = (
        f"{second.kind} {second.name} ({other.text}) and {first.kind} {first.name} ({one.text}) "
        "can select the same pod, which would add up what both may reach"
    )
    todo = _missing_label(first, one, second, other)
    if second.kind == "service" and first.kind == "workload":
        todo = f"write the podSelector of workload {first.name} here if it is that back-end; else {todo}"
    out.add("selector-overlap", second.path, sentence, todo)


def _missing_label(first: _Owner, one: Selector, second: _Owner, other: Selector) -> str:
    """The label that tells the two apart: one that only one of them demands, `app` if it can be."""
    missing = [(key, value, second) for key, value in one.labels if key not in dict(other.labels)]
    missing += [(key, value, first) for key, value in other.labels if key not in dict(one.labels)]
    if missing:
        key, value, owner = min(missing, key=lambda item: item[0] != "app")
        return f"give the podSelector of {owner.name} the label {key} with another value than {value}"
    if one.labels:
        key, value = one.labels[0]
        return f"give the podSelector of {second.name} another value of the label {key} than {value}"
    return "give both podSelectors one label with different values"
