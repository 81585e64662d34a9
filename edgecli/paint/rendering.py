"""Responses to pixels: how signed numbers become the samples of an edge map.

Every map is one affine step, ``round(factor · v + offset)``, clipped to what the samples hold;
the maps differ in whether ``v`` is taken absolute and where factor and offset come from.

    auto    |v| with a third of the filter's largest possible response as white: over photos, one
            response in a hundred saturates, whatever the filter
    abs     |v| in its own units, saturating
    clip    v in its own units, negative to 0
    gain    |v| over the filter's largest possible response: never clips, unless a float
            image has samples outside 0 … 1
    signed  zero is mid-grey, the strongest response white or black
    minmax  the smallest response black, the largest white
    raw     the numbers themselves

8-bit edge maps of 8-bit images keep the response's own units; other depths are scaled by the ratio
of full scales, where a float image's is 1.0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.records import dataclass, replace
from edgecli.rows.memory import Memory
from edgecli.rows.samples import float_type, full_scale

MAPS = ("auto", "abs", "clip", "signed", "gain", "minmax", "raw")

DEPTHS = {"8": "uint8", "16": "uint16", "float": "float32"}
"""Choices for the written samples; floats are 1.0 at white, not rounded, and end nowhere above."""

WHOLE_IMAGE_MAPS = ("signed", "minmax")
"""Maps that are known only after the last response."""

WHITE_MAPS = ("auto", "abs", "clip", "gain")
"""Maps by what is white in the image."""

FLAT = 2.0**-126
"""The factor where responses are equal: it makes nothing of any number, and leaves infinities."""


@dataclass(frozen=True)
class Scale:
    """``round(factor · (v − origin) + offset)`` clipped to 0 … limit, of ``|v|`` if ``absolute``.

    Samples that are floats are not rounded, and their limit is infinite.
    """

    absolute: bool
    factor: float
    offset: float
    limit: float
    origin: float = 0.0


@dataclass(frozen=True)
class Extremes:
    """The smallest and largest response seen, and how many lie outside what a map can show."""

    smallest: float = float("inf")
    largest: float = float("-inf")
    clipped: int = 0
    nans: int = 0

    def __or__(self, other: Extremes) -> Extremes:
        return Extremes(
            min(self.smallest, other.smallest),
            max(self.largest, other.largest),
            self.clipped + other.clipped,
            self.nans + other.nans,
        )


def rendered_dtype(
    map_name: str, depth: str | None, pixels: np.dtype[Any], response: np.dtype[Any]
) -> np.dtype[Any]:
    """Return the samples' type: 8 bits for 8-bit and float images, 16 for deeper ones."""
    if map_name == "raw":
        return response
    if depth is None:
        depth = "8" if pixels.kind == "f" or pixels.itemsize == 1 else "16"
    return np.dtype(DEPTHS[depth])


def choose_scale(
    map_name: str, white: float, samples: np.dtype[Any], largest: float
) -> Scale | None:
    """Return the scale of a map that does not depend on the responses; None for ``raw``.

    ``white`` is the value that is drawn white, ``largest`` the largest possible response or height
    of a crossing, which ``gain`` divides by.
    """
    if map_name == "raw":
        return None
    full = full_scale(samples)
    factor = full / white
    if map_name == "gain":
        factor = full / largest if largest else 0.0
    return Scale(map_name != "clip", factor, 0.0, _limit(samples))


def scale_from_extremes(map_name: str, samples: np.dtype[Any], extremes: Extremes) -> Scale:
    """Return the scale of ``signed`` or ``minmax`` for the responses of a whole image.

    The extremes are finite: see ``finite_extremes``.
    """
    full, limit = full_scale(samples), _limit(samples)
    low, high = extremes.smallest, extremes.largest
    if map_name == "signed":
        middle = np.ceil(full / 2) if samples.kind == "u" else full / 2
        strongest = max(abs(low), abs(high))
        factor = (full - middle) / strongest if strongest else FLAT
        return Scale(False, factor, middle, limit)
    factor = full / (high - low) if high > low else FLAT
    # Differences beyond 64 bits are left to floats.
    origin = low if high - low <= np.iinfo(np.int64).max else float(low)
    return Scale(False, factor, 0.0, limit, origin)


def _limit(samples: np.dtype[Any]) -> float:
    """Return the largest sample: that of integers, or none of floats."""
    return math.inf if samples.kind == "f" else full_scale(samples)


def finite_extremes(response: NDArray[Any], seen: Extremes) -> Extremes:
    """Return the extremes without infinities, which no scale can reach: they are saturated.

    ``seen``, which ``measure`` returns for the response, saves looking where there are none.
    """
    if np.isfinite(seen.smallest) and np.isfinite(seen.largest):
        return seen
    finite = response[np.isfinite(response)]
    return measure(finite, None) if finite.size else Extremes(0.0, 0.0)


