"""How exactly edges are located.

    python -m tests.benchmarks.strokes [--only REGEX] [--json FILE]

Shapes are drawn 16 times as fine as they are looked at, so that where their edges are is known.
Errors are in pixels, from every located point to the shape. ``pixels`` are the centres of the same
edge pixels, ``strokes`` what is drawn of uncertain ones. Of the peers, ``findContours`` walks along
the pixels inside, and ``find_contours`` is where brightness crosses the middle of the two sides,
which it must be told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.detect.strokes import find_strokes
from edgecli.records import dataclass
from tests.benchmarks.engine_work import optional
from tests.benchmarks.timing import Limit, chosen, common_options, publish, say
from tests.detections import settings_of
from tests.located import Picture, averaged, disk, distance, grid, half_plane, located

Errors = NDArray[np.float64]
Points = NDArray[np.float64]
Distance = Callable[[Points], Errors]
"""Returns how far points ``(N, 2)`` are from the edges of a picture."""

Drawn = tuple[Picture, Distance]

cv2, measure = optional("cv2"), optional("skimage.measure")

NEAR = 2.5
"""Pixels from a shape within which what is found is its edge, and not the noise's."""

MIDDLE = 120.0
"""Of the brightness of both sides."""


@dataclass(frozen=True)
class Shapes:
    """Pictures of shapes, the operator that is to find their edges, and how exactly."""

    operator: str
    pictures: Callable[[], Iterator[Drawn]]
    most: float | None = None  # pixels RMS
    share: float | None = None  # of the pixels' own error


def round_distance(x: float, y: float, radius: float) -> Distance:
    """Return the distance of points from a circle."""
    return lambda points: np.hypot(*(points - (x, y)).T) - radius


def disks(noise: float) -> Iterator[Drawn]:
    """Yield disks at any place between the pixels."""
    random = np.random.default_rng(2)
    for radius in range(35, 46):
        x, y = 60 + random.random(2)
        yield disk(120, x, y, radius, noise), round_distance(x, y, radius)


def edges(noise: float) -> Iterator[Drawn]:
    """Yield straight edges at a hundred angles; those of a picture's corners do not count."""
    random, side = np.random.default_rng(3), 76
    for number in range(100):
        angle, offset = angle_of(number), random.uniform(-0.5, 0.5)

        def away(points: Points, angle: float = angle, offset: float = offset) -> Errors:
            own: Errors = distance(points[:, 0], points[:, 1], side, angle, offset)
            own[np.hypot(*(points - side / 2).T) > 30] = np.inf
            return own

        yield half_plane(side, angle, offset, noise), away


def angle_of(number: int) -> float:
    """Return the angle of a straight edge, none of which is along the rows."""
    return number * np.pi / 50 + 0.01


straight = partial(edges, 0)


def scenes() -> Iterator[Drawn]:
    """Yield scenes of disks in any grey on a ground that is lit from one side, with noise."""
    random, side = np.random.default_rng(4), 240
    x, y = grid(side)
    for _ in range(4):
        grey = np.broadcast_to(60 + x / 4 + y / 8, (len(y), x.shape[1])).copy()
        places = [
            (a + random.uniform(-9, 9), b + random.uniform(-9, 9), random.uniform(12, 26))
            for a in (40, 120, 200)
            for b in (40, 120, 200)
        ]
        for a, b, radius in places:
            step = random.choice([-50, 60]) + random.uniform(-9, 9)
            grey[np.hypot(x - a, y - b) <= radius] += step
        picture = averaged(grey)
        picture += random.normal(0, 3, picture.shape)

        def away(points: Points, places: Any = tuple(places)) -> Errors:
            each = np.stack([round_distance(*place)(points) for place in places])
            nearest = np.abs(each).argmin(axis=0)
            own: Errors = np.take_along_axis(each, nearest[np.newaxis], axis=0)[0]
            return own

        yield np.rint(picture).clip(0, 255).astype(np.uint8), away


