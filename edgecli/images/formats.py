"""The formats of edge maps: the images that each can hold, and files of them being written."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from edgecli.errors import UsageError
from edgecli.images import Shape
from edgecli.images.files import whole_file, whole_store
from edgecli.images.foreign import ZARR
from edgecli.images.made_by import MadeBy
from edgecli.images.profiles import fitting
from edgecli.records import dataclass
from edgecli.rows.arrays import ArraySink
from edgecli.rows.base import ImageInfo, Sink, Source
from edgecli.rows.samples import SAMPLE_TYPES

if TYPE_CHECKING:
    from edgecli.images.tiff.deflated import TilesSink
    from edgecli.images.tiff.described import Page

WITH_ALPHA = (1, 2, 3, 4)  # channels of formats that hold grey and colour, with alpha and without


@dataclass(frozen=True)
class Format:
    """A file format, and the images that it can hold.

    ``samples`` are the types that it stores without loss, ``channels`` the numbers of channels.
    ``sequence`` formats hold several images one after another, ``animated`` ones as frames or
    pages of one file; ``text`` ones may be written to a terminal. Formats that hold ``several``
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
    Format("png", (".png",), ("uint8", "uint16"), WITH_ALPHA, animated=True, world=True),
    Format("pgm", (".pgm", ".pnm"), ("uint8", "uint16"), (1,), sequence=True),
    Format("ppm", (".ppm",), ("uint8", "uint16"), sequence=True),
    Format(
        "tiff", (".tif", ".tiff"), SAMPLE_TYPES, WITH_ALPHA, animated=True, several=True, world=True
    ),
    Format("jpeg", (".jpg", ".jpeg"), ("uint8",), world=True),
    Format("webp", (".webp",), ("uint8",), animated=True, world=True),
    Format("npy", (".npy",), SAMPLE_TYPES, WITH_ALPHA, several=True),
    Format("zarr", (".zarr",), SAMPLE_TYPES, WITH_ALPHA, several=True, folder=True),
    Format("csv", (".csv", ".txt"), SAMPLE_TYPES, (1,), text=True, several=True),
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
        raise UsageError(f"{format_.name} cannot hold {what}; choose from {fit}")
    if channels not in format_.channels:
        fit = ", ".join(f.name for f in FILES if channels in f.channels)
        what = "a colour edge map" if channels == 3 else "transparency"
        raise UsageError(f"{format_.name} cannot hold {what}; choose from {fit}")


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


class ImageFile:
    """An open file and the images that are written to it, one after another."""

    def __init__(
        self,
        format_: Format,
        file: BinaryIO,
        made_by: MadeBy | None = None,
        threads: int | None = None,
    ) -> None:
        self._format, self._file, self._made_by, self._threads = format_, file, made_by, threads

    def begin(self, shape: Shape, samples: np.dtype[Any], info: ImageInfo) -> Sink:
        """Begin an image ``(H, W, C)`` of ``samples``, made of the input that ``info`` describes.

        The input's resolution is kept where the format has a place for it. Raises UsageError
        where the format cannot hold the image.
        """
        check_holds(self._format, samples, shape[2])
        return self._sink(shape, samples, info)

    def begin_maps(
        self, shape: Shape, types: Sequence[np.dtype[Any]], info: ImageInfo
    ) -> list[Sink]:
        """Begin the edge maps of one image, all of one shape, a sink for each of their types."""
        return [self.begin(shape, samples, info) for samples in types]

    def _sink(self, shape: Shape, samples: np.dtype[Any], info: ImageInfo) -> Sink:
        """Return the sink of one image; codecs are imported when first used."""
        file, name = self._file, self._format.name
        profile = fitting(info.profile, shape)
        match name:
            case "png":
                from edgecli.images.png.writing import PngSink

                return PngSink(
                    file, shape, samples, dpi=info.dpi, made_by=self._made_by, profile=profile
                )
            case "pgm" | "ppm":
                from edgecli.images.netpbm import PnmSink

                return PnmSink(file, shape, samples, in_colour=name == "ppm")
            case "tiff":
                from edgecli.images.tiff.described import Page
                from edgecli.images.tiff.writing import page_sink

                page = Page(
                    shape,
                    samples,
                    info.dpi,
                    info.place,
                    _no_data(samples, info),
                    profile=profile,
                )
                return page_sink(file, page, self._made_by, self._threads)
            case "npy":
                from edgecli.images.npy import NpySink

                return NpySink(file, shape, samples)
            case "csv":
                from edgecli.images.text.grid import CsvSink

                return CsvSink(file, samples)
            case _:
                from edgecli.images.pillow.writing import PillowSink

                return PillowSink(file, name, shape, samples, info.dpi, profile)

    def finish(self) -> None:
        """Write what follows the last image."""


