"""Both ends of a call: what a server's side lets in, the caller's own side must let out, where both lie in one render.

A fence is proven at its own pods.  A client that stands in the fenced namespace is under the floor itself, and one
that a workload's fence selects is under that fence; if these do not grant the call, it fails all the same.  The same
holds for the way back, the calls of servers on a client's callbackPort.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mcpfence.catalog.model import Catalog
from mcpfence.findings.finding import Collector, Path, path_text, plural
from mcpfence.kube.manifest import FLOOR
from mcpfence.kube.selectors import Selector
from mcpfence.kube.yaml_entries import ports_entry, selector_entry
from mcpfence.net.ports import Ports
from mcpfence.plan.fence import Allow, Fence, Pods
from mcpfence.proof.prove import box_of, reach_of_pods, wanted
from mcpfence.reach.flows import flows, label_sets
from mcpfence.structs import Struct

_SHOWN = 20
"""Of servers in one sentence."""


class _Caller(Struct):
    """Whoever the catalog lets call servers; `ways` are kinds of allows by the direction at the server's end."""

    title: str
    name: str
    path: Path
    pods: Pods
    ways: tuple[tuple[str, str, str], ...]


def caution_both_ends(catalog: Catalog, fences: Sequence[Fence], out: Collector) -> None:
    """Warn of callers and back-ends whose own side, as far as this render makes it, stands against what is granted."""
    spaces = {fence.namespace for fence in fences} | ({catalog.namespace} if catalog.floor else set())
    for caller in _callers(catalog):
        if caller.pods.namespace in spaces:
            _caution(catalog, caller, fences, out)
    calls = [
        (fence, allow, peer)
        for fence in fences
        for allow in fence.egress
        if allow.kind in ("service", "registry", "dns")
        for peer in allow.peers
        if isinstance(peer, Pods) and peer.namespace in spaces and peer.selector.text
    ]
    if calls:
        theirs = {Pods(one.namespace, selector): one for one in fences for selector in one.selectors}
        workloads = [one for one in fences if one.kind == "workload"]
        for call in calls:
            _caution_back_end(catalog, call, theirs, workloads, out)


_CALLS, _IS_CALLED = ("ingress", "egress", "client"), ("egress", "ingress", "callback")


def _callers(catalog: Catalog) -> Iterator[_Caller]:
    for client in catalog.clients.values():
        pods = Pods(client.namespace or "", client.selector or Selector())
        yield _Caller(f"client {client.name}", client.name, client.path, pods, (_CALLS, _IS_CALLED))
    if catalog.gateway is not None:
        from mcpfence.plan.gateway_callers import gateway_pods  # here, so that catalogs without one start quickly

        for who, pods in gateway_pods(catalog.gateway).items():
            ways = (("ingress", "egress", "gateway"),)
            yield _Caller(f"gateway {who}", f"gateway-{who}", ("gateway",), pods, ways)


def _caution(catalog: Catalog, caller: _Caller, fences: Sequence[Fence], out: Collector) -> None:
    pods = caller.pods
    there = [one for one in fences if one.namespace == pods.namespace and _selects(one, pods)]
    for way, back, kind in caller.ways:
        # The fence of a back-end says who may call it, and nothing of what it may reach.
        around = [one for one in there if one.kind != "service" or back == "ingress"]
        floor = catalog.floor and pods.namespace == catalog.namespace and not _inside(pods, around)
        denied = list(_denied(pods, fences, (way, back, kind), around, floor=floor)) if around or floor else []
        if not denied:
            continue
        does = "may call" if way == "ingress" else "may be called back by"
        names = _names([fence.name for fence, _ in denied])
        theirs = f"its own pods are those of {around[0].title}, which does not" if around else ""
        why = f"{FLOOR} denies its own pods everything" if floor else theirs
        todo = _to_be_called(caller, denied)
        if way == "ingress":
            todo = _to_call(caller, denied, () if floor else around)
        out.add("client-cut-off", caller.path, f"{caller.title} {does} {names}, but {why}", todo)


def _caution_back_end(
    catalog: Catalog,
    call: tuple[Fence, Allow, Pods],
    theirs: Mapping[Pods, Fence],
    workloads: Sequence[Fence],
    out: Collector,
) -> None:
    """Warn of a back-end or resolver of a fence whose own side, in the same render, does not let it in.

    `theirs` are all fences by the pods that they select.
    """
    fence, allow, peer = call
    found = theirs.get(peer)
    near = [one for one in workloads if one.namespace == peer.namespace and _inside(peer, [one])]
    around = near if found is None else [found]
    floor = catalog.floor and peer.namespace == catalog.namespace and not around
    callers = [Pods(fence.namespace, selector) for selector in fence.selectors]
    asked = reach_of_pods(callers, allow.ports) if around else flows.NOTHING
    against = next((one for one in around if flows.witness_outside(asked, wanted(one).ingress)), None)
    if not floor and against is None:
        return
    what = f"{fence.title} may reach pods {peer.selector.text} of namespace {peer.namespace}"
    why = (
        f"{FLOOR} denies these everything" if against is None else f"these are those of {against.title}, which does not"
    )
    todo = "declare them in a namespace of their own" if against is None else _to_admit(fence, against, allow.ports)
    out.add("back-end-cut-off", fence.path, f"{what} ({allow.source}), but {why}", todo)


