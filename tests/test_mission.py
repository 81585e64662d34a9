"""The seven cases that edgecli was made for, each by the Python API and by the command line."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgecli import FilterBank, convolve, load_filter
from edgecli.conv.activations import activate
from edgecli.geometry import Window
from tests.conftest import SAMPLES, Run, Save, noise

GRID = [
    [3, 0, 1, 2, 7, 4],
    [1, 5, 8, 9, 3, 1],
    [2, 7, 2, 5, 1, 3],
    [0, 1, 3, 1, 7, 8],
    [4, 2, 1, 6, 2, 8],
    [2, 4, 5, 2, 3, 9],
]
GRID_EDGES = [[-5, -4, 0, 8], [-10, -2, 2, 3], [0, -2, -4, -7], [-3, -2, -3, -16]]
SEVEN = [
    [2, 3, 7, 4, 6, 2, 9],
    [6, 6, 9, 8, 7, 4, 3],
    [3, 4, 8, 3, 8, 9, 7],
    [7, 8, 3, 6, 6, 3, 4],
    [4, 2, 1, 8, 3, 4, 6],
    [3, 2, 4, 1, 9, 8, 3],
    [0, 1, 3, 9, 2, 1, 4],
]
BY_TWOS = [[91, 100, 88], [69, 91, 117], [44, 72, 74]]
BRIGHT_LEFT, DARK_LEFT = [[10, 10, 10, 0, 0, 0]] * 6, [[0, 0, 0, 10, 10, 10]] * 6

VALID = ("-f", "vertical", "--padding", "valid")


def numbers(run: Run, *args: Any) -> list[list[int]]:
    """Return the responses that ``detect --map raw`` writes to standard output as CSV."""
    result = run("detect", *args, "--map", "raw", "--format", "csv", "-o", "-", "-q")
    assert (result.exit_code, result.stderr) == (0, "")
    return [[int(cell) for cell in line.split(",")] for line in result.stdout.splitlines()]


def arrays(run: Run, *args: Any) -> NDArray[Any]:
    """Return the responses that ``detect --map raw`` writes to standard output as NPY."""
    result = run("detect", *args, "--map", "raw", "--format", "npy", "-o", "-", "-q")
    assert (result.exit_code, result.stderr) == (0, "")
    maps: NDArray[Any] = np.load(io.BytesIO(result.stdout_bytes))
    return maps


def report(run: Run, *args: Any) -> dict[str, Any]:
    result = run("detect", *args, "--explain", "--report", "json")
    assert (result.exit_code, result.stderr) == (0, "")
    facts: dict[str, Any] = json.loads(result.stdout)
    return facts


@pytest.mark.parametrize(
    ("name", "grid"),
    [
        ("grid-6x6.csv", GRID),
        ("grid-7x7.csv", SEVEN),
        ("half-bright-6x6.csv", BRIGHT_LEFT),
        ("half-dark-6x6.csv", DARK_LEFT),
    ],
)
def test_the_sample_grids_are_those_of_the_cases(name: str, grid: list[list[int]]) -> None:
    assert np.loadtxt(SAMPLES / name, delimiter=",").tolist() == grid


def test_1_vertical_edges_of_a_6x6_grid(run: Run) -> None:
    assert convolve(GRID, "vertical", padding="valid")[0].tolist() == GRID_EDGES
    assert numbers(run, SAMPLES / "grid-6x6.csv", *VALID) == GRID_EDGES


def test_1_the_first_number_written_out(run: Run) -> None:
    result = run("trace", SAMPLES / "grid-6x6.csv", *VALID, "--at", "0,0")
    sums = "3·1 + 0·0 + 1·(−1) + 1·1 + 5·0 + 8·(−1) + 2·1 + 7·0 + 2·(−1) = −5"
    assert result.exit_code == 0
    assert sums in result.stdout


@pytest.mark.parametrize(
    ("name", "grid", "row"),
    [
        ("half-bright-6x6.csv", BRIGHT_LEFT, [0, 30, 30, 0]),
        ("half-dark-6x6.csv", DARK_LEFT, [0, -30, -30, 0]),
    ],
)
def test_2_the_sign_tells_bright_to_dark_from_dark_to_bright(
    run: Run, name: str, grid: list[list[int]], row: list[int]
) -> None:
    assert convolve(grid, "vertical", padding="valid")[0].tolist() == [row] * 4
    assert numbers(run, SAMPLES / name, *VALID) == [row] * 4


@pytest.mark.parametrize(
    ("name", "strip"), [("half-bright-6x6.csv", 255), ("half-dark-6x6.csv", 1)]
)
def test_2_map_signed_shows_white_black_and_grey(run: Run, name: str, strip: int) -> None:
    result = run(
        "detect", SAMPLES / name, *VALID, "--map", "signed", "--format", "csv", "-o", "-", "-q"
    )
    assert result.stdout.splitlines() == [f"128,{strip},{strip},128"] * 4


@pytest.mark.parametrize("f", [1, 3, 5])
def test_3_same_padding_keeps_the_shape_with_p_half_of_f_less_1(run: Run, f: int) -> None:
    rows = ";".join([" ".join("1" * f)] * f)
    assert Window((f, f), padding="same").over(6, 6).padding == ((f - 1) // 2,) * 4
    assert convolve(GRID, load_filter(rows), padding="same", padding_mode="zeros").shape == (
        1,
        6,
        6,
    )
    facts = report(run, SAMPLES / "grid-6x6.csv", "-f", rows, "--padding", "same")
    assert facts["output_shape"] == [6, 6, 1]
    assert {facts["padding"][side] for side in ("top", "bottom", "left", "right")} == {(f - 1) // 2}


def test_4_stride_2_over_a_7x7_grid(run: Run) -> None:
    kernel = SAMPLES / "stride-3x3.txt"
    assert convolve(SEVEN, load_filter(kernel), stride=2, padding="valid")[0].tolist() == BY_TWOS
    options = ("-f", kernel, "--stride", "2", "--padding", "valid")
    assert numbers(run, SAMPLES / "grid-7x7.csv", *options) == BY_TWOS


def test_5_a_filter_over_a_volume_gives_one_map(run: Run, save: Save) -> None:
    picture = noise(6, 6, 3)
    cube = save("cube.npy", np.arange(27.0).reshape(3, 3, 3) - 13)
    bank = load_filter(cube)
    assert bank.parameters == (27, 0)
    maps = convolve(picture.transpose(2, 0, 1), bank, padding="valid")
    assert maps.shape == (1, 4, 4)

    path = save("picture.npy", picture)
    facts = report(run, path, "-f", cube, "--padding", "valid")
    assert (facts["convolved_shape"], facts["output_shape"]) == ([6, 6, 3], [4, 4, 1])
    assert facts["parameters"] == {"weights": 27, "biases": 0, "total": 27}
    np.testing.assert_array_equal(arrays(run, path, "-f", cube, "--padding", "valid"), maps[0])


def test_5_a_filter_in_the_red_channel_sees_red_edges_only(run: Run, save: Save) -> None:
    picture = np.zeros((6, 6, 3), np.uint8)
    picture[:, :3, 0] = 10  # an upright edge in red
    picture[:3, :, 1] = 200  # a level one in green
    picture[:, 3:, 2] = 77  # an upright one in blue
    red = np.zeros((3, 3, 3))
    red[0] = load_filter("vertical").weight[0, 0]
    maps = convolve(picture.transpose(2, 0, 1), FilterBank(red[np.newaxis]), padding="valid")
    assert maps[0].tolist() == [[0, 30, 30, 0]] * 4
    options = ("-f", save("red.npy", red), "--padding", "valid")
    np.testing.assert_array_equal(arrays(run, save("p.npy", picture), *options), maps[0])


def test_5_two_filters_give_two_maps(run: Run, save: Save) -> None:
    picture = noise(6, 6, 3)
    bank = FilterBank(np.random.default_rng(1).integers(-9, 10, (2, 3, 3, 3)))
    assert convolve(picture.transpose(2, 0, 1), bank, padding="valid").shape == (2, 4, 4)
    options = ("-f", save("bank.npy", bank.weight), "--padding", "valid")
    facts = report(run, save("picture.npy", picture), *options)
    assert facts["output_shape"] == [4, 4, 2]
    assert len(facts["outputs"]) == 2


def test_6_a_layer_of_ten_filters_has_280_parameters(run: Run, save: Save) -> None:
    weight = np.random.default_rng(2).normal(size=(10, 3, 3, 3))
    bank = FilterBank(weight, np.linspace(-400, 400, 10))
    picture = noise(8, 8, 3)
    assert bank.parameters == (270, 10)
    maps = activate(convolve(picture.transpose(2, 0, 1), bank, padding="valid"), "relu")
    assert (maps >= 0).all()
    assert (maps == 0).any()
    layer = {"weight": weight.tolist(), "bias": bank.bias.tolist()}
    path = save("unused.npy", picture)
    (path.parent / "layer.json").write_text(json.dumps(layer))
    options = ("-f", path.parent / "layer.json", "--padding", "valid", "--activation", "relu")
    assert report(run, path, *options)["parameters"] == {"weights": 270, "biases": 10, "total": 280}

    assert run("detect", path, *options, "--map", "raw", "-o", f"{path.parent}/").exit_code == 0
    written = [np.load(path.parent / f"unused-layer-{n}.npy") for n in range(1, 11)]
    np.testing.assert_array_equal(written, maps)


def test_7_a_fully_connected_layer_needs_14_450_688_where_456_do(run: Run, save: Save) -> None:
    bank = FilterBank(noise(6, 3, 5, 5), bias=np.zeros(6))
    assert bank.parameters == (450, 6)
    layer = {"weight": bank.weight.tolist(), "bias": bank.bias.tolist()}
    picture = save("picture.npy", noise(32, 32, 3))
    (picture.parent / "layer.json").write_text(json.dumps(layer))
    facts = report(run, picture, "-f", picture.parent / "layer.json", "--padding", "valid")
    assert (facts["convolved_shape"], facts["output_shape"]) == ([32, 32, 3], [28, 28, 6])
    assert facts["parameters"]["total"] == 456
    assert facts["fully_connected_parameters"] == 3072 * 4704 == 14_450_688
