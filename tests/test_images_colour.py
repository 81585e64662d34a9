"""Colours to planes: luma and alpha against exact arithmetic, planes against slices."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from PIL import Image

from edgecli.errors import ImageError, UsageError
from edgecli.images.colour import (
    CHANNELS,
    WHITE,
    composite,
    luma,
    parse_colour,
    to_volume,
    volume_channels,
)

Pixels = NDArray[Any]
TYPES_WITH_ALPHA = ("uint8", "uint16", "float32")
TYPES = (*TYPES_WITH_ALPHA, "int16", "int32")


def pixels(*shape: int, dtype: str = "uint8", seed: int = 0) -> Pixels:
    """Return noise over the type's whole range, 0 to 1 for float32."""
    generator = np.random.default_rng(seed)
    if dtype == "float32":
        return generator.random(shape, np.float32)
    limits = np.iinfo(dtype)
    return generator.integers(limits.min, limits.max, shape, dtype, endpoint=True)


# ---- colours as text --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("white", (255, 255, 255)),
        (" Orange ", (255, 165, 0)),
        ("#fff", (255, 255, 255)),
        ("#0aF", (0, 170, 255)),
        ("#102030", (16, 32, 48)),
        ("1,2,3", (1, 2, 3)),
        ("255 , 0 , 128", (255, 0, 128)),
    ],
)
def test_a_colour_is_a_name_or_numbers(text: str, colour: tuple[int, int, int]) -> None:
    assert parse_colour(text) == colour


@pytest.mark.parametrize(
    "text",
    ["", "chalk", "#", "#12", "#12345", "#ggg", "fff", "1,2", "1,2,3,4", "256,0,0", "-1,0,0"],
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"is unknown; give #rrggbb") as caught:
        parse_colour(text)
    assert repr(text) in str(caught.value)


def test_a_name_nearby_is_asked_back() -> None:
    with pytest.raises(UsageError, match="'whit' is unknown; did you mean 'white'"):
        parse_colour("whit")


@given(st.text(max_size=12))
def test_no_text_makes_parsing_fail_otherwise(text: str) -> None:
    try:
        colour = parse_colour(text)
    except UsageError:
        return
    assert all(0 <= value <= 255 for value in colour)


# ---- luma -------------------------------------------------------------------------------------


def exact_luma(rows: Pixels) -> Pixels:
    weighted = rows.astype(object) * [19595, 38470, 7471]
    exact: Pixels = (weighted.sum(axis=2) + 32768) // 65536
    return exact


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32"])
def test_luma_of_integers_is_the_formula(dtype: str) -> None:
    rows = pixels(40, 50, 3, dtype=dtype)
    limits = np.iinfo(dtype)
    rows[0, :2] = [[limits.max] * 3, [limits.min] * 3]
    result = luma(rows)
    assert result.dtype == dtype
    assert (result == exact_luma(rows)).all()


def test_luma_of_bytes_is_pillows() -> None:
    steps = np.arange(0, 256, 3, dtype=np.uint8)
    rows = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(86, -1, 3)
    assert (luma(rows) == np.asarray(Image.fromarray(rows).convert("L"))).all()


def test_luma_of_floats_is_weighted_and_keeps_nan() -> None:
    rows = pixels(5, 6, 3, dtype="float32")
    rows[2, 3, 1] = np.nan
    expected = 0.299 * rows[..., 0] + 0.587 * rows[..., 1] + 0.114 * rows[..., 2]
    assert luma(rows).dtype == np.float32
    np.testing.assert_allclose(luma(rows), expected, rtol=1e-6)


@pytest.mark.parametrize("dtype", TYPES)
def test_luma_takes_any_view_and_leaves_it_alone(dtype: str) -> None:
    rows = pixels(9, 8, 4, dtype=dtype)
    view = rows[::2, ::-1, :3]
    before = rows.copy()
    np.testing.assert_allclose(luma(view), luma(np.ascontiguousarray(view)), rtol=1e-6)
    assert (rows == before).all()


@pytest.mark.parametrize("dtype", TYPES)
def test_grey_is_its_own_luma(dtype: str) -> None:
    rows = pixels(4, 5, 1, dtype=dtype)
    assert (luma(rows) == rows[..., 0]).all()


# ---- alpha ------------------------------------------------------------------------------------


def exact_composite(rows: Pixels, background: Pixels) -> Pixels:
    opaque = int(np.iinfo(rows.dtype).max)
    colour, alpha = rows[..., :-1].astype(object), rows[..., -1:].astype(object)
    mixed = colour * alpha + background.astype(object) * (opaque - alpha)
    exact: Pixels = (2 * mixed + opaque) // (2 * opaque)
    return exact


