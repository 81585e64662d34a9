"""Where the samples of a TIFF page lie in its file, for pages that Pillow would not read truly.

Pillow cuts 48-bit colour to 8 bits per sample, takes signed bytes for unsigned ones, and does not
open signed, 32-bit or float colour, grey with alpha, or float64. Read here are grey or RGB of 8 to
64 bits, with or without alpha, in strips or tiles, in chunks or planes, without lossy compression.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgecli.geometry import bands
from edgecli.images import Shape
from edgecli.images.streams import ForwardReader
from edgecli.images.tiff import Directory, Tag
from edgecli.records import dataclass, replace

BAND_BYTES = 1 << 20  # to decode at a time, if the tiles allow it
_MOST_SAMPLES = 16  # per pixel; more is no picture
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


@dataclass(frozen=True)
class Layout:
    """How a page's samples lie in the file."""

    shape: Shape  # height, width, samples per pixel
    stored: np.dtype[Any]
    photometric: int
    alpha: int | None  # STRAIGHT or PREMULTIPLIED
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
        return self.tiles.width * self.tile_samples * self.stored.itemsize

    @property
    def channels(self) -> int:
        """Channels of the rows: colours and alpha."""
        return (3 if self.photometric == RGB else 1) + (self.alpha is not None)


def page_layout(directory: Directory, reader: ForwardReader, max_pixels: int) -> Layout | None:
    """Return a page's layout, or None for a page that Pillow decodes; raises ImageError."""
    height, width = directory.value(Tag.HEIGHT, 0), directory.value(Tag.WIDTH, 0)
    samples = directory.value(Tag.SAMPLES, 1)
    if min(height, width, samples) < 1:
        raise reader.error("is a TIFF without a size; get the file whole again")
    reader.check_pixels((height, width, samples), max_pixels)
    stored = _stored_type(directory)
    if stored is None or not _is_read_here(directory, stored):
        return None
    layout = Layout(
        shape=(height, width, samples),
        stored=stored,
        photometric=directory.value(Tag.PHOTOMETRIC, BLACK_IS_ZERO),
        alpha=_alpha(directory, samples),
        is_planar=directory.value(Tag.PLANAR, 1) == 2,
        compression=directory.value(Tag.COMPRESSION, UNCOMPRESSED),
        predictor=directory.value(Tag.PREDICTOR, 1),
        tiles=_tiles(directory, reader, max_pixels),
    )
    _check_count(layout, reader)
    if layout.compression == UNCOMPRESSED:
        return _with_low_strips(replace(layout, predictor=1))  # there is nothing to predict
    return layout


def _stored_type(directory: Directory) -> np.dtype[Any] | None:
    """Return the one type of all samples, in the file's byte order; None if there is none."""
    bits = set(directory.tags.get(Tag.BITS, (1,)))
    formats = set(directory.tags.get(Tag.SAMPLE_FORMAT, (1,)))
    if len(bits) > 1 or len(formats) > 1:
        return None
    name = f"{_KINDS.get(formats.pop())}{bits.pop() / 8:g}"
    return np.dtype(directory.byte_order + name) if name in _TYPES else None


def _is_read_here(directory: Directory, stored: np.dtype[Any]) -> bool:
    """Return whether a page is grey or RGB, lossless, and nothing that Pillow reads as well."""
    samples, photometric = directory.value(Tag.SAMPLES, 1), directory.value(Tag.PHOTOMETRIC, -1)
    compression = directory.value(Tag.COMPRESSION, UNCOMPRESSED)
    predictors = {1, 2, 3} if stored.kind == "f" else {1, 2}
    return (
        photometric in {WHITE_IS_ZERO, BLACK_IS_ZERO, RGB}
        and (3 if photometric == RGB else 1) <= samples <= _MOST_SAMPLES
        and compression in _LOSSLESS
        and (compression == UNCOMPRESSED or stored != np.uint8)
        and directory.value(Tag.PREDICTOR, 1) in predictors
        and directory.value(Tag.FILL_ORDER, 1) == 1
        and directory.value(Tag.PLANAR, 1) in {1, 2}
    )


def _alpha(directory: Directory, samples: int) -> int | None:
    """Return STRAIGHT or PREMULTIPLIED if the first sample after the colours is alpha."""
    extra = samples - (3 if directory.value(Tag.PHOTOMETRIC, 1) == RGB else 1)
    kind = directory.value(Tag.EXTRA_SAMPLES, STRAIGHT if extra == 1 else 0)
    return kind if extra and kind in {STRAIGHT, PREMULTIPLIED} else None


def _tiles(directory: Directory, reader: ForwardReader, max_pixels: int) -> Tiles:
    height, width = directory.value(Tag.HEIGHT, 0), directory.value(Tag.WIDTH, 0)
    tags, is_tiled = directory.tags, Tag.TILE_OFFSETS in directory.tags
    if is_tiled:
        width, tile_height = (directory.value(t, 0) for t in (Tag.TILE_WIDTH, Tag.TILE_HEIGHT))
    else:
        tile_height = min(directory.value(Tag.ROWS_PER_STRIP, height), height)
    offsets = tags.get(Tag.TILE_OFFSETS if is_tiled else Tag.STRIP_OFFSETS, ())
    if min(width, tile_height) < 1 or -(-height // tile_height) > len(offsets):
        raise reader.error("is a TIFF without all of its strips or tiles; get the file whole again")
    if width * tile_height > max(max_pixels, _LARGEST_PADDING):
        raise reader.error(f"has tiles of {width * tile_height:,} pixels; raise --max-pixels")
    last = tile_height if is_tiled else (height - 1) % tile_height + 1
    return Tiles(
        width=width,
        heights=(tile_height,) * (-(-height // tile_height) - 1) + (last,),
        offsets=offsets,
        byte_counts=tags.get(Tag.TILE_BYTES if is_tiled else Tag.STRIP_BYTES, ()),
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
        (offset + top * layout.row_bytes, bottom - top)
        for offset, height in strips
        for top, bottom in bands(height, low)
    ]
    offsets, heights = zip(*pieces, strict=True)
    in_plane = heights[: len(heights) // layout.planes]
    return replace(layout, tiles=replace(layout.tiles, heights=in_plane, offsets=offsets))
