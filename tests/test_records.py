"""Records: what dataclasses promise, kept by methods that are not compiled."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from functools import cached_property
from typing import Any

import pytest

from edgecli.records import dataclass, field, replace


@dataclass(frozen=True)
class Point:
    """A place."""

    x: int
    y: int = 0
    note: str = field(default="", compare=False, repr=False)
    seen: list[int] = field(default_factory=list, compare=False)

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("x is negative")

    @cached_property
    def total(self) -> int:
        """Return a sum that is computed once."""
        return self.x + self.y


@dataclass(frozen=True, eq=False)
class Apart:
    """Equal to itself alone."""

    value: int


@dataclass
class Count:
    """May change."""

    value: int


def test_values_are_given_in_order_or_by_name_or_left_out() -> None:
    assert (Point(1).x, Point(1).y, Point(1).note, Point(1).seen) == (1, 0, "", [])
    assert Point(1, 2) == Point(y=2, x=1) == Point(1, y=2)


def test_defaults_that_are_made_belong_to_one_record_alone() -> None:
    first, second = Point(1), Point(1)
    first.seen.append(3)
    assert second.seen == []


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ((), {}),
        ((), {"y": 1}),
        ((1,), {"z": 2}),
        ((), {"z": 2}),
        ((1,), {"x": 2}),
        ((1, 2, "", [], 5), {}),
    ],
)
def test_values_that_do_not_fit(values: tuple[Any, ...], named: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="Point has the fields x, y, note, seen: give each once"):
        Point(*values, **named)


def test_a_record_checks_itself_when_it_is_made_and_when_it_is_replaced() -> None:
    with pytest.raises(ValueError, match="negative"):
        Point(-1)
    with pytest.raises(ValueError, match="negative"):
        replace(Point(1), x=-1)


def test_a_record_is_frozen() -> None:
    point = Point(1)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'x'"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'x'"):
        del point.x
    assert point == Point(1)


def test_a_record_that_may_change_is_no_key() -> None:
    count = Count(1)
    count.value += 1
    assert count == Count(2)
    with pytest.raises(TypeError, match="unhashable"):
        hash(count)


def test_equality_and_hash_are_those_of_the_compared_fields() -> None:
    assert Point(1, 2, "a") == Point(1, 2, "b")
    assert hash(Point(1, 2, "a")) == hash(Point(1, 2, "b"))
    assert Point(1, 2) != Point(2, 1)
    other: object = (1, 0)
    assert Point(1, 0) != other
    assert len({Point(1), Point(1), Point(2)}) == 2
    same = Apart(1)
    assert same == same  # noqa: PLR0124 (identity is what is tested)
    assert Apart(1) != Apart(1)


def test_what_it_shows() -> None:
    assert repr(Point(1, 2, "hidden")) == "Point(x=1, y=2, seen=[])"


def test_the_standard_library_takes_it_for_a_dataclass() -> None:
    point = Point(1, 2)
    assert dataclasses.is_dataclass(point)
    assert [f.name for f in dataclasses.fields(point)] == ["x", "y", "note", "seen"]
    assert dataclasses.asdict(point) == {"x": 1, "y": 2, "note": "", "seen": []}
    assert dataclasses.replace(point, y=3) == Point(1, 3)


def test_properties_may_be_kept() -> None:
    point = Point(1, 2)
    assert point.total == 3
    assert vars(point)["total"] == 3


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copies_are_equal(copied: Any) -> None:
    assert copied(Point(1, 2)) == Point(1, 2)


def test_it_goes_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(Point(1, 2))) == Point(1, 2)
