"""Hints: where the destinations of a server that declares none might be found.  Nothing of them is ever applied."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mcpfence.findings.finding import quote
from mcpfence.imports.shared.dns_labels import label
from mcpfence.imports.shared.format import Entry, ImportContext, Sighting, State

_URL_LIKE = re.compile(
    r"(?:^|_)(?:URL|URI|HOST|HOSTNAME|ENDPOINT|DOMAIN|REGION|INSTANCE|SITE|ADDRESS|ADDR|DSN|BASEURL|SERVER|BROKERS?)"
    r"(?:S|_|$)",
)
_LINK = re.compile(
    r"(?P<scheme>https?://)(?:[^/?#\s]*@)?"  # a user may be a token
    r"(?P<rest>[A-Za-z0-9.-]+(?::[0-9]+)?(?=[/?#]|\Z)(?:/[A-Za-z0-9._~%/@+-]*)?)"
)
_MOST = 6
_MOST_SEEN = 20


def env_hint(names: Iterable[str]) -> tuple[str, ...]:
    """The variables that sound like a place: what they are set to is where the server goes."""
    found = [name for name in names if _URL_LIKE.search(re.sub(r"[^A-Z0-9]", "_", name.upper()))]
    if not found:
        return ()
    return (f"set by {', '.join(found[:_MOST])}{' ...' if len(found) > _MOST else ''}",)


def link_hint(text: str) -> tuple[str, ...]:
    """A documentation or source link, without user and query; nothing where the text is no plain link."""
    match = _LINK.match(text[:2000])
    return (f"see {match['scheme']}{match['rest'].rstrip('.')}",) if match else ()


def same_image_hints(entries: Sequence[Entry]) -> dict[int, tuple[str, ...]]:
    """By index of an undeclared entry: what another entry of the same image lists."""
    listed: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.state is State.LISTED and any(hosts_of(entry.server)):
            listed.setdefault(_image(entry.server), []).append(entry)
    listed.pop("", None)
    return {
        i: tuple(_listing(other) for other in listed[_image(entry.server)][:_MOST])
        for i, entry in enumerate(entries)
        if entry.state is State.UNDECLARED and _image(entry.server) in listed
    }


def seen_hints(entries: Sequence[Entry], context: ImportContext) -> dict[int, tuple[str, ...]]:
    """By index of an undeclared entry: what its pods were seen to reach; what is nobody's is said."""
    found: dict[int, list[str]] = {}
    for one in context.sightings:
        whose = [i for i, entry in enumerate(entries) if _is_about(one, entry)]
        if not whose:
            sentence = f"is about {quote(one.name)}, which is no server of this import"
            context.say("import-skipped", one.node, sentence, "give what declares the server beside it")
        how = "" if one.whole else ", though not from the start,"
        for i in whose:
            said = "; ".join(one.seen[:_MOST_SEEN]) or "nothing"
            more = f"; and {len(one.seen) - _MOST_SEEN} more" if len(one.seen) > _MOST_SEEN else ""
            found.setdefault(i, []).append(f"observed{how} ({one.node.place}): {said}{more}")
    return {i: tuple(hints) for i, hints in found.items() if entries[i].state is State.UNDECLARED}


def _is_about(one: Sighting, entry: Entry) -> bool:
    if entry.state is State.ELSEWHERE or (one.namespace and entry.namespace and one.namespace != entry.namespace):
        return False
    selector = entry.server.get("podSelector")
    if isinstance(selector, Mapping) and selector and not {"matchLabels", "matchExpressions"} & set(selector):
        return all(one.labels.get(str(key)) == value for key, value in selector.items())
    return one.name in (entry.name, label(entry.name))


def _image(server: Mapping[str, object]) -> str:
    """The image or package without tag and digest; empty where there is none."""
    for key, name in (("containerizedConfig", "image"), ("npxConfig", "package"), ("uvxConfig", "package")):
        config = server.get(key)
        text = config.get(name) if isinstance(config, Mapping) else None
        if isinstance(text, str) and text:
            base = text.split("@")[0] if not text.startswith("@") else "@" + text[1:].split("@")[0]
            return re.sub(r":[^/:]*\Z", "", base).removeprefix("docker.io/")
    return ""


def _listing(entry: Entry) -> str:
    names = list(hosts_of(entry.server))
    more = " ..." if len(names) > _MOST else ""
    return f"the same image at {entry.node.place} lists {', '.join(names[:_MOST])}{more}"


def hosts_of(server: Mapping[str, object]) -> Iterator[str]:
    """Every host or block that a server lists, with its ports where they are not 443."""
    for key in ("npxConfig", "uvxConfig", "containerizedConfig"):
        config = server.get(key)
        if isinstance(config, Mapping):
            yield from config.get("egressDomains") or ()
    egress = server.get("egress")
    for kind, name in (("domains", "name"), ("cidrs", "cidr")):
        for item in (egress.get(kind) or ()) if isinstance(egress, Mapping) else ():
            yield f"{item[name]} ({', '.join(map(str, item['ports']))})" if isinstance(item, Mapping) else str(item)
