"""Interlaced PNG of every kind and size against a maker of plain Python, Pillow and OpenCV."""

from __future__ import annotations

import io
import itertools
import zlib

import numpy as np
import pytest
from PIL import Image

from edgecli.errors import ImageError
from edgecli.images.png import reading as png
from edgecli.images.png.adam7 import ADAM7
from tests.png_files import (
    KINDS,
    SIGNATURE,
    by_opencv,
    chunk,
    ihdr,
    make_png,
    palette,
    random_samples,
    read_all,
    scanlines,
    source_of,
)

SIZES = list(itertools.product(range(1, 10), range(1, 10)))


def both(H: int, W: int, colour: int, depth: int) -> tuple[bytes, bytes]:
    """Return an image plain, and interlaced."""
    samples = random_samples(H, W, colour, depth)
    before = [chunk(b"PLTE", palette(2**depth))] if colour == 3 else []
    plain, interlaced = (
        make_png(samples, depth, colour, *before, interlaced=is_so) for is_so in (False, True)
    )
    return plain, interlaced


@pytest.mark.parametrize("kind", [(0, 1), (3, 4), (2, 8), (6, 16)])
def test_every_combination_of_passes_gives_the_plain_image(kind: tuple[int, int]) -> None:
    for H, W in SIZES:
        plain, interlaced = both(H, W, *kind)
        np.testing.assert_array_equal(
            read_all(source_of(interlaced)), read_all(source_of(plain)), strict=True
        )


@pytest.mark.parametrize(("colour", "depth"), KINDS)
@pytest.mark.parametrize(("H", "W"), [(1, 1), (3, 5), (19, 33)])
def test_every_kind_agrees_with_libpng(H: int, W: int, colour: int, depth: int) -> None:
    plain, interlaced = both(H, W, colour, depth)
    source = source_of(interlaced)
    pixels = read_all(source, band=7)
    assert (pixels.shape, pixels.dtype) == (source.shape, source.dtype)
    np.testing.assert_array_equal(pixels, read_all(source_of(plain)), strict=True)
    expected = by_opencv(interlaced)
    assert expected.dtype == pixels.dtype
    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize(("colour", "depth"), [kind for kind in KINDS if kind[1] <= 8])
def test_every_kind_of_8_bits_agrees_with_pillow(colour: int, depth: int) -> None:
    _, interlaced = both(9, 14, colour, depth)
    pixels = read_all(source_of(interlaced))
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[pixels.shape[2]]
    with Image.open(io.BytesIO(interlaced)) as image:
        expected = np.asarray(image.convert(mode))
    np.testing.assert_array_equal(pixels, expected.reshape(pixels.shape))


@pytest.mark.parametrize("batch", [1, 50, 2**19])
def test_rows_are_right_whatever_the_batch(monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    monkeypatch.setattr(png, "_BATCH", batch)
    plain, interlaced = both(21, 18, 2, 16)
    np.testing.assert_array_equal(
        read_all(source_of(interlaced), band=5), read_all(source_of(plain), band=21)
    )


def test_the_passes_share_out_every_pixel_once() -> None:
    for H, W in SIZES:
        sizes = [part.size(H, W) for part in ADAM7]
        assert sum(rows * columns for rows, columns in sizes) == H * W


@pytest.mark.parametrize("missing", [1, 10, 400])
def test_passes_that_are_missing_are_no_image(missing: int) -> None:
    lines = scanlines(random_samples(20, 20, 2, 8), 8, interlaced=True)
    data = zlib.compress(lines[:-missing])
    start = SIGNATURE + ihdr(20, 20, 8, 2, 0, 0, 1)
    with pytest.raises(ImageError, match="fewer rows"):
        read_all(source_of(start + chunk(b"IDAT", data) + chunk(b"IEND")))


def test_a_header_of_billions_of_pixels_takes_no_memory_before_they_come() -> None:
    resource = pytest.importorskip("resource")
    start = SIGNATURE + ihdr(40_000, 40_000, 8, 0, 0, 0, 1)
    data = start + chunk(b"IDAT", zlib.compress(bytes(100_000))) + chunk(b"IEND")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ImageError, match="fewer rows"):
        next(source_of(data).blocks([(0, 1)]))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB


@pytest.mark.parametrize("side", [2**31 - 1, 2**25])
def test_what_does_not_fit_the_memory_is_refused(side: int) -> None:
    data = SIGNATURE + ihdr(side, side, 16, 6, 0, 0, 1) + chunk(b"IDAT")
    with pytest.raises(ImageError) as caught:
        next(source_of(data, max_pixels=2**62).blocks([(0, 1)]))
    assert "more pixels than fit the memory" in str(caught.value)
    assert str(caught.value).endswith("save it without interlacing")
