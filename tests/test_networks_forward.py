"""Networks run over arrays: in strips, on threads and in batches, always the loops' values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecli.errors import GeometryError
from edgecli.filters import load_filter
from edgecli.networks import forward as module
from edgecli.networks.files import load_network
from edgecli.networks.forward import forward, share_rows
from edgecli.networks.layers import Convolution, MaxPool
from edgecli.rows import sharing
from tests.networks_reference import (
    chain,
    check,
    encoder_decoder,
    every_layer,
    naive_forward,
    volume,
    with_weights,
)


@given(st.integers(1, 13), st.integers(1, 13), st.integers(0, 2**32 - 1))
@settings(max_examples=8)
def test_an_encoder_decoder_of_any_size(height: int, width: int, seed: int) -> None:
    check(with_weights(encoder_decoder(), seed), volume(seed, 2, height, width))


@given(st.integers(1, 40), st.integers(1, 5), st.integers(1, 50))
@settings(max_examples=25)
def test_strips_and_increments_equal_the_whole_to_the_bit(
    height: int, strips: int, rows: int
) -> None:
    network = with_weights(encoder_decoder("none"), whole=True)
    image = volume(5, 2, height, 17, whole=True)
    whole, cut = every_layer(network, image), every_layer(network, image, rows, strips)
    for name in whole:
        np.testing.assert_array_equal(cut[name], whole[name])


@pytest.mark.parametrize("threads", [1, 2, 3, None])
@pytest.mark.parametrize("shared", [1, 2**15])
def test_forward_returns_the_last_layer(
    threads: int | None, shared: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, image = with_weights(encoder_decoder()), volume(3, 2, 70, 33)
    monkeypatch.setattr(sharing, "SHARED_VALUES", shared)
    expected = naive_forward(network, image)["out"]
    np.testing.assert_allclose(forward(network, image, threads), expected, rtol=1e-5, atol=1e-6)


NAMED = ["gaussian:2", "gradient:1.5", "gabor:5", "gabor:20", "1 2 4; 8 16 3; 5 7 11"]


@pytest.mark.parametrize("name", NAMED)
def test_every_number_of_threads_gives_the_same_bits(name: str) -> None:
    """BLAS rounds by where in a product a value lies."""
    kernel = load_filter(name).kernel_size
    layers = (
        Convolution((name,), kernel, padding="same", bias=False),
        Convolution(2, (3, 3), padding="same"),
    )
    network, image = with_weights(chain((1, 9, 9), *layers)), volume(4, 1, 503, 39)
    one, *others = (forward(network, image, threads) for threads in (1, 2, 3, 5))
    for other in others:
        np.testing.assert_array_equal(other, one)


@pytest.mark.parametrize(("height", "strips"), [(815, 2), (300, 1)])
def test_learned_is_the_same_for_every_number_of_threads(height: int, strips: int) -> None:
    """In a strip for each thread, and in one whose rows they share."""
    network, image = load_network("learned"), np.random.default_rng(1).random((3, height, 135))
    assert len(share_rows(network, height, 2)) == strips
    one, two = (forward(network, image, threads) for threads in (1, 2))
    np.testing.assert_array_equal(two, one)


@given(st.integers(1, 5000), st.integers(1, 9))
def test_strips_share_all_rows_evenly_and_are_taller_than_twice_the_field(
    height: int, threads: int
) -> None:
    network = load_network("learned-small")
    field = network.summary().layers[-1].receptive_field[0]
    shares = share_rows(network, height, threads)
    assert [row for share in shares for row in range(*share)] == list(range(height))
    tallest, *others = (stop - start for start, stop in shares)
    assert tallest <= module.TALLEST_STRIP
    assert set(others[:-1]) <= {tallest}
    assert len(shares) == 1 or tallest >= 2 * field
    if height > 2 * threads * field:
        assert len(shares) >= threads


def test_integers_are_taken_as_they_are() -> None:
    network = chain((1, 2, 3), MaxPool((2, 3)))
    assert forward(network, np.arange(6, dtype=np.uint8).reshape(1, 2, 3)).tolist() == [[[5.0]]]


def test_a_batch_of_maps() -> None:
    network, images = with_weights(encoder_decoder()), volume(4, 3, 2, 9, 8)
    out = forward(network, images)
    assert out.shape == (3, 1, 9, 8)
    np.testing.assert_allclose(out[2], forward(network, images[2]), rtol=1e-5, atol=1e-6)


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(GeometryError, match=r"shape \(9,\)"):
        forward(chain((1, 2, 3), MaxPool((2, 3))), np.zeros(9))


def test_a_network_s_numbers_cannot_be_changed_under_its_plans() -> None:
    network, image = with_weights(encoder_decoder()), volume(3, 2, 20, 20)
    forward(network, image)
    with pytest.raises(ValueError, match="read-only"):
        next(iter(network.weights.values()))[:] = 0


def test_networks_of_one_shape_are_planned_apart() -> None:
    image = volume(3, 2, 20, 20)
    networks = [with_weights(encoder_decoder(), seed) for seed in (1, 2, 1)]
    first, other, again = (forward(network, image) for network in networks)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
