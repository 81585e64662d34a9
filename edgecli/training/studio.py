"""Sprites: a thing as a camera sees it, in the sun, with what it casts on the ground.

Space is the scene's: x to the right, y up, z away from the camera.
"""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edgecli.records import dataclass, replace
from edgecli.training.fields import Field, Random, Shape, blur, log_uniform
from edgecli.training.meshes import Piece
from edgecli.training.rendering import Faces, Indices, mixed

SMOOTH = 200  # px, from which side on a sprite has one sample a pixel; smaller ones have 2×2
MARGIN = 0.35  # around a thing, for its shadow, as a share of its longer side
LEAST = (0.02, 40)  # a part has this share of a thing's pixels, and so many of them at least
SPREAD = 8  # pixels up to which parts take in what is too small to be one
MAP = 256  # pixels a side, in which the sun sees a thing
BIAS = 0.02  # of a thing's size: what is nearer behind another surface is not in its shadow


@dataclass(frozen=True)
class View:
    """How a scene is looked at and lit. Angles are in radians; the sun's turn is the camera's."""

    height: float  # of the camera above the ground
    horizon: float  # 0 at the top of the scene, 1 at its bottom
    sun: tuple[float, float]  # turn and height
    ambient: float  # the light in the shade; in the sun it is 1

    @property
    def toward_sun(self) -> NDArray[np.float32]:
        """Return the direction of the sun, with x to the right, y up and z away."""
        turn, height = self.sun
        flat = math.cos(height)
        return np.array(
            [flat * math.sin(turn), math.sin(height), flat * math.cos(turn)], np.float32
        )


@dataclass(frozen=True, eq=False)
class Sprite:
    """A thing ``(H, W)``: its light ``(H, W, 3)``, how much it covers, its shadow on the ground.

    ``parts`` is -1 outside of it.
    """

    pixels: Field
    alpha: Field
    shadow: Field
    parts: NDArray[np.int8]
    size: Shape  # of the thing alone, in the middle
    leafy: bool  # most of it is leaves


@dataclass(eq=False)
class Model:
    """A thing made of pieces, turned, above the middle of the ground."""

    pieces: list[Piece]
    turn: float  # around the upright axis, in radians

    def _joined(self, vectors: list[Field]) -> Field:
        c, s = math.cos(self.turn), math.sin(self.turn)
        turned = np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]], np.float32)
        return np.asarray(np.concatenate(vectors) @ turned, np.float32)

    @cached_property
    def corners(self) -> Field:
        """Return the places of corners ``(F, 3, 3)``."""
        places = self._joined([piece.places for piece in self.pieces])[self._faces]
        low, high = _ends(places)
        if high[1] > -low[1]:  # walls, rocks and hulls go on under the ground
            np.maximum(places[..., 1], 0, out=places[..., 1])
            low = _ends(places)[0]
        return places - np.array([low[0] + high[0], 2 * low[1], low[2] + high[2]], np.float32) / 2

    @cached_property
    def normals(self) -> Field:
        """Return the normals at corners ``(F, 3, 3)``."""
        return self._joined([piece.normals for piece in self.pieces])[self._faces]

    @cached_property
    def _faces(self) -> Indices:
        first = np.cumsum([0, *(len(piece.places) for piece in self.pieces)])
        return np.concatenate([p.faces + n for p, n in zip(self.pieces, first, strict=False)])

    @cached_property
    def piece(self) -> Indices:
        """Return which piece each triangle belongs to."""
        return np.repeat(np.arange(len(self.pieces)), [len(piece.faces) for piece in self.pieces])

    @cached_property
    def parts(self) -> Indices:
        """Return which part each triangle belongs to."""
        pairs = np.stack([self.piece, np.concatenate([piece.parts for piece in self.pieces])])
        return np.unique(pairs, axis=1, return_inverse=True)[1].ravel()

    def has(self, what: str) -> NDArray[np.bool_]:
        """Return which triangles belong to pieces that have this."""
        return np.array([getattr(piece, what) for piece in self.pieces])[self.piece]

    def faces(self, places: Field, nearness: Field) -> Faces:
        """Return the triangles with corners at these places of a screen."""
        uv = np.concatenate([piece.uv[piece.faces] for piece in self.pieces])
        skins = [piece.skin for piece in self.pieces]
        return Faces(places, nearness, uv, skins, self.piece, self.has("cutout"))


