"""Where edge maps go: files that are named once, before any work, and guarded from one another."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from edgecli.detect.maps import numbers_dtype
from edgecli.detect.ranges import is_raster
from edgecli.detect.settings import Settings
from edgecli.detect.templates import fields, fill, literal, split
from edgecli.errors import OutputError, UsageError
from edgecli.images.files import is_device, is_grid
from edgecli.images.formats import (
    FORMATS,
    Format,
    check_folder,
    check_holds,
    format_of,
    known_format,
)
from edgecli.images.zarr.store import is_store
from edgecli.operators.operators import EdgeMap
from edgecli.paint.rendering import DEPTHS
from edgecli.records import dataclass, field, replace

LEAST_RESPONSE = np.dtype(np.int16)
"""The narrowest type of responses: a format that cannot hold it holds none of them."""


@dataclass(frozen=True)
class Target:
    """Where edge maps were asked to go: a file, a folder, ``-``, or None, beside the input.

    ``output`` is a template (``templates.py``), whose fields tell inputs, maps and frames apart.
    Where ``no_clobber``, files that exist stay as they are. ``spared`` are the files that the
    settings were read from: no output may be written over one. ``numbers`` says that nobody asked
    for a picture: then a grid of numbers gives numbers. ``world_file`` asks for files beside
    outputs that say where they lie, and ``world_by_default`` only where the format has a place.
    """

    output: str | None = None
    format: str | None = None
    folder: bool = False
    no_clobber: bool = False
    spared: tuple[str, ...] = ()
    numbers: bool = False
    world_file: bool = False
    world_by_default: bool = False
    stems: Mapping[str, str] = field(default_factory=dict)

    def file_of(self, path: str) -> str | None:
        """Return the file or template that was asked for, None where files are named here."""
        return None if self.folder else self.output or ("-" if path == "-" else None)

    def template_of(self, path: str, format_: Format) -> str:
        """Return the template of an input's files."""
        if (file := self.file_of(path)) is not None:
            return file
        folder = literal(os.path.dirname(path)) if self.output is None else self.output
        return os.path.join(folder, "{stem}-{filter}" + format_.extensions[0])

    def stem_of(self, path: str) -> str:
        """Return how the names of an input's files begin."""
        own = "stdin" if path == "-" else os.path.splitext(os.path.basename(path))[0]
        return self.stems.get(path, own)

    @property
    def place(self) -> str | None:
        """Return the folder that all files go to or below, None where they go beside inputs."""
        if self.output in (None, "-"):
            return None
        return os.path.dirname(split(self.template_of("", FORMATS["png"]))[0]) or "."

    @property
    def apart(self) -> str:
        """Return what to do where two inputs would be written to one file."""
        file = self.file_of("")
        named = file is None or "stem" in fields(file)
        return "--suffix tells them apart" if named else "put {stem} in its name"

    def format_of(self, path: str) -> Format | None:
        """Return the format that was asked for, by name or by a file's, None where none was."""
        if self.format is not None:
            return FORMATS[self.format]
        file = self.file_of(path)
        if file is None or file == "-":
            return None
        return known_format(file) if is_device(file) else format_of(file)

    def job(
        self, path: str, templates: Sequence[str], format_: Format, *, numbers: bool = False
    ) -> Job:
        """Return the job of an input, each of whose edge maps has a template."""
        files = tuple(fill(template, stem=self.stem_of(path)) for template in templates)
        return self.job_of(path, files, format_, numbers=numbers)

    def job_of(
        self, path: str, files: tuple[str, ...], format_: Format, *, numbers: bool = False
    ) -> Job:
        """Return the job of an input whose files are named but for the number of a frame."""
        outputs = tuple(file.format(frame=1) for file in files)
        frames = files if any("frame" in fields(file) for file in files) else ()
        shared = self.file_of(path) is not None and not frames
        by_default = self.world_by_default and format_.world and "-" not in outputs
        world = self.world_file or by_default
        return Job(path, outputs, format_, shared, self.no_clobber, numbers, frames, world)


