"""Every method against the nested loops, for every stride and dilation that it takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgecli.conv import products
from edgecli.conv.fourier import Fourier
from edgecli.conv.method import Method, Spacing
from edgecli.conv.products import LowRank, RowProducts, SeparableProducts
from edgecli.conv.spectral import Spectral
from edgecli.conv.sums import Separable, Taps
from edgecli.rows.blas import _blas_threads, one_blas_thread, packs_products
from tests.reference import correlate
from tests.steps import dirty_memory

seeds = st.integers(0, 2**32 - 1)
pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
sizes = st.tuples(st.integers(1, 40), st.integers(1, 70))  # of the output: past every block's size
kernels = st.tuples(st.integers(1, 9), st.integers(1, 9))


def band_for(
    rng: np.random.Generator,
    channels: int,
    kernel: tuple[int, int],
    size: tuple[int, int],
    steps: Spacing,
) -> NDArray[np.float32]:
    shape = [
        (size[a] - 1) * steps.stride[a] + (kernel[a] - 1) * steps.dilation[a] + 1 for a in (0, 1)
    ]
    return rng.standard_normal((channels, *shape)).astype(np.float32)


def apply(
    method: Method, band: NDArray[Any], filters: int, size: tuple[int, int], steps: Spacing
) -> NDArray[Any]:
    whole = np.full((filters, size[0] + 2, size[1]), np.nan, np.float32)
    out = whole[:, 1:-1]  # a view, as of a band in the whole output
    method.apply(band, out, steps, dirty_memory())
    assert np.isnan(whole[:, 0]).all()
    assert np.isnan(whole[:, -1]).all()
    return out


def assert_close(
    result: NDArray[Any], band: NDArray[Any], weight: NDArray[Any], steps: Spacing
) -> None:
    # A sampled check keeps the loops short: the corners, and pixels in between.
    _, rows, cols = result.shape
    span_rows = (weight.shape[2] - 1) * steps.dilation[0] + 1
    span_cols = (weight.shape[3] - 1) * steps.dilation[1] + 1
    bound = 3e-6 * float(np.abs(band).max()) * float(np.abs(weight).sum())
    for y in {0, rows // 2, rows - 1}:
        for x in {0, cols // 3, cols - 1}:
            top, left = y * steps.stride[0], x * steps.stride[1]
            window = band[:, top : top + span_rows, left : left + span_cols]
            truth = correlate(window, weight, dilation=steps.dilation)[:, 0, 0]
            np.testing.assert_allclose(result[:, y, x], truth, rtol=0, atol=bound)


@given(seeds, st.integers(1, 6), st.integers(1, 4), kernels, sizes, pairs, pairs)
def test_row_products(
    seed: int, filters: int, channels: int, kernel: tuple[int, int], size: tuple[int, int],
    stride: tuple[int, int], dilation: tuple[int, int],
) -> None:  # fmt: skip
    rng, steps = np.random.default_rng(seed), Spacing(stride, dilation)
    weight = rng.standard_normal((filters, channels, *kernel))
    band = band_for(rng, channels, kernel, size, steps)
    result = apply(RowProducts.prepare(weight, steps), band, filters, size, steps)
    assert_close(result, band, weight, steps)


@pytest.mark.parametrize("packs", [True, False])
@given(seeds, kernels, sizes, pairs, pairs)
def test_separable_products(
    packs: bool,
    seed: int,
    kernel: tuple[int, int],
    size: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
) -> None:
    rng, steps = np.random.default_rng(seed), Spacing(stride, dilation)
    column, row = rng.standard_normal(kernel[0]), rng.standard_normal(kernel[1])
    band = band_for(rng, 1, kernel, size, steps)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(products, "packs_products", lambda: packs)
        method = SeparableProducts.prepare(column, row, steps)
    result = apply(method, band, 1, size, steps)
    assert_close(result, band, np.outer(column, row)[np.newaxis, np.newaxis], steps)


@given(seeds, kernels, st.integers(1, 70), st.data())
def test_spectral(seed: int, kernel: tuple[int, int], cols: int, data: st.DataObject) -> None:
    rng, steps = np.random.default_rng(seed), Spacing()
    weight = rng.standard_normal((1, 1, *kernel))
    method = Spectral.prepare(weight[0, 0])
    size = data.draw(st.integers(1, method.band_rows)), cols
    band = band_for(rng, 1, kernel, size, steps)
    assert_close(apply(method, band, 1, size, steps), band, weight, steps)


@pytest.mark.parametrize("kind", [Spectral, Fourier])
@pytest.mark.parametrize("rows", [1, 20, None])
@pytest.mark.parametrize("kernel", [(31, 31), (63, 49), (1, 64), (64, 1)])
def test_large_kernels(
    kernel: tuple[int, int], rows: int | None, kind: type[Spectral] | type[Fourier]
) -> None:
    rng, steps = np.random.default_rng(8), Spacing()
    weight = rng.standard_normal((1, 1, *kernel))
    method = kind.prepare(weight[0, 0])
    size = (rows or method.band_rows, 77)
    band = band_for(rng, 1, kernel, size, steps)
    assert_close(apply(method, band, 1, size, steps), band, weight, steps)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_low_rank(rank: int) -> None:
    rng, steps, size = np.random.default_rng(9), Spacing(), (30, 41)
    weight = np.einsum("ri,rj->ij", rng.standard_normal((rank, 9)), rng.standard_normal((rank, 7)))
    method = LowRank.prepare(weight)
    assert len(method.terms) == rank
    band = band_for(rng, 1, (9, 7), size, steps)
    result = apply(method, band, 1, size, steps)
    assert_close(result, band, weight[np.newaxis, np.newaxis], steps)


@given(seeds, st.integers(1, 3), kernels, sizes, pairs, pairs)
def test_sums(
    seed: int, channels: int, kernel: tuple[int, int], size: tuple[int, int],
    stride: tuple[int, int], dilation: tuple[int, int],
) -> None:  # fmt: skip
    rng, steps = np.random.default_rng(seed), Spacing(stride, dilation)
    factors = [rng.standard_normal(n) for n in (channels, *kernel)]
    weight = np.einsum("c,i,j->cij", *factors)
    band = band_for(rng, channels, kernel, size, steps)
    separable = Separable.prepare(weight)
    assert separable is not None
    for method in (separable, Taps.prepare(weight)):
        result = apply(method, band, 1, size, steps)
        assert_close(result, band, weight[np.newaxis], steps)


def test_blas_says_which_kernels_it_runs() -> None:
    features = np._core._multiarray_umath.__cpu_features__  # type: ignore[attr-defined]
    assert packs_products() or features["AVX512F"]


def test_blas_is_at_one_thread_inside_and_as_before_outside() -> None:
    setting = _blas_threads()
    assert setting is not None, "NumPy's wheels bundle OpenBLAS"
    read, write = setting
    before = read()
    try:
        write(2)
        with one_blas_thread():
            assert read() == 1
            with one_blas_thread():
                assert read() == 1
            assert read() == 1
        assert read() == 2
    finally:
        write(before)
