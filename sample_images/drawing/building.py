"""A brick palazzo in the evening sun: rows of windows, columns, cornices and their shadows.

Lengths are in metres; y is up, the street is at y = 0 and the front is the plane z = 0. The front
and the right side share one design. So all of it is written in the coordinates of a wall: s along
it (0 in the middle), y up, d outward.
"""

import numpy as np
from numpy.typing import NDArray

from .noise import Array, develop, fractal, lookup, smoothstep, to_bytes, vignette
from .raymarch import Camera, Scene, Solid, render, unit, vector
from .solids import bounded, box, nearest, overlap, tinted

SIZE = (800, 600)
SAMPLES = 5
BAY = 2.8
HALF_FRONT, HALF_SIDE = 10.4, 4.8
FRONT_BAYS, SIDE_BAYS = np.float32(3), np.float32(1)  # on either side of the middle one
SUN = unit(vector(-0.72, 0.50, 0.46))
TOP = 13.1
LAMP = vector(-2.6, 0, 3.4)

GRAIN = fractal(512, 1.1, seed=11)
CLOUD = fractal(512, 1.7, seed=12)

# Mouldings that run round the house: (height of the middle, half height, projection).
COURSES = (
    (0.35, 0.35, 0.16),
    (4.32, 0.10, 0.20),
    (4.58, 0.16, 0.34),
    (8.95, 0.09, 0.10),
    (11.85, 0.18, 0.42),
    (12.15, 0.14, 0.34),
    (12.72, 0.09, 0.78),
    (12.92, 0.12, 0.90),
    (14.25, 0.10, 0.42),
    (13.22, 0.16, 0.40),
)


def facade(p: Array) -> tuple[Array, Array, Array, Array]:
    """Return s, y and d of points on the nearest wall, and its number of bays beside the middle.

    The walls part along the diagonal through each corner, so mouldings meet there in a mitre.
    """
    z = p[2] + HALF_SIDE
    ahead, beyond = np.abs(z) - HALF_SIDE, np.abs(p[0]) - HALF_FRONT
    front = ahead > beyond
    return (
        np.where(front, p[0], z),
        p[1],
        np.maximum(ahead, beyond),
        np.where(front, FRONT_BAYS, SIDE_BAYS),
    )


def from_bay(s: Array, bays: Array) -> Array:
    """Return the distance from the middle line of the nearest bay."""
    middle: Array = BAY * np.clip(np.rint(s / BAY), -bays, bays)
    return np.abs(s - middle)


def from_pier(s: Array, bays: Array) -> Array:
    """Return the distance from the nearest line between two bays."""
    line: Array = BAY * (np.clip(np.rint(s / BAY - 0.5), -bays - 1, bays) + 0.5)
    return np.abs(s - line)


def rectangle(a: Array, y: Array, half: float, low: float, high: float) -> Array:
    """Return about the distance to a rectangle on the wall, `half` wide on either side."""
    return overlap(a - half, low - y, y - high)


def arch(a: Array, y: Array, half: float, low: float, spring: float) -> Array:
    """Return about the distance to an opening that is round above the height `spring`."""
    return nearest(
        rectangle(a, y, half, low, spring),
        overlap(np.hypot(a, y - spring) - half, spring - y),
    )


def upper_windows(a: Array, y: Array) -> Array:
    """Return about the distance on the wall to the openings of the two brick storeys."""
    return nearest(rectangle(a, y, 0.62, 5.35, 7.6), rectangle(a, y, 0.62, 9.55, 11.15))


def openings(a: Array, y: Array) -> Array:
    """Return about the distance on the wall to all openings."""
    return nearest(upper_windows(a, y), arch(a, y, 0.85, 0.7, 2.75))


def block(p: Array, margin: float, top: float) -> Array:
    """Return the distance to a plain block as large as the house and its margin."""
    middle = vector(0, 0, -HALF_SIDE)[:, None]
    return box(p - middle, (HALF_FRONT + margin, top, HALF_SIDE + margin))


