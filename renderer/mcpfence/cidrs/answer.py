"""What to write into the catalog: found ranges merged with the user's own, each with a comment on its source."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from mcpfence.cidrs.facts import KEYS, LEAKS, FactSource, FoundRange, Gathered, Key
from mcpfence.cidrs.kinds import CloudProvider, line_of
from mcpfence.findings.finding import Path, path_text, plural
from mcpfence.kube.cluster_profiles import PROFILES
from mcpfence.net.addresses import cidrs, family, format_address, parse_cidr
from mcpfence.net.intervals import Interval, Intervals, canonical, is_subset, size, subtract
from mcpfence.net.special_ranges import special
from mcpfence.structs import Struct
from mcpfence.text.printable import printable

PATHS: dict[Key, Path] = {
    **{key: ("cluster", "cidrs", key) for key in KEYS},
    "dns": ("dns", "clusterIP"),
    "routed": ("egress", "except"),
}
"""Where each kind of range belongs.  Networks around the cluster are none of its own, and blocked all the same."""

_WORDS = {"nodes": "node range", "pods": "pod range", "services": "Service range", "controlPlane": "API server address"}
_SHOWN = 2
"""Sources that a comment names."""


class CommentedValue(Struct):
    """A value, and where it comes from as a comment."""

    text: str
    comment: str


class Answer(Struct):
    """What is new, by the path of the list; `profile`, `families` and `cni` only where the user has none."""

    lists: Mapping[Path, tuple[CommentedValue, ...]]
    profile: CommentedValue | None
    families: tuple[tuple[str, ...], str] | None
    cni: CommentedValue | None = None

    @property
    def empty(self) -> bool:
        """Whether the user has everything already."""
        return not (any(self.lists.values()) or self.profile or self.families or self.cni)


def answer(gathered: Gathered, mine: Mapping[str, Any], provider: CloudProvider, known: Mapping[str, str]) -> Answer:
    """Merge what was gathered with the user's values; findings go to the collector of `gathered`."""
    profile = _profile(gathered, mine)
    families, cni = _families(gathered, mine), _cni(gathered, mine)
    written = value_at(mine, ("cluster", "ipFamilies"))
    used = written or (families[0] if families else ("IPv4", "IPv6"))
    versions = frozenset(int(name[-1]) for name in used)
    found = _of_families(gathered, versions)
    lists: dict[Path, tuple[CommentedValue, ...]] = {}
    for key in (*KEYS, "dns"):
        lists[PATHS[key]] = _new([item for item in found if item.key == key], _own(mine, PATHS[key]), key)
    routed = _public(found, mine, profile, gathered)
    lists[PATHS["routed"]] = _new(routed, _own(mine, PATHS["routed"]), "routed")
    _missing(gathered, lists, mine, provider, known)
    if not any(lists.values()) and not gathered.found and not gathered.out.failed:
        sentence = "no range was found in the input"
        todo = f"run: {line_of(provider.commands, provider.commands[0].file, known)}"
        gathered.out.add("cidrs-none", (), sentence, todo)
    return Answer(lists, profile, families, cni)


def value_at(data: Any, path: Path) -> Any:
    """The value at a path of mappings; None where there is none."""
    for step in path:
        data = data.get(step) if isinstance(data, Mapping) else None
    return data


def _own(mine: Mapping[str, Any], path: Path) -> Intervals:
    """The user's own entries of a list."""
    blocks: list[Interval] = []
    for text in value_at(mine, path) or ():
        try:
            bare = isinstance(text, str) and "/" not in text
            blocks.append(parse_cidr(f"{text}/{128 if ':' in text else 32}" if bare else text))
        except (ValueError, TypeError):
            continue  # `check` words the fault
    return canonical(blocks)


# --- profile and families ---


def _profile(gathered: Gathered, mine: Mapping[str, Any]) -> CommentedValue | None:
    if len(gathered.profiles) > 1:
        told = ", ".join(f"{name} ({source.file})" for name, source in sorted(gathered.profiles.items()))
        sentence = f"the files are of clusters of different kinds: {told}"
        gathered.out.add("cidrs-input", (), sentence, "give the files of one cluster")
    if len(gathered.profiles) != 1:
        return None
    ((name, source),) = gathered.profiles.items()
    own = value_at(mine, ("cluster", "profile"))
    if own is None:
        return CommentedValue(name, _said(source))
    if own != name:
        sentence = f"is {own}, and {source.file} describes {source.what}"
        gathered.out.add("cidrs-differs", (), sentence, f"write {name}", document="cluster.profile")
    return None


def _cni(gathered: Gathered, mine: Mapping[str, Any]) -> CommentedValue | None:
    if len(gathered.cnis) != 1:
        return None
    ((name, source),) = gathered.cnis.items()
    own = value_at(mine, ("cluster", "cni"))
    if own is None:
        return CommentedValue(name, _said(source))
    if own != name:
        sentence = f"is {own}, and {source.what} is {name} ({source.file})"
        gathered.out.add("cidrs-differs", (), sentence, f"write {name}", document="cluster.cni")
    return None


