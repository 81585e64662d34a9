"""Distance functions of simple solids, from Inigo Quilez's list "3D SDFs" (iquilezles.org)."""

from collections.abc import Callable, Sequence

import numpy as np

from .noise import Array
from .raymarch import Field, dot, unit, vector


def placed(field: Field, at: Array, turn: float = 0.0) -> Field:
    """Return a field turned about the vertical by an angle in radians, and moved to `at`."""
    cosine, sine = float(np.cos(turn)), float(np.sin(turn))

    def moved(p: Array) -> Array:
        x, y, z = p[0] - at[0], p[1] - at[1], p[2] - at[2]
        return field(np.stack([cosine * x - sine * z, y, sine * x + cosine * z]))

    return moved


def bounded(field: Field, guard: Field) -> Field:
    """Return a costly solid that is computed only near the simple one around it, `guard`."""

    def distance(p: Array) -> Array:
        away = guard(p)
        near = np.flatnonzero(away < 0.1)
        away += 0.05
        if near.size:
            away[near] = field(p[:, near])
        return away

    return distance


def in_ball(field: Field, centre: Array, radius: float) -> Field:
    """Return a costly solid that is computed only near the ball around it."""
    return bounded(field, lambda p: sphere(p, centre, radius))


def sphere(p: Array, centre: Array, radius: float) -> Array:
    """Return the distance to a ball."""
    x, y, z = p[0] - centre[0], p[1] - centre[1], p[2] - centre[2]
    distance: Array = np.sqrt(x * x + y * y + z * z) - radius
    return distance


def box(p: Array, half: tuple[float, float, float], rounding: float = 0.0) -> Array:
    """Return the distance to a box around the origin, whose edges may be rounded."""
    x = np.abs(p[0]) - (half[0] - rounding)
    y = np.abs(p[1]) - (half[1] - rounding)
    z = np.abs(p[2]) - (half[2] - rounding)
    inside = np.minimum(np.maximum(x, np.maximum(y, z)), 0)
    x, y, z = np.maximum(x, 0), np.maximum(y, 0), np.maximum(z, 0)
    distance: Array = np.sqrt(x * x + y * y + z * z) + inside - rounding
    return distance


def stick(start: Array, end: Array, radius: float) -> Field:
    """Return the distance to a round-ended stick."""
    along = end - start
    squared = float(dot(along, along))

    def distance(p: Array) -> Array:
        q = p - start[:, None]
        rest = q - along[:, None] * np.clip(dot(q, along[:, None]) / squared, 0, 1)
        return np.sqrt(dot(rest, rest)) - radius

    return distance


def ellipsoid(centre: Array, axes: Sequence[Array], radii: Sequence[float]) -> Field:
    """Return about the distance to an ellipsoid whose three axes are unit vectors."""
    sizes = np.array(radii, np.float32)[:, None]
    to_ball = np.stack(axes) / sizes
    middle = (to_ball @ centre)[:, None]

    def distance(p: Array) -> Array:
        scaled = to_ball @ p - middle
        steep = scaled / sizes
        level = np.sqrt(dot(scaled, scaled))
        approximate: Array = level * (level - 1) / (np.sqrt(dot(steep, steep)) + (1e-6))
        return approximate

    return distance


def nearest(*distances: Array) -> Array:
    """Return the least of the distances, which joins shapes."""
    least: Array = distances[0]
    for distance in distances[1:]:
        least = np.minimum(least, distance)
    return least


def overlap(*distances: Array) -> Array:
    """Return the greatest of the distances, which keeps what shapes have in common."""
    greatest: Array = distances[0]
    for distance in distances[1:]:
        greatest = np.maximum(greatest, distance)
    return greatest


def union(fields: Sequence[Field]) -> Field:
    """Return several solids of one material as one."""

    def distance(p: Array) -> Array:
        return nearest(*(field(p) for field in fields))

    return distance


def turned(profile: Callable[[Array], Array], height: float, slack: float) -> Field:
    """Return what a lathe makes of a profile (height -> radius).

    `slack` below 1 keeps the distance from being too large where the profile is steep.
    """

    def distance(p: Array) -> Array:
        outside = np.hypot(p[0], p[2]) - profile(np.clip(p[1], 0, height))
        above = np.abs(p[1] - (height / 2)) - (height / 2)
        both = np.hypot(np.maximum(outside, 0), np.maximum(above, 0))
        joined: Array = (both + np.minimum(np.maximum(outside, above), 0)) * slack
        return joined

    return distance


def frame(along: Array) -> tuple[Array, Array, Array]:
    """Return three unit vectors at right angles, of which the first points along the given one."""
    first = unit(along)
    second = unit(np.cross(first, vector(0.3, 0.2, 0.93)).astype(np.float32))
    return first, second, np.cross(first, second).astype(np.float32)


def tinted(*levels: tuple[Array, tuple[float, float, float]]) -> Array:
    """Return the (3, n) sum of colours, each of which has (n,) weights."""
    total = np.zeros((3, levels[0][0].size), np.float32)
    for weight, colour in levels:
        total += weight * vector(*colour)[:, None]
    return total