def _to_admit(fence: Fence, back_end: Fence, ports: Ports) -> str:
    client = f"{fence.name}: {{{_pods(Pods(fence.namespace, fence.selectors[0]))}}}"
    entry = f"{path_text((*back_end.path, 'ingress'))}: {{from: [{fence.name}], ports: {ports_entry(ports)}}}"
    return f"declare the caller under clients, {client}, and write {entry}"


def _selects(fence: Fence, pods: Pods) -> bool:
    box = box_of(pods.selector)
    return any(label_sets.intersect(box_of(selector), box) is not None for selector in fence.selectors)


def _inside(pods: Pods, around: Sequence[Fence]) -> bool:
    """Whether one of the fences selects all of the pods, so that no floor alone stands around some of them."""
    box = box_of(pods.selector)
    return any(label_sets.covers(box_of(selector), box) for one in around for selector in one.selectors)


def _denied(
    pods: Pods, fences: Sequence[Fence], ways: tuple[str, str, str], around: Sequence[Fence], *, floor: bool
) -> Iterator[tuple[Fence, Ports]]:
    """The fences that grant the caller something which the caller's own side does not."""
    way, back, kind = ways
    sides: list[tuple[Allow, ...]] = [one.egress if back == "egress" else one.ingress for one in around]
    known = [{(peer, allow.ports) for allow in side for peer in allow.peers} for side in sides]
    wholes = [wanted(one).egress if back == "egress" else wanted(one).ingress for one in around]
    for fence in fences:
        granted = fence.ingress if way == "ingress" else fence.egress
        for allow in granted:
            if allow.kind != kind or pods not in allow.peers:
                continue
            peers = [Pods(fence.namespace, selector) for selector in fence.selectors]
            asked = reach_of_pods(peers, allow.ports)
            passes = all(
                all((peer, allow.ports) in said for peer in peers) or flows.witness_outside(asked, whole) is None
                for said, whole in zip(known, wholes, strict=True)
            )
            if floor or not passes:
                yield fence, allow.ports
                break


def _to_call(caller: _Caller, denied: Sequence[tuple[Fence, Ports]], around: Sequence[Fence]) -> str:
    workload = next((one for one in around if one.kind == "workload"), None)
    if workload is None and around and all(fence.kind != "server" for fence, _ in denied):
        entries = ", ".join([_service(fence, ports) for fence, ports in denied][:_SHOWN])
        return f"list it under {path_text((*around[0].path, 'egress'))}.services: {entries}"
    if workload is None and around:
        return f"nothing can: its pods are those of {around[0].title}, and servers do not call each other; remove it"
    servers = [fence.name for fence, _ in denied if fence.kind == "server"]
    others = [_service(fence, ports) for fence, ports in denied if fence.kind != "server"]
    if workload is not None:
        key = path_text((*workload.path, "egress"))
        said = [f"add {', '.join(servers[:_SHOWN])} to {key}.servers"] if servers else []
        said += [f"add {', '.join(others[:_SHOWN])} to {key}.services"] if others else []
        return ", and ".join(said)
    egress = [f"servers: [{', '.join(servers)}]"] if servers else []
    egress += [f"services: [{', '.join(others)}]"] if others else []
    if not caller.pods.selector.text:
        return "name its pods with a podSelector, and declare these under workloads, too"
    entry = f"{caller.name}: {{{_pods(caller.pods)}, egress: {{{', '.join(egress)}}}}}"
    return f"declare its pods under workloads, too: {entry}"


def _to_be_called(caller: _Caller, denied: Sequence[tuple[Fence, Ports]]) -> str:
    target = f"{{name: {caller.name}, {_pods(caller.pods)}, ports: {ports_entry(denied[0][1])}}}"
    return f"list it under egress.services of these servers: {target}"


def _service(fence: Fence, ports: Ports) -> str:
    return f"{{name: {fence.name}, {_pods(Pods(fence.namespace, fence.selectors[0]))}, ports: {ports_entry(ports)}}}"


def _pods(pods: Pods) -> str:
    return f"namespace: {pods.namespace}, {selector_entry(pods.selector)}"


def _names(names: Sequence[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {plural(rest, 'server')} more" if rest > 0 else "")
