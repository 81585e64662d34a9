"""TIFFs of colours that are no grey or RGB as they are stored, and what a reader shows of them."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.tiff_files import cut, make_tiff

Pixels = NDArray[Any]

TILES: tuple[tuple[int, int | None], ...] = ((16, None), (16, 32))


@dataclass(frozen=True)
class Coloured:
    """A TIFF and its pixels, ``(H, W, C)``, from which ours may differ by ``most``."""

    name: str
    data: bytes
    pixels: Pixels
    most: int = 0


def smooth(C: int, height: int = 40, width: int = 52) -> Pixels:
    """Return a picture of slow changes, which subsampled colours hardly harm."""
    y, x = np.mgrid[:height, :width]
    planes = [128 + 90 * np.sin(x / (5 + c) + c) * np.cos(y / (7 - c)) for c in range(C)]
    return np.stack(planes, axis=2).astype(np.uint8)


def every() -> Iterator[Coloured]:
    """Yield all of the TIFFs."""
    for tile in TILES:
        yield from _palettes(tile)
        yield from _inks(tile)
        yield from _lab(tile)
        yield from _pictures(tile)
        yield from _in_planes(tile)
    yield from _subsampled()


def _palettes(tile: tuple[int, int | None]) -> Iterator[Coloured]:
    palette = np.random.default_rng(0).integers(0, 256, (256, 3))
    indices = smooth(1)
    for unit in (1, 257):
        colours = tuple((palette * unit).T.ravel().tolist())
        data = make_tiff(indices, tile=tile, compression="deflate", t262=(3,), t320=colours)
        yield Coloured(f"palette of {unit}", data, palette[indices[:, :, 0]].astype("u1"))
    wide = np.random.default_rng(1).integers(0, 1 << 16, (40, 52, 1)).astype("u2")
    table = np.random.default_rng(2).integers(0, 1 << 16, (3, 1 << 16))
    data = make_tiff(wide, tile=tile, t262=(3,), t320=tuple(table.ravel().tolist()))
    yield Coloured("palette of 16 bits", data, (table >> 8).T[wide[:, :, 0]].astype("u1"))


def _inks(tile: tuple[int, int | None]) -> Iterator[Coloured]:
    for stored, planar in itertools.product(("u1", "u2"), (False, True)):
        unit = 257 if stored == "u2" else 1
        inks = smooth(4).astype(stored) * np.dtype(stored).type(unit)
        data = make_tiff(inks, tile=tile, planar=planar, compression="deflate", t262=(5,))
        full = 255 * unit
        left = (full - inks.astype(np.int64)) / full
        pixels = np.rint(full * left[:, :, :3] * left[:, :, 3:]).astype(stored)
        yield Coloured(f"CMYK {stored}, planes {planar}", data, pixels)


def _lab(tile: tuple[int, int | None]) -> Iterator[Coloured]:
    lab = smooth(3)
    signed = lab ^ np.array([0, 128, 128], np.uint8)
    shown = np.asarray(Image.frombytes("LAB", (52, 40), signed.tobytes()).convert("RGB"))
    for name, stored, number in (("CIE", signed, 8), ("ICC", lab, 9)):
        data = make_tiff(stored, tile=tile, compression="deflate", t262=(number,))
        yield Coloured(f"{name} Lab", data, shown)


def _pictures(tile: tuple[int, int | None]) -> Iterator[Coloured]:
    """Yield TIFFs whose tiles are pictures by themselves."""
    for C, mode, number in ((1, "L", 1), (3, "RGB", 2), (3, "YCbCr", 6), (4, "CMYK", 5)):
        parts = cut(smooth(C), *tile)
        files = [_jpeg(part, mode) for part in parts]
        shown = [_decoded(file) for file in files]
        data = _of_parts(smooth(C), files, tile, t259=(7,), t262=(number,))
        pixels = _together(shown, tile)
        if mode == "CMYK":
            left = pixels / 255  # Pillow turns inks around when it writes and when it reads JPEG
            pixels = np.rint(255 * left[:, :, :3] * left[:, :, 3:]).astype("u1")
        yield Coloured(f"JPEG of {mode}", data, pixels)
    for C, lossless in itertools.product((3, 4), (False, True)):
        files = [_webp(part, lossless) for part in cut(smooth(C), *tile)]
        mode = "RGBA" if C == 4 else "RGB"
        shown = [np.asarray(Image.open(io.BytesIO(file)).convert(mode)) for file in files]
        data = _of_parts(smooth(C), files, tile, t259=(50001,), t262=(2,))
        yield Coloured(f"WebP ×{C}, lossless {lossless}", data, _together(shown, tile))


def _jpeg(part: Pixels, mode: str) -> bytes:
    file = io.BytesIO()
    colours = {"L": "L", "YCbCr": "RGB"}.get(mode, mode)
    image = Image.frombytes(colours, part.shape[1::-1], part.tobytes())
    options: dict[str, Any] = {"keep_rgb": True} if mode == "RGB" else {}
    image.save(file, "JPEG", quality=90, **options)
    return _without_markers(file.getvalue())


def _without_markers(jpeg: bytes) -> bytes:
    """Return a JPEG without what says how its colours are meant, which a TIFF says itself."""
    kept, at = jpeg[:2], 2
    while jpeg[at + 1] != 0xDA:
        size = 2 + int.from_bytes(jpeg[at + 2 : at + 4])
        if jpeg[at + 1] not in {0xE0, 0xEE}:
            kept += jpeg[at : at + size]
        at += size
    return kept + jpeg[at:]


def _decoded(jpeg: bytes) -> Pixels:
    with Image.open(io.BytesIO(jpeg)) as image:
        return np.asarray(image).reshape(image.height, image.width, -1)


def _webp(part: Pixels, lossless: bool) -> bytes:
    file = io.BytesIO()
    Image.fromarray(part).save(file, "WEBP", lossless=lossless, exact=True)
    return file.getvalue()


def _of_parts(
    pixels: Pixels, files: list[bytes], tile: tuple[int, int | None], **tags: Any
) -> bytes:
    offsets = tuple(itertools.accumulate(map(len, files[:-1]), initial=8))
    places = (273, 279) if tile[1] is None else (324, 325)
    tags |= {f"t{places[0]}": offsets, f"t{places[1]}": tuple(map(len, files))}
    tags |= {"t338": (2,) if pixels.shape[2] == 4 and tags["t262"] == (2,) else None}
    return make_tiff(pixels, tile=tile, body=b"".join(files), **tags)


def _together(parts: list[Pixels], tile: tuple[int, int | None]) -> Pixels:
    across = 1 if tile[1] is None else -(-52 // tile[1])
    rows = [np.concatenate(parts[n : n + across], axis=1) for n in range(0, len(parts), across)]
    return np.concatenate(rows)[:40, :52]


def _subsampled() -> Iterator[Coloured]:
    """Yield TIFFs of YCbCr whose colours are of blocks of pixels, without compression and with."""
    for (across, down), compression in itertools.product(
        ((1, 1), (2, 1), (2, 2), (4, 2)), ("none", "deflate")
    ):
        luma, height, width = smooth(1)[:, :, 0], 40 // down, 52 // across
        colours = np.random.default_rng(across).integers(90, 160, (height, width, 2)).astype("u1")
        blocks = luma.reshape(height, down, width, across).swapaxes(1, 2)
        stored = np.concatenate([blocks.reshape(height, width, -1), colours], axis=2)
        data = make_tiff(
            stored.reshape(height, -1, 1),
            tile=(height, None),
            compression=compression,
            t256=(52,), t257=(40,), t258=(8, 8, 8), t262=(6,), t277=(3,), t278=(40,),
            t339=None, t530=(across, down),
        )  # fmt: skip
        spread = colours.repeat(down, axis=0).repeat(across, axis=1)
        ycbcr = np.dstack([luma, spread])
        shown = np.asarray(Image.frombytes("YCbCr", (52, 40), ycbcr.tobytes()).convert("RGB"))
        yield Coloured(f"YCbCr {across}×{down}, {compression}", data, shown, most=1)


def _in_planes(tile: tuple[int, int | None]) -> Iterator[Coloured]:
    """Yield TIFFs of YCbCr whose luma and colours lie apart."""
    shown = np.asarray(Image.frombytes("YCbCr", (52, 40), smooth(3).tobytes()).convert("RGB"))
    for compression, predictor in (("none", 1), ("deflate", 2), ("packbits", 1)):
        data = make_tiff(
            smooth(3),
            tile=tile,
            planar=True,
            compression=compression,
            predictor=predictor,
            t262=(6,),
            t530=(1, 1),
        )
        yield Coloured(f"YCbCr in planes, {compression}", data, shown, most=1)
