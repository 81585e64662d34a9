"""Strips and tiles that are broken, missing or too much; on threads and in little memory."""

from __future__ import annotations

import io
import struct
import time
import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli.errors import ImageError
from edgecli.images.tiff import tiles as tiff_tiles
from edgecli.images.tiff.reading import read_images
from edgecli.rows.base import Source
from tests.tiff_files import make_tiff
from tests.tiffs.making import recipes

Pixels = NDArray[Any]


def noise(height: int, width: int, C: int = 1, dtype: str = "u1") -> Pixels:
    return np.random.default_rng(0).integers(1, 200, (height, width, C)).astype(dtype)


def read(data: bytes, max_pixels: int = 2**31) -> tuple[Source, Pixels]:
    (source,) = read_images(io.BytesIO(data), "x.tif", max_pixels=max_pixels)
    (rows,) = source.blocks([(0, source.shape[0])])
    return source, rows


def whole(data: bytes) -> Pixels:
    return read(data)[1]


def refusal(data: bytes) -> str:
    with pytest.raises(ImageError) as caught:
        whole(data)
    return str(caught.value)


def of_tiles(pixels: Pixels, bodies: list[bytes], **tags: Any) -> bytes:
    """Return a TIFF whose tiles are given as they are in the file."""
    starts = np.cumsum([8, *map(len, bodies)])[:-1]
    places: dict[str, Any] = {"t324": tuple(starts.tolist()), "t325": tuple(map(len, bodies))}
    return make_tiff(pixels, tile=(16, 16), body=b"".join(bodies), **places | tags)


# ---- broken -------------------------------------------------------------------------------------


def test_tiles_that_hold_too_little_are_one_line() -> None:
    pixels = noise(16, 32)
    good, short = (zlib.compress(bytes(size)) for size in (256, 200))
    assert refusal(of_tiles(pixels, [good, short], t259=(8,))) == (
        "image x.tif does not decode (56 bytes of a strip or tile are missing); get the file whole "
        "again"
    )


@pytest.mark.parametrize("compression", [5, 8, 34925, 50000, 7, 50001])
def test_tiles_of_nonsense_are_one_line(compression: int) -> None:
    C = 3 if compression == 50001 else 1
    line = refusal(of_tiles(noise(16, 16, C), [b"\xa5nonsense" * 9], t259=(compression,)))
    assert line.startswith("image x.tif ")
    assert line.endswith("get the file whole again")
    assert "\n" not in line


def test_tiles_that_hold_too_much_are_read_as_far_as_they_go() -> None:
    """Writers fill the last strip up; of a gigabyte of zeros no more than a tile is made."""
    pixels = noise(16, 16)
    stream = zlib.compressobj(9)
    bomb = stream.compress(pixels.tobytes())
    bomb += b"".join(stream.compress(bytes(1 << 20)) for _ in range(64)) + stream.flush()
    assert (whole(of_tiles(pixels, [bomb], t259=(8,))) == pixels).all()


def test_tiles_may_lie_over_each_other() -> None:
    pixels = noise(16, 16)
    body = zlib.compress(pixels.tobytes())
    data = of_tiles(np.tile(pixels, (2, 2, 1)), [body], t259=(8,), t324=(8,) * 4)
    places: dict[str, Any] = {"t324": (8,) * 4, "t325": (len(body),) * 4}
    data = make_tiff(np.tile(pixels, (2, 2, 1)), tile=(16, 16), body=body, t259=(8,), **places)
    assert (whole(data) == np.tile(pixels, (2, 2, 1))).all()


@pytest.mark.parametrize("compression", [8, 34925, 5, 50001])
def test_a_high_strip_that_is_cut_is_one_line(
    compression: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiff_tiles, "_HIGH", 100)
    C = 3 if compression == 50001 else 1
    body = b"\0nonsense" * 9
    data = make_tiff(
        noise(64, 64, C), tile=(64, None), body=body, t259=(compression,), t279=(len(body),)
    )
    assert refusal(data).endswith("get the file whole again")


# ---- nothing that anybody needs -----------------------------------------------------------------


def test_a_file_may_end_before_the_place_of_the_next_directory() -> None:
    pixels = noise(1, 6)
    data = make_tiff(pixels, tile=(1, None))
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    assert (whole(data[: at + 2 + 12 * count]) == pixels).all()


