"""Obot's running pods: which generated labels belong to which server of a catalog.

Obot labels the pods of a server `app: <generated id>` alone, and starts one Deployment for each user of a single-user
server.  What the server is stands in annotations (obot-platform/obot, pkg/mcp/kubernetes.go): mcp-server-display-name
is its name in the catalog, mcp-server-scope the generated id.  The container port named http is the one that Obot
calls: a shim in front of the server has another port than the server itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mcpfence.findings.finding import quote
from mcpfence.imports.obot.shims import shim
from mcpfence.imports.shared.destinations import shown
from mcpfence.imports.shared.format import Entry, FieldRow, ImportContext, Setting, State, Table
from mcpfence.imports.shared.source import Document, Node, objects
from mcpfence.structs import Struct

_NAME, _SCOPE = "mcp-server-display-name", "mcp-server-scope"
_OBOT = {"app.kubernetes.io/name": "obot"}
_CALLBACK = 8080
_DEFAULT_PORT = 8099
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?\Z")

PODS = Table(
    "--pods: the output of kubectl get deploy,pods -A -o json (or of the servers' namespace alone)",
    (
        FieldRow(f"metadata.annotations.{_NAME}", "podSelector", "the server of that name or entryKey"),
        FieldRow(f"metadata.annotations.{_SCOPE}", "podSelector", "the generated id, where no name fits"),
        FieldRow(
            "metadata.labels.app", "podSelector", "one for each Deployment; a list where several belong to a server"
        ),
        FieldRow(
            "pods of a remote server",
            "workloads.NAME-shim",
            "they reach that server's host, and Obot; those of composites and of URLs with variables are listed",
        ),
        FieldRow("metadata.namespace", "mcpNamespace.name", "the namespace of the servers' pods"),
        FieldRow("spec.containers[].ports", "ingress.ports", "the port named http, where it is not the server's own"),
        FieldRow(
            "pods labelled app.kubernetes.io/name: obot",
            "clients.obot",
            "Obot itself, if it is in the output: it calls the servers, and they call it back",
        ),
    ),
)


class AppPods(Struct):
    """Pods that share a namespace and an app label; `app` is empty where they have none."""

    node: Node
    namespace: str
    app: str
    names: frozenset[str]
    """What the annotations call their server."""
    ports: tuple[int, ...]
    title: str


def read_pods(documents: Iterable[Document]) -> tuple[list[AppPods], list[Node]]:
    """The pods of servers by namespace and app label, and what runs Obot itself."""
    found: dict[tuple[str, str, str], AppPods] = {}
    obots = []
    for node in (node for document in documents for node in objects(document)):
        if node.value.get("kind") not in ("Deployment", "Pod"):
            continue
        meta, spec = _template(node)
        labels, notes = _strings(meta, "labels"), _strings(meta, "annotations")
        own = _strings(_mapping(node.value.get("metadata")), "annotations")
        namespace = str(_mapping(node.value.get("metadata")).get("namespace") or "")
        if labels.items() >= _OBOT.items():
            obots.append(node)
            continue
        names = frozenset(text for text in (own | notes).values() if text) & frozenset(
            (own | notes).get(key, "") for key in (_NAME, _SCOPE)
        )
        name = str(_mapping(node.value.get("metadata")).get("name") or "")
        app = labels.get("app", "")
        app = app if _LABEL.match(app) else ""
        key = namespace, app, "" if app else name
        title = f"{node.value['kind']} {quote(namespace)[1:-1]}/{quote(name)[1:-1]}"
        known = found.get(key)
        if known is None:
            found[key] = AppPods(node, namespace, app, names, _http(spec), title)
        else:
            ports = tuple(sorted({*known.ports, *_http(spec)}))
            found[key] = known._replace(names=known.names | names, ports=ports)
    spaces = {pods.namespace for pods in found.values() if pods.names}
    return [pods for pods in found.values() if pods.namespace in spaces or not spaces], obots


def _template(node: Node) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Metadata and spec of the pods of a Deployment, or of a pod."""
    value = node.value
    if value.get("kind") == "Deployment":
        value = _mapping(_mapping(value.get("spec")).get("template"))
    return _mapping(value.get("metadata")), _mapping(value.get("spec"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _strings(value: Mapping[str, Any], key: str) -> dict[str, str]:
    return {str(name): text for name, text in _mapping(value.get(key)).items() if isinstance(text, str)}


def _http(spec: Mapping[str, Any]) -> tuple[int, ...]:
    """The container ports named http."""
    containers = spec.get("containers")
    found = set()
    for container in containers if isinstance(containers, list) else ():
        ports = _mapping(container).get("ports")
        for port in ports if isinstance(ports, list) else ():
            number = _mapping(port).get("containerPort")
            if _mapping(port).get("name") == "http" and type(number) is int and 1 <= number <= 65535:
                found.add(number)
    return tuple(sorted(found))


def select(
    entries: Sequence[Entry],
    names: Sequence[frozenset[str]],
    pods: Sequence[AppPods],
    obot: Any,
    context: ImportContext,
) -> tuple[list[Entry], list[Setting]]:
    """The entries with the selectors of their pods, and a workload for the pods in front of each remote server.

    `names` are what annotations may call each entry, `obot` is the client of that name.  Pods that nothing selects,
    and entries without pods, are said.
    """
    taken: dict[int, list[AppPods]] = {}
    fixed = {_app(entry) for entry in entries} - {""}
    for one in pods:
        if one.app and one.app in fixed:
            continue
        fits = [i for i, entry in enumerate(entries) if not _app(entry) and one.names & names[i]]
        if one.app and len(fits) == 1:
            taken.setdefault(fits[0], []).append(one)
        else:
            _say(one, [entries[i] for i in fits], context)
    found, settings = [], []
    for i, entry in enumerate(entries):
        mine = taken.get(i, [])
        if entry.state is not State.ELSEWHERE:
            found.append(_selected(entry, mine, context))
            continue
        found.append(entry)
        ports = sorted({port for one in mine for port in one.ports})
        apps = sorted({one.app for one in mine})
        setting = shim(entry, mine[0].node, mine[0].namespace, apps, ports, obot) if mine else None
        settings += [setting] if setting else []
        for one in mine if setting is None else ():
            _say(one, [entry], context)
    return found, settings


def _app(entry: Entry) -> str:
    """The app label of an entry that says itself which pods it is for."""
    selector = entry.server.get("podSelector")
    return str(selector.get("app", "")) if isinstance(selector, Mapping) else ""


def _say(one: AppPods, fits: Sequence[Entry], context: ImportContext) -> None:
    called = f" ({', '.join(shown(name) for name in sorted(one.names)[:3])})" if one.names else ""
    todo = "the floor denies them everything; write a server or a workload for them"
    if not one.app:
        sentence = f"{one.title}{called} has no label app, so nothing can select its pods alone"
    elif len(fits) > 1:
        places = ", ".join(entry.node.place for entry in fits[:3])
        sentence, todo = f"{one.title}{called} fits several servers ({places})", "write podSelector of the right one"
    elif fits:
        sentence = f"{one.title}{called} is what Obot runs for a {fits[0].server['runtime']} server"
    else:
        sentence = f"{one.title}{called} belongs to no server of the input"
    context.say("import-pods", one.node, sentence, todo)


def _selected(entry: Entry, pods: Sequence[AppPods], context: ImportContext) -> Entry:
    if _app(entry):
        return entry
    if not pods:
        sentence = f"{shown(entry.name)} has no pods in what --pods lists"
        context.say("import-no-pods", entry.node, sentence, "its selector stays app: NAME; import again once it runs")
        return entry
    apps = sorted({one.app for one in pods})
    server = dict(entry.server)
    server["podSelector"] = {"app": apps[0]} if len(apps) == 1 else [{"app": app} for app in apps]
    ports = sorted({port for one in pods for port in one.ports})
    own = _mapping(entry.server.get("containerizedConfig")).get("port") or _DEFAULT_PORT
    told = [f"{len(apps)} {'Deployment' if len(apps) == 1 else 'Deployments, one for each user'}"]
    if ports and ports != [own]:
        server["ingress"] = {"ports": ports}
        told.append("the port named http of its pods is what Obot calls")
    return entry._replace(server=server, decided=(*entry.decided, *told), namespace=pods[0].namespace)


def clients(obots: Sequence[Node], context: ImportContext) -> Iterator[Setting]:
    """Obot as the client of every server, from its own Deployment."""
    spaces = {str(_mapping(node.value.get("metadata")).get("namespace") or ""): node for node in reversed(obots)}
    for space, node in list(spaces.items())[:1]:
        if space and len(spaces) == 1:
            _, spec = _template(node)
            port = next(iter(_http(spec)), _CALLBACK)
            client = {"namespace": space, "podSelector": dict(_OBOT), "callbackPort": port}
            told = ("Obot calls the servers, and they call it back for tokens and audit logs",)
            yield Setting(node, ("clients", "obot"), client, told)
        elif len(spaces) > 1:
            known = ", ".join(quote(name)[1:-1] for name in sorted(spaces)[:3])
            sentence = f"is one of {len(spaces)} installations of Obot ({known})"
            context.say("import-guess", node, sentence, "no client was written; write clients.obot with its namespace")
