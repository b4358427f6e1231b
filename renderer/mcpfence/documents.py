"""YAML and JSON text into plain documents, on the cold paths, without trusting the text.

Scalars are read where YAML 1.1 and 1.2 and Helm's own reader agree; `22:22` and dates stay strings.  Duplicate keys
are an error, and so is a document that unfolds, through its aliases, into more than two million nodes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

NODE_LIMIT = 2_000_000
DEPTH_LIMIT = 200
_SUSPICIOUS = 1_000

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class BadDocument(ValueError):
    """Text that is no YAML, or YAML that we refuse; line and column count from 1, 0 where unknown."""

    def __init__(self, sentence: str, line: int = 0, column: int = 0) -> None:
        super().__init__(sentence)
        self.line = line
        self.column = column


class _Loader(_Base):  # type: ignore[misc]
    """The safe loader without YAML 1.1's sexagesimal numbers, dates and `=`."""


_INT = re.compile(r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|(?:0|[1-9][0-9_]*))\Z")
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rsplit(":", 1)[1] in ("bool", "null", "float", "merge")]
    for first, resolvers in _Base.yaml_implicit_resolvers.items()
}
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+|\.[0-9]+)\Z")
for _first in "-+0123456789.":
    _rest = [(t, p) for t, p in _Loader.yaml_implicit_resolvers.get(_first, []) if t.rsplit(":", 1)[1] != "float"]
    _Loader.yaml_implicit_resolvers[_first] = [
        *_rest,
        ("tag:yaml.org,2002:int", _INT),
        ("tag:yaml.org,2002:float", _FLOAT),
    ]


def _construct_int(loader: Any, node: Any) -> int:
    text = node.value.replace("_", "")
    sign, digits = (text[0], text[1:]) if text[:1] in "+-" else ("", text)
    if digits.startswith(("0b", "0x", "0o")):
        number = int(digits, 0)
    else:
        number = int(digits, 8) if len(digits) > 1 and digits.startswith("0") else int(digits)
    return -number if sign == "-" else number


def _construct_float(loader: Any, node: Any) -> float:
    return float(node.value.replace("_", ""))


def _construct_mapping(loader: Any, node: Any, deep: bool = False) -> dict[Any, Any]:
    """A mapping whose keys are all different; merge keys (`<<`) may be overridden."""
    seen: set[str] = set()
    for key, _ in node.value:
        if key.tag == "tag:yaml.org,2002:merge" or not isinstance(key, yaml.ScalarNode):
            continue
        if key.value in seen:
            mark = key.start_mark
            raise BadDocument(f"the key {key.value[:80]!r} stands twice", mark.line + 1, mark.column + 1)
        seen.add(key.value)
    loader.flatten_mapping(node)
    mapping = {}
    for key, value in node.value:
        name = loader.construct_object(key, deep=True)
        if not isinstance(name, (str, int, float, bool, type(None))):
            mark = key.start_mark
            raise BadDocument("a key is no plain word", mark.line + 1, mark.column + 1)
        mapping[name] = loader.construct_object(value, deep=deep)
    return mapping


def _yield_mapping(loader: Any, node: Any) -> Iterator[dict[Any, Any]]:
    mapping: dict[Any, Any] = {}
    yield mapping
    mapping.update(_construct_mapping(loader, node))


class _Foreign(_Base):  # type: ignore[misc]
    """For documents that we only look into: duplicate keys are Helm's business, the last one wins."""


def _construct_unknown(loader: Any, suffix: str, node: Any) -> Any:
    """Documents of other people may carry tags of their own; their value is what stands behind the tag."""
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


_Loader.add_constructor("tag:yaml.org,2002:map", _yield_mapping)
_Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _construct_float)
_Foreign.add_multi_constructor("", _construct_unknown)


def load_values(text: str) -> Any:
    """The one document of a values or catalog file (None where it is empty); raises BadDocument."""
    nodes = _compose(text, _Loader)
    if not nodes:
        return None
    if len(nodes) > 1:
        mark = nodes[1].start_mark
        raise BadDocument("a second document begins; values are one document", mark.line + 1, mark.column + 1)
    return _construct(nodes[0], _Loader)


