"""What each output format holds: written by us, read back by others."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli.errors import UsageError
from edgecli.images.files import open_images
from edgecli.images.formats import FORMATS, check_holds, format_of
from edgecli.images.writing import begin_file
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import ImageInfo
from tests.conftest import noise

SHAPES = [(1, 1, 1), (5, 7, 1), (5, 7, 3), (1, 9, 3), (9, 1, 1)]
INFO = ImageInfo("input", "PNG", (5, 7, 3), "uint8", dpi=(300.0, 150.0))

HELD = [
    (name, shape, samples)
    for name, format_ in FORMATS.items()
    if not format_.folder  # tests/test_images_zarr.py
    for shape in SHAPES
    for samples in format_.samples
    if shape[2] in format_.channels
]


def samples_of(shape: tuple[int, int, int], name: str) -> NDArray[Any]:
    rng = np.random.default_rng(7)
    if name.startswith("float"):
        return rng.normal(size=shape).astype(name)
    info = np.iinfo(name)
    return rng.integers(info.min, info.max, shape, name, endpoint=True)


def written(name: str, pixels: NDArray[Any], info: ImageInfo = INFO) -> bytes:
    file = io.BytesIO()
    begin = begin_file(FORMATS[name], file, ArraySource(pixels, info)).begin
    H, W, C = pixels.shape
    sink = begin((H, W, C), pixels.dtype, info)
    for start in range(0, len(pixels), 2):
        sink.write(sink.encode(pixels[start : start + 2]))
    sink.finish()
    return file.getvalue()


def read_by_others(name: str, data: bytes) -> NDArray[Any]:
    """Read an image with OpenCV, NumPy or by hand; none of it is our own code."""
    array: Any
    match name:
        case "npy":
            array = np.load(io.BytesIO(data))
        case "csv":
            cells = [line.split(",") for line in data.decode().split()]
            array = np.array(cells, object)
        case "y4m":
            head, body = data.split(b"\nFRAME\n")
            fields = {word[:1]: word[1:] for word in head.decode().split()}
            array = np.frombuffer(body, "<u2" if "mono16" in fields["C"] else "u1")
            array = array.reshape(int(fields["H"]), int(fields["W"]))
        case "webp" | "jpeg":
            array = np.asarray(Image.open(io.BytesIO(data)))
        case _:
            array = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
            array = array if array.ndim == 2 else array[..., ::-1]
    rows: NDArray[Any] = array if array.ndim == 3 else array[..., np.newaxis]
    return rows


@pytest.mark.parametrize(("name", "shape", "samples"), HELD)
def test_others_read_what_is_written(name: str, shape: tuple[int, int, int], samples: str) -> None:
    pixels = samples_of(shape, samples)
    read = read_by_others(name, written(name, pixels))
    if name in ("ppm", "webp") and read.shape[2] == 3:
        pixels = np.broadcast_to(pixels, read.shape)  # formats that know only colour
    if name == "csv":
        read = read.astype(samples)  # of the same numbers: they were read in a longer type
    assert read.shape == pixels.shape
    if name == "jpeg":
        assert abs(float(read.mean()) - float(pixels.mean())) < 12
    else:
        np.testing.assert_array_equal(read, pixels)
        assert read.dtype.newbyteorder("=") == pixels.dtype


@pytest.mark.parametrize(("name", "shape", "samples"), HELD)
def test_edgecli_reads_what_it_writes(
    tmp_path: Path, name: str, shape: tuple[int, int, int], samples: str
) -> None:
    path = tmp_path / "image"
    pixels = samples_of(shape, samples)
    path.write_bytes(written(name, pixels))
    images = open_images(str(path), max_pixels=10**6)
    (block,) = [block for s in images for block in s.blocks([(0, s.shape[0])])]
    assert block.shape[:2] == shape[:2]
    if name != "jpeg":
        block = block.astype(samples)  # decimals of float32 are read as float64
        np.testing.assert_array_equal(block, np.broadcast_to(pixels, block.shape))


@pytest.mark.parametrize("name", ["png", "tiff", "jpeg"])
def test_the_resolution_of_the_input_is_kept(name: str) -> None:
    data = written(name, noise(4, 4, 1))
    assert Image.open(io.BytesIO(data)).info["dpi"] == pytest.approx((300, 150), abs=0.1)
    bare = written(name, noise(4, 4, 1), replace(INFO, dpi=None))
    assert Image.open(io.BytesIO(bare)).info.get("dpi") != (300, 150)


@pytest.mark.parametrize("name", [one for one in FORMATS if one != "points"])  # .csv is a grid
def test_extensions_name_their_format(name: str) -> None:
    for extension in FORMATS[name].extensions:
        assert format_of(f"a.b/map{extension.upper()}") is FORMATS[name]


@pytest.mark.parametrize("path", ["map", "map.gif", "map.", ".png", "png", "a.png/map"])
def test_unknown_extensions_are_named_with_those_that_are_known(path: str) -> None:
    with pytest.raises(UsageError, match=r"no known extension; use one of \.png \.pgm .*--format"):
        format_of(path)


@pytest.mark.parametrize(
    ("name", "samples", "channels", "said"),
    [
        ("png", "int16", 1, "png cannot hold signed numbers; choose from tiff, npy, csv"),
        ("jpeg", "uint16", 1, "jpeg cannot hold uint16 samples; choose from png, pgm, ppm, tiff"),
        ("webp", "float32", 1, "webp cannot hold float32 samples; choose from tiff, npy, csv"),
        ("csv", "uint8", 3, "csv cannot hold a colour edge map; choose from png, ppm, tiff"),
        ("pgm", "uint8", 3, "pgm cannot hold a colour edge map; choose from png, ppm, tiff"),
        ("y4m", "uint8", 3, "y4m cannot hold a colour edge map; choose from png, ppm, tiff"),
    ],
)
def test_what_a_format_cannot_hold_is_refused_with_formats_that_can(
    name: str, samples: str, channels: int, said: str
) -> None:
    for check in (
        lambda: check_holds(FORMATS[name], np.dtype(samples), channels),
        lambda: written(name, samples_of((2, 2, channels), samples)),
    ):
        with pytest.raises(UsageError) as refused:
            check()
        assert str(refused.value).startswith(said)


@pytest.mark.parametrize("name", [name for name, format_ in FORMATS.items() if format_.sequence])
def test_sequences_hold_several_images_in_one_file(tmp_path: Path, name: str) -> None:
    frames = [noise(3, 4, 1, seed=n) for n in range(3)]
    path = tmp_path / "frames"
    with path.open("wb") as file:
        begin = begin_file(FORMATS[name], file, ArraySource.of(frames[0])).begin
        for frame in frames:
            sink = begin((3, 4, 1), frame.dtype, INFO)
            sink.write(sink.encode(frame))
            sink.finish()
    for source, frame in zip(open_images(str(path), max_pixels=99), frames, strict=True):
        (block,) = source.blocks([(0, 3)])
        np.testing.assert_array_equal(block, np.broadcast_to(frame, block.shape))


def test_one_frame_alone_may_have_16_bits_and_a_second_is_refused_before_its_pixels() -> None:
    frame = samples_of((3, 4, 1), "uint16")
    file = io.BytesIO()
    frames = begin_file(FORMATS["png"], file, ArraySource.of(frame), frames=True)
    sink = frames.begin((3, 4, 1), frame.dtype, INFO)
    sink.write(sink.encode(frame))
    with pytest.raises(UsageError, match="png cannot hold uint16 samples; use --depth 8"):
        frames.begin((3, 4, 1), frame.dtype, INFO)
    frames.finish()
    np.testing.assert_array_equal(read_by_others("png", file.getvalue()).reshape(3, 4, 1), frame)