def _no_data(samples: np.dtype[Any], info: ImageInfo) -> float | None:
    """Return the number that is no data in an edge map, where its image may have any."""
    return math.nan if info.gaps is not None and samples.kind == "f" else None


class VideoFile(ImageFile):
    """YUV4MPEG2: one header for all frames, which repeats the rate of a video that was read."""

    def __init__(self, format_: Format, file: BinaryIO, source: Source) -> None:
        from edgecli.images.yuv4mpeg import FrameWriter

        super().__init__(format_, file)
        self._writer = FrameWriter(file, getattr(source, "header", None))

    def _sink(self, shape: Shape, samples: np.dtype[Any], info: ImageInfo) -> Sink:
        del info
        return self._writer.sink(shape, samples)


class VolumeFile(ImageFile):
    """All edge maps of an image as one array ``(H, W, N)`` of the type that holds them all."""

    def begin_maps(
        self, shape: Shape, types: Sequence[np.dtype[Any]], info: ImageInfo
    ) -> list[Sink]:
        """Begin the maps of one image, which are written band by band."""
        from edgecli.images.npy import Volume

        del info
        check_several(self._format, shape[2])
        return Volume(self._file, shape[:2], types).sinks


class StoreFile(ImageFile):
    """A Zarr store: an image, or all edge maps of one as pages of the type that holds them all."""

    def __init__(self, format_: Format, folder: str, made_by: MadeBy | None) -> None:
        super().__init__(format_, io.BytesIO(), made_by)
        self._folder = folder

    def begin_maps(
        self, shape: Shape, types: Sequence[np.dtype[Any]], info: ImageInfo
    ) -> list[Sink]:
        """Begin the maps of one image, which are written row by row of chunks.

        A store that is there was begun by somebody else, for others to write to.
        """
        from edgecli.images.zarr.store import create_store, is_store, open_store
        from edgecli.images.zarr.writing import ZarrSink

        for samples in types:
            check_holds(self._format, samples, shape[2])
        told = {"made_by": str(self._made_by)} if self._made_by else {}
        if is_store(self._folder):
            stored = open_store(self._folder, writable=True)
        else:
            stored = create_store(self._folder, shape, np.result_type(*types), told, len(types))
        return [ZarrSink(stored, page) for page in range(len(types))]

    def _sink(self, shape: Shape, samples: np.dtype[Any], info: ImageInfo) -> Sink:
        (sink,) = self.begin_maps(shape, [samples], info)
        return sink


