"""Learning: filters that made a target are found again, and others come as near as can be."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgecli import convolve, load_filter
from edgecli.errors import FilterError, GeometryError, ImageError
from edgecli.filters import FilterBank
from edgecli.filters import learn as module
from edgecli.filters.learn import Learned, Task, learn
from edgecli.images.colour import to_volume
from edgecli.rows.arrays import ArraySource
from tests.conftest import noise


def learned(*pairs: tuple[Any, Any], task: Task | None = None, ridge: float = 0) -> Learned:
    sources = ((ArraySource.of(a), ArraySource.of(b)) for a, b in pairs)
    return learn(sources, task or Task((3, 3)), to_volume, ridge, 2)


def assert_finds(result: Learned, bank: FilterBank) -> None:
    np.testing.assert_allclose(result.bank.weight, bank.weight, rtol=0, atol=1e-6)
    np.testing.assert_allclose(result.bank.bias, 0, rtol=0, atol=1e-6)
    assert min(result.r_squared) == pytest.approx(1)
    assert max(result.residual) < 1e-4


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("name", ["vertical", "sobel-y", "laplacian"])
def test_an_image_and_its_own_map_give_the_filter_back(name: str, padding: str) -> None:
    image, bank = noise(40, 50), load_filter(name)
    (target,) = convolve(image, bank, padding=padding, padding_mode="reflect")
    size = bank.kernel_size
    assert_finds(learned((image, target), task=Task(size)), bank)


@pytest.mark.parametrize("name", ["vertical", "scharr-x", "identity"])
def test_zeros_are_found_as_zeros(name: str) -> None:
    image, bank = noise(40, 50), load_filter(name)
    (target,) = convolve(image, bank, padding="same")
    found = learned((image, target)).bank
    np.testing.assert_array_equal(found.weight == 0, bank.weight == 0)
    assert found.bias == [0]


@given(st.tuples(st.integers(1, 5), st.integers(1, 5)), st.floats(-9, 9), st.integers(0, 99))
@settings(max_examples=25)
def test_any_kernel_and_bias_are_found(size: tuple[int, int], bias: float, seed: int) -> None:
    weight = np.random.default_rng(seed).integers(-5, 6, (1, 1, *size)).astype(float)
    image = noise(30, 35, seed=seed)
    (target,) = convolve(image, FilterBank(weight), padding="same", padding_mode="zeros").astype(
        np.float32
    )
    result = learned((image, (target + np.float32(bias))), task=Task(size))
    np.testing.assert_allclose(result.bank.weight, weight, rtol=0, atol=1e-5)
    np.testing.assert_allclose(result.bank.bias, np.float32(bias), rtol=0, atol=2e-3)


@pytest.mark.parametrize("offset", [0, 60_000])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32"])
def test_every_type_of_pixels(dtype: str, offset: int) -> None:
    image = noise(30, 40).astype(dtype) + np.array(offset).astype(dtype)
    (target,) = convolve(image, "vertical", padding="same", padding_mode="zeros")
    assert_finds(learned((image, target)), load_filter("vertical"))


def test_filters_over_a_colour_volume() -> None:
    image = noise(30, 40, 3)
    bank = FilterBank(np.random.default_rng(1).integers(-3, 4, (1, 3, 3, 3)))
    (target,) = convolve(image.transpose(2, 0, 1), bank, padding="same", padding_mode="zeros")
    result = learned((image, target), task=Task((3, 3), "rgb"))
    assert_finds(result, bank)


def test_a_filter_for_each_colour_of_the_target() -> None:
    image = noise(30, 40)
    bank = FilterBank(np.random.default_rng(2).integers(-3, 4, (3, 1, 3, 3)))
    target = convolve(image, bank, padding="same", padding_mode="zeros").transpose(1, 2, 0)
    result = learned((image, target), task=Task((3, 3), "gray", "rgb"))
    assert_finds(result, bank)
    assert result.bank.names == ("learned-red", "learned-green", "learned-blue")


def test_several_pairs_are_one_problem() -> None:
    weight = load_filter("sobel-x")
    images = [noise(20, 20), np.full((30, 9), 7, np.uint8), noise(9, 40, seed=3)]
    pairs = [
        (image, convolve(image, weight, padding="same", padding_mode="zeros")[0])
        for image in images
    ]
    result = learned(*pairs)
    assert_finds(result, weight)
    assert result.samples == 18 * 18 + 28 * 7 + 7 * 38


def ordinary_least_squares(image: NDArray[Any], target: NDArray[Any]) -> NDArray[np.float64]:
    """Return weights and bias by a decomposition of all windows at once."""
    H, W = image.shape
    rows = [[*image[y : y + 3, x : x + 3].ravel(), 1.0] for y in range(H - 2) for x in range(W - 2)]
    solution: NDArray[np.float64]
    solution, *_ = np.linalg.lstsq(np.array(rows), target[1:-1, 1:-1].ravel(), rcond=None)
    return solution


@pytest.mark.parametrize("band_bytes", [1, 2**13, 2**24])
def test_noise_is_averaged_as_least_squares_do(
    monkeypatch: pytest.MonkeyPatch, band_bytes: int
) -> None:
    monkeypatch.setattr(module, "BAND_BYTES", band_bytes)
    image = noise(24, 26).astype(np.float32)
    target = np.random.default_rng(3).normal(5, 20, image.shape).astype(np.float32)
    result, expected = learned((image, target)), ordinary_least_squares(image, target)
    np.testing.assert_allclose(result.bank.weight.ravel(), expected[:9], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(result.bank.bias, expected[9], rtol=1e-9)
    response = convolve(image, result.bank, padding="valid")[0] - target[1:-1, 1:-1]
    assert result.residual[0] == pytest.approx(math.sqrt((response**2).mean()), rel=1e-4)
    share = 1 - (response**2).mean() / target[1:-1, 1:-1].var()
    assert result.r_squared[0] == pytest.approx(share, rel=1e-3)


def test_ridge_keeps_weights_small() -> None:
    image = noise(30, 30)
    (target,) = convolve(image, "vertical", padding="same", padding_mode="zeros")
    norms = [
        float((learned((image, target), ridge=ridge).bank.weight ** 2).sum())
        for ridge in (0, 1e3, 1e5, 1e7)
    ]
    assert norms == sorted(norms, reverse=True)
    assert norms[0] > 5.9
    assert norms[-1] < 0.01


def test_images_that_tell_too_little_give_the_smallest_filter() -> None:
    image = np.repeat(noise(30, 1), 30, axis=1)  # columns all alike
    (target,) = convolve(image, "horizontal", padding="same", padding_mode="zeros")
    result = learned((image, target))
    assert result.condition == math.inf
    expected = load_filter("horizontal").weight
    np.testing.assert_allclose(result.bank.weight, expected, rtol=0, atol=1e-12)
    constant = learned((np.full((9, 9), 3, np.uint8), np.full((9, 9), 8, np.uint8)))
    assert not constant.bank.weight.any()
    assert constant.bank.bias.tolist() == [8.0]
    assert constant.r_squared == (1.0,)


def test_the_condition_is_that_of_the_windows() -> None:
    image = np.random.default_rng(5).normal(0, 1, (40, 40)).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(image, (3, 3)).reshape(-1, 9)
    expected = np.linalg.cond(np.cov(windows.astype(np.float64).T))
    assert learned((image, image)).condition == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("image", "target", "task", "error", "said"),
    [
        ((9, 9), (9, 8), Task((3, 3)), GeometryError, "9×8 and its input array 9×9; .*of 7×7"),
        ((2, 9), (2, 9), Task((3, 3)), GeometryError, "kernel 3×3 is larger"),
        ((9, 9), (9, 9), Task((3, 3), "rgb"), GeometryError, "input array is grey"),
        ((9, 9), (9, 9), Task((3, 3), "gray", "rgb"), GeometryError, "target array is grey"),
    ],
)
def test_pairs_that_do_not_fit(
    image: tuple[int, int], target: tuple[int, int], task: Task, error: type, said: str
) -> None:
    with pytest.raises(error, match=said):
        learned((noise(*image), noise(*target)), task=task)


def test_pixels_that_are_no_numbers() -> None:
    image = noise(9, 9).astype(np.float32)
    image[4, 4] = np.nan
    with pytest.raises(ImageError, match="array or array holds NaN or infinite pixels"):
        learned((image, noise(9, 9)))


@pytest.mark.parametrize("size", [(0, 3), (46, 46), (10**6, 10**6)])
def test_sizes_beyond_reason(size: tuple[int, int]) -> None:
    with pytest.raises(FilterError, match="cannot be learned; it has 1 to 2048 weights"):
        Task(size)


def test_no_pairs() -> None:
    with pytest.raises(ImageError, match="no pair"):
        learned()
