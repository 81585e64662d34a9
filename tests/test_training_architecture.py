"""The networks that are trained: their sizes, their files, and the package's weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgecli.errors import NetworkError
from edgecli.networks import load_network
from edgecli.networks.files import zoo
from edgecli.networks.forward import forward
from edgecli.networks.weights import random_weights
from edgecli.training.architecture import NETWORKS, architecture, write_network
from tests.conftest import GOLDEN

MOST = {"learned": 100_000, "learned-small": 20_000}


def golden_image() -> NDArray[np.float32]:
    """Return a small image of odd sides: noise, a bright square, a ramp."""
    image = np.random.default_rng(0).normal(0.3, 0.05, (3, 45, 61)).astype(np.float32)
    image[:, 12:30, 20:44] += np.float32(0.4)
    return (image + np.linspace(0, 0.2, 61, dtype=np.float32)).clip(0, 1)


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_are_as_small_as_promised(name: str) -> None:
    assert sum(layer.parameters for layer in architecture(name).summary().layers) <= MOST[name]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size", [(1, 1), (2, 9), (321, 481), (1000, 999)], ids=str)
def test_every_size_comes_out_as_it_went_in(name: str, size: tuple[int, int]) -> None:
    assert architecture(name).shapes((3, *size))["edges"] == (1, *size)


def test_a_network_that_is_not_trained_here() -> None:
    with pytest.raises(NetworkError, match="'learnt' is not trained here; try learned"):
        architecture("learnt")


@pytest.mark.parametrize("name", NETWORKS)
def test_the_package_holds_what_is_described(name: str) -> None:
    network = load_network(name)
    described = architecture(name)
    assert network.nodes == described.nodes
    assert (network.input_shape, network.white) == (described.input_shape, described.white)
    assert set(network.weights) == set(described.parameter_shapes())


def test_the_weights_are_a_small_part_of_the_package() -> None:
    files = [zoo() / f"{name}{end}" for name in NETWORKS for end in (".npz", ".toml")]
    assert sum(len(path.read_bytes()) for path in files) <= 250_000


def test_there_is_a_model_card() -> None:
    card = (zoo() / "learned.md").read_text(encoding="utf-8")
    for name in NETWORKS:
        assert f"`{name}`" in card


@pytest.mark.parametrize("name", NETWORKS)
def test_the_forward_pass_equals_torchs(name: str) -> None:
    made = forward(load_network(name), golden_image())
    np.testing.assert_allclose(made, np.load(GOLDEN / f"{name}.npy"), atol=1e-4)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_square_is_outlined_and_a_constant_gives_nothing(name: str) -> None:
    network = load_network(name)
    step = np.full((3, 64, 64), 0.3, np.float32)
    step[:, :, 32:] = 0.7
    edges = forward(network, step)[0]
    assert (edges[:, 31:33].max(axis=1) > 0.5).all()
    assert edges[:, [*range(24), *range(40, 64)]].max() < 0.1
    for grey in (0.0, 0.5, 1.0):
        assert forward(network, np.full((3, 40, 40), grey, np.float32)).max() < 0.1


def test_written_networks_read_back_in_half_precision(tmp_path: Path) -> None:
    network = architecture("learned-small")
    weights = random_weights(network.parameter_shapes(), 3)
    path = write_network(network, weights, tmp_path / "new")
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "learned-small.npz",
        "learned-small.toml",
    ]
    read = load_network(path)
    assert read.nodes == network.nodes
    for name, array in read.weights.items():
        np.testing.assert_array_equal(array, weights[name].astype(np.float16))


@pytest.mark.parametrize(
    ("value", "said"), [(1e5, "up to 100000 are too large"), (np.nan, "other than finite")]
)
def test_weights_that_cannot_be_written(tmp_path: Path, value: float, said: str) -> None:
    network = architecture("learned-small")
    weights: dict[str, Any] = random_weights(network.parameter_shapes())
    weights["edges.bias"][:] = value
    with pytest.raises(NetworkError, match=said):
        write_network(network, weights, tmp_path)
    assert not list(tmp_path.iterdir())
