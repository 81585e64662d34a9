"""The PNG format: its numbers, how a chunk is written, and its row filters.

Source: W3C, *Portable Network Graphics (PNG) Specification (Third Edition)*. Its sections are
cited as "PNG 9.2".
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import ImageError

MAX_FIELD = 2**31 - 1  # the largest width, height or chunk length, PNG 7.1
METRES_PER_INCH = 0.0254  # pHYs counts pixels per metre

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6  # colour types, PNG 11.2.1
NONE, SUB, UP, AVERAGE, PAETH = range(5)  # row filters, PNG 9.2

_LONG_ROW = 1024  # bytes; NumPy's call per row costs more than Pillow's loop below about 600


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    r"""Return one chunk: length, kind, data and their CRC-32 (PNG 5.3).

    >>> chunk(b"IEND")
    b'\x00\x00\x00\x00IEND\xaeB`\x82'
    """
    crc = zlib.crc32(data, zlib.crc32(kind))
    return b"".join((len(data).to_bytes(4), kind, data, crc.to_bytes(4)))


def damaged(path: str, what: str) -> ImageError:
    """Return the error of a file that breaks the format."""
    return ImageError(f"image {path} is damaged: {what}; get a whole copy")


def unfilter(
    above: NDArray[np.uint8], filtered: NDArray[np.uint8], pixel_bytes: int
) -> NDArray[np.uint8]:
    """Undo the row filters of PNG 9.2.

    ``above`` (row_bytes,) is the row before; ``filtered`` (n, 1 + row_bytes) starts each row with
    its filter's number, at most 4. Returns (n, row_bytes).
    """
    kinds = filtered[:, 0]
    if len(above) >= _LONG_ROW and np.all((kinds == NONE) | (kinds == UP)):
        return _unfilter_up(above, filtered)
    if pixel_bytes <= 4:
        return _unfilter_by_pillow(above, filtered, pixel_bytes)
    # Filters look back by whole pixels, so high and low bytes of 16-bit samples never meet.
    rows = np.empty((len(filtered), len(above)), np.uint8)
    for lane in (0, 1):
        half = np.column_stack((kinds, filtered[:, 1 + lane :: 2]))
        rows[:, lane::2] = _unfilter_by_pillow(above[lane::2], half, pixel_bytes // 2)
    return rows


def _unfilter_up(above: NDArray[np.uint8], filtered: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Undo None and Up, which need no more than whole rows: eight times Pillow's speed."""
    rows = np.empty((len(filtered), len(above)), np.uint8)
    for kind, row, target in zip(filtered[:, 0].tolist(), filtered[:, 1:], rows, strict=True):
        if kind == UP:
            np.add(above, row, out=target)
        else:
            target[...] = row
        above = target
    return rows


def _unfilter_by_pillow(
    above: NDArray[np.uint8], filtered: NDArray[np.uint8], pixel_bytes: int
) -> NDArray[np.uint8]:
    """Undo any filters by Pillow's PNG decoder, in C.

    It is given the row above, unfiltered, and these rows as an image, in a zlib stream of stored
    blocks. Filters work on bytes, so that any mode of as many bytes per pixel will do.
    """
    from PIL import Image  # for reading alone

    mode = ("L", "LA", "RGB", "RGBA")[pixel_bytes - 1]
    size = (len(above) // pixel_bytes, len(filtered) + 1)
    scanlines = bytes([NONE]) + above.tobytes() + filtered.tobytes()
    image = Image.frombytes(mode, size, zlib.compress(scanlines, level=0), "zip", mode)
    return np.asarray(image).reshape(len(filtered) + 1, -1)[1:]


def filtered_rows(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return rows (n, row_bytes) filtered, each behind its filter's number: (n, 1 + row_bytes).

    Up, unless that makes more bytes non-zero than there were: a thresholded photograph of 24
    megapixels takes 0.90 MB by None and 1.38 MB by Up, an unthresholded one half as much by Up.
    """
    filtered = np.empty((len(rows), 1 + rows.shape[1]), np.uint8)
    filtered[:, 0] = UP
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    makes_it_worse = np.count_nonzero(filtered[1:, 1:]) > np.count_nonzero(rows[1:])
    alone = slice(None) if makes_it_worse else slice(1)
    filtered[alone, 0] = NONE
    filtered[alone, 1:] = rows[alone]
    return filtered
