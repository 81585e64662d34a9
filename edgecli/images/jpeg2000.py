"""JPEG 2000, whose samples may have any bits: Pillow decodes them, here they fill their type."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

import numpy as np

from edgecli.errors import ImageError
from edgecli.images.pillow import reading
from edgecli.images.pillow.guard import guarded
from edgecli.images.pillow.reading import jpeg2000_depths
from edgecli.images.streams import spread
from edgecli.rows.base import Rows, Source


def read_images(
    file: BinaryIO,
    path: str,
    *,
    max_pixels: int,
    grey: bool = False,
    all_frames: bool = False,
    unread: bool = False,
) -> Iterator[Source]:
    """Yield the image of a file through Pillow, its samples spread over their type.

    Raises ImageError as ``pillow.reading.read_images`` does.
    """
    with guarded(path, max_pixels):
        stream = file if file.seekable() else io.BytesIO(file.read())
        bits = jpeg2000_depths(stream.read(1 << 16))
        stream.seek(0)
    if max(bits, default=0) > 16:
        raise ImageError(
            f"image {path} has {max(bits)} bits per sample, of which Pillow keeps 16; "
            "save it with 16"
        )
    fills = {*bits} <= {8, 16}
    options = {"grey": grey and fills, "all_frames": all_frames, "unread": unread}
    for source in reading.read_images(stream, path, max_pixels=max_pixels, **options):
        has_palette = source.shape[2] != len(bits)  # of which the bits are those of the indices
        yield source if fills or has_palette else SpreadSource(source, bits)


class SpreadSource:
    """A source whose samples stand at the top of their type, as Pillow puts them, spread over it.

    ``bits`` are those of each channel's samples; all of a type's fill it as they are.
    """

    def __init__(self, source: Source, bits: Sequence[int]) -> None:
        self.info, self.shape, self.dtype = source.info, source.shape, source.dtype
        self.close, self._source, self._bits = source.close, source, bits

    def blocks(self, ranges: Iterable[tuple[int, int]]) -> Iterator[Rows]:
        """Yield rows ``[start, stop)`` for each range; see ``Source.blocks``."""
        whole = 8 * self.dtype.itemsize
        for rows in self._source.blocks(ranges):
            for channel, bits in enumerate(self._bits):
                plane = np.right_shift(rows[:, :, channel], whole - bits).ravel()
                spread(plane, 2**bits - 1)
                rows[:, :, channel] = plane.reshape(rows.shape[:2])
            yield rows
