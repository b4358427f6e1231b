"""Remedies for callers: why something may not call the pods of a fence, and the catalog key that would let it."""

from __future__ import annotations

from mcpfence.explain.context import View
from mcpfence.explain.remedies import Remedy, is_of
from mcpfence.explain.targets import Target
from mcpfence.findings.finding import Path, path_text
from mcpfence.kube.selectors import Selector, covers
from mcpfence.kube.yaml_entries import ports_entry, selector_entry
from mcpfence.net.addresses import cidrs
from mcpfence.net.intervals import subtract
from mcpfence.net.ports import ports_text, tcp
from mcpfence.plan.fence import Fence


def to_be_called(view: View, fence: Fence, target: Target) -> Remedy:
    """What would let a caller reach the pods of a fence."""
    if fence.kind == "service":
        return _to_call_back_end(fence, target)
    client = _client_of(view, target)
    if client:
        return _client(view, fence, client, target)
    caller = next((f for f in view.fences if f.kind != "service" and target.pods and is_of(target.pods[0], f)), None)
    if caller is not None and caller.kind == "workload" and fence.kind == "server":
        key: Path = (*view.egress(caller).path, "servers")
        if target.ports != tcp(view.catalog.servers[fence.name].port):
            own = view.catalog.servers[fence.name].port
            return Remedy("workloads call servers on their own port", f"nothing can, but on port {own}")
        return Remedy(f"{caller.title} does not list it", f"add {fence.name} to {path_text(key)}", key)
    if caller is not None and caller.kind == "server" and fence.kind == "server":
        return Remedy(f"the caller is {caller.title}", "nothing can: servers do not call each other")
    if caller is not None and fence.namespace == view.catalog.namespace:
        return _to_call_back_end(fence, target._replace(kind=caller.kind, name=caller.name))
    path = path_text(view.ingress(fence).path)
    why = "no declared client has this address" if target.addresses else "no declared client has these labels"
    todo = f"declare it under clients as NAME: {{{_as_client(target)}}}"
    if fence.kind == "workload":
        todo += f", and write {path}: {{from: [NAME], ports: {ports_entry(target.ports)}}}"
        return Remedy(why, todo, ("clients",))
    if view.ingress(fence).clients is not None:
        todo += f", and add NAME to {path}.from"
    return Remedy(why, todo + _ports_too(view, fence, target), ("clients",))


def _ports_too(view: View, fence: Fence, target: Target) -> str:
    """What clients of a server or workload need besides, where they are to call it on another port than they may."""
    if fence.kind not in ("server", "workload"):
        return ""
    own = tcp(view.catalog.servers[fence.name].port) if fence.kind == "server" else ()
    open_ = view.ingress(fence).ports or own
    if set(target.ports) <= set(open_):
        return ""
    return f", and write {path_text(view.ingress(fence).path)}.ports: {ports_entry((*open_, *target.ports))}"


def _to_call_back_end(fence: Fence, target: Target) -> Remedy:
    why = "only servers and workloads that list it as a back-end may call"
    if target.kind not in ("server", "workload"):
        return Remedy(why, "fence the caller as a workload that lists it under egress.services", ("workloads",))
    key: Path = (f"{target.kind}s", target.name, "egress", "services")
    pods = selector_entry(fence.selectors[0])
    entry = f"{{name: {fence.name}, namespace: {fence.namespace}, {pods}, ports: {ports_entry(target.ports)}}}"
    return Remedy(why, f"add {entry} to {path_text(key)}", key)


def _client_of(view: View, target: Target) -> str:
    """The declared client that the caller is, by name, labels or address."""
    if target.kind == "client":
        return target.name
    for client in view.catalog.clients.values():
        if client.cidrs and target.addresses and not subtract(target.addresses, tuple(sorted(client.cidrs))):
            return client.name
        for pods in target.pods:
            if pods.namespace == client.namespace and covers(client.selector or Selector(), pods.selector):
                return client.name
    return ""


def _client(view: View, fence: Fence, client: str, target: Target) -> Remedy:
    ingress = view.ingress(fence)
    if (ingress.clients is None and fence.kind == "server") or client in (ingress.clients or ()):
        open_ = next((allow.ports for allow in fence.ingress if allow.kind == "client"), ())
        key: Path = (*ingress.path, "ports")
        why = f"client {client} may call on {ports_text(open_)} alone"
        return Remedy(why, f"write {path_text(key)}: {ports_entry((*open_, *target.ports))}", key)
    key = (*ingress.path, "from")
    why = f"client {client} is not among {path_text(key)}"
    if fence.kind == "workload" and not ingress.clients:
        return Remedy(
            why, f"write {path_text(ingress.path)}: {{from: [{client}], ports: {ports_entry(target.ports)}}}", key
        )
    return Remedy(why, f"add {client} to {path_text(key)}{_ports_too(view, fence, target)}", key)


def _as_client(target: Target) -> str:
    if target.pods:
        return f"namespace: {target.pods[0].namespace}, {selector_entry(target.pods[0].selector)}"
    return f"cidrs: [{', '.join(cidrs(target.addresses)[:3])}]"
