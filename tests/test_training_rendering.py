"""The rasteriser: which pixels a triangle covers, what is in front, and what textures show."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli.training.rendering import Faces, Texture, covered, mipmapped, sample

RED = mipmapped(Image.new("RGB", (1, 1), "red"))
SQUARE = np.array([[[0, 0], [8, 0], [0, 8]], [[8, 0], [8, 8], [0, 8]]], np.float32)
CORNERS = np.array([[[0, 0], [1, 0], [0, 1]], [[1, 0], [1, 1], [0, 1]]], np.float32)


def faces(
    corners: NDArray[np.float32],
    near: NDArray[np.float32],
    skin: Texture = RED,
    cutout: bool = False,
) -> Faces:
    """Return faces that all have one skin, whose corners are those of a square."""
    count = len(corners)
    uv = np.resize(CORNERS, (count, 3, 2))
    return Faces(corners, near, uv, [skin], np.zeros(count, int), np.full(count, cutout))


def checked(corners: NDArray[np.float32], side: int) -> set[int]:
    """Return the pixels whose centres are strictly inside a triangle, one by one."""
    found = set()
    for y, x in np.ndindex(side, side):
        to = corners - (x + 0.5, y + 0.5)
        turns = [float(np.linalg.det(np.stack([to[k - 1], to[k]]))) for k in range(3)]
        if all(turn > 1e-6 for turn in turns) or all(turn < -1e-6 for turn in turns):
            found.add(y * side + x)
    return found


@pytest.mark.parametrize("seed", range(5))
def test_a_triangle_covers_the_pixels_whose_centres_are_in_it(seed: int) -> None:
    corners = np.random.default_rng(seed).uniform(-4, 24, (1, 3, 2)).astype(np.float32)
    face, pixel = covered(corners, (20, 20))
    assert set(pixel.tolist()) == checked(corners[0], 20)
    assert not face.any()


@pytest.mark.parametrize("seed", range(5))
def test_neighbours_leave_no_gap_and_do_not_overlap(seed: int) -> None:
    random = np.random.default_rng(seed)
    middle = random.uniform(2, 14, 2)
    rim = np.array([[0, 0], [16, 0], [16, 16], [0, 16]])
    fan = np.stack([np.stack([rim[k - 1], rim[k], middle]) for k in range(4)])
    turned = fan[:, random.permutation(3)].astype(np.float32)
    _, pixel = covered(turned, (16, 16))
    assert sorted(pixel.tolist()) == list(range(256))


def test_a_triangle_without_area_covers_nothing() -> None:
    lines = np.array([[[0, 3], [9, 3], [4, 3]], [[1, 1], [5, 5], [9, 9]]], np.float32)
    assert not len(covered(lines, (10, 10))[0])


def test_the_nearest_face_is_seen_whatever_the_order() -> None:
    near = np.array([[0.1] * 3, [0.1] * 3, [0.5] * 3], np.float32)
    front = np.array([[[0, 0], [4, 0], [0, 4]]], np.float32)
    for order in ([0, 1, 2], [2, 1, 0]):
        every = faces(np.concatenate([SQUARE, front])[order], near[order])
        shown = every.visible((8, 8))[0].reshape(8, 8)
        assert order[shown[0, 0]] == 2
        assert order[shown[7, 7]] == 1
        assert (shown >= 0).all()


def test_faces_that_cross_are_seen_on_either_side() -> None:
    left = np.array([[0.9, 0.1, 0.9], [0.1, 0.1, 0.9]], np.float32)
    right = np.array([[0.1, 0.9, 0.1], [0.9, 0.9, 0.1]], np.float32)
    crossing = faces(np.concatenate([SQUARE, SQUARE]), np.concatenate([left, right]))
    shown = crossing.visible((8, 8))[0].reshape(8, 8) // 2
    assert (shown[:, :4] == 0).all()
    assert (shown[:, 4:] == 1).all()


def test_a_texture_lies_on_a_square_as_it_is() -> None:
    image = np.random.default_rng(1).integers(0, 256, (8, 8, 3), np.uint8)
    square = faces(SQUARE, np.ones((2, 3), np.float32), mipmapped(Image.fromarray(image)))
    shown, pixel = square.visible((8, 8))[0], np.arange(64)
    texels = square.texels(shown, square.shares(shown, pixel, 8))
    np.testing.assert_allclose(texels[:, :3].reshape(8, 8, 3) * 255, image, atol=1e-3)


def test_perspective_crowds_what_is_far_away() -> None:
    near = np.array([[1, 0.25, 1], [0.25, 0.25, 1]], np.float32)  # the right end is four times away
    square = faces(SQUARE, near)
    pixel = np.arange(8)
    shown = square.visible((8, 8))[0][pixel]
    across = (square.uv[shown] * square.shares(shown, pixel, 8)[..., None]).sum(1)[:, 0]
    x = (pixel + 0.5) / 8
    np.testing.assert_allclose(across, 0.25 * x / (1 - 0.75 * x), rtol=1e-4)


def test_holes_show_what_is_behind() -> None:
    image = np.zeros((8, 8, 4), np.uint8)
    image[:, :4, 3] = 255
    near = np.concatenate([np.full((2, 3), 0.9), np.full((2, 3), 0.1)]).astype(np.float32)
    corners = np.concatenate([SQUARE, SQUARE])
    skin = mipmapped(Image.fromarray(image), cutout=True)
    leaf = Faces(
        corners,
        near,
        np.concatenate([CORNERS, CORNERS]),
        [skin, RED],
        np.array([0, 0, 1, 1]),
        np.array([True, True, False, False]),
    )
    shown = leaf.visible((8, 8))[0].reshape(8, 8) // 2
    assert (shown[:, :4] == 0).all()
    assert (shown[:, 4:] == 1).all()


def test_textures_repeat_and_their_last_level_is_the_mean() -> None:
    image = np.random.default_rng(2).integers(0, 256, (4, 4, 3), np.uint8)
    texture = mipmapped(Image.fromarray(image))
    places = np.array([[0.3, 0.6], [1.3, -0.4]], np.float32)
    for level in (0, 1, 2):
        first, again = sample(texture, places, np.full(2, level, np.float32))
        np.testing.assert_allclose(first, again, atol=1e-5)
    np.testing.assert_allclose(first[:3] * 255, image.mean((0, 1)), atol=2)


def test_hidden_texels_give_smaller_ones_no_colour() -> None:
    image = np.zeros((2, 2, 4), np.uint8)
    image[0, 0] = 200, 100, 50, 255
    smallest = mipmapped(Image.fromarray(image), cutout=True).texels[-1]
    np.testing.assert_allclose(smallest, (200, 100, 50, 64), atol=3)
