"""A PNG maker of plain Python that shares nothing with edgecli, for every kind of PNG."""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edgecli.images.png.reading import PngSource, open_png

Pixels = NDArray[Any]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Samples per pixel of every colour type."""
COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""Colour types by channels, palettes apart."""
KINDS = [(0, depth) for depth in (1, 2, 4, 8, 16)] + [(3, depth) for depth in (1, 2, 4, 8)]
KINDS += list(itertools.product((2, 4, 6), (8, 16)))
"""Every colour type with every depth that it may have."""
LIMIT = 2**31
ALL_FILTERS = (0, 1, 2, 3, 4)

# Which of the seven passes has each pixel of an 8 × 8 block, as the specification draws it.
_PASSES = """
    1 6 4 6 2 6 4 6
    7 7 7 7 7 7 7 7
    5 6 5 6 5 6 5 6
    7 7 7 7 7 7 7 7
    3 6 4 6 3 6 4 6
    7 7 7 7 7 7 7 7
    5 6 5 6 5 6 5 6
    7 7 7 7 7 7 7 7
"""
_BLOCK = [[int(number) for number in line.split()] for line in _PASSES.split("\n")[1:-1]]


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def ihdr(width: int, height: int, depth: int = 8, colour: int = 0, *methods: int) -> bytes:
    return chunk(
        b"IHDR", struct.pack(">IIBB", width, height, depth, colour) + bytes(methods or (0, 0, 0))
    )


def last_bit_flipped(part: bytes) -> bytes:
    return part[:-1] + bytes([part[-1] ^ 1])


def _paeth(a: int, b: int, c: int) -> int:
    return min((a, b, c), key=lambda value: abs(a + b - c - value))


def _filtered(kind: int, row: bytes, above: bytes, step: int) -> bytes:
    predicted = []
    for i in range(len(row)):
        a, c = (row[i - step], above[i - step]) if i >= step else (0, 0)
        b = above[i]
        predicted.append((0, a, b, (a + b) // 2, _paeth(a, b, c))[kind])
    return bytes([kind, *((x - p) % 256 for x, p in zip(row, predicted, strict=True))])


def _packed(row: Pixels, depth: int) -> bytes:
    """Return a row of samples as bytes, the first sample in the highest bits."""
    if depth == 16:
        return row.astype(">u2").tobytes()
    bits = "".join(f"{value:0{depth}b}" for value in row.ravel().tolist())
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))


def _passes(samples: Pixels) -> Iterator[list[Pixels]]:
    """Yield the rows of every pass that has pixels."""
    H, W, _ = samples.shape
    for number in range(1, 8):
        rows = []
        for y in range(H):
            columns = [x for x in range(W) if _BLOCK[y % 8][x % 8] == number]
            if columns:
                rows.append(samples[y, columns])
        if rows:
            yield rows


def scanlines(
    samples: Pixels, depth: int, kinds: Sequence[int] = ALL_FILTERS, *, interlaced: bool = False
) -> bytes:
    """Return what is deflated: rows of stored samples ``(H, W, C)``, each behind its filter."""
    step = max(samples.shape[2] * depth // 8, 1)
    lines = []
    for part in _passes(samples) if interlaced else [list(samples)]:
        rows = [_packed(row, depth) for row in part]
        cycle = itertools.cycle(kinds)
        for row, above in zip(rows, [bytes(len(rows[0])), *rows], strict=False):
            lines.append(_filtered(next(cycle), row, above, step))
    return b"".join(lines)


def make_png(
    samples: Pixels,
    depth: int,
    colour: int,
    *before: bytes,
    kinds: Sequence[int] = ALL_FILTERS,
    interlaced: bool = False,
    after: bytes = b"",
) -> bytes:
    """Return a PNG of stored samples ``(H, W, C)``, with chunks before and after its pixels."""
    H, W, _ = samples.shape
    data = zlib.compress(scanlines(samples, depth, kinds, interlaced=interlaced))
    header = ihdr(W, H, depth, colour, 0, 0, int(interlaced))
    parts = (header, *before, chunk(b"IDAT", data), after, chunk(b"IEND"))
    return SIGNATURE + b"".join(parts)


def random_samples(H: int, W: int, colour: int, depth: int) -> Pixels:
    """Return noise on a ramp, so that every filter has something to predict."""
    C = SAMPLES[colour]
    random = np.random.default_rng([H, W, C, depth])
    ramp = np.add.outer(3 * np.arange(H), np.arange(W))[..., np.newaxis]
    noise = random.integers(0, 2**depth, (H, W, C)) >> random.integers(0, depth, (H, W, C))
    samples: Pixels = (ramp + noise) % 2**depth
    return samples.astype(np.uint16 if depth == 16 else np.uint8)


def palette(entries: int) -> bytes:
    """Return the data of a PLTE chunk of different colours."""
    return bytes(value for n in range(entries) for value in (n, 255 - n, (7 * n + 11) % 256))


def apng(frames: Sequence[Pixels], depth: int, colour: int) -> bytes:
    """Return an animation of frames ``(H, W, C)`` of one size, each shown for 100 ms."""
    H, W, _ = frames[0].shape
    number = itertools.count()
    parts = [
        SIGNATURE,
        ihdr(W, H, depth, colour),
        chunk(b"acTL", struct.pack(">II", len(frames), 0)),
    ]
    for frame in frames:
        shown = struct.pack(">IIIIIHHBB", next(number), W, H, 0, 0, 1, 10, 0, 0)
        parts.append(chunk(b"fcTL", shown))
        data = zlib.compress(scanlines(frame, depth))
        is_first = frame is frames[0]
        parts.append(
            chunk(b"IDAT", data)
            if is_first
            else chunk(b"fdAT", struct.pack(">I", next(number)) + data)
        )
    return b"".join([*parts, chunk(b"IEND")])


def by_opencv(data: bytes) -> Pixels:
    """Return what libpng makes of a PNG ``(H, W, C)``; OpenCV makes colours of grey with alpha."""
    pixels = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED))
    if pixels.ndim == 2:
        return pixels[..., np.newaxis]
    if data[25] == 4:
        return pixels[..., [0, 3]]
    return pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]


def source_of(data: bytes, *, max_pixels: int = LIMIT, grey: bool = False) -> PngSource:
    return open_png(io.BytesIO(data), "x.png", max_pixels=max_pixels, grey=grey)


def read_all(source: PngSource, band: int = 2) -> Pixels:
    H = source.shape[0]
    ranges = [(start, min(start + band, H)) for start in range(0, H, band)]
    return np.concatenate(list(source.blocks(ranges)))
