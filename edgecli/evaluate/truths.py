"""What people drew: MATLAB files of the Berkeley benchmark, or bitmaps, for each map by its stem.

A map ``bird.png``, or ``bird-sobel.png``, is compared with ``bird.mat``, with ``bird.png``, or
``bird-1.png`` and ``bird-2.png``, with ``bird.png`` in the subfolders of annotators, or with all
files in a subfolder ``bird``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.batch.inputs import EXTENSIONS
from edgecli.errors import ImageError, UsageError
from edgecli.images.files import read_mask
from edgecli.images.limits import note_lines
from edgecli.records import dataclass, field

MATLAB = ".mat"

INSTALL = "reading .mat files and matching need SciPy; run pip install 'edgecli[evaluate]'"

PAPER = 0.75
"""The share of bright pixels from which a drawing is taken for dark lines on paper."""

Truth = NDArray[np.bool_]


@dataclass(frozen=True)
class Pair:
    """A map, and the files of what people drew of the same picture."""

    stem: str
    map: str
    truths: tuple[str, ...]


@dataclass(frozen=True)
class Paired:
    """The maps with truths, in order of their stems, and a line on each file without the other."""

    pairs: tuple[Pair, ...]
    alone: tuple[str, ...] = field(default=())


def pair_files(maps: str, truth: str) -> Paired:
    """Pair the files of two folders; UsageError where there is none to pair."""
    drawn = [*_files(maps, "maps", EXTENSIONS)]
    stems = {stem for path in drawn for stem in _leading(_stem(path))}
    truths: dict[str, list[str]] = {}
    alone = []
    for path in _truth_files(truth):
        if stem := next((one for one in _stems_of(path, truth) if one in stems), None):
            truths.setdefault(stem, []).append(path)
        else:
            alone.append(f"truth {path} has no map of its stem in {maps}")
    pairs: dict[str, Pair] = {}
    for path in drawn:
        stem = next((one for one in _leading(_stem(path)) if one in truths), "")
        if stem in pairs:
            raise UsageError(
                f"maps {pairs[stem].map} and {path} are both of {stem}; keep one in the folder"
            )
        if stem:
            pairs[stem] = Pair(stem, path, tuple(sorted(truths[stem])))
        else:
            alone.append(f"map {path} has no truth in {truth}")
    if not pairs:
        raise UsageError(
            f"no map in {maps} has a truth of its stem in {truth}; "
            "name them alike, as bird.png and bird.mat, or bird-1.png and bird-2.png"
        )
    return Paired(tuple(pairs[stem] for stem in sorted(pairs)), tuple(alone))


def _leading(stem: str) -> Iterator[str]:
    """Yield a stem, and what comes before each of its dashes, longest first.

    >>> [*_leading("bird-learned-small")]
    ['bird-learned-small', 'bird-learned', 'bird']
    """
    while stem:
        yield stem
        stem = stem.rpartition("-")[0]


def _files(folder: str, what: str, extensions: frozenset[str]) -> Iterator[str]:
    """Yield the files of a folder that may be read, in order; UsageError where it is none."""
    if not os.path.isdir(folder):
        reason = "is a file" if os.path.exists(folder) else "does not exist"
        raise UsageError(f"{folder} {reason}; give a folder of {what}")
    for name in sorted(os.listdir(folder)):
        extension = os.path.splitext(name)[1].lower()
        if extension in extensions and not name.startswith("."):
            yield os.path.join(folder, name)


def _truth_files(folder: str) -> Iterator[str]:
    """Yield the files in a folder and in its subfolders."""
    extensions = EXTENSIONS | {MATLAB}
    yield from _files(folder, "truths", extensions)
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if os.path.isdir(path) and not name.startswith("."):
            yield from _files(path, "truths", extensions)


def _stems_of(path: str, folder: str) -> Iterator[str]:
    """Yield what the map of a truth may be called: like it, without a number, like its folder."""
    own = _stem(path)
    yield own
    yield re.sub(r"-\d+$", "", own)
    if os.path.dirname(path) != folder.rstrip(os.sep):
        yield os.path.basename(os.path.dirname(path))


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]


def read_truths(paths: Sequence[str], max_pixels: int, notes: list[str]) -> list[Truth]:
    """Return what every annotator drew, ``(H, W)`` each; ImageError for what cannot be read.

    What is to be known of the files is added to ``notes``.
    """
    truths: list[Truth] = []
    for path in paths:
        if path.lower().endswith(MATLAB):
            truths += _read_matlab(path)
            continue
        truth, info = read_mask(path, max_pixels=max_pixels)
        notes += note_lines(info)
        notes += bright_paper(f"truth {path}", truth)
        if not truth.any():
            notes.append(f"truth {path} is black all over: nothing is drawn there")
        truths.append(truth)
    return truths


def bright_paper(name: str, bright: Truth) -> list[str]:
    """Return the note on what is bright nearly everywhere, as dark lines on paper are.

    >>> bright_paper("map a.png", np.array([[True, True, True, False]]))
    ['map a.png is bright at 75% of its pixels, all taken for edges; invert dark lines']
    """
    share = float(bright.mean())
    if share < PAPER:
        return []
    return [
        f"{name} is bright at {share:.0%} of its pixels, all taken for edges; invert dark lines"
    ]


def _read_matlab(path: str) -> list[Truth]:
    """Read ``groundTruth``, a cell for each annotator, whose ``Boundaries`` are not 0."""
    try:
        from scipy.io import loadmat
    except ImportError as error:
        raise UsageError(INSTALL) from error
    try:
        cells: Any = loadmat(path)["groundTruth"]
        found = [np.asarray(cell["Boundaries"][0, 0]) != 0 for cell in cells.reshape(-1)]
    except Exception as error:  # SciPy lets through whatever a broken file makes of its parser
        raise ImageError(
            f"truth {path} is no MATLAB file of the Berkeley benchmark, "
            "with Boundaries in groundTruth; save it so, or as bitmaps"
        ) from error
    if not found or any(one.ndim != 2 for one in found):
        raise ImageError(f"truth {path} holds no boundaries; give a file with some, or none")
    return found
