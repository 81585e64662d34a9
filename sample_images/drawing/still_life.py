"""A still life in the light of a window: a vase with an olive branch, fruit, books, a steel ball.

Lengths are in decimetres; y is up, the table is at y = 0 and the camera looks along −z.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from . import solids as shape
from .noise import Array, develop, fractal, lookup, smoothstep, to_bytes, vignette
from .raymarch import Camera, Field, Scene, Solid, dot, render, unit, vector
from .solids import tinted

SIZE = (640, 480)
SAMPLES = 6
WALL = -3.0
SUN = unit(vector(-0.62, 0.56, 0.50))
WINDOW_X = -6.0

PLASTER = fractal(512, 1.25, seed=1)
MOTTLE = fractal(256, 1.0, seed=2)


def panes(y: Array, z: Array, blur: float) -> Array:
    """Return how transparent the window is: 1 in a pane, 0 at its bars and in the wall."""
    down, across = np.abs((y - 2.0) % 1.7 - 0.85), np.abs((z - 0.4) % 1.9 - 0.95)
    glass = smoothstep(blur, -blur, down - 0.76) * smoothstep(blur, -blur, across - 0.86)
    inside = (y > 2.0) & (y < 8.8) & (z > 0.4) & (z < 8.0)
    return np.where(inside, glass, 0).astype(np.float32)


def sunlit(p: Array) -> Array:
    """Return the share of sunlight that reaches a point through the window."""
    reach = (WINDOW_X - p[0]) / SUN[0]
    return panes(p[1] + SUN[1] * reach, p[2] + SUN[2] * reach, 0.1)


def room(origins: Array, directions: Array) -> Array:
    """Return what reflections see behind the camera: a dim room and the bright window."""
    height = directions[1]
    reach = (WINDOW_X - origins[0]) / np.minimum(directions[0], -1e-3)
    window = panes(origins[1] + height * reach, origins[2] + directions[2] * reach, 0.05)
    window = window * (directions[0] < -1e-3)
    dim = 0.55 + 0.45 * height
    return tinted((dim, (0.20, 0.17, 0.15)), (window, (3.4, 3.6, 4.0)))


def wall_colour(p: Array) -> Array:
    """Return the colours of old plaster, a warm grey-green with stains of all sizes."""
    stain = lookup(PLASTER, p[0] * 60, p[1] * 60)
    broad = lookup(MOTTLE, p[0] * 9 + 40, p[1] * 9)
    tone = np.clip(1 + 0.06 * stain + 0.07 * broad, 0.5, 1.5)
    return tinted((tone, (0.33, 0.37, 0.32)), (np.maximum(broad, 0), (0.012, 0.004, -0.004)))


def wall_bump(p: Array) -> Array:
    """Return the trowel marks of the plaster."""
    return 0.006 * lookup(PLASTER, p[0] * 45, p[1] * 45)


def cloth_axes(p: Array) -> tuple[Array, Array]:
    """Return positions along the two thread directions of the cloth."""
    return p[0] * 0.966 + p[2] * 0.259, p[2] * 0.966 - p[0] * 0.259


def cloth(p: Array) -> Array:
    """Return the distance to the table cloth, with its soft creases."""
    crease = np.sin(p[0] * 1.9 + p[2] * 0.7) + np.sin(p[2] * 2.6 - p[0] * 1.1 + 1)
    height: Array = p[1] - 0.012 * crease
    return height


def cloth_colour(p: Array) -> Array:
    """Return the colours of gingham: blue bands both ways, darkest where they cross."""
    u, v = cloth_axes(p)
    bands = [smoothstep(-0.012, 0.012, 0.14 - np.abs(a % 0.56 - 0.28)) for a in (u, v)]
    blue = (bands[0] + bands[1]) / 2
    weave = 1 + 0.07 * np.sin(u * 120) * np.sin(v * 120)
    return tinted(((1 - blue) * weave, (0.80, 0.77, 0.70)), (blue * weave, (0.045, 0.10, 0.26)))


def lathe(points: list[tuple[float, float]]) -> Field:
    """Return a smooth profile (height -> radius) that passes near the given points."""
    heights, radii = zip(*points, strict=True)
    fine = np.linspace(heights[0], heights[-1], 400)
    window = np.hanning(61)
    padded = np.pad(np.interp(fine, heights, radii), 30, mode="reflect", reflect_type="odd")
    smooth = np.convolve(padded, window / window.sum(), mode="valid")
    return lambda y: np.interp(y, fine, smooth).astype(np.float32)


def vase() -> Solid:
    """Return a white glazed vase with blue bands and a row of painted leaves."""
    profile = lathe(
        [(0, 0.36), (0.1, 0.40), (0.7, 0.74), (1.05, 0.78), (1.5, 0.52), (1.8, 0.26), (2.1, 0.33)]
    )
    outer = shape.turned(profile, 2.1, 0.75)
    inner = shape.turned(lambda y: profile(y) - 0.05, 2.3, 0.75)

    def colour(p: Array) -> Array:
        angle = np.arctan2(p[2], p[0])
        lines = [0.12, 0.17, 0.55, 1.30, 1.36, 1.98]
        distance = np.min([np.abs(p[1] - line) for line in lines], axis=0)
        leaf = np.abs(np.sin(angle * 7)) - 1.3 * np.abs(np.sin((p[1] - 0.55) / 0.75 * np.pi)) + 0.35
        leaf = np.where((p[1] > 0.6) & (p[1] < 1.25), leaf, 1)
        paint = np.maximum(smoothstep(0.024, 0.014, distance), smoothstep(0.05, -0.05, leaf))
        return tinted((1 - paint, (0.76, 0.74, 0.68)), (paint, (0.03, 0.11, 0.30)))

    at = vector(-1.15, 0, -0.55)
    hollow = shape.placed(lambda p: np.maximum(outer(p), -inner(p)), at)
    hollow = shape.in_ball(hollow, at + vector(0, 1.05, 0), 1.2)
    return Solid(hollow, shape.placed(colour, at), mirror=0.045, gleam=0.5, gloss=120)


def branch(tip: Array, seed: int) -> Solid:
    """Return one olive branch, leaning from the vase's neck to `tip`."""
    rng = np.random.default_rng(seed)
    knots = bent(vector(-1.15, 1.5, -0.55), tip)
    along = unit(tip - knots[0])
    leaves = []
    for knot in knots[2:]:
        pair = shape.union([leaf(knot, along, side, rng) for side in (-1.0, 1.0)])
        leaves.append(shape.in_ball(pair, knot + along * 0.2, 0.5))
    olives = [olive(knots[4], rng), olive(knots[6], rng)]
    parts = [twig(knots), shape.union(leaves), shape.union(olives)]

    def colour(p: Array) -> Array:
        part = np.argmin([field(p) for field in parts], axis=0)
        tone = 1 + 0.25 * lookup(MOTTLE, p[0] * 30 + p[2] * 17, p[1] * 30)
        return tinted(
            (part == 0, (0.14, 0.09, 0.05)),
            ((part == 1) * tone, (0.15, 0.21, 0.10)),
            (part == 2, (0.07, 0.03, 0.06)),
        )

    middle, half = (knots[2] + tip) / 2, float(np.linalg.norm(tip - knots[2])) / 2
    whole = shape.in_ball(shape.union(parts), middle, half + 0.45)
    return Solid(whole, colour, gleam=0.16, gloss=25)