WORK = {
    "disks": Shapes("gradient:1", partial(disks, 0), most=0.025),
    "disks, noise 5": Shapes("gradient:1", partial(disks, 5), most=0.035),
    "straight edges": Shapes("gradient:1", straight, most=0.02),
    "straight edges, noise 5": Shapes("gradient:1", partial(edges, 5)),
    "disks, sobel": Shapes("sobel", partial(disks, 0)),
    "disks, canny:1.4": Shapes("canny:1.4", partial(disks, 0)),
    "disks, log:2": Shapes("log:2", partial(disks, 0)),
    "scenes, contours": Shapes("contours", scenes, share=0.5),
    "scenes, learned": Shapes("learned", scenes, share=0.5),
}


def found(shapes: Shapes, picture: Picture) -> dict[str, Points]:
    """Return where an edge is according to everyone: points ``(N, 2)`` of x and y."""
    (own,) = located(picture, settings_of(shapes.operator))
    row, column = np.divmod(own.place, own.width)
    every = {"edgecli": own.points, "pixels": np.stack([column, row], axis=1) + 0.5}
    if shapes.share is not None:
        drawn = find_strokes(picture, shapes.operator, simplify=0)
        return every | {"strokes": np.concatenate([stroke.points for stroke in drawn])}
    if cv2 is not None:
        bright = (picture > MIDDLE).astype(np.uint8)
        lines, _ = cv2.findContours(bright, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        every["cv2.findContours"] = np.concatenate(lines)[:, 0] + 0.5
    if measure is not None:
        lines = measure.find_contours(picture.astype(float), MIDDLE)
        every["skimage find_contours"] = np.concatenate(lines)[:, ::-1] + 0.5
    return every


def errors_of(shapes: Shapes) -> dict[str, Errors]:
    """Return everyone's errors on all pictures."""
    every: dict[str, list[Errors]] = {}
    for picture, away in shapes.pictures():
        for name, points in found(shapes, picture).items():
            own = away(points)
            every.setdefault(name, []).append(own[np.abs(own) < NEAR])
    return {name: np.concatenate(parts) for name, parts in every.items()}


def rms(errors: Errors) -> float:
    """Return the root of the mean square."""
    return float(np.sqrt(np.mean(errors**2)))


def measured(name: str, shapes: Shapes) -> tuple[list[list[str]], list[Limit]]:
    """Return the lines of one work, and what it must keep to."""
    errors = errors_of(shapes)
    own, pixels = rms(errors.get("strokes", errors["edgecli"])), rms(errors["pixels"])
    rows = [
        [name, who, f"{rms(e):.4f}", f"{e.mean():+.4f}", f"{np.abs(e).max():.3f}", f"{len(e)}"]
        for who, e in errors.items()
    ]
    limits = []
    if shapes.most is not None:
        limits.append(Limit(name, "px RMS", own, shapes.most, at_least=False))
    if shapes.share is not None:
        share = own / pixels
        limits.append(Limit(name, "share of the pixels'", share, shapes.share, at_least=False))
    if shapes.pictures is straight:
        limits.append(Limit(name, "degrees, at most", max(turns()), 0.1, at_least=False))
    return rows, limits


def turns() -> Iterator[float]:
    """Yield by how many degrees each of the straight edges is turned: 60 pixels of it."""
    for number, (picture, away) in enumerate(straight()):
        (edge,) = located(picture, settings_of("gradient:1"))
        own = edge.points[np.isfinite(away(edge.points))]
        _, _, (along, _) = np.linalg.svd(own - own.mean(axis=0), full_matrices=False)
        turn = np.degrees(np.arctan2(along[1], along[0]) - angle_of(number))
        yield abs(turn % 180 - 90)


def main() -> None:
    """Measure what is asked for."""
    options = common_options(__doc__, rounds=1).parse_args()
    rows: list[list[str]] = []
    limits: list[Limit] = []
    for name in chosen(WORK, options.only):
        say(name)
        lines, kept = measured(name, WORK[name])
        rows += lines
        limits += kept
    header = ["shapes", "edges by", "px RMS", "mean", "largest", "points"]
    publish(options.json, (header, rows), [], limits)


if __name__ == "__main__":
    main()
