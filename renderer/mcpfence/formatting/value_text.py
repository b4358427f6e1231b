"""Values that are no blocks: scalars, texts behind `|` and `>`, and collections in brackets.

What stands in brackets on one line is written anew; over several lines the breaks stay, and only the entries of a
mapping change places.  Where comments stand between them, nothing moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from mcpfence.formatting.comment_lines import BlockScalar, SourceLines
from mcpfence.formatting.entry_lines import INDENT, Written
from mcpfence.formatting.key_order import KeyOrder
from mcpfence.formatting.quoting import canonical_scalar


def written_value(node: Any, source: SourceLines, order: KeyOrder, base: int) -> Written:
    """The lines of a value; `base` is the column of its entry."""
    block = source.blocks.get(id(node))
    if block:
        return _block_text(node, source, block)
    text = flow_text(node, source, order)
    lines = text.split("\n")
    if isinstance(node, yaml.ScalarNode):
        return lambda indent: [lines[0], *(_padded(line.strip(" \t"), indent + INDENT) for line in lines[1:])]
    return lambda indent: [lines[0].rstrip(), *(_shifted(line.rstrip(), indent - base, indent) for line in lines[1:])]


def _padded(line: str, indent: int) -> str:
    return " " * indent + line if line else ""


def _shifted(line: str, by: int, least: int) -> str:
    inner = line.lstrip(" ")
    return _padded(inner, max(len(line) - len(inner) + by, least))


def _block_text(node: Any, source: SourceLines, block: BlockScalar) -> Written:
    sign = source.lines[block.begin - 1][node.start_mark.column :].split("#", maxsplit=1)[0].strip()
    mended = "".join(str(INDENT) if one.isdigit() else one for one in sign)
    body = [line[block.indent :] for line in source.lines[block.begin : block.end]]
    return lambda indent: [mended, *(_padded(line, indent + INDENT) for line in body)]


def flow_text(node: Any, source: SourceLines, order: KeyOrder, *, in_flow: bool = False, key: bool = False) -> str:
    """The text of a scalar, or of a collection in brackets."""
    begin, end = node.start_mark.index, node.end_mark.index
    written = source.text[begin:end]
    if isinstance(node, yaml.ScalarNode):
        if "\n" in written or not written:
            return written
        return canonical_scalar(node, written, in_flow=in_flow, key=key)
    commented = source.has_comments(node.start_mark.line, node.end_mark.line)
    if isinstance(node, yaml.SequenceNode):
        items = [flow_text(item, source, order.item(), in_flow=True) for item in node.value]
        if "\n" not in written:
            return f"[{', '.join(items)}]"
        return _in_their_places(written, begin, list(zip(_spans(node.value), items, strict=True)))
    pairs = [_pair(pair, source, order) for pair in node.value]
    places = order.ordered([pair[0].value for pair in node.value])
    if written[:1] != "{" or any(
        not value.value and value.start_mark.index == value.end_mark.index for _, value in node.value
    ):
        return written  # a pair without braces, a key without a value
    if "\n" not in written:
        return "{" + ", ".join(pairs[number] for number in places) + "}"
    spans = [(key.start_mark.index, value.end_mark.index) for key, value in node.value]
    chosen = [pairs[number] for number in places] if not commented else pairs
    return _in_their_places(written, begin, list(zip(spans, chosen, strict=True)))


def _pair(pair: tuple[Any, Any], source: SourceLines, order: KeyOrder) -> str:
    key, value = pair
    name = flow_text(key, source, order, in_flow=True, key=True)
    text = flow_text(value, source, order.below(key.value), in_flow=True)
    between = source.text[key.end_mark.index : value.start_mark.index]
    return f"{name}{between if chr(10) in between else ': '}{text}"


def _spans(nodes: Sequence[Any]) -> list[tuple[int, int]]:
    return [(node.start_mark.index, node.end_mark.index) for node in nodes]


def _in_their_places(written: str, begin: int, parts: Sequence[tuple[tuple[int, int], str]]) -> str:
    """The text with other parts in the places of the old ones."""
    found, place = [], 0
    for (left, right), text in parts:
        found += [written[place : left - begin], text]
        place = right - begin
    return "".join(found) + written[place:]
