"""Test images for the benchmarks, made from a sample and a seed, and how far edge maps agree.

This is a process of its own, so that NumPy's memory is not counted as the benchmark's.
"""

from __future__ import annotations

import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import edgecli
from edgecli.images.tiff.directories import DOUBLE, HEADS, LONG, SHORT, Entry, Tag, directory_bytes

SAMPLE = Path(__file__).parents[2] / "sample_images" / "still-life.png"

NOISE = 3.0  # standard deviation of a camera's noise, in grey levels

HUGE = (32768, 32000)
RASTER, SMALLER = (19968, 20000), (12032, 12000)
BAND = 256  # rows; divides the heights of these
SPARSE, TILE = 100_000, 256
"""Rows and columns of a square of 10 gigapixels, and of its tiles."""


def photo(height: int, width: int, mode: str = "L") -> NDArray[np.uint8]:
    """Return the sample enlarged and with noise: ``(H, W)``, or ``(H, W, 3)`` for mode ``RGB``."""
    with Image.open(SAMPLE) as sample:
        large = np.asarray(sample.convert(mode).resize((width, height), Image.Resampling.BICUBIC))
    random = np.random.default_rng(1)
    for band in np.array_split(large := large.copy(), max(height // BAND, 1)):
        noise = random.normal(0, NOISE, band.shape).astype(np.float32)
        band[...] = np.clip(band + noise, 0, 255)
    return large


def texture(height: int, width: int) -> NDArray[np.uint8]:
    """Return noise blurred by σ 1.2: edges everywhere, ``(H, W)``."""
    noise = np.random.default_rng(4).integers(0, 256, (height, width)).astype(np.uint8)
    blurred = edgecli.convolve(noise, "gaussian:1.2", padding="same", padding_mode="replicate")
    drawn: NDArray[np.uint8] = np.rint(blurred[0]).astype(np.uint8)
    return drawn


def huge_bands(shape: tuple[int, int] = HUGE) -> Iterator[NDArray[np.uint8]]:
    """Yield the rows of the huge image, ``(BAND, W)`` at a time: one photo again and again.

    Its noise is new each time: deflate finds what comes back within 32 KiB, and the file would be
    far too small.
    """
    height, width = shape
    tile = photo(4096, width // 8)
    random = np.random.default_rng(2)
    noise = random.normal(0, NOISE, 2 * BAND * width).astype(np.int8)
    for start in range(0, height, BAND):
        row, offset = start % len(tile), random.integers(BAND * width)
        part = np.tile(tile[row : row + BAND], 8)
        grain = noise[offset : offset + BAND * width].reshape(BAND, width)
        yield np.clip(part.astype(np.int16) + grain, 0, 255).astype(np.uint8)


def write_png(file: BinaryIO, bands: Iterator[NDArray[np.uint8]], shape: tuple[int, int]) -> None:
    """Write a grey PNG of any size in constant memory, with filter type Up for every row."""
    height, width = shape
    file.write(b"\x89PNG\r\n\x1a\n")
    _write_chunk(file, b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    deflate = zlib.compressobj(1)
    above = np.zeros((1, width), np.uint8)
    for band in bands:
        lines = np.full((len(band), width + 1), 2, np.uint8)
        lines[:, 1:] = band - np.concatenate([above, band[:-1]])
        _write_chunk(file, b"IDAT", deflate.compress(lines.data))
        above = band[-1:]
    _write_chunk(file, b"IDAT", deflate.flush())
    _write_chunk(file, b"IEND", b"")


def _write_chunk(file: BinaryIO, kind: bytes, body: bytes) -> None:
    crc = zlib.crc32(body, zlib.crc32(kind))
    file.write(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc))


def write_huge(folder: Path) -> None:
    """Write the same gigapixel as PNG and as PGM."""
    height, width = HUGE
    with (folder / "huge.png").open("wb") as png:
        write_png(png, huge_bands(), HUGE)
    with (folder / "huge.pgm").open("wb") as pgm:
        pgm.write(b"P5\n%d %d\n255\n" % (width, height))
        for band in huge_bands():
            pgm.write(band.data)


def write_photos(folder: Path) -> None:
    """Write the photos that the commands read, and a stream of frames."""
    small = Image.fromarray(photo(321, 481, "RGB"))
    small.save(folder / "small.jpg", quality=90)
    small.save(folder / "small.png")
    large = Image.fromarray(photo(4000, 6000, "RGB"))
    large.save(folder / "large.jpg", quality=90)
    large.save(folder / "large.png")
    large.convert("L").save(folder / "large.pgm")
    frame = photo(1080, 1920, "RGB")
    Image.fromarray(frame).save(folder / "screen.png")
    with (folder / "frames.ppm").open("wb") as frames:
        for n in range(24):
            frames.write(b"P6\n1920 1080\n255\n" + np.roll(frame, 16 * n, axis=1).tobytes())


def write_rasters(folder: Path) -> None:
    """Write large pictures as PNM: grey, colours, of 16 bits, and of one."""
    (height, width), (low, narrow), side = RASTER, SMALLER, 30_000
    with (folder / "grey.pgm").open("wb") as grey:
        grey.write(b"P5\n%d %d\n255\n" % (width, height))
        grey.writelines(band.data for band in huge_bands(RASTER))
    with (folder / "colours.ppm").open("wb") as colours, (folder / "deep.pgm").open("wb") as deep:
        colours.write(b"P6\n%d %d\n255\n" % (narrow, low))
        deep.write(b"P5\n%d %d\n65535\n" % (narrow, low))
        for band in huge_bands(SMALLER):
            colours.write(np.dstack([band, np.roll(band, 99, axis=1), 255 - band]).tobytes())
            deep.write((band * np.uint16(251) + band[::-1]).astype(">u2").tobytes())
    blobs = np.random.default_rng(5).integers(0, 2, (1500 // 12, 1500 // 12), np.uint8)
    lines = np.packbits(np.tile(blobs.repeat(12, 0).repeat(12, 1), (1, side // 1500)), axis=1)
    with (folder / "bits.pbm").open("wb") as bits:
        bits.write(b"P4\n%d %d\n" % (side, side))
        bits.writelines([lines.data] * (side // 1500))


def write_sparse(path: Path, where: str) -> None:
    """Write a GeoTIFF of which one tile in a hundred is stored, ``scattered`` or ``together``.

    The stored ones are the 64 of a photo again and again; the others are nowhere, as GDAL has it.
    """
    side = -(-SPARSE // TILE)
    places = np.arange(side * side).reshape(side, side)
    corner = places[: side // 10, : side // 10].ravel()
    anywhere = np.random.default_rng(6).choice(places.size, len(corner), replace=False)
    stored = corner if where == "together" else anywhere
    rows = photo(8 * TILE, 8 * TILE).reshape(8, TILE, 8, TILE).swapaxes(1, 2).reshape(-1, TILE**2)
    tiles = [zlib.compress(tile.tobytes(), 1) for tile in rows]
    starts = np.cumsum([len(HEADS[False]), *map(len, tiles)])
    offsets, counts = np.zeros((2, places.size), np.int64)
    turn = np.arange(len(stored)) % len(tiles)
    offsets[stored], counts[stored] = starts[turn], np.diff(starts)[turn]
    with path.open("wb") as file:
        file.write(HEADS[False][:4] + struct.pack("<I", starts[-1]) + b"".join(tiles))
        file.write(directory_bytes(_sparse_entries(offsets, counts), int(starts[-1])))


def _sparse_entries(offsets: NDArray[np.int64], counts: NDArray[np.int64]) -> list[Entry]:
    """Return the tags of deflated tiles of grey bytes, in pixels of half a metre."""
    return [
        (Tag.WIDTH, LONG, [SPARSE]),
        (Tag.HEIGHT, LONG, [SPARSE]),
        (Tag.BITS, SHORT, [8]),
        (Tag.COMPRESSION, SHORT, [8]),
        (Tag.PHOTOMETRIC, SHORT, [1]),
        (Tag.TILE_WIDTH, LONG, [TILE]),
        (Tag.TILE_HEIGHT, LONG, [TILE]),
        (Tag.TILE_OFFSETS, LONG, offsets.tolist()),
        (Tag.TILE_BYTES, LONG, counts.tolist()),
        (Tag.PIXEL_SCALE, DOUBLE, [0.5, 0.5, 0]),
        (Tag.TIEPOINTS, DOUBLE, [0, 0, 0, 500_000, 5_600_000, 0]),
    ]


def write_many(folder: Path, count: int, height: int, width: int) -> None:
    """Write ``count`` JPEGs of one photo, each shifted and with noise of its own."""
    folder.mkdir(exist_ok=True)
    whole = photo(height, width, "RGB").astype(np.int16)
    for n in range(count):
        grain = np.random.default_rng(n).normal(0, NOISE, (height, width, 1)).astype(np.int16)
        picture = np.clip(np.roll(whole, 37 * n, axis=1) + grain, 0, 255).astype(np.uint8)
        Image.fromarray(picture).save(folder / f"photo-{n:04}.jpg", quality=90)


def write_tiny(folder: Path, count: int) -> None:
    """Write ``count`` PGMs of 8×8 pixels, a hundred different ones in turn."""
    folder.mkdir(exist_ok=True)
    pixels = np.random.default_rng(3).integers(0, 256, (100, 64), np.uint8)
    for n in range(count):
        (folder / f"{n:06}.pgm").write_bytes(b"P5 8 8 255\n" + pixels[n % 100].tobytes())


def agreement(ours: Path, theirs: Path) -> float:
    """Return which share of the pixels agree where their map shows an edge.

    Pixels agree within 8 levels, as programs round luma differently and a kernel multiplies that.
    Where their map is black nothing is compared, as some programs cut negative responses to zero.
    """
    first, second = (_grey(path) for path in (ours, theirs))
    if first.shape != second.shape:
        return 0.0
    lit = agreed = 0
    for start in range(0, len(first), BAND):
        a, b = (rows[start : start + BAND].astype(np.int16) for rows in (first, second))
        shown = b > 0
        lit += int(shown.sum())
        agreed += int((shown & (np.abs(a - b) <= 8)).sum())
    return agreed / lit if lit else 0.0


def _grey(path: Path) -> NDArray[Any]:
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(path) as image:
        return np.asarray(image.convert("L"))


def main(task: str, *paths: str) -> None:
    """Make images in a folder, or print how far two edge maps agree."""
    match task:
        case "agreement":
            print(agreement(Path(paths[0]), Path(paths[1])))
        case "many":
            write_many(Path(paths[0]), *map(int, paths[1:]))
        case "sparse":
            write_sparse(Path(paths[0]), paths[1])
        case "tiny":
            write_tiny(Path(paths[0]), int(paths[1]))
        case _:
            tasks = {"photos": write_photos, "huge": write_huge, "rasters": write_rasters}
            tasks[task](Path(paths[0]))


if __name__ == "__main__":
    main(*sys.argv[1:])
