"""A TIFF page as a source: what its samples mean, and what of them is left out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO

import numpy as np
from PIL import Image

from edgecli.images.colour import composite, luma
from edgecli.images.limits import image_name
from edgecli.images.pillow.guard import guarded
from edgecli.images.sample_types import as_rows, row_type, smallest
from edgecli.images.streams import ForwardReader, RowStream, spread
from edgecli.images.tiff import kinds
from edgecli.images.tiff.codecs import is_streamed, rgb_of
from edgecli.images.tiff.directories import Directory, Tag
from edgecli.images.tiff.kinds import PALETTE, RGB
from edgecli.images.tiff.layout import PREMULTIPLIED, Layout, page_layout
from edgecli.images.tiff.tiles import TileReader
from edgecli.records import replace
from edgecli.rows.arrays import ArraySource, RunReader
from edgecli.rows.base import ImageInfo, Rows, Source
from edgecli.rows.samples import full_scale
from edgecli.rows.workers import chosen_threads

_LARGE_STRIP = 1 << 26  # samples; decoding one takes more memory than is used otherwise


def tiff_source(
    file: BinaryIO,
    path: str,
    directory: Directory,
    frame: int,
    max_pixels: int,
    *,
    grey: bool = False,
    threads: int | None = None,
    indices: bool = False,
) -> Source:
    """Return a page whose rows are streamed; one of numbers beyond 32 bits is held.

    White-is-zero is inverted, palettes, CMYK, YCbCr and Lab become RGB, premultiplied alpha is
    undone, samples beyond colour and alpha are left out. ``grey`` allows luma of a palette;
    ``indices`` are its bare numbers. Raises ImageError.
    """
    reader = ForwardReader(file, path)
    reader.frame = frame
    layout = page_layout(directory, reader, max_pixels)
    if indices:
        layout = replace(layout, colour_map=(), taken=(0,), alpha=None)
    info = _info(path, frame, directory, layout)
    name, convert = image_name(path, frame), _conversion(layout, grey=grey)
    tiles = TileReader(
        file,
        reader,
        layout,
        directory.file_bytes,
        partial(_pixels, layout, convert),
        chosen_threads(threads),
    )
    target = row_type(layout.stored)
    if target is None:
        ends = [extreme for band in tiles.bands() for extreme in (band.min(), band.max())]
        target = smallest(np.array(ends), name).dtype
    one = convert(np.zeros((1, 1, _colours(layout)), target))
    shape = (*layout.shape[:2], one.shape[2] + (layout.alpha is not None))
    high = layout.tiles.heights[0]
    reads = RunReader(lambda top: tiles.bands(top // high), high)
    rows = RowStream(info, shape, one.dtype, reads.read_into, reads.skip)
    if one.dtype != np.int64:
        return rows
    with guarded(name, max_pixels):
        (held,) = rows.blocks([(0, shape[0])])  # whose greatest number tells how sums are computed
    return ArraySource(held, info)


def _info(path: str, frame: int, directory: Directory, layout: Layout) -> ImageInfo:
    """Return what a page says of itself, with notes on what is left out of it."""
    stored = "bool" if layout.is_bilevel else layout.stored.name
    dpi, orientation, profile = directory.dpi, directory.orientation, directory.profile
    info = ImageInfo(path, "TIFF", layout.shape, stored, dpi, orientation, frame, profile=profile)
    info.notes.extend(_left_out(layout))
    if directory.lost:
        names = ", ".join(f"{tag} ({Tag(tag).name})" for tag in directory.lost)
        info.notes.append(f"has tags whose values are not in it; they are left out: {names}")
    return info


def _pixels(layout: Layout, convert: Conversion, samples: Rows) -> Rows:
    """Return the samples taken as a source's rows ``(n, W, C)``."""
    rows = samples if row_type(layout.stored) is None else as_rows(samples)
    if layout.is_packed and layout.photometric != PALETTE:
        rows = np.ascontiguousarray(rows)
        spread(rows.reshape(-1), 2**layout.bits - 1)
    if layout.alpha is None:
        return convert(rows)
    rows = np.concatenate([convert(rows[:, :, :-1]), rows[:, :, -1:]], axis=2)
    return _straightened(rows) if layout.alpha == PREMULTIPLIED else rows


def _colours(layout: Layout) -> int:
    return len(layout.taken) - (layout.alpha is not None)


