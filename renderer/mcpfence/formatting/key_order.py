"""The order of keys: that of the schema, from which the reference of keys is made; names of the user's own by name.

Keys that the schema does not know stay behind the others, in the order in which they are written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from mcpfence.catalog.schema import schema_text
from mcpfence.structs import Struct


class KeyOrder(Struct):
    """What the schema says of one place: the fragments that may hold there."""

    fragments: tuple[Mapping[str, Any], ...] = ()

    def below(self, key: str) -> KeyOrder:
        """The place of a key's value."""
        found = [
            fragment.get("properties", {}).get(key, fragment.get("additionalProperties")) for fragment in self._all
        ]
        return KeyOrder(tuple(one for one in found if isinstance(one, Mapping)))

    def item(self) -> KeyOrder:
        """The place of a list's entries."""
        return KeyOrder(
            tuple(fragment["items"] for fragment in self._all if isinstance(fragment.get("items"), Mapping))
        )

    def ordered(self, keys: Sequence[str]) -> list[int]:
        """The numbers of these keys in their order."""
        numbers = range(len(keys))
        if self._names:
            return sorted(numbers, key=lambda number: keys[number])
        known = [key for fragment in self._all for key in fragment.get("properties", {})]
        ranks = {key: rank for rank, key in reversed(list(enumerate(known)))}
        return sorted(numbers, key=lambda number: ranks.get(keys[number], len(known)))

    @property
    def _all(self) -> list[Mapping[str, Any]]:
        return [fragment for one in self.fragments for fragment in _resolved(one)]

    @property
    def _names(self) -> bool:
        """Whether the keys are names of the user's own, each of a mapping: servers, clients, workloads."""
        return any(
            "properties" in inner
            for fragment in self._all
            if "properties" not in fragment and isinstance(fragment.get("additionalProperties"), Mapping)
            for inner in _resolved(fragment["additionalProperties"])
        )


def catalog_order() -> KeyOrder:
    """The order of a whole values file."""
    return KeyOrder((_schema(),))


@lru_cache(maxsize=1)
def _schema() -> Mapping[str, Any]:
    schema: Mapping[str, Any] = json.loads(schema_text())
    return schema


def _resolved(fragment: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A fragment with what it refers to, and its alternatives."""
    yield fragment
    reference = fragment.get("$ref")
    if reference:
        yield from _resolved(_schema()["$defs"][reference.rsplit("/", 1)[1]])
    for one in fragment.get("anyOf", ()):
        yield from _resolved(one)
