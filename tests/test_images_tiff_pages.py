"""Which directories of a TIFF are taken for pages, and what is said of the others."""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgecli.errors import ImageError
from edgecli.images.tiff.reading import read_images
from tests.tiff_files import Page, Tags, make_pages, make_tiff

Pixels = NDArray[Any]
REDUCED: Tags = {254: (1,)}
MASK: Tags = {254: (4,)}
MORE = "has more pages than the one taken; --page N takes another, --all-frames them all"


def grey(height: int = 4, width: int = 6, value: int = 0, dtype: str = "u1") -> Pixels:
    return (np.arange(height * width).reshape(height, width, 1) + value).astype(dtype)


def read(data: bytes, *, all_frames: bool = False) -> tuple[list[Pixels], list[str]]:
    """Return the pages of a file, and the notes on all of them."""
    pages: list[Pixels] = []
    notes: list[str] = []
    for source in read_images(io.BytesIO(data), "x.tif", max_pixels=1000, all_frames=all_frames):
        pages += source.blocks([(0, source.shape[0])])
        notes += source.info.notes
    return pages, notes


def assert_pages(found: list[Pixels], *expected: Pixels) -> None:
    assert len(found) == len(expected)
    for page, pixels in zip(found, expected, strict=True):
        np.testing.assert_array_equal(page, pixels, strict=True)


# ---- thumbnails, overviews and masks ------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", [REDUCED, {255: (2,)}, MASK, {254: (8,)}, {254: (5,)}, {262: (4,)}]
)
def test_what_is_no_page_is_passed_over(kind: Tags) -> None:
    data = make_pages(Page(grey(2, 3), kind), Page(grey()), Page(grey(2, 3), kind))
    for all_frames in (False, True):
        found, _ = read(data, all_frames=all_frames)
        assert_pages(found, grey())


def test_of_a_page_and_its_parts_the_largest_is_taken() -> None:
    thumbnail = Page(grey(2, 3), REDUCED, (Page(grey()),))
    assert_pages(read(make_pages(thumbnail))[0], grey())
    pyramid = Page(grey(), {}, (Page(grey(2, 3), REDUCED), Page(grey(1, 2), REDUCED)))
    assert_pages(read(make_pages(pyramid))[0], grey())


def test_a_file_of_reduced_pictures_alone_has_these_for_pages() -> None:
    data = make_pages(Page(grey(2, 3), REDUCED), Page(grey(3, 4), REDUCED))
    assert_pages(read(data, all_frames=True)[0], grey(2, 3), grey(3, 4))


def test_a_mask_of_a_page_goes_with_it_if_it_has_the_size() -> None:
    overview, its_mask = Page(grey(2, 3), REDUCED), Page(grey(2, 3), {254: (5,)})
    data = make_pages(Page(grey()), Page(grey(value=1), MASK), overview, its_mask, Page(grey(2, 3)))
    sources = read_images(io.BytesIO(data), "x.tif", max_pixels=1000, all_frames=True)
    first, second = sources
    assert first.info.mask is not None
    assert_pages([*first.info.mask.blocks([(0, 4)])], grey(value=1))
    assert (first.info.notes, second.info.notes, second.info.mask) == ([], [], None)


def test_a_mask_that_cannot_be_read_is_left_out_and_told_of() -> None:
    found, notes = read(make_pages(Page(grey()), Page(grey(), MASK | {259: (34887,)})))
    assert_pages(found, grey())
    assert notes == ["has a mask that cannot be read, which is left out"]


def test_a_mask_of_another_size_is_left_out_and_told_of() -> None:
    found, notes = read(make_pages(Page(grey()), Page(grey(8, 12), MASK)))
    assert_pages(found, grey())
    assert notes == ["has a mask of another size, which is left out"]


def test_parts_that_are_broken_do_not_take_the_page_along() -> None:
    assert_pages(read(make_tiff(grey(), t330=(9_999_999,)))[0], grey())


# ---- several pages ------------------------------------------------------------------------------


