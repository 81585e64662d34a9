"""Responses that are rounded: a row has the same bits whatever band it is computed in."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edgecli import FilterBank, load_filter
from edgecli.conv import Slide, plan, products, slide_over
from edgecli.geometry import Window
from tests.steps import in_bands, whole

SIDES = {"dense": (1, 1, 3, 3), "three": (3, 2, 5, 4), "many": (6, 3, 3, 3), "wide": (1, 1, 6, 7)}
SPECS = ("gaussian:2", "gradient:1.6", "canny:2", "low rank", *SIDES)


def bank_of(spec: str) -> FilterBank:
    """Return a bank with weights that are no whole numbers."""
    random = np.random.default_rng(3)
    if spec == "low rank":
        columns, rows = random.normal(size=(2, 21, 2))
        return FilterBank((columns @ rows.T)[np.newaxis, np.newaxis])
    return FilterBank(random.normal(size=SIDES[spec])) if spec in SIDES else load_filter(spec)


def laid(spec: str, dtype: str, stride: int, dilation: int) -> tuple[Slide, NDArray[np.generic]]:
    """Return a bank over an image that is no multiple of anything, and the image."""
    bank = bank_of(spec)
    shape = bank.weight.shape[1], 97, 71
    window = Window(bank.kernel_size, (stride, stride), (dilation, dilation), padding="same")
    image = np.random.default_rng(4).integers(0, 256, shape).astype(dtype)
    return slide_over(bank, window, shape, dtype), image


@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2)])
@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.parametrize("spec", SPECS)
def test_a_row_is_rounded_alike_in_every_band(
    spec: str, dtype: str, stride: int, dilation: int
) -> None:
    slide, image = laid(spec, dtype, stride, dilation)
    assert slide.dtype.kind == "f"
    expected = whole(slide, image)
    for rows in (1, 3, 5, 12, 31):
        np.testing.assert_array_equal(in_bands(slide, [image], rows), expected)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("spec", SPECS)
def test_whole_products_give_what_any_do(
    spec: str, stride: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BLAS that packs its matrices gets whole products: rows above a band, and zeros below."""
    found = []
    for packs in (True, False):
        monkeypatch.setattr(products, "packs_products", lambda packs=packs: packs)
        plan.plan_convolution.cache_clear()
        slide, image = laid(spec, "float64", stride, 1)
        found.append(in_bands(slide, [image], 17))
    plan.plan_convolution.cache_clear()
    scale = float(np.abs(found[1]).max())
    np.testing.assert_allclose(found[0], found[1], rtol=0, atol=1e-13 * scale)
