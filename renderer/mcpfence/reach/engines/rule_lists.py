"""Lists of rules by what they say: equal lists, of whichever policies, are read once and give one object."""

from __future__ import annotations

import marshal
from collections.abc import Callable

from mcpfence.reach.engines.contract import Rules


class RuleLists:
    """Reads lists of rules with `read`, which is given the list and where it stands; it lives as long as one reader."""

    def __init__(self, read: Callable[..., Rules]) -> None:
        self._read = read
        self._contents: dict[tuple[bytes, tuple[str, ...]], Rules] = {}
        self._same: dict[Rules, Rules] = {}

    def of(self, value: object, *where: str) -> Rules:
        """The rules of a list; most servers differ in their names alone, so its content may have been read before.

        What `read` raises is raised.
        """
        try:
            # Version 2 writes plain values alone, without back references, so equal content gives equal bytes. It tells
            # 1, true and "1" apart, and refuses what is no plain value or contains itself.
            content = (marshal.dumps(value, 2), where)  # type: ignore[arg-type]
        except ValueError:
            return self._read(value, *where)
        known = self._contents.get(content)
        if known is None:
            found = self._read(value, *where)
            known = self._contents[content] = self._same.setdefault(found, found)
        return known
