"""Where the samples of a TIFF page lie in its file, for pages that Pillow would not read truly.

Pillow cuts 48-bit colour to 8 bits per sample, takes signed bytes for unsigned ones, and does not
open signed, 32-bit or float colour, grey with alpha, or float64. Read here are grey or RGB of 1 to
64 bits, with or without alpha, in strips or tiles, in chunks or planes, without lossy compression.
Unsigned samples of bits that fill no type, such as 12, are spread over the whole range of the next.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from edgecli.geometry import bands
from edgecli.images import Shape
from edgecli.images.streams import ForwardReader
from edgecli.images.tiff.directories import Directory, Tag
from edgecli.records import dataclass, replace

BAND_BYTES = 1 << 20  # to decode at a time, if the tiles allow it
_MOST_SAMPLES = 16  # per pixel; more is no picture
_MASK = 4  # of NewSubfileType
_LARGEST_PADDING = 1 << 24  # pixels that a tile may have, however small --max-pixels is

UNCOMPRESSED = 1
_LOSSLESS = {UNCOMPRESSED, 5, 8, 32773, 32946, 34925, 50000}  # LZW, deflate, PackBits, LZMA, Zstd
_KINDS = {1: "u", 2: "i", 3: "f", 4: "u"}  # of SampleFormat; 4 is undefined
_TYPES = {"u1", "i1", "u2", "i2", "f2", "u4", "i4", "f4", "u8", "i8", "f8"}
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB = 0, 1, 2  # of PhotometricInterpretation
PREMULTIPLIED, STRAIGHT = 1, 2  # of ExtraSamples


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
    photometric: int
    taken: tuple[int, ...]  # the samples of a pixel that are colours, and alpha
    alpha: int | None  # STRAIGHT or PREMULTIPLIED
    no_data: float | None  # what stands for a missing sample
    is_planar: bool
    compression: int
    predictor: int
    tiles: Tiles

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
        """Whether samples do not fill bytes."""
        return self.bits < 8 * self.stored.itemsize


def page_layout(directory: Directory, reader: ForwardReader, max_pixels: int) -> Layout | None:
    """Return a page's layout, or None for a page that Pillow decodes; raises ImageError."""
    height, width = directory.value(Tag.HEIGHT, 0), directory.value(Tag.WIDTH, 0)
    samples = directory.value(Tag.SAMPLES, 1)
    if min(height, width, samples) < 1:
        raise reader.error("is a TIFF without a size; get the file whole again")
    reader.check_pixels((height, width, samples), max_pixels)
    stored, bits = _stored_type(directory)
    if stored is None or not _is_read_here(directory, stored, bits):
        return None
    colours = 3 if directory.value(Tag.PHOTOMETRIC, BLACK_IS_ZERO) == RGB else 1
    alpha_at, alpha = _alpha(directory, samples, colours)
    layout = Layout(
        shape=(height, width, samples),
        stored=stored,
        bits=bits,
        photometric=directory.value(Tag.PHOTOMETRIC, BLACK_IS_ZERO),
        taken=(*range(colours), *alpha_at),
        alpha=alpha,
        no_data=_no_data(directory, stored),
        is_planar=directory.value(Tag.PLANAR, 1) == 2,
        compression=directory.value(Tag.COMPRESSION, UNCOMPRESSED),
        predictor=directory.value(Tag.PREDICTOR, 1),
        tiles=_tiles(directory, reader, max_pixels),
    )
    _check_count(layout, reader)
    if layout.compression == UNCOMPRESSED:
        # There is nothing to predict, and how long a tile is follows from its size.
        tiles = replace(layout.tiles, byte_counts=())
        return _with_low_strips(replace(layout, predictor=1, tiles=tiles))
    return layout


def _stored_type(directory: Directory) -> tuple[np.dtype[Any] | None, int]:
    """Return the one type of all samples, in the file's byte order or None, and their bits."""
    bits, *other_bits = set(directory.tags.get(Tag.BITS, (1,)))
    form, *other_forms = set(directory.tags.get(Tag.SAMPLE_FORMAT, (1,)))
    kind = _KINDS.get(form)
    if other_bits or other_forms:
        return None, bits
    if kind == "u" and 1 <= bits < 16 and bits != 8:
        return np.dtype("uint8" if bits < 8 else "uint16"), bits
    name = f"{kind}{bits / 8:g}"
    return (np.dtype(directory.byte_order + name) if name in _TYPES else None), bits


def _is_read_here(directory: Directory, stored: np.dtype[Any], bits: int) -> bool:
    """Return whether a page is grey or RGB, lossless, and nothing that Pillow reads as well."""
    samples, photometric = directory.value(Tag.SAMPLES, 1), directory.value(Tag.PHOTOMETRIC, -1)
    compression = directory.value(Tag.COMPRESSION, UNCOMPRESSED)
    predictors = {1} if bits % 8 else {1, 2, 3} if stored.kind == "f" else {1, 2}
    return (
        photometric in {WHITE_IS_ZERO, BLACK_IS_ZERO, RGB}
        and (3 if photometric == RGB else 1) <= samples <= _MOST_SAMPLES
        and ((bits, samples) != (1, 1) or directory.value(Tag.SUBFILE, 0) & _MASK > 0)
        and compression in _LOSSLESS
        and directory.value(Tag.PREDICTOR, 1) in predictors
        and directory.value(Tag.FILL_ORDER, 1) == 1
        and directory.value(Tag.PLANAR, 1) in {1, 2}
    )


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
    if layout.compression != UNCOMPRESSED:
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
