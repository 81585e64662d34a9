"""Bands of a TIFF that overlap or leave out rows, in little memory; files that are cut short."""

from __future__ import annotations

import io
import itertools
import os
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgecli.errors import ImageError
from edgecli.images.tiff.reading import read_images
from tests.tiff_files import make_tiff
from tests.tiff_reading import read, whole

Pixels = NDArray[Any]


def noise(*shape: int) -> Pixels:
    return np.random.default_rng(0).integers(0, 120, shape).astype("u2")


@given(st.data())
def test_overlapping_blocks_are_slices(data: st.DataObject) -> None:
    tile = data.draw(st.sampled_from([(1, None), (7, None), (50, None), (16, 16)]))
    pixels = noise(40, 20, 3)
    tiff = make_tiff(pixels, tile=tile, compression=data.draw(st.sampled_from(["none", "deflate"])))
    starts = sorted(data.draw(st.lists(st.integers(0, 39), min_size=1, max_size=5)))
    ranges = [(start, min(start + 9, 40)) for start in starts]
    for (start, stop), block in zip(ranges, read(tiff).blocks(ranges), strict=True):
        assert (block == pixels[start:stop]).all()


@pytest.mark.parametrize("planar", [False, True])
def test_strips_of_rows_left_out_are_not_decoded(
    planar: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So nobody sees that they are damaged."""
    monkeypatch.setattr("edgecli.images.tiff.tiles.BAND_BYTES", 1)
    pixels = noise(90, 20, 3)
    data = bytearray(make_tiff(pixels, tile=(8, None), compression="deflate", planar=planar))
    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        offsets, sizes = tiff.pages.first.dataoffsets, tiff.pages.first.databytecounts
    for offset, size in list(zip(offsets, sizes, strict=True))[4:7]:
        data[offset : offset + size] = bytes(size)
    above, below = read(bytes(data)).blocks([(0, 9), (80, 90)])
    assert (above == pixels[:9]).all()
    assert (below == pixels[80:]).all()
    with pytest.raises(ImageError):
        whole(bytes(data))


@pytest.mark.parametrize(("compression", "height"), [("none", 64), ("none", 4000), ("deflate", 64)])
def test_memory_follows_the_band(compression: str, height: int) -> None:
    pixels = np.zeros((4000, 1000, 3), np.uint16)
    source = read(make_tiff(pixels, tile=(height, None), compression=compression))
    tracemalloc.start()
    for _ in source.blocks([(top, top + 50) for top in range(0, 4000, 50)]):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < pixels.nbytes / 2


def test_one_large_strip_is_read_in_pieces() -> None:
    pixels = noise(900, 1000, 1)  # 1.8 MB
    for planar, data in itertools.product((False, True), (pixels, np.repeat(pixels, 3, 2))):
        assert (whole(make_tiff(data, tile=(2**32 - 1, None), planar=planar)) == data).all()


@pytest.mark.parametrize("compression", ["none", "deflate"])
def test_offsets_beyond_the_end_are_an_error(compression: str) -> None:
    pixels = noise(3, 4, 1)
    data = make_tiff(pixels, tile=(3, None), compression=compression, t273=(2**31,))
    with pytest.raises(ImageError, match=r"is cut short, at least [\d,]+ bytes are missing"):
        whole(data)


def test_compressed_bytes_that_are_broken_are_an_error_and_silent(
    capfd: pytest.CaptureFixture[str],
) -> None:
    data = bytearray(make_tiff(noise(30, 30, 3), tile=(30, None), compression="deflate"))
    data[100:200] = bytes(100)
    with pytest.raises(ImageError, match=r"image x\.tif does not decode"):
        whole(bytes(data))
    assert capfd.readouterr() == ("", "")


def test_a_file_that_shrinks_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    path.write_bytes(make_tiff(noise(9, 9, 3)))
    with path.open("rb") as file:
        (source,) = read_images(file, "x.tif", max_pixels=2**31)
        os.truncate(path, 100)
        with pytest.raises(ImageError, match=r"image x\.tif became shorter while it was read"):
            list(source.blocks([(0, 9)]))