def test_pages_left_out_are_told_of() -> None:
    data = make_pages(Page(grey()), Page(grey(value=9)), Page(grey(value=20)))
    found, notes = read(data)
    assert_pages(found, grey())
    assert notes == [MORE]
    found, notes = read(data, all_frames=True)
    assert_pages(found, grey(), grey(value=9), grey(value=20))
    assert notes == []


def test_a_broken_directory_after_a_page_leaves_the_page() -> None:
    data = bytearray(make_pages(Page(grey())))
    struct.pack_into("<I", data, data.rindex(bytes(4)), 10**6)
    found, notes = read(bytes(data))
    assert_pages(found, grey())
    assert notes == ["has a broken directory after its first page, which alone was taken"]
    sources = read_images(io.BytesIO(data), "x.tif", max_pixels=1000, all_frames=True)
    assert next(sources).shape == (4, 6, 1)
    with pytest.raises(ImageError, match="broken directory"):
        next(sources)


# ---- planes without directories -----------------------------------------------------------------

STACK = np.concatenate([grey(value=9 * n, dtype="u2") for n in range(5)])
STATED: dict[str, Tags] = {
    "ImageJ": {270: b"ImageJ=1.54f\nimages=5\nslices=5\nloop=false\n\0"},
    "tifffile": {270: json.dumps({"shape": [5, 4, 6], "truncated": True}).encode()},
    "OME": {270: b'<?xml version="1.0"?><OME><Pixels SizeC="1" SizeT="5" SizeX="6" SizeZ="1"/>'},
    "MetaMorph": {33629: tuple(range(10))},
}


def stack(tags: Tags, planes: int = 5) -> bytes:
    """Return a file whose one directory is of the first plane."""
    pixels = STACK[: 4 * planes]
    return make_pages(Page(pixels, {257: (4,), 278: (4,), 279: (48,), **tags}))


@pytest.mark.parametrize("tags", STATED.values(), ids=STATED)
def test_a_stack_of_one_directory_is_read_to_its_end(tags: Tags) -> None:
    found, notes = read(stack(tags), all_frames=True)
    assert_pages(found, *np.split(STACK, 5))
    assert notes == []
    found, notes = read(stack(tags))
    assert_pages(found, STACK[:4])
    assert notes == [MORE]


def test_a_stack_that_is_cut_short_is_told_of() -> None:
    found, notes = read(stack(STATED["ImageJ"], planes=3), all_frames=True)
    assert_pages(found, *np.split(STACK[:12], 3))
    assert notes == ["speaks of 5 planes, of which 3 can be read"]


@pytest.mark.parametrize("options", [{"compression": "deflate"}, {"tile": (16, 16)}])
def test_planes_that_cannot_be_told_apart_are_told_of(options: dict[str, Any]) -> None:
    data = make_tiff(grey(), **options, t270=b"ImageJ=1.54f\nimages=5\n")
    found, notes = read(data, all_frames=True)
    assert_pages(found, grey())
    assert notes == ["speaks of 5 planes, of which 1 can be read"]


@pytest.mark.parametrize(
    "text",
    [
        b"{",
        b"[1]",
        b"[" * 60_000,
        b'{"shape": 3}',
        b'{"shape": ["a", 1e400]}',
        b"ImageJ=1\nimages=0\n",
        b"\xff",
    ],
    ids=lambda text: text[:20].decode("latin-1"),
)
def test_a_description_of_anything_else_is_of_one_page(text: bytes) -> None:
    found, notes = read(make_tiff(grey(), t270=text), all_frames=True)
    assert_pages(found, grey())
    assert notes == []


def test_samples_beyond_belief_are_not_counted_out() -> None:
    data = make_tiff(grey(), t270=STATED["OME"][270], t277=(2**31,))
    with pytest.raises(ImageError, match="has 2,147,483,648 bands"):
        read(data)
    with pytest.raises(ImageError, match="is a TIFF without a size"):
        read(make_tiff(grey(), t270=STATED["OME"][270], t277=(0,)))
