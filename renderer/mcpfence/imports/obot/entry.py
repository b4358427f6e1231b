"""One entry of an Obot catalog, or one MCPNetworkPolicy of Obot, as a server of the catalog.

    entryKey: example-search                 servers:
    runtime: npx                               example-search:
    npxConfig:                                   runtime: npx
      package: example-search@1.2.0              npxConfig:
      egressDomains: [api.example.com]             package: example-search@1.2.0
                                                   egressDomains: [api.example.com]

Obot reads keys without regard to case, as Go does.  An entry that lists nothing may reach every host, unless the
installation sets OBOT_SERVER_MCPDEFAULT_DENY_ALL_EGRESS; denyAllEgress: false keeps it open even then
(obot-platform/obot, pkg/mcp/mcpvalidators.go and docs on egress control).  Domains mean TCP 443.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mcpfence.imports.obot.tables import CONFIGS
from mcpfence.imports.shared.destinations import (
    HTTPS,
    Destination,
    egress_keys,
    merged,
    read_destination,
    refuse_destination,
    shown,
)
from mcpfence.imports.shared.format import Entry, ImportContext, State
from mcpfence.imports.shared.hints import env_hint, link_hint
from mcpfence.imports.shared.packages import image
from mcpfence.imports.shared.remote import Variable, environment, headers, remote_config
from mcpfence.imports.shared.source import BadEntry, Node
from mcpfence.net.hosts import BadHost, parse_host
from mcpfence.structs import Struct

_PACKAGE = re.compile(r"@?[A-Za-z0-9][A-Za-z0-9@._/+~=\[\],!<>-]{0,213}\Z")
_PATH = re.compile(r"/[A-Za-z0-9._~/-]{0,255}\Z")
_LONGEST_NAME = 200


class EntryNames(Struct):
    """What an installation calls an entry: its key, and the name that people and annotations have."""

    key: str
    name: str


def names_of(node: Node) -> EntryNames:
    """The names of an entry; raises BadEntry without any."""
    name, key = node.text("name").strip(), node.text("entryKey").strip()
    if not (name or key):
        raise BadEntry(node, "has no name", "give it a name")
    return EntryNames(key or name, name)


def read_entry(node: Node, *, deny: bool, context: ImportContext) -> Entry:
    """One entry; `deny` says that the installation denies what declares nothing.  Raises BadEntry."""
    names = names_of(node)
    runtime = node.text("runtime").strip().lower()
    if runtime not in CONFIGS:
        what = f"{shown(runtime)} is no runtime" if runtime else "has no runtime"
        raise BadEntry(node.get("runtime") or node, what, f"write one of {', '.join(CONFIGS)}")
    for other, key in CONFIGS.items():
        if other != runtime and (beside := node.get(key)) is not None:
            context.say("import-ignored", beside, f"belongs to another runtime than {runtime}", "left out")
    config = node.mapping(CONFIGS[runtime])
    if config is None:
        raise BadEntry(node, f"has the runtime {runtime} and no {CONFIGS[runtime]}", "add it")
    env = environment(_variables(node), context)
    more: dict[str, Any] = {"env": env} if env else {}
    if names.name and names.name != names.key and len(names.name) <= _LONGEST_NAME and names.name.isprintable():
        more["displayName"] = names.name
    ids = (names.name,) if names.name else ()
    if runtime == "composite":
        parts = [_component(item) for item in config.items("componentServers")]  # resolved by `linked`
        server = {"runtime": runtime, "compositeConfig": {"componentServers": parts}, **more}
        return Entry(node, names.key, server, State.ELSEWHERE, ids=ids)
    if runtime == "remote":
        server = {"runtime": runtime, "remoteConfig": _remote(config, context), **more}
        return Entry(node, names.key, server, State.ELSEWHERE, ids=ids)
    return _hosted(
        node, config, Entry(node, names.key, {"runtime": runtime, **more}, State.UNDECLARED, ids=ids), deny, context
    )


def _hosted(node: Node, config: Node, entry: Entry, deny: bool, context: ImportContext) -> Entry:
    key = CONFIGS[entry.server["runtime"]]
    settings = _container(config, context) if key == "containerizedConfig" else _package(config, context)
    state, keys, told = egress_of(config, key, deny=deny, context=context)
    server = merged({"runtime": entry.server["runtime"], key: settings, **entry.server}, keys)
    link = node.get("repoURL")
    found = env_hint(item["key"] for item in entry.server.get("env", ()))
    hints = (*found, *link_hint(link.value if link and isinstance(link.value, str) else ""))
    return entry._replace(server=server, state=state, decided=told, hints=hints if state is State.UNDECLARED else ())


def _container(config: Node, context: ImportContext) -> dict[str, Any]:
    text = config.text("image").strip()
    where = config.get("image") or config
    if not text:
        raise BadEntry(where, "has no image", "add the image that the server runs")
    found: dict[str, Any] = {}
    if "${" in text:
        context.say("import-ignored", where, "has a variable that each user fills in", "the image was left out")
    else:
        found["image"] = image(text, "", where, context)
    if port := config.port("port"):
        found["port"] = port
    path = config.text("path")
    return found | ({"path": path} if _PATH.match(path) else {})


def _package(config: Node, context: ImportContext) -> dict[str, Any]:
    text = config.text("package").strip()
    where = config.get("package") or config
    if not text:
        raise BadEntry(where, "has no package", "add the package that the server runs")
    if not _PACKAGE.match(text):
        todo = "left out; the policies do not depend on it"
        context.say("import-ignored", where, f"{shown(text)} is no plain name of a package", todo)
        return {}
    if not re.search(r"[^@](@|==)[0-9]", text):
        context.say("import-unpinned", where, f"{shown(text)} has no version, so what runs may change", "pin a version")
    return {"package": text}


def egress_of(
    config: Node, key: str, *, deny: bool, context: ImportContext
) -> tuple[State, dict[str, Any], tuple[str, ...]]:
    """What the settings of a runtime say of egress, the catalog's keys for it, and words for the comment."""
    listed, flag = config.get("egressDomains"), config.flag("denyAllEgress")
    items = [item for item in config.items("egressDomains") if item.as_text().strip()]
    if flag:
        if items and listed:
            sentence = "stands beside denyAllEgress: true, which Obot refuses"
            context.say("import-narrowed", listed, sentence, "imported as denyAllEgress: true")
        return State.NOTHING, {key: {"denyAllEgress": True}}, ("denyAllEgress: true, so it reaches nothing at all",)
    if items:
        found = [one for item in items if (one := _domain(item, context))]
        lost = len(items) - len(found)
        told = f"egressDomains: {len(items)} listed" + (f", {lost} of them not imported" if lost else "")
        return State.LISTED, egress_keys(found, key), (told,)
    if flag is False:
        context.say_open(
            config.get("denyAllEgress") or config, "is false and nothing is listed: Obot allows every host"
        )
        return State.OPEN, {}, ()
    if deny:
        told = "lists nothing, and the installation denies that (OBOT_SERVER_MCPDEFAULT_DENY_ALL_EGRESS)"
        return State.NOTHING, {key: {"denyAllEgress": True}}, (told,)
    if listed is not None:
        sentence = "is an empty list, which Obot reads as every host"
        context.say("import-narrowed", listed, sentence, "imported as no host at all; list what it needs")
        return State.LISTED, egress_keys((), key), ("egressDomains is empty: imported as no host",)
    return State.UNDECLARED, {}, ("lists nothing: Obot itself lets it reach every host",)


