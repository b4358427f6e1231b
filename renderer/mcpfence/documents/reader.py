"""YAML and JSON text into plain documents, on the cold paths, without trusting the text.

Scalars are read where YAML 1.1 and 1.2 and Helm's own reader agree; `22:22` and dates stay strings.  Duplicate keys
are an error, and so is a document that unfolds, through its aliases, into more than two million nodes, or that is
nested more than 200 levels deep.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import yaml

from mcpfence.documents.merges import MERGE, MergesAsGo, merged_mappings
from mcpfence.documents.plain_documents import InDoubt, build_plainly
from mcpfence.documents.scalars import differs_from_helm, is_odd
from mcpfence.documents.tags import doubtful_tags, explicit_tags
from mcpfence.documents.trees import LOADER, compose_all
from mcpfence.findings.finding import quote
from mcpfence.patterns import regex

NODE_LIMIT = 2_000_000
DEPTH_LIMIT = 200


class BadDocument(ValueError):
    """Text that is no YAML, or YAML that we refuse; line and column count from 1, 0 where unknown."""

    def __init__(self, sentence: str, line: int = 0, column: int = 0) -> None:
        super().__init__(sentence)
        self.line = line
        self.column = column

    def place(self, name: str) -> str:
        """`values.yaml:41:9` in the document of that name; the name alone where line and column are unknown."""
        return f"{name}:{self.line}:{self.column}" if self.line else name


class _Loader(MergesAsGo, LOADER):  # type: ignore[misc]
    """The safe loader without YAML 1.1's sexagesimal numbers, dates and `=`, and for what JSON can say alone."""


_LONGEST_NUMBER = 300
_INT = regex(r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|(?:0|[1-9][0-9_]*))\Z")
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rsplit(":", 1)[1] in ("bool", "null", "float", "merge")]
    for first, resolvers in LOADER.yaml_implicit_resolvers.items()
}
_FLOAT = regex(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+|\.[0-9]+)\Z")
for _first in "-+0123456789.":
    _rest = [(t, p) for t, p in _Loader.yaml_implicit_resolvers.get(_first, []) if t.rsplit(":", 1)[1] != "float"]
    _Loader.yaml_implicit_resolvers[_first] = [
        *_rest,
        ("tag:yaml.org,2002:int", _INT),
        ("tag:yaml.org,2002:float", _FLOAT),
    ]


def _construct_int(loader: Any, node: Any) -> int:
    if len(node.value) > _LONGEST_NUMBER:
        raise _at(node, "a number is too long")
    _check_alike(node)
    text = node.value.replace("_", "")
    sign, digits = (text[0], text[1:]) if text[:1] in "+-" else ("", text)
    if digits.startswith(("0b", "0x", "0o")):
        number = int(digits, 0)
    else:
        number = int(digits, 8) if len(digits) > 1 and digits.startswith("0") else int(digits)
    return -number if sign == "-" else number


def _construct_string(loader: Any, node: Any) -> str:
    _check_alike(node)
    text: str = loader.construct_scalar(node)
    return text


def _check_alike(node: Any) -> None:
    """Refuse what helm reads otherwise; its words are not quoted, for they may be a secret."""
    if not node.style and differs_from_helm(node.value):
        raise _at(node, "a value without quotes is read as another one by helm; put quotes around it")


def _construct_float(loader: Any, node: Any) -> float | int:
    """A number; one without a fraction is a whole number, as Helm hands it to templates and prints it."""
    _check_alike(node)
    return _whole(node.value.replace("_", ""))


def _whole(text: str) -> float | int:
    number = float(text)
    return int(number) if number.is_integer() and abs(number) <= _EXACT else number


_EXACT = 2**53
"""Up to here a number that passes through Helm is the one that was written."""


def _construct_mapping(loader: Any, node: Any, deep: bool = False) -> dict[Any, Any]:
    """A mapping whose keys are all different; merge keys (`<<`) may be overridden."""
    for one in (node, *merged_mappings(node)):
        _check_keys(loader, one)
    loader.flatten_mapping(node)
    mapping = {}
    for key, value in node.value:
        mapping[_key(loader, key)] = loader.construct_object(value, deep=deep)
    return mapping


