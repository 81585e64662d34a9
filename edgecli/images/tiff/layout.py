"""Where the samples of a TIFF page lie in its file, and what they are.

Read are strips and tiles, in chunks or planes, of 1 to 16 bits, or of integers and floats of 16, 32
and 64; unsigned samples of bits that fill no type, such as 12, are spread over the whole range of
the next.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from edgecli.geometry import bands
from edgecli.images import Shape
from edgecli.images.streams import ForwardReader
from edgecli.images.tiff.directories import (
    LONG,
    RATIONAL,
    SHORT,
    UNDEFINED,
    Directory,
    Entry,
    Tag,
)
from edgecli.images.tiff.kinds import (
    COLOURS,
    PALETTE,
    PICTURES,
    PREDICTED,
    RGB,
    UNCOMPRESSED,
    WEBP,
    YCBCR,
    photometric_of,
    stored_type,
)
from edgecli.images.tiff.reasons import why_not
from edgecli.records import dataclass, replace

BAND_BYTES = 1 << 20  # to decode at a time, if the tiles allow it
_LARGEST_PADDING = 1 << 24  # pixels that a tile may have, however small --max-pixels is

PREMULTIPLIED, STRAIGHT = 1, 2  # of ExtraSamples

# What decoders ask for, the type of its values, and how many there are where that is certain.
_CODING: dict[Tag, tuple[int, int | None]] = {
    Tag.FAX3_OPTIONS: (LONG, 1),
    Tag.FAX4_OPTIONS: (LONG, 1),
    Tag.PREDICTOR: (SHORT, 1),
    Tag.JPEG_TABLES: (UNDEFINED, None),
    Tag.YCBCR_WEIGHTS: (RATIONAL, 6),
    Tag.YCBCR_SUBSAMPLING: (SHORT, 2),
    Tag.YCBCR_RANGE: (RATIONAL, 12),
}


@dataclass(frozen=True)
class Tiles:
    """The places of a page's tiles, or of strips as wide as the image: row by row in each plane."""

    width: int
    heights: tuple[int, ...]  # of every row of tiles
    offsets: tuple[int, ...]
    byte_counts: tuple[int, ...]

    def is_written(self, number: int) -> bool:
        """Return whether a tile is in the file: those without anything in them are left out."""
        return 0 not in (*self.offsets[number : number + 1], *self.byte_counts[number : number + 1])


