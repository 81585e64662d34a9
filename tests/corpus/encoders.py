"""Encoders of a few lines, whose bytes depend on no library's version: PNG, PNM and YUV4MPEG2."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]

_GREY, _RGB, _PALETTE, _GREY_ALPHA, _RGBA = 0, 2, 3, 4, 6
_COLOURS = {1: _GREY, 2: _GREY_ALPHA, 3: _RGB, 4: _RGBA}
_ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4),
          (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))  # fmt: skip


def png(
    pixels: Pixels,
    bits: int = 8,
    *,
    palette: Pixels | None = None,
    interlaced: bool = False,
    **chunks: bytes,
) -> bytes:
    """Encode ``(H, W)`` or ``(H, W, C)``, stored rather than compressed; chunks go ahead of it."""
    planes = pixels.reshape(*pixels.shape[:2], -1)
    height, width, channels = planes.shape
    colour = _PALETTE if palette is not None else _COLOURS[channels]
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced)
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    rows = b"".join(_scanlines(planes[y::down, x::across], bits) for y, x, down, across in passes)
    before = {} if palette is None else {"PLTE": palette.astype(np.uint8).tobytes()}
    parts = {"IHDR": header} | before | chunks | {"IDAT": zlib.compress(rows, 0), "IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, data) for name, data in parts.items())


def chunk(name: str, data: bytes) -> bytes:
    """Return a PNG's chunk with its length and checksum."""
    named = name.encode() + data
    return struct.pack(">I", len(data)) + named + struct.pack(">I", zlib.crc32(named))


def _scanlines(planes: Pixels, bits: int) -> bytes:
    """Return rows that begin with the filter 0, samples packed where they are less than bytes."""
    if not planes.size:
        return b""
    samples = planes.reshape(len(planes), -1)
    if bits == 16:
        packed = samples.astype(">u2").view(np.uint8)
    else:
        each = np.unpackbits(samples.astype(np.uint8)[..., None], axis=2)[..., 8 - bits :]
        packed = np.packbits(each.reshape(len(samples), -1), axis=1)
    return np.insert(packed, 0, 0, axis=1).tobytes()


def pnm(pixels: Pixels) -> bytes:
    """Encode 8 or 16 bits as binary PGM or PPM, by their channels."""
    kind = b"P6" if pixels.ndim == 3 else b"P5"
    largest = 255 if pixels.dtype == np.uint8 else 65535
    height, width = pixels.shape[:2]
    header = b"%b\n%d %d\n%d\n" % (kind, width, height, largest)
    return header + pixels.astype(">u2" if largest > 255 else np.uint8).tobytes()


def plain_pnm(kind: int, pixels: Pixels) -> bytes:
    """Encode as PNM in digits: ``P1`` of bits, ``P2`` or ``P3``, with a comment."""
    height, width = pixels.shape[:2]
    largest = "" if kind == 1 else "255\n"
    rows = "\n".join(" ".join(map(str, row)) for row in pixels.reshape(height, -1).tolist())
    return f"P{kind}\n# drawn\n{width} {height}\n{largest}{rows}\n".encode()


def bitmap(pixels: Pixels) -> bytes:
    """Encode zeros and ones as binary PBM."""
    height, width = pixels.shape
    return b"P4\n%d %d\n" % (width, height) + np.packbits(pixels != 0, axis=1).tobytes()


def pam(pixels: Pixels) -> bytes:
    """Encode colours with alpha as PAM."""
    height, width, depth = pixels.shape
    sizes = f"WIDTH {width}\nHEIGHT {height}\nDEPTH {depth}\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\n"
    return f"P7\n{sizes}ENDHDR\n".encode() + pixels.astype(np.uint8).tobytes()


def y4m(frames: list[Pixels], chroma: str = "420", dtype: str = "u1") -> bytes:
    """Encode grey frames as a video with flat chroma, or none for ``mono``."""
    height, width = frames[0].shape
    header = f"YUV4MPEG2 W{width} H{height} F25:1 Ip A1:1 C{chroma}\n".encode()
    return header + b"".join(_frames(frames, chroma, dtype))


def _frames(frames: list[Pixels], chroma: str, dtype: str) -> Iterator[bytes]:
    height, width = frames[0].shape
    flat = 0 if chroma.startswith("mono") else (height + 1) // 2 * ((width + 1) // 2) * 2
    for frame in frames:
        yield b"FRAME\n" + frame.astype(dtype).tobytes() + np.full(flat, 128, dtype).tobytes()
