"""Which directories of a TIFF are its pages, and which are something else beside them.

A file may hold thumbnails, overviews and masks of its pages, which NewSubfileType tells (TIFF 6.0,
page 36); planes that follow a page's own without directories, as ImageJ writes large stacks and
MetaMorph all; and what a camera's sensor saw, of which only previews are pictures.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from operator import attrgetter
from typing import BinaryIO

import numpy as np

from edgecli.errors import ImageError
from edgecli.images import magic
from edgecli.images.nodata import number_of
from edgecli.images.tiff.directories import Directory, Tag, read_directories
from edgecli.images.tiff.kinds import PALETTE, WHITE_IS_ZERO
from edgecli.records import dataclass, field, replace
from edgecli.rows.base import NoData

MORE_PAGES = "has more pages than the one taken; --page N takes another, --all-frames them all"
DEVELOP = "develop it first (darktable, RawTherapee, dcraw)"

_REDUCED, _MASK, _DEPTHS = 1, 4, 8  # bits of NewSubfileType; depths are DNG 1.5's
_OLD_REDUCED = 2  # of SubfileType
_MASK_PHOTOMETRIC = 4
_ON_MAPS = {Tag.PIXEL_SCALE, Tag.TIEPOINTS, Tag.MATRIX, Tag.GEO_KEYS}
_NUMBER_AHEAD = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_SENSOR_PHOTOMETRICS = {32803, 34892}  # a mosaic of colours, and one that is filled in
# The compressions of Sony, Epson, Samsung, Kodak, Panasonic, Nikon, Kodak and Pentax.
_SENSOR_COMPRESSIONS = {32767, 32769, 32770, 32867, 34316, 34713, 65000, 65535}


@dataclass(frozen=True)
class Page:
    """A page's directory, and what is to be known of what lies beside it."""

    directory: Directory
    notes: list[str] = field(default_factory=list)
    mask: Directory | None = None  # of where there is data, as grey: 0 is none


@dataclass(frozen=True)
class CameraRaw:
    """The directories of a camera's file that may be previews, and the one of its sensor's data."""

    previews: tuple[Directory, ...]
    sensor: Directory | None


def read_pages(file: BinaryIO, path: str, *, all_frames: bool) -> Iterator[Page | CameraRaw]:
    """Yield the first page of a seekable file, or every page; of a camera's file one CameraRaw.

    Reduced pictures and masks are pages only where there is nothing else. Raises ImageError for a
    broken directory.
    """
    file.seek(0)
    head = file.read(16)
    directories = read_directories(file, path)
    first = next(directories)
    if _is_camera(head, first):
        yield _camera_raw(head, [first, *directories])
        return
    pages = _pages(chain([first], directories))
    if all_frames:
        yield from pages
    else:
        yield _first_of(pages)


def _first_of(pages: Iterator[Page | CameraRaw]) -> Page | CameraRaw:
    """Return the first page, with a note if there are more."""
    page = next(pages)
    if isinstance(page, CameraRaw):
        return page
    try:
        if next(pages, None) is not None:
            page.notes.append(MORE_PAGES)
    except ImageError:
        page.notes.append("has a broken directory after its first page, which alone was taken")
    return page


# --- pages, and what lies beside them -------------------------------------------------------------


def _pages(directories: Iterable[Directory]) -> Iterator[Page | CameraRaw]:
    """Yield every page when what lies between it and the next is known, then raise any error."""
    beside: list[Directory] = []
    waiting: Page | None = None
    is_alone, fault = True, None
    try:
        for directory in directories:
            picture = _picture(directory)
            if picture is None:
                beside.append(directory)
                continue
            if waiting:
                yield _told(waiting, beside)
                is_alone = False
            waiting, beside = Page(picture), []
    except ImageError as error:
        fault = error
    if waiting:
        waiting = _told(waiting, beside)
        yield from _planes(waiting) if is_alone else [waiting]
    elif any(map(_is_sensor, beside)):
        yield _camera_raw(b"", beside)
    else:
        yield from map(Page, beside)
    if fault:
        raise fault