def load_foreign(text: str) -> list[Any]:
    """The documents of a manifest stream, read as leniently as Helm reads them; raises BadDocument."""
    return [_construct(node, _Foreign) for node in _compose(text, _Foreign)]


def position(text: str, path: tuple[str | int, ...]) -> tuple[int, int] | None:
    """Line and column (from 1) of the value at `path`, or of the deepest part of it that exists."""
    nodes = _compose(text, _Loader)
    if not nodes:
        return None
    node, mark = nodes[0], nodes[0].start_mark
    for step in path:
        found = _child(node, step)
        if found is None:
            break
        node, mark = found
    return mark.line + 1, mark.column + 1


def _child(node: Any, step: str | int) -> tuple[Any, Any] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == str(step):
                inline = value.start_mark.line == key.start_mark.line and isinstance(value, yaml.ScalarNode)
                return value, value.start_mark if inline else key.start_mark
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step].start_mark
    return None


_NESTS = re.compile(r"[\[{]|[-?:] (?=[-?] )")
"""What opens a level without the indentation that makes deep nesting long: brackets, and dashes on one line."""


def _check_depth(text: str) -> None:
    """Refuse text that is nested more than DEPTH_LIMIT deep: libyaml would run out of its stack and end the process."""
    if sum(1 for _ in zip(_NESTS.finditer(text), range(_SUSPICIOUS), strict=False)) < _SUSPICIOUS:
        return
    depth = 0
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_LIMIT:
            raise BadDocument(f"is nested more than {DEPTH_LIMIT} levels deep")


def _compose(text: str, loader_class: Any) -> list[Any]:
    try:
        _check_depth(text)
        loader = loader_class(text)
    except (yaml.YAMLError, UnicodeError) as bad:
        raise _bad(bad) from None
    try:
        nodes = []
        while loader.check_node():
            nodes.append(loader.get_node())
    except (yaml.YAMLError, UnicodeError) as bad:
        raise _bad(bad) from None
    except RecursionError:
        raise BadDocument("is nested too deeply") from None
    finally:
        loader.dispose()
    for node in nodes:
        _check_size(node)
    return nodes


def _bad(error: Exception) -> BadDocument:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "is no YAML"
    return BadDocument(str(problem), mark.line + 1 if mark else 0, mark.column + 1 if mark else 0)


def _check_size(root: Any) -> None:
    """Refuse what aliases blow up beyond NODE_LIMIT nodes, and what contains itself; linear in the text."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()
    stack = [(root, False)]
    while stack:
        node, done = stack.pop()
        key = id(node)
        children = _children(node)
        if done:
            open_nodes.discard(key)
            sizes[key] = 1 + sum(sizes[id(child)] for child in children)
            if sizes[key] > NODE_LIMIT:
                line, column = node.start_mark.line + 1, node.start_mark.column + 1
                raise BadDocument(f"unfolds into more than {NODE_LIMIT:,} values through its aliases", line, column)
        elif key in open_nodes:
            raise BadDocument("contains itself", node.start_mark.line + 1, node.start_mark.column + 1)
        elif key not in sizes:
            open_nodes.add(key)
            stack.append((node, True))
            stack += [(child, False) for child in children if id(child) not in sizes or id(child) in open_nodes]


def _children(node: Any) -> list[Any]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _construct(node: Any, loader_class: Any) -> Any:
    loader = loader_class("")
    try:
        return loader.construct_document(node)
    except yaml.YAMLError as bad:
        raise _bad(bad) from None
    except (ValueError, TypeError) as bad:
        if isinstance(bad, BadDocument):
            raise
        raise BadDocument(f"has a value that cannot be read ({type(bad).__name__})") from None
    except RecursionError:
        raise BadDocument("is nested too deeply") from None
    finally:
        loader.dispose()
