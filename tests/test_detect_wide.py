"""Images of numbers wider than a picture's, or signed bytes: from the file to the edge map."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli import detect_edges
from edgecli.images.colour import composite, luma
from edgecli.lines.thresholds import otsu
from tests.conftest import Run, Save, noise
from tests.detections import detected, settings_of
from tests.tiff_files import make_tiff

TYPES = ["int8", "int32", "uint32", "int64", "uint64", "float64"]
MAPS = ["auto", "abs", "clip", "gain", "minmax", "signed", "raw"]


def wide(dtype: str, *shape: int) -> NDArray[Any]:
    """Draw numbers that float32 cannot tell from their neighbours, or signed bytes."""
    steps = np.random.default_rng(0).integers(0, 100, shape)
    base = {"int8": -50, "int32": 10**8, "uint32": 2**32 - 200, "float64": 10**8}
    return (base.get(dtype, 2**40) + steps).astype(dtype)


def vertical(image: NDArray[Any]) -> NDArray[Any]:
    """Respond to vertical edges, without padding, in Python's own numbers."""
    numbers = image.astype(float if image.dtype.kind == "f" else object)
    differences = numbers[:, :-2] - numbers[:, 2:]
    response: NDArray[Any] = differences[:-2] + differences[1:-1] + differences[2:]
    return response


# --- numbers there and back -----------------------------------------------------------------------


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("source", ["npy", "tiff", "csv"])
@pytest.mark.parametrize("target", ["npy", "tiff", "csv"])
def test_responses_are_exact_from_file_to_file(
    run: Run, save: Save, tmp_path: Path, dtype: str, source: str, target: str
) -> None:
    image = wide(dtype, 9, 11)
    path = save("image.npy", image)
    if source == "tiff":
        path.write_bytes(make_tiff(image[..., np.newaxis]))
    if source == "csv":
        path = tmp_path / "image.csv"
        np.savetxt(path, image, "%.1f" if dtype == "float64" else "%d", ",")
    output = tmp_path / f"out.{target}"
    assert run("detect", path, "-f", "vertical", "--padding", "valid", "--map", "raw",
               "-o", output).exit_code == 0  # fmt: skip
    cells: Any
    match target:
        case "npy":
            cells = np.load(output)
        case "tiff":
            cells = cv2.imdecode(np.fromfile(output, np.uint8), cv2.IMREAD_UNCHANGED)
        case _:
            cells = [[float(c) for c in line.split(",")] for line in output.read_text().split()]
    assert np.array_equal(cells, vertical(image))


def test_large_numbers_are_told_in_full(run: Run, save: Save) -> None:
    image = np.array([[10**17 + 1, 10**17 + 4], [10**17, 10**17]])
    path = save("image.npy", image)
    told = run("detect", path, "-f", "identity", "--map", "raw", "-o", path.parent / "o.npy",
               "--report", "json")  # fmt: skip
    output = json.loads(told.stdout)["output"]
    assert (output["min"], output["max"]) == (10**17, 10**17 + 4)
    trace = run("trace", path, "-f", "1 -1", "--at", "0,0", "--padding", "valid").stdout
    assert "100000000000000001·1 + 100000000000000004·(−1) = −3" in trace


# --- what follows the responses -------------------------------------------------------------------


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", ["sobel", "vertical", "log:2", "canny", "laplacian", "contours"])
def test_every_map_of_every_type_is_drawn(dtype: str, name: str) -> None:
    image = wide(dtype, 30, 40)
    image[:, 20:] += 27
    for map_name in MAPS:
        (edges,), _ = detected(image, settings_of(name, map=map_name))
        assert edges.shape == (30, 40, 1)
        assert np.isfinite(edges).all()


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(
    "options",
    [{"thin": True}, {"hysteresis": "auto"}, {"threshold": "otsu"}, {"threshold": "p80"},
     {"thin": True, "hysteresis": "p50,p90"}],
)  # fmt: skip
@pytest.mark.parametrize("name", ["sobel", "laplacian", "vertical", "gradient:1"])
def test_lines_are_those_of_a_picture(dtype: str, name: str, options: dict[str, Any]) -> None:
    """What is added to all numbers, and how they are stored, changes no line."""
    image = wide(dtype, 40, 50)
    image[10:30, 15:40] += 27
    picture = (image - image.min()).astype(np.uint8)
    lines = detect_edges(image, name, map="minmax", **options)
    expected = detect_edges(picture, name, map="minmax", **options)
    assert np.count_nonzero(lines != expected) <= (0.01 if ":" in name else 0) * lines.size


