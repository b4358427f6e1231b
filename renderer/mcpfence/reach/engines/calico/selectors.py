"""Calico's selectors, `app == 'web' && tier in {'a', 'b'}`, as boxes over the labels of a pod and its namespace.

    EITHER    := BOTH { "||" BOTH }
    BOTH      := TEST { "&&" TEST }
    TEST      := { "!" } ( "(" EITHER ")" | "all()" | "global()" | "has(KEY)" | KEY OPERATOR )
    OPERATOR  := == VALUE | != VALUE | in { VALUES } | not in { VALUES } | contains, starts with, ends with VALUE

`!=` and `not in` hold for a missing label, too.  Values stand in either quotes, without any escape.
Source: libcalico-go/lib/selector of Calico's own module, tokenizer and parser.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from mcpfence.reach.documents.fields import shown
from mcpfence.reach.flows import label_sets
from mcpfence.reach.flows.label_sets import MISSING, NAMESPACE_NAME, PRESENT, Box, Values
from mcpfence.structs import Struct

_KEY = r"[a-zA-Z0-9_./-]{1,512}"
_TOKENS = re.compile(
    rf"""[ \t]*(?:
        (?P<value>"[^"]*"|'[^']*')
      | (?P<sign>\(|\)|\{{|\}}|,|==|!=|!|&&|\|\|)
      | has\(\s*(?P<has>{_KEY})\s*\)
      | (?P<call>all|global)\(\s*\)
      | (?P<key>{_KEY})
    )""",
    re.VERBOSE,
)
_OPERATORS = re.compile(r"[ \t]*(==|!=|contains|starts\s*with|ends\s*with|not\s*in\b|in\b)")

_MOST_BOXES = 64
"""A selector that takes more is as good as unknown."""
_DEEPEST = 50

ORCHESTRATOR = "projectcalico.org/orchestrator"
"""Calico's own label, which every pod has with the value k8s, and no set of addresses has."""
_OWN_NAMESPACE = "projectcalico.org/namespace"
_NAMES_NAMESPACE = "projectcalico.org/name"
_CALICO = ("projectcalico.org/", "pcns.", "pcsa.")
"""How the keys begin of labels that Calico adds itself; of the others of them no manifest tells the values."""


class BadSelector(ValueError):
    """What is no selector; the message is a half sentence."""


class Test(Struct):
    """A key and what it may have; `values` is None where only the engine can tell."""

    key: str
    values: Values | None
    no: bool = False


class Join(Struct):
    """Parts of which all must hold, or any."""

    every: bool
    parts: tuple[Expression, ...]


Expression = Test | Join
_TRUE, _FALSE = Join(every=True, parts=()), Join(every=False, parts=())

_ANY, _NONE = label_sets.none_of(()), label_sets.one_of(())
"""What `not in {}` and `in {}` leave to a label."""

GLOBAL = Test("global()", None)
"""What is in no namespace: no pod."""


class Boxes(Struct):
    """What a selector selects at least and at most; none: nothing."""

    least: tuple[Box, ...]
    most: tuple[Box, ...]


EVERY = Boxes((label_sets.EVERYTHING,), (label_sets.EVERYTHING,))
UNKNOWN_BOXES = Boxes((), (label_sets.EVERYTHING,))


@lru_cache(maxsize=16384)
def parse(text: str) -> Expression:
    """The expression of a selector that is not empty; raises BadSelector."""
    reader = _Tokens(text)
    found = _either(reader, 0)
    if reader.next is not None:
        raise BadSelector(f"goes on behind its end, at {shown(text[reader.at :])}")
    return found