@dataclass(frozen=True, eq=False)
class Camera:
    """A camera that looks at a model from this height and distance."""

    model: Model
    height: float  # in radians above the ground
    distance: float

    @cached_property
    def _axes(self) -> Field:
        c, s = math.cos(self.height), math.sin(self.height)
        return np.array([[1, 0, 0], [0, -c, -s], [0, -s, c]], np.float32)  # right, down, away

    @cached_property
    def _middle(self) -> Field:
        return np.array([0, self.model.corners[..., 1].max() / 2, 0], np.float32)

    @cached_property
    def eye(self) -> Field:
        """Return where the camera is."""
        return np.asarray(self._middle - self._axes[2] * np.float32(self.distance))

    def project(self, points: Field) -> tuple[Field, Field]:
        """Return places ``(…, 2)`` on a screen at distance 1, and nearness."""
        seen = (points - self.eye) @ self._axes.T
        near = 1 / np.maximum(seen[..., 2], 0.05 * self.distance)
        return np.asarray(seen[..., :2] * near[..., None], np.float32), near


@dataclass(frozen=True, eq=False)
class Shot:
    """A model on a screen that has some samples for each pixel of a sprite."""

    model: Model
    camera: Camera
    seen: View
    side: int  # of the thing, in pixels

    @property
    def fine(self) -> int:
        """Return how many samples a pixel has, down and across."""
        return 1 if self.side >= SMOOTH else 2

    @cached_property
    def _ends(self) -> tuple[Field, Field]:
        flat = self.camera.project(self.model.corners)[0]
        return _ends(flat)

    @cached_property
    def scale(self) -> float:
        """Return how many samples long is what has length 1 at distance 1."""
        low, high = self._ends
        return self.fine * self.side / max(float((high - low).max()), 1e-6)

    @cached_property
    def size(self) -> Shape:
        """Return the thing's height and width in pixels."""
        low, high = self._ends
        width, height = np.ceil((high - low) * self.scale / self.fine).astype(int).tolist()
        return max(height, 1), max(width, 1)

    @property
    def margin(self) -> int:
        """Return how many pixels there are around the thing."""
        return math.ceil(MARGIN * self.side)

    @property
    def shape(self) -> Shape:
        """Return the height and width in samples."""
        height, width = (self.fine * (size + 2 * self.margin) for size in self.size)
        return height, width

    def faces(self, corners: Field) -> Faces:
        """Return the model's triangles with corners ``(F, 3, 3)`` at these places in space."""
        flat, near = self.camera.project(corners)
        shift = self.fine * self.margin - self._ends[0] * self.scale
        return self.model.faces((flat * self.scale + shift).astype(np.float32), near)

    def shadow(self) -> NDArray[np.bool_]:
        """Return where the thing's shadow lies on the ground."""
        corners, sun = self.model.corners, self.seen.toward_sun
        ground = corners - corners[..., 1:2] * (sun / sun[1])
        return (self.faces(ground).visible(self.shape)[0] >= 0).reshape(self.shape)


def mirrored(sprite: Sprite) -> Sprite:
    """Return a sprite with left and right exchanged."""
    turned = {
        name: getattr(sprite, name)[:, ::-1] for name in ("pixels", "alpha", "shadow", "parts")
    }
    return replace(sprite, **turned)


def picture(random: Random, pieces: list[Piece], side: int, seen: View) -> Sprite | None:
    """Return a sprite whose longer side has this many pixels; none where hardly anything shows."""
    model = Model(pieces, random.uniform(0, 2 * math.pi))
    radius = float(np.linalg.norm(model.corners, axis=-1).max())
    shot = Shot(
        model, Camera(model, seen.height, radius * log_uniform(random, 2.2, 12)), seen, side
    )
    faces = shot.faces(model.corners)
    shown = faces.visible(shot.shape)[0]
    pixel = np.flatnonzero(shown >= 0)
    if len(pixel) < 0.06 * (shot.fine * side) ** 2:
        return None
    colours, parts = np.zeros((len(shown), 3), np.float32), np.full(len(shown), -1)
    colours[pixel] = _colours(random, shot, faces, shown[pixel], pixel)
    parts[pixel] = model.parts[shown[pixel]]
    leafy = bool(model.has("cutout")[shown[pixel]].mean() > 0.3)
    alpha = _reduced((shown >= 0).reshape(shot.shape).astype(np.float32), shot.fine)
    pixels = (
        _reduced(colours.reshape(*shot.shape, 3), shot.fine) / np.maximum(alpha, 0.01)[..., None]
    )
    shadow = _faded(_reduced(shot.shadow().astype(np.float32), shot.fine), shot.margin)
    whole = _closed(alpha, side) if leafy else alpha >= 0.5
    labels = _parts(parts.reshape(shot.shape)[:: shot.fine, :: shot.fine], whole)
    return Sprite(pixels, alpha, shadow, labels, shot.size, leafy)


def _colours(
    random: Random, shot: Shot, faces: Faces, face: Indices, pixel: Indices
) -> NDArray[np.float32]:
    """Return the light ``(N, 3)`` from faces at samples."""
    shares = faces.shares(face, pixel, shot.shape[1])
    texels = faces.texels(face, shares)
    own = np.where(shot.model.has("tinted")[face], texels[:, 3], 1)[:, None]
    tint = random.uniform(0.05, 0.9, 3).astype(np.float32)
    point, normal = (
        mixed(corners[face], shares) for corners in (shot.model.corners, shot.model.normals)
    )
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
    # Meshes show both of their sides.
    away = np.einsum("nc,nc->n", normal, shot.camera.eye - point) < 0
    normal[away] *= -1
    light = _light(shot, point, normal, shot.model.has("cutout")[face])
    return np.asarray(texels[:, :3] * (own + (1 - own) * tint) * light[:, None], np.float32)