def bent(foot: Array, tip: Array) -> list[Array]:
    """Return knots along a twig that rises from `foot` and leans over to its tip."""
    knee = vector(*(foot * 0.6 + tip * 0.4)) + vector(0, 0.35, 0)
    shares = np.linspace(0, 1, 9)
    return [
        ((1 - t) ** 2 * foot + 2 * t * (1 - t) * knee + t * t * tip).astype(np.float32)
        for t in shares
    ]


def twig(knots: list[Array]) -> Field:
    """Return a stick through the knots."""
    return shape.union([shape.stick(start, end, 0.02) for start, end in pairwise(knots)])


def leaf(knot: Array, along: Array, side: float, rng: np.random.Generator) -> Field:
    """Return a slender leaf that points forward and outward from its knot."""
    outward = vector(side * 0.8, 0.1, 0.5 * side) + rng.normal(0, 0.3, 3).astype(np.float32)
    axes = shape.frame(along * 0.75 + outward)
    length = float(rng.uniform(0.2, 0.29))
    centre = knot + axes[0] * length
    return shape.ellipsoid(centre, axes, (length, 0.065, 0.016))


def olive(knot: Array, rng: np.random.Generator) -> Field:
    """Return an olive that hangs below its knot."""
    centre = knot + vector(float(rng.uniform(-0.08, 0.08)), -0.1, 0.08)
    return lambda p: shape.sphere(p, centre, 0.075)