@dataclass(frozen=True)
class Layout:
    """How a page's samples lie in the file."""

    shape: Shape  # height, width, samples per pixel
    stored: np.dtype[Any]
    bits: int  # of a sample; fewer than the type's are packed, the most significant first
    photometric: int  # of what is decoded
    taken: tuple[int, ...]  # the samples of a pixel that are colours, and alpha
    alpha: int | None  # STRAIGHT or PREMULTIPLIED
    no_data: float | None  # what stands for a missing sample
    is_planar: bool
    compression: int
    predictor: int
    tiles: Tiles
    is_ycbcr: bool = False  # its samples lie together, and become RGB when they are decoded
    is_reversed: bool = False  # the least significant bit of a byte is the first
    coding: tuple[Entry, ...] = ()  # the tags that decoders may ask for
    colour_map: tuple[int, ...] = ()

    @property
    def across(self) -> int:
        """Tiles next to each other."""
        return -(-self.shape[1] // self.tiles.width)

    @property
    def planes(self) -> int:
        """Samples of a pixel that lie apart."""
        return self.shape[2] if self.is_planar else 1

    @property
    def tile_samples(self) -> int:
        """Samples of a pixel that lie together."""
        return self.shape[2] // self.planes

    @property
    def row_bytes(self) -> int:
        """Bytes in a row of a tile."""
        return -(-self.tiles.width * self.tile_samples * self.bits // 8)

    @property
    def is_packed(self) -> bool:
        """Whether samples do not fill their type."""
        return self.bits < 8 * self.stored.itemsize

    @property
    def is_bilevel(self) -> bool:
        """Whether pixels are black or white."""
        return self.bits == self.shape[2] == 1 and self.photometric != PALETTE


def page_layout(directory: Directory, reader: ForwardReader, max_pixels: int) -> Layout:
    """Return a page's layout; ImageError for one that is not read, or cannot be."""
    height, width = directory.value(Tag.HEIGHT, 0), directory.value(Tag.WIDTH, 0)
    samples = directory.value(Tag.SAMPLES, 1)
    if min(height, width, samples) < 1:
        raise reader.error("is a TIFF without a size; get the file whole again")
    reader.check_pixels((height, width, samples), max_pixels)
    stored, bits = stored_type(directory)
    reason = why_not(directory)
    if reason or stored is None:
        raise reader.error(str(reason))
    photometric, compression = photometric_of(directory), directory.value(Tag.COMPRESSION, 1)
    alpha_at, alpha = _alpha(directory, samples, COLOURS[photometric])
    is_planar = directory.value(Tag.PLANAR, 1) == 2 and samples > 1
    is_together = photometric == YCBCR and not is_planar
    is_ycbcr = is_together and compression != WEBP
    is_predicted = compression in PREDICTED and not is_ycbcr
    is_reversed = directory.value(Tag.FILL_ORDER, 1) == 2 and compression not in PICTURES
    layout = Layout(
        shape=(height, width, samples),
        stored=stored,
        bits=bits,
        photometric=RGB if is_together else photometric,
        taken=(*range(COLOURS[photometric]), *alpha_at),
        alpha=alpha,
        no_data=_no_data(directory, stored),
        is_planar=is_planar,
        compression=compression,
        predictor=directory.value(Tag.PREDICTOR, 1) if is_predicted else 1,
        tiles=_tiles(directory, reader, max_pixels),
        is_ycbcr=is_ycbcr,
        is_reversed=is_reversed,
        coding=tuple(_coding(directory, is_predicted=is_predicted)),
        colour_map=directory.tags.get(Tag.COLOUR_MAP, ()),
    )
    _check_count(layout, reader)
    if compression == UNCOMPRESSED and not is_ycbcr:
        # How long a tile is follows from its size.
        return _with_low_strips(replace(layout, tiles=replace(layout.tiles, byte_counts=())))
    return layout


def _coding(directory: Directory, *, is_predicted: bool) -> Iterator[Entry]:
    """Yield the tags that decoders of faxes, JPEG and YCbCr ask for.

    A predictor is none of theirs where it is undone here.
    """
    for tag, (kind, length) in _CODING.items():
        values = directory.tags.get(tag, ())
        if values and length in {None, len(values)} and not (is_predicted and tag == Tag.PREDICTOR):
            yield tag, kind, values


def _alpha(directory: Directory, samples: int, colours: int) -> tuple[tuple[int, ...], int | None]:
    """Return the place of a pixel's alpha and its kind, STRAIGHT or PREMULTIPLIED; or neither."""
    one_more = (STRAIGHT,) if samples == colours + 1 else ()
    kinds = directory.tags.get(Tag.EXTRA_SAMPLES, one_more)[: samples - colours]
    for place, kind in enumerate(kinds, colours):
        if kind in {STRAIGHT, PREMULTIPLIED}:
            return (place,), kind
    return (), None


def _no_data(directory: Directory, stored: np.dtype[Any]) -> float | None:
    """Return the number of GDAL's tag if samples of the type can be it."""
    try:
        number = float(directory.text(Tag.NO_DATA))
    except ValueError:
        return None
    if stored.kind == "f":
        return number
    if not math.isfinite(number):
        return None
    limits = np.iinfo(stored)
    return number if limits.min <= number <= limits.max and number == int(number) else None


def _tiles(directory: Directory, reader: ForwardReader, max_pixels: int) -> Tiles:
    height, width = directory.value(Tag.HEIGHT, 0), directory.value(Tag.WIDTH, 0)
    tags, is_tiled = directory.tags, Tag.TILE_WIDTH in directory.tags
    if is_tiled:
        width, tile_height = (directory.value(t, 0) for t in (Tag.TILE_WIDTH, Tag.TILE_HEIGHT))
    else:
        tile_height = min(directory.value(Tag.ROWS_PER_STRIP, height), height)
    # libtiff takes the places of tiles under the tags of strips too, and so do its users
    offsets = (is_tiled and tags.get(Tag.TILE_OFFSETS)) or tags.get(Tag.STRIP_OFFSETS, ())
    byte_counts = (is_tiled and tags.get(Tag.TILE_BYTES)) or tags.get(Tag.STRIP_BYTES, ())
    nowhere = min(width, tile_height) < 1 or min((0, *offsets, *byte_counts)) < 0
    if nowhere or -(-height // tile_height) > len(offsets):
        raise reader.error("is a TIFF without all of its strips or tiles; get the file whole again")
    if width * tile_height > max(max_pixels, _LARGEST_PADDING):
        raise reader.error(f"has tiles of {width * tile_height:,} pixels; raise --max-pixels")
    last = tile_height if is_tiled else (height - 1) % tile_height + 1
    return Tiles(
        width=width,
        heights=(tile_height,) * (-(-height // tile_height) - 1) + (last,),
        offsets=offsets,
        byte_counts=byte_counts,
    )


def _check_count(layout: Layout, reader: ForwardReader) -> None:
    needed = layout.across * len(layout.tiles.heights) * layout.planes
    listed = len(layout.tiles.offsets)
    if layout.compression != UNCOMPRESSED or layout.is_ycbcr:
        listed = min(listed, len(layout.tiles.byte_counts))
    if listed < needed:
        raise reader.error(
            f"has {listed:,} strips or tiles of {needed:,}; get the file whole again"
        )


def _with_low_strips(layout: Layout) -> Layout:
    """Cut uncompressed strips into lower ones, so that a band does not need a whole strip."""
    low = max(BAND_BYTES // layout.row_bytes, 1)
    if layout.across > 1 or layout.tiles.heights[0] <= low:
        return layout
    strips = zip(layout.tiles.offsets, layout.tiles.heights * layout.planes, strict=False)
    pieces = [
        (offset and offset + top * layout.row_bytes, bottom - top)  # 0 is not written
        for offset, height in strips
        for top, bottom in bands(height, low)
    ]
    offsets, heights = zip(*pieces, strict=True)
    in_plane = heights[: len(heights) // layout.planes]
    return replace(layout, tiles=replace(layout.tiles, heights=in_plane, offsets=offsets))
