"""Laws of convolution that hold for every image, bank and window."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgecli import convolve
from edgecli.conv import Slide, slide_over
from edgecli.errors import UsageError
from edgecli.filters import FilterBank
from edgecli.geometry import Window, parse_padding_mode
from tests.every_step import EXAMPLES, Maker, steps_of_the_package
from tests.steps import GARBAGE, dirty_memory, in_bands, whole
from tests.strategies import Case, cases

images = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).integers(0, 256, (9, 11), np.uint8)
)
kernels = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).integers(-9, 10, (1, 1, 3, 3)).astype(float)
)


def laid(case: Case) -> Slide:
    window = Window(
        case.bank.kernel_size, case.stride, case.dilation, case.pads, parse_padding_mode(case.mode)
    )
    C, H, W = case.image.shape
    return slide_over(case.bank, window, (C, H, W), case.image.dtype)


@given(images)
def test_a_delta_kernel_is_the_identity(image: NDArray[np.uint8]) -> None:
    delta = np.zeros((1, 1, 5, 5))
    delta[0, 0, 2, 2] = 1
    np.testing.assert_array_equal(
        convolve(image, FilterBank(delta), padding="same", padding_mode="zeros")[0], image
    )


@given(images, kernels, kernels)
def test_responses_are_linear_in_the_weights(
    image: NDArray[np.uint8], a: NDArray[Any], b: NDArray[Any]
) -> None:
    both = convolve(image, FilterBank(2 * a + b), padding="valid").astype(int)
    apart = 2 * convolve(image, FilterBank(a), padding="valid").astype(int) + convolve(
        image, FilterBank(b), padding="valid"
    )
    np.testing.assert_array_equal(both, apart)


@given(images, kernels)
def test_shifting_the_image_shifts_the_response(
    image: NDArray[np.uint8], weight: NDArray[Any]
) -> None:
    bank = FilterBank(weight)
    options = {"padding": "same", "padding_mode": "circular"}
    shifted = convolve(np.roll(image, (2, 3), (0, 1)), bank, **options)  # type: ignore[arg-type]
    response = convolve(image, bank, **options)  # type: ignore[arg-type]
    np.testing.assert_array_equal(shifted, np.roll(response, (2, 3), (1, 2)))


@given(images, kernels)
def test_flipping_image_and_kernel_flips_the_response(
    image: NDArray[np.uint8], weight: NDArray[Any]
) -> None:
    bank = FilterBank(weight)
    flipped = convolve(image[::-1, ::-1], bank.flipped(), padding="same", padding_mode="zeros")
    response = convolve(image, bank, padding="same", padding_mode="zeros")
    np.testing.assert_array_equal(flipped[:, ::-1, ::-1], response)


@given(kernels)
def test_a_flipped_kernel_turns_correlation_into_convolution(weight: NDArray[Any]) -> None:
    impulse = np.zeros((7, 7), np.uint8)
    impulse[3, 3] = 1
    response = convolve(impulse, FilterBank(weight).flipped(), padding="valid")
    np.testing.assert_array_equal(response[0, 1:4, 1:4], weight[0, 0])


@given(cases(("uint8", "uint16", "float32")))
def test_output_shape_is_what_is_computed(case: Case) -> None:
    geometry = laid(case).geometry
    result = convolve(
        case.image,
        case.bank,
        stride=case.stride,
        dilation=case.dilation,
        padding=case.pads,
        padding_mode="zeros",
    )
    assert result.shape[1:] == geometry.output_shape


@given(
    cases(("uint8", "uint16", "int8", "int32", "int64", "float32", "float64")), st.integers(1, 12)
)
def test_bands_equal_the_whole_for_every_height(case: Case, rows: int) -> None:
    slide = laid(case)
    # BLAS may add up floats in another order in matrices of another height.
    exact = slide.dtype.kind == "i"
    bound = 0 if exact else 1e-6 * float(case.bank.absolute_sums.max()) * 7
    found, expected = in_bands(slide, [case.image], rows), whole(slide, case.image)
    np.testing.assert_allclose(found, expected, rtol=0, atol=bound)


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_the_result_is_the_same_for_every_number_of_threads(threads: int) -> None:
    image = np.random.default_rng(5).integers(0, 256, (1500, 300), np.uint8)
    bank = FilterBank(np.random.default_rng(6).normal(size=(3, 1, 5, 5)))
    alone = convolve(image, bank, padding="same", threads=1, padding_mode="zeros")
    np.testing.assert_array_equal(
        convolve(image, bank, padding="same", threads=threads, padding_mode="zeros"), alone
    )


@pytest.mark.parametrize("threads", [0, -1])
def test_fewer_threads_than_one_are_refused(threads: int) -> None:
    for image in (np.zeros((4, 4), np.uint8), np.zeros((1500, 300), np.uint8)):
        with pytest.raises(UsageError, match=f"threads must be 1 or more, got {threads}; leave"):
            convolve(image, "vertical", threads=threads, padding="valid")


@given(images, kernels, st.integers(-100, 100))
def test_a_bias_is_added_to_every_response(
    image: NDArray[np.uint8], weight: NDArray[Any], bias: int
) -> None:
    plain = convolve(image, FilterBank(weight), padding="valid").astype(int)
    np.testing.assert_array_equal(
        convolve(image, FilterBank(weight, [bias]), padding="valid"), plain + bias
    )


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("kernel", [(3, 3), (9, 9), (15, 15)])
def test_what_is_not_finite_spreads_no_further_than_the_kernel(
    value: float, kernel: tuple[int, int]
) -> None:
    image = np.random.default_rng(7).random((40, 50), np.float32)
    bank = FilterBank(np.random.default_rng(8).normal(size=(1, 1, *kernel)))
    clean = convolve(image, bank, padding="same", padding_mode="zeros")[0]
    image[20, 25] = value
    spoilt = ~np.isfinite(convolve(image, bank, padding="same", padding_mode="zeros")[0])
    reach = np.zeros((40, 50), bool)
    h, w = kernel[0] // 2, kernel[1] // 2
    reach[20 - h : 20 + h + 1, 25 - w : 25 + w + 1] = True
    np.testing.assert_array_equal(spoilt, reach)
    again = convolve(image, bank, padding="same", padding_mode="zeros")[0]
    np.testing.assert_allclose(again[~reach], clean[~reach], rtol=0, atol=1e-4)


# --- every step ---------------------------------------------------------------------------------


def test_every_step_of_the_package_has_an_example() -> None:
    size = Maker(np.random.default_rng(0), 9, 8)
    assert {type(make(size).step) for make in EXAMPLES.values()} == steps_of_the_package()


@pytest.mark.parametrize("name", EXAMPLES)
@given(st.integers(0, 2**32 - 1), st.integers(3, 40), st.integers(3, 12), st.integers(1, 45))
@settings(max_examples=15)
def test_bands_of_a_step_equal_the_whole_whatever_memory_held_before(
    name: str, seed: int, height: int, width: int, rows: int
) -> None:
    example = EXAMPLES[name](Maker(np.random.default_rng(seed), height, width))
    step, expected = example.step, whole(example.step, *example.inputs)
    assert (expected.shape, expected.dtype) == (step.shape, step.dtype)
    found = [in_bands(step, example.inputs, rows, dirty_memory(byte)) for byte in GARBAGE]
    np.testing.assert_array_equal(found[0], found[1])
    if example.rounded:
        bound = 1e-5 * float(np.abs(expected[np.isfinite(expected)]).max(initial=1))
        np.testing.assert_allclose(found[0], expected, rtol=1e-5, atol=bound)
    else:
        np.testing.assert_array_equal(found[0], expected)