def _domain(item: Node, context: ImportContext) -> Destination | None:
    text = item.as_text().strip()
    with contextlib.suppress(ValueError):
        refuse_destination(item, f"{ipaddress.ip_address(text)} is an address, which Obot refuses", context)
        return None
    return read_destination(text, HTTPS, item, context)


def _remote(config: Node, context: ImportContext) -> dict[str, Any]:
    given = [key for key in ("fixedURL", "url", "urlTemplate", "hostname") if config.text(key).strip()]
    if not given:
        raise BadEntry(config, "has no fixedURL, urlTemplate or hostname", "add where the server runs")
    for key in given[1:]:
        context.say("import-ignored", config.get(key) or config, f"stands beside {given[0]}", f"imported {given[0]}")
    where = config.get(given[0]) or config
    if (tunnel := config.get("tunnelName")) is not None and tunnel.value:
        sentence = f"is reached through the tunnel {shown(tunnel.as_text())}, from where that ends"
        context.say("import-ignored", tunnel, sentence, "imported the URL; what calls it here goes to Obot's tunnel")
    found = _hostname(where) if given[0] == "hostname" else remote_config(where, context)
    named = headers(((item, item.text("key")) for item in config.items("headers")), context)
    return found | ({"headers": named} if named else {})


def _hostname(node: Node) -> dict[str, Any]:
    try:
        return {"hostname": parse_host(node.as_text().strip())}
    except BadHost as bad:
        raise BadEntry(node, f"{shown(node.as_text())} {bad.sentence}", "mend the source") from None


