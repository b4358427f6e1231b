"""A place in a parsed document: the value, and where it stands, for comments and messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mcpfence.findings.finding import Path, path_text
from mcpfence.structs import Struct
from mcpfence.text.printable import printable

ABSENT: Any = object()
"""Stands for a key that the document does not have, which is not the same as one that is null."""


class DocumentValue(Struct):
    """`data` is the value at `path` in the document `file`; ABSENT where there is none."""

    file: str
    path: Path
    data: Any

    def at(self, *steps: str) -> DocumentValue:
        """The value below these keys."""
        node = self
        for step in steps:
            found = node.data.get(step, ABSENT) if isinstance(node.data, Mapping) else ABSENT
            node = DocumentValue(node.file, (*node.path, step), found)
        return node

    def first(self, *names: str) -> DocumentValue:
        """The value of the first of these keys that is there: the clouds changed the case of some over time."""
        found = [self.at(name) for name in names]
        return next((node for node in found if node.data is not ABSENT), found[0])

    def items(self) -> Iterator[DocumentValue]:
        """The entries of a list; none where the value is no list."""
        for number, item in enumerate(self.data if isinstance(self.data, list) else ()):
            yield DocumentValue(self.file, (*self.path, number), item)

    @property
    def text(self) -> str:
        """The value if it is text, else nothing."""
        return self.data if isinstance(self.data, str) else ""

    @property
    def label(self) -> str:
        """The value as a name in messages and comments: one line, printable, at most 80 characters."""
        clean = printable(self.text[:81])
        return clean if len(clean) <= 80 else clean[:77] + "..."

    @property
    def true(self) -> bool:
        """Whether the value is true."""
        return self.data is True

    @property
    def there(self) -> bool:
        """Whether the document has the key, whatever its value."""
        return self.data is not ABSENT

    @property
    def place(self) -> str:
        """The path as people write it; the document itself where it is empty."""
        return path_text(self.path)