def body(p: Array) -> Array:
    """Return the distance to the walls, into which openings are cut 0.4 m deep."""
    s, y, d, bays = facade(p)
    walls = overlap(d, y - TOP)
    cut = overlap(openings(from_bay(s, bays), y), -d - 0.4)
    return overlap(walls, -cut) * 0.95


def glass(p: Array) -> Array:
    """Return the distance to the panes, which lie 0.3 m behind the wall."""
    _, y, d, _ = facade(p)
    return overlap(d + 0.3, y - (TOP - 1))


def joinery(p: Array) -> Array:
    """Return the distance to the window bars and frames."""
    s, y, d, bays = facade(p)
    a = from_bay(s, bays)
    hole = openings(a, y)
    quarters = np.where(y < 4, np.abs(a - 0.42), a)  # the wide arches have more bars
    upright = nearest(a, quarters) - 0.035
    level = np.abs(y % 0.55 - 0.275) - 0.025
    bars = nearest(upright, level, -hole - 0.08)
    return overlap(bars, hole, np.abs(d + 0.26) - 0.05)


def trim(p: Array) -> Array:
    """Return the distance to everything of carved stone."""
    s, y, d, bays = facade(p)
    a, pier = from_bay(s, bays), from_pier(s, bays)
    dentils = overlap(np.abs(s % 0.4 - 0.2) - 0.11, np.abs(y - 12.46) - 0.13)
    stone = nearest(
        surrounds(a, y, d),
        columns(pier, y, d),
        balustrade(s, pier, y, d),
        relief(dentils, d, 0.52),
    )
    for middle, half, projection in COURSES:
        stone = nearest(stone, relief(np.abs(y - middle) - half, d, projection))
    return stone * 0.9


def relief(outline: Array, d: Array, projection: float) -> Array:
    """Return the distance to a slab with this outline on the wall and this projection."""
    beyond = d - projection
    x, z = np.maximum(outline, 0), np.maximum(beyond, 0)
    inside = np.minimum(np.maximum(outline, beyond), 0)
    return overlap(np.sqrt(x * x + z * z) + inside, -d - 0.6)


def surrounds(a: Array, y: Array, d: Array) -> Array:
    """Return the distance to window frames, sills, hoods, gables and the ring of the arches."""
    square, round_ = upper_windows(a, y), arch(a, y, 0.85, 0.7, 2.75)
    keystone = overlap(a - 0.12 - 0.1 * (y - 3.6), np.abs(y - 3.88) - 0.34)
    sills = nearest(rectangle(a, y, 0.95, 5.12, 5.3), rectangle(a, y, 0.9, 9.35, 9.5))
    hood = rectangle(a, y, 0.95, 11.3, 11.45)
    gable = overlap(7.86 - y, (y - 8.5) * 0.87 + a * 0.5)
    hollow = overlap(8.0 - y, (y - 8.32) * 0.87 + a * 0.5)
    return nearest(
        relief(overlap(square - 0.17, -square), d, 0.1),
        relief(overlap(round_ - 0.2, -round_), d, 0.1),
        relief(nearest(keystone, sills, hood), d, 0.24),
        relief(overlap(gable, -hollow), d, 0.32),
        relief(gable, d, 0.12),
    )


def columns(pier: Array, y: Array, d: Array) -> Array:
    """Return the distance to the engaged columns, with bases and capitals."""
    swell = 0.31 - 0.006 * np.maximum(y - 6, 0)
    shaft = overlap(np.hypot(pier, d - 0.08) - swell, np.abs(y - 8.2) - 3.5)
    blocks = nearest(rectangle(pier, y, 0.42, 4.7, 5.0), rectangle(pier, y, 0.44, 11.5, 11.7))
    rings = nearest(rectangle(pier, y, 0.37, 5.0, 5.14), rectangle(pier, y, 0.36, 11.2, 11.5))
    carved = nearest(relief(blocks, d, 0.5), relief(rings, d, 0.44))
    return nearest(shaft, carved)


