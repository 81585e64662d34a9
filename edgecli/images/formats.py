"""The formats of edge maps, and the images that each can hold."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from edgecli.errors import UsageError
from edgecli.images.foreign import ZARR
from edgecli.records import dataclass
from edgecli.rows.samples import SAMPLE_TYPES

if TYPE_CHECKING:
    pass

WITH_ALPHA = (1, 2, 3, 4)  # channels of formats that hold grey and colour, with alpha and without


@dataclass(frozen=True)
class Format:
    """A file format, and the images that it can hold.

    ``samples`` are the types that it stores without loss, ``channels`` the numbers of channels.
    ``sequence`` formats hold several images one after another, ``animated`` ones as frames or
    pages of one file; whole files of ``stream`` ones may follow one another where a pipe is read.
    ``text`` ones may be written to a terminal. Formats that hold ``several``
    take all edge maps of an image in one file: as a volume, as pages, as blocks of lines or as
    layers. Formats of ``strokes`` hold lines as geometry, and no samples at all. A ``folder`` is
    what some are, and not a file. Programs for maps look for a ``world`` file beside some.
    """

    name: str
    extensions: tuple[str, ...]
    samples: tuple[str, ...] = ()
    channels: tuple[int, ...] = (1, 3)
    sequence: bool = False
    animated: bool = False
    stream: bool = False
    text: bool = False
    several: bool = False
    strokes: bool = False
    folder: bool = False
    world: bool = False

    @property
    def clears(self) -> bool:
        """Whether pictures of this format may be transparent where there is no data."""
        return self.name in ("png", "tiff")


_ALL = (
    Format(
        "png", (".png",), ("uint8", "uint16"), WITH_ALPHA, animated=True, stream=True, world=True
    ),
    Format("pgm", (".pgm", ".pnm"), ("uint8", "uint16"), (1,), sequence=True, stream=True),
    Format("ppm", (".ppm",), ("uint8", "uint16"), sequence=True, stream=True),
    Format(
        "tiff", (".tif", ".tiff"), SAMPLE_TYPES, WITH_ALPHA, animated=True, several=True, world=True
    ),
    Format("jpeg", (".jpg", ".jpeg"), ("uint8",), stream=True, world=True),
    Format("webp", (".webp",), ("uint8",), animated=True, stream=True, world=True),
    Format("npy", (".npy",), SAMPLE_TYPES, WITH_ALPHA, stream=True, several=True),
    Format("zarr", (".zarr",), SAMPLE_TYPES, WITH_ALPHA, several=True, folder=True),
    Format("csv", (".csv", ".txt"), SAMPLE_TYPES, (1,), stream=True, text=True, several=True),
    Format("y4m", (".y4m",), ("uint8", "uint16"), (1,), sequence=True),
    Format("svg", (".svg",), text=True, several=True, strokes=True),
    Format("dxf", (".dxf",), text=True, several=True, strokes=True),
    Format("geojson", (".geojson",), text=True, several=True, strokes=True),
    Format("points", (".csv",), text=True, strokes=True),
)

FORMATS = {format_.name: format_ for format_ in _ALL}
FILES = tuple(format_ for format_ in _ALL if format_.samples and not format_.folder)
"""The formats of pixels that everyone can write."""


def known_format(path: str) -> Format | None:
    """Return the format that a file's extension names, if it names one: the first that has it."""
    extension = os.path.splitext(path)[1].lower()
    return next((one for one in FORMATS.values() if extension in one.extensions), None)


def format_of(path: str) -> Format:
    """Return the format that a file's extension names; UsageError for an unknown one."""
    if format_ := known_format(path):
        return format_
    known = " ".join(dict.fromkeys(one.extensions[0] for one in _ALL if not one.folder))
    raise UsageError(f"output {path!r} has no known extension; use one of {known}, or say --format")


def check_holds(format_: Format, samples: np.dtype[Any], channels: int) -> None:
    """Raise UsageError, which names other formats, unless this one holds such an image."""
    if samples.name not in format_.samples:
        fit = ", ".join(f.name for f in FILES if samples.name in f.samples)
        what = "signed numbers" if samples.kind == "i" else f"{samples.name} samples"
        raise UsageError(
            f"{format_.name} cannot hold {what}; choose from {fit}",
            options=("depth", "map", "format"),
        )
    if channels not in format_.channels:
        fit = ", ".join(f.name for f in FILES if channels in f.channels)
        what = "a colour edge map" if channels == 3 else "transparency"
        looks = ("colormap", "line", "paper", "overlay", "alpha_out", "combine", "format")
        raise UsageError(f"{format_.name} cannot hold {what}; choose from {fit}", options=looks)


def check_several(format_: Format, channels: int) -> None:
    """Raise UsageError unless one file can hold several maps of so many channels."""
    if channels > 1 and format_.name == "npy":
        raise UsageError(
            "npy holds several maps as the channels of a volume, and each of these has "
            f"{channels}; give a folder (-o DIR/), or write tiff"
        )


def check_folder(format_: Format, output: str | None) -> None:
    """Raise UsageError where a format that is a folder cannot be written to an output."""
    if not format_.folder:
        return
    if output == "-":
        raise UsageError(f"{format_.name} is a folder, not a file; give its name with -o")
    if not ZARR.is_installed:
        raise UsageError(f"{format_.name} takes another package; pip install 'edgecli[zarr]'")
