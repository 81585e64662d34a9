"""Colour maps: evenness as the eye has it, and the arithmetic of laying edges on pictures."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edgecli.paint.colormaps import (
    BLACK,
    COLORMAPS,
    WHITE,
    colour,
    drawn,
    oklab_to_srgb,
    overlay,
    palette,
    wheel,
)


def lightness(colours: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return CIE L* of sRGB, another measure than the maps were made by."""
    c = colours.astype(np.float64)
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    Y = linear @ [0.2126, 0.7152, 0.0722]
    scaled: NDArray[np.float64] = np.where(
        Y > (6 / 29) ** 3, 116 * np.cbrt(Y) - 16, Y * (29 / 3) ** 3
    )
    return scaled


@pytest.mark.parametrize("name", COLORMAPS)
def test_maps_grow_lighter_at_every_step_and_evenly(name: str) -> None:
    steps = np.diff(lightness(palette(name, 64)))
    assert (steps > 0).all()
    assert steps[4:].max() < 2.2 * steps[4:].min()


def test_the_wheel_is_as_light_all_around_and_closes() -> None:
    hues = palette("wheel", 360)
    light = lightness(hues)
    assert light.max() - light.min() < 12
    around = np.linalg.norm(np.diff(np.concatenate([hues, hues[:1]]), axis=0), axis=1)
    assert around.max() < 0.03
    assert hues[0].argmax() == 0  # red to the right


def test_oklab_has_black_white_and_red() -> None:
    lab = np.array([[0, 0, 0], [1, 0, 0], [0.6279554, 0.2248631, 0.1258463]])
    np.testing.assert_allclose(oklab_to_srgb(lab), [[0] * 3, [1] * 3, [1, 0, 0]], atol=2e-3)


@pytest.mark.parametrize("name", COLORMAPS)
def test_samples_of_any_depth_have_the_same_colours(name: str) -> None:
    levels = np.arange(256)
    eight = colour(levels.astype(np.uint8).reshape(1, -1, 1), name)
    sixteen = colour((levels * 257).astype(np.uint16).reshape(1, -1, 1), name)
    floats = colour((levels / 255).astype(np.float32).reshape(1, -1, 1), name)
    assert [c.dtype.name for c in (eight, sixteen, floats)] == ["uint8", "uint16", "float32"]
    np.testing.assert_allclose(eight / 255, floats, atol=0.003)
    np.testing.assert_allclose(sixteen / 65535, floats, atol=1e-4)


def test_opposite_directions_have_opposite_colours_and_none_is_black() -> None:
    angles = np.array([[0, np.pi, -np.pi, np.nan]], np.float32)
    colours = wheel(np.full((1, 4, 1), 255, np.uint8), angles)[0]
    assert np.array_equal(colours[1], colours[2])
    assert np.abs(colours[0].astype(int) - colours[1]).max() > 100
    assert not colours[3].any()


def test_the_wheel_is_as_bright_as_the_edge() -> None:
    angles = np.zeros((1, 3), np.float32)
    colours = wheel(np.array([[[0], [128], [255]]], np.uint8), angles)[0].astype(int)
    assert not colours[0].any()
    np.testing.assert_allclose(colours[1] / 128, colours[2] / 255, atol=0.01)


NAVY, SAND = (0, 0, 128), (240, 230, 190)


@pytest.mark.parametrize("name", ["uint8", "uint16", "float32"])
def test_black_on_white_is_white_on_black_inverted(name: str) -> None:
    full = {"uint8": 255, "uint16": 65535, "float32": 1}[name]
    samples = (np.arange(0, 256, dtype=np.float64) / 255 * full).astype(name)[:, None, None]
    np.testing.assert_array_equal(drawn(samples, WHITE, BLACK), samples)
    np.testing.assert_array_equal(
        drawn(samples, BLACK, WHITE), np.subtract(full, samples, dtype=name)
    )


@pytest.mark.parametrize("name", ["uint8", "uint16", "float32"])
def test_a_strength_is_the_share_of_the_lines_colour(name: str) -> None:
    full = {"uint8": 255, "uint16": 65535, "float32": 1}[name]
    shares = np.array([0, 0.2, 1])
    mixed = drawn((shares * full).astype(name)[:, None, None], NAVY, SAND)[:, 0] / full * 255
    by_hand = [[paper + s * (line - paper) for line, paper in zip(NAVY, SAND, strict=True)]
               for s in shares]  # fmt: skip
    np.testing.assert_allclose(mixed, by_hand, atol=0.5)


def test_greys_on_grey_keep_the_channels() -> None:
    samples = np.zeros((1, 2, 3), np.uint8)
    assert drawn(samples, (9, 9, 9), (100, 100, 100)).tolist() == [[[100] * 3] * 2]
    assert drawn(samples[..., :1], (9, 9, 9), (100, 100, 100)).shape == (1, 2, 1)


@pytest.mark.parametrize("name", COLORMAPS)
def test_a_map_on_white_paper_goes_from_white_to_dark(name: str) -> None:
    light = lightness(palette(name, 9, dark=True))
    assert light[0] == pytest.approx(100, abs=0.1)
    assert light[-1] < 20
    assert (np.diff(light) < 0).all()


def test_hues_lie_on_their_paper() -> None:
    angles = np.array([[0.0, 0.0, np.nan]], np.float32)
    on = wheel(np.array([[[0], [255], [255]]], np.uint8), angles, SAND)[0]
    assert on[0].tolist() == on[2].tolist() == [*SAND]
    assert on[1].tolist() == wheel(np.full((1, 1, 1), 255, np.uint8), angles[:, :1])[0, 0].tolist()


def test_an_overlay_mixes_by_strength() -> None:
    picture = np.full((1, 3, 1), 0.5, np.float32)
    mixed = overlay(picture, np.array([[[0], [51], [255]]], np.uint8), np.array([1.0, 0, 0]))
    assert mixed[0].tolist() == [[128, 128, 128], [153, 102, 102], [255, 0, 0]]
