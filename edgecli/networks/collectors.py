"""Where the feature maps of a run go: a picture for each layer, or all arrays in one file.

Rows arrive band by band, for all layers in turn. A picture keeps averages of bounded size, and an
array is written to its place in a file, so that no whole map of a large image is in memory.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import OutputError
from edgecli.images.files import whole_file
from edgecli.images.lettering import lettered
from edgecli.images.made_by import MadeBy
from edgecli.images.png.writing import PngSink
from edgecli.networks.layers import Shape
from edgecli.networks.steps import volume_shape
from edgecli.rows.base import Rows

GRID_PIXELS = 2**22  # of a layer's picture at most; larger maps are averaged
ALL_PIXELS = 2**24  # of all pictures together at most
FEWEST_PIXELS = 2**18  # that each picture may have, however many there are
ZOOMED_SIDE = 96  # px up to which small maps are enlarged
LARGEST_ZOOM = 16
GAP = 4  # px between the maps of a picture: clear, and a frame of one around each map
NUMBER = 11  # px of a map's number, which stands above it
NARROWEST = 20  # px across of maps that have numbers
INK = 128  # of numbers and frames, which can be seen on white and on black


@contextmanager
def collectors_for(
    shapes: Sequence[Shape],
    named: Sequence[tuple[str, str]],
    made_by: MadeBy,
    *,
    same_contrast: bool = False,
) -> Iterator[list[Collector]]:
    """Yield a collector for each layer, given the layers' shapes and ``(name, file)``.

    Pictures say by what they are ``made_by``; with ``same_contrast`` a layer's maps share one. An
    ``.npz`` file is shared by all layers, and written whole at the end. Without a file nothing is.
    OutputError where a file cannot be written.
    """
    output = named[0][1]
    if not output:
        yield [_Nothing()] * len(named)
        return
    try:
        if not output.endswith(".npz"):
            os.makedirs(os.path.dirname(output), exist_ok=True)
            pixels = min(GRID_PIXELS, max(ALL_PIXELS // len(named), FEWEST_PIXELS))
            pairs = zip(shapes, named, strict=True)
            yield [
                _Picture(shape, path, pixels, made_by, same_contrast=same_contrast)
                for shape, (_, path) in pairs
            ]
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
    """Put finished arrays into one uncompressed NPZ. The same arrays give the same bytes."""
    with whole_file(output) as target, zipfile.ZipFile(target, "w") as archive:
        for path in files:
            # A ZipInfo that is given no time says 1980, whenever the file is written.
            member = zipfile.ZipInfo(path.name)
            with path.open("rb") as file, archive.open(member, "w", force_zip64=True) as part:
                shutil.copyfileobj(file, part, 2**20)


class _Nothing:
    """A layer's maps that nobody keeps."""

    def encode(self, start: int, rows: NDArray[np.float32]) -> None:
        """Keep nothing."""

    def write(self, encoded: None) -> None:
        """Write nothing."""

    def finish(self) -> None:
        """Write nothing."""


class _Array:
    """One layer's maps as an NPY file, in which every row is written to its place."""

    def __init__(self, shape: Shape, file: Path) -> None:
        self._shape, self._file = volume_shape(shape), file
        described = {"descr": "<f4", "fortran_order": False, "shape": shape}
        with file.open("wb") as header:
            np.lib.format.write_array_header_1_0(header, described)
            self._begin = header.tell()

    def encode(self, start: int, rows: NDArray[np.float32]) -> None:
        """Write a run of rows for every channel; no two runs share a place."""
        _, H, W = self._shape
        with self._file.open("r+b") as file:
            for channel, part in enumerate(rows):
                file.seek(self._begin + 4 * W * (channel * H + start))
                file.write(np.ascontiguousarray(part, "<f4").data)

    def write(self, encoded: None) -> None:
        """Do nothing: the rows are in their place."""

    def finish(self) -> None:
        """Do nothing: the file is finished, and will be joined with the others."""