@pytest.mark.parametrize("dtype", ["int32", "int64", "float64"])
@pytest.mark.parametrize("map_name", ["minmax", "signed"])
def test_small_differences_of_large_numbers_are_shown(dtype: str, map_name: str) -> None:
    image = wide(dtype, 20, 30)
    own = (image - image.min()).astype(float)
    spread = own.max()
    shown = detect_edges(image - (image.min() if map_name == "signed" else 0), "identity",
                         map=map_name)  # fmt: skip
    expected = own * 255 / spread if map_name == "minmax" else 128 + own * 127 / spread
    np.testing.assert_allclose(shown, expected, rtol=0, atol=0.501)


def test_differences_may_pass_64_bits() -> None:
    image = np.array([[-(2**63) + 1, 0, 2**63 - 1]])
    assert detect_edges(image, "identity", map="minmax").tolist() == [[0, 128, 255]]


def test_sums_that_may_pass_64_bits_are_floats_and_a_note_says_so(run: Run, save: Save) -> None:
    path = save("image.npy", np.array([[2**62, 0, 0], [2**62, 0, -(2**62)]]))
    output = path.parent / "out.npy"
    result = run("detect", path, "-f", "vertical", "--map", "raw", "-o", output, "-q")
    assert result.exit_code == 0
    assert result.stderr == (
        f"edgecli: image {path} has whole numbers up to 4,611,686,018,427,387,904, whose sums may "
        "pass 64 bits; they are computed as float64, to 53 bits\n"
    )
    assert np.load(output)[0].tolist() == [3 * 2.0**62, 3 * 2.0**62 + 2.0**62, 2.0**62]