def _light(shot: Shot, point: Field, normal: Field, leaf: NDArray[np.bool_]) -> Field:
    """Return how bright points are: from the sky everywhere, from the sun where it shines."""
    sun, ambient = shot.seen.toward_sun, np.float32(shot.seen.ambient)
    direct = np.maximum(normal @ sun, 0)
    direct[leaf] = 0.4 + 0.6 * direct[leaf]  # leaves let light through
    sky = ambient * (0.8 + 0.2 * normal[:, 1])
    return np.asarray(sky + (1.15 - ambient) * direct * _sunny(shot, point), np.float32)


def _sunny(shot: Shot, points: Field) -> NDArray[np.bool_]:
    """Return whether the sun shines on points: whether nothing else is nearer to it."""
    sun, corners = shot.seen.toward_sun, shot.model.corners
    right = np.array([sun[2], 0, -sun[0]], np.float32)
    right /= max(float(np.linalg.norm(right)), 1e-6)
    axes = np.stack([right, np.cross(sun, right), sun], 1)
    seen = corners @ axes
    low, high = _ends(seen)
    size = max(float((high - low).max()), 1e-6)

    def scaled(places: Field) -> Field:
        return np.asarray((places - low) / np.float32(size), np.float32)

    flat = scaled(seen)
    far = np.float32(100)  # so that nearness hardly changes across a face
    best = shot.model.faces(flat[..., :2] * MAP, flat[..., 2] + far).visible((MAP, MAP))[1]
    places = scaled(points @ axes)
    columns, rows = (places[:, :2] * MAP).astype(np.intp).clip(0, MAP - 1).T
    return np.asarray(places[:, 2] + far > best[rows * MAP + columns] - BIAS)


def _ends(places: Field) -> tuple[Field, Field]:
    """Return the least and the greatest values ``(C,)`` of ``(F, 3, C)``."""
    columns = np.ascontiguousarray(places.reshape(-1, places.shape[-1]).T)
    return columns.min(1), columns.max(1)


def _reduced(samples: Field, fine: int) -> Field:
    """Return the means of the samples of each pixel."""
    rows = sum((samples[n::fine] for n in range(1, fine)), start=samples[::fine])
    total = sum((rows[:, n::fine] for n in range(1, fine)), start=rows[:, ::fine])
    return np.asarray(total / fine**2, np.float32)


def _faded(shadow: Field, margin: int) -> Field:
    """Return a shadow that ends softly where the sprite ends."""
    ways = (np.minimum(np.arange(n), np.arange(n)[::-1]) / margin for n in shadow.shape)
    down, right = (way.clip(0, 1).astype(np.float32) for way in ways)
    return shadow * down[:, None] * right


def _closed(alpha: Field, side: int) -> NDArray[np.bool_]:
    """Return the outline of what has small gaps: a crown of leaves is one thing."""
    sigma = max(0.02 * side, 1.0)
    return np.asarray((blur(alpha, sigma) > 0.45) | (blur(alpha, sigma / 3) > 0.6))


def _is_solid(mask: NDArray[np.bool_]) -> bool:
    """Return whether at least half of a mask has it above, below and on both sides too."""
    inner = mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:] & mask[1:-1, 1:-1]
    return bool(inner.sum() >= 0.5 * mask.sum())


def _parts(parts: NDArray[np.int64], whole: NDArray[np.bool_]) -> NDArray[np.int8]:
    """Return -1 outside, 0 on the largest part, 1 and so on on others that are large enough.

    What belongs to no large part becomes one with what is beside it.
    """
    numbers, counts = np.unique(parts[parts >= 0], return_counts=True)
    least = max(LEAST[0] * counts.sum(), LEAST[1])
    large = [n for n in np.argsort(-counts, kind="stable")[:15] if counts[n] >= least]
    labels = np.full(parts.shape, -1, np.int8)
    for n in large:
        mine = parts == numbers[n]
        if n == large[0] or _is_solid(mine):
            labels[mine] = labels.max() + 1
    for _ in range(SPREAD):
        missing = np.flatnonzero(whole & (labels < 0))
        wide = np.pad(labels, 1, constant_values=-1)
        around = (wide[:-2, 1:-1], wide[2:, 1:-1], wide[1:-1, :-2], wide[1:-1, 2:])
        labels.ravel()[missing] = np.max([way.ravel()[missing] for way in around], axis=0)
    labels[whole & (labels < 0)] = 0
    labels[~whole] = -1
    return labels
