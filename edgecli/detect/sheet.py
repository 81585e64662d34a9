"""A contact sheet: one image through several filters, side by side, for choosing among them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager

import numpy as np
from numpy.typing import NDArray

from edgecli.detect.inputs import Limits, Result
from edgecli.detect.jobs import Progress
from edgecli.detect.made_by import sheet_made_by
from edgecli.detect.outputs import Job, Target, is_there, make_folders_of
from edgecli.detect.plan import plan_detection, sums_fit
from edgecli.detect.ranges import by_range
from edgecli.detect.run import run_detection
from edgecli.detect.seeing import as_seen
from edgecli.detect.settings import Settings
from edgecli.detect.templates import fill
from edgecli.errors import FilterError, GeometryError, UsageError
from edgecli.images.colour import Colour
from edgecli.images.files import open_images
from edgecli.images.formats import FORMATS, Format, check_folder, check_holds
from edgecli.images.made_by import MadeBy
from edgecli.images.nodata import colours_of, has_gaps
from edgecli.images.writing import ImageFile, begin_file, whole_output
from edgecli.lines.thresholds import Threshold
from edgecli.operators.operators import Operator, load_operator
from edgecli.records import dataclass, field, replace
from edgecli.rows.arrays import ArraySink, ArraySource
from edgecli.rows.base import ImageInfo, Rows, Source
from edgecli.rows.samples import float_type

GRID_FILTERS = (
    "sobel", "scharr", "farid", "roberts", "kirsch", "laplacian", "log:2", "dog:1", "gradient:2",
    "gabor:6", "canny:1.4", "contours", "learned",
)  # fmt: skip
"""What is shown where not several filters are asked for."""


@dataclass(frozen=True)
class Sheet:
    """The contact sheet of one image: one file, with a result for every tile.

    It is in ``kept``, too, if it was left as it was.
    """

    info: ImageInfo
    outputs: tuple[str, ...]
    results: tuple[Result, ...]
    made_by: MadeBy
    kept: tuple[str, ...] = ()
    beside: Mapping[str, Sequence[str]] = field(default_factory=dict)  # nothing is


def name_grid(path: str, target: Target) -> Job:
    """Name the contact sheet of an input: ``<stem>-grid.png`` beside it, or as asked.

    UsageError for a format that cannot hold it.

    >>> name_grid("photos/img.jpg", Target()).outputs
    ('photos/img-grid.png',)
    """
    template, format_ = grid_template(path, target)
    return target.job(path, [template], format_)


def grid_template(path: str, target: Target) -> tuple[str, Format]:
    """Return the template and the format of a contact sheet; UsageError as ``name_grid``."""
    format_ = target.format_of(path) or FORMATS["png"]
    check_folder(format_, target.file_of(path))
    check_holds(format_, np.dtype(np.uint8), 3)
    return fill(target.template_of(path, format_), filter="grid"), format_


@dataclass(frozen=True)
class Tiles:
    """The settings of every tile, each of one operator.

    Those that were not ``asked`` for may be left out, where they do not fit an image. ``note`` says
    which do not fit the options.
    """

    settings: tuple[Settings, ...]
    asked: tuple[Settings, ...]
    note: str | None = None

    def on(self, threads: int | None) -> Tiles:
        """Return the tiles as so many threads compute them."""
        settings, asked = (
            tuple(replace(one, threads=threads) for one in some)
            for some in (self.settings, self.asked)
        )
        return replace(self, settings=settings, asked=asked)


def choose_tiles(
    shared: Settings, operators: Sequence[Operator], thresholds: Sequence[Threshold]
) -> Tiles:
    """Return a tile for each operator and threshold, with settings that all of them share.

    One operator comes with those of GRID_FILTERS that the settings fit. UsageError and FilterError
    where they do not fit what was asked for.
    """
    if shared.map == "raw":
        raise UsageError(
            "map 'raw' writes numbers, and a contact sheet is a picture; drop --map or --grid",
            options=("map", "grid"),
        )
    if shared.finish is not None:
        raise UsageError(
            "strokes are geometry, and a contact sheet is a picture; write png, or drop --grid",
            options=("grid",),
        )
    asked = tuple(
        _tile(shared, operator, one) for operator in operators for one in thresholds or (None,)
    )
    if len(asked) > 1:
        return Tiles(asked, asked)
    own = operators[0].name
    tiles, unfit = {own: asked[0]}, []
    order = (*(() if own in GRID_FILTERS else (own,)), *GRID_FILTERS)
    for name in order:
        try:
            tiles[name] = tiles.get(name) or _tile(shared, load_operator(name), *thresholds)
        except (FilterError, UsageError):
            unfit.append(name)
    note = f"is shown without {', '.join(unfit)}, which these options do not fit"
    shown = tuple(tiles[name] for name in order if name in tiles)
    return Tiles(shown, asked, note if unfit else None)


def _tile(shared: Settings, operator: Operator, threshold: Threshold | None = None) -> Settings:
    """Return the settings of one tile: ``scales`` are of networks alone."""
    scales = shared.scales if operator.network else (1.0,)
    lines = replace(shared.lines, threshold=threshold)
    return replace(shared, operators=(operator,), scales=scales, lines=lines)


def detect_grid(job: Job, tiles: Tiles, limits: Limits, progress: Progress | None = None) -> Sheet:
    """Write the contact sheet of an input's first image: what ``detect`` would write, shrunk.

    The image is held meanwhile. Raises an EdgeCliError.
    """
    if job.no_clobber and is_there(job.outputs[0]):
        planned = plan_grid(job, tiles, limits)
        left = tuple(replace(result, kept=job.outputs) for result in planned.results)
        return replace(planned, results=left, kept=job.outputs)
    from edgecli.images.thumbnails import contact_sheet, tile  # Pillow loads late

    make_folders_of(job.outputs)
    (output,) = job.outputs
    # The file first: where it cannot be written, nothing need be computed.
    with (
        whole_output(job.format, output) as file,
        _first_image(job, limits, tiles) as (image, source),
    ):
        picture = _held(source, replace(image.info, gaps=source.info.gaps))
        grey = _grey(job, limits, tiles, image.info) or picture
        shown = [("image", tile(_in_range(picture, tiles.settings[0].background)))]
        results = []
        plans = [*_plans(tiles, picture, job)]
        if progress is not None:
            progress.begin(sum(plan.detection.map_shape[0] for plan in plans))
        told = progress.advance if progress is not None else None
        for plan in plans:
            result, maps = _run(plan, grey if plan.detection.settings.grey else picture, told)
            results.append(result)
            shown += maps
        made_by = sheet_made_by(tiles.asked)
        image_file = begin_file(job.format, file, source, made_by=made_by)
        _write(image_file, contact_sheet(shown), replace(image.info, dpi=None, place=None))
    return Sheet(image.info, job.outputs, tuple(results), made_by)


def _write(file: ImageFile, sheet: NDArray[np.uint8], info: ImageInfo) -> None:
    height, width, channels = sheet.shape
    sink = file.begin((height, width, channels), sheet.dtype, info)
    sink.write(sink.encode(sheet))
    sink.finish()
    file.finish()


def plan_grid(job: Job, tiles: Tiles, limits: Limits) -> Sheet:
    """Return what would be done for an input's contact sheet: a plan for every tile."""
    with _first_image(job, limits, tiles) as (image, source):
        plans = tuple(_plans(tiles, source, job))
        return Sheet(image.info, job.outputs, plans, sheet_made_by(tiles.asked))