def _component(item: Node) -> tuple[str, ...]:
    """The names by which a composite may call a component: without the catalog in front of it."""
    inner = item.mapping("manifest")
    texts = [item.text("catalogEntryID").rpartition("::")[2], item.text("mcpServerID")]
    texts += [inner.text("entryKey"), inner.text("name")] if inner else []
    found = tuple(text.strip() for text in texts if text.strip())
    if not found:
        raise BadEntry(item, "names no server", "give it a catalogEntryID")
    return found


def linked(entries: Sequence[Entry], known: frozenset[str]) -> list[Entry]:
    """Composites with one name for each component: the first that an entry of the input has, else its own."""
    result = []
    for entry in entries:
        config = entry.server.get("compositeConfig")
        if config:
            parts = [next((name for name in names if name in known), names[0]) for names in config["componentServers"]]
            result.append(entry._replace(server={**entry.server, "compositeConfig": {"componentServers": parts}}))
        else:
            result.append(entry)
    return result


def _variables(node: Node) -> Iterator[Variable]:
    for item in (*node.items("env"), *node.items("config")):
        yield Variable(item, item.text("key"), item.flag("required"), item.flag("sensitive") is True)


def read_policy(node: Node, context: ImportContext) -> Entry:
    """The server of an MCPNetworkPolicy: which pods, and what they may reach.  Raises BadEntry."""
    spec = node.mapping("spec")
    if spec is None or not spec.text("mcpServerName"):
        raise BadEntry(node, "has no spec.mcpServerName", "mend the source")
    selector = spec.mapping("podSelector")
    labels = {key: selector.text(key) for key in selector.keys()} if selector else {}  # noqa: SIM118
    if not labels:
        raise BadEntry(spec, "selects no pods (an empty podSelector)", "mend the source")
    state, keys, told = _policy_egress(spec, context)
    base: Mapping[str, Any] = {"runtime": "containerized", "containerizedConfig": {}, "podSelector": labels}
    metadata = node.mapping("metadata")
    namespace = metadata.text("namespace") if metadata else ""
    said = ("what it runs is not in the policy; containerized stands for any pod", *told)
    return Entry(node, spec.text("mcpServerName"), merged(base, keys), state, said, namespace=namespace)


def _policy_egress(spec: Node, context: ImportContext) -> tuple[State, dict[str, Any], tuple[str, ...]]:
    """A policy is complete: without domains it allows every host, unless it denies."""
    if not spec.items("egressDomains") and not spec.flag("denyAllEgress"):
        context.say_open(spec, "lists no domains and does not deny: Obot allows every host")
        return State.OPEN, {}, ()
    return egress_of(spec, "containerizedConfig", deny=False, context=context)
