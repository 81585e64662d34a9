"""Textures and outlines: what scenes are painted with."""

from __future__ import annotations

import numpy as np
import pytest

from edgecli.training.fields import TEXTURES, Texture, blur, normalised, slow
from edgecli.training.looks import colour, developed, lit, palette, pick, surface
from edgecli.training.shapes import OUTLINES, outline, overlap, ragged, ridge


@pytest.mark.parametrize("kind", TEXTURES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("shape", [(1, 1), (5, 40), (48, 31)], ids=str)
def test_textures_have_mean_zero_and_deviation_one(kind: Texture, shape: tuple[int, int]) -> None:
    for seed in range(3):
        field = kind(np.random.default_rng(seed), shape)
        assert field.shape == shape
        assert field.dtype == np.float32
        np.testing.assert_allclose(field.mean(), 0, atol=1e-4)
        assert field.std() < 1.001
        np.testing.assert_array_equal(field, kind(np.random.default_rng(seed), shape))


@pytest.mark.parametrize("kind", TEXTURES, ids=lambda kind: kind.__name__)
def test_textures_are_not_flat(kind: Texture) -> None:
    np.testing.assert_allclose(kind(np.random.default_rng(1), (64, 64)).std(), 1, rtol=1e-3)


def test_a_constant_is_normalised_to_nothing() -> None:
    assert not normalised(np.full((4, 4), 3.0)).any()


@pytest.mark.parametrize("sigma", [0.1, 0.7, 3.0])
def test_blur_keeps_constants_and_the_mean_of_a_spot(sigma: float) -> None:
    flat = np.full((9, 12, 3), 0.25, np.float32)
    np.testing.assert_allclose(blur(flat, sigma), flat, rtol=1e-6)
    spot = np.zeros((41, 41), np.float32)
    spot[20, 20] = 1
    spread = blur(spot, sigma)
    np.testing.assert_allclose(spread.sum(), 1, rtol=1e-5)
    np.testing.assert_allclose(spread, spread.T, atol=1e-7)
    assert spread.argmax() == spot.argmax()


@pytest.mark.parametrize("shape", [(1, 1), (30, 7)], ids=str)
def test_slow_fields_have_the_shape_asked_for(shape: tuple[int, int]) -> None:
    assert slow(np.random.default_rng(0), shape).shape == shape


@pytest.mark.parametrize("kind", OUTLINES, ids=lambda kind: kind.__name__)
def test_outlines_fill_some_of_their_square(kind: object) -> None:
    assert callable(kind)
    masks = [kind(np.random.default_rng(seed), 64) for seed in range(12)]
    assert all(mask.shape == (64, 64) and mask.dtype == bool for mask in masks)
    assert 0.02 < np.mean(masks) < 0.9


def test_outlines_of_few_pixels() -> None:
    for seed in range(40):
        assert outline(np.random.default_rng(seed), 1 + seed % 8).shape == (1 + seed % 8,) * 2


def test_a_ragged_outline_stays_near_the_smooth_one() -> None:
    disc = np.hypot(*(np.indices((80, 80)) - 40)) < 30
    shaken = ragged(np.random.default_rng(2), disc)
    assert 0 < (shaken ^ disc).mean() < 0.25


def test_a_ridge_is_ground_below_sky() -> None:
    mask = ridge(np.random.default_rng(0), (60, 50), 0.5)
    assert mask.shape == (60, 50)
    assert (np.diff(mask.astype(int), axis=0) >= 0).all()


@pytest.mark.parametrize("centre", [(-50.0, 5.0), (0.0, 0.0), (10.0, 7.5), (99.0, 99.0)])
def test_parts_are_cut_at_the_borders(centre: tuple[float, float]) -> None:
    whole, part = np.zeros((20, 16)), np.ones((8, 12))
    target, source = overlap(whole.shape, part.shape, centre)
    assert whole[target].shape == part[source].shape


def test_colours_and_surfaces_are_light_of_0_to_1_or_a_little_more() -> None:
    random = np.random.default_rng(0)
    for _ in range(20):
        base = pick(random, palette(random))
        assert base.shape == colour(random).shape == (3,)
        pixels = surface(random, (17, 23), base)
        assert pixels.shape == (17, 23, 3)
        assert pixels.dtype == np.float32
        assert pixels.min() >= -0.2
        assert np.isfinite(pixels).all()


def test_the_camera_gives_8_bits_whatever_the_light() -> None:
    for seed in range(12):
        random = np.random.default_rng(seed)
        pixels = random.random((24, 25, 3), np.float32) * np.float32(seed / 4)
        picture = developed(random, lit(random, pixels))
        assert picture.shape == (24, 25, 3)
        assert picture.dtype == np.uint8
