"""A network at several scales: the mean of what it gives at each, of any size."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edgecli.errors import UsageError
from edgecli.networks.forward import forward
from edgecli.networks.scales import at_scales, parse_scales
from tests.soft_networks import soft_network

NETWORK = soft_network()
Array = NDArray[np.float32]


def picture(*shape: int) -> Array:
    return np.random.default_rng(1).random((3, *shape), np.float32)


def means(image: Array) -> Array:
    """Return the mean of each block of pixels, of what there is of it."""
    _, height, width = image.shape
    rows, cols = range(0, height, 2), range(0, width, 2)
    blocks = [[image[:, r : r + 2, c : c + 2].mean(axis=(1, 2)) for c in cols] for r in rows]
    return np.array(blocks, np.float32).transpose(2, 0, 1)


def interpolated(image: Array, height: int, width: int) -> Array:
    """Double bilinearly, pixels being areas, and crop."""

    def along(values: Array, size: int) -> Array:
        places = (np.arange(size) + 0.5) / 2 - 0.5
        near = np.floor(places).astype(int)
        share = (places - near).astype(np.float32)
        last = values.shape[1] - 1
        first, second = (values[:, np.clip(near + n, 0, last)] for n in (0, 1))
        mixed: Array = first * (1 - share)[:, None] + second * share[:, None]
        return mixed

    tall = along(image, height)
    return along(tall.transpose(0, 2, 1), width).transpose(0, 2, 1)


@pytest.mark.parametrize("size", [(16, 12), (7, 9), (1, 1), (2, 5), (13, 4)])
def test_a_smaller_scale(size: tuple[int, int]) -> None:
    image = picture(*size)
    expected = interpolated(forward(NETWORK, means(image)), *size)
    found = forward(at_scales(NETWORK, (0.5,)), image)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("size", [(7, 9), (1, 1)])
def test_a_larger_scale(size: tuple[int, int]) -> None:
    image, (height, width) = picture(*size), size
    expected = means(forward(NETWORK, interpolated(image, 2 * height, 2 * width)))
    found = forward(at_scales(NETWORK, (2.0,)), image)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_several_are_averaged() -> None:
    image, scales = picture(11, 10), (2.0, 1.0, 0.5)
    each = [forward(at_scales(NETWORK, (scale,)), image) for scale in scales]
    found = forward(at_scales(NETWORK, scales), image)
    np.testing.assert_allclose(found, np.mean(each, axis=0), atol=1e-6)


def test_one_to_one_is_the_network_itself() -> None:
    assert at_scales(NETWORK, (1.0,)) is NETWORK


@pytest.mark.parametrize("text", ["", "0.25", "1,x", "-1", "nan", "1 0.5", "inf"])
def test_scales_that_there_are_not(text: str) -> None:
    with pytest.raises(UsageError, match=r"not among 0\.5, 1, 2"):
        parse_scales(text)


def test_scales_are_told_once_and_in_any_order() -> None:
    assert parse_scales("0.5,1.0, 1") == parse_scales("1,0.5") == (1.0, 0.5)