class FramesFile(ImageFile):
    """An animation, a document of pages or blocks of text, kept in memory until the last is in.

    Animations hold less than single images do; one frame alone is a single image.
    """

    def __init__(
        self,
        format_: Format,
        file: BinaryIO,
        made_by: MadeBy | None,
        threads: int | None,
        names: Sequence[str],
    ) -> None:
        super().__init__(format_, file, made_by, threads)
        self._names = names or [""]  # of the maps of each image
        self._frames: list[ArraySink] = []
        self._infos: list[ImageInfo] = []

    def _sink(self, shape: Shape, samples: np.dtype[Any], info: ImageInfo) -> Sink:
        if self._frames and not self._format.several:
            from edgecli.images.pillow.writing import check_writable

            check_writable(self._format.name, shape, samples)
        self._frames.append(ArraySink(shape, samples))
        self._infos.append(info)
        return self._frames[-1]

    def _pages(
        self, told: Sequence[tuple[Shape, np.dtype[Any]]], infos: Sequence[ImageInfo]
    ) -> list[Page]:
        """Return what the pages of images of these shapes and types say of themselves."""
        from edgecli.images.tiff.described import Page

        return [
            Page(
                *(shape, dtype, info.dpi, info.place, _no_data(dtype, info)),
                name=self._names[n % len(self._names)],
                number=(n, len(told)),
                profile=fitting(info.profile, shape),
            )
            for n, ((shape, dtype), info) in enumerate(zip(told, infos, strict=True))
        ]

    def finish(self) -> None:
        """Write all frames, each shown as long as the input's; pages have its resolution and place.

        Pages have numbers, too, and the names of their maps.
        """
        frames = [frame.array for frame in self._frames]
        if len(frames) == 1 or self._format.text:
            for number, (frame, info) in enumerate(zip(frames, self._infos, strict=True)):
                self._file.write(b"\n" * (number > 0))
                sink = super()._sink(frame.shape, frame.dtype, info)
                sink.write(sink.encode(frame))
                sink.finish()
        elif self._format.name == "tiff":
            from edgecli.images.tiff.writing import write_pages

            told = [(frame.shape, frame.dtype) for frame in frames]
            pages = self._pages(told, self._infos)
            write_pages(self._file, frames, pages, self._made_by, self._threads)
        else:
            from edgecli.images.pillow.writing import save_frames

            durations = [info.duration for info in self._infos]
            save_frames(self._file, self._format.name, frames, durations, self._made_by)


class PagesFile(FramesFile):
    """The edge maps of one image as pages of a TIFF: large ones are written as they come."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._begun: list[TilesSink] = []

    def begin_maps(
        self, shape: Shape, types: Sequence[np.dtype[Any]], info: ImageInfo
    ) -> list[Sink]:
        """Begin the maps, all at once."""
        from edgecli.images.tiff.deflated import begin_tiles
        from edgecli.images.tiff.writing import is_tiled

        pages = self._pages([(shape, one) for one in types], [info] * len(types))
        if not is_tiled(self._file, pages):
            return super().begin_maps(shape, types, info)
        for samples in types:
            check_holds(self._format, samples, shape[2])
        self._begun = begin_tiles(self._file, pages, self._made_by, self._threads)
        return [*self._begun]

    def finish(self) -> None:
        """Write what was kept."""
        if not self._begun:
            super().finish()


def whole_output(format_: Format, path: str) -> AbstractContextManager[Any]:
    """Open what ``begin_file`` writes to, which appears under its name whole, or not at all."""
    return whole_store(path) if format_.folder else whole_file(path)


def begin_file(
    format_: Format,
    file: Any,
    source: Source,
    *,
    frames: bool = False,
    several: bool = False,
    made_by: MadeBy | None = None,
    threads: int | None = None,
    names: Sequence[str] = (),
) -> ImageFile:
    """Return the writer of what ``whole_output`` opened, whose first image is made of ``source``.

    ``frames`` is True where all images of the input become frames or pages of this one file,
    ``several`` where all edge maps of an image do. PNG and TIFF say by what they are ``made_by``.
    Large TIFFs are compressed on so many ``threads``. ``names`` are those of an image's maps.
    """
    if format_.folder:
        return StoreFile(format_, file, made_by)
    if several and format_.name == "npy":
        return VolumeFile(format_, file)
    if several or (frames and format_.animated):
        one_by_one = frames or format_.name != "tiff"
        kind = FramesFile if one_by_one else PagesFile
        return kind(format_, file, made_by, threads, names)
    if format_.name == "y4m":
        return VideoFile(format_, file, source)
    return ImageFile(format_, file, made_by, threads)
