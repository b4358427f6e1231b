"""What ToolHive's operator runs beside the servers, in their namespace: fenced as workloads, or the floor cuts it off.

    MCPServer notes        pods app=mcpserver          call the server, and the API server, which starts it for them
    MCPRemoteProxy wiki    pods app=mcpremoteproxy     call the remote server
    VirtualMCPServer all   pods app=virtualmcpserver   call the proxies of their group

All carry toolhive=true and app.kubernetes.io/instance=<name of the resource> (stacklok/toolhive, cmd/thv-operator).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mcpfence.imports.shared.destinations import Destination
from mcpfence.imports.shared.dns_labels import label
from mcpfence.imports.shared.format import Entry, ImportContext, Setting, State
from mcpfence.imports.shared.remote_hosts import host_of
from mcpfence.imports.shared.source import Node
from mcpfence.structs import Struct

PROXY = "toolhive-proxy"
PROXY_LABELS = {"app": "mcpserver", "toolhive": "true"}
_OPERATOR = "toolhive-system"
_PROXY_PORT = 8080
"""proxyPort where a resource names none."""
_VIRTUAL_PORT = 4483


class Resource(Struct):
    """One resource of the operator, and what became of it."""

    node: Node
    entry: Entry
    group: str
    port: int
    """See `proxy_port`."""

    @property
    def kind(self) -> str:
        """MCPServer, MCPRemoteProxy, MCPServerEntry or VirtualMCPServer."""
        return self.node.text("kind")


def proxy_port(node: Node) -> int:
    """Where the proxy of a resource listens, or the virtual server itself.  Raises BadEntry."""
    if node.text("kind") == "VirtualMCPServer":
        return _VIRTUAL_PORT
    spec = node.get("spec")
    return (spec.port("proxyPort") or spec.port("port") if spec else None) or _PROXY_PORT


def proxies(resources: Sequence[Resource], home: str, context: ImportContext) -> Iterator[Setting]:
    """The workloads, and the client that the servers know the proxies by, for the resources of namespace `home`.

    Without a namespace (it is empty) there is no such client: `egress.servers` opens the servers to the proxies, too.
    """
    here = [one for one in resources if one.entry.namespace in ("", home)]
    hosted = [one for one in here if one.entry.state is not State.ELSEWHERE]
    remote = [one for one in here if one.kind == "MCPRemoteProxy"]
    virtual = [one for one in here if one.kind == "VirtualMCPServer"]
    if hosted:
        if home:
            told = ("the proxies of ToolHive's operator, which call the servers for everybody else",)
            client = {"namespace": home, "podSelector": dict(PROXY_LABELS)}
            yield Setting(hosted[0].node, ("clients", PROXY), client, told)
        yield _of_servers(hosted, context)
    for one in remote:
        yield from _of_remote(one, context)
    for one in virtual:
        yield _of_group(one, here, context)
    if home == _OPERATOR and here:
        sentence = f"is in {_OPERATOR}, where ToolHive's operator runs unless it was told otherwise"
        todo = "the floor denies its pods everything; write a workload for them, with egress.kubernetesAPI"
        context.say("import-pods", here[0].node, sentence, todo)


def _of_servers(hosted: Sequence[Resource], context: ImportContext) -> Setting:
    egress: dict[str, Any] = {"servers": [one.entry.name for one in hosted]}
    told = ["the proxies of ToolHive's operator: each calls its server, and starts it through the API server"]
    if context.knows_api:
        egress["kubernetesAPI"] = True
    else:
        sentence = "has a proxy that starts the server through the API server, whose addresses are not known here"
        todo = f"write cluster.cidrs.controlPlane (see mcpfence cidrs) and workloads.{PROXY}.egress.kubernetesAPI: true"
        context.say("import-pods", hosted[0].node, sentence, todo)
    _say_callers(hosted, PROXY, f"is called through a proxy{_more(hosted)}", context)
    return Setting(
        hosted[0].node, ("workloads", PROXY), {"podSelector": dict(PROXY_LABELS), "egress": egress}, tuple(told)
    )


def _of_remote(one: Resource, context: ImportContext) -> Iterator[Setting]:
    host = host_of(one.entry)
    name = _named(one, "remote")
    if host is None:
        sentence = "has a proxy whose pods call a host that a workload cannot list"
        todo = f"the floor denies them everything; write a workload for app.kubernetes.io/instance: {one.entry.name}"
        context.say("import-pods", one.node, sentence, todo)
        return
    _say_callers([one], name, "is called through a proxy", context)
    fence = {"podSelector": _selector(one, "mcpremoteproxy"), "egress": _destinations([host])}
    yield Setting(one.node, ("workloads", name), fence, ("ToolHive's proxy for a remote server: it calls that one",))


def _of_group(one: Resource, here: Sequence[Resource], context: ImportContext) -> Setting:
    """A virtual server calls the proxies of its group, and servers that have none."""
    members = [other for other in here if one.group and other.group == one.group and other is not one]
    services = [
        {"name": PROXY, "podSelector": dict(PROXY_LABELS), "ports": sorted({other.port for other in found})}
        for found in [[other for other in members if other.entry.state is not State.ELSEWHERE]]
        if found
    ]
    services += [
        {
            "name": _named(other, "remote"),
            "podSelector": _selector(other, "mcpremoteproxy"),
            "ports": [other.port],
        }
        for other in members
        if other.kind == "MCPRemoteProxy" and host_of(other.entry)
    ]
    hosts = [host for other in members if other.kind == "MCPServerEntry" and (host := host_of(other.entry))]
    egress = _destinations(hosts) | ({"services": services} if services else {})
    _say_callers([one], _named(one, "vmcp"), "has pods of its own", context)
    fence = {"podSelector": _selector(one, "virtualmcpserver"), **({"egress": egress} if egress else {})}
    told = ("ToolHive's virtual server: it calls the proxies of its group; the API server where it finds them there",)
    return Setting(one.node, ("workloads", _named(one, "vmcp")), fence, told)


def _say_callers(found: Sequence[Resource], name: str, what: str, context: ImportContext) -> None:
    ports = ", ".join(str(port) for port in sorted({one.port for one in found}))
    sentence = f"{what}, and who calls that on port {ports} is not in the source"
    todo = f"write workloads.{name}.ingress: {{from: [...], ports: [{ports}]}}; until then nobody may"
    context.say("import-pods", found[0].node, sentence, todo)


def _destinations(hosts: Sequence[Destination]) -> dict[str, Any]:
    names = [{"name": host.host, "ports": list(host.ports)} for host in hosts if not host.is_cidr]
    blocks = [{"cidr": host.host, "ports": list(host.ports)} for host in hosts if host.is_cidr]
    return {key: found for key, found in (("domains", names), ("cidrs", blocks)) if found}


def _selector(one: Resource, app: str) -> dict[str, str]:
    return {"app": app, "app.kubernetes.io/instance": one.entry.name}


def _named(one: Resource, end: str) -> str:
    return f"{label(one.entry.name)[: 62 - len(end)].rstrip('-')}-{end}"


def _more(found: Sequence[Resource]) -> str:
    return f", and so are {len(found) - 1} more" if len(found) > 1 else ""