def _check_keys(loader: Any, node: Any) -> None:
    """Refuse keys that stand twice in a mapping as it is written, and a merge that is not its first key."""
    seen: set[str] = set()
    for number, (key, _) in enumerate(node.value):
        if key.tag == MERGE and number:
            raise _at(key, "a merge (<<) stands behind another key, where helm lets it win; write it first")
        if key.tag == MERGE or not isinstance(key, yaml.ScalarNode):
            continue
        name = key.value if key.tag == _STRING else _key(loader, key)
        if name in seen:
            raise _at(key, f"the key {quote(name)} stands twice")
        seen.add(name)


def _key(loader: Any, node: Any) -> str:
    """A key as a string; whole numbers and booleans become the words that Helm makes of them."""
    if not isinstance(node, yaml.ScalarNode):
        raise _at(node, "a key is a mapping or a list, as YAML reads an unquoted {{ ... }}")
    if not node.style and _ODD_KEY.match(node.value):
        raise _at(node, "a key without quotes is read as another one by helm; put quotes around it")
    key = loader.construct_object(node, deep=True)
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, int):
        return str(key)
    if not isinstance(key, str):
        kind = "null" if key is None else "a number"
        raise _at(node, f"the key {quote(node.value)} stands without quotes and is read as {kind}")
    return key


_ODD_KEY = regex(
    r"[-+]?\.(?:inf|nan)\Z|[-+]?[0-9_.]+[eE][-+0-9_]*\Z|[-+]?0(?!x[0-9a-f]+\Z)[xXoObB0-9_]|\+|-0|<<\Z|=\Z",
    re.IGNORECASE,
)
"""Keys that helm writes in another form once it has read them as numbers."""


def _at(node: Any, sentence: str) -> BadDocument:
    return BadDocument(sentence, node.start_mark.line + 1, node.start_mark.column + 1)


def _refuse_tag(loader: Any, node: Any) -> Any:
    # The tag itself is not named: an unquoted password that begins with ! is read as one.
    raise _at(node, "a value has a tag, as everything that begins with ! and stands without quotes")


def _yield_mapping(loader: Any, node: Any) -> Iterator[dict[Any, Any]]:
    mapping: dict[Any, Any] = {}
    yield mapping
    mapping.update(_construct_mapping(loader, node))


class _Foreign(MergesAsGo, LOADER):  # type: ignore[misc]
    """For documents that we only look into: duplicate keys are Helm's business, the last one wins; dates are text."""


_Foreign.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in LOADER.yaml_implicit_resolvers.items()
}


def _construct_unknown(loader: Any, suffix: str, node: Any) -> Any:
    """Documents of other people may carry tags of their own; their value is what stands behind the tag."""
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


_PLAIN_TAGS = ("null", "bool", "str", "seq")
_Loader.yaml_constructors = {
    f"tag:yaml.org,2002:{name}": LOADER.yaml_constructors[f"tag:yaml.org,2002:{name}"] for name in _PLAIN_TAGS
}
_Loader.yaml_multi_constructors = {}
_Loader.add_constructor(None, _refuse_tag)
_Loader.add_constructor("tag:yaml.org,2002:map", _yield_mapping)
_Loader.add_constructor("tag:yaml.org,2002:str", _construct_string)
_Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _construct_float)
_Foreign.add_multi_constructor("", _construct_unknown)


MARKED = "a line begins with a byte order mark, which only some readers skip"
_INNER_MARK = regex("(?<=[\n\r\x85\u2028\u2029])\ufeff")


def inner_mark(text: str) -> int | None:
    """The line (from 1) that begins with a byte order mark inside a text; None where there is none.

    The parser here skips it, where brackets are open; helm's and kubectl's makes it a part of the next word.
    """
    found = _INNER_MARK.search(text) if "\ufeff" in text else None
    return text.count("\n", 0, found.start()) + 1 if found else None