def _told(page: Page, beside: Iterable[Directory]) -> Page:
    """Add to a page what is to be known of the directories that follow it."""
    masks = []
    for directory in chain(beside, page.directory.parts):
        if _is_sensor(directory):
            page.notes.append(f"is a preview of what a camera's sensor saw; {DEVELOP}")
        elif not _says_where_data_is(directory):
            continue
        elif _size(directory) == _size(page.directory):
            masks.append(replace(directory, tags={**directory.tags, Tag.PHOTOMETRIC: (1,)}))
        else:
            page.notes.append("has a mask of another size, which is left out")
    return replace(page, mask=masks[0]) if masks else page


def _picture(directory: Directory) -> Directory | None:
    """Return the largest picture of a directory and its parts, unless that is a reduced one."""
    found = [one for one in (directory, *directory.parts) if not (_is_mask(one) or _is_sensor(one))]
    largest = max(found, key=attrgetter("pixels"), default=None)
    return None if largest is None or _is_reduced(largest) else largest


def _is_reduced(directory: Directory) -> bool:
    old = _REDUCED if directory.value(Tag.OLD_SUBFILE, 0) == _OLD_REDUCED else 0
    return bool(directory.value(Tag.SUBFILE, old) & _REDUCED)


def _is_mask(directory: Directory) -> bool:
    kind = directory.value(Tag.SUBFILE, 0)
    return bool(kind & (_MASK | _DEPTHS)) or (
        directory.value(Tag.PHOTOMETRIC, -1) == _MASK_PHOTOMETRIC
    )


def _says_where_data_is(directory: Directory) -> bool:
    """Return whether a directory is a mask of a page, not of depths nor of an overview."""
    kind = directory.value(Tag.SUBFILE, 0)
    return _is_mask(directory) and not kind & (_DEPTHS | _REDUCED)


def _size(directory: Directory) -> tuple[int, int]:
    return directory.value(Tag.HEIGHT, 0), directory.value(Tag.WIDTH, 0)


# --- no data --------------------------------------------------------------------------------------


def no_data_of(directory: Directory, *, has_alpha: bool) -> NoData | None:
    """Return what is no data in a page: GDAL's number, or on a map what is transparent.

    The number is what a sample becomes when it is read; a palette's stays what it is.
    """
    try:
        text = directory.text(Tag.NO_DATA)
        ahead = _NUMBER_AHEAD.match(text)  # GDAL leaves out what follows, such as another one
        number = number_of(ahead[0] if ahead else text)
    except (ValueError, OverflowError):
        is_map = not _ON_MAPS.isdisjoint(directory.tags)
        return "alpha" if is_map and has_alpha else None
    photometric, bits = directory.value(Tag.PHOTOMETRIC, 1), directory.value(Tag.BITS, 1)
    if (form := directory.value(Tag.SAMPLE_FORMAT, 1)) != 1:
        with np.errstate(over="ignore"):
            return float(np.float16(number)) if form == 3 and bits == 16 else number
    if not (isinstance(number, int) and 0 <= number < 2**bits):
        return None
    if photometric == PALETTE:
        return number
    if photometric == WHITE_IS_ZERO:
        number = 2**bits - 1 - number
    full = 2 ** next(size for size in (8, 16, 32, 64) if size >= bits) - 1
    return (2 * number * full + 2**bits - 1) // (2 * (2**bits - 1)) if bits < 16 else number


# --- planes without directories -------------------------------------------------------------------


