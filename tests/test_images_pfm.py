"""PFM: floats, the last row first, in either byte order."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from edgecli.errors import ImageError
from edgecli.images.pfm import read_pfm
from edgecli.rows.base import Source
from tests.image_streams import piped
from tests.pillow_files import Pixels, read, read_images, rows_of, sources_of


def pfm(pixels: Pixels, scale: str = "-1.0", break_: str = "\n") -> bytes:
    height, width, channels = pixels.shape
    kind, order = "PF" if channels == 3 else "Pf", "<f4" if scale.startswith("-") else ">f4"
    header = f"{kind}\n{width} {height}{break_}{scale}\n"
    return header.encode() + pixels[::-1].astype(order).tobytes()


def drawn(channels: int) -> Pixels:
    numbers = np.random.default_rng(0).normal(0, 1e3, (5, 7, channels)).astype(np.float32)
    numbers[0, 0, 0], numbers[0, 1, 0] = np.inf, np.nan
    return numbers


@pytest.mark.parametrize("scale", ["-1.0", "1.0", "-1", "1", "-0.003922", "+2.5e3"])
@pytest.mark.parametrize("channels", [1, 3])
def test_numbers_are_those_of_the_file(channels: int, scale: str) -> None:
    for break_ in ("\n", " "):
        source = read(pfm(drawn(channels), scale, break_))
        np.testing.assert_array_equal(rows_of(source), drawn(channels), strict=True)
        assert (source.info.format, source.info.dtype) == ("PFM", "float32")


@pytest.mark.parametrize("is_file", [True, False])
def test_rows_come_in_any_blocks_and_the_next_image_follows(is_file: bool) -> None:
    first, second = drawn(3), np.ones((1, 2, 1), np.float32)
    data = pfm(first) + pfm(second)
    stream = io.BytesIO(data) if is_file else piped(data)
    sources = read_images(stream, "x", max_pixels=99)
    ranges = [(0, 2), (1, 3), (4, 5)]
    for pixels in (first, second):
        source = next(sources)
        wanted = [cut for cut in ranges if cut[1] <= len(pixels)] or [(0, 1)]
        for (start, stop), rows in zip(wanted, source.blocks(wanted), strict=True):
            np.testing.assert_array_equal(rows, pixels[start:stop])
    assert next(sources, None) is None


def test_opencv_and_pillow_write_the_same() -> None:
    numbers = np.random.default_rng(0).random((5, 7, 3), np.float32)
    _, data = cv2.imencode(".pfm", np.ascontiguousarray(numbers[..., ::-1]))
    assert (rows_of(read(data.tobytes())) == numbers).all()
    file = io.BytesIO()
    Image.fromarray(numbers[..., 0]).save(file, "PPM")
    assert (rows_of(read(file.getvalue())) == numbers[..., :1]).all()


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (pfm(drawn(1))[:-1], "ends after 4 of its 5 rows; get the file whole again"),
        (b"Pf\n7 0\n-1\n", "has a PFM header without width, height and scale; mend its header"),
        (b"Pf\n7 5\nodd\n", "has a PFM header without width, height and scale; mend its header"),
        (b"PF\n7 5\n", "has a header line without end; get the file whole again"),
    ],
)
def test_what_is_broken_says_where(data: bytes, line: str) -> None:
    with pytest.raises(ImageError) as caught:
        read(data)
    assert str(caught.value) == f"image x {line}"


def test_the_limit_holds_before_memory_is_taken() -> None:
    with pytest.raises(ImageError, match="has 9,999,980,000,010 pixels, more than the limit"):
        _: Source = read(b"PF 9999990 999999 -1\n")
    with pytest.raises(ImageError, match="has 35 pixels, more than the limit 34"):
        next(sources_of(pfm(drawn(1)), max_pixels=34))


def test_a_file_that_lacks_rows_is_told_by_its_length(tmp_path: Path) -> None:
    path = tmp_path / "vast.pfm"
    path.write_bytes(b"PF\n46000 46000\n-1.0\n" + bytes(46000 * 12))
    with path.open("rb") as file, pytest.raises(ImageError, match="ends after 1 of its 46,000"):
        read_pfm(file, str(path), max_pixels=2**32)
