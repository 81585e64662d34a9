"""A contact sheet: one image through several filters, side by side, for choosing among them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager

import numpy as np

from edgecli.detect.jobs import Limits, Outputs, Result, Target, make_folder
from edgecli.detect.plan import plan_detection
from edgecli.detect.run import run_detection
from edgecli.detect.settings import Settings
from edgecli.images.files import open_images, whole_file
from edgecli.images.formats import FORMATS, begin_file, check_holds, format_of
from edgecli.images.sources import upright
from edgecli.operators.operators import load_operator
from edgecli.records import dataclass, replace
from edgecli.rows.arrays import ArraySink, ArraySource
from edgecli.rows.base import ImageInfo, Rows, Source

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
    outputs: Outputs
    results: tuple[Result, ...]


def name_grid(path: str, target: Target) -> Outputs:
    """Name the contact sheet of an input: ``<stem>-grid.png`` beside it, or as asked.

    UsageError for a format that cannot hold it.

    >>> name_grid("photos/img.jpg", Target()).paths
    ('photos/img-grid.png',)
    """
    output = target.output or ("-" if path == "-" else None)
    if output is not None and not target.folder:
        named = target.format or ("png" if output == "-" else format_of(output).name)
        check_holds(FORMATS[named], np.dtype(np.uint8), 3)
        return Outputs((output,), FORMATS[named])
    format_ = FORMATS[target.format or "png"]
    check_holds(format_, np.dtype(np.uint8), 3)
    stem = "stdin" if path == "-" else os.path.splitext(os.path.basename(path))[0]
    folder = output if output is not None else os.path.dirname(path)
    return Outputs((os.path.join(folder, f"{stem}-grid{format_.extensions[0]}"),), format_)


def grid_settings(settings: Settings) -> Settings:
    """Return settings of several filters: those asked for, or one beside GRID_FILTERS."""
    if len(settings.operators) > 1:
        return settings
    own = tuple(one for one in settings.operators if one.name not in GRID_FILTERS)
    return replace(settings, operators=(*own, *map(load_operator, GRID_FILTERS)))


def detect_grid(path: str, settings: Settings, target: Target, limits: Limits) -> Sheet:
    """Write the contact sheet of an input's first image.

    Each filter runs alone over the whole image, which is kept meanwhile. Raises an EdgeCliError.
    """
    from edgecli.images.thumbnails import contact_sheet, small  # Pillow loads late

    outputs = name_grid(path, target)
    if target.folder:
        make_folder(str(target.output))
    # The file first: where it cannot be written, nothing need be computed.
    with whole_file(outputs.paths[0]) as file, _first_image(path, limits) as (image, source):
        (rows,) = source.blocks([(0, source.shape[0])])
        picture = ArraySource(rows, image.info)
        tiles, results = [("image", small(_in_range(rows)))], []
        for result, maps in _run_each(picture, settings, outputs):
            results.append(result)
            named = zip(result.detection.maps, maps, strict=True)
            tiles += [(edge_map.name, small(pixels)) for edge_map, pixels in named]
        sheet = contact_sheet(tiles)
        image_file = begin_file(outputs.format, file, source)
        sink = image_file.begin(sheet.shape, sheet.dtype, replace(image.info, dpi=None))
        sink.write(sink.encode(sheet))
        sink.finish()
        image_file.finish()
    return Sheet(image.info, outputs, tuple(results))


@contextmanager
def _first_image(path: str, limits: Limits) -> Iterator[tuple[Source, Source]]:
    """Open an input's first image: as it is in the file, and upright."""
    images = open_images(path, max_pixels=limits.max_pixels)  # holds the file open
    with closing(next(images)) as image:
        yield image, upright(image) if limits.auto_orient else image


def plan_grid(path: str, settings: Settings, target: Target, limits: Limits) -> Sheet:
    """Return what would be done for an input's contact sheet: a plan for every filter."""
    outputs = name_grid(path, target)
    with _first_image(path, limits) as (image, source):
        return Sheet(image.info, outputs, tuple(_plan_each(source, settings, outputs)))


def _plan_each(source: Source, settings: Settings, outputs: Outputs) -> Iterator[Result]:
    """Yield the plan of each operator alone, of bare numbers where nothing else is asked for."""
    for operator in settings.operators:
        scales = settings.scales if operator.network else (1.0,)
        one = replace(settings, operators=(operator,), scales=scales)
        if one.map == "abs" and one.style.plain and one.combine != "direction":
            one = replace(one, map="raw")
        detection = plan_detection(one, source.shape, source.dtype)
        named = replace(outputs, paths=outputs.paths * len(detection.maps))
        yield Result(source.info, detection, named)


def _run_each(
    picture: ArraySource, settings: Settings, outputs: Outputs
) -> Iterator[tuple[Result, list[Rows]]]:
    """Yield the result of each operator, with its edge maps."""
    for plan in _plan_each(picture, settings, outputs):
        detection = plan.detection
        sinks = [ArraySink(detection.written_shape, samples) for samples in detection.samples]
        measured = run_detection(detection, picture, sinks)
        raw = detection.settings.map == "raw"
        maps = [_bright(sink.array) if raw else sink.array for sink in sinks]
        yield replace(plan, measured=measured), maps


def _bright(responses: Rows) -> Rows:
    """Return absolute responses as 0 … 1, in proportion, all but the strongest few."""
    size = np.nan_to_num(np.abs(responses.astype(np.float32)))
    white = np.percentile(size, BRIGHT) or size.max() or 1
    with np.errstate(over="ignore"):  # of infinities
        return np.minimum(size / np.float32(white), 1)


def _in_range(rows: Rows) -> Rows:
    """Return an image's samples without alpha; signed and wide ones are stretched to 0 … 1."""
    colour = rows[..., : rows.shape[2] - 1 + rows.shape[2] % 2]
    if colour.dtype.kind == "u":
        return colour
    finite = np.nan_to_num(colour.astype(np.float32), posinf=0, neginf=0)
    low, high = finite.min(), finite.max()
    stretched: Rows = (finite - low) / np.float32(high - low or 1)
    return stretched