def _planes(page: Page) -> Iterator[Page]:
    """Yield the only page of a file and the planes that follow it there, as far as it says so."""
    directory, stated = page.directory, _stated_planes(page.directory)
    offsets = directory.tags.get(Tag.STRIP_OFFSETS, ())
    size = _bytes_if_contiguous(directory)
    is_first = bool(offsets) and directory.position > offsets[0]  # the data, before the directory
    end = directory.position if is_first else directory.file_bytes
    held = min((end - offsets[0]) // size, stated) if size else 1
    if held < stated:
        page.notes.append(f"speaks of {stated:,} planes, of which {max(held, 1):,} can be read")
    yield page
    for number in range(1, held):
        moved = tuple(offset + number * size for offset in offsets)
        yield Page(replace(directory, tags={**directory.tags, Tag.STRIP_OFFSETS: moved}))


def _bytes_if_contiguous(directory: Directory) -> int:
    """Return the size of a page whose strips are not compressed and follow each other, else 0."""
    tags = directory.tags
    offsets, counts = (tags.get(tag, ()) for tag in (Tag.STRIP_OFFSETS, Tag.STRIP_BYTES))
    ends = [offset + count for offset, count in zip(offsets, counts, strict=False)]
    if not offsets or Tag.TILE_WIDTH in tags or directory.value(Tag.COMPRESSION, 1) != 1:
        return 0
    if len(offsets) > 1 and list(offsets[1:]) != ends[: len(offsets) - 1]:
        return 0
    row_bits = directory.value(Tag.WIDTH, 0) * _pixel_bits(directory)
    return directory.value(Tag.HEIGHT, 0) * -(-row_bits // 8)


def _pixel_bits(directory: Directory) -> int:
    """Return the bits of all samples of a pixel; those without a number have the last one's."""
    bits = directory.tags.get(Tag.BITS, (1,))
    return sum(bits) + bits[-1] * max(directory.value(Tag.SAMPLES, 1) - len(bits), 0)


def _stated_planes(directory: Directory) -> int:
    """Return how many planes the only directory of a file speaks for, 1 if it does not say."""
    text = directory.text(Tag.DESCRIPTION)
    samples = max(directory.value(Tag.SAMPLES, 1), 1)
    if Tag.PLANES in directory.tags:  # MetaMorph: three fractions for each plane
        return len(directory.tags[Tag.PLANES]) // 2
    if text.startswith("ImageJ=") and (found := re.search(r"^images=(\d{1,9})$", text, re.M)):
        return max(int(found[1]), 1)
    if "<OME" in text:
        sizes = re.findall(r"\bSize[ZCT]=\"(\d{1,9})\"", text)[:3]
        return max(math.prod(map(int, sizes)) // samples, 1)
    with suppress(ValueError, TypeError, KeyError, ArithmeticError, RecursionError):  # tifffile's
        whole = math.prod(map(int, json.loads(text)["shape"]))
        return max(whole // (directory.pixels * samples), 1)
    return 1


# --- cameras --------------------------------------------------------------------------------------


def _is_camera(head: bytes, first: Directory) -> bool:
    return (
        head.startswith(magic.CAMERA_RAW)
        or head[8:10] == magic.CANON_AT_8
        or Tag.DNG_VERSION in first.tags
        or any(map(_is_sensor, (first, *first.parts)))
    )


def _is_sensor(directory: Directory) -> bool:
    return (
        directory.value(Tag.PHOTOMETRIC, 0) in _SENSOR_PHOTOMETRICS
        or directory.value(Tag.COMPRESSION, 1) in _SENSOR_COMPRESSIONS
    )


def _camera_raw(head: bytes, directories: Iterable[Directory]) -> CameraRaw:
    """Sort the directories of a camera's file; Canon's head says where the sensor's is."""
    first, *_ = listed = list(directories)
    every = [one for directory in listed for one in (directory, *directory.parts)]
    canons = int.from_bytes(head[12:16], "little") if head[8:10] == magic.CANON_AT_8 else -1
    sensors = [one for one in every if _is_sensor(one) or one.position == canons]
    turned: dict[int, tuple[int, ...]] = {Tag.ORIENTATION: (first.orientation,)}
    previews = [
        replace(one, tags={**turned, **one.tags})
        for one in every
        if one not in sensors and not _is_mask(one)
    ]
    return CameraRaw(tuple(previews), max(sensors, key=attrgetter("pixels"), default=None))