# --- colours --------------------------------------------------------------------------------------

Conversion = Callable[[Rows], Rows]
"""Makes grey or RGB of the colours of a page, ``(n, w, C)``."""


def _conversion(layout: Layout, *, grey: bool) -> Conversion:
    """Return what makes grey or RGB of a page's colours."""
    match layout.photometric:
        case kinds.WHITE_IS_ZERO if layout.stored.kind == "u":
            return _inverted
        case kinds.PALETTE if layout.colour_map:
            table = _palette(layout, grey=grey and layout.alpha is None)
            return lambda indices: table.take(indices[:, :, 0], axis=0)
        case kinds.CMYK:
            return _from_inks
        case kinds.YCBCR:
            return partial(rgb_of, layout)
        case kinds.LAB:
            return _from_lab
        case kinds.ICC_LAB:  # whose a and b have 128 added to them
            return lambda lab: _from_lab(lab ^ np.array([0, 128, 128], np.uint8))
    return lambda colours: colours


def _inverted(rows: Rows) -> Rows:
    inverted: Rows = np.iinfo(rows.dtype).max - rows
    return inverted


def _from_inks(inks: Rows) -> Rows:
    """Return RGB of CMYK: what each ink leaves of the white that black leaves."""
    return composite(_inverted(inks), (0, 0, 0))


def _from_lab(lab: Rows) -> Rows:
    height, width, _ = lab.shape
    pixels = np.ascontiguousarray(lab)
    return np.asarray(
        Image.frombuffer("LAB", (width, height), pixels, "raw", "LAB", 0, 1).convert("RGB")
    )


def _palette(layout: Layout, *, grey: bool) -> Rows:
    """Return the colours of a palette, ``(numbers, 3)``, or their luma, ``(numbers, 1)``.

    They have 16 bits; one without any number above 255 is taken for one of 8, as libtiff does.
    """
    stated = layout.colour_map[: len(layout.colour_map) // 3 * 3]
    colours = np.array(stated).reshape(3, -1)[:, : 1 << layout.bits]
    if colours.max() > 255:
        colours >>= 8
    table = np.zeros((1 << layout.bits, 3), np.uint8)
    table[: colours.shape[1]] = colours.T
    return luma(table[np.newaxis]).T if grey else table


# --- what is missing, and what is left out --------------------------------------------------------


def _left_out(layout: Layout) -> Iterator[str]:
    """Yield notes on what a page holds and its rows do not."""
    offsets, samples = layout.tiles.offsets, layout.shape[2]
    empty = sum(not layout.tiles.is_written(number) for number in range(len(offsets)))
    if empty:
        count, value = f"{empty:,} of {len(offsets):,}", f"{layout.no_data or 0:.15g}"
        yield f"has {count} strips or tiles never written; their pixels count as {value}"
    strip = math.prod((layout.tiles.width, layout.tiles.heights[0], layout.tile_samples))
    if layout.across == 1 and strip > _LARGE_STRIP and not is_streamed(layout.compression):
        yield (
            f"has strips of {strip:,} samples, of which one is held in memory at a time; save "
            "it in smaller ones: gdal_translate -co COMPRESS=DEFLATE IN.tif OUT.tif"
        )
    if samples > len(layout.taken):
        taken = "red, green and blue" if layout.photometric == RGB else "the first"
        taken += " and the transparency" if layout.alpha else " alone"
        verb = "was" if len(layout.taken) == 1 else "were"
        yield (
            f"has {samples} bands, of which {taken} {verb} taken; to take another, save it by "
            f"itself: gdal_translate -b {samples} IN.tif OUT.tif"
        )


def _straightened(rows: Rows) -> Rows:
    """Divide colours by their alpha; where it is 0 they are 0."""
    alpha = rows[:, :, -1:].astype(np.float64)
    opaque = full_scale(rows.dtype)
    with np.errstate(over="ignore", invalid="ignore"):  # floats may be infinite
        factor = np.divide(opaque, alpha, out=np.zeros_like(alpha), where=alpha > 0)
        colours = rows[:, :, :-1] * factor
        if rows.dtype.kind != "f":
            colours = np.minimum(np.rint(colours), opaque)
        return np.concatenate([colours.astype(rows.dtype), rows[:, :, -1:]], axis=2)