_BREAKS = ("\x85", "\u2028", "\u2029")
"""Ends of lines for YAML, as which helm reads JSON, too, and parts of a string for JSON."""


def load_values(text: str) -> Any:
    """The one document of a values or catalog file (None where it is empty); raises BadDocument."""
    if text.lstrip().startswith("{") and not any(mark in text for mark in _BREAKS):
        try:
            document = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_whole)
            if _is_shallow(document):
                return document
        except (ValueError, RecursionError):
            pass  # flow YAML, or a fault of which YAML can tell the line
    mark = inner_mark(text)
    if mark is not None:
        raise BadDocument(f"{MARKED}; remove it", mark, 1)
    plain = build_plainly(LOADER, text, _plain_value, DEPTH_LIMIT)
    if plain is not None and len(plain) < 2:
        return plain[0] if plain else None
    nodes = _compose(text, _Loader)
    if not nodes:
        return None
    if len(nodes) > 1:
        mark = nodes[1].start_mark
        raise BadDocument("a second document begins; values are one document", mark.line + 1, mark.column + 1)
    tagged = next(doubtful_tags(nodes[0], explicit_tags(text)), None)
    document = _construct(nodes[0], _Loader)
    if tagged is not None:
        raise _at(tagged, "a value has a tag that readers of YAML read differently; remove it")
    return document


def values_tree(text: str) -> Any:
    """The tree of a values file, its scalars resolved as `load_values` reads them; raises BadDocument."""
    nodes = _compose(text, _Loader)
    return nodes[0] if nodes else None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise ValueError("a key stands twice")
    return mapping


def _is_shallow(document: Any) -> bool:
    level, depth = [document], 0
    while level and depth <= DEPTH_LIMIT:
        inner = [item.values() if isinstance(item, dict) else item for item in level if isinstance(item, (dict, list))]
        level, depth = [part for items in inner for part in items], depth + 1
    return not level


def _refuse_constant(word: str) -> Any:
    raise ValueError(word)


def load_foreign(text: str) -> list[Any]:
    """The documents of a manifest stream, read as leniently as Helm reads them; raises BadDocument."""
    plain = plain_documents(text)
    return [document_of(node) for node in compose_foreign(text)] if plain is None else plain


def plain_documents(text: str) -> list[Any] | None:
    """The documents of a manifest stream that every reader reads alike; None where anything in it is in doubt.

    Most are: they have no tag, anchor, alias or merge, no key twice or that is no string, and no scalar that readers
    differ on.  These are built as the parser goes along, without a tree of nodes.
    """
    return build_plainly(LOADER, text, _plain_scalar, DEPTH_LIMIT)


_WORDS_BEGIN = frozenset("ABCDEGHJKLMPQRSUVWXZabcdeghjklmpqrsuvwxz") - _Foreign.yaml_implicit_resolvers.keys()
"""Letters with which no boolean, null or number of any reader begins."""


@lru_cache(maxsize=16384)
def _plain_scalar(text: str) -> Any:
    """What a scalar without quotes is in a manifest; raises InDoubt where readers differ."""
    if text[:1] in _WORDS_BEGIN:
        return text
    if text.isascii() and text.isdigit() and text[0] != "0" and len(text) < 10:
        return int(text)
    if is_odd(text):
        raise InDoubt
    return _resolved(text, _Foreign)


@lru_cache(maxsize=16384)
def _plain_value(text: str) -> Any:
    """What a scalar without quotes is in a values file; raises InDoubt where readers differ, as they may on keys."""
    if is_odd(text) or differs_from_helm(text) or _ODD_KEY.match(text):
        raise InDoubt
    return _resolved(text, _Loader)


def _resolved(text: str, loader_class: Any) -> Any:
    tag = loader_class("").resolve(yaml.ScalarNode, text, (True, False))
    if tag == _STRING:
        return text
    if tag not in _USUAL:
        raise InDoubt
    return _construct(yaml.ScalarNode(tag, text), loader_class)


