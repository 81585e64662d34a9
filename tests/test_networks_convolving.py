"""Convolutions of networks: a row has the same bits in every run, and sees what its window sees."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgecli.geometry import Window, parse_padding_mode
from edgecli.networks import convolving
from edgecli.networks.convolving import Convolving
from edgecli.rows.memory import Memory
from tests.networks_reference import volume

MODES = ["zeros", "replicate", "reflect", "circular", "constant:7"]
steps = st.tuples(st.integers(1, 3), st.integers(1, 3))


def laid(window: Window, channels: int, filters: int, height: int, width: int) -> Convolving:
    """Return a step with random weights over an image."""
    geometry = window.over(height, width)
    weight = volume(1, filters, channels, *window.kernel_size)
    shape = (filters, *geometry.output_shape)
    bias = volume(2, filters)
    return Convolving(shape, weight, bias, geometry, window.padding_mode, 1, "relu")


def rows_of(step: Convolving, image: NDArray[Any], start: int, stop: int) -> NDArray[np.float32]:
    """Return rows of output, computed from the rows that they need and nothing else."""
    ((low, high),) = step.needed(start, stop)
    out = np.full((step.shape[0], stop - start, step.shape[2]), np.nan, np.float32)
    with Memory() as memory:
        step.compute([image[:, low:high]], start, stop, out, memory)
    return out


@given(steps, steps, st.sampled_from(MODES), st.integers(1, 20), st.integers(5, 70))
@settings(max_examples=40)
def test_every_run_of_rows_gives_the_same_bits(
    stride: tuple[int, int], dilation: tuple[int, int], mode: str, rows: int, width: int
) -> None:
    window = Window((3, 2), stride, dilation, "same", parse_padding_mode(mode))
    step, image = laid(window, 3, 5, 23, width), volume(3, 3, 23, width)
    height = step.shape[1]
    runs = [(n, min(n + rows, height)) for n in range(0, height, rows)]
    parts = [rows_of(step, image, *run) for run in runs]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), rows_of(step, image, 0, height))


@pytest.mark.parametrize("window_bytes", [1, 2**12, 2**14])
def test_the_size_of_the_cache_changes_no_bit(
    window_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = Window((3, 3), padding="same", padding_mode=parse_padding_mode("replicate"))
    step, image = laid(window, 4, 6, 40, 100), volume(4, 4, 40, 100)
    monkeypatch.setattr(convolving, "SMALL_PRODUCT", 40_000)  # columns are multiplied in turn
    whole = rows_of(step, image, 0, 40)
    monkeypatch.setattr(convolving, "WINDOW_BYTES", window_bytes)
    np.testing.assert_array_equal(rows_of(step, image, 0, 40), whole)


def test_only_windows_that_see_nan_become_nan() -> None:
    window = Window((3, 3), dilation=(2, 3), padding="same")
    step, image = laid(window, 2, 4, 20, 30), volume(5, 2, 20, 30)
    image[1, 10, 15] = np.nan
    seen = np.zeros((20, 30), bool)
    seen[8:13:2, 12:19:3] = True
    with np.errstate(invalid="ignore"):
        found = np.isnan(rows_of(step, image, 0, 20))
    assert (found == seen).all()