def balustrade(s: Array, pier: Array, y: Array, d: Array) -> Array:
    """Return the distance to the balusters and pedestals along the roof."""
    across = np.abs(s % 0.35 - 0.175)
    belly = 0.055 + 0.05 * np.sin((y - 13.3) * 3.6) ** 2
    baluster = np.hypot(across, d - 0.2) - belly
    pedestal = overlap(pier - 0.3, np.abs(d - 0.15) - 0.3, np.abs(y - 13.9) - 0.6)
    return nearest(overlap(baluster, np.abs(y - 13.75) - 0.5) * 0.9, pedestal)


def brick(s: Array, y: Array) -> Array:
    """Return the colours of a brick wall in stretcher bond: 25 × 8 cm, with pale joints."""
    row = np.floor(y / 0.083)
    along = s / 0.25 + 0.5 * (row % 2)
    column = np.floor(along)
    edge = np.maximum(
        smoothstep(0.117, 0.122, np.abs(along - column - 0.5) * 0.25),
        smoothstep(0.033, 0.037, np.abs(y / 0.083 - row - 0.5) * 0.083),
    )
    fired = np.clip(1 + 0.17 * lookup(GRAIN, column * 37, row * 53), 0.55, 1.5)
    weather = 1 + 0.1 * lookup(CLOUD, s * 9, y * 9)
    return tinted(
        ((1 - edge) * fired * weather, (0.37, 0.15, 0.095)), (edge * weather, (0.47, 0.38, 0.31))
    )


def stone(s: Array, y: Array) -> Array:
    """Return the colours of limestone with rain streaks."""
    tone = 1 + 0.05 * lookup(GRAIN, s * 50, y * 50) + 0.06 * lookup(CLOUD, s * 40, y * 6)
    return tinted((tone, (0.62, 0.56, 0.46)))


def body_colour(p: Array) -> Array:
    """Return the colours of brick for the upper storeys, and of stone blocks for the lowest."""
    s, y, _, _ = facade(p)
    course = np.floor(y / 0.52)
    block = s / 1.1 + 0.5 * (course % 2)
    joint = np.maximum(
        smoothstep(0.225, 0.245, np.abs(y / 0.52 - course - 0.5) * 0.52),
        smoothstep(0.52, 0.54, np.abs(block % 1 - 0.5) * 1.1),
    )
    shade = np.clip(1 + 0.1 * lookup(GRAIN, np.floor(block) * 31, course * 47), 0.7, 1.2)
    blocks = stone(s, y) * shade * (1 - 0.6 * joint) * 0.92
    return np.where(y > 4.6, brick(s, y), blocks)


def street_colour(p: Array) -> Array:
    """Return the colours of paving slabs, 0.9 m square."""
    x, z = p[0] / 0.9, p[2] / 0.9 + 0.5 * (np.floor(p[0] / 0.9) % 2)
    joint = np.maximum(np.abs(x % 1 - 0.5), np.abs(z % 1 - 0.5))
    slab = 1 + 0.07 * lookup(GRAIN, np.floor(x) * 29, np.floor(z) * 41)
    tone = slab * (1 + 0.06 * lookup(GRAIN, p[0] * 40, p[2] * 40))
    return tinted((tone * (1 - 0.45 * smoothstep(0.475, 0.49, joint)), (0.30, 0.28, 0.25)))


def lamp(p: Array) -> Array:
    """Return the distance to a street lamp, which throws its shadow on the wall."""
    x, y, z = p - LAMP[:, None]
    away = np.hypot(x, z)
    post = overlap(away - 0.055 - 0.06 * np.exp(-y * 1.5), y - 4.0)
    lantern = overlap(away - 0.12 - 0.32 * (y - 4.0) * 0.6, np.abs(y - 4.35) - 0.35)
    roof = overlap(away - 0.36 + 0.9 * (y - 4.7), 4.7 - y)
    arm = overlap(np.hypot(y - 3.7, z) - 0.03, np.abs(x) - 0.4)
    return nearest(nearest(post, lantern), nearest(roof, arm)) * 0.75