def peel_bump(p: Array) -> Array:
    """Return the pores of orange peel."""
    pores = lookup(MOTTLE, (p[0] + 0.6 * p[2]) * 150, (p[1] - 0.6 * p[2]) * 150)
    return 0.0022 * pores


def orange() -> Solid:
    """Return a whole orange."""
    centre = vector(-0.22, 0.46, 0.75)

    def colour(p: Array) -> Array:
        tone = 1 + 0.06 * lookup(MOTTLE, p[0] * 80, p[1] * 80)
        return tinted((tone, (0.80, 0.20, 0.012)))

    return Solid(
        lambda p: shape.sphere(p, centre, 0.46),
        colour,
        gleam=0.35,
        gloss=28,
        bump=peel_bump,
    )


def half_orange() -> Solid:
    """Return half an orange that leans back and shows its segments."""
    centre, facing = vector(0.62, 0.40, 1.15), unit(vector(-0.12, 0.42, 0.9))
    _, right, up = shape.frame(facing)

    def distance(p: Array) -> Array:
        cut = dot(p - centre[:, None], facing[:, None])
        return shape.overlap(shape.sphere(p, centre, 0.45), cut - 0.02)

    def colour(p: Array) -> Array:
        q = p - centre[:, None]
        u, v = dot(q, right[:, None]), dot(q, up[:, None])
        radius, angle = np.hypot(u, v), np.arctan2(v, u)
        spoke = np.abs((angle * 10 / (2 * np.pi)) % 1 - 0.5) * radius * (2 * np.pi / 10)
        pulp = smoothstep(0.008, 0.02, spoke) * smoothstep(0.385, 0.37, radius)
        pulp = pulp * smoothstep(0.03, 0.05, radius)
        cut = dot(q, facing[:, None]) > 0.012
        skin = np.where(cut, smoothstep(0.425, 0.44, radius), 1)
        juice = 1 + 0.13 * lookup(PLASTER, radius * 60, angle * 240)
        flesh = pulp * (1 - skin)
        pith = (1 - pulp) * (1 - skin)
        return tinted(
            (flesh * juice, (0.86, 0.27, 0.02)),
            (pith, (0.86, 0.72, 0.45)),
            (skin, (0.78, 0.20, 0.012)),
        )

    return Solid(distance, colour, gleam=0.25, gloss=30)


def pear() -> tuple[Solid, Solid]:
    """Return a pear with a red cheek, and its stalk."""
    profile = lathe(
        [(0, 0.10), (0.06, 0.26), (0.3, 0.41), (0.55, 0.36), (0.8, 0.2), (1.0, 0.15), (1.1, 0.0)]
    )
    at = vector(1.62, 0.60, -0.55)

    def colour(p: Array) -> Array:
        blush = 0.9 * p[2] - 0.4 * p[0] + 0.1 * lookup(MOTTLE, p[0] * 90, p[1] * 90)
        cheek = smoothstep(-0.1, 0.5, blush)
        specks = 1 - 0.25 * smoothstep(1.4, 2.0, lookup(PLASTER, p[0] * 300, p[1] * 300))
        green = (1 - cheek) * specks
        return tinted((green, (0.50, 0.52, 0.10)), (cheek * specks, (0.62, 0.20, 0.07)))

    body = shape.placed(shape.turned(profile, 1.1, 0.6), at)
    body = shape.in_ball(body, at + vector(0, 0.55, 0), 0.7)
    stalk = shape.stick(at + vector(0, 1.02, 0), at + vector(0.1, 1.34, 0.05), 0.024)
    return (
        Solid(body, shape.placed(colour, at), gleam=0.25, gloss=35),
        Solid(
            stalk,
            lambda p: tinted((np.ones_like(p[0]), (0.12, 0.07, 0.03))),
        ),
    )