def _families(gathered: Gathered, mine: Mapping[str, Any]) -> tuple[tuple[str, ...], str] | None:
    if len(gathered.families) > 1:
        sentence = "the files differ on the IP families, which are left as they are"
        gathered.out.add("cidrs-differs", (), sentence, "write them by hand", document="cluster.ipFamilies")
    if len(gathered.families) != 1:
        return None
    ((names, source),) = gathered.families.items()
    own = value_at(mine, ("cluster", "ipFamilies"))
    if own is None:
        return names, _said(source)
    if set(own) != set(names):
        sentence = f"is {', '.join(own)}, and {source.what} are {', '.join(names)} ({source.file})"
        gathered.out.add(
            "cidrs-differs", (), sentence, "correct it if that is not meant", document="cluster.ipFamilies"
        )
    return None


def _of_families(gathered: Gathered, versions: frozenset[int]) -> list[FoundRange]:
    """What may be written: a range of a family that is not in use would be an error of the catalog."""
    kept = [item for item in gathered.found if item.key == "routed" or family(item.block[0]) in versions]
    if len(kept) < len(gathered.found):
        other = ", ".join(f"IPv{version}" for version in sorted({4, 6} - versions))
        sentence = f"{plural(len(gathered.found) - len(kept), 'range')} of {other} left out: nothing of it is opened"
        gathered.out.add("cidrs-left-out", (), sentence, document="cluster.ipFamilies")
    return kept


# --- ranges ---


def _new(found: Sequence[FoundRange], own: Intervals, key: Key) -> tuple[CommentedValue, ...]:
    """The fewest blocks that hold all that was found, without those that the user's entries hold already."""
    entries: list[CommentedValue] = []
    written = cidrs(canonical(item.block for item in found))
    blocks = [parse_cidr(text) for text in written]
    starts = [first for first, _ in blocks]
    pieces: dict[Interval, list[FoundRange]] = {}
    for item in found:  # a CIDR block lies in exactly one of the fewest blocks
        pieces.setdefault(blocks[bisect_right(starts, item.block[0]) - 1], []).append(item)
    for text, block in zip(written, blocks, strict=True):
        if is_subset((block,), own):
            continue
        shown = format_address(block[0]) if key == "dns" and block[0] == block[1] else text
        entries.append(CommentedValue(shown, _comment(pieces[block])))
    return tuple(entries)


def _comment(pieces: list[FoundRange]) -> str:
    """Where the pieces of a block come from, the largest first."""
    pieces.sort(key=lambda item: (-size((item.block,)), item.source))
    firsts: dict[tuple[str, str], FactSource] = {}
    for item in pieces:
        firsts.setdefault((item.source.file, item.source.what), item.source)
    said = [_said(source) for source in firsts.values()]
    more = f"; and {len(said) - _SHOWN:,} more" if len(said) > _SHOWN else ""
    return "; ".join(said[:_SHOWN]) + more


def _said(source: FactSource) -> str:
    text = f"{source.what} ({source.file}{': ' + source.path if source.path else ''})"
    return printable(text)


def _public(
    found: Sequence[FoundRange], mine: Mapping[str, Any], profile: CommentedValue | None, gathered: Gathered
) -> list[FoundRange]:
    """The ranges around the cluster that nothing blocks yet: public ones, routed or peered privately."""
    name = profile.text if profile else value_at(mine, ("cluster", "profile"))
    always = [parse_cidr(text) for text in PROFILES[name].blocked] if name in PROFILES else []
    cluster = [item.block for item in found if item.key in KEYS]
    own = [block for key in KEYS for block in _own(mine, PATHS[key])]
    blocked = canonical([*special(), *always, *cluster, *own])
    routed = [item for item in found if item.key == "routed"]
    public = [item for item in routed if subtract((item.block,), blocked)]
    if len(public) < len(routed):
        count = len({item.block for item in routed} - {item.block for item in public})
        sentence = f"{plural(count, 'range')} of peered, routed or neighbouring networks left out: blocked anyway"
        gathered.out.add("cidrs-left-out", (), sentence, document=path_text(PATHS["routed"]))
    return public


# --- what is missing ---


def _missing(
    gathered: Gathered,
    lists: Mapping[Path, tuple[CommentedValue, ...]],
    mine: Mapping[str, Any],
    provider: CloudProvider,
    known: Mapping[str, str],
) -> None:
    """Say of each list that stays empty what that leaves open, and which command tells it."""
    for key in KEYS:
        if lists[PATHS[key]] or _own(mine, PATHS[key]) or key in gathered.told:
            continue
        sentence = f"no {_WORDS[key]} is in the input: {LEAKS[key]}"
        todo = f"run: {line_of(provider.commands, provider.tells[key], known)}"
        gathered.out.add("cidrs-missing", (), sentence, todo, document=path_text(PATHS[key]))
