"""A TIFF maker that shares nothing with edgecli: byte orders, tiles, planes and predictors."""

from __future__ import annotations

import itertools
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tifffile
from numpy.typing import NDArray

Pixels = NDArray[Any]
Order = Literal["<", ">"]
Tags = dict[int, tuple[int, ...] | bytes | None]

FORMATS = {"u": 1, "i": 2, "f": 3}
COMPRESSIONS = {"none": 1, "deflate": 8, "old-deflate": 32946, "packbits": 32773}


def pack_bits(data: bytes) -> bytes:
    """Return literal runs alone, which every PackBits decoder takes."""
    runs = (data[start : start + 128] for start in range(0, len(data), 128))
    return b"".join(bytes([len(run) - 1]) + run for run in runs)


def compressed(data: bytes, compression: str) -> bytes:
    if compression == "packbits":
        return pack_bits(data)
    return data if compression == "none" else zlib.compress(data)


def differences(tile: Pixels) -> Pixels:
    """Predictor 2: each sample of ``(rows, cols, C)`` less the one to its left."""
    unsigned = tile.view(f"u{tile.itemsize}").copy()
    unsigned[:, 1:] -= unsigned[:, :-1].copy()
    return unsigned


def float_differences(tile: Pixels) -> Pixels:
    """Predictor 3: the bytes of a row, most significant first, as differences."""
    rows, cols, C = tile.shape
    big = tile.astype(tile.dtype.newbyteorder(">")).view(np.uint8)
    planes = big.reshape(rows, cols * C, tile.itemsize).swapaxes(1, 2).reshape(rows, -1).copy()
    planes[:, C:] -= planes[:, :-C].copy()
    return planes


def tile_bytes(tile: Pixels, order: Order, predictor: int) -> bytes:
    if predictor == 3:
        return float_differences(tile).tobytes()
    stored = differences(np.ascontiguousarray(tile)) if predictor == 2 else tile
    return stored.astype(stored.dtype.newbyteorder(order)).tobytes()


def cut(pixels: Pixels, height: int, width: int | None) -> list[Pixels]:
    """Return strips, or tiles padded to their full size."""
    H, W, _ = pixels.shape
    if width is None:
        return [pixels[top : top + height] for top in range(0, H, height)]
    padded = np.pad(pixels, ((0, -H % height), (0, -W % width), (0, 0)))
    corners = itertools.product(range(0, H, height), range(0, W, width))
    return [padded[top : top + height, left : left + width] for top, left in corners]


def make_tiff(
    pixels: Pixels,
    *,
    order: Order = "<",
    tile: tuple[int, int | None] = (3, None),
    planar: bool = False,
    compression: str = "none",
    predictor: int = 1,
    body: bytes | None = None,
    **tags: tuple[int, ...] | bytes | None,
) -> bytes:
    """Return a TIFF of ``(H, W, C)``; ``tags`` replace or remove (None) tags, as ``t262=(0,)``.

    Another ``body`` of samples comes with tags that say where they are.
    """
    H, W, C = pixels.shape
    planes = [pixels[:, :, c : c + 1] for c in range(C)] if planar else [pixels]
    parts = [part for plane in planes for part in cut(plane, *tile)]
    data = [compressed(tile_bytes(part, order, predictor), compression) for part in parts]
    offsets = list(itertools.accumulate(map(len, data[:-1]), initial=8))
    stated: Tags = {
        256: (W,), 257: (H,), 258: (8 * pixels.itemsize,) * C,
        259: (COMPRESSIONS[compression],), 262: (2 if C >= 3 else 1,), 277: (C,),
        284: (2 if planar else 1,), 317: (predictor,), 339: (FORMATS[pixels.dtype.kind],) * C,
    }  # fmt: skip
    if tile[1] is None:
        stated |= {273: tuple(offsets), 278: (tile[0],), 279: tuple(map(len, data))}
    else:
        stated |= {
            322: (tile[1],),
            323: (tile[0],),
            324: tuple(offsets),
            325: tuple(map(len, data)),
        }
    stated |= {int(name[1:]): values for name, values in tags.items()}
    body = b"".join(data) if body is None else body
    head = struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", 42, 8 + len(body))
    return head + body + directory(stated, order, 8 + len(body))


def directory(tags: Tags, order: Order, position: int) -> bytes:
    """Return a directory of LONGs and texts, and after it the values that do not fit."""
    kept = {tag: values for tag, values in sorted(tags.items()) if values is not None}
    entries, outside = b"", b""
    after = position + 2 + 12 * len(kept) + 4
    for tag, values in kept.items():
        is_text = isinstance(values, bytes)
        data = bytes(values) if is_text else struct.pack(f"{order}{len(values)}I", *values)
        if len(data) > 4:
            data, outside = struct.pack(order + "I", after + len(outside)), outside + data
        entries += struct.pack(order + "HHI", tag, 2 if is_text else 4, len(values))
        entries += data.ljust(4, b"\0")
    return struct.pack(order + "H", len(kept)) + entries + bytes(4) + outside


# ---- several directories ----------------------------------------------------------------------


@dataclass
class Page:
    """A picture of one strip, the tags that it has of its own, and the directories under it."""

    pixels: Pixels
    tags: Tags = field(default_factory=dict)
    parts: tuple[Page, ...] = ()


def make_pages(*pages: Page, start: bytes = struct.pack("<2sHI", b"II", 42, 0)) -> bytes:
    """Return a TIFF of several pages, each with its samples before its directory."""
    file = bytearray(start)
    link = 4
    for page in pages:
        position, following = _put(file, page)
        struct.pack_into("<I", file, link, position)
        link = following
    return bytes(file)


def _put(file: bytearray, page: Page) -> tuple[int, int]:
    """Append a page; return where its directory is, and where that says what follows it."""
    places = tuple(_put(file, part)[0] for part in page.parts)
    H, W, C = page.pixels.shape
    offset, data = len(file), page.pixels.astype(page.pixels.dtype.newbyteorder("<")).tobytes()
    tags: Tags = {
        256: (W,), 257: (H,), 258: (8 * page.pixels.itemsize,) * C, 262: (2 if C >= 3 else 1,),
        273: (offset,), 277: (C,), 278: (H,), 279: (len(data),), 330: places or None,
        339: (FORMATS[page.pixels.dtype.kind],) * C, **page.tags,
    }  # fmt: skip
    file += data + b"\0" * (len(data) % 2)
    position = len(file)
    file += directory(tags, "<", position)
    count = sum(values is not None for values in tags.values())
    return position, position + 2 + 12 * count


def save_tiff(path: Path, pixels: NDArray[Any], no_data: object = None, **options: Any) -> Path:
    """Write a TIFF, with GDAL's number for no data."""
    tags: Any = [(42113, "s", 0, str(no_data), True)] if no_data is not None else []
    tifffile.imwrite(path, pixels, extratags=tags, **options)
    return path
