"""A small renderer: solids are distance functions, and light comes from one sun and a sky.

Points and directions are (3, n) float32 arrays, one column per ray. Each ray walks forward by the
distance to the nearest surface, and so never passes through it (John C. Hart, "Sphere tracing", The
Visual Computer, 1996).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .noise import Array

Field = Callable[[Array], Array]

STEPS = 160
BLOCK = 1 << 15  # rays at a time: their working arrays stay in the processor's cache
GOLDEN_ANGLE = 2.399963


@dataclass(frozen=True)
class Solid:
    """A surface where `distance` is zero, its colour, and how it reflects light.

    `mirror` is the share that is reflected head-on (0.04 for glaze). `gleam` and `gloss` are the
    strength and the sharpness of highlights. `bump` roughens the surface in its shading only.
    """

    distance: Field
    colour: Field
    mirror: float = 0.0
    gleam: float = 0.0
    gloss: float = 40.0
    bump: Field | None = None


@dataclass(frozen=True)
class Scene:
    """Solids and the light on them; `sunlit` is the share of it that a window lets through."""

    solids: tuple[Solid, ...]
    sun: Array
    sun_colour: Array
    sky_colour: Array
    ground_colour: Array
    sharpness: float  # of shadows: 1 / (angular radius of the sun)
    backdrop: Callable[[Array, Array], Array]
    sunlit: Field
    far: float
    shade_reach: float  # how far off a solid may be that casts a shadow

    def distance(self, points: Array) -> Array:
        """Return the distance to the nearest solid."""
        nearest = self.solids[0].distance(points)
        for solid in self.solids[1:]:
            nearest = np.minimum(nearest, solid.distance(points))
        return nearest


@dataclass(frozen=True)
class Camera:
    """A thin lens at `eye`. `shift` raises the view without tilting it, as a view camera can."""

    eye: Array
    target: Array
    zoom: float  # focal length in picture heights
    aperture: float = 0.0
    focus: float = 1.0
    shift: float = 0.0

    def rays(self, size: tuple[int, int], sample: int, samples: int) -> tuple[Array, Array]:
        """Return origins and directions of one ray per pixel, from one point of the lens."""
        width, height = size
        forward = unit(self.target - self.eye)
        right = unit(np.cross(forward, vector(0, 1, 0)).astype(np.float32))
        up = np.cross(right, forward).astype(np.float32)
        # The R2 sequence spreads the samples over the pixel, a sunflower spiral over the lens.
        jx, jy = (0.5 + sample * 0.7548777) % 1, (0.5 + sample * 0.5698403) % 1
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        u = ((x.ravel() + jx) - width / 2) / height / self.zoom
        v = (height / 2 - (y.ravel() + jy)) / height / self.zoom + self.shift
        radius = self.aperture * np.sqrt((sample + 0.5) / samples)
        a, b = radius * np.cos(sample * GOLDEN_ANGLE), radius * np.sin(sample * GOLDEN_ANGLE)
        lens = (a * right + b * up)[:, None]
        ahead = forward[:, None] + right[:, None] * u + up[:, None] * v
        directions = unit(ahead * self.focus - lens).astype(np.float32)
        origins = np.broadcast_to(self.eye[:, None] + lens, directions.shape).astype(np.float32)
        return origins, directions


def vector(x: float, y: float, z: float) -> Array:
    """Return a point, a direction or a linear colour."""
    return np.array([x, y, z], np.float32)


def unit(v: Array) -> Array:
    """Return the vectors along axis 0, scaled to length 1."""
    scaled: Array = v / np.sqrt((v * v).sum(axis=0))
    return scaled


def dot(a: Array, b: Array) -> Array:
    """Return the scalar products of the vectors along axis 0."""
    product: Array = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    return product


def march(scene: Scene, origins: Array, directions: Array) -> Array:
    """Return how far each ray travels to a surface: beyond `scene.far` if it meets none."""
    travelled = np.full(origins.shape[1], 1e-3, np.float32)
    alive = np.arange(origins.shape[1])
    for _ in range(STEPS):
        points = origins[:, alive] + directions[:, alive] * travelled[alive]
        step = scene.distance(points)
        travelled[alive] += step
        reached = travelled[alive]
        alive = alive[(step > 8e-4 * reached) & (reached < scene.far)]
        if not alive.size:
            break
    return travelled


def shadow(scene: Scene, points: Array) -> Array:
    """Return the share of the sun's disc that each point sees.

    The least angle between the ray and a solid says how much of the disc the solid covers (Inigo
    Quilez, "Soft shadows in raymarched SDFs").
    """
    seen = scene.sunlit(points)
    alive = np.flatnonzero(seen > 0)
    travelled = np.full(points.shape[1], 0.02, np.float32)
    for _ in range(60):
        step = scene.distance(points[:, alive] + scene.sun[:, None] * travelled[alive])
        clear = np.clip(scene.sharpness * step / travelled[alive] * 0.5 + 0.5, 0, 1)
        seen[alive] = np.minimum(seen[alive], clear)
        travelled[alive] += np.clip(step, 0.02, 2)
        alive = alive[(seen[alive] > 0.01) & (travelled[alive] < scene.shade_reach)]
        if not alive.size:
            break
    smooth: Array = seen * seen * (3 - 2 * seen)
    return smooth


def occlusion(scene: Scene, points: Array, normals: Array, reach: float) -> Array:
    """Return how open the surroundings are, from the distances to solids along the normal."""
    blocked = np.zeros(points.shape[1], np.float32)
    for share in (0.12, 0.35, 1.0):
        free = reach * share
        blocked += (free - scene.distance(points + normals * free)) / reach * (0.8 - share / 4)
    opened: Array = np.clip(1 - blocked, 0.05, 1)
    return opened


def normals_of(field: Field, points: Array, width: float) -> Array:
    """Return the directions of a field's gradient, from its values at a tetrahedron's corners."""
    total = np.zeros_like(points)
    for corner in ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)):
        offset = vector(*corner)[:, None]
        total += offset * field(points + offset * width)
    return unit(total + 1e-12)


def light(scene: Scene, points: Array, normals: Array, open_air: Array) -> tuple[Array, Array]:
    """Return the skylight and the sunlight that reach each point, as (3, n) colours."""
    upward = 0.5 + 0.5 * normals[1]
    ground, sky = scene.ground_colour[:, None], scene.sky_colour[:, None]
    around = (ground * (1 - upward) + sky * upward) * open_air
    facing = np.maximum(dot(normals, scene.sun[:, None]), 0)
    lit = np.zeros_like(facing)
    front = np.flatnonzero(facing > 0)
    lit[front] = shadow(scene, points[:, front] + normals[:, front] * 4e-3)
    return around, scene.sun_colour[:, None] * lit


def shade(scene: Scene, origins: Array, directions: Array, bounces: int) -> Array:
    """Return the colour that each ray sees, after `bounces` reflections at most."""
    travelled = march(scene, origins, directions)
    colours = scene.backdrop(origins, directions)
    hit = np.flatnonzero(travelled < scene.far)
    if not hit.size:
        return colours
    points = origins[:, hit] + directions[:, hit] * travelled[hit]
    owners = np.argmin([solid.distance(points) for solid in scene.solids], axis=0)
    for index in np.unique(owners):
        chosen = owners == index
        solid = scene.solids[index]
        at = hit[chosen]
        colours[:, at] = surface(scene, solid, points[:, chosen], directions[:, at], bounces)
    return colours


def surface(scene: Scene, solid: Solid, points: Array, directions: Array, bounces: int) -> Array:
    """Return the colours of points on one solid: matt light, highlight and reflection."""
    plain = normals_of(solid.distance, points, 1.5e-3)
    normals = plain
    if solid.bump is not None:
        bump = solid.bump
        normals = normals_of(lambda p: solid.distance(p) + bump(p), points, 4e-3)
    around, sunlight = light(scene, points, normals, occlusion(scene, points, plain, 0.5))
    toward_sun = np.maximum(dot(normals, scene.sun[:, None]), 0)
    colours = solid.colour(points) * (around + sunlight * toward_sun)
    halfway = unit(scene.sun[:, None] - directions)
    highlight = np.maximum(dot(normals, halfway), 0) ** solid.gloss
    colours += solid.gleam * sunlight * highlight
    if solid.mirror and bounces:
        cosine = dot(normals, directions)
        reflected = directions - 2 * cosine * normals
        # Schlick's approximation of Fresnel's law: everything mirrors at a grazing angle.
        share = solid.mirror + (1 - solid.mirror) * np.clip(1 + cosine, 0, 1) ** 5
        seen = shade(scene, points + plain * 6e-3, reflected, bounces - 1)
        colours = colours * (1 - share) + seen * share
    return colours


def render(scene: Scene, camera: Camera, size: tuple[int, int], samples: int) -> Array:
    """Return the linear light of a picture, (height, width, 3), averaged over the samples."""
    total = np.zeros((3, size[0] * size[1]), np.float32)
    for sample in range(samples):
        origins, directions = camera.rays(size, sample, samples)
        for start in range(0, total.shape[1], BLOCK):
            block = slice(start, start + BLOCK)
            seen = shade(scene, origins[:, block], directions[:, block], bounces=1)
            # Without a ceiling, one sample in a highlight would outshine all others of its pixel.
            total[:, block] += np.minimum(seen, 4)
    return (total / samples).T.reshape(size[1], size[0], 3)
