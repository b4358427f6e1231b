"""Entries and settings become one catalog and its text, alone or inside the user's file, checked before it leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mcpfence.documents.reader import BadDocument, load_values
from mcpfence.documents.values import ValuesFile, merge
from mcpfence.findings.finding import Finding, McpfenceError, fail, quote
from mcpfence.findings.table import Severity
from mcpfence.findings.wording import type_name
from mcpfence.imports.merge import CannotInsert, insert, lookup
from mcpfence.imports.parts import (
    CatalogPart,
    faults_of,
    is_workload,
    leave_out,
    plain,
    with_known_servers,
    without_gateway_faults,
)
from mcpfence.imports.shared.format import ImportContext, Named, Setting, State
from mcpfence.imports.shared.hints import hosts_of
from mcpfence.imports.to_do_list import earlier, left_to_do, without
from mcpfence.imports.writer import Comments, block, comment, ordered
from mcpfence.kube.services import index
from mcpfence.providers import TABLE as PROVIDERS
from mcpfence.render.pipeline import check
from mcpfence.structs import Struct


class Draft(Struct):
    """What is to become a catalog; see run.Request."""

    servers: tuple[Named, ...]
    settings: tuple[Setting, ...]
    provider: str
    base: ValuesFile | None
    defaults: Mapping[str, Any]


def assemble(draft: Draft, context: ImportContext) -> tuple[str, tuple[Named, ...]]:
    """The catalog's text and the servers that are in it; raises McpfenceError where no catalog comes of it."""
    base = draft.base.data if draft.base else {}
    settings = _settings(draft.settings, base, context)
    if draft.provider:
        settings = [part for part in settings if part.path != ("egress", "provider")]
    servers, same = _new(draft.servers, base, draft.base.name if draft.base else "", context)
    while True:
        calling = with_known_servers(settings, {item.label for item in servers}, base)
        parts = [*calling, *_provider(servers, calling, base, draft.provider)]
        parts += [CatalogPart(("servers", item.label), item.entry.server, ()) for item in servers]
        whole = _whole(base, parts, draft.base.name if draft.base else "")
        errors = _errors(whole, {item.label for item in servers}, draft.defaults)
        bad = {str(error.path[1]) for error in errors if error.path[:1] == ("servers",) and len(error.path) > 1}
        gone = [item for item in servers if item.label in bad]
        unfit = [] if gone else [part for part in settings if is_workload(part) and faults_of(part, errors)]
        sound = settings if gone else without_gateway_faults(settings, errors, context)
        if not gone and not unfit and len(sound) == len(settings):
            break
        servers = [item for item in servers if item.label not in bad]
        settings = [part for part in sound if part not in unfit]
        _refuse(gone, errors, context)
        for part in unfit:
            leave_out(part, faults_of(part, errors)[0], context)
    if errors:
        raise _unfit(errors, context, theirs=draft.base is not None or bool(draft.provider))
    if not parts and draft.base is None:
        return "", ()
    stance = str(lookup(whole, ("egress", "default")) or "deny")
    left = [item for item in (*servers, *same) if item.entry.state is State.UNDECLARED]
    for item in left:
        todo = f"left to egress.default of the catalog ({stance}); list what it needs"
        context.say("import-undeclared", item.entry.node, f"{quote(item.entry.name)} declares no egress", todo)
    comments = {part.path: part.decided for part in parts if part.decided}
    comments |= {("servers", item.label): _sentences(item) for item in servers}
    before = earlier(draft.base.text, base) if draft.base else {}
    text = _text(draft.base, parts, comments, left_to_do(left, stance, before))
    _compare(text, whole)
    return text, tuple(servers)


# --- what goes into it ---


def _settings(settings: Sequence[Setting], base: Mapping[str, Any], context: ImportContext) -> list[CatalogPart]:
    """Settings that the user's file does not have; the first of several for one key wins, the others are errors."""
    found: dict[tuple[str, ...], Setting] = {}
    for written in settings:
        item = written._replace(value=plain(written.value))
        words = ".".join(item.path)
        other = found.get(item.path)
        theirs = lookup(base, item.path)
        if theirs is not None:
            if theirs != item.value:
                context.say(
                    "import-kept", item.node, f"says something else than {words} of the merged file", "kept yours"
                )
        elif other is None:
            found[item.path] = item
        elif other.value != item.value:
            sentence = f"sets {words}, which {other.node.place} sets too, to something else"
            context.say("import-setting-twice", item.node, sentence, "import them one by one")
    return [
        CatalogPart(path, item.value, (f"from {item.node.place}", *item.decided), item.node)
        for path, item in sorted(found.items(), key=lambda pair: pair[0])
    ]


def _new(
    servers: Sequence[Named], base: Mapping[str, Any], name: str, context: ImportContext
) -> tuple[list[Named], list[Named]]:
    """Servers that the user's file does not have, and those that it has as they are; where it differs, it wins."""
    theirs = base.get("servers")
    theirs = theirs if isinstance(theirs, Mapping) else {}
    found, same = [], []
    for item in servers:
        if item.label not in theirs:
            found.append(item)
        elif theirs[item.label] == item.entry.server:
            same.append(item)
        else:
            keys = sorted(_differing(theirs[item.label], item.entry.server))
            sentence = f"servers.{item.label} is in {name} already and differs in {', '.join(keys)}"
            context.say("import-kept", item.entry.node, sentence, "kept yours; compare them")
    return found, same


def _differing(mine: Any, other: Mapping[str, Any]) -> set[str]:
    if not isinstance(mine, Mapping):
        return {"everything"}
    return {str(key) for key in {*mine, *other} if mine.get(key) != other.get(key)}


