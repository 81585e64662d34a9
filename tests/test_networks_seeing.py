"""What an output sees: the pixels that change it, and no others."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from edgecli.errors import GeometryError, UsageError
from edgecli.networks.field_picture import look_at
from edgecli.networks.files import load_network
from edgecli.networks.forward import forward
from edgecli.networks.layers import AveragePool, Convolution, Upsample
from edgecli.networks.network import Network
from edgecli.networks.seeing import Sight, look
from tests.networks_reference import chain, encoder_decoder, with_weights

FEW = chain(
    (1, 21, 26),
    Convolution(2, (3, 5), padding="same"),
    AveragePool((2, 2)),
    Convolution(2, (3, 3), dilation=(2, 1), padding=(2, 0, 2, 1)),
    Upsample(2, "bilinear"),
)


@pytest.fixture(scope="module")
def changes() -> NDArray[np.bool_]:
    """Return which pixels change which outputs, ``(H, W, H', W')``, by changing each."""
    network = with_weights(FEW)
    _, H, W = network.input_shape
    pixels = np.zeros((H * W, *network.input_shape), np.float32)
    pixels[np.arange(H * W), :, np.arange(H * W) // W, np.arange(H * W) % W] = 1
    dark = forward(network, pixels[0] * 0)
    reached = np.array([(forward(network, one) != dark).any(axis=0) for one in pixels])
    return reached.reshape(H, W, *reached.shape[1:])


@pytest.mark.parametrize("position", [(0, 0), (7, 9), (3, 20), (14, 25)])
def test_an_output_sees_the_pixels_that_change_it(
    changes: NDArray[np.bool_], position: tuple[int, int]
) -> None:
    network = with_weights(FEW)
    seen = look(network, network.input_shape, position)[-1]
    assert seen.output == position
    _, H, W = network.input_shape
    inside = tuple(
        (max(start, 0), min(stop, side))
        for (start, stop), side in zip((seen.rows, seen.cols), (H, W), strict=True)
    )
    rows, cols = np.nonzero(changes[..., *position])
    assert ((rows.min(), rows.max() + 1), (cols.min(), cols.max() + 1)) == inside


def lies_in(one: Sight, other: Sight) -> bool:
    return (
        other.rows[0] <= one.rows[0] < one.rows[1] <= other.rows[1]
        and other.cols[0] <= one.cols[0] < one.cols[1] <= other.cols[1]
    )


@pytest.mark.parametrize("position", [(0, 0), (17, 4), (39, 47)])
@pytest.mark.parametrize("network", [load_network("learned"), encoder_decoder()])
def test_every_field_lies_in_that_of_the_output(
    network: Network, position: tuple[int, int]
) -> None:
    sights = look(network, (network.input_shape[0], 40, 48), position)
    assert all(lies_in(one, sights[-1]) for one in sights)


def test_in_a_chain_each_lies_in_the_next() -> None:
    sights = look(load_network("lenet5"), (3, 32, 32), (0, 4))
    assert all(lies_in(*pair) for pair in pairwise(sights))
    sizes = [one.rows[1] - one.rows[0] for one in sights]
    assert sizes == [5, 6, 14, 16, 32, 32, 32, 32]
    assert [one.output is None for one in sights] == [False] * 4 + [True] * 4


def test_layers_that_the_output_does_not_see_through_are_left_out() -> None:
    network = encoder_decoder()
    names = {one.name for one in look(network, (network.input_shape[0], 40, 48), (3, 3))}
    assert names <= {node.name for node in network.nodes}
    assert network.nodes[-1].name in names


def test_places_outside_are_refused() -> None:
    with pytest.raises(UsageError, match="output 5,0 is outside pool2, which is 5×5"):
        look(load_network("lenet5"), (3, 32, 32), (5, 0))
    with pytest.raises(GeometryError, match="kernel 3×3 is larger than the padded image 2×2"):
        look_at(load_network("edges-rgb"), np.zeros((2, 2, 3), np.uint8), (0, 0))