def book(at: Array, turn: float, half: tuple[float, float, float], cover: Array) -> Solid:
    """Return a closed book that lies flat, with its striped spine towards the camera."""
    wide, high, deep = half

    def distance(p: Array) -> Array:
        boards = shape.box(p, half, 0.02)
        gap = shape.box(p + vector(0, 0, 0.06)[:, None], (wide + 1, high - 0.035, deep + 0.02))
        paper = shape.box(p, (wide - 0.05, high - 0.03, deep - 0.05))
        return np.minimum(np.maximum(boards, -gap), paper)

    def colour(p: Array) -> Array:
        paper = (np.abs(p[1]) < high - 0.036) & (p[2] < deep - 0.042)
        sheets = 1 - 0.12 * (np.sin(p[1] * 260) > 0.3)
        along = np.abs(np.abs(p[0]) - wide * 0.62)
        gold = (np.abs(along - 0.07) < 0.022) & (p[2] > deep - 0.045)
        label = (np.abs(p[0]) < wide * 0.28) & (np.abs(p[1]) < high * 0.38) & (p[2] > deep - 0.045)
        gilt = np.where(paper, 0, gold | label).astype(np.float32)
        plain = np.where(paper, 0, 1 - gilt)
        cloth_tone = cover[:, None] * (1 + 0.1 * lookup(PLASTER, p[0] * 150, (p[1] + p[2]) * 150))
        return plain * cloth_tone + tinted(
            (paper * sheets, (0.72, 0.66, 0.52)), (gilt, (0.72, 0.50, 0.18))
        )

    return Solid(shape.placed(distance, at, turn), shape.placed(colour, at, turn), gleam=0.08)


def scene() -> Scene:
    """Return the table, what is on it, and its light."""
    steel = vector(-0.95, 0.34, 1.35)
    return Scene(
        solids=(
            Solid(lambda p: p[2] - WALL, wall_colour, bump=wall_bump),
            Solid(cloth, cloth_colour),
            vase(),
            branch(vector(-2.15, 2.95, -0.7), seed=1),
            branch(vector(-1.3, 3.2, -0.9), seed=2),
            branch(vector(0.0, 3.0, -0.4), seed=3),
            orange(),
            half_orange(),
            *pear(),
            book(vector(1.5, 0.17, -0.55), -0.12, (1.15, 0.165, 0.78), vector(0.30, 0.035, 0.03)),
            book(vector(1.55, 0.47, -0.6), -0.42, (0.98, 0.13, 0.66), vector(0.03, 0.13, 0.12)),
            Solid(
                lambda p: shape.sphere(p, steel, 0.34),
                lambda p: tinted((np.ones_like(p[0]), (0.05, 0.05, 0.05))),
                mirror=0.72,
                gleam=2.0,
                gloss=600,
            ),
        ),
        sun=SUN,
        sun_colour=vector(2.5, 2.05, 1.45),
        sky_colour=vector(0.40, 0.46, 0.56),
        ground_colour=vector(0.24, 0.21, 0.18),
        sharpness=16,
        backdrop=room,
        sunlit=sunlit,
        far=16,
        shade_reach=6.5,
    )


def draw(size: tuple[int, int] = SIZE, samples: int = SAMPLES) -> NDArray[np.uint8]:
    """Return the picture, (height, width, 3) bytes."""
    camera = Camera(
        eye=vector(0.3, 2.75, 8.2),
        target=vector(0.2, 1.5, 0),
        zoom=1.85,
        aperture=0.05,
        focus=7.6,
    )
    picture = develop(vignette(render(scene(), camera, size, samples), 0.45), exposure=1.0)
    return to_bytes(picture, grain=1.2, seed=3)