def around_lamp(p: Array) -> Array:
    """Return the distance to a thin block around the lamp."""
    return box(p - LAMP[:, None], (0.45, 5.1, 0.45))


def sky(_origins: Array, directions: Array) -> Array:
    """Return the evening sky with thin cloud, above the roofs that reflections see."""
    height = np.maximum(directions[1], 0.0)
    reach = 1 / (height + 0.12)
    veil = lookup(CLOUD, directions[0] * reach * 60 + 90, directions[2] * reach * 22)
    cloud = 0.9 * smoothstep(0.2, 2.6, veil) * smoothstep(0.0, 0.3, height)
    low = np.exp(-height * 5.0)
    clear = 1 - cloud
    colours = tinted(
        (clear * (1 - low), (0.10, 0.27, 0.58)),
        (clear * low, (0.86, 0.66, 0.44)),
        (cloud, (0.98, 0.84, 0.76)),
    )
    # Houses across the street loom over it; those behind the palazzo are far off, in haze.
    azimuth = np.arctan2(directions[0], directions[2])
    steps = 0.6 * np.sign(np.sin(azimuth * 9)) + 0.4 * np.sign(np.sin(azimuth * 23 + 1))
    behind = directions[2] > 0
    skyline = np.where(behind, 0.19 + 0.07 * steps, 0.055 + 0.016 * np.abs(steps))
    walls = np.where(behind, vector(0.07, 0.055, 0.05)[:, None], vector(0.44, 0.37, 0.33)[:, None])
    return np.where(directions[1] < skyline, walls, colours).astype(np.float32)


def sunlit(p: Array) -> Array:
    """Return the share of sunlight that the gables across the street let through."""
    x = p[0] - SUN[0] / SUN[1] * p[1]
    z = p[2] - SUN[2] / SUN[1] * p[1]
    gables = 6.0 + 1.6 * np.abs((x / 5.5) % 2 - 1)
    return smoothstep(0.12, -0.12, z - gables)


def scene() -> Scene:
    """Return the house, the street and their light."""
    return Scene(
        solids=(
            Solid(lambda p: p[1], street_colour),
            Solid(bounded(body, lambda p: block(p, 0, TOP)), body_colour),
            Solid(
                bounded(trim, lambda p: block(p, 0.95, TOP + 1.5)),
                lambda p: stone(facade(p)[0], p[1]),
            ),
            Solid(glass, lambda p: tinted((np.ones_like(p[0]), (0.02, 0.02, 0.025))), mirror=0.4),
            Solid(
                bounded(joinery, lambda p: block(p, -0.2, 12)),
                lambda p: tinted((np.ones_like(p[0]), (0.60, 0.58, 0.52))),
            ),
            Solid(
                bounded(lamp, around_lamp),
                lambda p: tinted((np.ones_like(p[0]), (0.02, 0.025, 0.025))),
                gleam=0.2,
            ),
        ),
        sun=SUN,
        sun_colour=vector(3.1, 2.15, 1.25),
        sky_colour=vector(0.34, 0.44, 0.64),
        ground_colour=vector(0.34, 0.27, 0.20),
        sharpness=60,
        backdrop=sky,
        sunlit=sunlit,
        far=120,
        shade_reach=20,
    )


def draw(size: tuple[int, int] = SIZE, samples: int = SAMPLES) -> NDArray[np.uint8]:
    """Return the picture, (height, width, 3) bytes."""
    camera = Camera(
        eye=vector(12.5, 3.2, 25.0),
        target=vector(3.0, 3.2, 0),
        zoom=1.42,
        shift=0.17,
    )
    picture = develop(vignette(render(scene(), camera, size, samples), 0.3), exposure=0.8)
    return to_bytes(picture, grain=2.0, seed=13)
