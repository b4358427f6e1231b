"""Both ends of a call: what a server's side lets in, the caller's own side must let out, where both lie in one render.

A fence is proven at its own pods.  A client that stands in the fenced namespace is under the floor itself, and one
that a workload's fence selects is under that fence; if these do not grant the call, it fails all the same.  The same
holds for the way back, the calls of servers on a client's callbackPort.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mcpfence.catalog.model import Catalog, Client
from mcpfence.findings.finding import Collector, path_text, plural
from mcpfence.kube.manifest import FLOOR
from mcpfence.kube.selectors import Selector
from mcpfence.kube.yaml_entries import ports_entry, selector_entry
from mcpfence.net.ports import Ports
from mcpfence.plan.fence import Allow, Fence, Pods
from mcpfence.proof.prove import box_of, reach_of_pods, wanted
from mcpfence.reach.flows import flows, label_sets

_SHOWN = 20
"""Of servers in one sentence."""


def caution_both_ends(catalog: Catalog, fences: Sequence[Fence], out: Collector) -> None:
    """Warn of declared clients whose own side, as far as this render makes it, stands against what they may do."""
    spaces = {fence.namespace for fence in fences} | ({catalog.namespace} if catalog.floor else set())
    for client in catalog.clients.values():
        if client.namespace in spaces:
            _caution(catalog, client, fences, out)


def _caution(catalog: Catalog, client: Client, fences: Sequence[Fence], out: Collector) -> None:
    pods = Pods(client.namespace or "", client.selector or Selector())
    there = [one for one in fences if one.namespace == pods.namespace and _selects(one, pods)]
    for way, back in (("ingress", "egress"), ("egress", "ingress")):
        # The fence of a back-end says who may call it, and nothing of what it may reach.
        around = [one for one in there if one.kind != "service" or back == "ingress"]
        floor = catalog.floor and pods.namespace == catalog.namespace and not _inside(pods, around)
        denied = list(_denied(pods, fences, (way, back), around, floor=floor)) if around or floor else []
        if not denied:
            continue
        does = "may call" if way == "ingress" else "may be called back by"
        names = _names([fence.name for fence, _ in denied])
        theirs = f"its own pods are those of {around[0].title}, which does not" if around else ""
        why = f"{FLOOR} denies its own pods everything" if floor else theirs
        todo = _to_be_called(client, pods, denied)
        if way == "ingress":
            todo = _to_call(client, pods, denied, () if floor else around)
        out.add("client-cut-off", client.path, f"client {client.name} {does} {names}, but {why}", todo)


def _selects(fence: Fence, pods: Pods) -> bool:
    box = box_of(pods.selector)
    return any(label_sets.intersect(box_of(selector), box) is not None for selector in fence.selectors)


def _inside(pods: Pods, around: Sequence[Fence]) -> bool:
    """Whether one of the fences selects all of the pods, so that no floor alone stands around some of them."""
    box = box_of(pods.selector)
    return any(label_sets.covers(box_of(selector), box) for one in around for selector in one.selectors)


def _denied(
    pods: Pods, fences: Sequence[Fence], ways: tuple[str, str], around: Sequence[Fence], *, floor: bool
) -> Iterator[tuple[Fence, Ports]]:
    """The fences that grant the client something which the client's own side does not."""
    way, back = ways
    kind = "client" if way == "ingress" else "callback"
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


def _to_call(client: Client, pods: Pods, denied: Sequence[tuple[Fence, Ports]], around: Sequence[Fence]) -> str:
    workload = next((one for one in around if one.kind == "workload"), None)
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
    if not pods.selector.text:
        return "name its pods with a podSelector, and declare these under workloads, too"
    entry = f"{client.name}: {{{_pods(pods)}, egress: {{{', '.join(egress)}}}}}"
    return f"declare its pods under workloads, too: {entry}"


def _to_be_called(client: Client, pods: Pods, denied: Sequence[tuple[Fence, Ports]]) -> str:
    target = f"{{name: {client.name}, {_pods(pods)}, ports: {ports_entry(denied[0][1])}}}"
    return f"list it under egress.services of these servers: {target}"


def _service(fence: Fence, ports: Ports) -> str:
    return f"{{name: {fence.name}, {_pods(Pods(fence.namespace, fence.selectors[0]))}, ports: {ports_entry(ports)}}}"


def _pods(pods: Pods) -> str:
    return f"namespace: {pods.namespace}, {selector_entry(pods.selector)}"


def _names(names: Sequence[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {plural(rest, 'server')} more" if rest > 0 else "")
