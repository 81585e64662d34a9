"""Files of edge maps while they are written."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from edgecli.images import Shape
from edgecli.images.files import whole_file, whole_store
from edgecli.images.formats import Format, check_holds, check_several
from edgecli.images.made_by import MadeBy
from edgecli.images.profiles import fitting
from edgecli.rows.arrays import ArraySink
from edgecli.rows.base import ImageInfo, Sink, Source

if TYPE_CHECKING:
    from edgecli.images.tiff.deflated import TilesSink
    from edgecli.images.tiff.described import Page


class ImageFile:
    """An open file and the images that are written to it, one after another."""

    def __init__(
        self,
        format_: Format,
        file: BinaryIO,
        made_by: MadeBy | None = None,
        threads: int | None = None,
        *,
        later: bool = False,
    ) -> None:
        self._format, self._file, self._made_by, self._threads = format_, file, made_by, threads
        self._later = later  # whether images stand before the next one

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

                start, self._later = b"\n" * self._later, True
                return CsvSink(file, samples, start)
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
        *,
        later: bool = False,
    ) -> None:
        super().__init__(format_, file, made_by, threads, later=later)
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
            for frame, info in zip(frames, self._infos, strict=True):
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

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
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
    later: bool = False,
) -> ImageFile:
    """Return the writer of what ``whole_output`` opened, whose first image is made of ``source``.

    ``frames`` is True where all images of the input become frames or pages of this one file,
    ``several`` where all edge maps of an image do. PNG and TIFF say by what they are ``made_by``.
    Large TIFFs are compressed on so many ``threads``. ``names`` are those of an image's maps.
    Where ``later``, images of another input stand before: blocks of text are set apart.
    """
    if format_.folder:
        return StoreFile(format_, file, made_by)
    if several and format_.name == "npy":
        return VolumeFile(format_, file)
    if several or (frames and format_.animated):
        one_by_one = frames or format_.name != "tiff"
        kind = FramesFile if one_by_one else PagesFile
        return kind(format_, file, made_by, threads, names, later=later)
    if format_.name == "y4m":
        return VideoFile(format_, file, source)
    return ImageFile(format_, file, made_by, threads, later=later)
