"""Hysteresis: against SciPy's labels, for every height of bands."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray
from scipy import ndimage

from edgecli.geometry import bands
from edgecli.lines import hysteresis as runs
from edgecli.lines.hysteresis import find_runs, hysteresis, keep_connected, paint
from edgecli.rows.memory import Memory

images = npst.arrays("uint8", st.tuples(st.integers(1, 14), st.integers(1, 14)),
                     elements=st.integers(0, 4))  # fmt: skip


def by_labels(image: NDArray[Any], low: float, high: float, *, corners: bool = True) -> Any:
    """Keep the labelled components of what exceeds low that have a pixel over high."""
    weak = image > low
    labels, _ = ndimage.label(weak, np.ones((3, 3)) if corners else None)
    return weak & np.isin(labels, np.unique(labels[weak & (image > high)]))


def in_bands(image: NDArray[Any], low: float, high: float, rows: int) -> NDArray[np.bool_]:
    cuts = list(bands(len(image), rows))
    found = [find_runs(image[slice(*c)], low, high, Memory()).moved(c[0]) for c in cuts]
    kept = keep_connected(found)
    return np.concatenate([paint(*one) for one in zip(found, kept, cuts, strict=True)])


@pytest.mark.parametrize("sparse", [0.0, 1.0])  # every pixel is looked at; only the weak ones
@pytest.mark.parametrize("pixels", [0, 24])  # runs are searched for; counted where there are many
@given(images, st.integers(-1, 4), st.integers(-1, 4), st.booleans())
def test_hysteresis_equals_labels(
    pixels: int, sparse: float, image: NDArray[np.uint8], low: int, high: int, corners: bool
) -> None:
    expected = by_labels(image, low, high, corners=corners)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "SPARSE", sparse)
        patch.setattr(runs, "PIXELS_PER_SEARCH", pixels)
        found = hysteresis(image, low, high, corners=corners)
    np.testing.assert_array_equal(found, expected)


@given(images, st.integers(0, 3), st.booleans())
def test_counting_finds_what_searching_finds(
    image: NDArray[np.uint8], low: int, corners: bool
) -> None:
    found = find_runs(image, low, 4, Memory(), corners=corners)
    if len(found.starts):
        counted, searched = runs._count(found), runs._search(found, found)
        np.testing.assert_array_equal(runs.list_pairs(*counted), runs.list_pairs(*searched))


@given(images, st.integers(0, 3), st.integers(1, 14))
def test_bands_are_joined_at_their_seams(image: NDArray[np.uint8], low: int, rows: int) -> None:
    np.testing.assert_array_equal(in_bands(image, low, 3, rows), by_labels(image, low, 3))


def spiral(size: int) -> NDArray[np.uint8]:
    """Return one line of one pixel that winds from the corner to the middle."""
    image = np.zeros((size, size), np.uint8)
    r = c = 0
    turn, sides = (0, 1), size - 1
    lengths = [sides, sides, *(n for n in range(sides, 1, -2) for _ in (0, 1))]
    image[0, 0] = 1
    for length in [lengths[0], *lengths[1:]]:
        for _ in range(length):
            r, c = r + turn[0], c + turn[1]
            image[r, c] = 1
        turn = turn[1], -turn[0]
    return image


@pytest.mark.parametrize("rows", [1, 7, 100])
def test_a_spiral_hangs_together_however_it_is_cut(rows: int) -> None:
    image = spiral(41)
    image[0, 0] = 5
    weak = image > 0
    assert ndimage.label(weak)[1] == 1
    np.testing.assert_array_equal(in_bands(image, 0, 3, rows), weak)
    image[0, 0] = 1
    assert not in_bands(image, 0, 3, rows).any()


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("threads", [1, 3])
def test_larger_images_on_threads(share: float, threads: int) -> None:
    image = np.random.default_rng(3).random((700, 90), np.float32)
    low, high = 1 - share, 1 - share / 100
    found = hysteresis(image, low, high, threads=threads)
    np.testing.assert_array_equal(found, by_labels(image, low, high))


def test_nothing_weak_and_nothing_but_weak() -> None:
    assert not hysteresis(np.zeros((3, 3)), 0, 1).any()
    assert hysteresis(np.full((3, 3), 2.0), 0, 1).all()
    assert not hysteresis(np.full((3, 3), 0.5), 0, 1).any()


def test_nan_exceeds_nothing() -> None:
    image = np.array([[2, np.nan, 0.7]])
    assert hysteresis(image, 0.5, 1).tolist() == [[True, False, False]]
