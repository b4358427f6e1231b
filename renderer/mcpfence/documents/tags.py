"""Explicit tags: which of them say no more than every reader of YAML sees without them.

Each tag of YAML was tried on some 4,000 values with Go's reader (sigs.k8s.io/yaml), which kubectl and helm use, and
with PyYAML (tests/engines/yaml).  On `!`, `!!float`, `!!bool`, `!!set`, `!!binary` and `!!timestamp` they differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from mcpfence.documents.trees import LOADER
from mcpfence.patterns import regex

Place = tuple[int, int]

_TOLD: Mapping[str, tuple[Any, re.Pattern[str]]] = {
    "tag:yaml.org,2002:str": (yaml.ScalarNode, regex(r"(?s).+")),
    "tag:yaml.org,2002:int": (yaml.ScalarNode, regex(r"0|-?[1-9][0-9]{0,9}")),
    "tag:yaml.org,2002:map": (yaml.MappingNode, regex("")),
    "tag:yaml.org,2002:seq": (yaml.SequenceNode, regex("")),
}
"""By tag: what it stands before, and the values of a scalar."""


def explicit_tags(text: str) -> dict[Place, str]:
    """The tags that are written in a text that is YAML, by their places: nodes do not keep them."""
    if "!" not in text:
        return {}
    events: Any = yaml.parse(text, Loader=LOADER)
    return {place_of(event): event.tag for event in events if getattr(event, "tag", None) is not None}


def changes_nothing(node: Any, tag: str) -> bool:
    """Whether the explicit tag of a value is one that every reader reads alike: `!!str x`, `!!int "80"`, `!!map`."""
    kind, form = _TOLD.get(tag, (None, None))
    if kind is None or form is None or not isinstance(node, kind):
        return False
    return not isinstance(node, yaml.ScalarNode) or form.fullmatch(node.value) is not None


def values_below(root: Any) -> Iterator[Any]:
    """A node and every value below it in the order of the text, each once; not the keys."""
    seen: set[int] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, yaml.MappingNode):
            stack += [value for _, value in reversed(node.value)]
        elif isinstance(node, yaml.SequenceNode):
            stack += reversed(node.value)


def doubtful_tags(root: Any, tags: Mapping[Place, str]) -> Iterator[Any]:
    """The nodes below a root whose tags may change something; those of keys always may."""
    for node in values_below(root) if tags else ():
        tag = tags.get(place_of(node))
        if tag is not None and not changes_nothing(node, tag) and not _begins_with_key(node):
            yield node
        if isinstance(node, yaml.MappingNode):
            yield from (key for key, _ in reversed(node.value) if place_of(key) in tags)


def _begins_with_key(node: Any) -> bool:
    """Whether the tag at a mapping's place is that of its first key, which stands there too."""
    return isinstance(node, yaml.MappingNode) and bool(node.value) and place_of(node.value[0][0]) == place_of(node)


def place_of(node: Any) -> Place:
    """Line and column of a node or event, from 0."""
    return node.start_mark.line, node.start_mark.column
