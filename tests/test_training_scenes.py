"""Scenes: the same from the same seed, and edges exactly where the labels change."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgecli.training.crops import (
    PART,
    REACH,
    crop,
    edge_strength,
    softened,
    target,
    visibility,
    whole,
)
from edgecli.training.pool import ScenePool
from edgecli.training.scenes import PARTS, Labels, Scene, draw_scene

SIDE = 72
drawn = cache(draw_scene)
"""Scenes that several tests look at, and none changes."""


def pair(left: int, right: int, labels: tuple[int, int] = (PARTS, 2 * PARTS)) -> Scene:
    """Return two flat halves of these greys."""
    picture = np.full((32, 32, 3), left, np.uint8)
    picture[:, 16:] = right
    halves = np.full((32, 32), labels[0], np.int16)
    halves[:, 16:] = labels[1]
    return Scene(picture, halves)


@pytest.mark.parametrize("seed", range(6))
def test_a_seed_gives_one_scene(seed: int) -> None:
    first, again = drawn(seed, SIDE), draw_scene(seed, SIDE)
    np.testing.assert_array_equal(first.picture, again.picture)
    np.testing.assert_array_equal(first.labels, again.labels)
    assert first.picture.shape == (SIDE, SIDE, 3)
    assert first.picture.dtype == np.uint8
    assert (first.labels >= PARTS).all()  # every pixel belongs to something


def test_seeds_and_sizes_differ() -> None:
    scenes = [drawn(0, SIDE), drawn(1, SIDE), drawn(0, SIDE + 1)]
    corners = [scene.picture[:SIDE, :SIDE] for scene in scenes]
    assert (corners[0] != corners[1]).any()
    assert (corners[0] != corners[2]).any()


@pytest.mark.parametrize("side", [1, 2, 9, 33])
def test_scenes_of_any_size(side: int) -> None:
    for seed in range(2):
        assert draw_scene(seed, side).labels.shape == (side, side)


def changes(labels: Labels) -> NDArray[np.bool_]:
    """Return where a label differs from that at the right or below, pixel by pixel."""
    H, W = labels.shape
    found = np.zeros((H, W), bool)
    for y, x in np.ndindex(H, W):
        right = x + 1 < W and labels[y, x] != labels[y, x + 1]
        below = y + 1 < H and labels[y, x] != labels[y + 1, x]
        found[y, x] = right or below
    return found


@pytest.mark.parametrize("seed", range(6))
def test_edges_are_where_labels_change_and_nowhere_else(seed: int) -> None:
    labels = drawn(seed, SIDE).labels
    strength = edge_strength(labels)
    np.testing.assert_array_equal(strength > 0, changes(labels))
    np.testing.assert_array_equal(strength == 1, changes((labels // PARTS).astype(np.int16)))
    assert set(np.unique(strength)) <= {0, PART, 1}


def test_one_label_has_no_edges() -> None:
    labels = np.full((9, 9), PARTS, np.int16)
    edges, weight = target(Scene(np.zeros((9, 9, 3), np.uint8), labels))
    assert not edges.any()
    assert (weight == 1).all()


def test_labels_fall_off_within_two_pixels() -> None:
    strength = np.zeros((11, 11), np.float32)
    strength[5, 5] = 1
    row = softened(strength)[5]
    np.testing.assert_allclose(row[3:8], np.exp([-2, -0.5, 0, -0.5, -2]), rtol=1e-6)
    assert not row[: 5 - REACH].any()
    assert not row[6 + REACH :].any()


def test_a_clear_edge_counts_in_full_and_a_part_for_half() -> None:
    for labels, most in (((16, 32), 1.0), ((16, 17), PART)):
        edges, weight = target(pair(60, 160, labels))
        np.testing.assert_array_equal(edges[:, 15], np.float32(most))
        assert (weight == 1).all()


def test_what_cannot_be_seen_is_not_asked_for() -> None:
    edges, weight = target(pair(100, 102))
    assert not edges.any()
    columns = weight.all(axis=0)
    assert columns.tolist() == [not 15 - REACH <= x <= 15 + REACH for x in range(32)]


def test_rough_beside_smooth_is_seen_though_the_means_agree() -> None:
    scene = pair(120, 120)
    rough = np.random.default_rng(0).choice([80, 160], (32, 16, 1))
    scene.picture[:, 16:] = rough
    assert (visibility(scene.picture)[4:-4, 15] > 1).mean() > 0.9
    assert (visibility(pair(120, 120).picture) == 0).all()


@pytest.mark.parametrize("seed", range(4))
def test_crops_repeat_and_are_pictures(seed: int) -> None:
    scene = drawn(seed, SIDE)
    first, again = (crop(np.random.default_rng(seed), scene, 48) for _ in range(2))
    np.testing.assert_array_equal(first.pixels, again.pixels)
    np.testing.assert_array_equal(first.edges, again.edges)
    assert first.pixels.shape == (3, 48, 48)
    assert first.pixels.dtype == first.edges.dtype == first.weight.dtype == np.float32
    for values in (first.pixels, first.edges, first.weight):
        assert 0 <= values.min() <= values.max() <= 1


def test_a_crop_larger_than_the_scene_is_all_of_it() -> None:
    assert crop(np.random.default_rng(0), draw_scene(0, 20), 64).pixels.shape == (3, 64, 64)


def test_a_whole_scene_is_shown_as_it_is() -> None:
    scene = drawn(3, SIDE)
    shown = whole(scene)
    np.testing.assert_allclose(shown.pixels.transpose(1, 2, 0) * 255, scene.picture, atol=1e-4)


def test_a_pool_keeps_what_it_drew(tmp_path: Path) -> None:
    pool = ScenePool(tmp_path / "scenes", SIDE)
    scene = pool.read(5)
    np.testing.assert_array_equal(scene.picture, drawn(5, SIDE).picture)
    written = pool.path(5).stat().st_mtime_ns
    again = pool.read(5)
    assert pool.path(5).stat().st_mtime_ns == written
    np.testing.assert_array_equal(again.labels, scene.labels)
    assert [path.name for path in pool.folder.iterdir()] == ["scene-72-0000005.npz"]


def test_scenes_are_drawn_on_other_processes(tmp_path: Path) -> None:
    pool = ScenePool(tmp_path, 24)
    pool.draw_all(range(3), processes=1)
    with pool.drawing(range(2, 5), processes=1):
        pass
    assert {path.name for path in tmp_path.iterdir()} >= {f"scene-24-000000{n}.npz" for n in (0, 2)}
    np.testing.assert_array_equal(pool.read(1).picture, draw_scene(1, 24).picture)
