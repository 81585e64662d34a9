"""Laws of kernels beyond 3×3 derivatives: farid, compass, Gaussian derivatives, Gabor, Canny."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from edgecli.errors import FilterError
from edgecli.filters import builtin_filter

Kernel = NDArray[np.float64]


def kernels(spec: str) -> Kernel:
    weight: Kernel = builtin_filter(spec).weight[:, 0]
    return weight


def ramp(kernel: Kernel, axis: int) -> float:
    """Return the response to a slope of 1 along an axis."""
    places = np.indices(kernel.shape)[axis]
    return float((kernel * places).sum())


@pytest.mark.parametrize(
    "spec",
    [
        *["farid", "gradient:0.5", "gradient:2", "kirsch", "robinson", "dog:1,2", "dog"],
        *["gabor:6", "gabor:3.3,10,77", "canny:0", "canny:2"],
    ],
)
def test_each_derivative_of_a_constant_is_zero(spec: str) -> None:
    for kernel in kernels(spec):
        assert abs(kernel.sum()) < 1e-14 * np.abs(kernel).sum()


@pytest.mark.parametrize("spec", ["farid", "gradient:1.5", "canny:1.4"])
def test_x_and_y_are_transposes_and_positive_where_brightness_grows(spec: str) -> None:
    x, y = kernels(spec)
    assert np.array_equal(x, y.T)
    assert ramp(x, 1) > 0
    assert abs(ramp(x, 0)) < 1e-12


@pytest.mark.parametrize(
    ("spec", "slope"), [("farid", 0.992), ("gradient:1", 1), ("gradient:3", 1)]
)
def test_derivatives_in_levels_per_pixel(spec: str, slope: float) -> None:
    assert ramp(kernels(spec)[0], 1) == pytest.approx(slope, abs=5e-3)


@pytest.mark.parametrize("sigma", [0.7, 1.0, 2.5])
def test_gradient_equals_scipy(sigma: float) -> None:
    kernel = kernels(f"gradient:{sigma}")[0]
    image = np.zeros((3 * len(kernel),) * 2)
    image[len(image) // 2, len(image) // 2] = 1
    n = len(kernel)
    derived = ndimage.gaussian_filter(image, sigma, order=(0, 1))[n : 2 * n, n : 2 * n]
    assert np.allclose(kernel, derived[:, ::-1], rtol=0, atol=1e-14)


def test_the_peak_of_a_smoothed_step() -> None:
    kernel = kernels("gradient:4")[0]
    step = np.repeat([0.0, 1.0], 40)
    peak = np.convolve(step, kernel.sum(axis=0)[::-1], "valid").max()
    assert peak == pytest.approx(1 / (4 * math.sqrt(2 * math.pi)), rel=0.01)


def test_dog_is_one_gaussian_less_another() -> None:
    narrow, wide = kernels("gaussian:1")[0], kernels("gaussian:1.6")[0]
    assert np.array_equal(kernels("dog")[0], np.pad(narrow, 2) - wide)
    assert np.array_equal(kernels("dog:2")[0], kernels("dog:2,3.2")[0])


@pytest.mark.parametrize(("name", "step"), [("kirsch", 15), ("robinson", 4)])
def test_compass_kernels_are_turned_by_45_degrees(name: str, step: int) -> None:
    found = kernels(name)
    assert len(found) == 8
    for n, kernel in enumerate(found):
        assert np.array_equal(np.rot90(kernel, -1), found[(n + 2) % 8])
        assert kernel.clip(0).sum() == step
    assert math.degrees(math.atan2(ramp(found[1], 0), ramp(found[1], 1))) == pytest.approx(45)


def test_kirsch_and_robinson_begin_in_the_east() -> None:
    assert kernels("kirsch")[0].tolist() == [[-3, -3, 5], [-3, 0, 5], [-3, -3, 5]]
    assert np.array_equal(kernels("robinson")[0], kernels("sobel-x")[0])
    assert builtin_filter("kirsch").names[:3] == ("kirsch-e", "kirsch-se", "kirsch-s")


@pytest.mark.parametrize("angle", [0, 30, 45, 90, 200])
def test_gabor_equals_opencv_but_for_its_scale(angle: float) -> None:
    kernel = kernels(f"gabor:5,{angle}")[0]
    side = len(kernel)
    theirs = cv2.getGaborKernel(
        (side, side), 0.56 * 5, math.radians(angle), 5, 0.5, -math.pi / 2, cv2.CV_64F
    )
    theirs = theirs[::-1, ::-1]  # OpenCV counts from the far corner
    assert np.allclose(kernel, theirs / theirs.clip(0).sum(), rtol=0, atol=1e-12)


def test_a_gabor_bank_has_a_filter_for_each_angle() -> None:
    assert builtin_filter("gabor:4,0,30").names == ("gabor:4,0", "gabor:4,30")
    assert builtin_filter("gabor").names[1] == "gabor:6,45"
    for name, kernel in zip(builtin_filter("gabor").names, kernels("gabor"), strict=True):
        assert np.array_equal(kernels(name)[0], kernel)


def test_canny_is_sobel_of_a_gaussian() -> None:
    smooth = kernels("gaussian:1.4")[0]
    both = ndimage.convolve(np.pad(smooth, 1), kernels("sobel-x")[0], mode="constant")
    assert np.allclose(kernels("canny:1.4")[0], both, rtol=0, atol=1e-15)
    assert np.array_equal(kernels("canny:0"), kernels("sobel"))


def test_names_carry_the_parameters_that_were_given() -> None:
    assert builtin_filter("gradient:2.0").names == ("gradient-x:2", "gradient-y:2")
    assert builtin_filter("gradient").names == ("gradient-x", "gradient-y")
    assert builtin_filter("dog:1,2").names == ("dog:1,2",)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("dog:2,1", "filter 'dog:2,1': sigma2 must be larger than sigma1, not 1 after 2"),
        ("dog:-1", "filter 'dog:-1': sigma must be positive, not -1"),
        ("dog:1,-2", "filter 'dog:1,-2': sigma must be positive, not -2"),
        ("gabor:1", "filter 'gabor:1': wavelength must be at least 2 pixels, not 1"),
        ("gabor:x", "filter 'gabor:x': 'x' is not a number; write gabor[:wavelength,angle…]"),
        ("gradient:0", "filter 'gradient:0': sigma must be positive, not 0"),
        ("gradient:0.01", "filter 'gradient:0.01': sigma must be at least 0.1, not 0.01"),
        ("canny:-1", "filter 'canny:-1': sigma must be positive, not -1"),
        ("kirsch:1", "filter 'kirsch:1': 1 parameter after the colon where there are none; "
         "write kirsch"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_refused_in_one_line(spec: str, message: str) -> None:
    with pytest.raises(FilterError) as caught:
        builtin_filter(spec)
    assert str(caught.value) == message


@pytest.mark.parametrize("name", ["gradient", "canny", "gabor", "dog"])
def test_a_kernel_over_the_limit_is_refused_by_arithmetic(name: str) -> None:
    with pytest.raises(FilterError, match="over the limit of 1 GiB of weights"):
        builtin_filter(f"{name}:1e9")
