"""The networks of the package against torch. Not collected where torch is absent: ``conftest``."""

from __future__ import annotations

import numpy as np
import pytest

from edgecli.networks.files import load_network
from edgecli.networks.forward import forward
from edgecli.networks.scales import at_scales
from edgecli.operators.soft import load_edge_network
from tests.networks_reference import with_weights
from tests.soft_networks import soft_network
from tests.torch_networks import torch_runner

SIZES = [(37, 53), (9, 7), (1, 1), (2, 31)]


@pytest.mark.parametrize("name", ["learned", "learned-small"])
@pytest.mark.parametrize("size", SIZES)
def test_what_is_learned_is_what_torch_computes(name: str, size: tuple[int, int]) -> None:
    network = load_edge_network(name)
    image = np.random.default_rng(1).random((3, *size), np.float32)
    np.testing.assert_allclose(forward(network, image), torch_runner(network)(image), atol=1e-5)


@pytest.mark.parametrize("scales", [(1.0, 0.5), (2.0,), (2.0, 1.0, 0.5)])
def test_several_scales(scales: tuple[float, ...]) -> None:
    network = at_scales(soft_network(), scales)
    image = np.random.default_rng(2).random((3, 23, 18), np.float32)
    np.testing.assert_allclose(forward(network, image), torch_runner(network)(image), atol=1e-6)


def test_lenet() -> None:
    network = with_weights(load_network("lenet5"))
    images = np.random.default_rng(3).random((5, 3, 32, 32), np.float32)
    np.testing.assert_allclose(forward(network, images), torch_runner(network)(images), atol=1e-5)
