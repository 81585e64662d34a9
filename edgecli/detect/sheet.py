"""A contact sheet: one image through several filters, side by side, for choosing among them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import numpy as np

from edgecli.detect.jobs import Limits, Result, as_seen
from edgecli.detect.outputs import Job, Target, make_folder
from edgecli.detect.plan import plan_detection
from edgecli.detect.run import run_detection
from edgecli.detect.settings import Settings
from edgecli.images.files import open_images, whole_file
from edgecli.images.formats import FORMATS, begin_file, check_holds
from edgecli.operators.operators import Operator, load_operator
from edgecli.records import dataclass, replace
from edgecli.rows.arrays import ArraySink, ArraySource
from edgecli.rows.base import ImageInfo, Rows, Source
from edgecli.rows.samples import float_type

GRID_FILTERS = (
    "sobel", "scharr", "farid", "roberts", "kirsch", "laplacian", "log:2", "dog:1", "gradient:2",
    "gabor:6", "canny:1.4",
)  # fmt: skip
"""What is shown where not several filters are asked for."""

BRIGHT = 99.5
"""Per cent of a map's responses that are drawn below white, so that every filter is seen."""


@dataclass(frozen=True)
class Sheet:
    """The contact sheet of one image: one file, with a result for every filter."""

    info: ImageInfo
    output: str
    results: tuple[Result, ...]


def name_grid(path: str, target: Target) -> Job:
    """Name the contact sheet of an input: ``<stem>-grid.png`` beside it, or as asked.

    UsageError for a format that cannot hold it.

    >>> name_grid("photos/img.jpg", Target()).outputs
    ('photos/img-grid.png',)
    """
    format_ = target.format_of(path) or FORMATS["png"]
    check_holds(format_, np.dtype(np.uint8), 3)
    named = target.file_of(path) or f"{target.stem_of(path)}-grid{format_.extensions[0]}"
    return target.job(path, (named,), format_)


def grid_operators(asked: Sequence[Operator]) -> tuple[Operator, ...]:
    """Return several operators: those asked for, or one beside GRID_FILTERS."""
    if len(asked) > 1:
        return tuple(asked)
    own = (one for one in asked if one.name not in GRID_FILTERS)
    return (*own, *map(load_operator, GRID_FILTERS))


def detect_grid(
    job: Job, operators: Sequence[Operator], settings: Settings, limits: Limits
) -> Sheet:
    """Write the contact sheet of an input's first image, a tile for each operator.

    Each runs alone over the whole image, which is kept meanwhile. Raises an EdgeCliError.
    """
    from edgecli.images.thumbnails import contact_sheet, small  # Pillow loads late

    if job.folder is not None:
        make_folder(job.folder)
    (output,) = job.outputs
    # The file first: where it cannot be written, nothing need be computed.
    with whole_file(output) as file, _first_image(job, settings, limits) as (image, source):
        (rows,) = source.blocks([(0, source.shape[0])])
        picture = ArraySource(rows, image.info)
        tiles, results = [("image", small(_in_range(rows)))], []
        for plan in _plan_each(picture, operators, settings, output):
            result, maps = _run(plan, picture)
            results.append(result)
            named = zip(result.detection.maps, maps, strict=True)
            tiles += [(edge_map.name, small(pixels)) for edge_map, pixels in named]
        sheet = contact_sheet(tiles)
        image_file = begin_file(job.format, file, source)
        sink = image_file.begin(sheet.shape, sheet.dtype, replace(image.info, dpi=None))
        sink.write(sink.encode(sheet))
        sink.finish()
        image_file.finish()
    return Sheet(image.info, output, tuple(results))


def plan_grid(job: Job, operators: Sequence[Operator], settings: Settings, limits: Limits) -> Sheet:
    """Return what would be done for an input's contact sheet: a plan for every operator."""
    (output,) = job.outputs
    with _first_image(job, settings, limits) as (image, source):
        return Sheet(image.info, output, tuple(_plan_each(source, operators, settings, output)))


@contextmanager
def _first_image(job: Job, settings: Settings, limits: Limits) -> Iterator[tuple[Source, Source]]:
    """Open an input's first image: as it is in the file, and as it is looked at."""
    images = open_images(job.path, max_pixels=limits.max_pixels)  # holds the file open
    with closing(next(images)) as image:
        yield image, as_seen(image, settings, limits)


def _plan_each(
    source: Source, operators: Sequence[Operator], settings: Settings, output: str
) -> Iterator[Result]:
    """Yield the plan of each operator alone, of bare numbers where nothing else is asked for."""
    for operator in operators:
        scales = settings.scales if operator.network else (1.0,)
        one = replace(settings, operators=(operator,), scales=scales)
        if one.map == "abs" and one.style.plain and one.combine != "direction":
            one = replace(one, map="raw")
        exact = source.dtype != np.int64  # a small picture needs no exact sums
        detection = plan_detection(one, source.shape, source.dtype, exact=exact)
        yield Result(source.info, detection, (output,) * len(detection.maps))


def _run(plan: Result, picture: ArraySource) -> tuple[Result, list[Rows]]:
    """Return the result of an operator, with its edge maps."""
    detection = plan.detection
    sinks = [ArraySink(detection.written_shape, samples) for samples in detection.sample_types]
    measured = run_detection(detection, picture, sinks)
    raw = detection.settings.map == "raw"
    maps = [_bright(sink.array) if raw else sink.array for sink in sinks]
    return replace(plan, measured=measured), maps


def _bright(responses: Rows) -> Rows:
    """Return absolute responses as 0 … 1, in proportion, all but the strongest few."""
    floats = float_type(responses.dtype)
    size = np.nan_to_num(np.abs(responses.astype(floats)))
    white = np.percentile(size, BRIGHT) or size.max() or 1
    with np.errstate(over="ignore"):  # of infinities
        shares: Rows = np.minimum(size / floats.type(white), 1)
    return shares


def _in_range(rows: Rows) -> Rows:
    """Return an image's samples without alpha; signed and wide ones are stretched to 0 … 1."""
    colour = rows[..., : rows.shape[2] - 1 + rows.shape[2] % 2]
    if colour.dtype.kind == "u":
        return colour
    finite = np.nan_to_num(colour.astype(float_type(colour.dtype)), posinf=0, neginf=0)
    low, high = finite.min(), finite.max()
    stretched: Rows = (finite - low) / (high - low or 1)
    return stretched