@dataclass(frozen=True)
class Job:
    """An input, and the files that its edge maps go to: a path for each, all of one format.

    Several may share a file, if the format holds them. ``frames`` are templates of the files, where
    each frame has its own by its number; ``outputs`` are those of the first. Where ``no_clobber``,
    files that exist stay as they are. ``numbers`` are written as they are, whichever map the
    settings have. ``later`` tells that another input's maps go before, to standard output.
    """

    path: str
    outputs: tuple[str, ...]
    format: Format
    shared: bool = False  # one file may take every frame of the input
    no_clobber: bool = False
    numbers: bool = False
    frames: tuple[str, ...] = ()
    world_file: bool = False
    later: bool = False

    @property
    def several(self) -> bool:
        """Whether a file takes several edge maps of one image."""
        return len({*self.outputs}) < len(self.outputs)


def name_job(path: str, settings: Settings, target: Target) -> Job:
    """Name the files that an input's edge maps go to; UsageError where they have no place.

    >>> from edgecli.operators.operators import load_operator
    >>> settings = Settings((load_operator("sobel"),))
    >>> name_job("photos/img.jpg", settings, Target()).outputs
    ('photos/img-sobel.png',)
    """
    numbers = gives_numbers(path, settings, target)
    settings = replace(settings, map="raw") if numbers else settings
    format_ = choose_format(path, settings, target, numbers=numbers)
    templates = name_maps(target.template_of(path, format_), settings, format_)
    return target.job(path, templates, format_, numbers=numbers)


def gives_numbers(path: str, settings: Settings, target: Target) -> bool:
    """Whether an input is a grid of numbers, or of floats that no picture has: edges are, too.

    They are unless a picture was asked for: by a map or a depth, by colours, by a threshold, or by
    a format that holds nothing else. Only a file of which that may be true is opened.
    """
    if not target.numbers or not settings.style.plain:
        return False
    if any(map(settings.lines.threshold_of, settings.maps)):
        return False
    asked = target.format_of(path)
    if asked is not None and LEAST_RESPONSE.name not in asked.samples:
        return False
    bank = settings.recipe is None and settings.white is None  # others draw what they find
    return is_grid(path) or (bank and is_raster(path, settings))


def name_maps(template: str, settings: Settings, format_: Format) -> tuple[str, ...]:
    """Return a template for each edge map; UsageError where two that do not fit have the same."""
    names = [re.sub(r"[^\w.+-]+", "-", edge_map.name) for edge_map in settings.maps]
    templates = tuple(fill(template, filter=name) for name in names)
    if len({*templates}) == len(names) or ("filter" not in fields(template) and format_.several):
        return templates
    if "filter" not in fields(template):
        raise UsageError(
            f"{len(names)} edge maps do not fit in one output {template}; give a name with "
            "{filter}, --combine them into one, or write tiff, npy or csv, which hold several"
        )
    repeated = next(name for name in names if names.count(name) > 1)
    raise UsageError(
        f"two edge maps would both be called {repeated}; --combine them, or put filters in files, "
        "which have names"
    )


def names_in(path: str, outputs: Sequence[str], maps: Sequence[EdgeMap]) -> list[str]:
    """Return the names of the edge maps that go to a file."""
    return [one.name for output, one in zip(outputs, maps, strict=True) if output == path]


def choose_format(
    path: str, settings: Settings, target: Target, *, numbers: bool = False
) -> Format:
    """Return the format of an input's edge maps; UsageError where it can hold none of them.

    PNG has no signed numbers: a grid of numbers gives such a grid, a picture NumPy's file. Of
    ``numbers`` that are no picture edges have the format that these came in, if it holds floats.
    """
    format_ = target.format_of(path)
    if format_ is None and settings.map == "raw":
        format_ = FORMATS["csv" if is_grid(path) else "npy"]
        own = known_format(path) if numbers else None
        if own is not None and own.name in ("tiff", "zarr"):
            format_ = own
    format_ = format_ or FORMATS["png"]
    check_folder(format_, target.file_of(path))
    check_format(format_, settings)
    if target.world_file:
        check_world(format_, target.file_of(path))
    return format_