def compose_foreign(text: str) -> list[Any]:
    """The trees of the documents of a manifest stream; raises BadDocument."""
    return _compose(text, _Foreign)


_STRING = "tag:yaml.org,2002:str"
_USUAL = frozenset(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))


def document_of(root: Any) -> Any:
    """The document below a node.  Manifests are strings, numbers, lists and maps: built in half of PyYAML's time."""
    scalars: dict[tuple[str, str], Any] = {}

    def build(node: Any) -> Any:
        kind = type(node)
        if kind is yaml.ScalarNode:
            if node.tag == _STRING:
                return node.value
            key = (node.tag, node.value)
            if key not in scalars:
                if node.tag not in _USUAL:
                    raise InDoubt
                scalars[key] = _construct(node, _Foreign)
            return scalars[key]
        if kind is yaml.SequenceNode and node.tag == "tag:yaml.org,2002:seq":
            return [build(item) for item in node.value]
        if kind is not yaml.MappingNode or node.tag != "tag:yaml.org,2002:map":
            raise InDoubt
        mapping: dict[Any, Any] = {}
        for name, value in node.value:
            if type(name) is not yaml.ScalarNode or name.tag != _STRING:
                raise InDoubt
            mapping[name.value] = build(value)
        return mapping

    try:
        return build(root)
    except (InDoubt, RecursionError):
        return _construct(root, _Foreign)


def position(text: str, path: tuple[str | int, ...]) -> tuple[int, int] | None:
    """Line and column (from 1) of the value at `path`, or of the deepest part of it that exists."""
    root = _root(text)
    if root is None:
        return None
    node, mark = root, root.start_mark
    for step in path:
        found = _child(node, step)
        if found is None:
            break
        node, mark = found
    return mark.line + 1, mark.column + 1


_SURROGATES = regex(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")


@lru_cache(maxsize=4)
def _root(text: str) -> Any:
    """The tree of a file in which many places are looked up; JSON's surrogate pairs, which are no YAML, masked."""
    try:
        nodes = _compose(_SURROGATES.sub("." * 12, text), _Loader)
    except BadDocument:
        return None  # JSON that is no YAML
    return nodes[0] if nodes else None


def _child(node: Any, step: str | int) -> tuple[Any, Any] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == str(step):
                inline = value.start_mark.line == key.start_mark.line and isinstance(value, yaml.ScalarNode)
                return value, value.start_mark if inline else key.start_mark
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step].start_mark
    return None


_NESTS = regex(r"[\[{]|[-?:] +(?=[-?] )")
"""What opens a level without the indentation that makes deep nesting long: brackets, and dashes on one line."""
_INDENTED = regex(f"^ {{{DEPTH_LIMIT // 2}}}", re.MULTILINE)
"""What opens levels by indentation: a list under its key and a mapping in it, two levels a space at most."""
_TOO_DEEP = f"is nested more than {DEPTH_LIMIT} levels deep"


def _check_depth(text: str) -> None:
    """Refuse text that is nested more than DEPTH_LIMIT deep: libyaml would run out of its stack and end the process.

    Some versions of libyaml have a limit of their own, and they reach it before they hand out what they have read:
    up to 1,024 characters on one line may be a key.  So where the parser gives up, what stands before that place is
    looked at first; every version then says the same.
    """
    nests = sum(1 for _ in zip(_NESTS.finditer(text), range(DEPTH_LIMIT), strict=False))
    if nests < DEPTH_LIMIT and not _INDENTED.search(text):
        return
    fault = _first_fault(text)
    if isinstance(fault, yaml.MarkedYAMLError) and fault.problem_mark:
        fault = _fault_before(text, fault.problem_mark) or fault
    if fault:
        raise fault


