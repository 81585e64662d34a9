"""Responses to pixels, against the formula in exact arithmetic."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from edgecli.paint.rendering import (
    DEPTHS,
    MAPS,
    Extremes,
    Scale,
    choose_scale,
    finite_extremes,
    measure,
    render,
    rendered_dtype,
    scale_from_extremes,
)
from edgecli.rows.memory import Memory
from edgecli.rows.samples import full_scale, sample_range

UINT8, UINT16, FLOAT = (np.dtype(name) for name in ("uint8", "uint16", "float32"))
responses = npst.arrays(
    st.sampled_from(["int16", "int32"]), (3, 4), elements=st.integers(-2000, 2000)
)


def rendered(response: Any, scale: Scale | None, samples: np.dtype[Any] = UINT8) -> NDArray[Any]:
    assert scale is not None
    array = np.asarray(response)
    out = np.empty(array.shape, samples)
    render(array, scale, out, Memory())
    return out


def rounded(value: Fraction) -> int:
    """Round to the nearest, halves up."""
    return int((value + Fraction(1, 2)) // 1)


@given(responses)
def test_abs_saturates(response: NDArray[Any]) -> None:
    pixels = rendered(response, choose_scale("abs", 255, UINT8, 0))
    np.testing.assert_array_equal(pixels, np.minimum(np.abs(response), 255))


@given(responses)
def test_clip_makes_negative_black(response: NDArray[Any]) -> None:
    pixels = rendered(response, choose_scale("clip", 255, UINT8, 0))
    np.testing.assert_array_equal(pixels, np.clip(response, 0, 255))


@given(responses, st.sampled_from([2000, 4080, 765 * 3]), st.sampled_from([UINT8, UINT16]))
def test_gain_divides_by_the_largest_response(
    response: NDArray[Any], largest: int, samples: np.dtype[Any]
) -> None:
    pixels = rendered(response, choose_scale("gain", 255, samples, largest), samples)
    limit = int(np.iinfo(samples).max)
    for value, pixel in zip(response.ravel().tolist(), pixels.ravel().tolist(), strict=True):
        exact = Fraction(abs(value) * limit, largest)
        assert abs(pixel - exact) <= Fraction(1, 2) + Fraction(1, 200)


@given(responses, st.sampled_from([UINT8, UINT16]))
def test_minmax_takes_the_smallest_to_black_and_the_largest_to_white(
    response: NDArray[Any], samples: np.dtype[Any]
) -> None:
    extremes = measure(response, None)
    pixels = rendered(response, scale_from_extremes("minmax", samples, extremes), samples)
    low, high = int(response.min()), int(response.max())
    limit = int(np.iinfo(samples).max)
    for value, pixel in zip(response.ravel().tolist(), pixels.ravel().tolist(), strict=True):
        exact = Fraction((value - low) * limit, max(high - low, 1))
        assert abs(pixel - rounded(exact)) <= (samples == UINT16 or abs(exact % 1 - 0.5) < 1e-3)
    assert pixels[response == low].max() == 0
    assert high == low or pixels[response == high].min() == limit


@given(responses, st.sampled_from([UINT8, UINT16]))
def test_signed_has_zero_at_mid_grey_and_the_strongest_at_an_end(
    response: NDArray[Any], samples: np.dtype[Any]
) -> None:
    scale = scale_from_extremes("signed", samples, measure(response, None))
    pixels = rendered(response, scale, samples)
    limit = int(np.iinfo(samples).max)
    middle = (limit + 1) // 2
    assert (pixels[response == 0] == middle).all()
    assert (pixels[response > 0] >= middle).all()
    assert (pixels[response < 0] <= middle).all()
    strongest = int(np.abs(response.astype(int)).max())
    if strongest:
        assert (pixels[response == strongest] == limit).all()
        assert (pixels[response == -strongest] == 2 * middle - limit).all()


def test_minmax_and_signed_of_one_value_are_flat() -> None:
    extremes = Extremes(7, 7)
    assert rendered([7], scale_from_extremes("minmax", UINT8, extremes)).tolist() == [0]
    zero = scale_from_extremes("signed", UINT8, Extremes(0, 0))
    assert rendered([0], zero).tolist() == [128]


@pytest.mark.parametrize(
    ("map_name", "finite", "shown"),
    [
        ("minmax", [-2.0, 2.0], [0, 255]),
        ("signed", [-2.0, 1.0], [1, 192]),
        ("minmax", [3e38, 3e38], [0, 0]),
        ("minmax", [1e-40, 1e-40], [0, 0]),
        ("signed", [0.0, 0.0], [128, 128]),
        ("minmax", [], []),
        ("signed", [], []),
    ],
)
def test_minmax_and_signed_saturate_infinities(
    map_name: str, finite: list[float], shown: list[int]
) -> None:
    response = np.array([-np.inf, *finite, np.inf, np.nan], np.float32)
    extremes = finite_extremes(response, measure(response, None))
    with np.errstate(invalid="ignore"):
        pixels = rendered(response, scale_from_extremes(map_name, UINT8, extremes))
    assert pixels.tolist() == [0, *shown, 255, 0]


def test_gain_of_a_filter_of_zeros_is_black() -> None:
    assert rendered([0, 0], choose_scale("gain", 255, UINT8, 0)).tolist() == [0, 0]


def test_16_bit_responses_of_8_bit_images_fill_16_bits() -> None:
    scale = choose_scale("abs", 255, UINT16, 0)
    assert rendered([0, 1, -255, 256], scale, UINT16).tolist() == [0, 257, 65535, 65535]


def test_float_samples_are_neither_rounded_nor_cut() -> None:
    scale = choose_scale("abs", 255, FLOAT, 0)
    np.testing.assert_allclose(rendered([-510, 51], scale, FLOAT), [2.0, 0.2])
    signed = scale_from_extremes("signed", FLOAT, Extremes(-4, 2))
    np.testing.assert_allclose(rendered([-4.0, 0.0, 2.0], signed, FLOAT), [0, 0.5, 0.75])


def test_clip_makes_negative_black_in_floats_too() -> None:
    response = np.array([-2.0, -0.01, -np.inf, 0.0, 0.25, 3.0, np.nan], np.float32)
    shown = rendered(response, choose_scale("clip", 1.0, FLOAT, 0), FLOAT)
    np.testing.assert_array_equal(shown, np.array([0, 0, 0, 0, 0.25, 3, np.nan], np.float32))


@pytest.mark.parametrize(("map_name", "clipped"), [("abs", 0), ("clip", 3), ("gain", 0)])
def test_floats_clip_nothing_but_what_is_negative_and_dropped(map_name: str, clipped: int) -> None:
    response = np.array([-2.0, -0.01, -np.inf, 0.0, 1.4, 3.0, np.inf, np.nan], np.float32)
    assert measure(response, choose_scale(map_name, 1.0, FLOAT, 2.0)).clipped == clipped
    whole = np.array([-2, -1, -999, 0, 4, 300], np.int16)
    assert measure(whole, choose_scale(map_name, 255, FLOAT, 2.0)).clipped == clipped


@pytest.mark.parametrize("map_name", ["abs", "clip", "gain"])
def test_nan_is_black_in_integers_and_stays_in_floats(map_name: str) -> None:
    response = np.array([np.nan, 0.25, np.inf], np.float32)
    pixels = rendered(response, choose_scale(map_name, 1.0, UINT8, 1.0))
    assert pixels.tolist() == [0, 64, 255]
    assert np.isnan(rendered(response, choose_scale(map_name, 1.0, FLOAT, 1.0), FLOAT)[0])


@given(
    npst.arrays("float32", 9, elements=st.floats(-3, 3, width=32)),
    st.sampled_from(["abs", "clip", "gain"]),
    st.sampled_from([UINT8, UINT16]),
)
def test_clipped_counts_what_does_not_round_into_range(
    response: NDArray[Any], map_name: str, samples: np.dtype[Any]
) -> None:
    scale = choose_scale(map_name, 1.0, samples, 2.0)
    assert scale is not None
    values = np.abs(response) if scale.absolute else response
    exact = values.astype(np.float64) * scale.factor
    limit = np.iinfo(samples).max
    near = np.isclose(exact, limit + 0.5, rtol=1e-6) | np.isclose(exact, -0.5, rtol=1e-6)
    outside = (exact > limit + 0.5) | (exact < -0.5)
    counted = measure(response, scale).clipped
    assert np.count_nonzero(outside & ~near) <= counted <= np.count_nonzero(outside | near)


@given(st.lists(npst.arrays("int32", 3, elements=st.integers(-999, 999)), min_size=1, max_size=4))
def test_extremes_of_bands_are_those_of_the_whole(parts: list[NDArray[Any]]) -> None:
    scale = choose_scale("clip", 255, UINT8, 0)
    total = Extremes()
    for part in parts:
        total |= measure(part, scale)
    whole = np.concatenate(parts)
    assert total == measure(whole, scale)
    assert (total.smallest, total.largest) == (whole.min(), whole.max())


def test_extremes_leave_nan_out_and_count_it() -> None:
    nan = float("nan")
    assert measure(np.array([nan, -2.0, 5.0]), None) == Extremes(-2, 5, 0, 1)
    assert measure(np.array([nan, nan]), None) == Extremes(nans=2)


@pytest.mark.parametrize(
    ("pixels", "depth", "samples"),
    [
        ("uint8", None, "uint8"),
        ("float32", None, "uint8"),
        ("uint16", None, "uint16"),
        ("int16", None, "uint16"),
        ("int32", None, "uint16"),
        ("uint8", "16", "uint16"),
        ("uint16", "8", "uint8"),
        ("uint8", "float", "float32"),
    ],
)
def test_the_depth_follows_the_image_unless_said(
    pixels: str, depth: str | None, samples: str
) -> None:
    dtype = rendered_dtype("abs", depth, np.dtype(pixels), np.dtype("int16"))
    assert dtype.name == samples


@pytest.mark.parametrize("depth", [None, *DEPTHS])
@pytest.mark.parametrize("response", ["int16", "int32", "float32"])
def test_raw_samples_are_the_responses(depth: str | None, response: str) -> None:
    assert rendered_dtype("raw", depth, UINT8, np.dtype(response)).name == response
    assert choose_scale("raw", 255, np.dtype(response), 1) is None


def test_full_scale() -> None:
    assert [full_scale(np.dtype(name)) for name in ("uint8", "uint16", "int16", "float32")] == [
        255, 65535, 32767, 1,
    ]  # fmt: skip


def test_sample_range() -> None:
    assert [sample_range(np.dtype(name)) for name in ("uint16", "int32", "float32")] == [
        (0, 65535), (-(2**31), 2**31 - 1), (0, 1),
    ]  # fmt: skip


def test_every_map_is_known() -> None:
    assert MAPS == ("auto", "abs", "clip", "signed", "gain", "minmax", "raw")
