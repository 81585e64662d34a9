"""What is wrong with how TIFFs are read, by ourselves and by others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.tiffs.colours import Coloured
from tests.tiffs.making import Made
from tests.tiffs.readers import by_edgecli, by_gdal, by_tifffile

Pixels = NDArray[Any]


def expected(made: Made) -> Pixels:
    """Return what edgecli should read: white is its type's white, extra samples are left out."""
    samples = made.samples[:, :, :3] if made.samples.shape[2] == 5 else made.samples
    if made.bits:
        full, most = np.iinfo(samples.dtype).max, (1 << made.bits) - 1
        samples = ((samples.astype(np.int64) * full + most // 2) // most).astype(samples.dtype)
    return np.iinfo(samples.dtype).max - samples if made.is_inverse else samples


def differs(found: Pixels, wanted: Pixels, most: int = 0) -> str:
    """Return how pixels differ by more than so much, nothing where they do not."""
    if found.shape != wanted.shape:
        return f"shape {found.shape}, not {wanted.shape}"
    if most:
        found, wanted = found.astype(np.int64), wanted.astype(np.int64)
    count = np.count_nonzero(np.abs(found - wanted) > most if most else found != wanted)
    return f"{count} of {wanted.size} samples differ" if count else ""


def ours(every: Iterable[Made]) -> Iterator[str]:
    """Yield a line for every TIFF that edgecli does not read as it should."""
    for made in every:
        if wrong := differs(by_edgecli(made.data), expected(made)):
            yield f"edgecli: {made.name}: {wrong}"


def of_colours(every: Iterable[Coloured]) -> Iterator[str]:
    """Yield a line for every TIFF of colours that edgecli shows in others."""
    for made in every:
        if wrong := differs(by_edgecli(made.data), made.pixels, made.most):
            yield f"edgecli: {made.name}: {wrong}"


def tifffiles(every: Iterable[Made]) -> Iterator[str]:
    """Yield a line for every TIFF of which tifffile says something else, or that it cannot read."""
    for made in every:
        try:
            found = by_tifffile(made.data)
        except Exception as error:  # it lacks imagecodecs, or does not know a kind
            yield f"tifffile: {made.name}: not read, {str(error).splitlines()[0][:80]}"
            continue
        if wrong := differs(found, made.samples):
            yield f"tifffile: {made.name}: {wrong}"


def gdals(every: Iterable[Made]) -> Iterator[str]:
    """Yield a line for every TIFF of which GDAL says something else, or that it cannot read."""
    listed = list(every)
    for made, found in zip(listed, by_gdal([made.data for made in listed]), strict=True):
        if found is None:
            yield f"GDAL: {made.name}: not read"
        elif wrong := differs(found, made.samples):
            yield f"GDAL: {made.name}: {wrong}"
