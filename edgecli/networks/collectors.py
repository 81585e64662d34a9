"""Where the feature maps of a run go: a picture for each layer, or all arrays in one file.

Rows arrive band by band, for all layers in turn. A picture keeps averages of bounded size; an array
is written to its place in a file. So neither holds whole maps of a large image in memory.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import OutputError
from edgecli.images.files import whole_file
from edgecli.images.png_writer import PngSink
from edgecli.networks.layers import Shape
from edgecli.networks.layout import volume_shape
from edgecli.rows.base import Rows

GRID_PIXELS = 2**22
"""The most pixels of a layer's picture: larger maps are reduced by averaging."""

ALL_PIXELS = 2**24
FEWEST_PIXELS = 2**18
"""The most pixels of all pictures together, and what each may have however many there are."""

LARGEST_ZOOM = 16
ZOOMED_SIDE = 96
"""Small maps are enlarged up to this side in pixels, at most LARGEST_ZOOM times."""

GAP = 2
"""White pixels between the maps of a picture."""


class Collector(Protocol):
    """Takes the rows of one layer's maps as they arrive."""

    def add(self, start: int, rows: NDArray[np.float32]) -> None:
        """Take rows ``(C, n, W)`` from row ``start`` on."""
        ...

    def finish(self) -> None:
        """Write what was taken."""
        ...


@contextmanager
def collectors_for(
    shapes: Sequence[Shape], named: Sequence[tuple[str, str]]
) -> Iterator[list[Collector]]:
    """Open an output for each layer; ``named`` gives the layer's name and file.

    Layers whose file is an ``.npz`` share it: it is written whole at the end. Raises OutputError.
    """
    output = named[0][1]
    try:
        if not output.endswith(".npz"):
            os.makedirs(os.path.dirname(output), exist_ok=True)
            pixels = min(GRID_PIXELS, max(ALL_PIXELS // len(named), FEWEST_PIXELS))
            pairs = zip(shapes, named, strict=True)
            yield [_Picture(shape, path, pixels) for shape, (_, path) in pairs]
            return
        folder = os.path.dirname(os.path.abspath(output))
        with tempfile.TemporaryDirectory(suffix=".edgecli-tmp", dir=folder) as spool:
            files = [Path(spool, f"{name}.npy") for name, _ in named]
            yield [_Array(shape, file) for shape, file in zip(shapes, files, strict=True)]
            _join(files, output)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(
            f"{output} cannot be written: {error.strerror or error}; give another place with -o"
        ) from error


def _join(files: list[Path], output: str) -> None:
    """Put finished arrays into one uncompressed NPZ; the same arrays give the same bytes."""
    with whole_file(output) as target, zipfile.ZipFile(target, "w") as archive:
        for path in files:
            # A ZipInfo without a time stamp means 1980, whenever the file is written.
            member = zipfile.ZipInfo(path.name)
            with path.open("rb") as file, archive.open(member, "w", force_zip64=True) as part:
                shutil.copyfileobj(file, part, 2**20)


class _Array:
    """One layer's maps as an NPY file; every row is written to its place."""

    def __init__(self, shape: Shape, file: Path) -> None:
        self._shape, self._file = volume_shape(shape), file
        described = {"descr": "<f4", "fortran_order": False, "shape": shape}
        with file.open("wb") as header:
            np.lib.format.write_array_header_1_0(header, described)
            self._begin = header.tell()

    def add(self, start: int, rows: NDArray[np.float32]) -> None:
        """Write a run of rows for every channel."""
        _, H, W = self._shape
        with self._file.open("r+b") as file:
            for channel, part in enumerate(rows):
                file.seek(self._begin + 4 * W * (channel * H + start))
                file.write(np.ascontiguousarray(part, "<f4").data)

    def finish(self) -> None:
        """Leave the file to be joined with the others."""


class _Picture:
    """One layer's maps side by side in a grid, with white gaps between them.

    The strongest value of the layer is white. Zero is black where no value is negative, else
    mid-grey.
    """

    def __init__(self, shape: Shape, path: str, pixels: int) -> None:
        C, H, W = volume_shape(shape)
        self._path, self._width, self._factor = path, W, 1
        while C * _parts(H, self._factor) * _parts(W, self._factor) > pixels:
            if self._factor >= max(H, W):
                break
            self._factor += 1
        size = _parts(H, self._factor), _parts(W, self._factor)
        self._sums = np.zeros((C, *size), np.float32)
        self._counts = np.zeros(size[0], np.float32)

    def add(self, start: int, rows: NDArray[np.float32]) -> None:
        """Add rows to the averages that they belong to."""
        factor, (_, count, W) = self._factor, rows.shape
        if factor == 1:
            self._sums[:, start : start + count] = rows
            return
        narrow = np.add.reduceat(rows, np.arange(0, W, factor), axis=2)
        places = np.arange(start, start + count) // factor
        firsts = np.flatnonzero(np.diff(places, prepend=-1))
        self._sums[:, places[firsts]] += np.add.reduceat(narrow, firsts, axis=1)
        np.add.at(self._counts, places, 1)

    def finish(self) -> None:
        """Finish the averages and write the picture."""
        maps = self._sums
        if self._factor > 1:
            edges = np.append(np.arange(0, self._width, self._factor), self._width)
            maps = maps / (self._counts[:, np.newaxis] * np.diff(edges).astype(np.float32))
        picture = _grid(_grey(maps))
        H, W, _ = picture.shape
        with whole_file(self._path) as file:
            sink = PngSink(file, (H, W, 1), picture.dtype)
            sink.write(sink.encode(picture))
            sink.finish()


def _parts(length: int, size: int) -> int:
    """Return how many parts of a size make a length; the last part may be shorter."""
    return -(-length // size)


def _grey(maps: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Turn signed numbers into samples, scaled by the layer's strongest value."""
    maps = np.nan_to_num(maps, nan=0, posinf=0, neginf=0)
    peak = float(np.abs(maps).max(initial=0)) or 1.0
    signed = bool((maps < 0).any())
    factor, offset = (127.5 / peak, 127.5) if signed else (255 / peak, 0.0)
    samples = np.rint(maps * np.float32(factor) + np.float32(offset))
    grey: NDArray[np.uint8] = samples.clip(0, 255).astype(np.uint8)
    return grey


def _grid(maps: NDArray[np.uint8]) -> Rows:
    """Lay out maps ``(C, H, W)`` as a picture ``(H', W', 1)``, as square as their number allows."""
    C, H, W = maps.shape
    zoom = max(min(LARGEST_ZOOM, ZOOMED_SIDE // max(H, W)), 1)
    while zoom > 1 and maps.size * zoom * zoom > GRID_PIXELS:
        zoom -= 1
    maps = maps.repeat(zoom, axis=1).repeat(zoom, axis=2)
    _, H, W = maps.shape
    across = max(round((C * H / W) ** 0.5), 1)
    down = -(-C // across)
    picture = np.full((down * (H + GAP) + GAP, across * (W + GAP) + GAP), 255, np.uint8)
    for n, one in enumerate(maps):
        top, left = (n // across) * (H + GAP) + GAP, (n % across) * (W + GAP) + GAP
        picture[top : top + H, left : left + W] = one
    return picture[..., np.newaxis]
