"""Contours: colour as seen, the tensor's gradient, bands equal the whole, the laws of edges."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from edgecli.errors import GeometryError, ImageError
from edgecli.geometry import bands
from edgecli.operators.colour_gradient import lay_filter
from edgecli.operators.contours import (
    CHROMA,
    FINE_SCALE,
    HALF,
    SCALES,
    SHRINK,
    SURROUND,
    Steepness,
    colours,
    contours,
    lay_contours,
    shrink,
)
from edgecli.operators.lab import to_lab
from edgecli.rows.graph import Graph, Strip
from edgecli.rows.memory import Memory
from edgecli.rows.running import Filling, compute_strip
from edgecli.rows.workers import for_each
from tests.conftest import SAMPLES, noise
from tests.steps import dirty_memory, whole

Array = NDArray[Any]


def sample(height: int, width: int) -> NDArray[np.uint8]:
    with Image.open(SAMPLES / "still-life.png") as image:
        return np.asarray(image.convert("RGB").resize((width, height), Image.Resampling.BOX))


def in_tiles(picture: Array, threads: int) -> Array:
    """Find contours in tiles, each from a copy of no more than the rows that it says it needs."""
    volume = picture.transpose(2, 0, 1)
    graph = Graph(volume.shape)
    laid = lay_contours(graph)
    out = np.full((1, *volume.shape[1:]), np.nan, np.float32)
    reader = Filling(laid.tap, out)
    strips = [graph.strip([reader], [cut]) for cut in bands(len(picture), laid.tile_rows)]

    def compute(strip: Strip, _: Memory) -> None:
        block = volume[:, slice(*strip.spans[0])].copy()
        with np.errstate(all="ignore"):
            compute_strip(graph, [reader], strip, block, dirty_memory(size=2**24))

    for_each(strips, compute, threads)
    found: Array = out[0]
    return found


def lines(picture: Array) -> NDArray[np.bool_]:
    return contours(picture, threads=1) > 0


# Colour


def test_lab_is_opencvs() -> None:
    picture = noise(16, 16, 3)
    light = picture.astype(np.float32) / 255
    theirs = cv2.cvtColor(light, cv2.COLOR_RGB2LAB).transpose(2, 0, 1)
    # It rounds the white point to four digits and interpolates the cube root.
    np.testing.assert_allclose(100 * to_lab(picture), theirs, atol=0.3)


def test_black_and_white_are_0_and_1() -> None:
    ends = to_lab(np.array([[[0] * 3, [255] * 3]], np.uint8))
    np.testing.assert_allclose(ends, [[[0, 1]], [[0, 0]], [[0, 0]]], atol=1e-6)


def test_depths_of_the_same_colours_are_the_same() -> None:
    picture = noise(8, 8, 3)
    expected = to_lab(picture)
    np.testing.assert_allclose(to_lab(picture * np.uint16(257)), expected, atol=1e-6)
    np.testing.assert_allclose(to_lab(picture / np.float32(255)), expected, atol=1e-6)


def test_grey_is_the_lightness_of_equal_channels() -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(1, 256, 1)
    full = to_lab(np.repeat(grey, 3, axis=2))
    np.testing.assert_allclose(to_lab(grey)[0], full[0], atol=1e-6)
    np.testing.assert_allclose(full[1:], 0, atol=1e-5)


# The tensor


def derivatives(planes: Array, sigma: float) -> Array:
    """Return ``(C, 2, H, W)``, along x and y, by SciPy."""
    orders = ((0, 1), (1, 0))
    by_axis = [
        [ndimage.gaussian_filter(p, sigma, order=order, mode="nearest") for order in orders]
        for p in planes.astype(np.float64)
    ]
    return np.array(by_axis)


def test_steepness_and_direction_are_the_eigenvalue_and_eigenvector() -> None:
    planes = np.random.default_rng(0).random((3, 12, 14), np.float32)
    step = Steepness(lay_filter("gradient:1.5", 12, 14), directed=True)
    steepness, *gradient = whole(step, planes)
    slopes = derivatives(planes, 1.5)
    products = np.einsum("cihw,cjhw->hwij", slopes, slopes)
    values, vectors = np.linalg.eigh(products)
    np.testing.assert_allclose(steepness, values[..., 1], rtol=1e-4, atol=1e-8)
    along = np.stack(gradient, axis=-1)
    along /= np.linalg.norm(along, axis=-1, keepdims=True)
    cosines = np.abs((along * vectors[..., 1]).sum(axis=-1))
    np.testing.assert_allclose(cosines, 1, atol=1e-3)
    assert ((along * slopes[0].transpose(1, 2, 0)).sum(axis=-1) > -1e-6).all()


def test_channels_that_rise_to_opposite_sides_do_not_cancel() -> None:
    ramp = np.tile(np.linspace(0, 1, 20, dtype=np.float32), (20, 1))
    slide = lay_filter("gradient:1.5", 20, 20)
    one = whole(Steepness(slide), ramp[np.newaxis])
    two = whole(Steepness(slide), np.stack([ramp, -ramp]))
    np.testing.assert_allclose(two, 2 * one, rtol=1e-5)


# The whole, against SciPy


def strength(planes: Array, sigma: float) -> Array:
    slopes = derivatives(planes, sigma)
    products = np.einsum("cihw,cjhw->hwij", slopes, slopes)
    return sigma * np.sqrt(np.linalg.eigvalsh(products)[..., 1])


def test_values_are_those_of_the_recipe() -> None:
    picture = sample(60, 80)
    result = contours(picture, threads=1)
    planes = to_lab(picture)
    planes[1:] *= CHROMA
    mean = np.prod([strength(planes, sigma) for sigma in SCALES], axis=0) ** (1 / 3)
    fine = strength(colours(shrink(picture, SHRINK)), FINE_SCALE)
    around = ndimage.gaussian_filter(fine, SURROUND / SHRINK, mode="nearest")
    around = np.kron(around, np.ones((SHRINK, SHRINK)))
    expected = mean**2 / (mean**2 + (HALF + around) ** 2)
    kept = result > 0
    np.testing.assert_allclose(result[kept], expected[kept], rtol=1e-3)
    peaks = mean == ndimage.maximum_filter(mean, size=3)
    assert kept[peaks & (mean > 0.01)].all()
    assert 0.02 < kept.mean() < 0.2


# Tiles


@pytest.mark.parametrize("height", [1, 127, 128, 129, 290])
def test_tiles_need_nothing_of_each_other(height: int) -> None:
    picture = sample(height, 23)
    np.testing.assert_array_equal(in_tiles(picture, 1), contours(picture, threads=2))


def test_wide_pictures_have_lower_tiles() -> None:
    widths = 1, 16000, 10**6
    assert [lay_contours(Graph((1, 999, width))).tile_rows for width in widths] == [128, 64, 32]


@pytest.mark.usefixtures("rows_alone")
def test_a_tile_of_a_tall_image_needs_a_bounded_run_of_rows() -> None:
    graph = Graph((3, 10**6, 50))
    laid = lay_contours(graph)
    strip = graph.strip([Filling(laid.tap, np.empty(0))], [(640, 768)])
    assert strip.spans[0] == (540, 868)
    assert max(strip.room) < 5 * laid.tile_rows


# The laws of edges


@settings(max_examples=20)
@given(
    colour=npst.arrays("uint8", 3),
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    channels=st.sampled_from([1, 3]),
)
def test_a_constant_picture_has_no_contours(
    colour: Array, size: tuple[int, int], channels: int
) -> None:
    assert not lines(np.tile(colour[:channels], (*size, 1))).any()


@pytest.mark.parametrize("colour", [(200, 200, 200), (0, 130, 40)], ids=["light", "colour"])
@pytest.mark.parametrize("at", [7, 16, 25])
def test_a_step_gives_one_line_of_one_pixel(colour: tuple[int, int, int], at: int) -> None:
    picture = np.full((34, 32, 3), (90, 60, 60), np.uint8)
    picture[:, at:] = colour
    for found in (lines(picture), lines(picture.transpose(1, 0, 2)).T):
        assert (found.sum(axis=1) == 1).all()
        columns = found.argmax(axis=1)
        assert ((columns == at - 1) | (columns == at)).all()


def test_edges_turn_with_the_picture() -> None:
    picture = sample(96, 96)
    turned = np.rot90(lines(np.rot90(picture)), -1)
    assert np.mean(turned == lines(picture)) > 0.998


def test_texture_around_weakens_a_contour() -> None:
    calm = np.full((64, 96), 90, np.uint8)
    calm[:, 64:] = 130
    textured = calm.copy()
    textured[:, :40] = noise(64, 40)
    beside = (slice(None), slice(60, 68))
    assert contours(textured)[beside].max() < 0.95 * contours(calm)[beside].max()


def test_grey_and_equal_channels_have_the_same_contours() -> None:
    grey = sample(48, 48)[..., 0]
    colour = np.repeat(grey[..., np.newaxis], 3, axis=2)
    np.testing.assert_allclose(contours(colour), contours(grey), atol=1e-3)


def test_sixteen_bits_and_floats_have_the_contours_of_eight() -> None:
    picture = sample(48, 48)
    expected = contours(picture)
    for same in (picture * np.uint16(257), picture / np.float32(255)):
        found = contours(same)
        assert found.dtype == np.float32
        assert np.mean(np.isclose(found, expected, atol=1e-3)) > 0.995


# Odd input


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 3, 3), (5, 5, 4), (3, 2, 2)])
def test_small_pictures_work(shape: tuple[int, ...]) -> None:
    found = contours(noise(*shape))
    assert found.shape == shape[:2]
    assert ((found >= 0) & (found < 1)).all()


def test_alpha_is_composited_on_white() -> None:
    picture = np.zeros((20, 20, 4), np.uint8)
    picture[:, 10:, 3] = 255
    opaque = np.full((20, 20, 3), 255, np.uint8)
    opaque[:, 10:] = 0
    np.testing.assert_array_equal(contours(picture), contours(opaque))


def test_numbers_that_are_not_finite_count_as_black_or_cut() -> None:
    picture = sample(20, 20).astype(np.float32)
    picture[4, 4], picture[9, 9], picture[12, 3] = np.nan, np.inf, -np.inf
    found = contours(picture)
    assert ((found >= 0) & (found <= 1)).all()


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(ImageError, match="shape"):
        contours(np.zeros((2, 2, 2, 2)))
    with pytest.raises(GeometryError, match="empty"):
        contours(np.zeros((0, 4), np.uint8))