def measure(response: NDArray[Any], scale: Scale | None) -> Extremes:
    """Return the extremes of a band, and how many of its responses the scale will clip."""
    smallest, largest = response.min().item(), response.max().item()  # whole numbers stay exact
    nans = 0
    if np.isnan(smallest):
        finite = response[~np.isnan(response)]
        nans = response.size - finite.size
        if not finite.size:
            return Extremes(nans=nans)
        smallest, largest = float(finite.min()), float(finite.max())
    extremes = Extremes(smallest, largest, nans=nans)
    if scale is None:
        return extremes
    return replace(extremes, clipped=_clipped(response, scale, extremes))


def _clipped(response: NDArray[Any], scale: Scale, extremes: Extremes) -> int:
    """Count what is, once rounded, below 0 or above the limit, if the extremes say there is any."""
    if not scale.factor:
        return 0
    half = 0.0 if scale.limit == math.inf else 0.5  # floats are not rounded
    high = (scale.limit + half - scale.offset) / scale.factor + scale.origin
    low = -high if scale.absolute else (-half - scale.offset) / scale.factor + scale.origin
    above = np.count_nonzero(response > high) if extremes.largest > high else 0
    below = np.count_nonzero(response < low) if extremes.smallest < low else 0
    return int(above + below)


def all_invisible(scale: Scale, seen: Extremes, rounding: float) -> bool:
    """Whether the strongest response, more than a rounding error, is drawn below 1 of 255 levels.

    >>> all_invisible(Scale(True, 65535 / 2**31, 0.0, 65535.0), Extremes(-6, 3), 0.0)
    True
    """
    strongest = max(seen.largest, -seen.smallest) if scale.absolute else seen.largest
    darkest = scale.limit / 255 if math.isfinite(scale.limit) else 0.0
    return rounding < strongest < math.inf and scale.factor * strongest < darkest


def render(
    response: NDArray[Any],
    scale: Scale,
    out: NDArray[Any],
    memory: Memory,
    seen: Extremes | None = None,
) -> None:
    """Write ``round(clip(factor · v + offset))`` to ``out``; NaN becomes 0 in integers.

    Floats are only kept from being negative, and NaN stays.

    ``seen``, which ``measure`` returns for the response, saves passes over it.
    """
    if seen is None:
        seen = measure(response, None)
    signed = scale.absolute and seen.smallest < 0
    if out.dtype.kind == "f":
        np.clip(_affine(response, scale, 0.0, memory, signed=signed), 0, None, out=out)
    elif response.dtype.kind == "i" and scale.factor == 1 and scale.offset == 0:
        _saturate(response, scale, out, memory, signed=signed)
    else:
        # From 0 up, adding a half and truncating rounds to the nearest.
        values = _affine(response, scale, 0.5, memory, signed=signed)
        # Not minimum and maximum: with a scalar NumPy runs those six times as slowly.
        np.clip(values, 0, values.dtype.type(scale.limit + 0.5), out=values)
        if seen.nans:
            np.nan_to_num(values, copy=False, nan=0.0)
        np.copyto(out, values, casting="unsafe")


def _affine(
    response: NDArray[Any], scale: Scale, half: float, memory: Memory, *, signed: bool
) -> NDArray[Any]:
    """Return ``factor · (v − origin) + offset + half`` in working memory; of ``signed``, |v|."""
    floats = float_type(response.dtype)
    values = memory.take(response.shape, floats)
    offset = scale.offset + half
    if floats.itemsize < 8:
        offset -= scale.origin * scale.factor  # in one pass
    elif scale.origin:  # first of all, while large numbers are exact
        response = np.subtract(response, scale.origin, out=values)
    if response.dtype != floats:  # a separate pass: mixed types run at half the speed
        np.copyto(values, response, casting="unsafe")
        response = values
    if signed:
        response = np.abs(response, out=values)
    if scale.factor != 1:
        response = np.multiply(response, floats.type(scale.factor), out=values)
    np.add(response, floats.type(offset), out=values)
    return values


def _saturate(
    response: NDArray[Any], scale: Scale, out: NDArray[Any], memory: Memory, *, signed: bool
) -> None:
    """Write whole numbers in their own units, saturated; of ``signed`` ones the absolute value."""
    values = memory.take(response.shape, response.dtype)
    if signed:
        response = np.abs(response, out=values)
    np.clip(response, 0, min(int(scale.limit), int(np.iinfo(response.dtype).max)), out=values)
    np.copyto(out, values, casting="unsafe")