class _Tokens:
    """The tokens of a selector: (kind, text) of the next one, None at the end."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.next: tuple[str, str] | None = None
        self._end = 0
        self.advance()

    def advance(self) -> None:
        self.at = self._end
        if not self.text[self.at :].strip(" \t"):
            self.next = None
            return
        match = _TOKENS.match(self.text, self.at)
        if match is None:
            raise BadSelector(f"is no selector at {shown(self.text[self.at :])}")
        kind = match.lastgroup or ""
        self.next, self._end = (kind, match.group(kind)), match.end()

    def take(self, kind: str, text: str | None = None) -> str:
        """The text of the next token, which must be that."""
        if self.next is None or self.next[0] != kind or (text is not None and self.next[1] != text):
            wanted = text or {"value": "a value in quotes"}.get(kind, kind)
            raise BadSelector(f"lacks {wanted} at {shown(self.text[self.at :])}")
        found = self.next[1]
        self.advance()
        return found

    def is_sign(self, text: str) -> bool:
        return self.next == ("sign", text)

    def operator(self) -> str:
        """The operator that must stand here, behind a key."""
        self.at = self._end
        match = _OPERATORS.match(self.text, self.at)
        if match is None:
            raise BadSelector(f"has a label without an operator at {shown(self.text[self.at :])}")
        self._end = match.end()
        self.advance()
        return re.sub(r"\s", "", match.group(1))


def _either(tokens: _Tokens, depth: int) -> Expression:
    return _joined(tokens, depth, "||", _both, every=False)


def _both(tokens: _Tokens, depth: int) -> Expression:
    return _joined(tokens, depth, "&&", _test, every=True)


def _joined(
    tokens: _Tokens, depth: int, sign: str, part: Callable[[_Tokens, int], Expression], *, every: bool
) -> Expression:
    parts = [part(tokens, depth)]
    while tokens.is_sign(sign):
        tokens.advance()
        parts.append(part(tokens, depth))
    return parts[0] if len(parts) == 1 else Join(every, tuple(parts))


def _test(tokens: _Tokens, depth: int) -> Expression:
    negated = False
    while tokens.is_sign("!"):
        negated = not negated
        tokens.advance()
    found = _plain_test(tokens, depth)
    return _negated(found) if negated else found


def _plain_test(tokens: _Tokens, depth: int) -> Expression:
    if depth > _DEEPEST:
        raise BadSelector(f"has more than {_DEEPEST} brackets in each other")
    if tokens.is_sign("("):
        tokens.advance()
        found = _either(tokens, depth + 1)
        tokens.take("sign", ")")
        return found
    kind, text = tokens.next or ("", "")
    if kind == "has":
        tokens.advance()
        return Test(text, PRESENT)
    if kind == "call":
        tokens.advance()
        return _TRUE if text == "all" else GLOBAL
    if kind != "key":
        raise BadSelector(f"lacks a label at {shown(tokens.text[tokens.at :])}")
    return _compared(tokens)


def _compared(tokens: _Tokens) -> Test:
    key = (tokens.next or ("", ""))[1]
    operator = tokens.operator()
    if operator in ("in", "notin"):
        values = frozenset(_set(tokens))
        return Test(key, label_sets.one_of(values) if operator == "in" else label_sets.none_of(values))
    value = tokens.take("value")[1:-1]
    if operator == "==":
        return Test(key, label_sets.one_of((value,)))
    return Test(key, label_sets.none_of((value,)) if operator == "!=" else None)


def _set(tokens: _Tokens) -> Iterator[str]:
    tokens.take("sign", "{")
    while not tokens.is_sign("}"):
        yield tokens.take("value")[1:-1]
        if not tokens.is_sign(","):
            break
        tokens.advance()
    tokens.take("sign", "}")


def _negated(found: Expression) -> Expression:
    if isinstance(found, Join):
        return Join(not found.every, tuple(_negated(part) for part in found.parts))
    if found.values is None:
        return found._replace(no=not found.no)
    absent, inverted, values = found.values
    return Test(found.key, Values(not absent, not inverted, values))


# --- boxes over the labels of pods and namespaces ---


def pods(text: str, namespace: str = "") -> Boxes:
    """The peers that a selector of pods selects; `namespace`: all of them lie there.  Raises BadSelector."""
    found = parse(text)
    if _speaks_of_global(found):
        raise BadSelector("has global(), which only a namespaceSelector may have")
    return _boxes(found, lambda key: _of_pod(key, namespace))


def namespaces(text: str) -> Boxes:
    """The peers in the namespaces that a selector of namespaces selects; raises BadSelector."""
    return _boxes(parse(text), _of_namespace)


def both(left: Boxes, right: Boxes) -> Boxes:
    """What both select."""
    least, most = _product(left.least, right.least), _product(left.most, right.most)
    return Boxes(least or (), most if most is not None else (label_sets.EVERYTHING,))


def pods_alone(text: str) -> bool:
    """Whether nothing but pods can be selected: sets of addresses have labels, but not that of the orchestrator."""
    only = _boxes(parse(text), lambda key: "no pod" if key == ORCHESTRATOR else _of_pod(key, ""))
    return not only.most


_Place = Callable[[str], str | None]
"""From the key of a test to the key in boxes over peers; None where only the engine can tell.

