"""Working memory: a stack that nobody else writes to, and that stops growing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgecli.rows import memory as memories
from edgecli.rows.memory import ALIGNMENT, LEAST, Memory, borrowed_memory

Array = NDArray[Any]

shapes = st.tuples(st.integers(0, 9), st.integers(0, 9))
types = st.sampled_from(["bool", "uint8", "int16", "float32", "int64"])
nested = st.recursive(
    st.lists(st.tuples(shapes, types), max_size=3),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)


def use(memory: Memory, plan: list[Any], number: int = 1) -> None:
    """Take arrays as a plan says, fill each with a number of its own, and look at all again."""
    held: list[tuple[Array, Array]] = []
    with memory:
        for one in plan:
            if isinstance(one, tuple):
                array = memory.take(*one)
                assert (array.shape, array.dtype) == (one[0], np.dtype(one[1]))
                assert array.ctypes.data % array.itemsize == 0
                array.fill(number + len(held))
                held.append((array, array.copy()))
            else:
                use(memory, one, number + 1)
        for array, expected in held:
            np.testing.assert_array_equal(array, expected)


@given(st.lists(st.tuples(shapes, types) | nested, max_size=4))
def test_no_array_is_written_over_while_it_is_held(plan: list[Any]) -> None:
    memory = Memory()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memories, "LEAST", 256)  # several blocks
        for number in range(4):
            use(memory, plan, number)
            size = memory.size
        use(memory, plan)
    assert memory.size == size  # what was too small has grown


def test_what_is_free_is_taken_again() -> None:
    memory = Memory()
    with memory:
        outer, places = memory.take((3,), np.uint8).ctypes.data, []
        for _ in range(2):
            with memory:
                places.append(memory.take((100,), np.float32).ctypes.data)
    assert places == [outer + ALIGNMENT] * 2


def test_memory_is_free_again_after_an_error() -> None:
    memory = Memory()
    for _ in range(3):
        with pytest.raises(ValueError, match="size"), memory:
            memory.take((1000,), np.uint8).reshape(7)
    assert memory.size == memories.LEAST


def test_an_idle_memory_is_lent_again_unless_it_is_large() -> None:
    memories._idle.clear()
    with borrowed_memory() as first, borrowed_memory() as second:
        assert first is not second
    with borrowed_memory() as third, third:
        assert third in (first, second)
        third.take((memories.LARGEST_KEPT + 1,), np.uint8)
    assert third not in memories._idle
    assert len(memories._idle) == 1


def test_what_is_kept_is_what_was_used_however_the_blocks_grew() -> None:
    memory = Memory()
    for _ in range(2):
        with memory:
            memory.reserve(3 * LEAST)
            memory.take((3 * LEAST,), np.uint8)
            with memory:
                memory.take((ALIGNMENT,), np.uint8)
        assert memory.size == 3 * LEAST + ALIGNMENT
