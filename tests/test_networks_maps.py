"""Feature maps of real images: arrays and pictures hold what the network computed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli.errors import GeometryError, OutputError
from edgecli.images.made_by import MadeBy
from edgecli.networks import collectors
from edgecli.networks.collectors import GAP, INK, NUMBER, collectors_for
from edgecli.networks.forward import forward
from edgecli.networks.layers import (
    Activation,
    AveragePool,
    Convolution,
    Dense,
    Flatten,
    MaxPool,
    Upsample,
)
from edgecli.networks.maps import run_on_image
from edgecli.networks.network import Network
from edgecli.rows.arrays import ArraySource
from tests.conftest import noise
from tests.networks_reference import chain, with_weights
from tests.soft_networks import soft_network

MADE_BY = MadeBy("edgecli network run test")


def run(network: Network, picture: Any, output: Path) -> Any:
    return run_on_image(network, ArraySource.of(picture), str(output), 2)


@pytest.fixture
def network() -> Network:
    layers = (
        Convolution(5, (3, 3), padding="same"), MaxPool((2, 2)), Flatten(), Dense(7),
    )  # fmt: skip
    return with_weights(chain((3, 20, 30), *layers))


def test_arrays_are_every_layers_values(network: Network, tmp_path: Path) -> None:
    picture = noise(20, 30, 3)
    told = run(network, picture, tmp_path / "maps.npz")
    with np.load(tmp_path / "maps.npz", allow_pickle=False) as arrays:
        assert list(arrays) == ["a", "b", "c", "d"]
        shapes = [arrays[name].shape for name in arrays]
        assert shapes == [(5, 20, 30), (5, 10, 15), (750,), (7,)]
        image = picture.transpose(2, 0, 1).astype(np.float32)
        np.testing.assert_allclose(arrays["d"], forward(network, image), rtol=1e-4, atol=1e-3)
        for maps, name in zip(told, arrays, strict=True):
            assert (maps.name, maps.path) == (name, str(tmp_path / "maps.npz"))
            assert (maps.smallest, maps.largest) == (arrays[name].min(), arrays[name].max())
    assert [maps.output_shape for maps in told] == [(20, 30, 5), (10, 15, 5), (750,), (7,)]
    assert [path.name for path in tmp_path.iterdir()] == ["maps.npz"]


@pytest.mark.parametrize("output", ["maps", "maps.npz"])
def test_every_number_of_threads_gives_the_same_bytes(
    tmp_path: Path, output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collectors, "GRID_PIXELS", 2**13)  # strips cut blocks that are averaged
    picture, network = noise(301, 203, 3), with_weights(soft_network())
    written = []
    for threads in (1, 1, 2, 3):
        path = tmp_path / str(threads) / output
        path.parent.mkdir(exist_ok=True)
        run_on_image(network, ArraySource.of(picture), str(path), threads)
        files = [path] if path.is_file() else sorted(path.iterdir())
        written.append([(file.name, file.read_bytes()) for file in files])
    assert all(files == written[0] for files in written[1:])


def test_bands_reach_their_places(tmp_path: Path) -> None:
    network = replace(with_weights(chain((1, 9, 9), Convolution(2, (3, 3)))), white=1.0)
    picture = noise(201, 40)
    run(network, picture, tmp_path / "maps.npz")
    with np.load(tmp_path / "maps.npz") as arrays:
        expected = forward(network, picture[np.newaxis] / np.float32(255))
        np.testing.assert_allclose(arrays["a"], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_white_is_white_at_every_depth(tmp_path: Path, dtype: str) -> None:
    network = replace(chain((1, 2, 2), Activation("none")), white=3.0)
    full = 1 if dtype == "float32" else np.iinfo(dtype).max
    picture = np.full((2, 2), full, dtype)
    (maps,) = run(network, picture, tmp_path / "maps.npz")
    assert maps.largest == pytest.approx(3)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_images_become_what_the_network_takes(tmp_path: Path, channels: int) -> None:
    picture = np.full((4, 5, channels), 255, np.uint8)
    for depth in (1, 3):
        (maps,) = run(chain((depth, 2, 2), Activation("none")), picture, tmp_path / "maps.npz")
        assert (maps.output_shape, maps.smallest) == ((4, 5, depth), 255)


def test_networks_of_other_depths_are_for_python(tmp_path: Path) -> None:
    with pytest.raises(GeometryError, match="takes 2 channels, and an image gives 1 or 3"):
        run(chain((2, 2, 2), Activation("none")), noise(4, 4, 3), tmp_path / "maps.npz")


def collect(collector: Any, start: int, rows: NDArray[np.float32]) -> None:
    collector.write(collector.encode(start, rows))


def grid(folder: Path, maps: NDArray[Any], *, same: bool = False) -> NDArray[np.uint8]:
    """Return the picture that a collector makes of maps ``(C, H, W)``, given in bands."""
    path = folder / "maps" / "1-x.png"
    with collectors_for([maps.shape], [("x", str(path))], MADE_BY, same_contrast=same) as (one,):
        for start in range(0, maps.shape[1], 3):
            collect(one, start, maps[:, start : start + 3].astype(np.float32))
        one.finish()
    with Image.open(path) as image:
        assert image.mode == "LA"
        return np.asarray(image)


HEAD = NUMBER + 2  # px above each map


def test_a_picture_is_a_grid_of_maps(tmp_path: Path) -> None:
    maps = np.zeros((4, 96, 96))
    maps[1], maps[2], maps[3] = 1, 2, 4
    picture = grid(tmp_path, maps, same=True)
    assert picture.shape == (3 * GAP + 2 * (96 + HEAD), 3 * GAP + 2 * 96, 2)
    top, bottom, left, right = GAP + HEAD, -GAP - 1, GAP, -GAP - 1
    corners = (top, left), (top, right), (bottom, left), (bottom, right)
    assert [picture[corner].tolist() for corner in corners] == [
        [0, 255], [64, 255], [128, 255], [255, 255],
    ]  # fmt: skip


def test_gaps_are_clear_and_numbers_are_grey(tmp_path: Path) -> None:
    grey, alpha = grid(tmp_path, np.ones((12, 24, 24))).transpose(2, 0, 1)
    assert not alpha[:GAP].any()
    assert not alpha[:, : GAP - 1].any()
    assert not alpha[:, GAP + 96 + 1].any()
    band = slice(GAP, GAP + HEAD - 1)
    assert set(grey[band][alpha[band] > 0]) == {INK}
    first, second = (alpha[band, GAP + n * (96 + GAP) :][:, :96] for n in (0, 1))
    assert (first != second).any()  # 1 and 2


def test_each_map_has_its_own_contrast(tmp_path: Path) -> None:
    maps = np.zeros((3, 96, 96))
    maps[0, 0], maps[1, 0] = 1, 4
    own = grid(tmp_path, maps)[..., 0]
    shared = grid(tmp_path, maps, same=True)[..., 0]
    row = GAP + HEAD
    assert [own[row, GAP], own[row, 2 * GAP + 96]] == [255, 255]
    assert [shared[row, GAP], shared[row, 2 * GAP + 96]] == [64, 255]
    maps[2, 0] = -1  # zero is the same grey in every map of a layer
    signed = grid(tmp_path, maps)[..., 0]
    assert {signed[row + 1, GAP], signed[row + 1, 2 * GAP + 96]} == {128}


def test_negative_values_make_zero_mid_grey(tmp_path: Path) -> None:
    picture = grid(tmp_path, np.array([-2.0, 0, 1, 2]).reshape(1, 1, 4))
    assert set(picture[GAP:-GAP, GAP:-GAP, 0].ravel()) == {0, 128, 191, 255}


def test_single_values_are_enlarged_and_share_a_contrast(tmp_path: Path) -> None:
    picture = grid(tmp_path, np.arange(16.0).reshape(16, 1, 1))
    assert picture.shape == (4 * 16 + 5 * GAP, 4 * 16 + 5 * GAP, 2)
    assert picture[GAP, GAP, 0] == 0
    assert picture[-GAP - 1, -GAP - 1, 0] == 255
    assert len(set(picture[..., 0][picture[..., 1] > 0])) == 17  # with that of the frames


def test_large_maps_are_averaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collectors, "GRID_PIXELS", 3 * 4)
    maps = np.random.default_rng(1).random((1, 10, 14))
    picture = grid(tmp_path, maps)[GAP:-GAP, GAP:-GAP, 0]
    means = [[maps[0, i : i + 4, j : j + 4].mean() for j in range(0, 14, 4)] for i in (0, 4, 8)]
    np.testing.assert_allclose(picture, np.array(means) / np.max(means) * 255, atol=0.6)


def test_many_layers_share_the_memory(tmp_path: Path) -> None:
    shapes = [(4, 1024, 2048)] * 64
    named = [(str(n), str(tmp_path / "maps" / f"{n}.png")) for n in range(64)]
    with collectors_for(shapes, named, MADE_BY) as begun:
        collect(begun[5], 0, np.broadcast_to(np.float32(1), shapes[5]))
        begun[5].finish()
    with Image.open(named[5][1]) as picture:
        assert 2**17 < picture.width * picture.height < 2**18 * 1.1


def test_maps_of_nothing_but_nan_are_black(tmp_path: Path) -> None:
    picture = grid(tmp_path, np.full((1, 96, 96), np.nan))
    assert not picture[GAP:-GAP, GAP:-GAP, 0].any()


@pytest.mark.parametrize("output", ["maps", "maps.npz"])
def test_pixels_that_are_no_numbers_pass_through_quietly(tmp_path: Path, output: str) -> None:
    layers = (
        Convolution(5, (3, 3), activation="sigmoid"), AveragePool((2, 2)), Activation("softmax"),
        Upsample(3), Convolution(2, (1, 1), activation="leaky-relu"),
    )  # fmt: skip
    picture = noise(2100, 30).astype(np.float32)
    picture[7, 7], picture[9, 9], picture[40, 20] = np.nan, np.inf, -np.inf
    told = run(with_weights(chain((1, 20, 30), *layers)), picture, tmp_path / output)
    assert np.isnan([maps.largest for maps in told]).all()


def test_a_failure_leaves_nothing_behind(network: Network, tmp_path: Path) -> None:
    good = tmp_path / "maps.npz"
    good.write_bytes(b"old")
    with pytest.raises(GeometryError):
        run(network, noise(21, 30, 3), good)
    with pytest.raises(OutputError, match=r"none/maps\.npz cannot be written: No such file"):
        run(network, noise(20, 30, 3), tmp_path / "none" / "maps.npz")
    with pytest.raises(OutputError, match=r"01-a\.png cannot be written: "):
        run(network, noise(20, 30, 3), good / "maps")
    assert [path.name for path in tmp_path.iterdir()] == ["maps.npz"]
    assert good.read_bytes() == b"old"


def test_pictures_are_numbered_in_order(network: Network, tmp_path: Path) -> None:
    told = run(network, noise(20, 30, 3), tmp_path / "new" / "maps")
    names = ["01-a.png", "02-b.png", "03-c.png", "04-d.png"]
    assert [Path(maps.path).name for maps in told] == names
    assert sorted(path.name for path in (tmp_path / "new" / "maps").iterdir()) == names
    many = chain((1, 9, 9), *[AveragePool((1, 1))] * 10)
    assert [Path(maps.path).name for maps in run(many, noise(9, 9), tmp_path)][::9] == [
        "01-a.png", "10-j.png",
    ]  # fmt: skip
