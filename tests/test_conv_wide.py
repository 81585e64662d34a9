"""Numbers wider than a picture's: whole ones are exact in 64 bits, float64 stays float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from edgecli import FilterBank, convolve, load_filter, plan_convolution
from edgecli.conv import slide_over
from edgecli.detect.edges import detect_edges
from edgecli.errors import EdgeCliWarning
from edgecli.geometry import Window
from tests.reference import Pads, pad
from tests.steps import in_bands, whole
from tests.strategies import MODES

WIDE = [
    ("int32", 2**31 - 1), ("uint32", 2**32 - 1), ("int64", 2**31), ("int64", 2**53),
    ("int64", 2**57), ("uint64", 2**57),
]  # fmt: skip
"""Types, and how large their numbers are."""


def numbers(random: np.random.Generator, dtype: str, most: int, *shape: int) -> NDArray[Any]:
    """Draw numbers of the whole range in the lower half of the image, small ones above."""
    image = random.integers(0 if dtype.startswith("u") else -most, most, shape, dtype)
    image[:, : shape[1] // 2] %= 100
    return image


def correlated(
    image: NDArray[Any], weight: NDArray[Any], stride: tuple[int, int], dilation: tuple[int, int]
) -> NDArray[Any]:
    """Cross-correlate ``(C, H, W)``, already padded, with ``(N, C, kH, kW)``, in Python's ints."""
    padded = image.astype(object)
    N, C, kH, kW = weight.shape
    (sH, sW), (dH, dW) = stride, dilation
    rows = (image.shape[1] - dH * (kH - 1) - 1) // sH + 1
    cols = (image.shape[2] - dW * (kW - 1) - 1) // sW + 1
    out = np.zeros((N, rows, cols), object)
    for n, c, i, j in np.ndindex(N, C, kH, kW):
        seen = padded[c, i * dH :: sH, j * dW :: sW][:rows, :cols]
        out[n] += int(weight[n, c, i, j]) * seen
    return out


pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


@pytest.mark.parametrize(("dtype", "most"), WIDE)
@given(
    st.integers(0, 2**32 - 1), pairs, pairs, st.sampled_from(MODES),
    st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 7), st.integers(1, 7)),
    st.tuples(*[st.integers(0, 4)] * 4),
)  # fmt: skip
def test_whole_numbers_equal_those_of_python(
    dtype: str,
    most: int,
    seed: int,
    stride: tuple[int, int],
    dilation: tuple[int, int],
    mode: str,
    shape: tuple[int, int, int, int],
    pads: Pads,
) -> None:
    random = np.random.default_rng(seed)
    weight = random.choice([-1, 0, 0, 0, 1], shape) * random.choice([1, 1, 2])
    image = numbers(random, dtype, most, shape[1], 22, 20)
    result = convolve(
        image, FilterBank(weight.astype(float)), stride=stride, dilation=dilation, padding=pads,
        padding_mode=mode,
    )  # fmt: skip
    truth = correlated(pad(image, pads, mode), weight, stride, dilation)
    if result.dtype.kind == "i":
        assert result.dtype == np.int64
        assert (result == truth).all()
    else:  # only where 64 bits may be too few
        assert np.abs(weight).sum(axis=(1, 2, 3)).max() * int(image.max()) > 2**62
        bound = 1e-14 * float(np.abs(weight).sum()) * most
        np.testing.assert_allclose(result, truth.astype(float), rtol=0, atol=bound)


@pytest.mark.parametrize("side", [3, 9, 21])
@pytest.mark.parametrize(("dtype", "most"), [*WIDE, ("uint16", 65535)])
def test_large_kernels_are_exact_by_products_and_by_sums(dtype: str, most: int, side: int) -> None:
    random = np.random.default_rng(side)
    weight = random.integers(-1, 2, (1, 1, side, side))
    bank, most = FilterBank(weight.astype(float)), min(most, 2**53)
    image = numbers(random, dtype, most, 1, 60, 50)
    result = convolve(image, bank, padding="valid")
    assert (result == correlated(image, weight, (1, 1), (1, 1))).all()
    plan = plan_convolution(bank, Window((side, side)), dtype)
    assert plan.method == ("taps" if side == 3 else "products")


