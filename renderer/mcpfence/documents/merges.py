"""Merges (`<<`) as Go's reader resolves them, which helm and kubectl use.

    <<: [{kind: A}, {kind: B}]           the first of a list wins
    <<: {kind: A, <<: {kind: B}}         what stands further behind wins, and a merge is no exception

PyYAML lets explicit keys win wherever they stand, and of a list the first until 6.0.3, mostly the last from 6.0.4 on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

MERGE = "tag:yaml.org,2002:merge"
_VALUE, _STRING = "tag:yaml.org,2002:value", "tag:yaml.org,2002:str"


class MergesAsGo:
    """For a loader class: mappings without merges are left alone, the others get the pairs that Go finds in them."""

    def flatten_mapping(self, node: Any) -> None:
        """Put what is merged in the place of the merges; of a key that stands twice then, the last one is left."""
        for key, _ in node.value:
            if key.tag == _VALUE:
                key.tag = _STRING
        if not any(key.tag == MERGE for key, _ in node.value):
            return
        pairs: list[tuple[Any, Any]] = []
        for key, value in node.value:
            if key.tag != MERGE:
                pairs.append((key, value))
                continue
            for mapping in reversed(_merged(node, value)):
                self.flatten_mapping(mapping)
                pairs += mapping.value
        node.value = _last_ones(pairs)


def merged_mappings(node: Any) -> Iterator[Any]:
    """The mappings that are merged into a mapping, and into those, each once, as long as nothing is flattened."""
    seen: set[int] = set()
    stack = [node]
    while stack:
        for key, value in stack.pop().value:
            found = _merged_of(value) if key.tag == MERGE else []
            for mapping in found:
                if isinstance(mapping, yaml.MappingNode) and id(mapping) not in seen:
                    seen.add(id(mapping))
                    stack.append(mapping)
                    yield mapping


def _merged_of(value: Any) -> list[Any]:
    return list(value.value) if isinstance(value, yaml.SequenceNode) else [value]


def _merged(node: Any, value: Any) -> list[Any]:
    found = _merged_of(value)
    for one in found:
        if not isinstance(one, yaml.MappingNode):
            sentence = f"expected a mapping or list of mappings for merging, but found {one.id}"
            raise yaml.constructor.ConstructorError(
                "while constructing a mapping", node.start_mark, sentence, one.start_mark
            )
    return found


def _last_ones(pairs: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    found: dict[object, tuple[Any, Any]] = {}
    for key, value in pairs:
        name = (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else id(key)
        found[name] = (key, value)
    return list(found.values())
