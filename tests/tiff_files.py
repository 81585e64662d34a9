"""A TIFF maker that shares nothing with edgecli: byte orders, tiles, planes and predictors."""

from __future__ import annotations

import itertools
import struct
import zlib
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]
Order = Literal["<", ">"]

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
    **tags: tuple[int, ...] | None,
) -> bytes:
    """Return a TIFF of ``(H, W, C)``; ``tags`` replace or remove (None) tags, as ``t262=(0,)``."""
    H, W, C = pixels.shape
    planes = [pixels[:, :, c : c + 1] for c in range(C)] if planar else [pixels]
    parts = [part for plane in planes for part in cut(plane, *tile)]
    data = [compressed(tile_bytes(part, order, predictor), compression) for part in parts]
    offsets = list(itertools.accumulate(map(len, data[:-1]), initial=8))
    stated: dict[int, tuple[int, ...] | None] = {
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
    body = b"".join(data)
    head = struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", 42, 8 + len(body))
    return head + body + directory(stated, order, 8 + len(body))


def directory(tags: dict[int, tuple[int, ...] | None], order: Order, position: int) -> bytes:
    """Return a directory of LONGs at ``position`` and, after it, the values that do not fit."""
    kept = {tag: values for tag, values in sorted(tags.items()) if values is not None}
    entries, outside = b"", b""
    after = position + 2 + 12 * len(kept) + 4
    for tag, values in kept.items():
        data = struct.pack(f"{order}{len(values)}I", *values)
        if len(data) > 4:
            data, outside = struct.pack(order + "I", after + len(outside)), outside + data
        entries += struct.pack(order + "HHI", tag, 4, len(values)) + data
    return struct.pack(order + "H", len(kept)) + entries + bytes(4) + outside