def _fault_before(text: str, place: Any) -> BadDocument | yaml.MarkedYAMLError | None:
    """What is wrong in front of the place at which the parser gives up; None where it is right to complain there."""
    fault = _first_fault(text[: place.index])
    if not isinstance(fault, yaml.MarkedYAMLError) or not fault.problem_mark or fault.problem_mark.index < place.index:
        return fault
    # It says only that the text ends here.  What must be a key, and opens levels instead, is in no event even so; it
    # begins its line, which is looked at alone.
    line = _first_fault(text[place.index - place.column : place.index])
    return BadDocument(str(line), place.line + line.line, line.column) if isinstance(line, BadDocument) else None


def _first_fault(text: str) -> BadDocument | yaml.MarkedYAMLError | None:
    """What is wrong first, of nesting and what the parser says; raises what it says of the text as a whole."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=LOADER):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEPTH_LIMIT:
                return _at(event, _TOO_DEEP)
    except yaml.MarkedYAMLError as bad:
        return bad
    return None


def _compose(text: str, loader_class: Any) -> list[Any]:
    try:
        _check_depth(text)
        nodes = compose_all(text, loader_class)
    except (yaml.YAMLError, UnicodeError) as bad:
        raise _bad(bad, text) from None
    except RecursionError:
        raise BadDocument(_TOO_DEEP) from None
    if "&" in text:  # without anchors nothing unfolds, and nothing contains itself
        for node in nodes:
            _check_size(node)
    return nodes


def _bad(error: Exception, text: str = "") -> BadDocument:
    """What the parser says, without the words of the document that it quotes: they may be a secret."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        reason = getattr(error, "reason", None)
        return BadDocument(f"is no YAML ({reason})" if reason else "is no YAML")
    problem = str(getattr(error, "problem", None) or "is no YAML")
    if text[mark.index : mark.index + 1] == "\t":
        problem = "a tab stands where YAML wants spaces"
    return BadDocument(_QUOTED.sub("", problem), mark.line + 1, mark.column + 1)


_QUOTED = regex(r"(?<=alias|nchor|e tag) ['\"].*|(?<=handle) ['\"].*|, but (?:found|got) ['\"<].*")


def _check_size(root: Any) -> None:
    """Refuse what aliases blow up beyond NODE_LIMIT nodes or DEPTH_LIMIT levels, and what contains itself.

    Linear in the text.
    """
    sizes: dict[int, int] = {}
    depths: dict[int, int] = {}
    open_nodes: set[int] = set()
    stack = [(root, False)]
    while stack:
        node, done = stack.pop()
        key = id(node)
        children = _children(node)
        if done:
            open_nodes.discard(key)
            sizes[key] = 1 + sum(sizes[id(child)] for child in children)
            depths[key] = 1 + max((depths[id(child)] for child in children), default=-1)
            if sizes[key] > NODE_LIMIT:
                raise _at(node, f"unfolds into more than {NODE_LIMIT:,} values through its aliases")
            if depths[key] > DEPTH_LIMIT:
                raise _at(node, _TOO_DEEP)
        elif key in open_nodes:
            raise _at(node, "contains itself")
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
    except _UNREADABLE as bad:
        if isinstance(bad, BadDocument):
            raise
        raise _unreadable(node, loader_class) from None
    finally:
        loader.dispose()


_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError)
"""What constructors raise, PyYAML's and ours, where a text is not what its tag says: `!!int ""`, `!!bool x`."""


def _unreadable(root: Any, loader_class: Any) -> BadDocument:
    """Which value below `root` no constructor takes: the first of those that hold no other such value."""
    waiting, seen = [root], set[int]()
    fault, named = root, ""
    while waiting:
        node = waiting.pop()
        seen.add(id(node))
        loader = loader_class("")
        try:
            loader.construct_document(node)
        except _UNREADABLE:
            fault, named = node, str(node.tag)
            waiting = [child for child in reversed(_children(node)) if id(child) not in seen]
        except yaml.YAMLError:
            pass  # a fault of another kind, which is said once this one is gone
        finally:
            loader.dispose()
    return _at(fault, f"a value cannot be read as what its tag says ({named.rpartition(':')[2]})")