def check_world(format_: Format, file: str | None) -> None:
    """Raise UsageError where no file beside an output can say where it lies."""
    if not format_.world:
        fit = " or ".join(one.name for one in FORMATS.values() if one.world)
        raise UsageError(
            f"{format_.name} has no place for --world-file; drop --world-file, or give --format "
            f"{fit}",
            options=("world_file",),
        )
    if file == "-":
        raise UsageError(
            "nothing lies beside standard output; drop --world-file, or give -o FILE",
            options=("world_file",),
        )


def check_format(format_: Format, settings: Settings) -> None:
    """Raise UsageError where a format can hold none of the edge maps."""
    if format_.strokes:
        return
    if settings.map == "raw":
        for edge_map in settings.maps:
            response = edge_map.strength_type(LEAST_RESPONSE)
            check_holds(format_, numbers_dtype(edge_map, settings.lines, response), 1)
        return
    samples = DEPTHS[settings.depth] if settings.depth else format_.samples[0]
    channels = settings.style.channels(1, hues=settings.maps[0].direction)
    check_holds(format_, np.dtype(samples), channels)


def in_turn(jobs: Sequence[Job]) -> list[Job]:
    """Return jobs that know which of them go to standard output behind others.

    UsageError where a reader would take the first of them for all.
    """
    piped = [job for job in jobs if "-" in job.outputs]
    if len(piped) > 1 and not piped[0].format.stream:
        raise UsageError(
            f"{piped[0].format.name} holds the maps of one input, and {len(piped)} go to standard "
            "output; give a folder with -o DIR/, and each has a file"
        )
    return [replace(job, later="-" in job.outputs and job is not piped[0]) for job in jobs]


def check_jobs(jobs: Sequence[Job], target: Target, report: str | None = None) -> None:
    """Raise UsageError if an output or the report would overwrite what is read or written."""
    read = (*(job.path for job in jobs), *target.spared)
    claimed = {os.path.realpath(path): f"the input {path}" for path in read if path != "-"}
    outputs = ((job, path) for job in jobs for path in dict.fromkeys(job.outputs))
    written = [("output", path, job.path) for job, path in outputs]
    owners: dict[str, str] = {}
    for what, path, owner in [*written, ("report file", report or "-", "")]:
        if path == "-" or (is_device(path) and not os.path.isdir(path)):
            continue
        real = os.path.realpath(path)
        if what == "output" and owners.get(real) == owner:
            raise UsageError(f"{owner} is given twice; give it once")
        if what == "output" and real in owners:
            raise UsageError(
                f"{owners[real]} and {owner} would both be written to {path}; {target.apart}"
            )
        if real in claimed:
            raise UsageError(f"{what} {path} is also {claimed[real]} of this run; give another")
        for other in (other for other in claimed if _holds(real, other) or _holds(other, real)):
            raise UsageError(f"{what} {path} is in one folder with {claimed[other]}; give another")
        claimed[real], owners[real] = f"the output {path}", owner


def _holds(folder: str, path: str) -> bool:
    """Whether a store of Zarr has a path in it; both are real paths."""
    return path.startswith(folder + os.sep) and (is_store(folder) or folder.endswith(".zarr"))


def is_there(output: str) -> bool:
    """Return whether an output is there already, as a file or as a store."""
    return output != "-" and (os.path.isfile(output) or is_store(output))


def check_apart(
    output: str, others: Iterable[str], what: str = "output", theirs: str = "input"
) -> None:
    """Raise UsageError if a single output would overwrite an input, or another output."""
    for path in others:
        if "-" not in (path, output) and os.path.realpath(output) == os.path.realpath(path):
            raise UsageError(
                f"{what} {output} is also the {theirs} {path} of this run; give another"
            )


def check_stdin(paths: Iterable[str | None]) -> None:
    """Raise UsageError if more than one input is standard input, which can be read but once."""
    if [*paths].count("-") > 1:
        raise UsageError("standard input (-) can be read only once; give files for the others")


def make_folders_of(paths: Iterable[str]) -> None:
    """Make the folders that files are to be in; OutputError where that cannot be."""
    for folder in dict.fromkeys(map(os.path.dirname, paths)):
        if folder:
            make_folder(folder)


def make_folder(path: str) -> None:
    """Make a folder and those above it; OutputError where that cannot be."""
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"folder {path} cannot be made: {error.strerror}; give another"
        ) from error
