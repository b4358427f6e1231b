"""Text into trees of nodes.  An anchor's name may be given again, and an alias means the last one before it.

YAML 1.2 says so, and so do Go's readers; PyYAML refuses the second one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import yaml
from yaml.composer import Composer, ComposerError

LOADER: Any = getattr(yaml, "CSafeLoader", None)
"""libyaml's, which every build of PyYAML for a machine has; the other one takes nothing more."""
if LOADER is None:
    from mcpfence.documents.pure_loader import PureLoader  # here, so that nobody else loads it

    LOADER = PureLoader

_REFUSED = "second occurrence"
"""What PyYAML says at the second anchor of a name."""


class _Renaming(Composer):
    """Forgets an anchor where its name is given again."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if not self.check_event(yaml.AliasEvent):  # type: ignore[attr-defined]
            self.anchors.pop(self.peek_event().anchor, None)  # type: ignore[attr-defined]
        return super().compose_node(parent, index)


@lru_cache(maxsize=16)
def _renaming(loader: Any) -> Any:
    def begin(self: Any, text: str) -> None:
        loader.__init__(self, text)
        Composer.__init__(self)

    return type("Renaming", (_Renaming, loader), {"__init__": begin})


def compose_all(text: str, loader: Any = LOADER) -> list[Any]:
    """The trees of all documents of a text; raises what PyYAML raises."""
    try:
        return _composed(text, loader)
    except yaml.MarkedYAMLError as bad:
        if bad.problem != _REFUSED:
            raise
    return _composed(text, _renaming(loader))


def compose(text: str, loader: Any = LOADER) -> Any:
    """The tree of the one document of a text, None where it is empty; raises what PyYAML raises."""
    found = compose_all(text, loader)
    if len(found) > 1:
        one, two = found[0].start_mark, found[1].start_mark
        raise ComposerError("expected a single document in the stream", one, "but found another document", two)
    return found[0] if found else None


def _composed(text: str, loader_class: Any) -> list[Any]:
    loader = loader_class(text)
    try:
        nodes = []
        while loader.check_node():
            nodes.append(loader.get_node())
        return nodes
    finally:
        loader.dispose()
