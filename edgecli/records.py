"""Dataclasses that are quick to define: the one dialect of the package.

``dataclasses.dataclass`` compiles a class's methods from source text: for the fifty classes that a
photo's edges need, an eighth of the time that a small image takes. Here the standard library only
collects the fields, and shared functions look at them: a microsecond more for each object.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass", "field", "replace"]


def _dataclass(cls: Any = None, *, frozen: bool = False, eq: bool = True, init: bool = True) -> Any:
    """Make a class a dataclass.

    >>> @dataclass(frozen=True)
    ... class Size:
    ...     height: int
    ...     width: int = 1
    >>> Size(3), Size(3) == Size(height=3, width=1), replace(Size(3), width=2)
    (Size(height=3, width=1), True, Size(height=3, width=2))
    """
    if cls is None:
        return lambda made: _dataclass(made, frozen=frozen, eq=eq, init=init)
    dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
    fields = dataclasses.fields(cls)
    if init:
        cls.__init__ = _initializer(cls, fields)
    if eq:
        compared = tuple(f.name for f in fields if f.compare)
        cls.__eq__, cls.__hash__ = _comparisons(compared)
    if "__repr__" not in vars(cls):
        cls.__repr__ = _repr
    if frozen:
        cls.__setattr__, cls.__delattr__ = _refuse_to_set, _refuse_to_delete
    elif eq:
        cls.__hash__ = None  # what may change is no key
    return cls


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
                raise TypeError(f"{cls.__name__} has the fields {', '.join(names)}: give each once")
            self.__dict__.update(made)
        if finish is not None:
            finish(self)

    return initialize


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
