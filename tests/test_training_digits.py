"""Drawn digits: the same from the same number, what fonts pass, and how well the package reads."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli.networks import load_network
from edgecli.networks.files import zoo
from edgecli.networks.forward import forward
from edgecli.training.architecture import architecture, write_network
from edgecli.training.digits import Warp, draw_digit, draw_digits, shown
from edgecli.training.fonts import (
    HOLES,
    alike,
    glyph,
    has_holes,
    holes,
    legible,
    shape,
    system_fonts,
)
from edgecli.training.pool import BLOCK, DigitPool
from edgecli.training.recipe import HELD_OUT
from edgecli.training.skeletons import DIGITS, skeleton

UNSEEN = 7_000_000
"""The first number of digits that are neither trained on nor measured by the training."""


def read(images: NDArray[np.float32]) -> NDArray[Any]:
    """Return what the package's LeNet-5 reads in images ``(N, 3, 32, 32)``."""
    return np.asarray(
        forward(load_network("lenet5"), images).reshape(len(images), 10).argmax(axis=1)
    )


def dark_on_white(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ink ``(N, 32, 32)`` of 0 to 1 as images."""
    return np.repeat(1 - ink[:, np.newaxis], 3, axis=1)


@pytest.mark.parametrize("digit", range(10))
def test_people_write_a_digit_in_many_ways(digit: int) -> None:
    written = [skeleton(np.random.default_rng(seed), digit) for seed in range(60)]
    for paths in written:
        points = np.concatenate(paths)
        assert np.isfinite(points).all()
        assert -0.5 < points.min() < points.max() < 1.5
        assert 0.7 < np.ptp(points[:, 1]) < 1.7
    if len({len(paths) for paths in written}) == 1:
        assert digit in {2, 3, 6}  # which are of one stroke always
    again = skeleton(np.random.default_rng(3), digit)
    np.testing.assert_array_equal(np.concatenate(again), np.concatenate(written[3]))


def test_every_digit_has_a_way() -> None:
    assert [way.__name__ for way in DIGITS][::3] == ["zero", "three", "six", "nine"]


@pytest.mark.parametrize("number", range(20))
def test_a_number_gives_one_digit_that_is_ink_inside_the_picture(number: int) -> None:
    ink = draw_digit(number, {})
    np.testing.assert_array_equal(ink, draw_digit(number, {}))
    assert ink.shape == (32, 32)
    assert ink.dtype == np.float32
    assert 0 <= ink.min() < 0.1
    assert 0.2 < ink.max() <= 1
    assert 0.01 < ink.mean() < 0.5


def test_a_warp_keeps_the_middle_near_the_middle() -> None:
    for seed in range(20):
        warp = Warp(np.random.default_rng(seed))
        assert np.abs(warp(np.zeros((1, 2)))).max() < 0.15


def test_colours_and_polarity_differ_and_both_are_as_frequent() -> None:
    inks = np.zeros((400, 32, 32), np.uint8)
    inks[:, 10:20, 10:20] = 255
    pictures = shown(np.random.default_rng(0), inks)
    assert pictures.shape == (400, 3, 32, 32)
    assert pictures.dtype == np.float32
    assert 0 <= pictures.min() <= pictures.max() <= 1
    inside, outside = (
        pictures[:, :, 12:18, 12:18].mean((1, 2, 3)),
        pictures[:, :, :8].mean((1, 2, 3)),
    )
    assert 0.4 < (inside > outside).mean() < 0.6
    assert np.abs(inside - outside).min() > 0.05
    assert 0.2 < (np.ptp(pictures.mean((2, 3)), axis=1) > 0.05).mean() < 0.7


def test_a_pool_keeps_blocks_of_digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgecli.training.pool.BLOCK", 10)
    pool = DigitPool(tmp_path, {})
    inks = pool.read(2)
    np.testing.assert_array_equal(inks, draw_digits(range(20, 30), {}))
    assert pool.path(2).exists()
    np.testing.assert_array_equal(pool.read(2), inks)
    assert BLOCK % 10 == 0


# --- fonts --------------------------------------------------------------------------------------


def test_without_fontconfig_there_are_no_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert system_fonts() == {}


def test_what_is_no_font_has_no_holes(tmp_path: Path) -> None:
    path = tmp_path / "broken.ttf"
    path.write_bytes(b"no font")
    assert not has_holes(str(path))
    assert not has_holes(str(tmp_path / "none.ttf"))


def test_a_glyph_is_compared_at_one_size() -> None:
    mask = np.zeros((24, 12), np.float32)
    mask[:, 4:8] = mask[20:] = 1
    large = mask.repeat(4, axis=0).repeat(4, axis=1)
    assert np.linalg.norm(shape(mask)) == pytest.approx(1)
    assert shape(mask) @ shape(large) == pytest.approx(1, abs=1e-3)
    assert shape(mask) @ shape(mask[::-1]) < 0.9


def test_legible_are_fonts_whose_digits_look_like_those_of_other_families() -> None:
    plain = np.random.default_rng(0).random((10, 24), np.float32) ** 8
    fonts = np.array([plain + 0.01 * n for n in range(5)])
    fonts[4, 6] = 0.7 * plain[5] + 0.3 * plain[7]
    fonts /= np.linalg.norm(fonts, axis=2, keepdims=True)
    assert alike(fonts, [*"ABCDE"]) == [True, True, True, True, False]
    assert alike(fonts[4:], ["E"]) == [True]  # there is no other to be unlike
    assert alike(fonts[:0], []) == []


def test_digits_of_fonts_have_the_holes_of_digits() -> None:
    families = system_fonts()
    if not families:
        pytest.skip("no font with digits is installed")
    path = families[min(families)][0]
    for digit in range(10):
        mask = glyph(path, digit)
        assert 0 <= mask.min() < mask.max() <= 1
        assert holes(mask) in HOLES[digit]
    assert legible({}) == {}
    assert set(legible({"one": [path]})["one"]) == {path}
    drawn = draw_digits(range(40), families)
    assert (drawn != draw_digits(range(40), {})).any(axis=(1, 2)).sum() >= 4


# --- what the package reads ---------------------------------------------------------------------


def test_the_package_holds_the_network_that_is_trained() -> None:
    network, described = load_network("lenet5"), architecture("digits")
    assert (network.nodes, network.input_shape) == (described.nodes, described.input_shape)
    assert (network.white, network.classes) == (described.white, described.classes)
    assert sum(array.size for array in network.weights.values()) == 62_006
    assert len((zoo() / "lenet5.npz").read_bytes()) < 130_000
    assert "`lenet5`" in (zoo() / "lenet5.md").read_text(encoding="utf-8")


def test_the_package_holds_what_a_training_writes(tmp_path: Path) -> None:
    network = load_network("lenet5")
    path = write_network(network, network.weights, tmp_path)
    assert path.read_bytes() == (zoo() / "lenet5.toml").read_bytes()
    assert path.with_suffix(".npz").read_bytes() == (zoo() / "lenet5.npz").read_bytes()


def test_98_of_100_digits_are_read_that_were_never_seen() -> None:
    numbers = range(UNSEEN, UNSEEN + 500)
    assert numbers.stop < BLOCK * HELD_OUT
    pictures = shown(np.random.default_rng(0), draw_digits(numbers, {}))
    assert (read(pictures) == np.arange(500) % 10).mean() >= 0.98


@pytest.mark.skipif(find_spec("sklearn") is None, reason="scikit-learn and its digits are not here")
def test_95_of_100_written_digits_are_read() -> None:
    from sklearn.datasets import load_digits

    digits = load_digits()
    ink = np.zeros((len(digits.images), 32, 32), np.float32)
    for one, image in zip(ink, digits.images, strict=True):
        grey = Image.fromarray((image / 16).astype(np.float32))
        one[6:26, 6:26] = np.asarray(grey.resize((20, 20), Image.Resampling.BILINEAR)).clip(0, 1)
    assert (read(dark_on_white(ink)) == digits.target).mean() >= 0.95
