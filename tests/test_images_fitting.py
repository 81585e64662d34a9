"""A sign found in an image: any size, any place, dark or light, and always brought to one place."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edgecli.errors import ImageError
from edgecli.images.fitting import fitted
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import Source

SHAPE = (3, 32, 32)
Picture = NDArray[np.float64]


def scene(height: int, width: int, rows: slice, cols: slice) -> Picture:
    """Return a picture of 0 to 1, black but for a white letter L that fills rows and columns."""
    picture = np.zeros((height, width))
    tall, wide = rows.stop - rows.start, cols.stop - cols.start
    picture[rows, cols.start : cols.start + max(wide // 4, 1)] = 1
    picture[rows.stop - max(tall // 5, 1) : rows.stop, cols] = 1
    return picture


L = scene(60, 80, slice(10, 50), slice(30, 54))
VIGNETTE = 1 - 0.2 * np.add.outer(np.linspace(-1, 1, 130) ** 2, np.linspace(-1, 1, 180) ** 2)
"""How light falls off towards the corners of a photo ``(130, 180)``."""


def source(picture: Picture) -> ArraySource:
    return ArraySource.of(np.rint(picture * 255).astype(np.uint8))


def pixels(found: Source) -> NDArray[np.uint8]:
    (rows,) = found.blocks([(0, found.shape[0])])
    return np.asarray(rows)


def box(shown: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Return the first and last row and column of what is darker than grey."""
    rows, cols = np.nonzero(shown[..., 0] < 128)
    return int(rows.min()), int(rows.max()), int(cols.min()), int(cols.max())


def test_a_sign_gets_20_pixels_in_the_middle_dark_on_white() -> None:
    found = fitted(source(1 - L), SHAPE)
    shown = pixels(found)
    assert found.shape == (32, 32, 3)
    assert shown.dtype == np.uint8
    assert box(shown) == (6, 25, 10, 21)
    assert (shown.min(), shown.max()) == (0, 255)
    assert (shown[..., 0] == shown[..., 2]).all()


@pytest.mark.parametrize(
    "picture",
    [
        L,
        0.3 + 0.2 * L,
        0.9 - 0.3 * L,
        L.repeat(20, 0).repeat(20, 1),
        1 - L[10:50, 30:54],
        np.stack([L, 0.5 * L, 0.2 * L], -1),
        (1 - L) * np.linspace(0.5, 1, 80),
        np.pad(1 - 0.5 * L, ((60, 10), (80, 20)), constant_values=1) * VIGNETTE,
    ],
    ids=["light", "faint", "dark", "large", "cut", "colour", "shaded", "vignette"],
)
def test_light_size_margin_and_colour_do_not_matter(picture: Picture) -> None:
    shown = pixels(fitted(source(picture), SHAPE))
    apart = np.abs(shown.astype(int) - pixels(fitted(source(1 - L), SHAPE)))
    assert apart.mean() < 8
    assert box(shown) == (6, 25, 10, 21)


@pytest.mark.parametrize("seen", ["red", "green"])
def test_ink_as_bright_as_its_paper_is_seen_by_its_colour(seen: str) -> None:
    paper = np.array([60, 128, 60]) if seen == "red" else np.array([128, 128, 0])
    pen = np.array([193, 60, 60]) if seen == "red" else np.array([128, 108, 103])
    picture = np.where(L[..., np.newaxis] > 0, pen, paper).astype(np.uint8)
    found = fitted(ArraySource.of(picture), SHAPE)
    assert box(pixels(found)) == (6, 25, 10, 21)
    assert f"seen by its {seen} alone" in found.info.notes[-1]


def test_noise_and_specks_are_no_ink() -> None:
    random = np.random.default_rng(0)
    large = (0.8 - 0.6 * L).repeat(6, 0).repeat(6, 1)
    large[5:7, 5:7] = 0.1
    shown = pixels(fitted(source((large + random.normal(0, 0.02, large.shape)).clip(0, 1)), SHAPE))
    assert box(shown) == (6, 25, 10, 21)


def test_a_thin_line_in_a_large_picture_is_no_speck() -> None:
    picture = np.ones((300, 300))
    picture[50:250, 150] = 0
    top, bottom, left, right = box(pixels(fitted(source(picture), SHAPE)))
    assert (bottom - top, right - left) == (19, 0)


def test_white_is_what_is_said() -> None:
    dark = ArraySource.of(np.rint((1 - L) * 1023).astype(np.uint16))
    assert box(pixels(fitted(dark, SHAPE, 1023))) == (6, 25, 10, 21)
    with pytest.raises(ImageError, match="no sign"):  # of 65535 it is nearly nothing
        fitted(dark, SHAPE)


def test_numbers_that_are_no_brightness_do_no_harm() -> None:
    picture = (1 - L).astype(np.float32)
    picture[0, :4] = np.nan, np.inf, -np.inf, 1e30
    assert box(pixels(fitted(ArraySource.of(picture), SHAPE))) == (6, 25, 10, 21)
    with pytest.raises(ImageError, match="no sign"):
        fitted(ArraySource.of(np.full((9, 9), np.nan, np.float32)), SHAPE)


def test_a_grey_network_gets_a_grey_picture() -> None:
    assert fitted(source(L), (1, 28, 28)).shape == (28, 28, 1)


def test_the_note_says_what_was_done_in_the_images_own_pixels() -> None:
    dark, light = source(1 - L), source(L)
    fitted(dark, SHAPE)
    fitted(light, SHAPE)
    rest = "made grey and brought to the middle of 32×32 pixels"
    assert dark.info.notes == [f"was cropped to rows 10–49 and columns 30–53, {rest}"]
    assert light.info.notes == [f"was cropped to rows 10–49 and columns 30–53, inverted, {rest}"]
    large = source(1 - L.repeat(20, 0).repeat(20, 1))
    fitted(large, SHAPE)
    rows, cols = (tuple(map(int, part.split("–"))) for part in _numbers(large.info.notes[0]))
    np.testing.assert_allclose(rows + cols, (200, 999, 600, 1079), atol=4)


def _numbers(note: str) -> list[str]:
    return [word.strip(",") for word in note.split() if "–" in word]


@pytest.mark.parametrize("grey", [0.0, 0.5, 1.0])
def test_an_image_without_a_sign(grey: float) -> None:
    with pytest.raises(ImageError, match="shows no sign that stands out from its paper; give"):
        fitted(source(np.full((40, 30), grey)), SHAPE)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (3, 3)])
def test_images_of_few_pixels(shape: tuple[int, int]) -> None:
    picture = np.zeros(shape)
    picture[shape[0] // 2, shape[1] // 2] = 1
    try:
        assert fitted(source(picture), SHAPE).shape == (32, 32, 3)
    except ImageError:
        assert max(shape) < 3