A key with a space behind a namespace's name, or none, is that of a constant: see `_constant`.
"""


def _of_pod(key: str, namespace: str) -> str | None:
    if key == ORCHESTRATOR:
        return "is k8s"
    if key == _OWN_NAMESPACE:
        return f"is {namespace}" if namespace else label_sets.in_namespace(((NAMESPACE_NAME, PRESENT),))[0][0]
    return None if key.startswith(_CALICO) else label_sets.of_pod(((key, PRESENT),))[0][0]


def _of_namespace(key: str) -> str | None:
    if key == _NAMES_NAMESPACE:
        key = NAMESPACE_NAME
    return None if key.startswith(_CALICO) else label_sets.in_namespace(((key, PRESENT),))[0][0]


def _boxes(found: Expression, place: _Place) -> Boxes:
    least, most = _sum(found, place, most=False), _sum(found, place, most=True)
    return Boxes(least or (), most if most is not None else (label_sets.EVERYTHING,))


def _sum(found: Expression, place: _Place, *, most: bool) -> tuple[Box, ...] | None:
    """The boxes of an expression, at least or at most; None where there are too many."""
    if isinstance(found, Test):
        return _leaf(found, place, most=most)
    result: tuple[Box, ...] | None = (label_sets.EVERYTHING,) if found.every else ()
    for part in found.parts:
        boxes = _sum(part, place, most=most)
        if boxes is None or result is None:
            return None
        result = _product(result, boxes) if found.every else _limited((*result, *boxes))
    return result


def _leaf(found: Test, place: _Place, *, most: bool) -> tuple[Box, ...]:
    if found is GLOBAL or (found.key == GLOBAL.key and found.values is None):
        return (label_sets.EVERYTHING,) if found.no else ()
    key = place(found.key)
    if key == "no pod":
        return (label_sets.EVERYTHING,) if (found.values.absent if found.values else found.no) else ()
    if key is not None and key.startswith("is "):
        return _constant(key.removeprefix("is "), found, most=most)
    if key is None:
        return (label_sets.EVERYTHING,) if most else ()
    if found.values is not None:
        if found.values == _ANY:
            return (label_sets.EVERYTHING,)
        return (((key, found.values),),) if found.values != _NONE else ()
    if not most:  # surely not contained is only what is not there
        return (((key, MISSING),),) if found.no else ()
    return (label_sets.EVERYTHING,) if found.no else (((key, PRESENT),),)


def _constant(value: str, found: Test, *, most: bool) -> tuple[Box, ...]:
    """A test of a label whose value is known."""
    if found.values is None:
        return (label_sets.EVERYTHING,) if most else ()
    _, inverted, values = found.values
    return (label_sets.EVERYTHING,) if (value in values) is not inverted else ()


def _product(left: Iterable[Box], right: Iterable[Box]) -> tuple[Box, ...] | None:
    others = tuple(right)
    joined = (label_sets.intersect(one, other) for one in left for other in others)
    return _limited(tuple(box for box in joined if box is not None))


def _limited(boxes: tuple[Box, ...]) -> tuple[Box, ...] | None:
    unique = tuple(dict.fromkeys(boxes))
    if label_sets.EVERYTHING in unique:
        return (label_sets.EVERYTHING,)
    return unique if len(unique) <= _MOST_BOXES else None


def _speaks_of_global(found: Expression) -> bool:
    if isinstance(found, Test):
        return found.key == GLOBAL.key and found.values is None
    return any(map(_speaks_of_global, found.parts))
