"""Laws of the built-in filters, and other libraries' kernels of the same name."""

from __future__ import annotations

import difflib

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from edgecli.errors import FilterError
from edgecli.filters import BUILTIN_FILTERS, builtin_filter, load_filter

DERIVATIVES = ["vertical", "horizontal", "laplacian", "laplacian-8", "log", "log:0.5", "log:3"]
DERIVATIVES += [f"{name}-{axis}" for name in ("sobel", "prewitt", "scharr") for axis in "xy"]
DERIVATIVES += ["roberts-1", "roberts-2"]

Kernel = NDArray[np.float64]


def kernel(spec: str) -> Kernel:
    """Return the one kernel ``(kH, kW)`` of a built-in filter."""
    bank = builtin_filter(spec)
    assert bank.shape[:2] == (1, 1)
    values: Kernel = bank.weight[0, 0]
    return values


def impulse(size: int) -> Kernel:
    image = np.zeros((size, size))
    image[size // 2, size // 2] = 1
    return image


# --- values of the mission ----------------------------------------------------------------------


def test_vertical_is_the_teaching_kernel() -> None:
    assert kernel("vertical").tolist() == [[1, 0, -1]] * 3


def test_roberts_kernels_are_the_two_diagonals() -> None:
    assert kernel("roberts-1").tolist() == [[1, 0], [0, -1]]
    assert kernel("roberts-2").tolist() == [[0, 1], [-1, 0]]


def test_laplacians_weigh_their_neighbours_equally() -> None:
    assert kernel("laplacian").tolist() == [[0, 1, 0], [1, -4, 1], [0, 1, 0]]
    assert kernel("laplacian-8").tolist() == [[1, 1, 1], [1, -8, 1], [1, 1, 1]]


def test_vertical_has_nine_weights_and_no_bias() -> None:
    assert builtin_filter("vertical").parameters == (9, 0)


# --- laws ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", DERIVATIVES)
def test_each_derivative_of_a_constant_is_zero(spec: str) -> None:
    assert abs(kernel(spec).sum()) < 1e-15 * np.abs(kernel(spec)).sum()


@pytest.mark.parametrize("spec", ["gaussian", "gaussian:0.3", "gaussian:7.5", "identity"])
def test_smoothing_keeps_a_constant(spec: str) -> None:
    assert kernel(spec).sum() == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize("name", ["sobel", "prewitt", "scharr"])
def test_x_and_y_are_transposes(name: str) -> None:
    assert np.array_equal(kernel(f"{name}-x"), kernel(f"{name}-y").T)


def test_horizontal_is_the_transpose_of_vertical() -> None:
    assert np.array_equal(kernel("horizontal"), kernel("vertical").T)


@pytest.mark.parametrize("name", ["sobel", "prewitt", "scharr"])
def test_derivatives_are_positive_where_brightness_grows(name: str) -> None:
    rows, cols = np.mgrid[0:3, 0:3]
    assert (kernel(f"{name}-x") * cols).sum() > 0
    assert (kernel(f"{name}-x") * rows).sum() == 0
    assert (kernel(f"{name}-y") * rows).sum() > 0
    assert (kernel(f"{name}-y") * cols).sum() == 0


def test_vertical_is_positive_where_bright_is_left_of_dark() -> None:
    assert (kernel("vertical") * [10, 0, 0]).sum() == 30
    assert (kernel("horizontal") * [[10], [0], [0]]).sum() == 30


@pytest.mark.parametrize("name", ["laplacian", "laplacian-8", "log", "log:2.5", "gaussian:1.7"])
def test_isotropic_kernels_look_alike_from_every_side(name: str) -> None:
    values = kernel(name)
    assert np.allclose(values, np.rot90(values), rtol=0, atol=1e-17)
    assert np.allclose(values, values.T, rtol=0, atol=1e-17)


@pytest.mark.parametrize("name", ["laplacian", "laplacian-8", "log", "log:0.1", "log:3"])
def test_laplacians_are_negative_on_a_bright_point(name: str) -> None:
    values = kernel(name)
    centre = tuple(size // 2 for size in values.shape)
    assert values[centre] == values.min() < 0


@pytest.mark.parametrize(
    ("spec", "rank"),
    [
        ("vertical", 1),
        ("sobel-x", 1),
        ("scharr-y", 1),
        ("gaussian:2", 1),
        ("identity", 1),
        ("laplacian", 2),
        ("laplacian-8", 2),
        ("roberts-1", 2),
        ("log", 3),
    ],
)
def test_only_outer_products_have_rank_1(spec: str, rank: int) -> None:
    assert builtin_filter(spec).ranks == (rank,)


def test_second_derivative_of_a_parabola_is_two() -> None:
    rows, _ = np.mgrid[-1:2, -1:2]
    assert (kernel("laplacian") * rows**2).sum() == 2


def test_log_of_a_parabola_is_nearly_two() -> None:
    values = kernel("log:2")
    radius = len(values) // 2
    rows, _ = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    assert (values * rows**2).sum() == pytest.approx(2, rel=0.02)


# --- other libraries ----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "size"), [("sobel", 3), ("scharr", cv2.FILTER_SCHARR)])
def test_derivatives_equal_opencv(name: str, size: int) -> None:
    for axis, (dx, dy) in {"x": (1, 0), "y": (0, 1)}.items():
        along_x, along_y = cv2.getDerivKernels(dx, dy, size)
        assert np.array_equal(kernel(f"{name}-{axis}"), np.outer(along_y, along_x))


def test_laplacian_equals_opencv() -> None:
    expected = cv2.Laplacian(impulse(5), cv2.CV_64F, ksize=1)[1:4, 1:4]
    assert np.array_equal(kernel("laplacian"), expected)


@pytest.mark.parametrize("name", ["sobel", "prewitt"])
def test_derivatives_equal_scipy(name: str) -> None:
    filtered = getattr(ndimage, name)
    flipped = filtered(impulse(5), axis=1)[1:4, 1:4]  # a response to an impulse is turned
    assert np.array_equal(kernel(f"{name}-x"), flipped[::-1, ::-1])


@pytest.mark.parametrize("sigma", [0.5, 1.0, 1.4, 3.25])
def test_gaussian_equals_opencv_and_scipy(sigma: float) -> None:
    values = kernel(f"gaussian:{sigma}")
    side = len(values)
    column = cv2.getGaussianKernel(side, sigma)
    assert np.allclose(values, column @ column.T, rtol=0, atol=1e-15)
    expected = ndimage.gaussian_filter(impulse(side), sigma)
    assert np.allclose(values, expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("sigma", [0.5, 1.0, 1.4, 3.25])
def test_log_equals_scipy_less_its_mean(sigma: float) -> None:
    values = kernel(f"log:{sigma}")
    padded = impulse(len(values) * 3)  # far from the borders that SciPy mirrors
    expected = ndimage.gaussian_laplace(padded, sigma)
    n = len(values)
    expected = expected[n : 2 * n, n : 2 * n]
    assert np.allclose(values, expected - expected.mean(), rtol=0, atol=1e-15)


# --- operators and the table --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sobel", "prewitt", "scharr", "roberts"])
def test_an_operator_is_its_pair(name: str) -> None:
    bank = builtin_filter(name)
    assert bank.names == BUILTIN_FILTERS[name].members
    for i, member in enumerate(bank.names):
        assert bank.select([i]) == builtin_filter(member)


@pytest.mark.parametrize("name", BUILTIN_FILTERS)
def test_every_entry_of_the_table_works_with_its_defaults(name: str) -> None:
    entry = BUILTIN_FILTERS[name]
    numbers = [*entry.parameters.values(), *entry.angles]
    defaults = ",".join(map(str, numbers))
    explicit = builtin_filter(f"{name}:{defaults}" if defaults else name)
    assert np.array_equal(explicit.weight, builtin_filter(name).weight)
    assert entry.description
    usages = {"dog": "dog[:sigma1,sigma2]", "gabor": "gabor[:wavelength,angle…]"}
    assert entry.usage == usages.get(name, f"{name}[:sigma]" if defaults else name)


@pytest.mark.parametrize("name", BUILTIN_FILTERS)
def test_every_name_is_the_nearest_to_itself_misspelt(name: str) -> None:
    misspelt = name + "q"
    assert difflib.get_close_matches(misspelt, BUILTIN_FILTERS, 1) == [name]
    with pytest.raises(FilterError, match=f"unknown; did you mean '{name}'"):
        load_filter(misspelt)


# --- parameters ---------------------------------------------------------------------------------


def test_parameters_are_named_in_one_way() -> None:
    names = [builtin_filter(spec).names[0] for spec in ("gaussian", "gaussian:2.0", "log: 1/2")]
    assert names == ["gaussian", "gaussian:2", "log:0.5"]


@pytest.mark.parametrize(
    ("sigma", "radius"), [("0.1", 0), ("0.125", 1), ("1", 4), ("1.1", 4), ("1.2", 5)]
)
def test_a_gaussian_reaches_four_sigma_rounded(sigma: str, radius: int) -> None:
    assert kernel(f"gaussian:{sigma}").shape == (2 * radius + 1, 2 * radius + 1)


def test_a_log_reaches_a_neighbour_however_narrow() -> None:
    assert kernel("log:0.1").shape == (3, 3)


@given(st.sampled_from(["gaussian", "log"]), st.floats(0.1, 20))
@example("gaussian", 5e-324)
@example("log", 0.1)
def test_every_sigma_in_range_makes_a_kernel(name: str, sigma: float) -> None:
    assert kernel(f"{name}:{sigma!r}").shape[0] % 2 == 1


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("sobl", "filter 'sobl' is unknown; did you mean 'sobel'?"),
        ("Sobel", "filter 'Sobel' is unknown; did you mean 'sobel'?"),
        ("sobel_x", "filter 'sobel_x' is unknown; did you mean 'sobel-x'?"),
        ("gausian:2", "filter 'gausian:2' is unknown; did you mean 'gaussian'?"),
        ("zzz", "filter 'zzz' is unknown; 'edgecli filters list' shows the built-in ones"),
        ("gaussian:-1", "filter 'gaussian:-1': sigma must be positive, not -1"),
        ("gaussian:0", "filter 'gaussian:0': sigma must be positive, not 0"),
        ("log:0.01", "filter 'log:0.01': sigma must be at least 0.1, not 0.01"),
        ("log:-1", "filter 'log:-1': sigma must be positive, not -1"),
        ("log:nan", "filter 'log:nan': 'nan' is not finite; write a finite number"),
        ("log:inf", "filter 'log:inf': 'inf' is not finite; write a finite number"),
        ("log:1e999", "filter 'log:1e999': '1e999' is over 1.8e308; write a smaller number"),
        ("log:1/0", "filter 'log:1/0': '1/0' divides by zero; write a finite number"),
        ("log:wide", "filter 'log:wide': 'wide' is not a number; write log[:sigma]"),
        ("log:", "filter 'log:': '' is not a number; write log[:sigma]"),
        (
            "log:1,2",
            "filter 'log:1,2': 2 parameters after the colon where there are 1; write log[:sigma]",
        ),
        (
            "sobel:3",
            "filter 'sobel:3': 1 parameter after the colon where there are none; write sobel",
        ),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_line(spec: str, message: str) -> None:
    with pytest.raises(FilterError) as caught:
        builtin_filter(spec)
    assert str(caught.value) == message


@pytest.mark.parametrize("sigma", ["1448.5", "1e9", "1e308"])
@pytest.mark.parametrize("name", ["gaussian", "log"])
def test_a_kernel_over_the_limit_is_refused_by_arithmetic(name: str, sigma: str) -> None:
    with pytest.raises(FilterError, match="over the limit of 1 GiB of weights"):
        builtin_filter(f"{name}:{sigma}")
