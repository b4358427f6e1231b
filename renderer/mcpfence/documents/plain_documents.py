"""Documents built from the parser's events as it goes along, where nothing in them is in doubt.

Nearly every manifest and values file is of this kind: no tag, anchor, alias or merge, no key twice or that is no
string.  That spares the tree of nodes, which takes twice the time and many times the memory.  Whatever is in doubt, or
no YAML, is left to those who say what is wrong with it, and where.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml


class InDoubt(Exception):
    """Something that a constructor or a judge has to look at."""


def build_plainly(loader: Any, text: str, scalar: Callable[[str], Any], depth_limit: int) -> list[Any] | None:
    """The documents of a text, parsed by a loader class; None where anything is in doubt, or nested too deeply.

    `scalar` is what a scalar without quotes stands for; it raises InDoubt where readers may differ.
    """
    try:
        return _build(loader(text).get_event, scalar, depth_limit)
    except (InDoubt, yaml.YAMLError, UnicodeError):
        return None


_NO_KEY = object()


def _build(next_event: Callable[[], Any], scalar: Callable[[str], Any], depth_limit: int) -> list[Any]:
    documents: list[Any] = []
    within: Any = documents  # what is being filled, with the key that waits for its value
    key: Any = _NO_KEY
    outer: list[tuple[Any, Any]] = []
    while (event := next_event()) is not None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            if event.tag is not None or event.anchor is not None:
                raise InDoubt
            value = event.value if event.style else scalar(event.value)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            if event.tag is not None or event.anchor is not None or len(outer) == depth_limit:
                raise InDoubt
            outer.append((within, key))
            within, key = {} if kind is yaml.MappingStartEvent else [], _NO_KEY
            continue
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            value = within
            within, key = outer.pop()
        elif kind is yaml.AliasEvent:
            raise InDoubt
        else:  # streams and documents begin and end
            continue
        if type(within) is list:
            within.append(value)
        elif key is not _NO_KEY:
            within[key] = value
            key = _NO_KEY
        elif type(value) is str and value not in within and value != "<<":
            key = value
        else:
            raise InDoubt
    return documents
