"""Disjointness: no pod may be selected twice, or what both owners may reach would add up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from mcpfence.callers import BackEnd
from mcpfence.catalog import Catalog
from mcpfence.errors import Collector, Path, quote
from mcpfence.fence import Kind
from mcpfence.selectors import Selector, overlaps


class _Owner(NamedTuple):
    """One selector and whose it is; `alone` where the owner has no other."""

    kind: Kind
    name: str
    selector: Selector
    path: Path
    alone: bool


def check_disjoint(catalog: Catalog, back_ends: Iterable[BackEnd], out: Collector) -> None:
    """Selectors of servers, workloads and back-ends in one namespace must never share a pod."""
    owners: list[_Owner] = []
    by_namespace: dict[str, list[tuple[Selector, int]]] = {}

    def enter(kind: Kind, name: str, namespace: str, selectors: Sequence[Selector], path: Path) -> None:
        for selector in selectors:
            by_namespace.setdefault(namespace, []).append((selector, len(owners)))
            owners.append(_Owner(kind, name, selector, path, alone=len(selectors) == 1))

    for server in catalog.servers.values():
        enter("server", server.name, catalog.namespace, server.selectors, server.path)
    for workload in catalog.workloads.values():
        enter("workload", workload.name, workload.namespace, workload.selectors, workload.path)
    for back_end in back_ends:
        enter("service", back_end.name, catalog.namespace, [back_end.selector], back_end.path)
    for entries in by_namespace.values():
        for first, second in overlaps(entries, limit=25):
            _report_overlap(owners[first], owners[second], out)
    names: dict[str, BackEnd] = {}
    for back_end in back_ends:
        other = names.setdefault(back_end.name, back_end)
        if other is not back_end:
            sentence = f"service {quote(back_end.name)} has two different podSelectors"
            out.add("back-end-two-names", back_end.path, sentence, "use one name for one back-end")


def _report_overlap(first: _Owner, second: _Owner, out: Collector) -> None:
    if second.kind != "service" and first.kind == "service":
        first, second = second, first
    if second.kind == "service" and first.kind == "workload" and first.selector == second.selector and first.alone:
        return  # the back-end is this workload: its callers become part of the workload's fence
    if second.kind == "service" and first.kind == "server":
        sentence = f"the service {quote(second.name)} selects pods of server {first.name}"
        todo = f"declare the caller under clients, and name it in servers.{first.name}.ingress.from"
        out.add("service-selects-server", second.path, sentence, todo)
        return
    key, value = next(iter(first.selector.labels), ("app", first.name))
    sentence = (
        f"{second.kind} {second.name} ({second.selector.text}) and {first.kind} {first.name} ({first.selector.text}) "
        "can select the same pod, which would add up what both may reach"
    )
    todo = f"give the podSelector of {second.name} the label {key} with another value than {value}"
    out.add("selector-overlap", second.path, sentence, todo)
