"""What an output sees, drawn on the picture that it sees: a frame for each layer's field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import GeometryError, NetworkError, UsageError
from edgecli.images.formats import FORMATS, Format, known_format
from edgecli.images.made_by import MadeBy
from edgecli.images.writing import begin_file
from edgecli.networks.layers import shape_text
from edgecli.networks.network import Network
from edgecli.networks.seeing import Position, Sight, look
from edgecli.records import replace
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import Source, Span

NAMED = 3  # layers that a label names at most

PICTURES = tuple(f for f in FORMATS.values() if "uint8" in f.samples and 3 in f.channels)
"""The formats that hold a picture in colours."""


def picture_format(output: str) -> Format:
    """Return the format of a drawing on a photo; UsageError where it is no picture in colours."""
    if (format_ := known_format(output)) in PICTURES and format_ is not None:
        return format_
    raise UsageError(
        f"output {output!r} is not named as a picture, which a drawing on a photo is; "
        "call it field.png"
    )


def shown_to(network: Network, source: Source) -> NDArray[np.uint8]:
    """Return a picture as a network is shown it, in 8 bits of RGB, ``(H, W, 3)``.

    It is scaled to the network's input where dense layers allow no other, which a note says.
    """
    from edgecli.images.thumbnails import rgb_of, scaled

    (rows,) = source.blocks([(0, source.shape[0])])
    picture = rgb_of(rows)
    _, H, W = network.input_shape
    if not network.is_fixed or picture.shape[:2] == (H, W):
        return picture
    source.info.notes.append(
        f"is scaled from {picture.shape[0]}×{picture.shape[1]} to {H}×{W}, "
        f"which {network.name} takes"
    )
    return scaled(picture, (H, W))


def look_at(network: Network, picture: NDArray[np.uint8], position: Position) -> list[Sight]:
    """Return what an output sees of a picture; GeometryError where the picture does not fit."""
    shape = network.input_shape[0], picture.shape[0], picture.shape[1]
    try:
        return look(network, shape, position)
    except NetworkError as error:
        raise GeometryError(f"network {network.name} over {shape_text(shape)}: {error}") from error


def write_field(
    file: BinaryIO,
    format_: Format,
    picture: NDArray[np.uint8],
    sights: Sequence[Sight],
    made_by: MadeBy,
) -> None:
    """Write a picture with a frame for each field, the smallest first, into a file."""
    from edgecli.images.frames import Frame, draw_frames

    frames = [Frame(*_words(group, picture), *spans) for spans, group in _groups(sights)]
    last = [one for one in sights if one.output is not None][-1]
    row, col = last.output or (0, 0)
    drawn = draw_frames(picture, frames, f"What output {row},{col} of {last.name} sees")
    source = ArraySource.of(drawn)
    image = begin_file(format_, file, source, made_by=made_by)
    sink = image.begin(source.shape, drawn.dtype, replace(source.info, dpi=None))
    sink.write(sink.encode(drawn))
    sink.finish()
    image.finish()


def _groups(sights: Sequence[Sight]) -> Iterator[tuple[tuple[Span, Span], list[Sight]]]:
    """Yield the layers that see the same, with what they see, the smallest first."""
    ordered = sorted(sights, key=lambda one: (_area(one), one.rows, one.cols))
    for spans, group in groupby(ordered, key=lambda one: (one.rows, one.cols)):
        yield spans, list(group)


def _area(sight: Sight) -> int:
    (top, bottom), (left, right) = sight.rows, sight.cols
    return (bottom - top) * (right - left)


def _words(group: Sequence[Sight], picture: NDArray[np.uint8]) -> tuple[str, str]:
    """Return the label of layers that see the same, and what they see."""
    names = [one.name for one in group]
    if len(names) > NAMED:
        names = [*names[: NAMED - 1], f"... {names[-1]}"]
    spans, sides = (group[0].rows, group[0].cols), picture.shape[:2]
    field = [stop - start for start, stop in spans]
    inside = [
        max(min(stop, side) - max(start, 0), 0)
        for (start, stop), side in zip(spans, sides, strict=True)
    ]
    seen = ", ".join(
        f"{what} {start} to {stop - 1}"
        for what, (start, stop) in zip(("rows", "columns"), spans, strict=True)
    )
    if inside == [*sides]:
        seen = "all of the picture"
    if inside != field:
        seen += f"; clipped to {inside[0]}x{inside[1]}"
    return f"{', '.join(names)}: {field[0]}x{field[1]}", seen  # the letters have no ×