class _Picture:
    """One layer's maps side by side in a grid, numbered from 1, with clear gaps between them.

    The strongest value of each map is white, with ``same_contrast`` that of the layer. Zero is
    black, or mid-grey if a value of the layer is negative.
    """

    def __init__(
        self, shape: Shape, path: str, pixels: int, made_by: MadeBy, *, same_contrast: bool
    ) -> None:
        C, H, W = volume_shape(shape)
        self._same = same_contrast or H * W == 1  # one value alone would be white or black
        self._factor, rows, cols = 1, H, W
        while C * rows * cols > pixels and max(rows, cols) > 1:
            self._factor += 1
            rows, cols = -(-H // self._factor), -(-W // self._factor)
        self._path, self._width, self._made_by = path, W, made_by
        self._sums = np.zeros((C, rows, cols), np.float32)
        self._counts = np.zeros(rows, np.float32)

    def encode(self, start: int, rows: NDArray[np.float32]) -> tuple[slice, Any, Any]:
        """Return the part of the picture that rows add to, the sums, and what each row counts."""
        stop = start + rows.shape[1]
        if self._factor == 1:
            return slice(start, stop), rows.copy(), 1
        narrow = np.add.reduceat(rows, np.arange(0, self._width, self._factor), axis=2)
        places = np.arange(start, stop) // self._factor
        firsts = np.flatnonzero(np.diff(places, prepend=-1))
        counts = np.diff(firsts, append=len(places)).astype(np.float32)
        part = slice(int(places[0]), int(places[-1]) + 1)
        return part, np.add.reduceat(narrow, firsts, axis=1), counts

    def write(self, encoded: tuple[slice, Any, Any]) -> None:
        """Add rows to the averages that they belong to."""
        part, sums, counts = encoded
        self._sums[:, part] += sums
        self._counts[part] += counts

    def finish(self) -> None:
        """Divide the sums by their counts, and write the picture."""
        maps = self._sums
        if self._factor > 1:
            edges = np.append(np.arange(0, self._width, self._factor), self._width)
            maps = maps / (self._counts[:, np.newaxis] * np.diff(edges).astype(np.float32))
        picture = _grid(_grey(maps, same=self._same))
        H, W, channels = picture.shape
        with whole_file(self._path) as file:
            sink = PngSink(file, (H, W, channels), picture.dtype, made_by=self._made_by)
            sink.write(sink.encode(picture))
            sink.finish()


Collector = _Nothing | _Array | _Picture
"""Takes the rows of one layer's maps as they arrive."""


def _grey(maps: NDArray[np.float32], *, same: bool) -> NDArray[np.uint8]:
    """Return signed numbers as samples, scaled by the strongest of each map, or of all."""
    maps = np.nan_to_num(maps, nan=0, posinf=0, neginf=0)
    peaks = np.abs(maps).max(axis=None if same else (1, 2), keepdims=True, initial=0)
    peaks[peaks == 0] = 1
    zero = 127.5 if (maps < 0).any() else 0.0
    samples = np.rint(maps * (np.float32(255 - zero) / peaks) + np.float32(zero))
    return np.asarray(samples.clip(0, 255), np.uint8)


def _grid(maps: NDArray[np.uint8]) -> Rows:
    """Return maps ``(C, H, W)`` as one picture ``(H', W', 2)``, about as many across as down.

    It is grey with transparency, so that whatever page it is on shows between the maps.
    """
    C, H, W = maps.shape
    zoom = max(min(LARGEST_ZOOM, ZOOMED_SIDE // max(H, W)), 1)
    while zoom > 1 and maps.size * zoom * zoom > GRID_PIXELS:
        zoom -= 1
    maps = maps.repeat(zoom, axis=1).repeat(zoom, axis=2)
    _, H, W = maps.shape
    head = NUMBER + 2 if W >= NARROWEST and C > 1 else 0
    across = max(round((C * (H + head) / W) ** 0.5), 1)
    down = -(-C // across)
    picture = np.zeros((down * (H + head + GAP) + GAP, across * (W + GAP) + GAP, 2), np.uint8)
    for n, one in enumerate(maps):
        top, left = (n // across) * (H + head + GAP) + GAP, (n % across) * (W + GAP) + GAP
        if head:
            number = lettered(str(n + 1), NUMBER)[:, :W]
            picture[top : top + head, left : left + number.shape[1]] = INK, 0
            picture[top : top + head, left : left + number.shape[1], 1] = number
        top += head
        picture[top - 1 : top + H + 1, left - 1 : left + W + 1] = INK, 255  # a frame
        picture[top : top + H, left : left + W, 0] = one
    return picture