@pytest.mark.parametrize("tag", [270, 282, 305, 330, 42113])
def test_a_tag_that_nobody_needs_may_point_anywhere(tag: int) -> None:
    pixels = noise(5, 6)
    tags: dict[str, Any] = {f"t{tag}": (1 << 30, 1, 2)}
    data = bytearray(make_tiff(pixels, tile=(5, None), **tags))
    (at,) = struct.unpack_from("<I", data, 4)
    for entry in range(struct.unpack_from("<H", data, at)[0]):
        if struct.unpack_from("<H", data, at + 2 + 12 * entry)[0] == tag:
            struct.pack_into("<I", data, at + 2 + 12 * entry + 8, 1 << 31)
    source, rows = read(bytes(data))
    assert (rows == pixels).all()
    (note,) = source.info.notes
    assert note.startswith(f"has tags whose values are not in it; they are left out: {tag} (")


# ---- missing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("C", "compression", "photometric", "empty"),
    [(1, 8, 3, 9), (3, 7, 2, 0), (3, 50001, 2, 0), (1, 4, 1, 0), (4, 8, 5, 255), (3, 8, 6, 0)],
)
def test_tiles_that_were_never_written_are_zero_of_every_kind(
    C: int, compression: int, photometric: int, empty: int
) -> None:
    tags: dict[str, Any] = {"t259": (compression,), "t262": (photometric,)}
    tags |= {"t258": (1,)} if compression == 4 else {}
    palette = (9, 20, 30) * 256 if photometric == 3 else ()
    tags |= {"t320": tuple(sorted(palette))} if palette else {}
    source, rows = read(of_tiles(noise(16, 16, C), [b""], t324=(0,), t338=None, **tags))
    assert rows[0, 0, 0] == empty
    assert (rows == rows[0, 0]).all()
    assert source.info.notes == [
        "has 1 of 1 strips or tiles never written; their pixels count as 0"
    ]


# ---- together -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["_HIGH", "_WORTH_THREADS"])
def test_threads_and_streams_give_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    every = [make() for make in recipes()[::37]]
    expected = [whole(made.data) for made in every]
    monkeypatch.setattr(tiff_tiles, name, 0)
    monkeypatch.setattr(tiff_tiles, "BAND_BYTES", 500)
    for made, rows in zip(every, expected, strict=True):
        np.testing.assert_array_equal(whole(made.data), rows, strict=True, err_msg=made.name)


def test_high_strips_of_pictures_are_cut_into_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = Image.fromarray(noise(64, 64, 3))
    for options in ({"compression": "jpeg"}, {"compression": "tiff_lzw"}):
        file = io.BytesIO()
        picture.save(file, "TIFF", strip_size=1 << 20, **options)
        expected = whole(file.getvalue())
        with monkeypatch.context() as patch:
            patch.setattr(tiff_tiles, "_HIGH", 0)
            patch.setattr(tiff_tiles, "BAND_BYTES", 500)
            np.testing.assert_array_equal(whole(file.getvalue()), expected)


def test_a_strip_that_is_held_whole_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgecli.images.tiff.samples._LARGE_STRIP", 100)
    file = io.BytesIO()
    Image.fromarray(noise(64, 64)[:, :, 0]).save(file, "TIFF", compression="tiff_lzw")
    source, _ = read(file.getvalue())
    (note,) = source.info.notes
    assert note.startswith("has strips of 4,096 samples, of which one is held in memory at a time")
    source, _ = read(make_tiff(noise(64, 64), tile=(64, None), compression="deflate"))
    assert source.info.notes == []


def test_more_bands_than_sixteen_are_read() -> None:
    pixels = noise(5, 6, 40, "u2")
    for planar in (False, True):
        data = make_tiff(pixels, planar=planar, compression="deflate", t262=(1,))
        assert (whole(data) == pixels[:, :, :1]).all()


class Handing(io.BytesIO):
    """A file at whose every place another thread may go on, as where the system is called."""

    def seek(self, *where: int) -> int:
        place = super().seek(*where)
        time.sleep(0)
        return place


def test_two_readers_of_one_file_do_not_lead_each_other_astray(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A page and its mask are read by turns, each perhaps by a thread ahead of what is used."""
    monkeypatch.setattr(tiff_tiles, "_HIGH", 0)
    monkeypatch.setattr(tiff_tiles, "_PIECE", 50)
    monkeypatch.setattr(tiff_tiles, "BAND_BYTES", 400)
    pixels = noise(200, 100)
    file = Handing(make_tiff(pixels, tile=(200, None), compression="deflate"))
    one, other = (
        next(read_images(file, "x.tif", max_pixels=2**31, threads=2)).blocks(
            [(top, top + 4) for top in range(0, 200, 4)]
        )
        for _ in range(2)
    )
    for top, rows, again in zip(range(0, 200, 4), one, other, strict=True):
        assert (rows == pixels[top : top + 4]).all()
        assert (again == rows).all()
