"""Values with named fields that do not change: `Struct` is written and used like a NamedTuple, and is made sooner.

    class Peer(Struct):
        name: str
        port: int = 443

For mypy it *is* `typing.NamedTuple`.  That one writes the source text of a function for each class and compiles it, and
a start makes a hundred classes of which it fills half.  Here a class costs its dictionary, and its `__new__` is made
with its first value: one of the functions below, with the names of the fields in the place of the letters.
Modules with structs begin with `from __future__ import annotations`, as all of this package do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

__all__ = ["Struct"]

if TYPE_CHECKING:
    from typing import NamedTuple as Struct
else:
    from collections import _tuplegetter

    _new = tuple.__new__

    _MAKERS = (
        lambda _cls: _new(_cls, ()),
        lambda _cls, a: _new(_cls, (a,)),
        lambda _cls, a, b: _new(_cls, (a, b)),
        lambda _cls, a, b, c: _new(_cls, (a, b, c)),
        lambda _cls, a, b, c, d: _new(_cls, (a, b, c, d)),
        lambda _cls, a, b, c, d, e: _new(_cls, (a, b, c, d, e)),
        lambda _cls, a, b, c, d, e, f: _new(_cls, (a, b, c, d, e, f)),
        lambda _cls, a, b, c, d, e, f, g: _new(_cls, (a, b, c, d, e, f, g)),
        lambda _cls, a, b, c, d, e, f, g, h: _new(_cls, (a, b, c, d, e, f, g, h)),
        lambda _cls, a, b, c, d, e, f, g, h, i: _new(_cls, (a, b, c, d, e, f, g, h, i)),
        lambda _cls, a, b, c, d, e, f, g, h, i, j: _new(_cls, (a, b, c, d, e, f, g, h, i, j)),
        lambda _cls, a, b, c, d, e, f, g, h, i, j, k: _new(_cls, (a, b, c, d, e, f, g, h, i, j, k)),
        lambda _cls, a, b, c, d, e, f, g, h, i, j, k, m: _new(_cls, (a, b, c, d, e, f, g, h, i, j, k, m)),
        lambda _cls, a, b, c, d, e, f, g, h, i, j, k, m, n: _new(_cls, (a, b, c, d, e, f, g, h, i, j, k, m, n)),
    )
    """By the number of fields; the few wider structs get their `__new__` from `namedtuple`."""

    def _maker(struct: type) -> object:
        """The `__new__` of a struct: every field by place or by name, and nothing else."""
        fields, defaults = struct._fields, tuple(struct._field_defaults.values())
        if len(fields) >= len(_MAKERS):
            from collections import namedtuple  # here, since most have fewer fields

            return namedtuple(struct.__name__, fields, defaults=defaults).__new__  # noqa: PYI024 - no field has a type
        like = _MAKERS[len(fields)]
        code = like.__code__.replace(co_varnames=("_cls", *fields), co_name="__new__")
        made = type(like)(code, globals(), "__new__", defaults or None)
        made.__qualname__ = f"{struct.__name__}.__new__"
        return made

    class _Values(tuple):
        """What all structs inherit."""

        __slots__ = ()

        def __new__(cls, /, *values: object, **named: object) -> Self:
            """The first value of a class: make the `__new__` of its own, which hides this one, and call that."""
            struct = next(base for base in cls.__mro__ if "_fields" in vars(base))
            struct.__new__ = staticmethod(_maker(struct))
            return struct.__new__(cls, *values, **named)

        @classmethod
        def _make(cls, iterable: object, /) -> _Values:
            made = _new(cls, iterable)
            if len(made) != len(cls._fields):
                raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
            return made

        def _replace(self, /, **named: object) -> _Values:
            made = _new(type(self), map(named.pop, self._fields, self))
            if named:
                raise ValueError(f"Got unexpected field names: {list(named)!r}")
            return made

        __replace__ = _replace  # for copy.replace, from Python 3.13 on

        def _asdict(self) -> dict[str, object]:
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self) -> str:
            shown = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
            return f"{type(self).__name__}({shown})"

        def __getnewargs__(self) -> tuple[object, ...]:
            return tuple(self)

    _GETTERS = tuple(_tuplegetter(place, f"Alias for field number {place}") for place in range(32))

    _TAKEN = frozenset(("__new__", "__init__", "__slots__", "__getnewargs__", "_make", "_replace", "_asdict"))

    class _StructType(type):
        """Makes the class that `class X(Struct)` asks for; it is one of `type`, as with NamedTuple."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, object]) -> type:
            for taken in _TAKEN.intersection(body):
                raise TypeError(f"{name}: a struct has its own {taken}")
            fields = tuple(body["__annotations__"])
            defaults = {field: body[field] for field in fields if field in body}
            if tuple(defaults) != fields[len(fields) - len(defaults) :]:
                raise TypeError(f"{name}: a field without a default follows one with a default")
            body.update(zip(fields, _GETTERS[: len(fields)], strict=True))
            body |= {"__slots__": (), "__match_args__": fields, "_fields": fields, "_field_defaults": defaults}
            return type(name, tuple(_Values if base is Struct else base for base in bases), body)

    Struct = type.__new__(_StructType, "Struct", (), {})
