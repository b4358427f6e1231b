"""Readers for single fields: text and numbers of a catalog into canonical values, each error with its path.

The structure has been judged by the JSON Schema before; here only meaning is read.  Every reader takes the value,
its path and the collector, and returns what can be used even after an error, so that all errors are found at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mcpfence.findings.finding import Collector, Path, quote
from mcpfence.kube.selectors import Expression, Selector, satisfiable
from mcpfence.net.addresses import family, parse_cidr
from mcpfence.net.hosts import BadHost, parse_host
from mcpfence.net.intervals import Interval, Intervals, canonical, is_subset, subtract
from mcpfence.net.ports import ALL_PORTS, PortRange, Ports, canonical_ports, parse_entry
from mcpfence.patterns import regex

_LABEL = regex(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
_VALUE = regex(r"(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?\Z")
_PREFIX = regex(r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*\Z")
_KEY_NAME = regex(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?\Z")


NO_ADDRESSES: Interval = (1, 0)
"""Stands for a CIDR that could not be read; the collector holds the error."""


def read_name(name: str, path: Path, what: str, out: Collector) -> None:
    """Check a DNS-1123 label, the form that object and namespace names are made of."""
    if _LABEL.match(name):
        return
    if has_template(name, path, out):
        return
    if len(name) > 63:
        sentence = f"{what} {quote(name)} is {len(name):,} characters long"
        out.add("name-too-long", path, sentence, "write at most 63")
        return
    todo = "write lower-case letters, digits and -, with a letter or digit at both ends"
    out.add("name-not-a-label", path, f"{what} {quote(name)} is no DNS label", todo)


def has_template(text: str, path: Path, out: Collector, *, secret: bool = False) -> bool:
    """Report a `{{ ... }}` or `${...}` that nothing has filled in; the value of a `secret` is not shown."""
    if "{{" not in text and "${" not in text:
        return False
    sentence = f"{'it' if secret else quote(text)} is a template expression that nothing has filled in"
    out.add("template-left", path, sentence, "write the value itself")
    return True


def read_host(text: str, path: Path, out: Collector) -> str | None:
    """The canonical host name or wildcard; None after an error."""
    try:
        return parse_host(text)
    except BadHost as bad:
        out.add(bad.id, path, f"{quote(text)} {bad.sentence}", bad.todo)
        return None


def read_cidr(text: str, path: Path, families: frozenset[int], out: Collector, *, shown: str = "") -> Interval:
    """The addresses of a CIDR block, `shown` as it was written; NO_ADDRESSES after an error."""
    shown = shown or text
    try:
        block = parse_cidr(text)
    except ValueError as bad:
        if not has_template(shown, path, out):
            fault = str(bad)
            if "; " not in fault:
                fault += "; write an address with its prefix length, such as 203.0.113.0/24 or 2001:db8::/32"
            sentence, _, todo = fault.partition("; ")
            out.add("cidr-bad", path, f"{quote(shown)} {sentence}", todo)
        return NO_ADDRESSES
    if family(block[0]) not in families:
        sentence = f"{quote(shown)} is IPv{family(block[0])}, which cluster.ipFamilies does not list"
        out.add("cidr-family", path, sentence, "add the family to cluster.ipFamilies or remove the cidr")
        return NO_ADDRESSES
    return block


def read_cidrs(texts: Sequence[str], path: Path, families: frozenset[int], out: Collector) -> tuple[Interval, ...]:
    """A list of CIDR blocks, in the order of their addresses, each once."""
    blocks = {read_cidr(text, (*path, i), families, out) for i, text in enumerate(texts)}
    return tuple(sorted(blocks - {NO_ADDRESSES}))


def read_excepts(texts: Sequence[str], block: Interval, path: Path, out: Collector) -> Intervals:
    """The excepts of one listed block: each inside it, of its family, and smaller than it."""
    found: list[Interval] = []
    for i, text in enumerate(texts):
        here = (*path, i)
        piece = read_cidr(text, here, frozenset({4, 6}), out)
        if piece == NO_ADDRESSES or block == NO_ADDRESSES:
            continue
        if family(piece[0]) != family(block[0]):
            sentence = f"{quote(text)} is IPv{family(piece[0])} inside an IPv{family(block[0])} cidr"
            out.add("except-family", here, sentence, "write it under a cidr of its own family")
        elif piece == block:
            out.add("except-is-cidr", here, f"{quote(text)} is the whole cidr", "remove the entry; it grants nothing")
        elif not is_subset((piece,), (block,)):
            out.add("except-outside", here, f"{quote(text)} lies outside its cidr", "write a block inside the cidr")
        else:
            found.append(piece)
    excepts = canonical(found)
    if excepts and block != NO_ADDRESSES and not subtract((block,), excepts):
        out.add("except-is-cidr", path, "the excepts add up to the whole cidr", "remove the entry; it grants nothing")
    return excepts


def read_ports(value: Any, path: Path, out: Collector, *, all_allowed: bool, tcp_only: bool = False) -> Ports | None:
    """The set of ports; None when the key is absent or nothing of it could be read."""
    if value is None:
        return None
    if value == "all":
        if all_allowed:
            return ALL_PORTS
        out.add("ports-all", path, "ports: all is for cidrs and services only", "list the ports")
        return None
    ranges: list[PortRange] = []
    for i, entry in enumerate(value):
        try:
            item = parse_entry(int(entry) if isinstance(entry, float) else entry)
        except ValueError as bad:
            sentence, _, todo = str(bad).partition("; ")
            if not (isinstance(entry, str) and has_template(entry, (*path, i), out)):
                out.add("port-bad", (*path, i), f"{quote(entry)} {sentence}", todo)
            continue
        if tcp_only and item.protocol != "TCP":
            sentence = f"{quote(entry)} is not TCP, and a name can only be told on TCP"
            out.add("port-not-tcp", (*path, i), sentence, "list the addresses under egress.cidrs with this port")
            continue
        ranges.append(item)
    return canonical_ports(ranges) or None


def read_selector(value: Mapping[str, Any], path: Path, out: Collector) -> Selector:
    """A label selector in short form (a map of labels) or full form; an empty one is an error."""
    full = "matchLabels" in value or "matchExpressions" in value
    if full:
        for key in value.keys() - {"matchLabels", "matchExpressions"}:
            sentence = f"the label {quote(key)} stands beside matchLabels or matchExpressions"
            out.add("selector-mixed", path, sentence, "write it under matchLabels")
    labels = (value.get("matchLabels") or {}) if full else value
    at = (*path, "matchLabels") if full else path
    for key, text in labels.items():
        _check_label(key, [text], (*at, key), out)
    expressions = []
    for i, item in enumerate(value.get("matchExpressions") or ()) if full else ():
        expressions.append(_read_expression(item, (*path, "matchExpressions", i), out))
    selector = Selector(tuple(sorted(labels.items())), tuple(sorted(set(expressions))))
    if selector.empty:
        out.add("selector-empty", path, "an empty selector selects every pod", "write the labels of the pods")
    elif not satisfiable(selector) and all(item.values or item.operator != "In" for item in expressions):
        out.add("selector-contradiction", path, "no pod can satisfy this selector", "remove what contradicts")
    return selector


def _read_expression(item: Mapping[str, Any], path: Path, out: Collector) -> Expression:
    operator, values = item["operator"], tuple(sorted(set(item.get("values") or ())))
    if operator in ("In", "NotIn") and not values:
        out.add("selector-values", path, f"{operator} needs values", "list at least one")
    if operator in ("Exists", "DoesNotExist") and values:
        out.add("selector-values", path, f"{operator} takes no values", "remove them")
    _check_label(item["key"], values, path, out)
    return Expression(item["key"], operator, values)


def _check_label(key: str, values: Sequence[str], path: Path, out: Collector) -> None:
    prefix, slash, name = key.rpartition("/")
    fits = (not slash or _PREFIX.match(prefix)) and _KEY_NAME.match(name)
    if not fits and not has_template(key, path, out):
        sentence = f"{quote(key)} is no label key"
        out.add("label-bad", path, sentence, "write NAME or PREFIX/NAME as Kubernetes has it")
    for value in values:
        if not _VALUE.match(value) and not has_template(value, path, out):
            sentence = f"{quote(value)} is no label value"
            out.add("label-bad", path, sentence, "write at most 63 letters, digits, -, _ and .")
