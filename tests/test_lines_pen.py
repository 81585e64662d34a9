"""The pen: every pixel a disc, whatever the bands that it is drawn in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import grey_dilation

from edgecli.detect.maps import Lines
from edgecli.lines.pen import Pen, chords
from edgecli.lines.thresholds import choose_threshold
from edgecli.paint.painting import Style
from edgecli.rows.memory import Memory
from tests.conftest import noise
from tests.detections import detected, settings_of

WIDTHS = [1, 2, 3, 4, 5, 6, 9, 30]


def disc(width: int) -> NDArray[np.bool_]:
    """Return the pixels whose centres lie in a disc of this diameter."""
    y, x = np.indices((width, width)) - (width - 1) / 2
    return np.asarray(x**2 + y**2 <= (width / 2) ** 2)


def widened(plane: NDArray[Any], width: int) -> NDArray[Any]:
    """Return the maximum over discs that lie to the right and below, by SciPy."""
    origin = 0 if width % 2 else -1
    return np.asarray(grey_dilation(plane, footprint=disc(width), mode="constant", origin=origin))


@pytest.mark.parametrize("width", WIDTHS)
def test_a_pixel_becomes_a_disc(width: int) -> None:
    plane = np.zeros((1, 70, 70), np.uint8)
    plane[0, 33, 35] = 9
    out = np.empty_like(plane)
    Pen(plane.shape, plane.dtype, width).compute([plane], 0, 70, out, Memory())
    rows, columns = np.nonzero(out[0])
    assert (rows.min(), columns.min()) == (33 - (width - 1) // 2, 35 - (width - 1) // 2)
    np.testing.assert_array_equal(
        out[0, rows.min() :, columns.min() :][:width, :width], disc(width) * 9
    )
    assert (out == 9).sum() == sum(chords(width))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["int16", "float32"])
def test_pictures_are_dilated_as_by_scipy(width: int, name: str) -> None:
    plane = np.random.default_rng(width).integers(0, 999, (23, 31)).astype(name)
    out = np.empty_like(plane[None])
    Pen((1, 23, 31), plane.dtype, width).compute([plane[None]], 0, 23, out, Memory())
    np.testing.assert_array_equal(out[0], widened(plane, width))


@pytest.mark.parametrize("threshold", [None, "300", "otsu", "auto", "200,400"])
@pytest.mark.parametrize("thin", [False, True])
@pytest.mark.parametrize("width", [2, 5])
def test_lines_are_chosen_first_and_drawn_then(
    threshold: str | None, thin: bool, width: int
) -> None:
    picture = noise(40, 300_000 // 40)  # several bands
    pair = (None, threshold) if threshold and "," in threshold else (threshold, None)
    lines = Lines(thin, choose_threshold(*pair))
    (thin_lines,), before = detected(picture, settings_of("sobel", lines=lines))
    (wide,), after = detected(picture, settings_of("sobel", lines=lines, style=Style(stroke=width)))
    np.testing.assert_array_equal(wide[..., 0], widened(thin_lines[..., 0], width))
    assert before.extremes[0].largest == after.extremes[0].largest
    assert before.extremes[0].smallest == after.extremes[0].smallest


def test_the_size_of_a_response_is_drawn_whatever_its_sign() -> None:
    picture = np.zeros((9, 12), np.uint8)
    picture[:, 6:] = 40  # positive of sobel-x, negative of its opposite
    for spec in ("sobel-x", "1 0 -1; 2 0 -2; 1 0 -1"):
        (wide,), _ = detected(picture, settings_of(spec, map="abs", style=Style(stroke=3)))
        assert wide[4, :, 0].tolist() == [0] * 4 + [160] * 4 + [0] * 4
