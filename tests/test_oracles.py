"""The engine against others: our nested loops, SciPy and OpenCV."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray
from scipy import ndimage

from edgecli import convolve, load_filter
from edgecli.filters import FilterBank
from tests.reference import correlate, pad
from tests.strategies import Case, cases

SCIPY_MODES = {
    "zeros": "constant",
    "replicate": "nearest",
    "reflect": "mirror",
    "symmetric": "reflect",
    "circular": "wrap",
}
OPENCV_BORDERS = {
    "zeros": cv2.BORDER_CONSTANT,
    "replicate": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT_101,
    "symmetric": cv2.BORDER_REFLECT,
}
BUILTINS = [
    "vertical", "horizontal", "prewitt-x", "prewitt-y", "sobel-x", "sobel-y", "scharr-x",
    "scharr-y", "laplacian", "laplacian-8", "log:1.4", "gaussian:1.5", "identity",
]  # fmt: skip


def expected(case: Case) -> NDArray[Any]:
    padded = pad(case.image, case.pads, case.mode)
    return correlate(padded, case.bank.over(len(case.image)).weight, case.stride, case.dilation)


def computed(case: Case, **options: Any) -> NDArray[Any]:
    return convolve(
        case.image,
        case.bank,
        stride=case.stride,
        dilation=case.dilation,
        padding=case.pads,
        padding_mode=case.mode,
        **options,
    )


@given(cases(("uint8", "int8", "uint16", "int16", "bool")))
def test_integers_equal_the_nested_loops_to_the_bit(case: Case) -> None:
    result = computed(case)
    assert result.dtype in (np.int16, np.int32)
    np.testing.assert_array_equal(result, expected(case))


@given(cases(("uint8", "int32", "float32", "float64"), integer=False))
def test_floats_equal_the_nested_loops_closely(case: Case) -> None:
    result, truth = computed(case), expected(case)
    scale = np.abs(case.bank.weight).sum() * max(float(np.abs(case.image).max()), 7.0) + 1
    error = 4e-7 if result.dtype == np.float32 else 1e-14
    np.testing.assert_allclose(result, truth, rtol=0, atol=error * scale)


@pytest.mark.parametrize("side", [3, 5, 9, 13, 31, 51])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32", "float64"])
def test_dense_kernels_of_every_size_equal_scipy(side: int, dtype: str) -> None:
    rng = np.random.default_rng(side)
    image = (rng.random((150, 131)) * 255).astype(dtype)
    for weight in (rng.integers(-9, 10, (side, side)).astype(float), rng.normal(size=(side, side))):
        truth = ndimage.correlate(image.astype(float), weight, mode="nearest")
        result = convolve(
            image, FilterBank(weight[None, None]), padding="same", padding_mode="replicate"
        )[0]
        exact = result.dtype.kind == "i"
        assert exact == (image.dtype.kind != "f" and bool((weight % 1 == 0).all()))
        error = 3e-6 if result.dtype == np.float32 else 1e-14
        bound = 0 if exact else error * np.abs(weight).sum() * 255
        np.testing.assert_allclose(result, truth, rtol=0, atol=bound)


@pytest.mark.parametrize("mode", SCIPY_MODES)
@pytest.mark.parametrize("name", BUILTINS)
def test_every_filter_and_mode_equals_scipy(name: str, mode: str) -> None:
    image = np.random.default_rng(1).integers(0, 256, (41, 33), np.uint8)
    bank = load_filter(name)
    truth = ndimage.correlate(image.astype(float), bank.weight[0, 0], mode=SCIPY_MODES[mode])
    result = convolve(image, bank, padding="same", padding_mode=mode)[0]
    np.testing.assert_allclose(result, truth, rtol=0, atol=1e-3 if result.dtype.kind == "f" else 0)


@pytest.mark.parametrize("border", OPENCV_BORDERS)
@pytest.mark.parametrize("name", BUILTINS)
def test_every_filter_and_border_equals_opencv(name: str, border: str) -> None:
    image = np.random.default_rng(2).integers(0, 256, (37, 45), np.uint8)
    bank = load_filter(name)
    truth = cv2.filter2D(
        image.astype(np.float64), cv2.CV_64F, bank.weight[0, 0], borderType=OPENCV_BORDERS[border]
    )
    result = convolve(image, bank, padding="same", padding_mode=border)[0]
    np.testing.assert_allclose(result, truth, rtol=0, atol=1e-3 if result.dtype.kind == "f" else 0)


@pytest.mark.parametrize("kernel", [(2, 2), (1, 4), (4, 1), (2, 5), (6, 3)])
def test_even_kernels_pad_as_scipy_with_its_centre_moved(kernel: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    image, weight = rng.integers(0, 256, (19, 23), np.uint8), rng.integers(-9, 10, kernel)
    origin = tuple(-(1 - side % 2) for side in kernel)  # SciPy centres even kernels down and right
    truth = ndimage.correlate(image.astype(float), weight, mode="nearest", origin=origin)
    bank = FilterBank(weight[np.newaxis, np.newaxis])
    result = convolve(image, bank, padding="same", padding_mode="replicate")[0]
    np.testing.assert_array_equal(result, truth)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2)])
@pytest.mark.parametrize("mode", ["zeros", "replicate", "reflect", "symmetric", "circular"])
def test_images_smaller_than_the_kernel(shape: tuple[int, int], mode: str) -> None:
    image = np.random.default_rng(4).integers(0, 256, shape, np.uint8)
    bank = FilterBank(np.arange(49.0).reshape(1, 1, 7, 7) - 20)
    result = convolve(image, bank, padding="same", padding_mode=mode)
    padded = pad(image[np.newaxis], (3, 3, 3, 3), mode)
    np.testing.assert_array_equal(result, correlate(padded, bank.weight))