@contextmanager
def _first_image(
    job: Job, limits: Limits, tiles: Tiles, *, grey: bool = False
) -> Iterator[tuple[Source, Source]]:
    """Open an input's first image: as it is in the file, and as it is looked at."""
    images = open_images(  # holds the file open
        job.path, max_pixels=limits.max_pixels, grey=grey, page=limits.page
    )
    with closing(next(images)) as image:
        if tiles.note:
            image.info.notes.append(tiles.note)
        yield image, as_seen(image, tiles.settings[0])


def _held(source: Source, info: ImageInfo) -> ArraySource:
    (rows,) = source.blocks([(0, source.shape[0])])
    return ArraySource(rows, info)


def _grey(job: Job, limits: Limits, tiles: Tiles, info: ImageInfo) -> ArraySource | None:
    """Read the image once more, as ``detect`` does where luma is all that is looked at.

    A JPEG holds its own, which is not quite that of its colours. A pipe cannot be read again.
    """
    if not os.path.isfile(job.path) or not any(one.grey for one in tiles.settings):
        return None
    with _first_image(job, limits, tiles, grey=True) as (_, source):
        return _held(source, replace(info, gaps=source.info.gaps))


def _plans(tiles: Tiles, source: Source, job: Job) -> Iterator[Result]:
    """Yield the plan of every tile; a note tells of windows that do not fit the image."""
    unfit = []
    gaps, given = has_gaps(source), (source.shape, source.dtype)
    for settings in tiles.settings:
        try:
            detection = plan_detection(settings, *given, gaps=gaps)
        except GeometryError:
            if settings in tiles.asked:
                raise
            unfit.append(settings.operators[0].name)
            continue
        drawn, source = by_range(settings, detection, source, job.path)
        if drawn != settings:
            detection = plan_detection(drawn, *given, gaps=gaps)
        if not sums_fit(source, detection):
            detection = plan_detection(drawn, *given, exact=False, gaps=gaps)
        yield Result(source.info, detection, job.outputs * len(detection.maps))
    if unfit:
        source.info.notes.append(f"is too small for {', '.join(unfit)}, which are left out")


def _run(
    plan: Result, picture: ArraySource, told: Callable[[int], None] | None
) -> tuple[Result, list[tuple[str, NDArray[np.uint8]]]]:
    """Return the result of a tile, and its edge maps, captioned and small."""
    from edgecli.images.thumbnails import tile

    detection = plan.detection
    settings, threshold = detection.settings, detection.settings.lines.threshold
    over = f", threshold {threshold}" if threshold else ""
    sinks = [ArraySink(detection.written_shape, samples) for samples in detection.sample_types]
    measured = run_detection(detection, picture, sinks, told=told)
    under = None
    if settings.style.overlay:
        under = colours_of(picture, picture.array, settings.background)
    maps = [
        (
            own.edge_map.name + over,
            tile(sink.array, lines=bool(own.threshold or own.thinning), picture=under),
        )
        for own, sink in zip(detection.plans, sinks, strict=True)
    ]
    return replace(plan, measured=measured), maps


def _in_range(picture: ArraySource, background: Colour) -> Rows:
    """Return an image's samples on a background; signed and wide ones are stretched to 0 … 1."""
    colour = colours_of(picture, picture.array, background)
    if colour.dtype.kind == "u":
        return colour
    finite = np.nan_to_num(colour.astype(float_type(colour.dtype)), posinf=0, neginf=0)
    low, high = finite.min(), finite.max()
    stretched: Rows = (finite - low) / (high - low or 1)
    return stretched