@pytest.mark.parametrize("number", [2**31, 2**53 + 1, 2**62, -(2**63) + 1, 2**63 - 1])
def test_the_largest_numbers_pass_unchanged(number: int) -> None:
    image = np.array([[number, number // 3], [0, -number]])
    identity = convolve(image, "identity")
    assert identity.dtype == np.int64
    np.testing.assert_array_equal(identity[0], image)


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_what_64_bits_may_not_hold_is_float64(dtype: str) -> None:
    image = np.full((4, 5), 2**62, dtype)
    image[:, 2:] = 0
    said = "has whole numbers up to 4,611,686,018,427,387,904, whose sums may pass 64 bits"
    with pytest.warns(RuntimeWarning, match=f"image {said}"):
        response = convolve(image, "vertical")
    assert response.dtype == np.float64
    assert response[0, 0].tolist() == [0, 3 * 2.0**62, 3 * 2.0**62, 0, 0]
    with pytest.warns(EdgeCliWarning, match=f"image array {said}"):
        detect_edges(image, "sobel")


@pytest.mark.parametrize("name", ["gaussian:1", "0.5 0 -0.5"])
def test_numbers_that_fractions_round_are_told_of(name: str) -> None:
    image = 2**53 + np.arange(20).reshape(4, 5)
    said = "has whole numbers up to 9,007,199,254,741,011, rounded to float64's 53 bits"
    with pytest.warns(EdgeCliWarning, match=f"image array {said}"):
        detect_edges(image, name, map="minmax")
    detect_edges(image - 20, name, map="minmax")  # without a word


KERNELS = {
    "dense": lambda random, side: random.normal(size=(side, side)),
    "outer product": lambda random, side: np.outer(*random.normal(size=(2, side))),
    "two outer products": lambda random, side: sum(
        np.outer(*random.normal(size=(2, side))) for _ in range(2)
    ),
}


@pytest.mark.parametrize("kind", KERNELS)
@pytest.mark.parametrize("side", [3, 5, 9, 15, 49])
def test_float64_keeps_twelve_digits(side: int, kind: str) -> None:
    random = np.random.default_rng(side)
    weight = KERNELS[kind](random, side)
    image = 1e6 + random.random((90, 70))
    response = convolve(image, FilterBank(weight[np.newaxis, np.newaxis]))[0]
    assert response.dtype == np.float64
    truth = ndimage.correlate(image, weight, mode="nearest")
    np.testing.assert_allclose(response, truth, rtol=0, atol=1e-12 * 1e6 * np.abs(weight).sum())


@pytest.mark.parametrize("name", ["gaussian:2", "log:2", "gradient:1", "canny:2", "farid"])
@pytest.mark.parametrize("dtype", ["int32", "uint32", "int64", "float64"])
def test_fractional_weights_on_wide_numbers_keep_twelve_digits(name: str, dtype: str) -> None:
    bank = load_filter(name)
    image = np.random.default_rng(2).integers(10**9, 2 * 10**9, (40, 50)).astype(dtype)
    result = convolve(image, bank)
    assert result.dtype == np.float64
    for response, weight in zip(result, bank.weight, strict=True):
        truth = ndimage.correlate(image.astype(float), weight[0], mode="nearest")
        bound = 1e-12 * 2e9 * np.abs(weight).sum()
        np.testing.assert_allclose(response, truth, rtol=0, atol=bound)


@pytest.mark.parametrize("spec", ["vertical", "kirsch", "canny:2", "1 2 3; 4 5 -6; 7 8 -9", "box9"])
@pytest.mark.parametrize(("dtype", "most"), [*WIDE[:4], ("int8", 127)])
def test_bands_and_threads_change_no_number(dtype: str, most: int, spec: str) -> None:
    """Bands of small numbers are multiplied, others summed; both are exact."""
    random = np.random.default_rng(0)
    dense = FilterBank(random.integers(-3, 4, (1, 1, 9, 9)).astype(float))
    bank = dense if spec == "box9" else load_filter(spec)
    image = numbers(random, dtype, most, 1, 70, 30)
    slide = slide_over(bank, Window(bank.kernel_size), (1, 70, 30), dtype)
    bound = 0.0 if slide.dtype.kind == "i" else 1e-14 * most * float(bank.absolute_sums.max())
    expected = whole(slide, image)
    for rows in (1, 7, 40):
        found = in_bands(slide, [image], rows)
        np.testing.assert_allclose(found, expected, rtol=0, atol=bound)
    alone, together = (convolve(image, bank, padding="valid", threads=n) for n in (1, 2))
    np.testing.assert_array_equal(alone, together)


def test_signed_bytes_take_16_bits() -> None:
    image = np.array([[-128, 127, -128], [127, -128, 127]], np.int8)
    response = convolve(image, "vertical")
    assert response.dtype == np.int16
    assert response[0].tolist() == correlated(
        pad(image[np.newaxis], (1, 1, 1, 1), "replicate"),
        load_filter("vertical").weight, (1, 1), (1, 1),
    )[0].tolist()  # fmt: skip