_ENGINE = (
    "Host names need an engine that knows them, and the source does not say which one the cluster has.",
    "Write yours, or none with unenforcedDomains: internet to open every public address on their ports.",
)


def _provider(
    servers: Sequence[Named], settings: Sequence[CatalogPart], base: Mapping[str, Any], wanted: str
) -> list[CatalogPart]:
    """egress.provider, where names are listed (or one is asked for) and neither the user's file nor a source says."""
    egress = base.get("egress")
    if isinstance(egress, Mapping) and ("provider" in egress or egress.get("unenforcedDomains") == "internet"):
        return []
    if any(part.path == ("egress", "provider") for part in settings):
        return []
    fences = [item.entry.server for item in servers] + [part.value for part in settings if part.path[0] == "workloads"]
    listed = any("/" not in host for fence in fences for host in hosts_of(fence))
    if wanted:
        return [CatalogPart(("egress", "provider"), wanted, ())]
    engine = next(name for name in PROVIDERS if name != "none")
    return [CatalogPart(("egress", "provider"), engine, _ENGINE)] if listed else []


def _whole(base: Mapping[str, Any], parts: Sequence[CatalogPart], name: str = "") -> dict[str, Any]:
    """The user's values with the parts in their places; raises McpfenceError where something else is there."""
    whole: dict[str, Any] = dict(base)
    ours = {id(whole): whole}  # made here; mappings of the user's file and of parts are copied before anything is added
    for part in parts:
        holder = whole
        for step in part.path[:-1]:
            inner = holder.get(step)
            if inner is not None and not isinstance(inner, Mapping):
                sentence = f"{step} is {type_name(inner)}, not a mapping"
                raise fail("import-output", sentence, "mend the file, or import without --merge", document=name)
            if id(inner) not in ours:
                inner = holder[step] = dict(inner or {})
                ours[id(inner)] = inner
            holder = ours[id(inner)]
        holder[part.path[-1]] = part.value
    return whole


# --- the check ---


def _errors(whole: Mapping[str, Any], ours: set[str], defaults: Mapping[str, Any]) -> list[Finding]:
    """The errors that `mcpfence check` would have on this catalog; `ours` are the names of the imported servers.

    Services that the user's own servers name may be in files that are not given here: that is not ours to judge.
    """
    values = merge([whole], defaults)
    values.pop("global", None)
    findings = check(values, release="mcpfence", namespace="default", services=index((), "default"), allow_empty=True)
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    return [
        error
        for error in errors
        if error.id != "service-unresolved" or (error.path[:1] == ("servers",) and error.path[1] in ours)
    ]


def _refuse(gone: Sequence[Named], errors: Sequence[Finding], context: ImportContext) -> None:
    for item in gone:
        for error in errors:
            if error.path[:2] == ("servers", item.label):
                rest = error.message.removeprefix(f"servers.{item.label}").removeprefix(".").removeprefix(": ")
                context.refuse(
                    item.entry.node, f"{quote(item.entry.name)} is no server that a catalog can have: {rest}"
                )
                break


def _unfit(errors: Sequence[Finding], context: ImportContext, *, theirs: bool) -> McpfenceError:
    """The merged file or the chosen provider is wrong, or it is a fault of ours."""
    if theirs:
        return McpfenceError([*errors, *context.ordered()])
    said = "; ".join(error.message for error in errors[:3])
    sentence = f"what was imported does not pass mcpfence check, and nothing was printed: {said}"
    return McpfenceError(
        [*fail("internal", sentence, "please report it with the entry that it names").findings, *context.ordered()]
    )


def _compare(text: str, whole: Mapping[str, Any]) -> None:
    """Read the text back; raises McpfenceError where it does not say exactly what was meant."""
    try:
        same = load_values(text) == whole
    except BadDocument:
        same = False
    if not same:
        sentence = "what was written does not read back as what was imported, and nothing was printed"
        raise fail("internal", sentence, "please report it; with --merge, try without it")


# --- the text ---


def _sentences(item: Named) -> tuple[str, ...]:
    """The comment above a server: where it comes from, and what was decided."""
    entry = item.entry
    called = f", called {quote(entry.name)} there" if entry.name != item.label else ""
    said = [f"from {entry.node.place}{called}", *entry.decided]
    if entry.state is State.UNDECLARED:
        said.append("declares no egress: left to egress.default of the catalog (see the end)")
    if entry.state is State.OPEN:
        said.append(
            "allows every host there; left to egress.default of the catalog. egress: {default: internet} keeps it"
        )
    return tuple(said)


def _text(base: ValuesFile | None, parts: Sequence[CatalogPart], comments: Comments, left: str) -> str:
    if base is None:
        return _head() + block(ordered(_whole({}, parts)), comments) + left
    text = without(base.text)
    try:
        for path, values in _by_holder(parts).items():
            text = insert(text, path, values, comments)
    except CannotInsert as bad:
        sentence, todo = f"has {bad} in a form that nothing can be added to", "write it as a mapping"
        raise fail("import-output", sentence, todo, document=base.name) from None
    end = "\r\n" if "\r\n" in text else "\n"
    if left and text and not text.endswith("\n"):
        text += end
    return text + left.replace("\n", end)


def _by_holder(parts: Sequence[CatalogPart]) -> dict[tuple[str, ...], dict[str, Any]]:
    """The parts by the mapping that they go into."""
    holders: dict[tuple[str, ...], dict[str, Any]] = {}
    for part in parts:
        holders.setdefault(part.path[:-1], {})[part.path[-1]] = part.value
    return holders


def _head() -> str:
    lines = (
        "A catalog for mcpfence, made by mcpfence import.",
        "Above each server stands where it comes from and what was decided. mcpfence check -f FILE says what is left.",
        "Nobody may call the servers until clients says who.",
    )
    return comment(lines) + "\n"