def test_the_same_colours_of_any_depth_have_the_same_luma() -> None:
    for dtype, most in (("int64", 2**63 - 1), ("int64", 2**40), ("int8", 127)):
        rows = np.random.default_rng(1).integers(-most, most, (5, 7, 3), dtype)
        exact = rows.astype(object) @ np.array([19595, 38470, 7471], object)
        assert np.array_equal(luma(rows), (exact + 32768) // 65536)
    doubles = np.random.default_rng(1).random((5, 7, 3))
    np.testing.assert_allclose(luma(doubles), doubles @ [0.299, 0.587, 0.114], rtol=1e-15)


def test_transparent_doubles_are_composited_in_full() -> None:
    rows = np.array([[[1 + 2**-40, 1.0], [0.5, 0.25]]])
    assert composite(rows, (255, 255, 255)).ravel().tolist() == [1 + 2**-40, 0.875]


def test_otsu_of_a_wide_range_needs_no_bin_for_every_number() -> None:
    strengths = np.array([0, 3, 5, 2**40, 2**40 + 7])
    assert 5 <= otsu(strengths) < 2**40
    assert otsu(strengths) == otsu(strengths.astype(float))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("channels", ["gray", "rgb", "each", "max", "red"])
def test_colours_of_every_type_are_filtered(dtype: str, channels: str) -> None:
    picture = np.stack([wide(dtype, 12, 14)] * 3, axis=-1)
    (edges,), _ = detected(picture, settings_of("vertical", channels=channels, map="raw"))
    expected = vertical(picture[..., 0]) * (3 if channels == "rgb" else 1)
    found = edges[1:-1, 1:-1, -1]
    np.testing.assert_allclose(found, expected.astype(found.dtype), rtol=0,
                               atol=1e-6 if dtype == "float64" else 0)  # fmt: skip


def test_signed_bytes_keep_8_bits() -> None:
    image = np.zeros((5, 6), np.int8)
    image[:, 3:] = 100
    edges = detect_edges(image, "1 0 -1", map="abs")
    assert edges[0].tolist() == [0, 0, 201, 201, 0, 0]  # 100 of 127
    (native,), _ = detected(image, settings_of("1 0 -1", map="abs"))
    assert np.array_equal(native[..., 0], edges)


def test_the_samples_of_an_image_of_labels_may_be_streamed_out(run: Run, save: Save) -> None:
    path = save("labels.npy", np.array([[2**33, 2**33 + 1]] * 3, ">u8"))
    data = run("detect", path, "-f", "-1 1", "--padding", "valid", "--map", "raw", "-o", "-",
               "--format", "csv").stdout_bytes  # fmt: skip
    assert np.loadtxt(io.BytesIO(data), delimiter=",").tolist() == [1, 1, 1]


# --- floats whose white is 1.0 --------------------------------------------------------------------

DRAWN = [
    (["-f", "sobel"], True), (["-f", "sobel", "--map", "gain"], True),
    (["-f", "contours"], True), (["-f", "learned-small"], True),
    (["-f", "sobel", "--threshold", "20%"], True),
    (["-f", "sobel", "--map", "minmax"], False), (["-f", "vertical", "--map", "signed"], False),
    (["-f", "sobel", "--threshold", "otsu"], False), (["-f", "canny"], False),
]  # fmt: skip


@pytest.mark.parametrize(("options", "depends"), DRAWN)
@pytest.mark.parametrize("white", [1.0, 1.6, 255.0])
def test_floats_far_beyond_white_are_noted_where_white_counts(
    run: Run, save: Save, options: list[str], depends: bool, white: float
) -> None:
    image = np.linspace(0, white, 40 * 40).reshape(40, 40)
    path = save("image.npy", image)
    result = run("detect", path, *options, "-o", path.parent / "edges.png", "-q")
    assert result.exit_code == 0
    noted = (
        f"edgecli: image {path} has numbers from 0 to 255, whose range is taken for white; if "
        "255 is white, give --white 255\n"
    )
    assert result.stderr == (noted if depends and white > 2 else "")


def test_what_the_note_advises_helps(run: Run, save: Save) -> None:
    image = np.random.default_rng(0).integers(0, 231, (40, 50)).astype(float)
    maps = []
    for number, array in enumerate((image, image / 255, image.astype(np.uint8))):
        path = save(f"{number}.npy", array)
        output = path.parent / f"{number}.png"
        result = run("detect", path, "-f", "sobel", "-o", output, "-q")
        assert bool(result.stderr) == (number == 0)
        maps.append(np.asarray(Image.open(output)).astype(int))
    assert np.abs(maps[1] - maps[2]).max() <= 1
    by_range = np.minimum(maps[2] * 255 / 230, 255)
    assert np.abs(maps[0] - by_range).max() <= 1.6


BY_RANGE = "--white V takes another number, --map minmax that of the edges"


@pytest.mark.parametrize(
    "options", [("-f", "learned-small"), ("-f", "contours"), ("-f", "canny:1", "--overlay", "red")]
)
def test_heights_are_seen_as_a_picture_from_the_lowest_to_the_highest(
    run: Run, save: Save, options: tuple[str, ...]
) -> None:
    picture = np.kron(noise(4, 5, 1)[..., 0] / 255, np.ones((12, 12))).astype(np.float32)
    picture = (picture - picture.min()) / np.ptp(picture)
    seen = []
    for name, image in (("picture.npy", picture), ("heights.npy", 1000 + 400 * picture)):
        path = save(name, image)
        output = path.with_suffix(".png")
        assert run("detect", path, *options, "-o", output).exit_code == 0
        seen.append(np.asarray(Image.open(output)).astype(int))
    assert np.ptp(seen[0]) > 100
    differ = np.abs(seen[0] - seen[1]) > 1  # of peaks that are as high, either may stay
    assert differ.mean() < 0.05


@pytest.mark.parametrize(
    ("low", "high", "advice"),
    [(0, 200, "if 255 is white, give --white 255"),
     (0, 1000, "if 1023 is white, give --white 1023"),
     (0, 1500, BY_RANGE), (-300, 2, BY_RANGE)],
)  # fmt: skip
def test_the_scale_that_is_advised_holds_all_numbers(
    run: Run, save: Save, low: float, high: float, advice: str
) -> None:
    path = save("image.npy", np.array([[low, high, np.nan, np.inf]]))
    result = run("detect", path, "-o", path.parent / "edges.png", "-q")
    assert result.stderr.endswith(
        f"has numbers from {low:g} to {high:g}, whose range is taken for white; {advice}\n"
    )


def test_a_network_that_is_run_is_measured_by_white_too(run: Run, save: Save) -> None:
    path = save("image.npy", np.full((16, 17), 200.0))
    for network, noted in (("learned-small", True), ("edges-rgb", False)):
        result = run("network", "run", network, path, "-o", path.parent / "maps", "-q")
        assert ("has numbers from 200 to 200 where white is 1.0;" in result.stderr) == noted
