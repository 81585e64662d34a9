"""What TIFFs there are: samples as they are stored, and the file that holds them."""

from __future__ import annotations

import io
import itertools
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgecli.images.tiff.directories import Tag, read_directories
from tests.tiff_files import Order, Tags, cut, make_tiff, pack_bits, tile_bytes

Pixels = NDArray[Any]

ORDERS: tuple[Order, ...] = ("<", ">")
TYPES = ("u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8")
PACKED = (1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15)
COMPRESSIONS = {
    "none": 1, "lzw": 5, "deflate": 8, "packbits": 32773, "old-deflate": 32946, "lzma": 34925,
    "zstd": 50000,
}  # fmt: skip
TILES: tuple[tuple[int, int | None], ...] = ((5, None), (16, 16))
HEIGHT, WIDTH = 21, 29

_BY_LIBTIFF = {"lzw": "tiff_lzw", "zstd": "zstd", "group3": "group3", "group4": "group4"}


@dataclass(frozen=True)
class Made:
    """A TIFF, and the samples that it stores: ``(H, W, C)``, those of bits as small integers."""

    name: str
    data: bytes
    samples: Pixels
    bits: int
    is_inverse: bool = False  # white is 0


Recipe = Callable[[], Made]


def recipes() -> list[Recipe]:
    """Return what makes each of the TIFFs."""
    return [*_plain(), *_packed(), *_faxes()]


def _plain() -> Iterator[Recipe]:
    """Yield TIFFs of samples that fill bytes."""
    for stored, (number, name), tile, planar, order in itertools.product(
        TYPES, enumerate(COMPRESSIONS), TILES, (False, True), ORDERS
    ):
        predictors = (1, 2, 3) if stored[0] == "f" else (1, 2)
        for predictor in predictors if name not in {"none", "packbits"} else (1,):
            C = (1, 3, 2, 4, 5)[(number + predictor + TYPES.index(stored) + planar) % 5]
            yield partial(_made, noise(stored, C), 0, name, tile, planar, order, predictor)


def _packed() -> Iterator[Recipe]:
    """Yield TIFFs of samples of fewer bits than their type."""
    for bits, name, tile, planar in itertools.product(
        PACKED, ("none", "lzw", "deflate", "zstd"), TILES, (False, True)
    ):
        C = (1, 3)[(bits + planar + len(name)) % 2]
        numbers = np.random.default_rng(bits).integers(0, 1 << bits, (HEIGHT, WIDTH, C))
        samples = numbers.astype("u1" if bits < 8 else "u2")
        yield partial(_made, samples, bits, name, tile, planar, "<", 1)


def _faxes() -> Iterator[Recipe]:
    for tile, name, white, order in itertools.product(TILES, ("group3", "group4"), (0, 1), (1, 2)):
        blobs = np.kron(np.random.default_rng(3).integers(0, 2, (7, 8)), np.ones((3, 4)))
        samples = blobs[:HEIGHT, :WIDTH, np.newaxis].astype("u1")
        tags: Tags = {259: ({"group3": 3, "group4": 4}[name],), 262: (white,), 266: (order,)}
        yield partial(_made, samples, 1, name, tile, False, "<", 1, tags)


def noise(stored: str, C: int) -> Pixels:
    """Return samples with the extremes of a type among them, but no float that is no number."""
    kind, random = np.dtype(stored), np.random.default_rng(C)
    if kind.kind == "f":
        return random.normal(0, 1, (HEIGHT, WIDTH, C)).astype(kind)
    ends = np.iinfo(kind)
    most = min(ends.max, np.iinfo(np.int64).max)
    samples = random.integers(ends.min, most, (HEIGHT, WIDTH, C), kind, endpoint=True)
    samples[0, 0], samples[0, 1] = ends.min, most
    return samples


def _made(
    samples: Pixels,
    bits: int,
    compression: str,
    tile: tuple[int, int | None],
    planar: bool,
    order: Order,
    predictor: int,
    tags: Tags | None = None,
) -> Made:
    """Return samples as a file; of ``bits`` each, or 0 where they fill their type."""
    C = samples.shape[2]
    planes = [samples[:, :, c : c + 1] for c in range(C)] if planar else [samples]
    parts = [part for plane in planes for part in cut(plane, *tile)]
    reverse = (tags or {}).get(266) == (2,)
    data = [
        _compressed(_rows(part, bits, order, predictor), compression, part.shape[1], reverse)
        for part in parts
    ]
    offsets = tuple(itertools.accumulate(map(len, data[:-1]), initial=8))
    counts = tuple(map(len, data))
    stated: dict[str, Any] = {
        "t258": ((bits or 8 * samples.itemsize),) * C,
        "t259": (COMPRESSIONS.get(compression, 1),),
        "t317": (predictor,),
        "t339": None if bits else ({"u": 1, "i": 2, "f": 3}[samples.dtype.kind],) * C,
        "t338": {2: (2,), 4: (2,), 5: (0, 0)}.get(C),
    }
    places = (273, 279) if tile[1] is None else (324, 325)
    stated |= {f"t{places[0]}": offsets, f"t{places[1]}": counts}
    stated |= {f"t{tag}": values for tag, values in (tags or {}).items()}
    file = make_tiff(samples, order=order, tile=tile, planar=planar, body=b"".join(data), **stated)
    kind = f"{bits} bits" if bits else samples.dtype.name
    how = f"{'tiles' if tile[1] else 'strips'}, {'planes' if planar else 'chunks'}"
    name = f"{kind} ×{C}, {how}, {compression}, predictor {predictor}, {order}, {tags or ''}"
    return Made(name, file, samples, bits, is_inverse=(tags or {}).get(262) == (0,))


def _rows(part: Pixels, bits: int, order: Order, predictor: int) -> NDArray[np.uint8]:
    """Return the rows of a strip or tile as bytes, ``(rows, bytes)``."""
    if not bits:
        data = tile_bytes(part, order, predictor)
        return np.frombuffer(data, np.uint8).reshape(len(part), -1)
    numbers = part.reshape(len(part), -1).astype(">u2")
    digits = np.unpackbits(numbers.view(np.uint8).reshape(*numbers.shape, 2), axis=2)
    return np.packbits(digits[:, :, 16 - bits :].reshape(len(part), -1), axis=1)


def _compressed(rows: NDArray[np.uint8], compression: str, width: int, reverse: bool) -> bytes:
    data = _packed_by(rows, compression, width)
    if reverse:
        bits = np.unpackbits(np.frombuffer(data, np.uint8)).reshape(-1, 8)
        return np.packbits(bits[:, ::-1]).tobytes()
    return data


def _packed_by(rows: NDArray[np.uint8], compression: str, width: int) -> bytes:
    match compression:
        case "none":
            return rows.tobytes()
        case "packbits":
            return pack_bits(rows.tobytes())
        case "lzma":
            return lzma.compress(rows.tobytes())
        case "deflate" | "old-deflate":
            return zlib.compress(rows.tobytes())
    bits = np.unpackbits(rows, axis=1, count=width) * 255 if "group" in compression else None
    image = Image.fromarray(rows if bits is None else bits)
    file = io.BytesIO()
    image.convert("L" if bits is None else "1").save(
        file, "TIFF", compression=_BY_LIBTIFF[compression], strip_size=1 << 30
    )
    (directory,) = read_directories(file, "x.tif")
    (offset,), (count,) = (directory.tags[tag] for tag in (Tag.STRIP_OFFSETS, Tag.STRIP_BYTES))
    return file.getvalue()[offset : offset + count]
