"""`Struct` does what `typing.NamedTuple` does, for every struct of the package."""

from __future__ import annotations

import copy
import importlib
import pickle
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, NamedTuple, Self, TypeVar

import pytest

import mcpfence
from mcpfence.structs import Struct

PACKAGE = Path(mcpfence.__file__).parent
T = TypeVar("T")


class Pair(Struct):
    """A struct of the tests' own."""

    left: int
    right: int = 2

    @property
    def both(self) -> int:
        """A method, as most structs have."""
        return self.left + self.right


class Wide(Struct):
    """More fields than the table has functions for."""

    a: int
    b: int
    c: int
    d: int
    e: int
    f: int
    g: int
    h: int
    i: int
    j: int
    k: int
    m: int
    n: int
    o: int = 9


class Box(Struct, Generic[T]):
    """A struct with a parameter."""

    content: T


def _structs() -> list[Any]:
    """Every struct of the package, and those above."""
    found: list[Any] = [Pair, Wide, Box]
    for path in sorted(PACKAGE.rglob("*.py")):
        if "(Struct" in path.read_text(encoding="utf-8") and path.parent.name != "structs":
            parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
            module = importlib.import_module(".".join(parts).removesuffix(".__init__"))
            found += [one for one in vars(module).values() if _is_made(one) and one.__module__ == module.__name__]
    return found


def _is_made(thing: Any) -> bool:
    return isinstance(thing, type) and "_field_defaults" in vars(thing)


STRUCTS = _structs()


def _twin(struct: Any) -> Any:
    """A NamedTuple of typing with the same name, fields and defaults."""
    body = {
        **struct._field_defaults,
        "__annotations__": dict.fromkeys(struct._fields, object),
        "__module__": __name__,
    }
    return types.new_class(struct.__name__, (NamedTuple,), {}, lambda space: space.update(body))


def _full(one: Any) -> Any:
    """A value of which every field is another number."""
    return one(*range(len(one._fields)))


def _named(one: Any) -> Any:
    return one(**{name: place for place, name in enumerate(one._fields)})


def _without_defaults(one: Any) -> Any:
    """A value for which only what must be given is given."""
    return one(*range(len(one._fields) - len(one._field_defaults)))


ACTIONS: dict[str, Callable[[Any], Any]] = {
    "fields": lambda one: (one._fields, one._field_defaults, one.__match_args__, one.__slots__, type(one)),
    "by place": lambda one: tuple(_full(one)),
    "by name": lambda one: tuple(_named(one)),
    "defaults": lambda one: tuple(_without_defaults(one)),
    "no arguments": lambda one: tuple(one()),
    "one too few": lambda one: one(*range(len(one._fields) - len(one._field_defaults) - 1)),
    "one too many": lambda one: one(*range(len(one._fields) + 1)),
    "one twice": lambda one: one(*range(len(one._fields)), **{one._fields[0]: 1}),
    "one unknown": lambda one: one(*range(len(one._fields)), unknown=1),
    "each field": lambda one: [getattr(_full(one), name) for name in one._fields],
    "a field set": lambda one: setattr(_full(one), one._fields[0], 1),
    "another attribute set": lambda one: vars(_full(one)),
    "replaced": lambda one: tuple(_full(one)._replace(**{one._fields[-1]: "new"})),
    "replaced by nothing": lambda one: tuple(_full(one)._replace()),
    "made": lambda one: tuple(one._make(iter(range(len(one._fields))))),
    "made of too little": lambda one: one._make(()),
    "dictionary": lambda one: _full(one)._asdict(),
    "pickled by": lambda one: _full(one).__getnewargs__(),
    "a tuple": lambda one: (isinstance(_full(one), tuple), len(_full(one)), _full(one)[0], [*_full(one)]),
}


def _outcome(action: Callable[[Any], Any], one: Any) -> object:
    """What comes of an action: a value, or an error with its words."""
    try:
        return action(one)
    except (TypeError, AttributeError, ValueError) as error:
        return type(error), str(error)


@pytest.mark.parametrize("action", ACTIONS)
def test_a_struct_does_what_a_namedtuple_does(action: str) -> None:
    """The same values and the same words of errors, for every struct there is, at its first value and at the second."""
    for struct in STRUCTS:
        wanted = _outcome(ACTIONS[action], _twin(struct))

        assert [_outcome(ACTIONS[action], struct) for _ in range(2)] == [wanted, wanted], struct


def test_the_tree_has_structs() -> None:
    """The list above is not empty by mistake."""
    assert len(STRUCTS) > 250
    assert {struct.__name__ for struct in STRUCTS} >= {"Pair", "Wide", "Box", "Fence", "Catalog", "_Said"}


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", [Pair(1), Pair(1, 3), Wide(*range(13)), Box("x")])
def test_values_are_pickled_and_copied(value: Any, protocol: int) -> None:
    """What is unpickled or copied is equal and of the same class."""
    for again in (pickle.loads(pickle.dumps(value, protocol)), copy.copy(value), copy.deepcopy(value)):  # noqa: S301
        assert again == value
        assert type(again) is type(value)


def test_a_value_shows_its_fields() -> None:
    """The text for debugging is NamedTuple's."""
    assert [repr(value) for value in (Pair(1), Wide(*"abcdefghijklm"), Box(None))] == [
        "Pair(left=1, right=2)",
        "Wide(a='a', b='b', c='c', d='d', e='e', f='f', g='g', h='h', i='i', j='j', k='k', m='l', n='m', o=9)",
        "Box(content=None)",
    ]


def test_patterns_take_fields_by_place_and_by_name() -> None:
    """`match` sees the fields."""
    match Pair(4):
        case Pair(left, right=2):
            assert left == 4
        case _:
            pytest.fail("no match")


def test_a_struct_has_methods_and_can_be_inherited() -> None:
    """A subclass has the fields and the methods of the struct, and its values are its own."""

    class Special(Pair):
        __slots__ = ()

        def shown(self) -> str:
            return f"{self.both}"

    assert Special(1).shown() == "3"
    assert type(Special(1)._replace(left=5)) is Special
    assert type(Pair(1)) is Pair
    assert Box[int](1) == Box(1) == (1,)


def test_an_unknown_field_cannot_be_replaced() -> None:
    """A misspelt field is an error, as it is with a NamedTuple; which error that is changed in Python 3.13."""
    with pytest.raises((ValueError, TypeError), match=r"Got unexpected field names: \['lefft'\]"):
        Pair(1)._replace(lefft=1)  # type: ignore[call-arg]


def test_a_field_without_default_may_not_follow_one_with_a_default() -> None:
    """Else a default would be taken for the wrong field."""
    with pytest.raises(TypeError, match=r"^Wrong: a field without a default follows one with a default$"):

        class Wrong(Struct):
            a: int = 1
            b: int  # type: ignore[misc]


def test_what_makes_a_struct_may_not_be_replaced() -> None:
    """A `__new__` of one's own would never be called, or would hide a check: write a function that makes the value."""
    with pytest.raises(TypeError, match=r"^Own: a struct has its own __new__$"):

        class Own(Struct):
            a: int

            def __new__(cls) -> Self:  # type: ignore[misc]
                raise NotImplementedError