@pytest.mark.parametrize("background", [0, 1, 100, 254, 255])
def test_every_grey_over_every_alpha_is_rounded_to_nearest(background: int) -> None:
    steps = np.arange(256, dtype=np.uint8)
    rows = np.stack(np.meshgrid(steps, steps), axis=-1)
    expected = exact_composite(rows, np.array([background]))
    assert (composite(rows, (background,) * 3) == expected).all()


@given(
    hnp.arrays(np.uint16, (3, 4, 4)),
    st.tuples(*[st.integers(0, 255)] * 3),
)
def test_16_bits_over_a_scaled_background_are_rounded_to_nearest(
    rows: Pixels, background: tuple[int, int, int]
) -> None:
    result = composite(rows, background)
    assert result.dtype == np.uint16
    assert (result == exact_composite(rows, np.array(background) * 257)).all()


def test_opaque_stays_and_transparent_becomes_the_background() -> None:
    for dtype in ("uint8", "uint16"):
        rows = pixels(3, 4, 4, dtype=dtype)
        opaque = np.iinfo(dtype).max
        rows[..., 3] = opaque
        assert (composite(rows, (1, 2, 3)) == rows[..., :3]).all()
        rows[..., 3] = 0
        assert (composite(rows, (1, 2, 3)) == np.array([1, 2, 3]) * (opaque // 255)).all()


def test_floats_have_the_background_in_0_to_1() -> None:
    rows = np.array([[[0.25, 0.5, 0.75, 0.5], [9.0, 9.0, 9.0, 0.0]]], np.float32)
    result = composite(rows, (255, 51, 0))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, [[[0.625, 0.35, 0.375], [1.0, 0.2, 0.0]]], rtol=1e-6)


def test_grey_with_alpha_takes_the_backgrounds_luma() -> None:
    clear = np.zeros((1, 1, 2), np.uint8)
    assert composite(clear, (255, 0, 0)).tolist() == [[[76]]]


@pytest.mark.parametrize("dtype", ["int16", "int32"])
def test_alpha_of_signed_samples_is_refused(dtype: str) -> None:
    with pytest.raises(ImageError, match="has no opaque value; remove the alpha channel"):
        composite(pixels(2, 2, 4, dtype=dtype))


def test_compositing_leaves_its_rows_alone() -> None:
    rows = pixels(5, 6, 4)
    before = rows.copy()
    composite(rows, (9, 9, 9))
    assert (rows == before).all()


@given(hnp.arrays(np.float32, (2, 3, 4)))
def test_no_float_makes_a_warning(rows: Pixels) -> None:
    for channels in CHANNELS:
        assert to_volume(rows, channels).dtype == np.float32
        assert to_volume(rows[..., :3], channels).dtype == np.float32


# ---- planes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("C", "dtype"),
    [*itertools.product((1, 3), TYPES), *itertools.product((2, 4), TYPES_WITH_ALPHA)],
)
@pytest.mark.parametrize("channels", CHANNELS)
def test_a_volume_has_the_channels_and_the_type_that_were_foretold(
    C: int, channels: str, dtype: str
) -> None:
    rows = pixels(5, 7, C, dtype=dtype)
    volume = to_volume(rows, channels, WHITE)
    assert volume.shape == (volume_channels(channels, C), 5, 7)
    assert volume.dtype == dtype


def test_colour_planes_are_slices() -> None:
    rows = pixels(5, 7, 3)
    for channels in ("rgb", "each", "max"):
        volume = to_volume(rows, channels)
        assert (volume == rows.transpose(2, 0, 1)).all()
        assert volume.flags.c_contiguous
    for index, channels in enumerate(("red", "green", "blue")):
        assert (to_volume(rows, channels) == rows[np.newaxis, ..., index]).all()
    assert (to_volume(rows, "gray")[0] == luma(rows)).all()


def test_grey_is_three_equal_channels_for_rgb_alone() -> None:
    rows = pixels(5, 7, 1)
    plane = rows[..., 0]
    assert (to_volume(rows, "rgb") == np.stack([plane] * 3)).all()
    for channels in ("gray", "each", "max", "red", "green", "blue"):
        assert (to_volume(rows, channels) == plane[np.newaxis]).all()


@pytest.mark.parametrize("channels", CHANNELS)
def test_alpha_is_composited_first(channels: str) -> None:
    rows = pixels(5, 7, 4)
    background = (10, 20, 30)
    expected = to_volume(composite(rows, background), channels)
    assert (to_volume(rows, channels, background) == expected).all()


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("C", [1, 2, 3, 4])
def test_bands_are_the_whole(C: int, channels: str) -> None:
    rows = pixels(11, 7, C)
    whole = to_volume(rows, channels)
    parts = [to_volume(rows[top : top + 4], channels) for top in range(0, 11, 4)]
    assert (np.concatenate(parts, axis=1) == whole).all()
