"""HEIC and HEIF, by pillow-heif: a package of the extra ``formats``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from edgecli.images.foreign import HEIF
from edgecli.images.limits import MORE_FRAMES, check_pixels, image_name
from edgecli.images.pillow.guard import guarded
from edgecli.images.streams import spread
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import ImageInfo, Rows

_PLANES = 2
"""Samples of a pixel that libheif decodes: its luma, and colours of half the size."""


def read_heif(
    stream: BinaryIO, path: str, *, max_pixels: int, all_frames: bool = True
) -> Iterator[ArraySource]:
    """Yield the pictures of a file, the one that it names as its first at the start, or it alone.

    They come upright, as libheif turns them. Samples of 10 and 12 bits become uint16. Raises
    ImageError.
    """
    library: Any = HEIF.library(path)
    data = stream.read()
    with guarded(path, max_pixels):
        file = library.open_heif(data, convert_hdr_to_8bit=False, hdr_to_16bit=False)
    first = file.primary_index
    for number, at in enumerate([first, *(n for n in range(len(file)) if n != first)]):
        name = image_name(path, number)
        with guarded(name, max_pixels):
            picture = file[at]
            width, height = picture.size
            check_pixels(name, width * height, max_pixels)
            rows = _rows(picture)
        held = 2 * rows.nbytes + _PLANES * rows.itemsize * width * height
        info = ImageInfo(path, "HEIC", rows.shape, rows.dtype.name, frame=number, held=held)
        if not all_frames and len(file) > 1:
            info.notes.append(MORE_FRAMES)
        yield ArraySource(rows, info)
        if not all_frames:
            return


def _rows(picture: Any) -> Rows:
    samples = np.asarray(picture)
    rows = np.array(samples[..., np.newaxis] if samples.ndim == 2 else samples)
    if rows.dtype == np.uint16:
        spread(rows.reshape(-1), (1 << picture.info["bit_depth"]) - 1)
    return rows
