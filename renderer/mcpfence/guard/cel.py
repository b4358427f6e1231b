"""Pieces of CEL, in the part of it that every API server since 1.30 and every implementation reads alike.

Lines of an expression have no indentation: the writer prints them as a literal block, one line each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcpfence.kube.selectors import Expression, Selector

_LIST_SIZE = 40_000
"""Characters in one list; an API server reads expressions of at most 100,000."""


def literal(text: str) -> str:
    """A text as CEL writes it; whatever stands in it, it ends where this ends."""
    return "'" + "".join(map(_escaped, text)) + "'"


def _escaped(character: str) -> str:
    if character in "'\\":
        return f"\\{character}"
    if " " <= character <= "~":
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def listed(texts: Iterable[str]) -> str:
    """A list of texts."""
    return f"[{', '.join(map(literal, texts))}]"


def pieces_of(texts: Sequence[str]) -> list[list[str]]:
    """The texts in lists that are short enough to be expressions of their own."""
    found: list[list[str]] = []
    size = _LIST_SIZE
    for text in texts:
        size += len(text) + 4
        if size > _LIST_SIZE:
            found.append([])
            size = len(text) + 4
        found[-1].append(text)
    return found


def either(parts: Iterable[str]) -> str:
    """Whether any part holds; nothing does where there are none."""
    return _joined(parts, "||", "false")


def both(parts: Iterable[str]) -> str:
    """Whether all parts hold; that is so where there are none."""
    return _joined(parts, "&&", "true")


def _joined(parts: Iterable[str], operator: str, nothing: str) -> str:
    found = list(parts)
    if len(found) < 2:
        return found[0] if found else nothing
    return f" {operator}\n".join(part if _is_whole(part) else f"({part})" for part in found)


def _is_whole(part: str) -> bool:
    """Whether a part needs no brackets beside others."""
    return not any(operator in part for operator in ("&&", "||", " ? "))


def labels_of(name: str) -> str:
    """The labels of `object` or `oldObject`, none where it has none."""
    return f"has({name}.metadata.labels) ? {name}.metadata.labels : {{}}"


def satisfies(labels: str, selector: Selector) -> str:
    """Whether labels, an expression, satisfy a selector."""
    parts = [f"{literal(key)} in {labels} && {labels}[{literal(key)}] == {literal(v)}" for key, v in selector.labels]
    parts += [_requirement(labels, item) for item in selector.expressions]
    return " && ".join(parts)


def _requirement(labels: str, item: Expression) -> str:
    key = literal(item.key)
    among = f"{key} in {labels} && {labels}[{key}] in {listed(item.values)}"
    return {
        "In": among,
        "NotIn": f"!({among})",
        "Exists": f"{key} in {labels}",
        "DoesNotExist": f"!({key} in {labels})",
    }[item.operator]


def excludes(selector: str, key: str, values: Sequence[str]) -> str:
    """Whether a label selector, a path, is met by no object whose label `key` has one of these values.

    It says yes only where the selector speaks of the key.
    """
    name, ours = literal(key), listed(values)
    demands = f"has(l.matchLabels) && {name} in l.matchLabels && !(l.matchLabels[{name}] in {ours})"
    among = f"e.operator == 'In' && has(e.values) && !e.values.exists(v, v in {ours})"
    apart = f"e.operator == 'NotIn' && has(e.values) && {ours}.all(v, v in e.values)"
    expressed = f"has(l.matchExpressions) && l.matchExpressions.exists(e, e.key == {name} && ({among} || {apart}))"
    return f"[{selector}].exists(l, {demands} || {expressed})"
