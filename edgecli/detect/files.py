"""The files of one input's edge maps, as pixels or as strokes, while they are written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Any, TypeAlias

from edgecli.detect.inputs import Limits, Result
from edgecli.detect.outputs import Job, names_in
from edgecli.detect.places import begin_beside, place_of_map
from edgecli.errors import OutputError
from edgecli.images.formats import Format
from edgecli.images.writing import ImageFile, begin_file, whole_output
from edgecli.records import replace
from edgecli.rows.arrays import KeepingSink, NoSink
from edgecli.rows.base import ImageInfo, Sink, Source

if TYPE_CHECKING:
    from edgecli.strokes.base import Canvas

MOST_SHOWN = 20
"""Rows and columns of numbers that a report may show."""

Place: TypeAlias = "Sink | Canvas"
"""Where an edge map goes, as pixels or as strokes."""

Watch = Callable[[Sink, tuple[int, int, int], tuple[float, ...] | None], Sink]
"""Returns a sink that does what a map's sink does, and shows the map, too.

It is given the map's shape, and the colour of where there is no edge: see ``Detection.paper``."""

Opener = Callable[[Format, str], AbstractContextManager[Any]]
"""Opens an output of a format, by its path."""


class Files:
    """The files of one input's edge maps; several images may go to one.

    ``opened`` opens what is to be written.
    """

    def __init__(self, job: Job, limits: Limits, stack: ExitStack, opened: Opener = whole_output):
        self._job, self._stack, self._opened = job, stack, opened
        self._frames = limits.all_frames and job.shared
        self._begun: dict[str, ImageFile] = {}
        self._beside: dict[str, list[str]] = {}
        self._drawn: set[str] = set()  # files of strokes

    def begin(
        self, result: Result, source: Source, watch: Watch | None
    ) -> tuple[Result, Source, Sequence[Place]]:
        """Begin the edge maps of one image; files that are kept are neither written nor shown.

        The source returned is to be read, which may keep what is read.
        """
        if self._job.format.strokes:
            return result, *self._begin_drawn(result, source, watch)
        result, sinks = with_numbers(result, self._begin_painted(result, source, watch))
        return replace(result, beside=self._beside), source, sinks

    def _begin_painted(self, result: Result, source: Source, watch: Watch | None) -> list[Sink]:
        shape = result.detection.written_shape
        sinks: list[Sink] = []
        named = list(zip(result.outputs, result.detection.sample_types, strict=True))
        for path in dict.fromkeys(result.outputs):
            types = [samples for output, samples in named if output == path]
            if path in result.kept:
                sinks += [NoSink() for _ in types]
                continue
            place = place_of_map(result.detection, result.info)
            profile = result.info.profile if result.detection.keeps_colours else None
            info = replace(result.info, place=place, profile=profile)
            begun = self._file(path, source, result, info).begin_maps(shape, types, info)
            paper = result.detection.paper
            sinks += begun if watch is None else [watch(sink, shape, paper) for sink in begun]
        return sinks

    def _begin_drawn(
        self, result: Result, source: Source, watch: Watch | None
    ) -> tuple[Source, list[Place]]:
        """Begin files of strokes, each of which takes one image."""
        from edgecli.detect.drawings import Drawn, Preview, begin_layers, laid_under

        source = laid_under(source, result.detection)
        detection, format_ = result.detection, self._job.format.name
        layers: dict[str, list[Canvas]] = {path: [] for path in result.kept}
        for path in dict.fromkeys(result.outputs):
            if path in layers:
                continue
            if path in self._drawn:
                raise OutputError(
                    f"{format_} holds the strokes of one image, and {result.info.path} has more; "
                    "give a folder with -o DIR/, and each has a file"
                )
            self._drawn.add(path)
            names = names_in(path, result.outputs, detection.maps)
            file = self._stack.enter_context(self._opened(self._job.format, path))
            layers[path] = [begin_layers(format_, file, source, detection, names)]
        drawn: list[Place] = []
        for path in result.outputs:
            seen = [] if watch is None else [Preview(source, detection.settings.style, watch)]
            drawn.append(Drawn(*layers[path], *seen))
        return source, drawn

    def _file(self, path: str, source: Source, result: Result, info: ImageInfo) -> ImageFile:
        """Return a file, begun at its first image, with what says beside it where that lies."""
        format_ = self._job.format
        if path not in self._begun:
            file = self._stack.enter_context(self._opened(self._job.format, path))
            self._beside[path] = begin_beside(self._job, path, info, self._stack)
            detection = result.detection
            self._begun[path] = begin_file(
                format_, file, source, frames=self._frames, several=self._job.several,
                made_by=detection.made_by, threads=detection.settings.threads,
                names=names_in(path, result.outputs, detection.maps), later=self._job.later,
            )  # fmt: skip
        elif not (format_.stream or format_.sequence or self._frames):
            raise OutputError(
                f"{format_.name} holds one image, and {result.info.path} has more; add "
                "--all-frames to make pages of them, or give a folder with -o DIR/"
            )
        return self._begun[path]

    def finish(self) -> None:
        """Complete all files; one that is not finished is as if it had never been begun."""
        for file in self._begun.values():
            file.finish()


def with_numbers(result: Result, sinks: list[Sink]) -> tuple[Result, list[Sink]]:
    """Let maps of few numbers be kept beside being written, to be reported."""
    detection = result.detection
    height, width, channels = detection.map_shape
    if detection.settings.map != "raw" or max(height, width) > MOST_SHOWN or channels > 1:
        return result, sinks
    kept = [
        KeepingSink(sink, detection.map_shape, samples)
        for sink, samples in zip(sinks, detection.sample_types, strict=True)
    ]
    shown = zip(result.outputs, kept, strict=True)
    numbers = tuple(
        None if path == "-" or path in result.kept else sink.kept.array for path, sink in shown
    )
    return replace(result, numbers=numbers), [*kept]
