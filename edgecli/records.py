"""Frozen dataclasses that are quick to define.

``dataclasses.dataclass`` writes a class's methods as source text and compiles them. For a frozen
class that takes as long as loading a module of two hundred lines, and the edges of one photo need
fifty such classes: a third of all the time that ``edgecli`` took to start. Here fields are
collected by the standard library, and the methods are shared functions that look at them; an
object takes a microsecond more to make. ``replace``, ``fields`` and ``asdict`` work as ever.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["dataclass", "field", "replace"]

T = TypeVar("T")


def _dataclass(*, frozen: bool, eq: bool = True, init: bool = True) -> Callable[[type[T]], type[T]]:
    """Make a class a dataclass; ``frozen`` is always True, and stated for the reader.

    >>> @dataclass(frozen=True)
    ... class Size:
    ...     height: int
    ...     width: int = 1
    >>> Size(3), Size(3) == Size(height=3, width=1), replace(Size(3), width=2)
    (Size(height=3, width=1), True, Size(height=3, width=2))
    """
    if not frozen:
        raise TypeError("a record is frozen; use dataclasses.dataclass for others")

    def decorate(cls: type[T]) -> type[T]:
        made: Any = dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
        fields = dataclasses.fields(made)
        if init:
            made.__init__ = _initializer(made, fields)
        if eq:
            compared = tuple(f.name for f in fields if f.compare)
            made.__eq__, made.__hash__ = _comparisons(compared)
        if "__repr__" not in vars(made):
            made.__repr__ = _repr
        made.__setattr__, made.__delattr__ = _refuse_to_set, _refuse_to_delete
        return cls

    return decorate


if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass = _dataclass


def _initializer(cls: Any, fields: tuple[dataclasses.Field[Any], ...]) -> Callable[..., None]:
    """Return an ``__init__`` that takes the fields' values in order or by name."""
    names = tuple(f.name for f in fields)
    known = set(names)
    missing = dataclasses.MISSING
    defaults = {f.name: f.default for f in fields if f.default is not missing}
    factories = {f.name: f.default_factory for f in fields if f.default_factory is not missing}
    finish = getattr(cls, "__post_init__", None)

    def initialize(self: Any, *values: Any, **named: Any) -> None:
        if len(values) == len(names) and not named:  # twice as fast for what is made most often
            self.__dict__.update(zip(names, values, strict=True))
        else:
            given = dict(zip(names, values, strict=False), **named)
            made = defaults | given
            for name, factory in factories.items():
                if name not in given:
                    made[name] = factory()
            if len(values) + len(named) > len(given) or made.keys() != known:
                raise TypeError(_misfit(cls, names, made, values))
            self.__dict__.update(made)
        if finish is not None:
            finish(self)

    return initialize


def _misfit(
    cls: type, names: tuple[str, ...], made: dict[str, Any], values: tuple[Any, ...]
) -> str:
    """Say which values a record lacks or has no place for."""
    if missing := [name for name in names if name not in made]:
        return f"{cls.__name__}() lacks {', '.join(missing)}"
    if unknown := [name for name in made if name not in names]:
        return f"{cls.__name__}() has no {', '.join(unknown)}"
    if len(values) > len(names):
        return f"{cls.__name__}() has {len(names)} fields, not {len(values)}"
    return f"{cls.__name__}() has a value given both in order and by name"


def _comparisons(names: tuple[str, ...]) -> tuple[Callable[..., Any], Callable[..., int]]:
    """Return ``__eq__`` and ``__hash__`` over the fields of these names."""

    def values(record: Any) -> tuple[Any, ...]:
        own = vars(record)
        return tuple(own[name] for name in names)

    def equal(self: Any, other: object) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return values(self) == values(other)

    def hashed(self: Any) -> int:
        return hash(values(self))

    return equal, hashed


def _repr(self: Any) -> str:
    shown = (f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self) if f.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse_to_set(self: Any, name: str, value: object) -> None:
    del self, value
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: Any, name: str) -> None:
    del self
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
