"""Pictures in memory or in a file, and the options that callers in Python give for them.

Options are as written on a command line, or numbers, or several of them.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from functools import cached_property, lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgecli.conv.engine import as_pair
from edgecli.detect.inputs import Limits
from edgecli.detect.maps import Lines
from edgecli.detect.plan import Detection, plan_detection, sums_fit
from edgecli.detect.ranges import by_range
from edgecli.detect.seeing import looked_at
from edgecli.detect.settings import Settings, parse_scales
from edgecli.errors import EdgeCliWarning
from edgecli.filters.builtin import is_builtin
from edgecli.geometry import parse_padding, parse_padding_mode
from edgecli.images.colour import Colour, parse_colour
from edgecli.images.files import bright_pixels, open_images, read_mask
from edgecli.images.held import held_picture
from edgecli.images.limits import note_lines
from edgecli.images.nodata import has_gaps, parse_no_data
from edgecli.images.resizing import parse_resize
from edgecli.lines.thresholds import choose_threshold
from edgecli.operators.operators import load_operators
from edgecli.records import dataclass
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import ImageInfo, Source
from edgecli.strokes.base import Finish

Path = str | os.PathLike[str]
Numbers = str | float | Sequence[float]

CHOICES_KEPT, PLANS_KEPT = 32, 8
"""Of how many calls in a loop the settings are remembered, and of each of those the plans: for a
photo of 481 × 321 pixels they take as long to make as its edges."""


def make_settings(
    operator: Path | Sequence[Path],
    *,
    channels: str | None,
    combine: str | None,
    stride: int | tuple[int, int],
    padding: str | int | tuple[int, ...],
    padding_mode: str,
    dilation: int | tuple[int, int],
    convolve: bool,
    bias: float | Sequence[float] | None,
    activation: str,
    thin: bool,
    threshold: str | float | None,
    hysteresis: str | tuple[str | float, str | float] | None,
    border: int,
    mask: ArrayLike | Path | None,
    min_length: float,
    close_gaps: float,
    background: str | Colour,
    nan: str,
    nodata: str | float | None,
    white: float | None,
    resize: str | None,
    scales: Numbers | None,
    threads: int | None,
    finish: Finish | None = None,
) -> Settings:
    """Return what the options that find edges mean, to be painted or with a ``finish`` drawn."""
    return Settings(
        load_operators([os.fspath(one) for one in _listed(operator)]),
        padding=parse_padding(padding),
        padding_mode=parse_padding_mode(padding_mode),
        stride=as_pair(stride),
        dilation=as_pair(dilation),
        convolve=convolve,
        channels=channels,
        bias=() if bias is None else tuple(np.atleast_1d(bias).tolist()),
        activation=activation,
        combine=combine,
        lines=Lines(
            thin,
            choose_threshold(text_of(threshold), text_of(hysteresis)),
            border,
            _mask(mask),
            min_length,
            close_gaps,
        ),
        scales=parse_scales(text_of(scales)),
        nan=nan,
        nodata=parse_no_data(nodata),
        white=white,
        resize=parse_resize(resize),
        background=_colour(background) or Settings.background,
        threads=threads,
        finish=finish,
    )


@dataclass(frozen=True, eq=False)
class Choice:
    """Settings, and the plans of the last few sizes and types that they were laid over."""

    settings: Settings

    @cached_property
    def plan(self) -> Callable[..., Detection]:
        """Return what plans as ``plan_detection`` does, given the rest of its arguments."""
        return lru_cache(PLANS_KEPT)(partial(plan_detection, self.settings))


def choose(
    make: Callable[..., Settings],
    operator: Path | Sequence[Path],
    mask: ArrayLike | Path | None,
    **options: Any,
) -> Choice:
    """Return what options mean, of which ``make`` makes settings: the last few are remembered.

    Not those with a file, which may change, nor those with a list or an array.
    """
    operators = tuple(_listed(operator))
    if mask is None and all(isinstance(one, str) and is_builtin(one) for one in operators):
        with suppress(TypeError):  # a list has no hash
            return _remembered(make, operators, **options)
    return Choice(make(operators, mask=mask, **options))


@lru_cache(CHOICES_KEPT, typed=True)
def _remembered(
    make: Callable[..., Settings], operators: tuple[str, ...], **options: Any
) -> Choice:
    return Choice(make(operators, mask=None, **options))


def open_picture(
    picture: ArrayLike | Path, settings: Settings, max_pixels: int = Limits.max_pixels
) -> Source:
    """Return the rows of an array, or of the first image of a file, turned upright."""
    if not isinstance(picture, str | os.PathLike):
        return looked_at(held_picture(picture), settings)
    images = open_images(os.fspath(picture), max_pixels=max_pixels, grey=settings.grey)
    with closing(looked_at(next(images), settings)) as source:
        (rows,) = source.blocks([(0, source.shape[0])])
        return ArraySource(rows, source.info)


def plan_picture(source: Source, choice: Choice) -> Detection:
    """Return the plan for a picture; a note says where sums of its numbers are rounded."""
    given = source.shape, source.dtype
    detection = choice.plan(*given, gaps=has_gaps(source))
    settings, _ = by_range(choice.settings, detection, source)
    if settings is not choice.settings:
        choice = Choice(settings)
        detection = choice.plan(*given, gaps=has_gaps(source))
    if not sums_fit(source, detection):
        detection = choice.plan(*given, exact=False, gaps=has_gaps(source))
    return detection


def _mask(mask: ArrayLike | Path | None) -> NDArray[np.bool_] | None:
    """Return the pixels that count: the bright ones, as of a file."""
    if mask is None:
        return None
    if not isinstance(mask, str | os.PathLike):
        return bright_pixels(ArraySource.of(mask).array)
    inside, info = read_mask(os.fspath(mask), max_pixels=Limits.max_pixels)
    warn_of(info)
    return inside


def warn_of(info: ImageInfo) -> None:
    """Warn of what must be told of a picture; the warning is the caller's caller's."""
    for line in note_lines(info):
        warnings.warn(line, EdgeCliWarning, stacklevel=3)


def _listed(given: Path | Sequence[Path]) -> Sequence[Path]:
    return [given] if isinstance(given, str | os.PathLike) else given


def text_of(given: str | float | Sequence[str | float] | None) -> str | None:
    """Return what a command line would have: numbers in full, with commas between several."""
    if given is None or isinstance(given, str):
        return given
    if isinstance(given, Sequence | np.ndarray):
        return ",".join(str(text_of(one)) for one in given)
    return f"{given:.17g}"


def _colour(given: str | Sequence[int] | None) -> Colour | None:
    return None if given is None else parse_colour(str(text_of(given)))
